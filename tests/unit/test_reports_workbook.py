"""A workbook holds every cell of every table, and no captured text is anything but text."""

from __future__ import annotations

import io
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from support.tables import HOSTILE_FORMULA, handshake_row, make_handshakes

from tlsaudit import ReportError, schema
from tlsaudit.reports import export
from tlsaudit.reports.workbook import write_workbook
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas as pd

    from tlsaudit import Audit


def sheets_of(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [tuple(cell for cell in row) for row in sheet] for sheet in book}


def workbook(frame: pd.DataFrame, **settings: Any) -> bytes:
    target = io.BytesIO()
    write_workbook({"handshakes": (frame, schema.HANDSHAKE_TABLE)}, target, **settings)
    return target.getvalue()


def expected(value: Any) -> Any:
    """What a cell gives back: text as it can be seen, times to the millisecond and without zone."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, datetime):
        milliseconds = round(value.value / 1_000_000) * 1_000_000  # type: ignore[attr-defined]
        return type(value)(milliseconds).to_pydatetime()  # type: ignore[call-arg, arg-type, attr-defined]
    return value


@pytest.fixture(scope="module")
def whole(office: Audit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The sheets of the workbook of `office`."""
    return sheets_of(office.export(tmp_path_factory.mktemp("book") / "all.xlsx").read_bytes())


@pytest.mark.parametrize("name", export.TABLES)
def test_sheet_holds_every_cell_of_the_table(
    office: Audit, whole: dict[str, Any], name: str
) -> None:
    rows = whole[name]
    columns = export.columns_of(name)
    assert [cell.value for cell in rows[0]] == [column.name for column in columns]
    frame = getattr(office, name)
    assert len(rows) == len(frame) + 1
    for place, column in enumerate(columns):
        values = [expected(value) for value in schema.cells(frame[column.name], column)]
        assert [row[place].value for row in rows[1:]] == values, column.name


def test_first_sheet_says_what_the_summary_says(office: Audit, whole: dict[str, Any]) -> None:
    assert list(whole) == ["about", *export.TABLES]
    assert [row[0].value for row in whole["about"]] == office.summary().splitlines()


def test_heads_stay_in_sight_and_filter(office: Audit, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(office.export(tmp_path / "one.xlsx", "clients"))
    sheet = book["table"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.column_dimensions["A"].width > 8


def test_every_captured_text_is_a_cell_of_text(hostile: Audit, tmp_path: Path) -> None:
    path = hostile.export(tmp_path / "all.xlsx")
    kinds = {
        cell.data_type
        for rows in sheets_of(path.read_bytes()).values()
        for row in rows
        for cell in row
    }
    # `f` would be a formula, `e` an error.
    assert kinds <= {"s", "inlineStr", "n", "d", "b"}
    with zipfile.ZipFile(path) as parts:
        text = "".join(parts.read(name).decode() for name in parts.namelist() if "sheet" in name)
    assert "<f>" not in text
    assert "<hyperlink" not in text


@pytest.mark.parametrize(
    "name",
    [
        HOSTILE_FORMULA,
        "@SUM(A1)",
        "+1",
        "http://example.net/",
        "mailto:a@example.net",
        "<r><t>x</t></r>",
        "<r><broken></r>",
        "_x000A_",
        " padded ",
        "12345678901234567890",
        "TRUE",
        "\ufffe\uffff\x00",
    ],
)
def test_name_comes_back_as_it_was_seen(name: str) -> None:
    rows = sheets_of(workbook(make_handshakes([handshake_row(server_name=name)])))["handshakes"]
    place = [cell.value for cell in rows[0]].index("server_name")
    cell = rows[1][place]
    # Excel writes a text that looks like its own escapes with one more.
    assert unescape(cell.value) == visible(name)
    assert cell.data_type in ("s", "inlineStr")
    assert cell.hyperlink is None
    assert cell.quotePrefix == name.startswith(("=", "+", "@"))


def test_cell_longer_than_excel_allows_is_cut_and_says_so() -> None:
    rows = sheets_of(workbook(make_handshakes([handshake_row(server_name="a" * 40_000)])))
    (cut,) = [cell.value for cell in rows["handshakes"][1] if len(str(cell.value)) > 10_000]
    assert len(cut) == 32_767
    assert cut.endswith("a… (cut; 40,000 characters)")


def test_table_with_more_rows_than_a_sheet_holds_goes_on_in_the_next() -> None:
    frame = make_handshakes([handshake_row(number=number) for number in range(7)])
    sheets = sheets_of(workbook(frame, rows_of_a_sheet=4))
    assert list(sheets) == ["about", "handshakes", "handshakes 2", "handshakes 3"]
    assert sheets["about"][0][0].value == (
        "The table handshakes has more rows than a sheet of Excel can hold (3 and a line of "
        "heads): it goes on in handshakes 2 to handshakes 3."
    )
    place = [cell.value for cell in sheets["handshakes"][0]].index("stream")
    streams = [row[place].value for name in list(sheets)[1:] for row in sheets[name][1:]]
    assert streams == list(range(7))


def test_time_before_excel_began_to_count_is_text() -> None:
    frame = make_handshakes([handshake_row(ts=-(2**62))])
    rows = sheets_of(workbook(frame))["handshakes"]
    assert rows[1][4].value == frame["ts"].iloc[0].isoformat()


def test_same_tables_are_the_same_bytes(office: Audit, tmp_path: Path) -> None:
    first = office.export(tmp_path / "a.xlsx", "findings").read_bytes()
    assert office.export(tmp_path / "b.xlsx", "findings").read_bytes() == first


def test_missing_xlsxwriter_is_said_before_anything_is_read(
    office: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ReportError, match=r"pip install 'tlsaudit\[excel\]'"):
        office.export(tmp_path / "all.xlsx")
    assert list(tmp_path.iterdir()) == []
