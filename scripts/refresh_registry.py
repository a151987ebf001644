"""Make `tlsaudit/data/cipher_suites.csv` from IANA's table of cipher suites.

    python scripts/refresh_registry.py IANA_TABLE.csv --taken 2023-01

IANA_TABLE.csv is `tls-parameters-4.csv` as IANA publishes it; `--taken` says when, and goes into
the first line of the result. `historic_cipher_suites.csv` beside this script adds what IANA has
not registered and overrides what it renamed since. With `--check` nothing is written and the exit
code is 1 if the result would differ.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "tlsaudit" / "data" / "cipher_suites.csv"
HISTORIC = HERE / "historic_cipher_suites.csv"

# Signalling values are offered among the suites, but are none.
SIGNALLING = {"TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "TLS_FALLBACK_SCSV"}

_MACS = {
    *("MD5", "SHA", "SHA1", "SHA256", "SHA384", "SHA512", "SM3", "RMD"),
    *("IMIT", "OMAC", "GOSTR3411", "GOST94", "NULL"),
}

# The strength of a cipher where its name does not end in its key length. Triple DES has keys of
# 168 bits and a strength of 112 (RFC 9325 §4.1); Skipjack, the cipher of FORTEZZA, has 80.
_BITS = {
    "NULL": 0,
    "DES40_CBC": 40,
    "DES_CBC": 56,
    "FORTEZZA_CBC": 80,
    "3DES_EDE_CBC": 112,
    "IDEA_CBC": 128,
    "RC2_CBC": 128,
    "SEED_CBC": 128,
    "SM1": 128,
    "SM4_CBC": 128,
    "SM4_GCM": 128,
    "SM4_CCM": 128,
    "AEGIS_128L": 128,
    "CHACHA20_POLY1305": 256,
    "SALSA20": 256,
    "ESTREAM_SALSA20": 256,
    "28147_CNT": 256,
    "KUZNYECHIK_CTR": 256,
    "KUZNYECHIK_MGM_L": 256,
    "KUZNYECHIK_MGM_S": 256,
    "MAGMA_CTR": 256,
    "MAGMA_MGM_L": 256,
    "MAGMA_MGM_S": 256,
}


class Parts(NamedTuple):
    """What the name of a cipher suite says; `bits` is the cipher's strength."""

    key_exchange: str
    cipher: str
    mac: str
    bits: int
    export: bool


def parse(name: str) -> Parts:
    """The parts of a suite's name; ValueError for a name whose cipher is not known."""
    body = re.sub(r"^(TLS|SSL)_", "", name)
    body = re.sub(r"_(OLD|draft|2)$", "", body)
    if "_WITH_" in body:
        key_exchange, _, rest = body.partition("_WITH_")
    elif body in ("SHA256_SHA256", "SHA384_SHA384"):
        # RFC 9150: integrity only.
        key_exchange, rest = "", "NULL_" + body.split("_")[0]
    elif re.match(r"(ECDHE|ECC|IBSDH|IBC|RSA)_SM[14]_", body):
        key_exchange, _, rest = body.partition("_")
    else:
        key_exchange, rest = "", body
    cipher, _, last = rest.rpartition("_")
    mac = last if last in _MACS and cipher else ""
    if not mac:
        cipher = rest
    return Parts(key_exchange, cipher, mac, _bits(name, cipher), _is_export(key_exchange, cipher))


def _is_export(key_exchange: str, cipher: str) -> bool:
    return "EXPORT" in key_exchange or "DES40" in cipher


def _bits(name: str, cipher: str) -> int:
    if cipher in _BITS:
        return _BITS[cipher]
    found = re.search(r"(?:^|_)(40|56|128|256)(?:_|$)", cipher)
    if found is None:
        raise ValueError(f"{name}: the cipher {cipher!r} is not known")
    return int(found[1])


def read_iana(path: Path) -> dict[int, tuple[str, str, str]]:
    """Code point -> name, Recommended (`Y`, `N`, `D`), reference; ranges and reserved left out."""
    suites = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = re.fullmatch(r"0x([0-9A-F]{2}),0x([0-9A-F]{2})", row["Value"])
            name = row["Description"]
            if value is None or not name.startswith("TLS_"):
                continue
            reference = " ".join(re.findall(r"\[([^]]*)\]", row["Reference"]))
            reference = re.sub(r"\bRFC(\d+)", r"RFC \1", reference)
            suites[int(value[1] + value[2], 16)] = (name, row["Recommended"], f"IANA: {reference}")
    return suites


def read_historic(path: Path) -> dict[int, tuple[str, str]]:
    """Code point -> name, source."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {int(row["code_point"], 16): (row["name"], row["source"]) for row in rows}


def table(iana: Path, taken: str) -> str:
    """The text of `cipher_suites.csv`."""
    registered = read_iana(iana)
    historic = read_historic(HISTORIC)
    text = io.StringIO()
    text.write(
        f"# Made by scripts/refresh_registry.py from IANA's TLS Cipher Suites as of {taken} "
        "and scripts/historic_cipher_suites.csv.\n"
    )
    writer = csv.writer(text, lineterminator="\n")
    header = "code_point name key_exchange cipher mac bits export registered recommended source"
    writer.writerow(header.split())
    for code in sorted(registered.keys() | historic.keys()):
        name, recommended, source = registered.get(code, ("", "", ""))
        if code in historic:
            name, source = historic[code]
        parts = Parts("", "", "", 0, False) if name in SIGNALLING else parse(name)
        writer.writerow(
            [
                f"0x{code:04X}",
                name,
                parts.key_exchange,
                parts.cipher,
                parts.mac,
                parts.bits if parts.cipher else "",
                "yes" if parts.export else "",
                "yes" if code in registered else "",
                recommended,
                source,
            ]
        )
    return text.getvalue()


def main() -> int:
    """Write or check the table; the exit code."""
    parser = argparse.ArgumentParser(description="Make tlsaudit/data/cipher_suites.csv.")
    parser.add_argument("iana", type=Path, help="IANA's tls-parameters-4.csv")
    parser.add_argument("--taken", required=True, help="when that file was taken")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it would differ")
    arguments = parser.parse_args()
    text = table(arguments.iana, arguments.taken)
    if arguments.check:
        return int(text != TARGET.read_text(encoding="utf-8"))
    TARGET.write_text(text, encoding="utf-8", newline="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
