"""Stored tables of handshakes: every form reads back as the table that was written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from support.tables import HOSTILE, HOSTILE_FORMULA, handshake_row, make_handshakes, office_rows

from tlsaudit import schema
from tlsaudit.errors import SchemaError
from tlsaudit.reports.export import REPORT_FORMATS, table_bytes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ROWS = [
    *office_rows(),
    handshake_row(number=40, server_name=HOSTILE_FORMULA, client_alpn=["h2", "a;b", "=1"]),
    handshake_row(number=41, server_name=HOSTILE, ts=None, client_ssl2_cipher_kinds=[0x0700C0]),
    handshake_row(number=42, capture="b.pcap", client_cipher_suites=[0xFFFF] * 32_000),
]


def text(handshakes: pd.DataFrame) -> str:
    written = io.StringIO()
    schema.to_jsonl(handshakes, schema.HANDSHAKE_TABLE, written)
    return written.getvalue()


def stored(folder: Path, form: str, rows: list[dict[str, object]], name: str = "table") -> Path:
    path = folder / f"{name}.of-any-name"
    path.write_bytes(table_bytes("handshakes", make_handshakes(rows), form))
    return path


@pytest.mark.parametrize("form", REPORT_FORMATS)
def test_what_was_written_is_read_back(form: str, tmp_path: Path) -> None:
    again = schema.read_handshake_tables(stored(tmp_path, form, ROWS))
    schema.check(again, schema.HANDSHAKE_TABLE)
    keys = list(schema.HANDSHAKE_KEY)
    assert text(again) == text(make_handshakes(ROWS).sort_values(keys, kind="stable"))


def test_several_tables_of_several_forms_are_one(tmp_path: Path) -> None:
    parts = [
        stored(tmp_path, form, ROWS[start::3], form) for start, form in enumerate(REPORT_FORMATS)
    ]
    whole = schema.read_handshake_tables(stored(tmp_path, "parquet", ROWS))
    assert text(schema.read_handshake_tables(*parts)) == text(whole)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a table of handshakes"),
        (b"PAR1", "not a table of handshakes"),
        (b"{nonsense", "not a table of handshakes"),
        (b'{"colour":"red"}\n', "not a table of handshakes"),
        (b"colour,taste\nred,sour\n", "not a table of handshakes: colour: not a column"),
        (b"capture,stream\na.pcap,1\n", "not a table of handshakes: transport: the column is"),
        (b"capture,stream\na.pcap,x\n", "not a table of handshakes"),
        (b"\xff\xfe\x00", "not a table of handshakes"),
    ],
)
def test_what_is_no_table_is_said_with_its_name(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=f"odd.csv: {message}"):
        schema.read_handshake_tables(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"none\.csv: cannot be read"):
        schema.read_handshake_tables(tmp_path / "none.csv")
