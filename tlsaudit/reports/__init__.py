"""Reports: one page and the tables behind it, and the same in a few lines for a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlsaudit.reports.overview import Tables

__all__ = ["write_report"]


def write_report(audit: Tables, folder: str | os.PathLike[str]) -> Path:
    """Write `index.html`, `summary.md` and the tables into a folder; give the path of the page.

    The folder is made if need be; files of these names in it are replaced, each only when its
    successor is whole, and nothing else in it is touched. Raises ReportError.
    """
    from tlsaudit.reports.export import make_folder, replacing, write_export, write_tables
    from tlsaudit.reports.page import page

    place = make_folder(folder)
    write_tables(audit, place)
    write_export(audit, place / "summary.md")
    index = place / "index.html"
    with replacing(index) as partial:
        partial.write_text(page(audit), encoding="utf-8", newline="\n")
    return index
