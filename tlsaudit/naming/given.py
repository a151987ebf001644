"""Names that the user gives: a hosts file, or CSV with an address and a name."""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit import schema
from tlsaudit.errors import ListError
from tlsaudit.safe_text import escaped

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["read_hosts", "together"]

_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_HEADS = ("address", "ip", "ip address", "mac")


def read_hosts(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Give the names of a file as a table of names: one row per address, its first name.

    The file is a hosts file (`192.0.2.1 name alias...`) or CSV (`192.0.2.1,name`, with or without
    a line of heads); an address is one of IP or of a link. Raises ListError, with the line.
    """
    place = Path(path)
    try:
        lines = place.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise ListError(f"{place}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise ListError(f"{place}: this is no text in UTF-8") from None
    rows: dict[str, dict[str, object]] = {}
    for number, address, name in _pairs(lines):
        subject = _address(address)
        if subject is None:
            raise ListError(f"{place}, line {number}: `{address}` is no address")
        if not name:
            raise ListError(f"{place}, line {number}: there is no name behind the address")
        safe = escaped(name.encode("utf-8"))
        rows.setdefault(subject, {"address": subject, "name": safe, "kind": "host"})
    each = [{**row, "source": "hosts"} for row in rows.values()]
    return schema.from_rows(each, schema.NAMES)


def together(hosts: pd.DataFrame, names: pd.DataFrame) -> pd.DataFrame:
    """Give one table of names of what the user and the packets say, the user first."""
    import pandas as pd

    return schema.conform(pd.concat([hosts, names], ignore_index=True), schema.NAMES)


def _pairs(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """The line, the address and the first name of each line that has some."""
    first = True
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        if "," in text:
            cells = [cell.strip() for cell in next(csv.reader([text]))]
            if first and cells[0].lower() in _HEADS:
                first = False
                continue
        else:
            cells = text.split()
        first = False
        yield number, cells[0], cells[1] if len(cells) > 1 else ""


def _address(text: str) -> str | None:
    """The address as the tables spell it."""
    if _MAC.fullmatch(text):
        return text.lower().replace("-", ":")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
