"""What protocol numbers are called and made of: versions, cipher suites, alerts, groups, the rest.

Numbers come from the wire; only this module knows names. The tables are `data/*.csv`, each with
its source in the first line, read at the first question. A number without a name is written as
hexadecimal digits, `0x1234`.
"""

from __future__ import annotations

import csv
import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Read from data/ when first asked for, by __getattr__ at the end.
VERSIONS: Mapping[int, Version]
"""Every version with a name, by code point."""
VERSION_NAMES: tuple[str, ...]
"""The names of the ranked versions, oldest first."""
SSL2_KINDS: Mapping[int, str]
"""The names of SSL 2.0's cipher kinds (three bytes)."""
SSL2_3DES_KINDS: frozenset[int]
"""Those of them that are Triple DES."""

__all__ = [
    "SSL2_3DES_KINDS",
    "SSL2_KINDS",
    "VERSIONS",
    "VERSION_NAMES",
    "CipherSuite",
    "CoreNames",
    "Version",
    "alert_name",
    "cipher_suite",
    "cipher_suite_name",
    "cipher_suites",
    "extension_name",
    "group_name",
    "is_3des",
    "is_grease",
    "is_signalling",
    "is_tls13",
    "link_type_name",
    "names_for_core",
    "version_name",
    "version_rank",
]


# No dataclasses: to make them takes longer than to read the tables, and every command waits for it.
class Version(NamedTuple):
    """A protocol version. `rank` orders versions from old to new; null = not on that ladder."""

    code_point: int
    name: str
    rank: int | None
    source: str


class CipherSuite(NamedTuple):
    """A cipher suite, its parts read from its name.

    `bits` is the strength of the cipher (112 for Triple DES, 0 for none). `registered` says that
    IANA lists it; `recommended` is IANA's column as of the table's date, empty if not registered.
    Of TLS 1.3 suites, which name no key exchange, `key_exchange` is empty.
    """

    code_point: int
    name: str
    key_exchange: str
    cipher: str
    mac: str
    bits: int
    export: bool
    registered: bool
    recommended: str
    source: str

    @property
    def is_3des(self) -> bool:
        """Whether the cipher is Triple DES."""
        return _is_3des(self.cipher)

    @property
    def null(self) -> bool:
        """Whether nothing is encrypted."""
        return self.cipher == "NULL"

    @property
    def rc4(self) -> bool:
        """Whether the cipher is RC4."""
        return self.cipher.startswith("RC4_")

    @property
    def anonymous(self) -> bool:
        """Whether the server is not authenticated."""
        return "anon" in self.key_exchange.split("_") or self.key_exchange == "NULL"


def version_name(code_point: int) -> str:
    """The name of a version, for people: `TLS 1.2`."""
    version = _versions().get(code_point)
    return version.name if version else _hexadecimal(code_point)


def version_rank(code_point: int) -> int | None:
    """Where a version stands between old and new; null for GREASE and unknown numbers.

    Ranks compare across TLS and DTLS, whose numbers count down: DTLS 1.0 stands above TLS 1.1, on
    which it is built, and below TLS 1.2.
    """
    version = _versions().get(code_point)
    return version.rank if version else None


def is_tls13(code_point: int) -> bool:
    """Whether a version is TLS 1.3 or DTLS 1.3, a draft or an experiment included.

    These are the versions ranked above DTLS 1.2.
    """
    rank, dtls12 = version_rank(code_point), version_rank(0xFEFD)
    return rank is not None and dtls12 is not None and rank > dtls12


def is_grease(code_point: int) -> bool:
    """Whether a number is one of the 16 that clients send to keep servers tolerant (RFC 8701)."""
    return code_point in _GREASE


def is_signalling(code_point: int) -> bool:
    """Whether a cipher suite is a signal and no suite: 0x00FF and 0x5600."""
    return code_point in (0x00FF, 0x5600)


def cipher_suite(code_point: int) -> CipherSuite | None:
    """What is known of a cipher suite; null for GREASE, signals and unknown numbers."""
    return cipher_suites().get(code_point)


def cipher_suite_name(code_point: int) -> str:
    """The name of a cipher suite or signal, as IANA spells it."""
    name = _suite_names().get(code_point)
    return name if name else _hexadecimal(code_point)


