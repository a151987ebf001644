"""Handshakes of the other stacks: NSS, Java, mbedTLS, wolfSSL, curl, and OpenSSL 3.5 or newer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chromium import browse
from lab import Lab, captured
from stacks import (
    REQUEST,
    connect,
    openssl_client,
    openssl_server,
    program_server,
    pyopenssl_client,
    pyopenssl_handler,
    run_client,
    serve,
    tool,
)

NAME = "www.example.test"
PROGRAMS = Path(__file__).resolve().parent / "programs"
PASSWORD = "sample"
VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def _pkcs12(lab: Lab) -> Path:
    """The RSA certificate and key in the form that NSS and Java take."""
    store = lab.folder / "rsa.p12"
    if not store.exists():
        files = ("-in", lab.rsa.certificate, "-inkey", lab.rsa.key, "-out", store)
        tool("openssl", "pkcs12", "-export", "-name", NAME, *files, "-passout", f"pass:{PASSWORD}")
    return store


def _nss(lab: Lab) -> None:
    """One connection of every version; of TLS 1.0 with 3DES alone."""
    database = lab.folder / "nss"
    database.mkdir()
    tool("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
    tool("pk12util", "-d", f"sql:{database}", "-i", _pkcs12(lab), "-W", PASSWORD)
    request = lab.folder / "request.txt"
    request.write_bytes(REQUEST)
    server = ["selfserv", "-d", f"sql:{database}", "-n", NAME, "-p", "443", "-V", "tls1.0:tls1.3"]
    with program_server(lab.server, 443, server):
        for version in VERSIONS:
            client = ["tstclnt", "-h", lab.server.ip, "-p", "443", "-a", NAME, "-D", "-o", "-4"]
            client += ["-V", f"tls{version}:tls{version}", "-A", str(request)]
            client += ["-c", ":000A"] if version == "1.0" else []
            run_client(lab.client, client)
        client = ["tstclnt", "-h", lab.server.ip, "-p", "443", "-a", NAME, "-D", "-o", "-4"]
        run_client(lab.client, [*client, "-V", "tls1.0:tls1.3", "-A", str(request)])


def _java(lab: Lab) -> None:
    """One connection of every version; of TLS 1.0 with 3DES alone; then with what is usual."""
    tool("javac", "-d", lab.folder, PROGRAMS / "Peer.java")
    settings = lab.folder / "java.security"
    # Java 17 refuses TLS 1.0, TLS 1.1 and 3DES unless its lists of what is disabled are emptied.
    lists = ("tls.disabledAlgorithms", "tls.legacyAlgorithms", "certpath.disabledAlgorithms")
    settings.write_text("".join(f"jdk.{name}=\n" for name in lists))
    java = ["java", f"-Djava.security.properties={settings}", "-cp", str(lab.folder), "Peer"]
    with program_server(lab.server, 443, [*java, "server", "443", str(_pkcs12(lab))]):
        versions = ("TLSv1:SSL_RSA_WITH_3DES_EDE_CBC_SHA", "TLSv1.1", "TLSv1.2", "TLSv1.3")
        client = [*java, "client", lab.server.ip, "443", NAME, *versions, "TLSv1.3,TLSv1.2"]
        run_client(lab.client, client)


def _compiled(lab: Lab, source: str, *libraries: str) -> str:
    program = lab.folder / Path(source).stem
    tool("cc", "-O1", "-o", program, PROGRAMS / source, *(f"-l{name}" for name in libraries))
    return str(program)


def _c_program(source: str, libraries: tuple[str, ...], *clients: str) -> Callable[[Lab], None]:
    """One connection for each of `clients`: the minor version, and what else the program takes."""

    def run(lab: Lab) -> None:
        program = _compiled(lab, source, *libraries)
        server = [program, "server", "443", str(lab.rsa.certificate), str(lab.rsa.key)]
        with program_server(lab.server, 443, server):
            for client in clients:
                ask = [program, "client", lab.server.ip, "443", NAME, *client.split()]
                run_client(lab.client, ask)

    return run


def _curl(lab: Lab) -> None:
    """What curl offers by itself, and what it is told to."""
    command = ["curl", "--silent", "--insecure", "--resolve", f"{NAME}:443:{lab.server.ip}"]
    server = ("-cipher", "ALL:@SECLEVEL=0", "-min_protocol", "TLSv1")
    with openssl_server(lab.server, 443, lab.rsa, *server):
        old = ("--tls-max", "1.0", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0")
        for options in ((), ("--http1.1", "--tls-max", "1.2"), old):
            run_client(lab.client, [*command, *options, f"https://{NAME}/"])


def _client_certificate(lab: Lab) -> None:
    """The server asks for a certificate, the client has one, and the server trusts it."""
    trusted = ("-CAfile", str(lab.ec.certificate), "-Verify", "1", "-verify_return_error")
    own = ("-cert", str(lab.ec.certificate), "-key", str(lab.ec.key), "-servername", NAME)
    with openssl_server(lab.server, 443, lab.rsa, *trusted):
        for version in ("-tls1_2", "-tls1_3"):
            openssl_client(lab.client, lab.server.ip, 443, version, *own)


def _post_quantum(lab: Lab) -> None:
    with serve(lab.server, 443, pyopenssl_handler(lab.ec)):
        pyopenssl_client(connect(lab.client, lab.server.ip, 443), NAME)


def _post_quantum_chromium(lab: Lab) -> None:
    with serve(lab.server, 443, pyopenssl_handler(lab.ec)):
        browse(lab.client, f"https://{NAME}/", {NAME: lab.server.ip})


RECIPES = (
    captured(
        "nss",
        "NSS's own programs: TLS 1.0 with 3DES, TLS 1.1, 1.2 and 1.3, then all of them offered",
        _nss,
        ("nss", "tls10", "tls11", "tls12", "tls13", "3des"),
    ),
    captured(
        "java",
        "Java 17 on both sides: TLS 1.0 with 3DES, TLS 1.1, 1.2 and 1.3, then 1.3 and 1.2 offered",
        _java,
        ("java", "tls10", "tls11", "tls12", "tls13", "3des"),
        ending="pcapng",
    ),
    captured(
        "mbedtls",
        "mbedTLS on both sides: TLS 1.0 with 3DES, TLS 1.1 and TLS 1.2",
        _c_program("mbedtls_peer.c", ("mbedtls", "mbedx509", "mbedcrypto"), "1 0x000A", "2", "3"),
        ("mbedtls", "tls10", "tls11", "tls12", "3des"),
    ),
    captured(
        "wolfssl",
        "wolfSSL on both sides: TLS 1.1, 1.2 and 1.3",
        _c_program("wolfssl_peer.c", ("wolfssl",), "2", "3", "4"),
        ("wolfssl", "tls11", "tls12", "tls13"),
    ),
    captured(
        "curl",
        "curl as it comes, held to HTTP/1.1 and TLS 1.2, and held to TLS 1.0",
        _curl,
        ("curl", "openssl", "tls13", "tls12", "tls10"),
    ),
    captured(
        "client-certificate",
        "a client that is asked for a certificate, sends one and is trusted: TLS 1.2 and TLS 1.3",
        _client_certificate,
        ("openssl", "tls12", "tls13", "client-certificate"),
    ),
    captured(
        "post-quantum",
        "OpenSSL 4.0 on both sides: X25519MLKEM768 agreed upon, the hello in two segments",
        _post_quantum,
        ("openssl", "tls13", "post-quantum", "segmentation"),
    ),
    captured(
        "post-quantum-chromium",
        "Chromium to OpenSSL 4.0: X25519MLKEM768 agreed upon, the hello in two segments",
        _post_quantum_chromium,
        ("chromium", "openssl", "tls13", "post-quantum", "grease", "ech"),
        ending="pcapng",
    ),
)
