"""The tables of one capture in a store: written, read, and cut where another entry goes on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.engines.native import columns_of
from tlsaudit.engines.reading import Reading
from tlsaudit.store.durable import PARTIAL, put
from tlsaudit.store.manifest import MANIFEST, Entry, Manifest

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "TABLES",
    "Tables",
    "clear",
    "cut",
    "encoded",
    "frames_named",
    "path_of",
    "read",
    "rows_of",
    "without",
    "write",
]

Tables = dict[str, "pyarrow.Table"]

TABLES = tuple(each.name for each in fields(Reading) if each.type == "pandas.DataFrame")
"""The tables that an engine gives: all of them are stored, and what follows from them is not."""


def encoded(tables: Tables) -> dict[str, bytes]:
    """Give the Parquet files of the tables that have rows."""
    files = {}
    for name, table in tables.items():
        if table.num_rows:
            file = io.BytesIO()
            schema.write_part(table, file)
            files[name] = file.getvalue()
    return files


def write(store: Path, part: str, files: Mapping[str, bytes]) -> None:
    """Write the files of a part; nothing counts before the manifest names it."""
    for name, data in files.items():
        path = path_of(store, name, part)
        path.parent.mkdir(exist_ok=True)
        put(path, data)


def read(store: Path, entry: Entry) -> Tables:
    """Give the tables of one entry."""
    return {
        name: schema.read_parts(
            [path_of(store, name, entry.part)] if name in entry.rows else [], columns_of(name)
        )
        for name in TABLES
    }


def rows_of(table: pyarrow.Table) -> list[dict[str, Any]]:
    """Give the rows as mappings that `schema.arrow_rows` takes, times as numbers."""
    import pyarrow as pa

    names = table.column_names
    columns = [
        (each.cast(pa.int64()) if pa.types.is_timestamp(each.type) else each).to_pylist()
        for each in table.columns
    ]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def path_of(store: Path, table: str, part: str) -> Path:
    """Give the path of a part of a table."""
    return store / table / f"{part}.parquet"


def clear(manifest: Manifest) -> None:
    """Take away what no entry names: left by a run that was stopped, or out of date."""
    named = {(name, f"{entry.part}.parquet") for entry in manifest for name in entry.rows}
    for table in TABLES:
        folder = manifest.folder / table
        for path in folder.glob("*") if folder.is_dir() else ():
            if path.name.endswith((".parquet", PARTIAL)) and (table, path.name) not in named:
                path.unlink(missing_ok=True)
    (manifest.folder / (MANIFEST + PARTIAL)).unlink(missing_ok=True)


def cut(tables: Tables, last: int) -> Tables:
    """Give what begins in frames up to `last`; what begins later is in another entry now."""
    kept = {
        name: _where(table, [not frames or min(frames) <= last for frames in _frames(table)])
        for name, table in tables.items()
    }
    before = [row for row in rows_of(tables["files"]) if row["frames_before"] < last]
    changed = {
        "frames": sum(row["frames"] for row in before),
        "bytes_read": sum(row["bytes_read"] for row in before),
        "last_ts": max((row["last_ts"] for row in before if row["last_ts"]), default=None),
    }
    # Its files stay all: rows that began in time may name frames of the later ones.
    return kept | {"files": tables["files"], "captures": _captures(kept, changed)}


def frames_named(table: pyarrow.Table) -> set[int]:
    """Give the frames that a table's rows name."""
    return {frame for frames in _frames(table) for frame in frames}


def without(tables: Tables, name: str, known: set[int]) -> Tables:
    """Leave out the rows that begin in a frame which a row of another entry names.

    They are the rest of what that row has from its beginning on.
    """
    table = tables[name]
    new = [not frames or min(frames) not in known for frames in _frames(table)]
    kept = tables | {name: _where(table, new)}
    return kept | {"captures": _captures(kept, {})}


def _where(table: pyarrow.Table, wanted: list[bool]) -> pyarrow.Table:
    import pyarrow as pa

    return table.filter(pa.array(wanted, pa.bool_()))


def _captures(tables: Tables, changed: Mapping[str, object]) -> pyarrow.Table:
    """Give the captures table with some values changed, and the rows of the others counted."""
    (row,) = rows_of(tables["captures"])
    counts = {name: table.num_rows for name, table in tables.items() if name in row}
    return schema.arrow_rows([{**row, **changed, **counts}], schema.CAPTURES)


def _frames(table: pyarrow.Table) -> list[list[int]]:
    """Give the frames that each row names: in columns of one, and in lists."""
    import pyarrow as pa

    found: list[list[int]] = [[] for _ in range(table.num_rows)]
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_list(column.type) and column.type.value_type == pa.uint64():
            for row, frames in zip(found, column.to_pylist(), strict=True):
                row.extend(frames or ())
        elif name == "frame" or name.endswith("_frame"):
            for row, frame in zip(found, column.to_pylist(), strict=True):
                row.extend(() if frame is None else (frame,))
    return found
