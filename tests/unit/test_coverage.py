"""Coverage: what a capture could tell, and what it could not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.command import SAMPLES
from support.tables import capture_row, handshake_row

import tlsaudit
from tlsaudit import schema
from tlsaudit.coverage import SHAPES_OF_ONE_MACHINE, covered, too_short
from tlsaudit.events import Spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlsaudit import Audit

    MakeAudit = Callable[..., Audit]


def limited(audit: Audit) -> set[str]:
    table = audit.coverage
    assert list(table.columns) == [column.name for column in schema.COVERAGE]
    assert table["meaning"].notna().tolist() == table["limits"].tolist()
    return set(table[table["limits"]]["kind"].astype("object"))


def test_a_working_day_of_whole_connections_is_good_enough(make_audit: MakeAudit) -> None:
    first = pd.Timestamp("2026-03-02 08:00:00", tz="UTC").value
    day = capture_row(first_ts=first, last_ts=first + 8 * 3600 * 10**9)
    audit = make_audit([handshake_row()], captures=[day])
    assert limited(audit) == set()
    assert (
        covered(audit.captures, audit.files) == "8.0 hours, the hello of 40 of 40 TLS connections"
    )


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({}, set()),
        ({"unheard_streams": 2}, {"hellos"}),
        ({"one_sided_streams": 1}, {"directions"}),
        # Frames were cut, but no hello was.
        ({"truncated_frames": 7}, set()),
        ({"undecoded_frames": 1}, {"readable-frames"}),
        ({"opaque_frames": 1}, {"readable-frames"}),
        ({"error_kind": "cut", "error": "office.pcapng: cut"}, {"end"}),
        ({"tls_streams": 0}, {"hellos", "directions"}),
    ],
)
def test_what_is_missing_limits(
    make_audit: MakeAudit, values: dict[str, object], kinds: set[str]
) -> None:
    audit = make_audit([handshake_row()], captures=[capture_row(**values)])
    # Ten minutes are less than a working day.
    assert limited(audit) == kinds | {"time"}


def test_defects_of_handshakes_count_as_gaps_and_cuts(make_audit: MakeAudit) -> None:
    rows = [
        handshake_row(number=1, defect="gap", defect_at="frame 1"),
        handshake_row(number=2, defect="truncated", defect_at="frame 2"),
    ]
    audit = make_audit(rows, captures=[capture_row(truncated_frames=3)])
    assert limited(audit) == {"time", "gaps", "whole-frames"}


def test_an_address_with_many_kinds_of_hello_looks_shared(make_audit: MakeAudit) -> None:
    def rows(kinds: int) -> list[dict[str, object]]:
        return [handshake_row(number=n, client_cipher_suites=[n + 1]) for n in range(kinds)]

    assert "addresses" not in limited(make_audit(rows(SHAPES_OF_ONE_MACHINE)))
    assert "addresses" in limited(make_audit(rows(SHAPES_OF_ONE_MACHINE + 1)))


def test_captures_at_the_same_time_are_counted_once(make_audit: MakeAudit) -> None:
    twice = [capture_row(), capture_row(capture="again.pcapng")]
    audit = make_audit([handshake_row()], captures=twice)
    assert covered(audit.captures, audit.files).startswith("10.0 minutes")


def test_the_time_between_captures_is_not_covered(make_audit: MakeAudit) -> None:
    first = pd.Timestamp("2019-03-02 08:00:00", tz="UTC").value
    early = capture_row(capture="early.pcapng", first_ts=first, last_ts=first + 60 * 10**9)
    audit = make_audit([handshake_row()], captures=[early, capture_row()])
    assert covered(audit.captures, audit.files).startswith("11.0 minutes, ")


def test_the_time_between_joined_files_is_not_covered(make_audit: MakeAudit) -> None:
    first, last = (pd.Timestamp(each, tz="UTC").value for each in ("2019-03-02", "2026-03-02"))
    minute = 60 * 10**9
    joined = capture_row(first_ts=first, last_ts=last + 2 * minute)
    audit = make_audit([handshake_row()], captures=[joined])
    shared = {"capture": "office.pcapng", "frames_before": 0, "frames": 500, "bytes_read": 9}
    files = [
        {**shared, "file": "a.pcapng", "first_ts": first, "last_ts": first + minute},
        {**shared, "file": "b.pcapng", "first_ts": last, "last_ts": last + 2 * minute},
        {**shared, "file": "c.pcapng"},
    ]
    audit = replace(audit, files=schema.from_rows(files, schema.FILES))
    (row,) = audit.coverage[audit.coverage["kind"] == "time"].to_dict("records")
    assert (row["count"], row["measure"], row["limits"]) == (180, "3.0 minutes", True)
    assert covered(audit.captures, audit.files).startswith("3.0 minutes, ")
    assert too_short(audit.captures, audit.files) is not None
    spans = Spans(audit.captures, audit.files)
    assert [spans.hold(each) for each in (first, first + 60 * minute, last)] == [True, False, True]


def test_none_of_none_is_not_good(make_audit: MakeAudit) -> None:
    counts = dict.fromkeys(("frames", "tls_streams", "unheard_streams", "handshakes"), 0)
    table = make_audit([], captures=[capture_row(**counts)]).coverage.set_index("kind")
    for kind in ("hellos", "directions", "whole-frames", "gaps", "readable-frames"):
        assert (table["limits"][kind], table["total"][kind]) == (True, 0)
        assert table["measure"][kind].startswith("no "), kind


def test_directions_are_told_of_the_connections_whose_hello_was_seen(
    make_audit: MakeAudit,
) -> None:
    values = {"tls_streams": 0, "unheard_streams": 6}
    table = make_audit([], captures=[capture_row(**values)]).coverage.set_index("kind")
    assert table["measure"]["hellos"] == "the hello of 0 of 6 TLS connections was seen"
    assert table["measure"]["directions"] == "no hello was seen"


def test_a_connection_older_than_its_capture_is_missed() -> None:
    audit = tlsaudit.audit(str(SAMPLES / "begins-after-hellos.pcap"))
    assert {"time", "hellos"} <= limited(audit)
    assert covered(audit.captures, audit.files).endswith("the hello of 0 of 1 TLS connections")
    assert "covered: " in audit.summary()


def test_an_engine_that_does_not_count_leaves_it_out() -> None:
    audit = tlsaudit.audit(str(SAMPLES / "tls12-openssl.pcapng"), engine="scapy")
    assert covered(audit.captures, audit.files) == "nothing"
    assert set(audit.coverage["kind"].astype("object")) == {"end", "addresses"}
