"""The table of what tshark found in the corpus, as an engine's reading.

The table was made once, by one pass of tshark 4.0.17, and holds hellos only.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tlsaudit.engines import tshark
from tlsaudit.engines.messages import (
    Endpoint,
    Message,
    client_hello_cells,
    server_hello_cells,
)
from tlsaudit.engines.reading import Found, Reading, reading_of

if TYPE_CHECKING:
    from tlsaudit.inputs import Input

_TRANSPORTS = {"dtls": "dtls", "eap-tls": "eap", "quic": "quic"}


class Table:
    """What can be compared with the table."""

    LACKS: ClassVar = {
        **tshark.LACKS,
        **dict.fromkeys(
            (
                "client",
                "client_mac",
                "server",
                "compression_method",
                "negotiated_group",
                "negotiated_alpn",
                "downgrade_sentinel",
            ),
            "the table has no such column",
        ),
    }
    TRANSPORTS = tshark.TRANSPORTS


def reading(truth: Path, inputs: list[Input]) -> Reading:
    """The table of these captures, alerts left out: of those it holds only some."""
    return reading_of(
        inputs, [_found(truth / f"{each.name}.jsonl") for each in inputs], "tshark", ""
    )


def _found(path: Path) -> Found:
    found = Found()
    # The table has no message numbers of DTLS: a client counts on when it is asked to.
    numbers: Counter[str] = Counter()
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            stream = fields.get("stream") or ""
            numbers[stream] += fields["type"] == "hello_verify_request" or bool(fields.get("hrr"))
            if fields["type"] != "alert":
                number = numbers[stream] if fields["proto"] == "dtls" else None
                found.messages.append(_message(fields, number))
                found.layers[fields["frame"]] = fields["protocols"]
    return found


def _message(fields: dict[str, Any], number: int | None) -> Message:
    stream = fields.get("stream") or ""
    layer, _, index = stream.partition(":")
    ends = [
        Endpoint(fields.get(address), fields.get(port), None)
        for address, port in (("src", "sport"), ("dst", "dport"))
    ]
    kind, cells = _cells(fields)
    # The table has no random. Hellos with the same suites and name are taken to have the same.
    told = [fields["type"], fields.get("ciphers"), fields.get("sni")]
    return Message(
        kind,
        fields["frame"],
        None,
        _TRANSPORTS.get(fields["proto"], layer or "eap"),
        int(index) if index else None,
        ends[0],
        ends[1],
        cells,
        json.dumps(told).encode(),
        number,
    )


def _cells(fields: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if fields["type"] == "hello_verify_request" or fields.get("hrr"):
        return "retry_request", {}
    record_version = _code(fields["record_version"])
    version = _code(fields["version"]) or 0
    if fields["type"] == "ssl2_server_hello":
        cells = server_hello_cells(legacy_version=version, cipher_suite=None)
        return "server_hello", {"record_version": record_version, **cells}
    if fields["type"] == "server_hello":
        cells = server_hello_cells(
            legacy_version=version,
            cipher_suite=_code(fields["cipher"]),
            supported_version=_code(fields["selected_version"]),
            ja3s=fields["ja3s"],
        )
        return "server_hello", {"record_version": record_version, **cells}
    suites = _codes(fields["ciphers"])
    if fields["type"] == "ssl2_client_hello":
        return "client_hello", client_hello_cells(
            record_version=record_version,
            legacy_version=version,
            cipher_suites=[suite for suite in suites if suite <= 0xFFFF],
            ssl2_cipher_kinds=[suite for suite in suites if suite > 0xFFFF],
        )
    # The table has an empty list where an extension is absent.
    extensions = fields["extensions"]
    name = fields["sni"]
    return "client_hello", client_hello_cells(
        record_version=record_version,
        legacy_version=version,
        cipher_suites=suites,
        extensions=extensions or None,
        supported_versions=_codes(fields["supported_versions"]) if 43 in extensions else None,
        groups=_codes(fields["groups"]) if 10 in extensions else None,
        alpn=[each.encode() for each in fields["alpn"]] if 16 in extensions else None,
        server_name=None if name is None else name.encode(),
        ja3=fields["ja3"],
    )


def _code(value: str | None) -> int | None:
    """A code point as a number."""
    return None if value is None else int(value, 16)


def _codes(values: list[str] | None) -> list[int]:
    return [int(value, 16) for value in values or []]
