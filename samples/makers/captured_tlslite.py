"""Handshakes with tlslite-ng, which still speaks SSL 3.0, 3DES and RC4."""

from __future__ import annotations

from collections.abc import Callable

from lab import Lab, captured
from stacks import (
    connect,
    openssl_server,
    serve,
    ssl_client,
    ssl_context,
    tlslite_client,
    tlslite_handler,
    tlslite_settings,
)

NAME = "www.example.test"
Version = tuple[int, int]
SSL30, TLS10, TLS11, TLS12, TLS13 = (3, 0), (3, 1), (3, 2), (3, 3), (3, 4)
ALL_CIPHERS = ["aes256gcm", "aes128gcm", "aes256", "aes128", "3des"]


def _both(lowest: Version, highest: Version, ciphers: list[str]) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        settings = tlslite_settings(lowest, highest, ciphers)
        with serve(lab.server, 443, tlslite_handler(lab.rsa, settings)):
            tlslite_client(connect(lab.client, lab.server.ip, 443), settings, NAME)

    return run


def _old_client(lab: Lab) -> None:
    """A client of 2003 at a server that has everything: 3DES is all that they share."""
    server = tlslite_settings(SSL30, TLS12, ALL_CIPHERS)
    with serve(lab.server, 443, tlslite_handler(lab.rsa, server)):
        client = tlslite_settings(SSL30, TLS10, ["3des", "rc4"])
        tlslite_client(connect(lab.client, lab.server.ip, 443), client, NAME)


def _to_openssl(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa):
        client = tlslite_settings(TLS12, TLS13)
        tlslite_client(connect(lab.client, lab.server.ip6, 443), client, NAME)


def _from_python(lab: Lab) -> None:
    server = tlslite_settings(TLS11, TLS11, ["aes128"])
    with serve(lab.server, 443, tlslite_handler(lab.rsa, server)):
        ssl_client(connect(lab.client, lab.server.ip, 443), ssl_context(), NAME)


RECIPES = (
    captured(
        "ssl30-3des",
        "SSL 3.0 with 3DES, client and server by tlslite-ng",
        _both(SSL30, SSL30, ["3des"]),
        ("tlslite-ng", "ssl30", "3des"),
    ),
    captured(
        "ssl30-aes",
        "SSL 3.0 with AES, client and server by tlslite-ng",
        _both(SSL30, SSL30, ["aes128"]),
        (
            "tlslite-ng",
            "ssl30",
        ),
        ending="pcapng",
    ),
    captured(
        "tls10-3des",
        "TLS 1.0 with 3DES: an old client offers 3DES and RC4 to a server that knows no RC4",
        _old_client,
        ("tlslite-ng", "tls10", "3des"),
    ),
    captured(
        "tls11-3des",
        "TLS 1.1 with 3DES, client and server by tlslite-ng",
        _both(TLS11, TLS11, ["3des"]),
        ("tlslite-ng", "tls11", "3des"),
    ),
    captured(
        "tls12-3des",
        "TLS 1.2 with 3DES, client and server by tlslite-ng",
        _both(TLS12, TLS12, ["3des"]),
        ("tlslite-ng", "tls12", "3des"),
    ),
    captured(
        "tls10-rc4",
        "TLS 1.0 with RC4, client and server by tlslite-ng",
        _both(TLS10, TLS10, ["rc4"]),
        ("tlslite-ng", "tls10", "rc4"),
    ),
    captured(
        "tls13-tlslite-openssl",
        "TLS 1.3 over IPv6, tlslite-ng's client to OpenSSL's server",
        _to_openssl,
        ("tlslite-ng", "tls13", "ipv6", "openssl"),
        ending="pcapng",
    ),
    captured(
        "tls11-python-tlslite",
        "TLS 1.1: Python's ssl offers up to TLS 1.3, tlslite-ng's server knows 1.1 alone",
        _from_python,
        ("tlslite-ng", "tls11", "python"),
    ),
)
