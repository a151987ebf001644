"""The native engine: the compiled core reads, `schema` gives the tables their types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

from tlsaudit.engines.native_text import files_of, max_unpacked, merged, readable
from tlsaudit.engines.reading import Reading, Seen
from tlsaudit.inputs import Input
from tlsaudit.schema.column import TRANSPORTS as ALL_TRANSPORTS

if TYPE_CHECKING:
    import pyarrow

    from tlsaudit.schema import Column

__all__ = ["LACKS", "TRANSPORTS", "columns_of", "look", "read", "read_tables"]

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

    tables = read_tables(inputs, progress)
    handshakes = schema.from_arrow(tables.pop("handshakes"))
    frames = {name: schema.to_frame(table, columns_of(name)) for name, table in tables.items()}
    return Reading(
        handshakes,
        frames["captures"],
        f"tlsaudit {__version__}",
        refusals=frames["refusals"],
        set_aside=frames["set_aside"],
        names=frames["names"],
        files=frames["files"],
    )


def read_tables(
    inputs: Iterable[Input], progress: Callable[[int], None] | None = None
) -> dict[str, pyarrow.Table]:
    """Give the same tables by name as Arrow, handshakes without the derived columns.

    They are those of `Reading`. pandas is not loaded.
    """
    import pyarrow

    from tlsaudit import schema
    from tlsaudit._core import read as read_captures

    inputs = list(inputs)
    reading = read_captures(readable(inputs), progress, max_unpacked(inputs), names=True)
    captures = reading.captures
    rows = {
        "captures": merged(inputs, captures),
        "refusals": _sorted(reading.refusals),
        "set_aside": _sorted(reading.set_aside),
        "names": reading.names,
        "files": files_of(inputs, captures),
    }
    tables = {name: schema.arrow_rows(each, columns_of(name)) for name, each in rows.items()}
    return {"handshakes": schema.cast(pyarrow.table(reading), schema.HANDSHAKES), **tables}


def columns_of(name: str) -> tuple[Column, ...]:
    """Give the columns of a table of `Reading`, the derived ones apart."""
    from tlsaudit import schema

    columns: tuple[Column, ...] = getattr(schema, name.upper())
    return columns


def look(inputs: Iterable[Input], frames: Mapping[str, Set[int]]) -> Seen:  # noqa: ARG001
    """The core is what others are asked about."""
    return {}, {}


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put rows that come in order of completion in the order of the handshake table."""
    return sorted(rows, key=lambda row: (row["capture"], row["transport"], row["stream"]))
