r"""Tables as CSV and JSON Lines. The core writes the same text, byte for byte, for handshakes.

Both: UTF-8 without a byte order mark, every line ends in `\n`, columns in the schema's order.

- number: decimal. boolean: `true`, `false`.
- code point: `0x` and four upper-case hexadecimal digits, `0x000A`; SSL 2.0 cipher kind: six,
  `0x0700C0`.
- time: `2017-08-07T15:15:44.719194000Z`: UTC, always nine digits after the point.
- string: as it is.

CSV: a first line of column names. Null is an empty cell, and so are an empty string and an empty
list. The elements of a list are written as above and joined by `;`; a `;` inside an element of a
list of strings is written `\x3b`. A cell of strings (also a joined one) that starts with `=`, `+`,
`-`, `@`, tab or carriage return gets an apostrophe before it, so that a spreadsheet does not take
it for a formula. A cell is quoted only if it holds `"`, `,`, `\n` or `\r`; a `"` inside is
doubled (RFC 4180).

JSON Lines: one object a line, every column a key, no spaces after `,` and `:`. Null is `null`, a
list an array, a number a number; code points, cipher kinds and times are strings. Of strings, `"`
and `\` get a backslash, backspace, form feed, line feed, carriage return and tab are `\b`, `\f`,
`\n`, `\r`, `\t`, other characters below U+0020 are `\u001b` (lower-case digits), all else is
written as it is. Nothing is put before a formula.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from tlsaudit.schema.lists import numbers, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from tlsaudit.schema.column import Column

__all__ = ["FORMULA_START", "cells", "to_csv", "to_jsonl"]

FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

_ROWS_AT_A_TIME = 20_000


def to_csv(
    frame: pd.DataFrame, columns: Sequence[Column], target: str | os.PathLike[str] | TextIO
) -> None:
    """Write the table as CSV to a path or a text file object.

    A file object should have been opened with `newline=""`. The rules are in this module's text.
    """
    _write(frame, columns, target, _csv_header(columns), _csv_lines)


def to_jsonl(
    frame: pd.DataFrame, columns: Sequence[Column], target: str | os.PathLike[str] | TextIO
) -> None:
    """Write the table as JSON Lines to a path or a text file object; see this module's text."""
    _write(frame, columns, target, "", _jsonl_lines)


def cells(series: pd.Series[Any], column: Column) -> list[Any]:
    """Give the values of a column for a workbook: numbers, booleans, times and text; None for null.

    Text is that of CSV, except that nothing is put before a formula: a workbook says what is text.
    A list is text, and null where it is empty.
    """
    if column.is_list:
        write = _writer(column)

        def joined(value: Sequence[Any]) -> str:
            if column.text == "string":
                value = [each.replace(";", "\\x3b") for each in value]
            return ";".join(map(write, value))

        return [text or None for text in _list_cells(series, column, joined, "")]
    if column.text == "time":
        nulls = series.isna().tolist()
        moments = series.tolist()
        return [None if null else at for at, null in zip(moments, nulls, strict=True)]
    values = _values(series, column)
    if column.text in ("number", "boolean"):
        return values
    write = _writer(column)
    return [None if value is None else write(value) for value in values]


def _write(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    target: str | os.PathLike[str] | TextIO,
    header: str,
    lines: Callable[[pd.DataFrame, Sequence[Column]], str],
) -> None:
    if isinstance(target, str | os.PathLike):
        with open(target, "w", encoding="utf-8", newline="") as file:
            _write(frame, columns, file, header, lines)
        return
    target.write(header)
    for start in range(0, len(frame), _ROWS_AT_A_TIME):
        target.write(lines(frame.iloc[start : start + _ROWS_AT_A_TIME], columns))


def _csv_header(columns: Sequence[Column]) -> str:
    return ",".join(column.name for column in columns) + "\n"


