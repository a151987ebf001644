"""Tables as an Excel workbook, a sheet for each table; captured text stays text.

A cell is written as what it is and never guessed from its text, so that no server name becomes a
formula, a link or a number. Sheets are written row by row and not held in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

from tlsaudit.errors import ReportError
from tlsaudit.safe_text import visible
from tlsaudit.schema import FORMULA_START, Column, cells

if TYPE_CHECKING:
    import os

    import pandas

__all__ = ["ROWS_OF_A_SHEET", "require", "write_workbook"]

ROWS_OF_A_SHEET = 1_048_576
"""Excel's own bound, the line of heads included."""
_LONGEST_CELL = 32_767
_LARGEST_WHOLE_NUMBER = 1 << 53
_FIRST_DAY = datetime(1900, 3, 1, tzinfo=UTC)  # Excel counts a 29 February 1900 before it.
_SAME_ALWAYS = datetime(1980, 1, 1)
_ROWS_AT_A_TIME = 20_000
_WIDEST, _ROWS_MEASURED = 60, 500
_TIMES = "yyyy-mm-dd hh:mm:ss.000"


def require() -> None:
    """Raise ReportError where no workbook can be written, before anything is read."""
    if find_spec("xlsxwriter") is None:
        raise ReportError(
            "an Excel workbook needs xlsxwriter, which is not installed: "
            "run `pip install 'tlsaudit[excel]'`"
        )


def write_workbook(
    tables: Mapping[str, tuple[pandas.DataFrame, Sequence[Column]]],
    target: str | os.PathLike[str] | BinaryIO,
    about: Sequence[str] = (),
    rows_of_a_sheet: int = ROWS_OF_A_SHEET,
) -> None:
    """Write the tables, in their order, behind a sheet `about` with these lines if there are any.

    A table with more rows than a sheet can hold goes on in the next sheet, and `about` says so.
    Times are given to the millisecond, which is what Excel shows; CSV has the nanoseconds.
    """
    require()
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(target, options)
    try:
        book.set_properties({"title": "tlsaudit", "created": _SAME_ALWAYS})
        sheets = [
            (name, number, frame, columns)
            for name, (frame, columns) in tables.items()
            for number in range(max(1, -(-len(frame) // (rows_of_a_sheet - 1))))
        ]
        lines = [*about, *_split_tables(sheets, rows_of_a_sheet)]
        writer = _Writer(book)
        if lines:
            writer.lines("about", lines)
        for name, number, frame, columns in sheets:
            title = name if number == 0 else f"{name} {number + 1}"
            start = number * (rows_of_a_sheet - 1)
            writer.table(title, frame.iloc[start : start + rows_of_a_sheet - 1], columns)
    finally:
        book.close()


def _split_tables(sheets: Sequence[tuple[Any, ...]], rows_of_a_sheet: int) -> list[str]:
    """Say which tables take several sheets."""
    last = {name: number for name, number, *_ in sheets}
    return [
        f"The table {name} has more rows than a sheet of Excel can hold ({rows_of_a_sheet - 1:,} "
        f"and a line of heads): it goes on in {name} 2"
        + (f" to {name} {number + 1}." if number > 1 else ".")
        for name, number in last.items()
        if number > 0
    ]


class _Writer:
    """Writes sheets into a workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": False})
        self._time = book.add_format({"num_format": _TIMES})
        # Whoever edits such a cell still has text.
        self._quoted = book.add_format({"quote_prefix": True})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def lines(self, title: str, lines: Sequence[str]) -> None:
        """Write a sheet of text."""
        sheet = self._book.add_worksheet(title)
        sheet.set_column(0, 0, 110)
        for row, line in enumerate(lines):
            self._text(sheet, row, 0, line, self._wrapped)

    def table(self, title: str, frame: pandas.DataFrame, columns: Sequence[Column]) -> None:
        """Write a table, its heads frozen and with filters."""
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(frame), len(columns) - 1)
        widths = [len(column.name) + 4 for column in columns]
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name, self._head)
        row = 0
        for start in range(0, len(frame), _ROWS_AT_A_TIME):
            part = frame.iloc[start : start + _ROWS_AT_A_TIME]
            values = [cells(part[column.name], column) for column in columns]
            if start == 0:
                for place, column in enumerate(columns):
                    widths[place] = max(widths[place], _width(values[place], column))
            for line in zip(*values, strict=True):
                row += 1
                for place, value in enumerate(line):
                    if value is not None:
                        self._cell(sheet, row, place, value)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, min(width, _WIDEST))

    def _cell(self, sheet: Any, row: int, place: int, value: Any) -> None:
        if isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif isinstance(value, int):
            if value > _LARGEST_WHOLE_NUMBER:
                # A number of Excel has 53 bits.
                self._text(sheet, row, place, str(value))
            else:
                sheet.write_number(row, place, value)
        elif isinstance(value, datetime):
            if value < _FIRST_DAY:
                self._text(sheet, row, place, value.isoformat())
            else:
                at = value.replace(tzinfo=None).to_pydatetime(warn=False)  # type: ignore[attr-defined]
                sheet.write_datetime(row, place, at, self._time)
        else:
            self._text(sheet, row, place, value)

    def _text(self, sheet: Any, row: int, place: int, text: str, shape: Any = None) -> None:
        text = visible(text)
        if len(text) > _LONGEST_CELL:
            end = f"… (cut; {len(text):,} characters)"
            text = text[: _LONGEST_CELL - len(end)] + end
        if text.startswith(FORMULA_START):
            shape = self._quoted
        if text.startswith("<r>") and text.endswith("</r>"):
            # xlsxwriter takes such a text for markup of its own and would write it unescaped.
            sheet.write_rich_string(row, place, "<", "r", text[2:])
        else:
            sheet.write_string(row, place, text, shape)


def _width(values: Sequence[Any], column: Column) -> int:
    if column.text == "time":
        return len(_TIMES)
    longest = (len(str(value)) for value in values[:_ROWS_MEASURED] if value is not None)
    return max(longest, default=0) + 1
