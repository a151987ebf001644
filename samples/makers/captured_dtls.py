"""DTLS between OpenSSL's own programs, and OpenVPN, whose control channel is TLS."""

from __future__ import annotations

import contextlib
import selectors
import shlex
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

from lab import Lab, captured
from network import Host, in_namespace
from stacks import program_server, run_client

NAME = ("-servername", "www.example.test")
OLD = ("-cipher", "ALL:@SECLEVEL=0")
PORT = 4433


def _server(lab: Lab, port: int, *options: str) -> contextlib.AbstractContextManager[None]:
    command = ["openssl", "s_server", "-accept", str(port), "-quiet", *options]
    command += ["-cert", str(lab.rsa.certificate), "-key", str(lab.rsa.key)]
    return program_server(lab.server, port, command)


def _client(lab: Lab, *options: str) -> None:
    """One association: a line of text, then close_notify."""
    command = ["openssl", "s_client", "-connect", f"{lab.server.ip}:{PORT}", *NAME, *options]
    said = f"(sleep 1; echo hello; sleep 0.5; echo Q) | {shlex.join(command)}"
    run_client(lab.client, ["sh", "-c", said])


def _dtls10(lab: Lab) -> None:
    """With the cookie exchange: `-listen` makes the server ask for one."""
    with _server(lab, PORT, "-dtls1", "-listen", *OLD):
        _client(lab, "-dtls1", *OLD)


def _dtls12(lab: Lab) -> None:
    """With the cookie exchange."""
    with _server(lab, PORT, "-dtls1_2", "-listen"):
        _client(lab, "-dtls1_2")


def _fragments(lab: Lab) -> None:
    """Messages larger than what the sides believe a datagram can hold."""
    with _server(lab, PORT, "-dtls1_2", "-mtu", "256"):
        _client(lab, "-dtls1_2", "-mtu", "256", "-alpn", ",".join(["a-long-protocol"] * 12))


def _refused(lab: Lab) -> None:
    with _server(lab, PORT, "-dtls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"):
        _client(lab, "-dtls1_2", "-cipher", "AES128-SHA")


def _lost(lab: Lab) -> None:
    """Datagrams that are lost behind the place of the capture, and come again."""
    with (
        _server(lab, PORT + 1, "-dtls1_2"),
        _lossy_relay(lab.server, PORT, PORT + 1, lost=(0, 2, 5)),
    ):
        _client(lab, "-dtls1_2")


@contextlib.contextmanager
def _lossy_relay(host: Host, port: int, target: int, lost: tuple[int, ...]) -> Iterator[None]:
    """Hands datagrams on to another port, but for those of the client with the numbers `lost`."""
    with in_namespace(host.namespace):
        outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        outside.bind((host.ip, port))
        inside.connect((host.ip, target))
    stop = threading.Event()

    def relay() -> None:
        client, count = None, 0
        with selectors.DefaultSelector() as ready:
            ready.register(outside, selectors.EVENT_READ)
            ready.register(inside, selectors.EVENT_READ)
            while not stop.is_set():
                for key, _ in ready.select(0.1):
                    if key.fileobj is outside:
                        data, client = outside.recvfrom(65_535)
                        if count not in lost:
                            inside.send(data)
                        count += 1
                    elif client is not None:
                        outside.sendto(inside.recv(65_535), client)

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        outside.close()
        inside.close()


def _openvpn(lab: Lab, transport: str, *options: str) -> None:
    """One tunnel, up and down again. It needs no address inside."""
    common = ["openvpn", "--dev", "null", "--verb", "0", *options]
    common += ["--ca", str(lab.rsa.certificate), "--cert", str(lab.rsa.certificate)]
    common += ["--key", str(lab.rsa.key), "--data-ciphers", "AES-256-GCM", "--tls-version-max"]
    server = [*common, "1.2", "--tls-server", "--dh", "none", "--port", "1194"]
    client = [*common, "1.3", "--tls-client", "--remote", lab.server.ip, "1194", "--nobind"]
    proto = {"udp": ("udp", "udp"), "tcp": ("tcp-server", "tcp-client")}[transport]
    server += ["--proto", proto[0]]
    client += ["--proto", proto[1], "--connect-retry-max", "1", "--inactive", "4"]
    with program_server(lab.server, 1194, server):
        process = subprocess.Popen(
            ["ip", "netns", "exec", lab.client.namespace, *client],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(5)
        process.terminate()
        process.wait(10)


def _openvpn_udp(lab: Lab) -> None:
    _openvpn(lab, "udp")


def _openvpn_authenticated(lab: Lab) -> None:
    secret = lab.folder / "ta.key"
    subprocess.run(["openvpn", "--genkey", "tls-auth", str(secret)], check=True)
    _openvpn(lab, "udp", "--tls-auth", str(secret), "--auth", "SHA256")


def _openvpn_tcp(lab: Lab) -> None:
    _openvpn(lab, "tcp")


RECIPES = (
    captured(
        "dtls10-openssl",
        "DTLS 1.0 between OpenSSL's programs: HelloVerifyRequest, and a second hello with a cookie",
        _dtls10,
        ("openssl", "dtls10", "hello-verify-request"),
        decode_as=(f"udp.port=={PORT},dtls",),
    ),
    captured(
        "dtls12-openssl",
        "DTLS 1.2 between OpenSSL's programs: HelloVerifyRequest, and a second hello with a cookie",
        _dtls12,
        ("openssl", "dtls12", "hello-verify-request"),
        ending="pcapng",
        decode_as=(f"udp.port=={PORT},dtls",),
    ),
    captured(
        "dtls12-fragments",
        "DTLS 1.2 whose hellos and certificate come in several fragments each",
        _fragments,
        ("openssl", "dtls12", "fragments"),
        decode_as=(f"udp.port=={PORT},dtls",),
    ),
    captured(
        "dtls12-refused",
        "DTLS 1.2 refused with the alert handshake_failure",
        _refused,
        ("openssl", "dtls12", "refused"),
        outcomes="rejected",
        decode_as=(f"udp.port=={PORT},dtls",),
    ),
    captured(
        "dtls12-sent-again",
        "DTLS 1.2 of which some datagrams were lost behind the place of the capture and came again",
        _lost,
        ("openssl", "dtls12", "retransmission"),
        decode_as=(f"udp.port=={PORT},dtls",),
    ),
    captured(
        "openvpn-udp",
        "OpenVPN over UDP: TLS 1.2 in its control channel",
        _openvpn_udp,
        ("openvpn", "tls12"),
    ),
    captured(
        "openvpn-udp-tls-auth",
        "OpenVPN over UDP with tls-auth by SHA-256: TLS 1.2 behind digests",
        _openvpn_authenticated,
        ("openvpn", "tls12", "tls-auth"),
        preferences=(
            "openvpn.tls_auth_detection_override:TRUE",
            "openvpn.tls_auth:TRUE",
            "openvpn.tls_auth_hmac_size:32",
        ),
    ),
    captured(
        "openvpn-tcp",
        "OpenVPN over TCP: TLS 1.2 in its control channel",
        _openvpn_tcp,
        ("openvpn", "tls12"),
    ),
)
