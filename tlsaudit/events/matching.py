"""Which handshake an event is about: the one that fits best, if it is the only one, or none.

An event is compared with the handshakes of its computer within two seconds. What speaks against a
handshake rules it out (`evidence.py`). Of those that are left the one with the strongest reasons
is meant, if no other has the same; where only the time speaks for it, if there is no other at all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.events.evidence import COMPARED, PER_HANDSHAKE, Weight, weigh
from tlsaudit.events.hosts import Host, Hosts
from tlsaudit.events.meanings import meaning
from tlsaudit.events.record import Logged
from tlsaudit.spans import spans

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NEAR", "PLACE", "Spans", "event_table", "key_of", "place_of", "rows_of"]

NEAR = 2_000_000_000
"""Nanoseconds between a handshake's first frame and an event. A handshake takes that long where
the way is far; more would bring in others."""

PLACE = (
    *("capture", "transport", "stream", "handshake", "client", "server", "server_port"),
    *("alert_frame", "client_hello_frame", "server_hello_frame"),
)
"""The columns of the handshake table that say which handshake is meant, and where it is seen."""

_COLUMNS = (
    *PLACE,
    *("ts", "server_ip", "server_name", "client_hello_complete", "negotiated_version"),
    *("negotiated_cipher_suite", "outcome", "alert_description", "alert_level", "alert_sender"),
    *("end", "client_process", "client_pid"),
)
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one event."""

    because: str | None = None
    row: Row | None = None
    tie: str | None = None
    candidates: int = 0
    others: int = 0
    host: Host | None = None


class Spans:
    """When anything was captured, from the tables of captures and files."""

    def __init__(self, captures: pd.DataFrame, files: pd.DataFrame) -> None:
        self._spans = [
            (first - NEAR, last + NEAR)
            for times in spans(captures, files).values()
            for first, last in times
        ]

    def hold(self, ts: int) -> bool:
        """Whether something was captured at that time, within two seconds."""
        return any(first <= ts <= last for first, last in self._spans)


def event_table(
    logged: Sequence[Logged],
    handshakes: pd.DataFrame,
    names: pd.DataFrame,
    spans: Spans,
) -> pd.DataFrame:
    """Give the table of events (`schema.EVENTS`): each with what it was tied to, or why not."""
    hosts = Hosts(names)
    found = {each.computer: hosts.find(each.computer) for each in logged}
    by_host = {host: _Rows(handshakes, host, logged) for host in found.values() if host is not None}
    answers = []
    for event in logged:
        host = found[event.computer]
        answer = _answer(event, None if host is None else by_host[host], spans)
        answers.append(replace(answer, host=host))
    answers = _one_event_each(logged, answers)
    rows = [_row(event, answer) for event, answer in zip(logged, answers, strict=True)]
    return schema.from_rows(rows, schema.EVENTS)


class _Rows:
    """The handshakes of one computer that are near any event, in the order of time."""

    def __init__(self, handshakes: pd.DataFrame, host: Host, logged: Sequence[Logged]) -> None:
        import pandas as pd

        times = [each.ts for each in logged if each.ts is not None]
        mine = handshakes["client"].isin(host.addresses) | handshakes["server"].isin(host.addresses)
        mine &= handshakes["ts"].notna()
        if times:
            first = pd.Timestamp(max(min(times) - NEAR, pd.Timestamp.min.value + 1), tz="UTC")
            last = pd.Timestamp(min(max(times) + NEAR, pd.Timestamp.max.value), tz="UTC")
            mine &= handshakes["ts"].between(first, last)
        chosen = handshakes.loc[mine, list(_COLUMNS)]
        chosen["has_extensions"] = handshakes.loc[mine, "client_extensions"].notna().to_numpy()
        chosen = chosen.sort_values("ts", kind="stable")
        self.rows: list[Row] = rows_of(chosen) if times else []
        self.times = [int(row["ts"].value) for row in self.rows]
        self.addresses = frozenset(host.addresses)

    def near(self, ts: int) -> list[Row]:
        """The handshakes whose first frame is within two seconds."""
        first, last = bisect_left(self.times, ts - NEAR), bisect_right(self.times, ts + NEAR)
        return self.rows[first:last]

    def sides(self, row: Row) -> list[str]:
        """What the computer was in this handshake."""
        return [side for side in ("client", "server") if row[side] in self.addresses]


