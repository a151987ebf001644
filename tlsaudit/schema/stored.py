"""Handshake tables that were written earlier, read again: Parquet, CSV or JSON Lines, by content.

What `text` says of how values are written is undone here. An empty cell of CSV is null, also where
an empty string or list was written. Derived columns are computed afresh.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit.errors import SchemaError
from tlsaudit.safe_text import shortened
from tlsaudit.schema.frames import arrow_type, from_arrow, missing
from tlsaudit.schema.handshakes import HANDSHAKE_TABLE, HANDSHAKES
from tlsaudit.schema.text import FORMULA_START

if TYPE_CHECKING:
    import os

    import pandas as pd
    import pyarrow as pa

    from tlsaudit.schema.column import Column

__all__ = ["read_handshake_tables"]

_PARQUET = b"PAR1"
# A line must fit into a block; a hello has at most 64 KiB of lists, five characters a byte.
_BLOCK = 1 << 24


def read_handshake_tables(*paths: str | os.PathLike[str]) -> pd.DataFrame:
    """Give the handshakes of one or several stored tables as one table.

    Raises SchemaError, naming the file, for one that cannot be read or is no handshake table.
    """
    import pyarrow as pa

    tables = []
    for path in map(Path, paths):
        try:
            tables.append(_read(path))
        except OSError as error:
            raise SchemaError(f"{path}: cannot be read ({error.strerror or error})") from None
        except SchemaError as error:
            raise SchemaError(f"{path}: not a table of handshakes: {error}") from None
        except (pa.ArrowException, ValueError, KeyError):
            raise SchemaError(
                f"{path}: not a table of handshakes: no Parquet, CSV or JSON Lines as tlsaudit "
                "writes them"
            ) from None
    return from_arrow(pa.concat_tables(tables))


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        start = file.read(4)
    if start == _PARQUET:
        table = pq.read_table(path)
    elif start[:1] == b"{":
        table = _json_lines(path)
    else:
        table = _csv(path)
    _refuse_others(table.column_names)
    arrays = []
    for column in HANDSHAKES:
        kind = arrow_type(column)
        if column.name not in table.column_names:
            arrays.append(missing(table, column))
            continue
        array = table.column(column.name)
        if pa.types.is_dictionary(kind):
            # Files differ in their dictionaries; their words are brought together afterwards.
            array, kind = array.cast(pa.string()), pa.string()
        arrays.append(array.cast(kind))
    return pa.Table.from_arrays(arrays, names=[column.name for column in HANDSHAKES])


def _refuse_others(names: list[str]) -> None:
    """Refuse a table with other columns; say which it is, where it is one of ours."""
    from tlsaudit import schema

    known = {column.name for column in HANDSHAKE_TABLE}
    unknown = [name for name in names if name not in known]
    if not unknown:
        return
    for other in ("verdicts", "clients", "findings", "captures", "coverage", "refusals", "names"):
        if set(names) == {column.name for column in getattr(schema, other.upper())}:
            raise SchemaError(f"it is the table of {other}; that of handshakes lies beside it")
    raise SchemaError(f"{shortened(unknown[0], 60)}: not a column of this table")


def _csv(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pc

    names = [column.name for column in HANDSHAKE_TABLE]
    table = pc.read_csv(
        path,
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=False,
        ),
    )
    return _parsed(table, _cell)


def _json_lines(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.json as pj

    fields = [(column.name, _in_json(column)) for column in HANDSHAKE_TABLE]
    options = pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="error")
    blocks = pj.ReadOptions(block_size=_BLOCK)
    return _parsed(pj.read_json(path, blocks, options), _value)


def _in_json(column: Column) -> pa.DataType:
    """The type of a column's values in JSON: numbers, booleans and lists are so, all else text."""
    import pyarrow as pa

    if column.text in ("number", "boolean"):
        return arrow_type(column)
    return pa.list_(pa.string()) if column.is_list else pa.string()


def _parsed(table: pa.Table, parse: Any) -> pa.Table:
    """The columns that engines give, each text parsed once."""
    import pyarrow as pa

    columns = {column.name: column for column in HANDSHAKES}
    names = [name for name in table.column_names if name in columns]
    _refuse_others(table.column_names)
    arrays = [_column(table.column(name), columns[name], parse) for name in names]
    return pa.Table.from_arrays(arrays, names=names)


def _column(array: pa.ChunkedArray, column: Column, parse: Any) -> pa.Array:
    import pyarrow as pa

    kind = arrow_type(column)
    if array.type == kind and column.text != "string":
        return array
    if pa.types.is_dictionary(kind):
        kind = pa.string()
    # Most values repeat one that was seen before.
    if pa.types.is_list(array.type):
        values = array.to_pylist()
        known = {
            each: parse(list(each), column)
            for each in {tuple(value) for value in values if value is not None}
        }
        return pa.array([None if value is None else known[tuple(value)] for value in values], kind)
    words = array.dictionary_encode().unify_dictionaries().combine_chunks()
    words = words.chunk(0) if isinstance(words, pa.ChunkedArray) else words
    parsed = [parse(word, column) for word in words.dictionary.to_pylist()]
    return pa.array(parsed, kind).take(words.indices)


def _cell(text: str, column: Column) -> Any:
    """The value of a cell of CSV, which is not empty."""
    if column.text == "string" and text[0] == "'" and text[1:2] in FORMULA_START:
        text = text[1:]
    if column.is_list:
        parts = text.split(";")
        if column.text == "string":
            return [part.replace("\\x3b", ";") for part in parts]
        return [_scalar(part, column) for part in parts]
    return _scalar(text, column)


def _value(value: Any, column: Column) -> Any:
    """The value of text, or of a list of texts, in JSON."""
    if isinstance(value, list):
        return [_scalar(each, column) for each in value]
    return _scalar(value, column)


def _scalar(text: str, column: Column) -> Any:
    if column.text in ("code point", "ssl2 kind"):
        return int(text, 16)
    if column.text == "number":
        return int(text)
    if column.text == "boolean":
        return {"true": True, "false": False}[text]
    if column.text == "time":
        return _nanoseconds(text)
    return text


def _nanoseconds(text: str) -> int:
    """Nanoseconds since 1970 of `2017-08-07T15:15:44.719194000Z`."""
    import numpy as np

    return int(np.datetime64(text.removesuffix("Z"), "ns").astype(np.int64))
