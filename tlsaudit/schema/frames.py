"""Tables as pandas DataFrames: made from Arrow, checked, and kept in Parquet.

pandas' own conversions lose what the tables need (a nullable `uint16` becomes `float64`, a Parquet
file with lists written by pandas cannot be read back by it), so every table passes through here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit.errors import SchemaError
from tlsaudit.schema.column import Column
from tlsaudit.schema.derived import derive
from tlsaudit.schema.handshakes import HANDSHAKE_KEY, HANDSHAKE_TABLE, HANDSHAKES
from tlsaudit.schema.results import CAPTURES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

__all__ = [
    "arrow_rows",
    "arrow_type",
    "captures_frame",
    "cast",
    "check",
    "conform",
    "empty",
    "from_arrow",
    "from_rows",
    "handshakes_table",
    "missing",
    "read_parquet",
    "read_parts",
    "to_arrow",
    "to_frame",
    "write_parquet",
    "write_part",
]


def from_arrow(table: Any) -> pd.DataFrame:
    """The handshake table, with the derived columns, sorted by its key.

    `table` is what an engine gives: anything with the Arrow stream interface, such as
    `_core.Reading`, a pyarrow Table or RecordBatchReader. Columns of `HANDSHAKES` that may be null
    may be missing. Raises SchemaError, naming the column, where a type does not fit.
    """
    import pyarrow as pa

    frame = to_frame(cast(pa.table(table), HANDSHAKES), HANDSHAKES)
    frame = frame.sort_values(list(HANDSHAKE_KEY), kind="stable", ignore_index=True)
    return derive(frame)


def captures_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The captures table from one mapping per input, as `from_rows`."""
    return from_rows(rows, CAPTURES)


