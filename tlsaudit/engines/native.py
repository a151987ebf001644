"""The native engine: the compiled core reads, `schema` gives the tables their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, BinaryIO, Literal

from tlsaudit.engines.reading import Reading, Seen
from tlsaudit.inputs import Input
from tlsaudit.schema.column import TRANSPORTS as ALL_TRANSPORTS

__all__ = ["LACKS", "TRANSPORTS", "look", "read", "write_text"]

TRANSPORTS = frozenset(ALL_TRANSPORTS)
"""The core reads what the schema has a word for."""

LACKS: dict[str, str] = {}
"""Columns that this engine does not fill, and why: there are none."""


def read(inputs: Iterable[Input], progress: Callable[[int], None] | None = None) -> Reading:
    """Give the tables of these inputs.

    `progress` is called with the bytes read so far. Nothing is raised for an input that cannot
    be read: its row in the captures table says why.
    """
    from tlsaudit import schema
    from tlsaudit._core import __version__
    from tlsaudit._core import read as read_captures

    inputs = list(inputs)
    reading = read_captures(_readable(inputs), progress, _max_unpacked(inputs))
    return Reading(
        schema.from_arrow(reading),
        schema.captures_frame(_merged(inputs, reading.captures)),
        f"tlsaudit {__version__}",
        refusals=schema.from_rows(_sorted(reading.refusals), schema.REFUSALS),
        set_aside=schema.from_rows(_sorted(reading.set_aside), schema.SET_ASIDE),
    )


def look(inputs: Iterable[Input], frames: Mapping[str, Set[int]]) -> Seen:  # noqa: ARG001
    """The core is what others are asked about."""
    return {}, {}


def write_text(
    inputs: Iterable[Input],
    text_format: Literal["csv", "jsonl"],
    output: str | None,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """Write the handshake table as text while reading; give the rows of the captures table.

    `output` is a path, or None for standard output. Rows come in order of completion. Neither
    pandas nor pyarrow is loaded, and memory does not grow with the captures.
    """
    from tlsaudit import registry
    from tlsaudit._core import write_text as write_captures

    inputs = list(inputs)
    rows = write_captures(
        _readable(inputs),
        text_format,
        output,
        registry.names_for_core(),
        progress,
        max_unpacked=_max_unpacked(inputs),
    )
    return _merged(inputs, [_not_cancelled(row) for row in rows])


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put rows that come in order of completion in the order of the handshake table."""
    return sorted(rows, key=lambda row: (row["capture"], row["transport"], row["stream"]))


def _readable(inputs: Iterable[Input]) -> list[tuple[str, str | BinaryIO]]:
    return [(each.name, each.source) for each in inputs if each.problem is None]


def _max_unpacked(inputs: Iterable[Input]) -> int | None:
    """Give the bound on unpacking: the inputs of a run share one."""
    given = (each.max_unpacked for each in inputs if each.max_unpacked is not None)
    return max(given, default=None)


def _merged(inputs: Iterable[Input], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the inputs that never reached the core back among those that did, in input order.

    There are fewer rows than inputs if the reader of the output went away meanwhile.
    """
    rest = iter(rows)
    merged = [next(rest, None) if each.problem is None else _problem_row(each) for each in inputs]
    return [row for row in merged if row is not None]


def _not_cancelled(row: dict[str, Any]) -> dict[str, Any]:
    """Take back the error of a capture that was left because nobody reads the output any more."""
    if row["error_kind"] != "cancelled":
        return row
    return {**row, "readable": True, "error_kind": None, "error": None}


def _problem_row(item: Input) -> dict[str, Any]:
    counts = (
        "interfaces",
        "frames",
        "bytes_read",
        "truncated_frames",
        "undecoded_frames",
        "opaque_frames",
        "tcp_streams",
        "udp_streams",
        "authentications",
        "tls_streams",
        "one_sided_streams",
        "handshakes",
        "refusals",
        "set_aside",
    )
    unknown = ("format", "compression", "first_ts", "last_ts", "limits")
    return {
        "capture": item.name,
        "readable": False,
        "link_types": [],
        "error_kind": item.problem_kind,
        "error": item.problem,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(unknown),
    }
