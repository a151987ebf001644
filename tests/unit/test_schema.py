"""The tables: their dtypes, what is derived, their text, and their way to a file and back."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import NO_ANSWER, capture_row, handshake_row, make_handshakes

from tlsaudit import registry, schema
from tlsaudit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLES = [schema.HANDSHAKE_TABLE, schema.CLIENTS, schema.FINDINGS, schema.CAPTURES]
ROOT = Path(__file__).resolve().parents[2]


def derived(name: str, **values: Any) -> Any:
    """The value of a derived column for one handshake."""
    return make_handshakes([handshake_row(**values)])[name].iloc[0]


def only(**values: Any) -> dict[str, Any]:
    """A row with every nullable column null, but for the values given."""
    row = dict.fromkeys([column.name for column in schema.HANDSHAKES if column.nullable])
    return handshake_row(**{**row, **values})


class TestDefinitions:
    @pytest.mark.parametrize("columns", TABLES)
    def test_names_are_unique_and_every_column_says_what_it_means(
        self, columns: Sequence[schema.Column]
    ) -> None:
        names = [column.name for column in columns]
        assert len(set(names)) == len(names)
        for column in columns:
            assert column.meaning.endswith("."), column.name

    @pytest.mark.parametrize("columns", TABLES)
    def test_an_empty_table_has_every_column_with_its_dtype(
        self, columns: Sequence[schema.Column]
    ) -> None:
        frame = schema.empty(columns)
        schema.check(frame, columns)
        assert len(frame) == 0

    def test_columns_are_known_without_loading_pandas(self) -> None:
        program = (
            "import sys; from tlsaudit import schema, registry; schema.markdown(); "
            "registry.names_for_core(); "
            "print(*sorted({'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == ""

    def test_generated_pages_are_fresh(self) -> None:
        ran = subprocess.run(
            [sys.executable, "scripts/generate_docs.py", "--check"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")


class TestNegotiatedVersion:
    def test_it_is_the_extension_where_the_server_sent_it(self) -> None:
        row = {"server_legacy_version": 0x0303, "server_supported_version": 0x0304}
        assert derived("negotiated_version", **row) == 0x0304
        assert derived("negotiated_version_name", **row) == "TLS 1.3"

    def test_it_is_the_legacy_version_without_the_extension(self) -> None:
        assert derived("negotiated_version_name", server_legacy_version=0x0301) == "TLS 1.0"

    def test_it_is_null_without_a_server_hello_whatever_the_client_says(self) -> None:
        assert pd.isna(derived("negotiated_version", **NO_ANSWER))
        assert pd.isna(derived("negotiated_version_name", **NO_ANSWER))

    def test_a_server_hello_cut_before_its_extensions_may_be_tls13(self) -> None:
        row = {"client_supported_versions": [0x0304, 0x0303], "server_hello_complete": False}
        assert pd.isna(derived("negotiated_version", **row))

    def test_a_cut_server_hello_is_tls12_if_the_client_did_not_offer_tls13(self) -> None:
        assert derived("negotiated_version", server_hello_complete=False) == 0x0303

    @pytest.mark.parametrize("draft", [0x7F17, 0x7E02, 0xFB1A])
    def test_a_draft_of_tls13_counts_as_an_offer_of_it(self, draft: int) -> None:
        row = {"client_supported_versions": [draft, 0x0303], "server_hello_complete": False}
        assert pd.isna(derived("negotiated_version", **row))

    def test_a_cut_client_hello_may_have_offered_tls13(self) -> None:
        row = {"client_hello_complete": False, "server_hello_complete": False}
        assert pd.isna(derived("negotiated_version", **row))

    def test_an_unseen_client_hello_may_have_offered_tls13(self) -> None:
        row = only(
            server_hello_frame=2,
            server_legacy_version=0x0303,
            server_hello_complete=False,
            outcome="server_only",
        )
        assert pd.isna(make_handshakes([row])["negotiated_version"].iloc[0])

    def test_a_downgrade_sentinel_settles_a_cut_server_hello(self) -> None:
        row = {
            "client_supported_versions": [0x0304, 0x0303],
            "server_hello_complete": False,
            "downgrade_sentinel": "tls12",
        }
        assert derived("negotiated_version", **row) == 0x0303

    def test_a_cut_server_hello_below_tls12_is_settled(self) -> None:
        row = {"server_hello_complete": False, "server_legacy_version": 0x0302}
        assert derived("negotiated_version", client_hello_complete=False, **row) == 0x0302

    def test_names_are_ranked_by_age_and_unknown_numbers_come_last(self) -> None:
        frame = make_handshakes(
            [
                handshake_row(number=number, server_legacy_version=version)
                for number, version in enumerate([0x0303, 0x5555, 0x0300, 0x7F12, 0x0301])
            ]
        )
        names = frame["negotiated_version_name"].sort_values().to_list()
        assert names == ["SSL 3.0", "TLS 1.0", "TLS 1.2", "TLS 1.3 draft 18", "0x5555"]
        assert (frame["negotiated_version_name"] < "TLS 1.2").sum() == 2


class TestOfferedVersions:
    def test_the_legacy_version_counts_only_without_the_extension(self) -> None:
        assert derived("client_max_version", client_legacy_version=0x0302) == 0x0302
        assert pd.isna(derived("client_min_version", client_legacy_version=0x0302))

    def test_grease_and_unknown_numbers_do_not_count(self) -> None:
        row = {"client_supported_versions": [0x7A7A, 0x9999, 0x0302, 0x0301]}
        assert derived("client_max_version", **row) == 0x0302
        assert derived("client_min_version", **row) == 0x0301

    def test_nothing_known_in_the_extension_is_null_and_not_the_legacy_version(self) -> None:
        assert pd.isna(derived("client_max_version", client_supported_versions=[0x7A7A]))
        assert pd.isna(derived("client_max_version", client_supported_versions=[]))

    def test_drafts_rank_below_tls13_though_their_numbers_are_higher(self) -> None:
        row = {"client_supported_versions": [0x7F1C, 0x0304, 0x0303]}
        assert derived("client_max_version", **row) == 0x0304

    def test_dtls_counts_down(self) -> None:
        row = {"client_supported_versions": [0xFEFF, 0xFEFD]}
        assert derived("client_max_version", **row) == 0xFEFD
        assert derived("client_min_version", **row) == 0xFEFF

    def test_a_cut_hello_with_0x0303_may_hide_the_extension(self) -> None:
        assert pd.isna(derived("client_max_version", client_hello_complete=False))

    def test_a_cut_hello_below_0x0303_cannot_have_the_extension(self) -> None:
        row = {"client_hello_complete": False, "client_legacy_version": 0x0301}
        assert derived("client_max_version", **row) == 0x0301

    @settings(max_examples=10, deadline=None)
    @given(st.lists(st.lists(st.sampled_from(sorted(registry.VERSIONS)), max_size=6), max_size=50))
    def test_the_highest_and_lowest_are_those_of_the_registry(
        self, hellos: list[list[int]]
    ) -> None:
        frame = make_handshakes(
            [
                handshake_row(number=number, client_supported_versions=versions)
                for number, versions in enumerate(hellos)
            ]
        )
        for versions, highest, lowest in zip(
            hellos, frame["client_max_version"], frame["client_min_version"], strict=True
        ):
            ranked = [code for code in versions if registry.version_rank(code) is not None]
            ranked.sort(key=lambda code: registry.version_rank(code) or 0)
            assert (None if pd.isna(highest) else highest) == (ranked[-1] if ranked else None)
            assert (None if pd.isna(lowest) else lowest) == (ranked[0] if ranked else None)


class TestTripleDes:
    def test_an_offer_and_a_choice_are_seen(self) -> None:
        row = {"client_cipher_suites": [0x1301, 0xC012], "negotiated_cipher_suite": 0xC012}
        assert derived("offers_3des", **row)
        assert derived("negotiated_3des", **row)

    def test_a_whole_hello_without_it_is_false(self) -> None:
        row = {"client_cipher_suites": [0x0A0A, 0x1301, 0x00FF, 0x5600]}
        assert not derived("offers_3des", **row)  # null would raise
        assert not derived("negotiated_3des", **row)  # null would raise

    def test_a_cut_hello_shows_it_or_nothing(self) -> None:
        row = {"client_hello_complete": False}
        assert derived("offers_3des", client_cipher_suites=[0x000A], **row)
        assert pd.isna(derived("offers_3des", client_cipher_suites=[0x1301], **row))

    def test_it_is_null_where_the_hello_was_not_seen(self) -> None:
        frame = make_handshakes([only()])
        assert frame["offers_3des"].isna().all()
        assert frame["negotiated_3des"].isna().all()

    def test_cipher_kinds_of_ssl20_count(self) -> None:
        row = {"client_cipher_suites": [], "client_ssl2_cipher_kinds": [0x0700C0]}
        assert derived("offers_3des", **row)
        row = {"client_cipher_suites": [], "client_ssl2_cipher_kinds": [0x010080]}
        assert not derived("offers_3des", **row)  # null would raise

    def test_suites_without_a_name_are_written_in_hexadecimal(self) -> None:
        assert derived("negotiated_cipher_suite_name", negotiated_cipher_suite=0xABCD) == "0xABCD"


class TestConversion:
    def test_from_arrow_sorts_by_key_and_gives_every_dtype(self) -> None:
        frame = make_handshakes(
            [handshake_row(number=n, capture=c) for n, c in [(3, "b"), (10, "a"), (9, "a")]]
        )
        engine_gives = schema.to_arrow(
            frame[[c.name for c in schema.HANDSHAKES]], schema.HANDSHAKES
        )
        read = schema.from_arrow(engine_gives)
        schema.check(read, schema.HANDSHAKE_TABLE)
        assert list(zip(read["capture"], read["stream"], strict=True)) == [
            ("a", 9),
            ("a", 10),
            ("b", 3),
        ]

    def test_from_arrow_takes_plain_types_in_chunks_with_different_dictionaries(self) -> None:
        needed = {column.name: None for column in schema.HANDSHAKES if not column.nullable}
        chunks = []
        for capture in ("b.pcap", "a.pcap"):
            row = {name: handshake_row(capture=capture)[name] for name in needed}
            chunk = pa.Table.from_pylist([row])
            encoded = chunk["capture"].combine_chunks().dictionary_encode()
            chunks.append(chunk.set_column(0, "capture", encoded))
        frame = schema.from_arrow(pa.concat_tables(chunks))
        schema.check(frame, schema.HANDSHAKE_TABLE)
        assert frame["capture"].to_list() == ["a.pcap", "b.pcap"]
        assert frame["capture"].cat.categories.to_list() == ["a.pcap", "b.pcap"]
        assert frame["client_cipher_suites"].isna().all()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"outcome": "sunk"}, "outcome: 'sunk' is not one of"),
            ({"outcome": None}, "outcome: null"),
            ({"client_port": 70_000}, "client_port: not uint16"),
            ({"client_cipher_suites": ["x"]}, "client_cipher_suites: not list<uint16>"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_the_name_of_its_column(
        self, change: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(SchemaError, match=f"^{message}"):
            make_handshakes([handshake_row(**change)])

    def test_conform_refuses_unknown_and_missing_columns(self) -> None:
        frame = schema.empty(schema.CLIENTS)
        with pytest.raises(SchemaError, match=r"^sni: not a column"):
            schema.conform(frame.assign(sni=""), schema.CLIENTS)
        with pytest.raises(SchemaError, match=r"^handshakes: the column is missing"):
            schema.conform(frame.drop(columns="handshakes"), schema.CLIENTS)
        assert "client_name" in schema.conform(frame.drop(columns="client_name"), schema.CLIENTS)

    def test_check_finds_what_pandas_did_behind_our_back(self) -> None:
        frame = make_handshakes([handshake_row()])
        schema.check(frame, schema.HANDSHAKE_TABLE)
        with pytest.raises(SchemaError, match=r"^client_port: the dtype is float64"):
            schema.check(frame.astype({"client_port": "float64"}), schema.HANDSHAKE_TABLE)
        with pytest.raises(SchemaError, match="order"):
            schema.check(frame[frame.columns[::-1]], schema.HANDSHAKE_TABLE)

    def test_parquet_gives_back_the_same_table(self, tmp_path: Path) -> None:
        frame = make_handshakes([handshake_row(), only(number=1, client_alpn=["h2", "http/1.1"])])
        path = tmp_path / "handshakes.parquet"
        schema.write_parquet(frame, schema.HANDSHAKE_TABLE, path)
        read = schema.read_parquet(path, schema.HANDSHAKE_TABLE)
        pd.testing.assert_frame_equal(read, frame)
        schema.check(read, schema.HANDSHAKE_TABLE)

    def test_parquet_of_another_table_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "clients.parquet"
        schema.write_parquet(schema.empty(schema.CLIENTS), schema.CLIENTS, path)
        with pytest.raises(SchemaError, match=r"^client_name: not a column"):
            schema.read_parquet(path, schema.FINDINGS)

    def test_captures_keep_their_order_and_their_nanoseconds(self) -> None:
        rows = [
            capture_row(capture="z.pcap", first_ts=1_502_118_944_719_194_123),
            {"capture": "a.txt", "readable": False, "error_kind": "not_a_capture", "error": "x"},
        ]
        for row in rows:
            for column in schema.CAPTURES:
                if not column.nullable:
                    row.setdefault(column.name, [] if column.is_list else 0)
        frame = schema.captures_frame(rows)
        schema.check(frame, schema.CAPTURES)
        assert frame["capture"].to_list() == ["z.pcap", "a.txt"]
        assert frame["first_ts"].iloc[0].value == 1_502_118_944_719_194_123
        assert pd.isna(frame["first_ts"].iloc[1])
        with pytest.raises(SchemaError, match=r"^colour: not a column"):
            schema.captures_frame([{**rows[0], "colour": "red"}])


def as_csv(frame: pd.DataFrame, columns: Sequence[schema.Column]) -> str:
    text = io.StringIO()
    schema.to_csv(frame, columns, text)
    return text.getvalue()


def as_jsonl(frame: pd.DataFrame, columns: Sequence[schema.Column]) -> str:
    text = io.StringIO()
    schema.to_jsonl(frame, columns, text)
    return text.getvalue()


def column(name: str) -> tuple[schema.Column, ...]:
    return tuple(c for c in schema.HANDSHAKE_TABLE if c.name == name)


class TestText:
    @pytest.mark.parametrize(
        ("name", "value", "in_csv", "in_json"),
        [
            ("negotiated_cipher_suite", 0x000A, "0x000A", '"0x000A"'),
            ("client_cipher_suites", [0x0A0A, 0x1301], "0x0A0A;0x1301", '["0x0A0A","0x1301"]'),
            ("client_cipher_suites", [], "", "[]"),
            ("client_cipher_suites", None, "", "null"),
            ("client_ssl2_cipher_kinds", [0x0700C0], "0x0700C0", '["0x0700C0"]'),
            ("client_alpn", ["h2", "a;b"], r"h2;a\x3bb", '["h2","a;b"]'),
            ("client_alpn", ["=1", "h2"], "'=1;h2", '["=1","h2"]'),
            ("alert_description", 40, "40", "40"),
            ("client_port", None, "", "null"),
            ("client_ech", True, "true", "true"),
            ("client_ech", False, "false", "false"),
            ("ts", 1_502_118_944_719_194_000, "2017-08-07T15:15:44.719194000Z", None),
            ("ts", None, "", "null"),
            ("server_name", "a.example", "a.example", '"a.example"'),
            ("server_name", "", "", '""'),
            ("server_name", "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", None),
            ("server_name", "+1", "'+1", '"+1"'),
            ("server_name", "-1", "'-1", '"-1"'),
            ("server_name", "@a", "'@a", '"@a"'),
            ("server_name", "\t=1", "'\t=1", r'"\t=1"'),
            ("server_name", "\r=1", '"\'\r=1"', r'"\r=1"'),
            ("server_name", 'a"b,c\nd', '"a""b,c\nd"', r'"a\"b,c\nd"'),
            ("server_name", "\x1b\x7f\u2028é\\", "\x1b\x7f\u2028é\\", '"\\u001b\x7f\u2028é\\\\"'),
        ],
    )
    def test_a_value_is_written_as_the_rules_say(
        self, name: str, value: Any, in_csv: str, in_json: str | None
    ) -> None:
        frame = make_handshakes([handshake_row(**{name: value})])[[name]]
        assert as_csv(frame, column(name)) == f"{name}\n{in_csv}\n"
        if in_json is None:
            in_json = json.dumps(in_csv.removeprefix("'"))
        assert as_jsonl(frame, column(name)) == f'{{"{name}":{in_json}}}\n'

    def test_columns_are_in_the_order_of_the_schema(self) -> None:
        frame = make_handshakes([handshake_row(), only(number=1)])
        names = [column.name for column in schema.HANDSHAKE_TABLE]
        lines = as_csv(frame, schema.HANDSHAKE_TABLE).splitlines()
        assert lines[0].split(",") == names
        objects = [
            json.loads(line) for line in as_jsonl(frame, schema.HANDSHAKE_TABLE).splitlines()
        ]
        assert [list(each) for each in objects] == [names, names]
        assert objects[0]["negotiated_version"] == "0x0303"
        assert objects[1]["negotiated_version"] is None

    @settings(deadline=None)
    @given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
    def test_any_server_name_survives_and_starts_no_formula(self, names: list[str]) -> None:
        frame = pd.DataFrame({"server_name": pd.Series(names, dtype="str")})
        rows = list(csv.reader(io.StringIO(as_csv(frame, column("server_name")), newline="")))[1:]
        # csv.reader gives an empty line as an empty row.
        cells = [row[0] if row else "" for row in rows]
        assert [
            cell[1:] if cell[:1] == "'" and n[:1] != "'" else cell
            for cell, n in zip(cells, names, strict=True)
        ] == names
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
        read = [
            json.loads(line)["server_name"]
            for line in as_jsonl(frame, column("server_name")).split("\n")[:-1]
        ]
        assert read == names

    def test_a_path_is_written_as_utf8_with_bare_line_feeds(self, tmp_path: Path) -> None:
        frame = make_handshakes([handshake_row(server_name="é")])[["server_name"]]
        schema.to_csv(frame, column("server_name"), tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == b"server_name\n\xc3\xa9\n"

    def test_many_rows_are_written_as_one_table(self) -> None:
        frame = pd.DataFrame({"stream": pd.Series(range(45_000), dtype="UInt32")})
        lines = as_csv(frame, column("stream")).splitlines()
        assert lines == ["stream", *map(str, range(45_000))]
