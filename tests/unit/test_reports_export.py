"""A report is whole or not there, replaces only its own files, and its tables are the schema's."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tables import HOSTILE, HOSTILE_FORMULA

from tlsaudit import ReportError, schema
from tlsaudit.reports import export

if TYPE_CHECKING:
    from tlsaudit import Audit

TABLES = export.TABLES
FILES = {"index.html", "summary.md"} | {
    f"{name}.{end}" for name in TABLES for end in export.REPORT_FORMATS
}


def test_report_is_a_page_a_summary_and_every_table_in_three_forms(
    office: Audit, tmp_path: Path
) -> None:
    page = office.report(tmp_path / "deep" / "out")
    assert page == tmp_path / "deep" / "out" / "index.html"
    assert {each.name for each in page.parent.iterdir()} == FILES


def test_same_audit_gives_the_same_files(office: Audit, tmp_path: Path) -> None:
    office.report(tmp_path / "a")
    office.report(tmp_path / "b")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", TABLES)
def test_parquet_comes_back_dtype_for_dtype(office: Audit, tmp_path: Path, name: str) -> None:
    import pandas.testing

    office.report(tmp_path)
    columns = export.columns_of(name)
    back = schema.read_parquet(tmp_path / f"{name}.parquet", columns)
    schema.check(back, columns)
    expected = getattr(office, name).reset_index(drop=True)
    pandas.testing.assert_frame_equal(back, expected, check_categorical=False)


@pytest.mark.parametrize("name", TABLES)
def test_csv_and_json_lines_hold_every_row_and_column(
    hostile: Audit, tmp_path: Path, name: str
) -> None:
    hostile.report(tmp_path)
    names = [column.name for column in export.columns_of(name)]
    with open(tmp_path / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == names
    assert len(rows) == len(getattr(hostile, name)) + 1
    assert {len(row) for row in rows} == {len(names)}
    lines = (tmp_path / f"{name}.jsonl").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    assert [list(json.loads(line)) for line in lines] == [names] * (len(rows) - 1)


def test_no_cell_of_a_csv_is_a_formula(hostile: Audit, tmp_path: Path) -> None:
    hostile.report(tmp_path)
    for name in TABLES:
        with open(tmp_path / f"{name}.csv", encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert f"'{HOSTILE_FORMULA}" in (tmp_path / "findings.csv").read_text("utf-8")


def test_json_keeps_captured_text_as_it_was(hostile: Audit, tmp_path: Path) -> None:
    hostile.report(tmp_path)
    lines = (tmp_path / "handshakes.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["server_name"] for line in lines][:2] == [HOSTILE, HOSTILE_FORMULA]


def test_files_of_others_are_left_alone_and_our_own_replaced(office: Audit, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "index.html").write_text("old")
    office.report(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "192.0.2.11" in (tmp_path / "index.html").read_text("utf-8")
    assert {each.name for each in tmp_path.iterdir()} == FILES | {"notes.txt"}


def write_half(target: Path) -> None:
    with export.replacing(target) as place:
        place.write_text("half")
        raise ValueError("stop")


def test_failure_leaves_the_old_file_whole_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "clients.csv"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"):
        write_half(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with export.replacing(pipe) as place:
        assert place == pipe
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_files_get_the_usual_permissions(office: Audit, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        page = office.report(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(page.stat().st_mode) == 0o644


def test_report_into_a_file_is_refused_in_one_sentence(office: Audit, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ReportError, match=r"out: this is a file, so no report can go into it"):
        office.report(tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_may_not_be_written_to_is_named(office: Audit, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(ReportError, match=r"out: this folder may not be written to"):
        office.report(tmp_path / "out")


def test_table_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "clients.csv"
    with pytest.raises(ReportError, match=r"clients\.csv"), export.replacing(missing) as place:
        place.write_text("x")


def test_every_table_of_an_audit_can_be_exported_in_every_format(
    office: Audit, tmp_path: Path
) -> None:
    for name in TABLES:
        for form in export.TABLE_FORMATS:
            path = office.export(tmp_path / f"{name}.{form}", name)
            if form != "xlsx":
                data = export.table_bytes(name, getattr(office, name), form)
                assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("file", "table", "says"),
    [
        ("out.doc", None, r"out\.doc: no ending of an export; the endings are \.md, \.csv, "),
        ("out.csv", None, r"out\.csv: a file of this kind holds one table: name it with"),
        ("out.md", "clients", r"out\.md: a summary of all, not of a table"),
        ("out.csv", "hosts", r"hosts: no table of an audit; there are clients, verdicts, "),
    ],
)
def test_export_that_means_nothing_is_refused(
    office: Audit, tmp_path: Path, file: str, table: str | None, says: str
) -> None:
    with pytest.raises(ReportError, match=says):
        office.export(tmp_path / file, table)
    assert list(tmp_path.iterdir()) == []
