"""Every capture filter that is printed compiles, and keeps what it is said to keep.

Each sample goes through tcpdump with the filter, and what the core says of the rest is compared
with what it says of the whole. Where that differs the filter is said to miss something, and the
reason stands here; a reason that is not needed any more fails.
"""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support.command import SAMPLES
from support.needs import needs_program

import tlsaudit
from tlsaudit.capturing.filters import handshakes_filter, ports_filter

MANIFEST = tomllib.loads((SAMPLES / "manifest.toml").read_text(encoding="utf-8"))["sample"]

Rows: TypeAlias = "dict[str, list[dict[Any, Any]]]"

PARTIES = ["client", "client_port", "server", "server_port"]
KEY = [*PARTIES, "handshake"]
CONTENT = [
    *("client_legacy_version", "client_supported_versions", "client_cipher_suites"),
    *("client_ssl2_cipher_kinds", "client_extensions", "client_groups", "client_alpn"),
    *("server_name", "client_fallback_scsv", "client_hello_complete", "hello_retry_request"),
    *("server_legacy_version", "server_supported_version", "negotiated_cipher_suite"),
    *("downgrade_sentinel", "alert_description", "alert_level", "alert_sender"),
]

LATER = "a hello goes on in a later segment"
TUNNEL = "what tunnels carry is not looked at"
TAG = "packets with a VLAN tag are asked for by `vlan` alone"
TAGS = "two VLAN tags"
NAME = "a port that is not among those"
NO_TAGS = "libpcap knows no VLAN tags on this kind of link, and refuses the filter"
UNREADABLE = "tcpdump does not read the file"

FILES = dict.fromkeys(
    ("link-two-taps", "pcap-lz4", "pcap-xz", "pcapng-sections", "scenario-scanner",
     "tls12-gnutls-openssl", "tls13-ipv6-openssl-gnutls", "tls13-resumed-psk"),
    UNREADABLE,
)  # fmt: skip
TUNNELS = dict.fromkeys(
    ("ipsec", "link-mpls", "link-pppoe", "tunnel-capwap", "tunnel-erspan", "tunnel-fragments",
     "tunnel-geneve", "tunnel-gre", "tunnel-gtp", "tunnel-ip-in-ip", "tunnel-l2tp",
     "tunnel-nested", "tunnel-teredo", "tunnel-vxlan"),
    TUNNEL,
)  # fmt: skip
TAGGED = {"link-vlan": TAG, "link-sll2": TAG}
SEGMENTED = dict.fromkeys(
    ("chromium", "ethernet-padding", "hello-in-one-byte-records", "hello-in-one-byte-segments",
     "office", "post-quantum", "post-quantum-chromium", "segments-out-of-order",
     "segments-overlapping", "sequence-number-wraps", "small-segments"),
    LATER,
)  # fmt: skip
OTHERS = {
    "link-ppp": "PPP without HDLC's two bytes",
    "openvpn-tcp": "OpenVPN is not looked into",
    "openvpn-udp": "OpenVPN is not looked into",
    "openvpn-udp-tls-auth": "OpenVPN is not looked into",
}

UNTAGGED = dict.fromkeys(
    ("any-interface-sll", "any-interface-sll2", "link-ipv4", "link-ipv6", "link-loop", "link-null",
     "link-null-big-endian", "link-ppp", "link-raw", "link-sll", "link-sll2", "wlan-ppi"),
    NO_TAGS,
)  # fmt: skip