def is_3des(code_point: int) -> bool:
    """Whether a cipher suite uses Triple DES."""
    suite = cipher_suite(code_point)
    return suite is not None and suite.is_3des


def alert_name(code_point: int) -> str:
    """The name of an alert description: `handshake_failure`."""
    return _names("alerts.csv").get(code_point) or f"alert {code_point}"


def group_name(code_point: int) -> str:
    """The name of a named group: `x25519`."""
    return _names("groups.csv").get(code_point) or _hexadecimal(code_point)


def extension_name(code_point: int) -> str:
    """The name of an extension type: `supported_versions`."""
    return _names("extensions.csv").get(code_point) or _hexadecimal(code_point)


def link_type_name(number: int) -> str:
    """The name of a capture's link type: `Ethernet`."""
    return _names("link_types.csv").get(number) or f"link type {number}"


class CoreNames(TypedDict):
    """What the core is told to write names and derived columns as text."""

    versions: list[tuple[int, str, int | None]]
    cipher_suites: list[tuple[int, str, bool]]
    ssl2_3des_kinds: list[int]


def names_for_core() -> CoreNames:
    """All versions (code point, name, rank) and suites (code point, name, is Triple DES)."""
    # Every run that writes text waits for this, so no row is made a dictionary first.
    columns, rows = _table("cipher_suites.csv")
    code_point, name, cipher = map(columns.index, ("code_point", "name", "cipher"))
    return {
        "versions": [(v.code_point, v.name, v.rank) for v in _versions().values()],
        "cipher_suites": [
            (int(row[code_point], 16), row[name], _is_3des(row[cipher])) for row in rows
        ],
        "ssl2_3des_kinds": sorted(_ssl2_3des_kinds()),
    }


@cache
def cipher_suites() -> dict[int, CipherSuite]:
    """Every known cipher suite by code point, signals left out."""
    return {
        int(row["code_point"], 16): CipherSuite(
            code_point=int(row["code_point"], 16),
            name=row["name"],
            key_exchange=row["key_exchange"],
            cipher=row["cipher"],
            mac=row["mac"],
            bits=int(row["bits"]),
            export=row["export"] == "yes",
            registered=row["registered"] == "yes",
            recommended=row["recommended"],
            source=row["source"],
        )
        for row in _rows("cipher_suites.csv")
        if row["cipher"]
    }


def _is_3des(cipher: str) -> bool:
    return cipher.startswith("3DES_")


@cache
def _suite_names() -> dict[int, str]:
    return {int(row["code_point"], 16): row["name"] for row in _rows("cipher_suites.csv")}


@cache
def _versions() -> dict[int, Version]:
    versions = {}
    for rank, row in enumerate(_rows("versions.csv")):
        code = int(row["code_point"], 16)
        ranked = rank if row["ranked"] == "yes" else None
        versions[code] = Version(code, row["name"], ranked, row["source"])
    return versions


def _version_names() -> tuple[str, ...]:
    return tuple(v.name for v in _versions().values() if v.rank is not None)


def _ssl2_kinds() -> dict[int, str]:
    return _names("ssl2_cipher_kinds.csv")


def _ssl2_3des_kinds() -> frozenset[int]:
    return frozenset(code for code, name in _ssl2_kinds().items() if "_EDE3_" in name)


@cache
def _names(file: str) -> dict[int, str]:
    return {int(next(iter(row.values())), 0): row["name"] for row in _rows(file)}


@cache
def _rows(file: str) -> tuple[dict[str, str], ...]:
    columns, rows = _table(file)
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)


def _table(file: str) -> tuple[list[str], list[list[str]]]:
    """Give the names of a table's columns, and its rows."""
    # importlib.resources and pathlib would take longer to load than all of these tables.
    path = os.path.join(os.path.dirname(__file__), "data", file)
    with open(path, encoding="utf-8", newline="") as lines:
        columns, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    return columns, rows


def _hexadecimal(code_point: int) -> str:
    return f"0x{code_point:04X}"


_GREASE = frozenset(0x0A0A + 0x1010 * step for step in range(16))

_LAZY: dict[str, Callable[[], object]] = {
    "VERSIONS": _versions,
    "VERSION_NAMES": _version_names,
    "SSL2_KINDS": _ssl2_kinds,
    "SSL2_3DES_KINDS": _ssl2_3des_kinds,
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return _LAZY[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
