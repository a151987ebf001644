"""TLS clients and servers to set against each other: programs, and libraries of Python.

A server is a context manager that is ready to be connected to inside its `with`. A client makes
one connection and returns when it is over. What a client is told by a refusing server is no error
here: the capture shows it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network import Host, in_namespace
from OpenSSL import SSL
from tlslite.api import TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import BaseTLSException
from tlslite.handshakesettings import HandshakeSettings

REQUEST = b"GET / HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
# Longer than any handshake takes, short enough that a mistake does not hang a run.
PATIENCE = 60.0

# OpenSSL 3 refuses what is old unless told that no level of security is asked for.
ANY_CIPHER = "ALL:@SECLEVEL=0"

# What a peer's refusal or reset raises; ssl.SSLError is an OSError.
TLS_ERRORS = (OSError, BaseTLSException, SSL.Error)


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate and its key, as files."""

    certificate: Path
    key: Path


def make_identity(folder: Path, name: str, algorithm: str = "rsa") -> Identity:
    """A fresh self-signed certificate for `name`; `algorithm` is `rsa` or `ec`.

    It lives as long as the folder: no private key is ever committed.
    """
    identity = Identity(folder / f"{name}-{algorithm}.crt", folder / f"{name}-{algorithm}.key")
    kind = "rsa:2048" if algorithm == "rsa" else "ec -pkeyopt ec_paramgen_curve:P-256"
    files = f"-keyout {identity.key} -out {identity.certificate}"
    subject = f"-subj /CN={name} -addext subjectAltName=DNS:{name}"
    command = f"openssl req -x509 -newkey {kind} -nodes -sha256 -days 3650 {subject} {files}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return identity


def tool(*command: object) -> None:
    """Runs a program that prepares something to its end."""
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


# --- programs -------------------------------------------------------------------------------


@contextmanager
def program_server(host: Host, port: int, command: list[str]) -> Iterator[None]:
    """A server program in the host's namespace, inside `with` once it listens on `port`."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", host.namespace, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for_listener(process, port)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _wait_for_listener(process: subprocess.Popen[bytes], port: int) -> None:
    """Reads the kernel's table of sockets: a trial connection would be in the capture."""
    wanted = f":{port:04X} "
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(process.stderr.read().decode())
        for table, listens in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
            try:
                lines = Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
            except FileNotFoundError:  # it has just ended
                continue
            # Fields: number, local address, remote address, state; 0A is LISTEN, and 07 says of
            # a UDP socket that it is connected to nobody.
            for fields in (line.split() for line in lines):
                if f"{fields[1]} ".endswith(wanted) and fields[3] == listens:
                    return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def openssl_server(
    host: Host, port: int, identity: Identity, *options: str
) -> AbstractContextManager[None]:
    """`openssl s_server` that answers one line of text to each request and closes."""
    command = ["openssl", "s_server", "-accept", str(port), "-www", "-quiet"]
    command += ["-cert", str(identity.certificate), "-key", str(identity.key), *options]
    return program_server(host, port, command)


def openssl_client(host: Host, address: str, port: int, *options: str) -> str:
    """One connection by `openssl s_client`; returns what it printed."""
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    command = ["openssl", "s_client", "-connect", target, "-ign_eof", *options]
    return run_client(host, command)


def gnutls_server(
    host: Host, port: int, identity: Identity, priority: str, *options: str
) -> AbstractContextManager[None]:
    """`gnutls-serv` that answers each request with a page and closes."""
    command = ["gnutls-serv", "--http", "--port", str(port), "--priority", priority, "--quiet"]
    command += ["--x509certfile", str(identity.certificate)]
    command += ["--x509keyfile", str(identity.key), *options]
    return program_server(host, port, command)


def gnutls_client(
    host: Host, address: str, port: int, name: str, priority: str, *options: str
) -> str:
    """One connection by `gnutls-cli`; returns what it printed."""
    command = ["gnutls-cli", "--insecure", "--port", str(port), "--priority", priority]
    command += ["--sni-hostname", name, *options, address]
    return run_client(host, command)


def run_client(host: Host, command: list[str], request: bytes = REQUEST) -> str:
    """Runs a client program in the host's namespace; it ends when the server closes."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", host.namespace, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdin is not None
    # Standard input stays open until the program ends: gnutls-cli leaves when it closes.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(request)
        process.stdin.flush()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
    assert process.stdout is not None
    printed = process.stdout.read().decode(errors="replace")
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    process.wait()
    return printed


# --- servers in this process ----------------------------------------------------------------

Handler = Callable[[socket.socket], None]
"""Speaks the server's side of one accepted connection."""


@contextmanager
def serve(host: Host, port: int, handler: Handler, address: str = "") -> Iterator[None]:
    """Accepts connections on all of the host's addresses, each handled in a thread."""
    with in_namespace(host.namespace):
        listener = socket.create_server(
            (address or "::", port),
            family=socket.AF_INET if "." in address else socket.AF_INET6,
            dualstack_ipv6=not address,
            backlog=64,
        )
    handlers: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            thread = threading.Thread(target=handle, args=(connection,))
            thread.start()
            handlers.append(thread)

    def handle(connection: socket.socket) -> None:
        # The peer's refusals and resets are what some samples are about.
        with connection, contextlib.suppress(*TLS_ERRORS):
            handler(connection)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in handlers:
            thread.join(PATIENCE)


