"""Findings gathered for reading: which handshakes of a client show the same thing, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit.findings import RULES
from tlsaudit.reports.wording import is_null, server_text
from tlsaudit.safe_text import tshark_line
from tlsaudit.schema import HANDSHAKE_KEY

if TYPE_CHECKING:
    import pandas

__all__ = ["Group", "Mark", "groups_by_client"]


@dataclass(frozen=True, order=True)
class Mark:
    """What one rule says of one handshake; marks sort by severity, then as the rules do."""

    rank: int
    order: int
    rule: str
    severity: str = field(compare=False)
    basis: str = field(compare=False)
    observed: str


# Client, server, server name, and what its handshakes show.
_Shape: TypeAlias = "tuple[str, str, str | None, tuple[Mark, ...]]"


@dataclass(frozen=True)
class Group:
    """Handshakes of one client with one server that show the same, and the first of them."""

    client: str
    server: str
    server_name: str | None
    marks: tuple[Mark, ...]
    handshakes: int
    capture: str
    client_hello_frame: int | None
    server_hello_frame: int | None

    @property
    def frames(self) -> tuple[int, ...]:
        """The frames of the hellos of the first handshake, as far as they were captured."""
        both = (self.client_hello_frame, self.server_hello_frame)
        return tuple(frame for frame in both if frame is not None)

    @property
    def frames_text(self) -> str:
        """Where the evidence of the first handshake is, in words."""
        named = (
            ("ClientHello", self.client_hello_frame),
            ("ServerHello", self.server_hello_frame),
        )
        return ", ".join(f"{what} in frame {frame}" for what, frame in named if frame is not None)

    @property
    def tshark(self) -> str | None:
        """The command that shows these frames; None where the capture was standard input."""
        return tshark_line(self.capture, self.frames)


def groups_by_client(findings: pandas.DataFrame, clients: Iterable[str]) -> dict[str, list[Group]]:
    """Give the groups of each of these clients, the worst first, then by server."""
    chosen = findings[findings["client"].isin(list(clients))]
    counts: dict[_Shape, int] = {}
    first: dict[_Shape, dict[Any, Any]] = {}
    for row, marks in _by_handshake(chosen):
        name = None if is_null(row["server_name"]) else str(row["server_name"])
        server = server_text(row["server"], row["server_port"])
        shape = (str(row["client"]), server, name, marks)
        counts[shape] = counts.get(shape, 0) + 1
        first.setdefault(shape, row)
    result: dict[str, list[Group]] = {}
    for shape, row in first.items():
        group = Group(
            *shape,
            counts[shape],
            str(row["capture"]),
            _frame(row["client_hello_frame"]),
            _frame(row["server_hello_frame"]),
        )
        result.setdefault(group.client, []).append(group)
    for groups in result.values():
        groups.sort(key=lambda each: (each.marks, each.server, each.server_name or ""))
    return result


def _by_handshake(
    findings: pandas.DataFrame,
) -> Iterator[tuple[dict[Any, Any], tuple[Mark, ...]]]:
    """Give a row and all marks of each handshake that has findings, in the order of the table."""
    order = {rule.ident: position for position, rule in enumerate(RULES)}
    rows: dict[tuple[Any, ...], dict[Any, Any]] = {}
    marks: dict[tuple[Any, ...], list[Mark]] = {}
    ranks = findings["severity"].cat.codes
    for row, rank in zip(findings.to_dict("records"), ranks, strict=True):
        # Null is one value here, as it is in the key of the table.
        key = tuple(None if is_null(row[name]) else row[name] for name in HANDSHAKE_KEY)
        rows.setdefault(key, row)
        rule = str(row["rule"])
        mark = Mark(
            -int(rank),
            order[rule],
            rule,
            str(row["severity"]),
            str(row["basis"]),
            str(row["observed"]),
        )
        marks.setdefault(key, []).append(mark)
    for key, row in rows.items():
        yield row, tuple(sorted(marks[key]))


def _frame(value: Any) -> int | None:
    return None if is_null(value) else int(value)
