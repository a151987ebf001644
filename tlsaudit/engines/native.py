"""The native engine: the compiled core reads, `schema` gives the tables their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from tlsaudit.engines.native_text import max_unpacked, merged, readable
from tlsaudit.engines.reading import Reading, Seen
from tlsaudit.inputs import Input
from tlsaudit.schema.column import TRANSPORTS as ALL_TRANSPORTS

__all__ = ["LACKS", "TRANSPORTS", "look", "read"]

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
    reading = read_captures(readable(inputs), progress, max_unpacked(inputs), names=True)
    return Reading(
        schema.from_arrow(reading),
        schema.captures_frame(merged(inputs, reading.captures)),
        f"tlsaudit {__version__}",
        refusals=schema.from_rows(_sorted(reading.refusals), schema.REFUSALS),
        set_aside=schema.from_rows(_sorted(reading.set_aside), schema.SET_ASIDE),
        names=schema.from_rows(reading.names, schema.NAMES),
    )


def look(inputs: Iterable[Input], frames: Mapping[str, Set[int]]) -> Seen:  # noqa: ARG001
    """The core is what others are asked about."""
    return {}, {}


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put rows that come in order of completion in the order of the handshake table."""
    return sorted(rows, key=lambda row: (row["capture"], row["transport"], row["stream"]))
