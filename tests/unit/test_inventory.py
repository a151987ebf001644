"""The client table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import (
    NO_ANSWER,
    OLD_ANSWER,
    OLD_VERSION,
    TLS13,
    TRIPLE_DES,
    handshake_row,
    make_handshakes,
    office_rows,
)

from tlsaudit import schema
from tlsaudit.findings import find, load_policy
from tlsaudit.inventory import clients

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD_SUITES = {"client_cipher_suites": [0x1301, 0xC02F]}


def table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    handshakes = make_handshakes(list(rows))
    made = clients(handshakes, find(handshakes, load_policy("entra")))
    schema.check(made, schema.CLIENTS)
    return made


def one(*rows: dict[str, Any]) -> dict[str, Any]:
    made = table(rows)
    assert len(made) == 1
    return {str(name): value for name, value in made.to_dict("records")[0].items()}


def test_no_handshakes_are_no_clients() -> None:
    assert table([]).empty


def test_a_row_counts_what_the_client_did() -> None:
    row = one(
        handshake_row(number=5, **GOOD_SUITES),
        handshake_row(number=1, capture="b.pcap", **OLD_ANSWER, **GOOD_SUITES, server_name=None),
        handshake_row(number=2, **TRIPLE_DES, **TLS13, server_port=636),
        handshake_row(number=3, **NO_ANSWER, outcome="rejected", server_name="b", **GOOD_SUITES),
        handshake_row(number=4, server_legacy_version=0xFEFD, outcome="failed", defect="gap"),
    )
    assert {
        name: row[name]
        for name in ("handshakes", "completed", "rejected", "failed", "captures", "defects")
    } == {"handshakes": 5, "completed": 3, "rejected": 1, "failed": 1, "captures": 2, "defects": 1}
    assert (row["servers"], row["server_names"]) == (2, 2)
    assert (row["tls10"], row["tls12"], row["tls13"], row["other_version"]) == (1, 1, 1, 1)
    assert (row["negotiated_3des"], row["offered_3des"]) == (1, 2)
    assert (row["max_offered_version"], row["min_negotiated_version"]) == (0x0304, 0x0301)
    assert (row["last_seen"] - row["first_seen"]) == pd.Timedelta(seconds=4)
    assert row["worst_severity"] == "high"
    assert list(row["rules"]) == ["3des-negotiated", "3des-offered", "tls10-negotiated"]
    assert row["findings"] == 4


def test_what_was_never_seen_is_null_and_not_zero() -> None:
    nothing = dict.fromkeys(name for name in handshake_row() if name.startswith("client_"))
    row = one(
        handshake_row(
            **{**nothing, **NO_ANSWER, "client_ip": "192.0.2.10", "ts": None},
            outcome="client_only",
        )
    )
    assert pd.isna(row["max_offered_version"])
    assert pd.isna(row["min_negotiated_version"])
    assert pd.isna(row["first_seen"])
    assert (row["hello_shapes"], row["findings"], row["worst_severity"]) == (0, 0, "none")
    assert list(row["rules"]) == []


def test_drafts_count_as_tls13_and_rank_below_it() -> None:
    draft = {"client_supported_versions": [0x7F1C], "server_supported_version": 0x7F1C}
    row = one(handshake_row(**draft), handshake_row(number=1, **TLS13))
    assert row["tls13"] == 2
    assert (row["max_offered_version"], row["min_negotiated_version"]) == (0x0304, 0x7F1C)


class TestHelloShapes:
    def test_order_grease_signals_and_passing_extensions_make_no_new_shape(self) -> None:
        row = one(
            handshake_row(client_cipher_suites=[0x1301, 0xC02F], client_extensions=[0, 43, 10]),
            handshake_row(
                number=1,
                client_cipher_suites=[0x3A3A, 0xC02F, 0x1301, 0x00FF],
                client_extensions=[0x4A4A, 10, 43, 21, 41],
            ),
        )
        assert row["hello_shapes"] == 1

    def test_another_suite_or_extension_or_cipher_kind_is_another_stack(self) -> None:
        suites = {"client_cipher_suites": [0x000A], "client_extensions": None}
        row = one(
            handshake_row(**suites),
            handshake_row(number=1, client_cipher_suites=[0x000A, 0x002F], client_extensions=None),
            handshake_row(number=2, client_cipher_suites=[0x000A], client_extensions=[10]),
            handshake_row(number=3, **suites, client_ssl2_cipher_kinds=[0x0700C0]),
        )
        assert row["hello_shapes"] == 4

    def test_a_hello_seen_in_part_has_no_shape(self) -> None:
        row = one(
            handshake_row(),
            handshake_row(number=1, client_cipher_suites=[0xC02F], client_hello_complete=False),
        )
        assert row["hello_shapes"] == 1

    def test_the_same_shape_of_two_clients_counts_for_each(self) -> None:
        made = table([handshake_row(), handshake_row(number=1, client="192.0.2.99")])
        assert made["hello_shapes"].to_list() == [1, 1]


class TestOrder:
    def test_the_worst_come_first_and_equals_by_natural_address(self) -> None:
        old = {**OLD_VERSION, **OLD_ANSWER}
        quiet = ["2001:db8::2", "192.0.2.10", "192.0.2.9", "2001:db8::1", "02:00:00:00:00:01"]
        rows = [
            handshake_row(number=number, client=client, **GOOD_SUITES)
            for number, client in enumerate(quiet)
        ]
        rows += [
            handshake_row(number=20, client="192.0.2.200"),
            handshake_row(number=21, client="192.0.2.100", **old, **GOOD_SUITES),
            handshake_row(number=22, client="192.0.2.101", **old, **TRIPLE_DES),
        ]
        assert table(rows)["client"].to_list() == [
            *("192.0.2.101", "192.0.2.100", "192.0.2.200"),
            *("192.0.2.9", "192.0.2.10", "2001:db8::1", "2001:db8::2", "02:00:00:00:00:01"),
        ]

    @settings(max_examples=8, deadline=None)
    @given(st.permutations(range(len(office_rows()))))
    def test_the_order_of_the_handshakes_does_not_matter(self, order: list[int]) -> None:
        rows = office_rows()
        assert table([rows[place] for place in order]).equals(table(rows))


def test_the_sums_add_up() -> None:
    made = table(office_rows())
    outcomes = ["completed", "failed", "hellos_only", "rejected", "unanswered"]
    outcomes += ["client_only", "server_only"]
    assert (made[outcomes].sum(axis=1) == made["handshakes"]).all()
    assert made["handshakes"].sum() == len(office_rows())
