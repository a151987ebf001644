"""Handshakes in which GnuTLS is one side or both."""

from __future__ import annotations

from collections.abc import Callable

from lab import Lab, Recipe
from sample import Sample
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


def _recipe(
    identifier: str,
    shows: str,
    run: Callable[[Lab], None],
    tags: tuple[str, ...],
    ending: str = "pcap",
) -> Recipe:
    sample = Sample(
        id=identifier,
        file=f"{identifier}.{ending}",
        shows=shows,
        kind="captured",
        tags=("gnutls", *tags),
        outcomes="completed",
    )
    return Recipe(sample, run)


RECIPES = (
    _recipe("tls10-gnutls", "TLS 1.0 between GnuTLS's programs", _both("TLS1.0"), ("tls10",)),
    _recipe("tls11-gnutls", "TLS 1.1 between GnuTLS's programs", _both("TLS1.1"), ("tls11",)),
    _recipe(
        "tls12-3des-gnutls",
        "TLS 1.2 between GnuTLS's programs with nothing but 3DES allowed",
        _both("TLS1.2", "3DES-CBC"),
        ("tls12", "3des"),
    ),
    _recipe(
        "tls10-3des-gnutls",
        "TLS 1.0 between GnuTLS's programs with nothing but 3DES allowed",
        _both("TLS1.0", "3DES-CBC"),
        ("tls10", "3des"),
        "pcapng",
    ),
    _recipe(
        "tls13-gnutls",
        "TLS 1.3 between GnuTLS's programs",
        _both("TLS1.3"),
        ("tls13",),
        "pcapng",
    ),
    _recipe(
        "tls13-ipv6-openssl-gnutls",
        "TLS 1.3 over IPv6, OpenSSL's client to GnuTLS's server",
        _openssl_to_gnutls,
        ("tls13", "ipv6", "openssl", "alpn"),
        "pcap.zst",
    ),
    _recipe(
        "tls12-gnutls-openssl",
        "TLS 1.2, GnuTLS's client to OpenSSL's server, HTTP/2 by ALPN",
        _gnutls_to_openssl,
        ("tls12", "openssl", "alpn"),
        "pcapng.zst",
    ),
)