def _csv_lines(frame: pd.DataFrame, columns: Sequence[Column]) -> str:
    cells = (_csv_cells(frame[column.name], column) for column in columns)
    return "".join(",".join(row) + "\n" for row in zip(*cells, strict=True))


def _jsonl_lines(frame: pd.DataFrame, columns: Sequence[Column]) -> str:
    cells = (_json_cells(frame[column.name], column) for column in columns)
    line = "{" + ",".join(f'"{column.name}":%s' for column in columns) + "}\n"
    return "".join(line % row for row in zip(*cells, strict=True))


def _csv_cells(series: pd.Series[Any], column: Column) -> list[str]:
    write = _writer(column)
    if column.text != "string":
        if column.is_list:
            return _list_cells(series, column, lambda value: ";".join(map(write, value)), "")
        return ["" if value is None else write(value) for value in _values(series, column)]
    if column.is_list:
        return _list_cells(
            series,
            column,
            lambda value: _csv_string(";".join(one.replace(";", "\\x3b") for one in value)),
            "",
        )
    return _string_cells(series, _csv_string, "")


def _csv_string(value: str) -> str:
    if value.startswith(FORMULA_START):
        value = "'" + value
    if '"' in value or "," in value or "\n" in value or "\r" in value:
        value = '"' + value.replace('"', '""') + '"'
    return value


def _json_cells(series: pd.Series[Any], column: Column) -> list[str]:
    write = _writer(column)
    if column.text == "string":
        write = json.JSONEncoder(ensure_ascii=False).encode
    elif column.text in ("code point", "ssl2 kind", "time"):
        bare = write

        def write(value: Any) -> str:
            return f'"{bare(value)}"'

    if column.is_list:
        return _list_cells(
            series, column, lambda value: "[" + ",".join(map(write, value)) + "]", "null"
        )
    if column.text == "string":
        return _string_cells(series, write, "null")
    return ["null" if value is None else write(value) for value in _values(series, column)]


def _string_cells(series: pd.Series[Any], write: Callable[[str], str], null: str) -> list[str]:
    """The cells of a column of strings, each distinct string written once."""
    import pandas as pd

    codes, words = pd.factorize(series)
    texts = [write(word) for word in words] + [null]
    return [texts[code] for code in codes.tolist()]


def _list_cells(
    series: pd.Series[Any], column: Column, write: Callable[[Sequence[Any]], str], null: str
) -> list[str]:
    """The cells of a column of lists, each distinct list of numbers written once."""
    if column.text == "string":
        import pyarrow as pa

        lists = pa.array(series).to_pylist()
        return [null if value is None else write(value) for value in lists]
    width = {"list<uint16>": 2, "list<uint32>": 4, "list<uint64>": 8}[column.arrow]
    texts: dict[bytes | None, str] = {None: null}
    data = raw(series)
    for each in data:
        if each not in texts:
            texts[each] = write(numbers(each, width))
    return [texts[each] for each in data]


def _writer(column: Column) -> Callable[[Any], str]:
    if column.text == "code point":
        return _code_points().__getitem__
    if column.text == "ssl2 kind":
        return "0x{:06X}".format
    if column.text == "boolean":
        return lambda value: "true" if value else "false"
    return str


@cache
def _code_points() -> tuple[str, ...]:
    return tuple(f"0x{code:04X}" for code in range(0x10000))


def _values(series: pd.Series[Any], column: Column) -> list[Any]:
    """The values as Python objects, None for null; times as text."""
    import numpy as np

    if column.text == "time":
        moments = series.dt.tz_convert(None).to_numpy(dtype="datetime64[ns]")
        stamps = np.datetime_as_string(moments, unit="ns").tolist()
        return [None if stamp == "NaT" else stamp + "Z" for stamp in stamps]
    nulls = series.isna().to_numpy()
    if nulls.all():
        return [None] * len(series)
    values: list[Any] = series.tolist()
    for row in np.flatnonzero(nulls).tolist():
        values[row] = None
    return values
