"""An audit as files: which tables there are, in which formats, each whole or not there at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tlsaudit.errors import ReportError

if TYPE_CHECKING:
    import pandas

    from tlsaudit.reports.overview import Tables
    from tlsaudit.schema import Column

__all__ = [
    "REPORT_FORMATS",
    "TABLES",
    "TABLE_FORMATS",
    "columns_of",
    "make_folder",
    "replacing",
    "table_bytes",
    "write_export",
    "write_tables",
]

TABLES = (
    "clients",
    "verdicts",
    "findings",
    "handshakes",
    "captures",
    "coverage",
    "refusals",
    "set_aside",
    "names",
    "events",
    "sign_ins",
    "files",
)
"""The tables of an audit, as its attributes are called; what is asked for first comes first."""


@dataclass(frozen=True)
class TableFormat:
    """A form of a table, whose name is also the ending of its files.

    `write` takes the table, its columns and a binary file object.
    """

    name: str
    is_text: bool
    write: Callable[[pandas.DataFrame, Sequence[Column], BinaryIO], None]
    require: Callable[[], None] = lambda: None
    """Raises ReportError where it cannot be written: before anything is read."""


def _write_csv(frame: pandas.DataFrame, columns: Sequence[Column], target: BinaryIO) -> None:
    from tlsaudit import schema

    with _as_text(target) as text:
        schema.to_csv(frame, columns, text)


def _write_jsonl(frame: pandas.DataFrame, columns: Sequence[Column], target: BinaryIO) -> None:
    from tlsaudit import schema

    with _as_text(target) as text:
        schema.to_jsonl(frame, columns, text)


def _write_parquet(frame: pandas.DataFrame, columns: Sequence[Column], target: BinaryIO) -> None:
    from tlsaudit import schema

    schema.write_parquet(frame, columns, target)


def _write_workbook(frame: pandas.DataFrame, columns: Sequence[Column], target: BinaryIO) -> None:
    from tlsaudit.reports.workbook import write_workbook

    write_workbook({"table": (frame, columns)}, target)


def _require_workbook() -> None:
    from tlsaudit.reports.workbook import require

    require()


@contextmanager
def _as_text(target: BinaryIO) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="")
    yield text
    text.detach()


TABLE_FORMATS = {
    each.name: each
    for each in (
        TableFormat("csv", True, _write_csv),
        TableFormat("jsonl", True, _write_jsonl),
        TableFormat("parquet", False, _write_parquet),
        TableFormat("xlsx", False, _write_workbook, _require_workbook),
    )
}
"""Every form that a table can be written in, for the command and the library alike."""

REPORT_FORMATS = ("csv", "jsonl", "parquet")
"""The forms in which a report's folder holds every table."""


def columns_of(name: str) -> tuple[Column, ...]:
    """Give the columns of the table of this name, in order."""
    from tlsaudit import schema

    return {
        "handshakes": schema.HANDSHAKE_TABLE,
        "clients": schema.CLIENTS,
        "findings": schema.FINDINGS,
        "captures": schema.CAPTURES,
        "changes": schema.CHANGES,
        "coverage": schema.COVERAGE,
        "events": schema.EVENTS,
        "sign_ins": schema.SIGN_INS,
        "files": schema.FILES,
        "refusals": schema.REFUSALS,
        "set_aside": schema.SET_ASIDE,
        "names": schema.NAMES,
        "trend": schema.TREND,
        "verdicts": schema.VERDICTS,
        "rollup": schema.ROLLUP,
    }[name]


def write_tables(audit: Tables, folder: Path) -> None:
    """Write every table in every form of a report into the folder, as `name.csv` and so on."""
    for name in TABLES:
        for form in REPORT_FORMATS:
            with replacing(folder / f"{name}.{form}") as place, place.open("wb") as file:
                TABLE_FORMATS[form].write(getattr(audit, name), columns_of(name), file)


def table_bytes(name: str, frame: pandas.DataFrame, table_format: str) -> bytes:
    """Give the table of this name as the bytes of a file of this format."""
    binary = io.BytesIO()
    TABLE_FORMATS[table_format].write(frame, columns_of(name), binary)
    return binary.getvalue()


def export_format(path: str | os.PathLike[str], table: str | None) -> str:
    """Give the format that a file is to have by its ending, once it is known to be possible.

    `table` is the one table that the file is to hold, None for the whole audit. Raises ReportError
    where the ending means nothing, or a file of this kind cannot hold that.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if table is not None and table not in TABLES:
        raise ReportError(f"{table}: no table of an audit; there are {', '.join(TABLES)}")
    if ending == "md" and table is None:
        return ending
    if ending not in TABLE_FORMATS:
        endings = [f".{each}" for each in ("md", *TABLE_FORMATS)]
        what = "a summary of all, not of a table" if ending == "md" else "no ending of an export"
        raise ReportError(f"{Path(path)}: {what}; the endings are {', '.join(endings)}")
    if table is None and ending != "xlsx":
        raise ReportError(
            f"{Path(path)}: a file of this kind holds one table: name it with `--table`: "
            f"{', '.join(TABLES)}"
        )
    TABLE_FORMATS[ending].require()
    return ending


def write_export(audit: Tables, path: str | os.PathLike[str], table: str | None = None) -> Path:
    """Write one file, of the format that its name ends in; give its path.

    `.xlsx` is a workbook with a sheet for each table, `.md` the summary for a ticket; `.csv`,
    `.jsonl` and `.parquet` hold one table, whose name has to be given, and so can `.xlsx`.
    Raises ReportError.
    """
    ending = export_format(path, table)
    place = Path(path)
    with replacing(place) as partial:
        if table is not None:
            with partial.open("wb") as file:
                TABLE_FORMATS[ending].write(getattr(audit, table), columns_of(table), file)
        elif ending == "md":
            from tlsaudit.reports.ticket import ticket

            partial.write_text(ticket(audit), encoding="utf-8", newline="\n")
        else:
            from tlsaudit.reports.lines import summary
            from tlsaudit.reports.workbook import write_workbook

            tables = {name: (getattr(audit, name), columns_of(name)) for name in TABLES}
            with partial.open("wb") as file:
                write_workbook(tables, file, summary(audit).splitlines())
    return place


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """Make the folder if need be and give its path; ReportError if it cannot be written to."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ReportError(
            f"{path}: this is a file, so no report can go into it: name a folder"
        ) from None
    except OSError as error:
        raise ReportError(f"{path}: this folder cannot be made ({error.strerror})") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ReportError(f"{path}: this folder may not be written to: name another one")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside this one to write to; it takes this one's place when all went well.

    So a file that was there before stays whole until the new one is. If the file at the
    temporary path is gone by then, nothing is put in place. What is no file, such as `/dev/null`,
    is written to itself: nothing may take its place.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    place = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield place
        if place.exists():
            os.replace(place, path)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise ReportError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        place.unlink(missing_ok=True)
