"""Findings gathered for reading: which handshakes of a client show the same thing, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit import registry
from tlsaudit.explanations import alert_explanation
from tlsaudit.findings import RULES
from tlsaudit.inputs import STANDARD_INPUT_NAME
from tlsaudit.reports.wording import is_null, server_text
from tlsaudit.safe_text import tshark_line
from tlsaudit.schema import HANDSHAKE_KEY

if TYPE_CHECKING:
    import pandas

__all__ = ["Group", "Mark", "endings_explained", "groups_by_client"]


@dataclass(frozen=True, order=True)
class Mark:
    """What one rule says of one handshake; marks sort by severity, then as the rules do."""

    rank: int
    order: int
    rule: str
    severity: str = field(compare=False)
    basis: str = field(compare=False)
    observed: str


_COLUMNS = [
    *HANDSHAKE_KEY,
    *("rule", "severity", "basis", "observed", "client", "server", "server_port", "server_name"),
    *("client_hello_frame", "server_hello_frame"),
]
_Key: TypeAlias = "tuple[Any, ...]"
_OUTCOMES = {
    "failed": "failed after the hellos",
    "rejected": "refused by the server",
    "unanswered": "not answered",
    "client_only": "only the client's side captured",
    "server_only": "only the server's side captured",
}
# Client, server, server name, what its handshakes show, how they ended, and what explains that.
_Shape: TypeAlias = "tuple[str, str, str | None, tuple[Mark, ...], str, str | None]"


@dataclass(frozen=True)
class Group:
    """Handshakes of one client with one server that show the same, and the first of them."""

    client: str
    server: str
    server_name: str | None
    marks: tuple[Mark, ...]
    ending: str
    explained: str | None
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
        if self.capture == STANDARD_INPUT_NAME:
            return None
        return tshark_line(self.capture, self.frames)


def groups_by_client(
    findings: pandas.DataFrame, handshakes: pandas.DataFrame, clients: Iterable[str]
) -> dict[str, list[Group]]:
    """Give the groups of each of these clients, the worst first, then by server.

    `findings` are those to show; `handshakes` tells how each of them ended.
    """
    wanted = list(clients)
    chosen = findings[findings["client"].isin(wanted)]
    endings = _endings(handshakes[handshakes["client"].isin(wanted)])
    counts: dict[_Shape, int] = {}
    first: dict[_Shape, dict[Any, Any]] = {}
    for key, row, marks in _by_handshake(chosen):
        name = None if is_null(row["server_name"]) else str(row["server_name"])
        server = server_text(row["server"], row["server_port"])
        shape = (str(row["client"]), server, name, marks, *endings.get(key, ("", None)))
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
        groups.sort(key=lambda each: (each.marks, each.server, each.server_name or "", each.ending))
    return result


def _by_handshake(
    findings: pandas.DataFrame,
) -> Iterator[tuple[_Key, dict[Any, Any], tuple[Mark, ...]]]:
    """Give the key, a row and all marks of each handshake with findings, in table order."""
    order = {rule.ident: position for position, rule in enumerate(RULES)}
    rows: dict[_Key, dict[Any, Any]] = {}
    marks: dict[_Key, list[Mark]] = {}
    ranks = findings["severity"].cat.codes
    for row, rank in zip(findings[_COLUMNS].to_dict("records"), ranks, strict=True):
        key = _key(row)
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
        yield key, row, tuple(sorted(marks[key]))


def endings_explained(handshakes: pandas.DataFrame) -> dict[str, int]:
    """Give the codes of `tlsaudit.explanations` that refused or failed handshakes call for.

    Each comes with the number of these handshakes; the most frequent first, then by code.
    """
    odd = handshakes[handshakes["outcome"].isin(["failed", "rejected"])]
    counts: dict[str, int] = {}
    ends = odd[["outcome", "alert_description"]].astype({"outcome": "object"})
    kinds = ends.value_counts(dropna=False)
    for kind, count in zip(kinds.index.tolist(), kinds.tolist(), strict=True):
        code = _ending(*kind)[1]
        if code is not None:
            counts[code] = counts.get(code, 0) + count
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _endings(handshakes: pandas.DataFrame) -> dict[_Key, tuple[str, str | None]]:
    """Say how each handshake ended, and which code explains it.

    Left out are those that ended as they should, or whose end was not seen.
    """
    columns = [*HANDSHAKE_KEY, "outcome", "alert_description"]
    odd = handshakes[~handshakes["outcome"].isin(["completed", "hellos_only"])]
    return {
        _key(row): _ending(str(row["outcome"]), row["alert_description"])
        for row in odd[columns].to_dict("records")
    }


def _ending(outcome: str, alert: Any) -> tuple[str, str | None]:
    words = _OUTCOMES[outcome]
    if outcome not in ("failed", "rejected"):
        return words, None
    if is_null(alert):
        return words, "refused-without-alert" if outcome == "rejected" else None
    explanation = alert_explanation(int(alert))
    if explanation is None:
        return f"{words}, alert {int(alert)}", None
    return f"{words}, alert {registry.alert_name(int(alert))}", explanation.code


def _key(row: dict[Any, Any]) -> _Key:
    """Give the key of a row; null is one value here, as it is in the table."""
    return tuple(None if is_null(row[name]) else row[name] for name in HANDSHAKE_KEY)


def _frame(value: Any) -> int | None:
    return None if is_null(value) else int(value)
