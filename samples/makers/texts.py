"""The texts that describe the samples: expected tables, `manifest.toml`, `README.md`."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from typing import Any

import expected
from sample import EXPECTED_FOLDER, MANIFEST, SAMPLES_FOLDER, Sample

README = SAMPLES_FOLDER / "README.md"

MANIFEST_HEAD = """\
# The captures of this folder. Written by makers/make_all.py; edit the makers, not this file.
#
# id        name of the sample; its table is expected/<id>.csv
# file      the capture
# shows     what it shows
# maker     the script that made it
# sha256    of the file as stored
# kind      captured: real handshakes recorded off a link; crafted: packets put together by hand
# expected  where the hello columns of the table are from: tshark, or (by construction) the maker
# tags      what to find it by
# note      what is peculiar about it or its table
"""

README_TEXT = """\
# Sample captures

Small captures with known contents, for the tests, the demo and the notebook. They were made by
the scripts in `makers/` and are under the project's licence. No traffic of anybody is in them:
the hosts are network namespaces or exist in the packets only, whatever name they answer to, the
addresses are from the documentation and private ranges, the keys were made for the moment and
thrown away.

*Captured* samples are real handshakes between the programs named, recorded with tcpdump or
dumpcap. Making them again gives other random numbers, ports and times, so their tables change
with them. *Crafted* samples hold packets put together with scapy, for what no program sends any
more and for what a network does only once in a while; they come out the same every time.

`expected/<id>.csv` is the handshake table that every engine must give, a subset of the columns in
`docs/columns.md`, sorted by stream and handshake. Its hello and alert columns are read by tshark
(two passes, out-of-order reassembly) and are checked against the bytes by `makers/byte_reader.py`;
tlsaudit has no part in it. Where tshark cannot read a capture the table says what the maker put
into it (*by construction*). `outcome` is always what the maker knows. Strings in it are as the
table holds them, without the apostrophe that `--format csv` sets before a formula.

`make samples` makes everything anew. That needs root, and openssl, gnutls-bin, libnss3-tools,
openjdk-17-jdk-headless, libmbedtls-dev, libwolfssl-dev, gcc, curl, chromium, openvpn, freeradius,
eapoltest, hostapd, wpasupplicant, slapd, ldap-utils, postgresql, mariadb-server, freetds-bin,
postfix, dovecot-imapd, dovecot-pop3d, dovecot-managesieved, vsftpd, lftp, tinyproxy, microsocks,
dante-server, haproxy, cups-daemon, xrdp, freerdp2-x11, xvfb, xauth, prosody, inspircd, nmap,
sslscan, libnice-dev, pkg-config, nftables, iproute2, tcpdump, tshark, zstd and lz4 (Debian's
names), and the Python packages of the extra `samples`. No stack at hand negotiates an export suite
any more, and no Windows is at hand: those handshakes are crafted.
`python samples/makers/make_all.py --texts` rewrites the tables, `manifest.toml` and this page from
the captures as they are, and `--check` says whether they are fresh.

"""


def write(samples: list[tuple[Sample, str]], wanted: Iterable[str]) -> None:
    """Writes the expected tables of the wanted samples, the manifest and the README."""
    chosen = set(wanted)
    for sample, _ in samples:
        if sample.id in chosen:
            expected.write(sample, EXPECTED_FOLDER)
    MANIFEST.write_text(manifest(samples), encoding="utf-8")
    README.write_text(readme(tomllib.loads(MANIFEST.read_text("utf-8"))), encoding="utf-8")


def stale(samples: list[tuple[Sample, str]]) -> list[str]:
    """What no longer fits the captures and makers, one sentence each."""
    problems = []
    if MANIFEST.read_text("utf-8") != manifest(samples):
        problems.append("manifest.toml is not what the makers and captures say")
    if README.read_text("utf-8") != readme(tomllib.loads(MANIFEST.read_text("utf-8"))):
        problems.append("README.md is not what manifest.toml says")
    for sample, _ in samples:
        table = EXPECTED_FOLDER / f"{sample.id}.csv"
        if table.read_text("utf-8") != expected.as_csv(expected.expected_rows(sample)):
            problems.append(f"expected/{table.name} is not what tshark and the maker say")
    known = {sample.file for sample, _ in samples}
    tables = {f"{sample.id}.csv" for sample, _ in samples}
    captures = {path.name for path in SAMPLES_FOLDER.glob("*.pcap*")}
    problems += [f"{name} has no maker" for name in sorted(captures - known)]
    stored = {path.name for path in EXPECTED_FOLDER.glob("*.csv")}
    return problems + [f"expected/{name} belongs to no sample" for name in sorted(stored - tables)]


def manifest(samples: list[tuple[Sample, str]]) -> str:
    """The text of `manifest.toml`."""
    parts = [MANIFEST_HEAD]
    for sample, maker in samples:
        entry: dict[str, Any] = {
            "id": sample.id,
            "file": sample.file,
            "shows": sample.shows,
            "maker": maker,
            "sha256": hashlib.sha256(sample.path.read_bytes()).hexdigest(),
            "kind": sample.kind,
            "expected": "tshark" if sample.rows is None else "by construction",
            "tags": list(sample.tags),
        }
        if sample.note:
            entry["note"] = sample.note
        # JSON strings and arrays of strings are TOML strings and arrays.
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        parts.append("\n".join(["[[sample]]", *lines]) + "\n")
    return "\n".join(parts)


def readme(described: dict[str, Any]) -> str:
    """The text of `README.md` for a parsed manifest."""
    samples = described["sample"]
    lines = [README_TEXT]
    for kind in ("captured", "crafted"):
        lines.append(f"## {kind.capitalize()}\n\n| sample | shows | table from | made by |")
        lines.append("\n|---|---|---|---|\n")
        for entry in samples:
            if entry["kind"] == kind:
                shows = entry["shows"] + (f" ({entry['note']})" if "note" in entry else "")
                cells = (f"`{entry['file']}`", shows, entry["expected"], f"`{entry['maker']}`")
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
        lines.append("\n")
    return "".join(lines).rstrip("\n") + "\n"