def _answer(event: Logged, rows: _Rows | None, spans: Spans) -> _Answer:
    if event.event_id not in COMPARED:
        return _Answer("not-compared")
    if event.ts is None:
        return _Answer("no-time")
    if not spans.hold(event.ts):
        return _Answer("outside")
    if rows is None:
        return _Answer("no-host")
    fits: list[tuple[Weight, Row]] = []
    for row in rows.near(event.ts):
        weights = [weigh(event, row, side) for side in rows.sides(row)]
        best = max((each for each in weights if each is not None), default=None)
        if best is not None:
            fits.append((best, row))
    return _best(event, fits)


def _best(event: Logged, fits: list[tuple[Weight, Row]]) -> _Answer:
    """Of the handshakes that nothing speaks against, the one that is meant."""
    best = max((weight for weight, _ in fits), default=Weight())
    tie = best.tie
    if tie is None:
        if event.event_id == 36871 and event.side != "server":
            return _Answer("never-sent", others=len(fits))
        return _Answer("unclear" if fits else "no-connection", others=len(fits))
    # Where nothing but the time speaks for one, whatever was captured in part may be it as well.
    chosen = [row for weight, row in fits if weight == best or tie == "time"]
    others = len(fits) - len(chosen)
    if len(chosen) > 1:
        return _Answer("several-connections", candidates=len(chosen), others=others)
    return _Answer(None, chosen[0], tie, 1, others)


def _one_event_each(logged: Sequence[Logged], answers: list[_Answer]) -> list[_Answer]:
    """Take back what two events of one kind claim: one of them is about another connection."""
    claims: dict[tuple[Any, ...], list[int]] = {}
    for place, (event, answer) in enumerate(zip(logged, answers, strict=True)):
        if answer.row is not None and event.event_id in PER_HANDSHAKE:
            # Of a machine that talks to itself both sides log.
            key = (event.event_id, event.computer, event.side, key_of(answer.row))
            claims.setdefault(key, []).append(place)
    given = list(answers)
    for places in claims.values():
        if len(places) > 1:
            for place in places:
                given[place] = _Answer(
                    "several-events", candidates=1, others=answers[place].others,
                    host=answers[place].host,
                )  # fmt: skip
    return given


def rows_of(table: pd.DataFrame) -> list[Row]:
    """Give the rows of a table as mappings, with None for null."""
    columns = [
        table[name].astype("object").where(table[name].notna().to_numpy(), None).tolist()
        for name in table.columns
    ]
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def key_of(row: Row) -> tuple[Any, ...]:
    """Give the key of a handshake."""
    stream = row["stream"]
    return (
        str(row["capture"]),
        str(row["transport"]),
        None if stream is None else int(stream),
        int(row["handshake"]),
    )


def place_of(row: Row) -> dict[str, Any]:
    """Give what the tables say of the handshake that something was tied to."""
    frames = (row[name] for name in ("alert_frame", "client_hello_frame", "server_hello_frame"))
    copied = PLACE[:7]
    return {
        **{name: row[name] for name in copied},
        "frame": next((int(frame) for frame in frames if frame is not None), None),
    }


def _row(event: Logged, answer: _Answer) -> dict[str, Any]:
    host = answer.host
    return {
        "log": event.log,
        "record": event.record,
        "ts": event.ts,
        "computer": event.computer,
        "event_id": event.event_id,
        "meaning": meaning(event),
        "side": event.side,
        "process": event.process,
        "pid": event.pid,
        "version": event.version,
        "cipher_suite": event.cipher_suite,
        "alert_description": event.alert,
        "error_state": next(
            (said for name in _STATES if (said := event.text(name)) is not None), None
        ),
        "target_name": event.text("TargetName") or event.text("Name"),
        "local_certificate": event.text("LocalCertSubjectName"),
        "remote_certificate": event.text("RemoteCertSubjectName"),
        "host": None if host is None else ", ".join(host.addresses),
        "host_why": None if host is None else host.why,
        "tie": answer.tie,
        "because": answer.because,
        "candidates": answer.candidates,
        "others": answer.others,
        **({} if answer.row is None else place_of(answer.row)),
    }


_STATES = ("ErrorState", "ErrorStatus", "ErrorCode", "FailureReason")