def connect(host: Host, address: str, port: int, source: str = "") -> socket.socket:
    """A TCP connection from the host (from the address `source` where it has several)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with in_namespace(host.namespace):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        if source:
            connection.bind((source, 0))
        connection.connect((address, port))
    return connection


def reset(connection: socket.socket) -> None:
    """Closes with a TCP reset instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def resets(connection: socket.socket) -> None:
    """Handler: reads the hello, then resets the connection."""
    connection.recv(65536)
    reset(connection)


def closes(connection: socket.socket) -> None:
    """Handler: reads the hello, then closes without a word."""
    connection.recv(65536)


def stays_silent(connection: socket.socket) -> None:
    """Handler: reads whatever comes and never answers; goes when the client goes."""
    while connection.recv(65536):
        pass


def speaks_http(connection: socket.socket) -> None:
    """Handler: a plain HTTP server, to which a ClientHello is a bad request."""
    if connection.recv(65536).startswith(b"GET "):
        connection.sendall(RESPONSE)
    else:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def starttls(secured: Handler) -> Handler:
    """Handler: an SMTP server that goes on with `secured` once the client says STARTTLS."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example.test ESMTP\r\n")
        connection.recv(4096)
        connection.sendall(b"250-mail.example.test\r\n250 STARTTLS\r\n")
        connection.recv(4096)
        connection.sendall(b"220 2.0.0 Ready to start TLS\r\n")
        secured(connection)

    return handle


def ask_for_tls(connection: socket.socket) -> socket.socket:
    """Takes a new connection to such an SMTP server to where the ClientHello comes next."""
    connection.recv(4096)
    connection.sendall(b"EHLO client.example.test\r\n")
    connection.recv(4096)
    connection.sendall(b"STARTTLS\r\n")
    connection.recv(4096)
    return connection


def _read_request(receive: Callable[[int], bytes]) -> bytes:
    """All of a request, which old versions send in more than one record."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        part = receive(65536)
        if not part:
            break
        request += part
    return request


# --- Python's ssl ---------------------------------------------------------------------------


def ssl_context(
    server: Identity | None = None,
    *,
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1,
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = ANY_CIPHER,
    alpn: tuple[str, ...] = (),
) -> ssl.SSLContext:
    """A context for the side that owns `server`, or for a client that trusts anyone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    if server:
        context.load_cert_chain(server.certificate, server.key)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers)
    context.minimum_version, context.maximum_version = lowest, highest
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def ssl_handler(context: ssl.SSLContext, response: bytes = RESPONSE) -> Handler:
    """Handler: TLS by Python's ssl, one request, one response, an orderly end."""

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            if _read_request(secured.recv):
                secured.sendall(response)
            secured.unwrap()

    return handle


def ssl_client(connection: socket.socket, context: ssl.SSLContext, name: str) -> bool:
    """One request over Python's ssl; says whether an answer came."""
    answered = False
    with (
        connection,
        contextlib.suppress(*TLS_ERRORS),
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        secured.sendall(REQUEST)
        while secured.recv(65536):
            answered = True
    return answered


# --- pyOpenSSL: the OpenSSL that the package cryptography brings, newer than the system's --------


def pyopenssl_handler(identity: Identity) -> Handler:
    """Handler: TLS by pyOpenSSL as it comes, one request, one response, an orderly end."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(str(identity.certificate))
    context.use_privatekey_file(str(identity.key))

    def handle(connection: socket.socket) -> None:
        connection.settimeout(None)  # pyOpenSSL takes a timeout for "would block"
        secured = SSL.Connection(context, connection)
        secured.set_accept_state()
        if _read_request(secured.recv):
            secured.sendall(RESPONSE)
        secured.shutdown()

    return handle


def pyopenssl_client(connection: socket.socket, name: str) -> None:
    """One request over pyOpenSSL as it comes."""
    connection.settimeout(None)
    with connection, contextlib.suppress(*TLS_ERRORS):
        secured = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), connection)
        secured.set_tlsext_host_name(name.encode())
        secured.set_connect_state()
        secured.sendall(REQUEST)
        while secured.recv(65536):
            pass


# --- tlslite-ng -----------------------------------------------------------------------------


def tlslite_settings(
    lowest: tuple[int, int], highest: tuple[int, int], ciphers: list[str] | None = None
) -> Any:
    """Settings for one side: versions as on the wire, ciphers as tlslite-ng calls them."""
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = lowest, highest
    settings.versions = [v for v in settings.versions if lowest <= v <= highest]
    if ciphers:
        settings.cipherNames = ciphers
        settings.macNames = ["sha", "sha256", "sha384", "aead", "md5"]
    return settings


def tlslite_handler(identity: Identity, settings: Any) -> Handler:
    """Handler: TLS by tlslite-ng, one request, one response, an orderly end."""
    chain = X509CertChain()
    chain.parsePemList(identity.certificate.read_text())
    key = parsePEMKey(identity.key.read_text(), private=True)

    def handle(connection: socket.socket) -> None:
        secured = TLSConnection(connection)
        secured.handshakeServer(certChain=chain, privateKey=key, settings=settings)
        if _read_request(lambda size: bytes(secured.read(min=1, max=size))):
            secured.write(RESPONSE)
        secured.close()

    return handle


def tlslite_client(connection: socket.socket, settings: Any, name: str = "") -> None:
    """One request over tlslite-ng."""
    with connection, contextlib.suppress(*TLS_ERRORS):
        secured = TLSConnection(connection)
        secured.handshakeClientCert(settings=settings, serverName=name or None)
        secured.write(REQUEST)
        while secured.read(min=1, max=65536):
            pass
        secured.close()
