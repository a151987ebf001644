"""Handshakes in which GnuTLS is one side or both."""

from __future__ import annotations

from collections.abc import Callable

from lab import Lab, captured
from stacks import gnutls_client, gnutls_server, openssl_client, openssl_server

NAME = "www.example.test"
# GnuTLS writes what is allowed as a list; this allows nothing old by itself.
MODERN = "NORMAL"


def only(version: str, cipher: str = "") -> str:
    """A GnuTLS priority that allows one version, and one cipher if given."""
    ciphers = f":-CIPHER-ALL:+{cipher}" if cipher else ""
    return f"NORMAL:-VERS-ALL:+VERS-{version}{ciphers}:+SHA1:%VERIFY_ALLOW_SIGN_WITH_SHA1"


def _both(version: str, cipher: str = "") -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        priority = only(version, cipher)
        with gnutls_server(lab.server, 443, lab.rsa, priority):
            gnutls_client(lab.client, lab.server.ip, 443, NAME, priority)

    return run


def _openssl_to_gnutls(lab: Lab) -> None:
    with gnutls_server(lab.server, 443, lab.ec, MODERN, "--alpn", "http/1.1"):
        alpn = ("-servername", NAME, "-alpn", "h2,http/1.1")
        openssl_client(lab.client, lab.server.ip6, 443, *alpn)


def _gnutls_to_openssl(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.ec, "-tls1_2", "-alpn", "h2"):
        gnutls_client(lab.client, lab.server.ip, 443, NAME, MODERN, "--alpn", "h2")


RECIPES = (
    captured(
        "tls10-gnutls",
        "TLS 1.0 between GnuTLS's programs",
        _both("TLS1.0"),
        (
            "gnutls",
            "tls10",
        ),
    ),
    captured(
        "tls11-gnutls",
        "TLS 1.1 between GnuTLS's programs",
        _both("TLS1.1"),
        (
            "gnutls",
            "tls11",
        ),
    ),
    captured(
        "tls12-3des-gnutls",
        "TLS 1.2 between GnuTLS's programs with nothing but 3DES allowed",
        _both("TLS1.2", "3DES-CBC"),
        ("gnutls", "tls12", "3des"),
    ),
    captured(
        "tls10-3des-gnutls",
        "TLS 1.0 between GnuTLS's programs with nothing but 3DES allowed",
        _both("TLS1.0", "3DES-CBC"),
        ("gnutls", "tls10", "3des"),
        ending="pcapng",
    ),
    captured(
        "tls13-gnutls",
        "TLS 1.3 between GnuTLS's programs",
        _both("TLS1.3"),
        (
            "gnutls",
            "tls13",
        ),
        ending="pcapng",
    ),
    captured(
        "tls13-ipv6-openssl-gnutls",
        "TLS 1.3 over IPv6, OpenSSL's client to GnuTLS's server",
        _openssl_to_gnutls,
        ("gnutls", "tls13", "ipv6", "openssl", "alpn"),
        ending="pcap.zst",
    ),
    captured(
        "tls12-gnutls-openssl",
        "TLS 1.2, GnuTLS's client to OpenSSL's server, HTTP/2 by ALPN",
        _gnutls_to_openssl,
        ("gnutls", "tls12", "openssl", "alpn"),
        ending="pcapng.zst",
    ),
)
