"""What a policy demands of a handshake, and which services it speaks of.

[requires]
version = "TLS 1.2"                  # the least version; of DTLS the one built on it
refused = ["3des", "rc4", "null"]    # kinds of cipher suites, as SUITE_KINDS lists them
refused_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]   # optional: single ones by name
only_ciphers = ["AES"]               # optional: suites with other ciphers are refused

[[service]]                          # none = every service; each condition must hold
title = "LDAP over TLS"
server_names = ["*.example.org"]     # optional
ports = [636, 3269]                  # optional
carriers = ["ldap-starttls"]         # optional, as docs/carriers.md lists them
transports = ["tcp"]                 # optional: tcp, dtls, quic, eap or udp
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tlsaudit import registry
from tlsaudit.errors import PolicyError
from tlsaudit.schema.carriers import CARRIERS
from tlsaudit.schema.column import TRANSPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SUITE_KINDS", "Requirement", "Service", "check_requirement", "check_service"]

_RSA_KEY_TRANSPORT = ("RSA", "RSA_PSK", "RSA_EXPORT", "RSA_EXPORT1024", "RSA_FIPS")

SUITE_KINDS: dict[str, tuple[str, Callable[[registry.CipherSuite], bool]]] = {
    "3des": ("Triple DES", lambda suite: suite.is_3des),
    "rc4": ("RC4", lambda suite: suite.rc4),
    "null": ("no encryption", lambda suite: suite.null),
    "export": ("export grade", lambda suite: suite.export),
    "anonymous": ("no authentication of the server", lambda suite: suite.anonymous),
    "below-112-bits": ("a strength below 112 bits", lambda suite: suite.bits < 112),
    "below-128-bits": ("a strength below 128 bits", lambda suite: suite.bits < 128),
    "rsa-key-transport": (
        "keys sent under the server's RSA key, without forward secrecy",
        lambda suite: (
            suite.key_exchange in ("RSA", "RSA_PSK", "RSA_EXPORT", "RSA_EXPORT1024")
            or suite.key_exchange == "RSA_FIPS"
        ),
    ),
    "cbc": ("a block cipher in CBC mode", lambda suite: "_CBC" in suite.cipher),
}
"""Kinds of cipher suites that a policy may refuse: what each is, and how it is told."""


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a service that enforces the policy still accepts."""

    version: str = "TLS 1.2"
    refused: tuple[str, ...] = ()
    refused_suites: tuple[str, ...] = ()
    only_ciphers: tuple[str, ...] = ()

    @property
    def least_version(self) -> int:
        """The code point of the least version."""
        return _VERSIONS[self.version]

    def accepts_version(self, code_point: int) -> bool:
        """Whether a version is new enough; no for numbers that stand on no ladder."""
        rank, least = (registry.version_rank(each) for each in (code_point, self.least_version))
        assert least is not None
        return rank is not None and rank >= least

    def accepts_suite(self, code_point: int) -> bool:
        """Whether a cipher suite is accepted; no for signals, GREASE and unknown numbers."""
        suite = registry.cipher_suite(code_point)
        if suite is None or suite.name in self.refused_suites:
            return False
        if any(SUITE_KINDS[kind][1](suite) for kind in self.refused):
            return False
        return not self.only_ciphers or suite.cipher.startswith(
            tuple(f"{cipher}_" for cipher in self.only_ciphers)
        )


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Services that a policy speaks of; every condition that is given must hold."""

    title: str
    server_names: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    carriers: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()


_VERSIONS = {"TLS 1.0": 0x0301, "TLS 1.1": 0x0302, "TLS 1.2": 0x0303, "TLS 1.3": 0x0304}
_HIGHEST_PORT = 65535


def check_requirement(requires: Requirement, field: str) -> None:
    """Raise PolicyError, naming the field, for a word that is not known."""
    _one_of(requires.version, tuple(_VERSIONS), f"{field}.version")
    for kind in requires.refused:
        _one_of(kind, tuple(SUITE_KINDS), f"{field}.refused")
    names = {suite.name for suite in registry.cipher_suites().values()}
    for name in requires.refused_suites:
        if name not in names:
            raise PolicyError(f"{field}.refused_suites: `{name}` is no cipher suite of IANA's")
    ciphers = {suite.cipher for suite in registry.cipher_suites().values()}
    for cipher in requires.only_ciphers:
        if not any(each.startswith(f"{cipher}_") for each in ciphers):
            raise PolicyError(f"{field}.only_ciphers: no cipher suite has the cipher `{cipher}`")
    if not any(requires.accepts_suite(code) for code in registry.cipher_suites()):
        raise PolicyError(f"{field}: no cipher suite is left")


def check_service(service: Service, field: str) -> None:
    """Raise PolicyError, naming the field, for what names no service."""
    if not service.title.strip():
        raise PolicyError(f"{field}.title: a service needs a title")
    for port in service.ports:
        if not 0 <= port <= _HIGHEST_PORT:
            raise PolicyError(f"{field}.ports: {port} is not a port")
    for name in service.server_names:
        if not name or name != name.lower() or "*" in name.removeprefix("*."):
            raise PolicyError(
                f"{field}.server_names: `{name}` is not a name in lower case, with `*.` at its "
                "beginning for any subdomain"
            )
    for carrier in service.carriers:
        _one_of(carrier, tuple(each.name for each in CARRIERS), f"{field}.carriers")
    for transport in service.transports:
        _one_of(transport, TRANSPORTS, f"{field}.transports")
    if not (service.server_names or service.ports or service.carriers or service.transports):
        raise PolicyError(
            f"{field}: one of server_names, ports, carriers and transports must be given"
        )


def _one_of(word: str, words: tuple[str, ...], field: str) -> None:
    if word not in words:
        raise PolicyError(f"{field}: `{word}` is not one of {', '.join(words)}")