FILTERS = {
    "handshakes": (handshakes_filter(), {**TUNNELS, **TAGGED, **SEGMENTED, **OTHERS}),
    "handshakes, vlan": (
        handshakes_filter(vlan=True),
        {**TUNNELS, **SEGMENTED, **OTHERS, **UNTAGGED, "link-vlan": TAGS},
    ),
    "ports": (
        ports_filter(),
        {
            **TUNNELS,
            **TAGGED,
            **dict.fromkeys(
                ("client-is-tcp-responder", "dtls10-openssl", "dtls12-fragments", "dtls12-openssl",
                 "dtls12-refused", "dtls12-sent-again", "ftp-tls", "http-upgrade", "irc-starttls",
                 "office", "scenario-3des-only", "scenario-one-direction", "sieve-starttls",
                 "socks4", "socks5", "xmpp-starttls"),
                NAME,
            ),
            "link-ppp": OTHERS["link-ppp"],
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _tcpdump() -> None:
    needs_program("tcpdump")


@pytest.fixture(scope="module")
def whole() -> Rows:
    return _rows(SAMPLES / sample["file"] for sample in MANIFEST)


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_left_by_a_filter_says_the_same_as_the_whole(
    name: str, whole: Rows, tmp_path: Path
) -> None:
    chosen, missed = FILTERS[name]
    missed = {**missed, **FILES}
    read = [sample for sample in MANIFEST if _through(sample, chosen, tmp_path)]
    rest = _rows(tmp_path / sample["file"] for sample in read)
    differs = {sample["id"] for sample in MANIFEST} - {
        sample["id"]
        for sample in read
        if _content(whole[sample["file"]]) == _content(rest[sample["file"]])
    }
    assert differs - missed.keys() == set(), "these are missed without a reason"
    assert missed.keys() - differs == set(), "these reasons are not needed any more"
    for sample in read:
        before = _outcomes(whole[sample["file"]])
        for key, outcome in _outcomes(rest[sample["file"]]).items():
            # What is missed never makes a handshake a refused or a failed one.
            allowed = {before.get(key), "hellos_only", "client_only", "server_only"}
            assert outcome in allowed, (sample["id"], key)


def test_the_answer_of_the_office_survives_both_filters(tmp_path: Path) -> None:
    office = SAMPLES / "office.pcapng"
    expected = _concerned(office)
    assert len(expected) > 20
    for chosen in (handshakes_filter(), ports_filter()):
        assert _through({"file": office.name}, chosen, tmp_path)
        rest = tmp_path / office.name
        assert _concerned(rest) == expected
        assert rest.stat().st_size < office.stat().st_size


@pytest.mark.parametrize("vlan", [False, True])
@pytest.mark.parametrize("ports", [[], [443], [636, 3269]])
def test_every_filter_compiles(ports: list[int], vlan: bool) -> None:
    for chosen in (handshakes_filter(vlan), ports_filter(ports, vlan)):
        cooked = () if vlan else ("any-interface-sll2.pcap", "link-null.pcap", "link-raw.pcap")
        for sample in ("tls12-openssl.pcapng", *cooked):
            code = subprocess.run(
                ["tcpdump", "-d", "-r", SAMPLES / sample, chosen],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            assert code.startswith("(000) ")
            # The Linux kernel takes no longer programs (BPF_MAXINSNS).
            assert len(code.splitlines()) < 4096


def _through(sample: dict[str, str], chosen: str, folder: Path) -> bool:
    """Filter a sample into the folder; say whether tcpdump can."""
    done = subprocess.run(
        ["tcpdump", "-r", SAMPLES / sample["file"], "-w", folder / sample["file"], chosen],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _rows(captures: Iterable[Path]) -> Rows:
    """Give the rows of each capture, by its file name, as plain values."""
    paths = [str(path) for path in captures]
    table = tlsaudit.read_handshakes(paths)
    rows: Rows = {Path(path).name: [] for path in paths}
    for row in table[["capture", *KEY, "outcome", *CONTENT]].astype("object").to_dict("records"):
        rows[Path(row["capture"]).name].append(row)
    return rows


def _content(rows: list[dict[Any, Any]]) -> list[str]:
    """Give what was offered, answered and told by alerts, whatever the numbers of frames."""
    return sorted(str([row[name] for name in PARTIES + CONTENT]) for row in rows)


def _outcomes(rows: list[dict[Any, Any]]) -> dict[tuple[str, ...], str]:
    return {tuple(str(row[name]) for name in KEY): row["outcome"] for row in rows}


def _concerned(capture: Path) -> set[tuple[str, str]]:
    """Give the clients concerned with what was negotiated with them or is their best offer."""
    findings = tlsaudit.audit(str(capture)).findings
    rows = findings[findings["severity"] > "info"]
    return set(zip(rows["client"], rows["rule"].astype("object"), strict=True))
