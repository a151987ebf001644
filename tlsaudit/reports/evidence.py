"""Findings gathered for reading: which handshakes of a client show the same thing, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tlsaudit.findings import RULES
from tlsaudit.reports.wording import is_null, server_text
from tlsaudit.safe_text import tshark_line

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
    ranks = chosen["severity"].cat.codes
    order = {rule.ident: position for position, rule in enumerate(RULES)}
    marks: dict[tuple[object, ...], list[Mark]] = {}
    first: dict[tuple[object, ...], dict[str, object]] = {}
    for row, rank in zip(chosen.to_dict("records"), ranks, strict=True):
        # A handshake is known by its key; null is one value for that purpose.
        key = (
            row["capture"],
            row["transport"],
            None if is_null(row["stream"]) else row["stream"],
            row["handshake"],
        )
        marks.setdefault(key, []).append(
            Mark(
                -int(rank),
                order[str(row["rule"])],
                str(row["rule"]),
                str(row["severity"]),
                str(row["basis"]),
                str(row["observed"]),
            )
        )
        first.setdefault(key, {str(name): value for name, value in row.items()})
    gathered: dict[tuple[object, ...], tuple[int, dict[str, object]]] = {}
    for key, found in marks.items():
        row = first[key]
        server = server_text(row["server"], row["server_port"])
        name = None if is_null(row["server_name"]) else str(row["server_name"])
        group = (str(row["client"]), server, name, tuple(sorted(found)))
        count, shown = gathered.get(group, (0, row))
        gathered[group] = (count + 1, shown)
    result: dict[str, list[Group]] = {}
    for group, (count, row) in gathered.items():
        client, server, name, found_here = group
        assert isinstance(client, str) and isinstance(server, str)
        assert isinstance(found_here, tuple) and (name is None or isinstance(name, str))
        result.setdefault(client, []).append(
            Group(
                client,
                server,
                name,
                found_here,
                count,
                str(row["capture"]),
                _frame(row["client_hello_frame"]),
                _frame(row["server_hello_frame"]),
            )
        )
    for groups in result.values():
        groups.sort(key=lambda each: (each.marks, each.server, each.server_name or ""))
    return result


def _frame(value: object) -> int | None:
    return None if is_null(value) else int(str(value))