def from_rows(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> pd.DataFrame:
    """A table from one mapping per row, in the order given.

    Times are whole nanoseconds since 1970 (UTC) or anything pyarrow takes for a timestamp. Keys
    that may be null may be missing; an unknown key raises SchemaError.
    """
    return to_frame(arrow_rows(rows, columns), columns)


def arrow_rows(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> pa.Table:
    """The same as an Arrow table, without loading pandas."""
    import pyarrow as pa

    rows = list(rows)
    known = {column.name for column in columns}
    for row in rows:
        for name in row:
            if name not in known:
                raise SchemaError(f"{name}: not a column of this table")
    arrays = [_array([row.get(c.name) for row in rows], c) for c in columns]
    return cast(pa.Table.from_arrays(arrays, schema=_arrow_schema(columns)), columns)


def empty(columns: Sequence[Column]) -> pd.DataFrame:
    """A table without rows, every column with its dtype."""
    return to_frame(_arrow_schema(columns).empty_table(), columns)


def conform(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The same rows with exactly these columns, in their order and with their dtypes.

    Missing columns that may be null are added as null. Raises SchemaError, naming the column, for
    one that is missing, not known, or holds what its type cannot.
    """
    return to_frame(to_arrow(frame, columns), columns, index=frame.index)


def check(frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Raise SchemaError unless the frame has exactly these columns, dtypes, nulls and words."""
    names = [column.name for column in columns]
    if list(frame.columns) != names:
        _refuse_unknown(frame.columns, columns)
        for name in names:
            if name not in frame.columns:
                raise SchemaError(f"{name}: the column is missing")
        raise SchemaError(f"{frame.columns[0]}: the columns are not in the schema's order")
    for column in columns:
        series = frame[column.name]
        if str(series.dtype) != column.dtype:
            raise SchemaError(f"{column.name}: the dtype is {series.dtype}, not {column.dtype}")
        if not column.nullable and series.isna().any():
            raise SchemaError(f"{column.name}: null in a column that has no nulls")
        if column.values and tuple(series.cat.categories) != column.values:
            raise SchemaError(f"{column.name}: the categories are not {', '.join(column.values)}")
        if column.ordered and not series.cat.ordered:
            raise SchemaError(f"{column.name}: the categories are not ordered")


def handshakes_table(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """An Arrow table for `from_arrow` of rows of the handshake table; a missing key is null."""
    import pyarrow as pa

    arrays = [_array([row.get(column.name) for row in rows], column) for column in HANDSHAKES]
    return pa.Table.from_arrays(arrays, schema=_arrow_schema(HANDSHAKES))


def to_arrow(frame: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    """The frame as an Arrow table with exactly these columns and types; SchemaError as `conform`.

    The table carries no pandas metadata: read it back with `read_parquet`.
    """
    import pandas as pd
    import pyarrow as pa

    _refuse_unknown(frame.columns, columns)
    arrays = []
    for column in columns:
        if column.name not in frame.columns:
            if not column.nullable:
                raise SchemaError(f"{column.name}: the column is missing")
            arrays.append(pa.nulls(len(frame), arrow_type(column)))
            continue
        series = frame[column.name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            codes = pa.array(series.cat.codes.to_numpy(), mask=series.isna().to_numpy())
            words = pa.array(series.cat.categories, pa.string())
            arrays.append(pa.DictionaryArray.from_arrays(codes, words))
        else:
            arrays.append(_array(series, column))
    names = [column.name for column in columns]
    return cast(pa.Table.from_arrays(arrays, names=names), columns)


def write_parquet(
    frame: pd.DataFrame, columns: Sequence[Column], path: str | os.PathLike[str] | Any
) -> None:
    """Write the table to a Parquet file (a path or a binary file object)."""
    import pyarrow.parquet as pq

    pq.write_table(to_arrow(frame, columns), path, compression="zstd")


def read_parquet(
    path: str | os.PathLike[str] | Any, columns: Sequence[Column] = HANDSHAKE_TABLE
) -> pd.DataFrame:
    """The table that `write_parquet` wrote, dtype for dtype."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    _refuse_unknown(table.column_names, columns)
    return to_frame(cast(table, columns), columns)


def write_part(table: pa.Table, path: Any) -> None:
    """Write an Arrow table with the columns of this schema to a file that `read_parts` reads.

    Words are plain strings in it, which every reader of Parquet knows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            words = table.column(place).cast(pa.string())
            table = table.set_column(place, field.name, words)
    pq.write_table(table, path, compression="zstd")


def read_parts(paths: Sequence[Path], columns: Sequence[Column]) -> pa.Table:
    """The rows of several files that `write_part` wrote, in the order of the files."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    wanted = _arrow_schema(columns)
    if not paths:
        return wanted.empty_table()
    plain = pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in wanted
        ]
    )
    table = ds.dataset([str(path) for path in paths], schema=plain, format="parquet").to_table()
    return cast(table, columns)


def _refuse_unknown(names: Iterable[object], columns: Sequence[Column]) -> None:
    known = {column.name for column in columns}
    for name in names:
        if name not in known:
            raise SchemaError(f"{name}: not a column of this table")


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column."""
    import pyarrow as pa

    return {
        "bool": pa.bool_(),
        "uint8": pa.uint8(),
        "uint16": pa.uint16(),
        "uint32": pa.uint32(),
        "uint64": pa.uint64(),
        "str": pa.string(),
        "dict<str>": pa.dictionary(pa.int32(), pa.string()),
        "timestamp[ns, UTC]": pa.timestamp("ns", "UTC"),
        "list<uint16>": pa.list_(pa.uint16()),
        "list<uint32>": pa.list_(pa.uint32()),
        "list<uint64>": pa.list_(pa.uint64()),
        "list<str>": pa.list_(pa.string()),
    }[column.arrow]


def _arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column)) for column in columns])


def _array(values: Any, column: Column) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values, arrow_type(column), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise SchemaError(f"{column.name}: not {column.arrow}: {error}") from None


def missing(table: pa.Table, column: Column) -> pa.ChunkedArray:
    """Give the nulls of a column that the table has not; SchemaError if it may not be null."""
    import pyarrow as pa

    if not column.nullable:
        raise SchemaError(f"{column.name}: the column is missing")
    return pa.chunked_array([pa.nulls(table.num_rows, arrow_type(column))])


def cast(table: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """The table with each column of its type, dictionaries unified; missing nullables are null."""
    import pyarrow as pa

    arrays = []
    for column in columns:
        kind = arrow_type(column)
        if column.name not in table.column_names:
            arrays.append(missing(table, column))
            continue
        array = table.column(column.name)
        # Lists that differ only in the name of their element (Parquet has its own) compare equal.
        if str(array.type) != str(kind):
            try:
                if pa.types.is_dictionary(array.type):
                    array = array.cast(array.type.value_type)
                if pa.types.is_dictionary(kind):
                    array = array.cast(pa.string()).dictionary_encode()
                array = array.cast(kind)
            except pa.ArrowException as error:
                raise SchemaError(f"{column.name}: not {column.arrow}: {error}") from None
        if not column.nullable and array.null_count:
            raise SchemaError(f"{column.name}: null in a column that has no nulls")
        arrays.append(array)
    names = [column.name for column in columns]
    return pa.Table.from_arrays(arrays, names=names).unify_dictionaries()


def to_frame(
    table: pa.Table, columns: Sequence[Column], index: pd.Index[Any] | None = None
) -> pd.DataFrame:
    """The DataFrame of an Arrow table with the columns of this schema, each with its dtype."""
    import pandas as pd
    import pyarrow as pa

    nullable = {
        pa.bool_(): pd.BooleanDtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        **{
            kind: pd.ArrowDtype(kind)
            for kind in map(pa.list_, (pa.uint16(), pa.uint32(), pa.uint64(), pa.string()))
        },
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    for column in columns:
        if column.arrow == "dict<str>":
            frame[column.name] = _categories(frame[column.name], column)
        elif column.arrow == "str":
            # A column without any value comes back as object.
            frame[column.name] = frame[column.name].astype("str")
    if index is not None:
        frame.index = index
    return frame


def _categories(series: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """The column with its fixed words as categories, else with those present, in their order."""
    from tlsaudit import registry

    present = series.cat.remove_unused_categories().cat.categories
    if column.values:
        words = list(column.values)
        for word in present:
            if word not in words:
                raise SchemaError(f"{column.name}: {word!r} is not one of {', '.join(words)}")
    elif column.name == "negotiated_version_name":
        words = list(registry.VERSION_NAMES)
        words += sorted(word for word in present if word not in words)
    else:
        words = sorted(present)
    return series.cat.set_categories(words, ordered=column.ordered)
