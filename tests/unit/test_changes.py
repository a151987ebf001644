"""What has changed since a moment; above all, that not seen is not fixed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from support.tables import handshake_row

from tlsaudit import schema
from tlsaudit.changes import changes, headline, trend
from tlsaudit.findings import load_policy
from tlsaudit.forecast import forecast
from tlsaudit.reports.figures import svg
from tlsaudit.reports.figures.trend import clients_over_time, description

SINCE = pd.Timestamp("2026-03-10", tz="UTC")
BEFORE, AFTER = "2026-03-02T12:00", "2026-03-12T12:00"
OLD, NEW = [0x002F, 0x000A], [0xC02F, 0xC030]
POLICY = load_policy("entra")


def hello(when: str, version: int, suites: list[int] = OLD, **values: Any) -> dict[str, Any]:
    """A handshake that negotiated what was offered, at one service of one client."""
    return {
        "ts": pd.Timestamp(when, tz="UTC").value,
        "client_legacy_version": version,
        "client_cipher_suites": suites,
        "server_legacy_version": version,
        "negotiated_cipher_suite": suites[0],
        **values,
    }


def handshakes(*rows: dict[str, Any]) -> pd.DataFrame:
    numbered = [handshake_row(number=number, **row) for number, row in enumerate(rows)]
    return schema.from_arrow(schema.handshakes_table(numbered))


def of(*rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    table = changes(handshakes(*rows), POLICY, SINCE)
    schema.check(table, schema.CHANGES)
    columns = ["change", "verdict_before", "verdict_after"]
    found = table[columns].astype("object").where(table[columns].notna(), None)
    return list(found.itertuples(index=False, name=None))


def test_a_problem_on_both_sides_is_still_there() -> None:
    assert of(hello(BEFORE, 0x0301), hello(AFTER, 0x0301)) == [
        ("still there", "will break", "will break")
    ]


def test_a_problem_that_comes_later_is_new() -> None:
    assert of(hello(AFTER, 0x0301)) == [("new", None, "will break")]


def test_a_new_stack_that_is_ready_in_place_of_the_old_one_is_fixed() -> None:
    assert of(hello(BEFORE, 0x0301), hello(AFTER, 0x0303, NEW)) == [
        ("fixed", "will break", "ready")
    ]


def test_a_client_that_does_not_come_again_is_not_fixed() -> None:
    assert of(hello(BEFORE, 0x0301)) == [("not seen", "will break", None)]


def test_a_stack_that_was_ready_before_does_not_fix_another_one() -> None:
    rows = hello(BEFORE, 0x0301), hello(BEFORE, 0x0303, NEW), hello(AFTER, 0x0303, NEW)
    assert of(*rows) == [("not seen", "will break", None)]


def test_a_client_that_is_ready_at_another_service_is_not_fixed() -> None:
    rows = hello(BEFORE, 0x0301), hello(AFTER, 0x0303, NEW, server_port=8443)
    assert of(*rows) == [("not seen", "will break", None)]


def test_another_stack_with_a_problem_in_place_of_the_old_one_is_still_there() -> None:
    assert of(hello(BEFORE, 0x0301), hello(AFTER, 0x0302, [0x0035])) == [
        ("still there", "will break", "will break")
    ]


def test_a_server_that_was_upgraded_fixes_the_stack_that_it_held_back() -> None:
    held = hello(BEFORE, 0x0303, NEW, server_legacy_version=0x0301, negotiated_cipher_suite=0xC013)
    assert of(held, hello(AFTER, 0x0303, NEW)) == [("fixed", "server-limited", "ready")]


def test_a_stack_that_gets_worse_is_new_and_says_what_it_was() -> None:
    held = hello(AFTER, 0x0303, NEW, server_legacy_version=0x0301, negotiated_cipher_suite=0xC013)
    assert of(hello(BEFORE, 0x0303, NEW), held) == [("new", "ready", "server-limited")]


def test_what_is_ready_on_both_sides_is_no_row() -> None:
    assert of(hello(BEFORE, 0x0303, NEW), hello(AFTER, 0x0303, NEW)) == []


def test_the_moment_itself_is_after_and_what_has_no_time_is_neither() -> None:
    assert of(hello("2026-03-10", 0x0301)) == [("new", None, "will break")]
    assert of(hello(BEFORE, 0x0301, ts=None)) == []


def test_the_sentence_and_the_headline_say_what_is_not_known() -> None:
    table = changes(handshakes(hello(BEFORE, 0x0301)), POLICY, SINCE)
    assert table["sentence"].item().endswith("was will break, and was not seen there again.")
    assert headline(table) == (
        "problems: 0 new, 0 still there, 1 not seen, 0 fixed; "
        "what was not seen is not known to be fixed."
    )
    assert "not known" not in headline(table.iloc[:0])


def test_the_trend_has_a_row_for_every_day_and_counts_clients_once() -> None:
    table = handshakes(
        hello("2026-03-01T01:00", 0x0301),
        hello("2026-03-01T02:00", 0x0301),
        hello("2026-03-01T03:00", 0x0303, NEW, client="192.0.2.77", client_ip="192.0.2.77"),
        hello("2026-03-03T03:00", 0x0303, NEW),
    )
    found = trend(table, forecast(table, POLICY))
    schema.check(found, schema.TREND)
    assert found["begin"].dt.strftime("%m-%d").tolist() == ["03-01", "03-02", "03-03"]
    assert found[["clients", "concerned", "handshakes"]].values.tolist() == [
        [2, 1, 3],
        [0, 0, 0],
        [1, 0, 1],
    ]
    assert description(found) == (
        "Clients concerned, of all clients seen: 03-01: 1 of 2; 03-02: nothing captured; "
        "03-03: 0 of 1."
    )


@pytest.mark.parametrize(
    ("last", "begins"),
    [("2026-05-30", "2026-02-23"), ("2028-03-01", "2026-03-01")],
    ids=["weeks", "months"],
)
def test_a_long_trend_is_told_in_weeks_and_months(last: str, begins: str) -> None:
    table = handshakes(hello("2026-03-01", 0x0301), hello(last, 0x0301))
    found = trend(table, forecast(table, POLICY))
    assert found["begin"].iloc[0] == pd.Timestamp(begins, tz="UTC")
    assert found["end"].iloc[:-1].tolist() == found["begin"].iloc[1:].tolist()
    assert found["handshakes"].sum() == 2
    assert len(found) < 63


def test_the_figure_says_its_numbers_and_is_the_same_every_time() -> None:
    table = handshakes(hello("2026-03-01", 0x0301), hello("2026-03-03", 0x0303, NEW))
    found = trend(table, forecast(table, POLICY))
    figure = clients_over_time(found)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["1", "\N{EN DASH}", "0"]
    assert svg(figure, "trend") == svg(clients_over_time(found), "trend")
    empty = clients_over_time(trend(table.iloc[:0], forecast(table.iloc[:0], POLICY)))
    assert [text.get_text() for text in empty.axes[0].texts] == ["nothing to show"]
