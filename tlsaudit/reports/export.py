"""Tables as files: CSV, JSON Lines and Parquet, each whole or not there at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit.errors import ReportError

if TYPE_CHECKING:
    import pandas

    from tlsaudit.schema import Column

__all__ = ["FORMATS", "columns_of", "make_folder", "replacing", "table_bytes", "write_tables"]

FORMATS = ("csv", "jsonl", "parquet")
"""The forms of a table, which are also the endings of their file names."""


def columns_of(name: str) -> tuple[Column, ...]:
    """Give the columns of the table of this name, in order."""
    from tlsaudit import schema

    return {
        "handshakes": schema.HANDSHAKE_TABLE,
        "clients": schema.CLIENTS,
        "findings": schema.FINDINGS,
        "captures": schema.CAPTURES,
        "coverage": schema.COVERAGE,
        "refusals": schema.REFUSALS,
        "set_aside": schema.SET_ASIDE,
        "verdicts": schema.VERDICTS,
        "rollup": schema.ROLLUP,
    }[name]


def write_tables(tables: Mapping[str, pandas.DataFrame], folder: Path) -> None:
    """Write every table in every form into the folder, as `name.csv` and so on."""
    from tlsaudit import schema

    for name, frame in tables.items():
        columns = columns_of(name)
        with replacing(folder / f"{name}.csv") as place:
            schema.to_csv(frame, columns, place)
        with replacing(folder / f"{name}.jsonl") as place:
            schema.to_jsonl(frame, columns, place)
        with replacing(folder / f"{name}.parquet") as place:
            schema.write_parquet(frame, columns, place)


def table_bytes(name: str, frame: pandas.DataFrame, table_format: str) -> bytes:
    """Give the table of this name as the bytes of a CSV, JSON Lines or Parquet file."""
    from tlsaudit import schema

    columns = columns_of(name)
    if table_format == "parquet":
        binary = io.BytesIO()
        schema.write_parquet(frame, columns, binary)
        return binary.getvalue()
    text = io.StringIO(newline="")
    (schema.to_csv if table_format == "csv" else schema.to_jsonl)(frame, columns, text)
    return text.getvalue().encode("utf-8")


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
    temporary path is gone by then, nothing is put in place.
    """
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
