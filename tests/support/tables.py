"""Tables for tests: literal rows, through the schema, as an engine would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# 2026-03-02 08:00:00 UTC, in nanoseconds.
_START = 1_772_438_400_000_000_000

# One string for each way out of an output: HTML, SVG, spreadsheets, mathtext, rich's markup,
# terminal escapes (as the core hands them over: escaped), templates.
HOSTILE = r"<script>alert(1)</script>'\"&<!--$\bad{$[/red]{{7*7}}\x1b[31m"
HOSTILE_FORMULA = "=cmd|' /C calc'!A0"
HOSTILE_CAPTURE = "a\"b'c\n<img src=x onerror=alert(2)>\x1b[2J\u202efdp.pcap"


def handshake_row(**values: Any) -> dict[str, Any]:
    """A completed TLS 1.2 handshake, but for the values given."""
    number = values.pop("number", 0)
    row: dict[str, Any] = {
        "capture": "office.pcapng",
        "transport": "tcp",
        "stream": number,
        "handshake": 0,
        "ts": _START + number * 1_000_000_000,
        "carrier": "tls",
        "client": "192.0.2.10",
        "client_port": 50_000 + number,
        "server": "198.51.100.1",
        "server_ip": "198.51.100.1",
        "server_port": 443,
        "server_name": "login.example.net",
        "client_hello_frame": number * 10 + 4,
        "server_hello_frame": number * 10 + 6,
        "record_version": 0x0301,
        "client_legacy_version": 0x0303,
        "client_supported_versions": None,
        "client_cipher_suites": [0xC02F, 0x000A],
        "client_extensions": [0, 10, 11],
        "client_ech": False,
        "client_fallback_scsv": False,
        "client_hello_complete": True,
        "server_legacy_version": 0x0303,
        "negotiated_cipher_suite": 0xC02F,
        "compression_method": 0,
        "server_hello_complete": True,
        "hello_retry_request": False,
        "outcome": "completed",
        "end": "fin-client",
        "payload_bytes": 4096,
        "missed_bytes": 0,
        "engine": "native",
    }
    row.update(values)
    row.setdefault("client_ip", row["client"])
    return row


def capture_row(**values: Any) -> dict[str, Any]:
    """A pcapng that was read to its end, but for the values given."""
    row: dict[str, Any] = {
        "capture": "office.pcapng",
        "readable": True,
        "format": "pcapng",
        "compression": None,
        "link_types": [1],
        "interfaces": 1,
        "frames": 1000,
        "first_ts": _START,
        "last_ts": _START + 600 * 1_000_000_000,
        "bytes_read": 123_456,
        "truncated_frames": 0,
        "undecoded_frames": 0,
        "opaque_frames": 0,
        "tcp_streams": 60,
        "tls_streams": 40,
        "udp_streams": 0,
        "authentications": 0,
        "one_sided_streams": 0,
        "unheard_streams": 0,
        "refusals": 0,
        "set_aside": 0,
        "handshakes": 40,
        "error_kind": None,
        "error": None,
        "limits": None,
        "remarks": None,
        "windows_build": None,
        "events_lost": None,
        "frames_dropped": None,
        "frames_repeated": 0,
    }
    row.update(values)
    return row


OLD_VERSION = {"client_legacy_version": 0x0301, "client_extensions": None}
OLD_ANSWER = {"server_legacy_version": 0x0301}
TRIPLE_DES = {"negotiated_cipher_suite": 0x000A}
NO_ANSWER = {
    "server_hello_frame": None,
    "server_legacy_version": None,
    "negotiated_cipher_suite": None,
    "compression_method": None,
    "server_hello_complete": None,
    "payload_bytes": 0,
}
TLS13 = {"client_supported_versions": [0x2A2A, 0x0304, 0x0303], "server_supported_version": 0x0304}


def make_handshakes(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The handshake table of these rows, derived columns included."""
    import pandas as pd

    from tlsaudit import schema

    names = [column.name for column in schema.HANDSHAKES]
    frame = pd.DataFrame(rows, columns=names, dtype="object")
    frame["ts"] = pd.to_datetime(frame["ts"], utc=True)
    return schema.derive(schema.conform(frame, schema.HANDSHAKES))


def office_rows() -> list[dict[str, Any]]:
    """Twelve clients: two negotiate TLS 1.0, one 3DES, one offers TLS 1.0 and is refused."""
    rows = [
        handshake_row(number=number, client=f"192.0.2.{number + 20}", **TLS13, server_name=name)
        for number, name in enumerate(["www.example.com", "mail.example.com"] * 4)
    ]
    old = {**OLD_VERSION, **OLD_ANSWER}
    rows += [
        handshake_row(number=20, client="192.0.2.11", **old, server_port=636),
        handshake_row(number=21, client="192.0.2.11", **old, server_port=636),
        handshake_row(number=22, client="192.0.2.11", **old, **TRIPLE_DES, server_name=None),
        handshake_row(number=23, client="2001:db8::17", server="2001:db8::1", **OLD_ANSWER),
        handshake_row(number=24, client="192.0.2.12", **TRIPLE_DES),
        handshake_row(number=25, client="192.0.2.12"),
        handshake_row(
            number=26,
            client="192.0.2.13",
            **OLD_VERSION,
            **NO_ANSWER,
            outcome="rejected",
            alert_description=70,
            alert_level=2,
            alert_sender="server",
            alert_frame=266,
        ),
    ]
    return rows
