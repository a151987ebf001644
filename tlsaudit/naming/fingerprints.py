"""Lists of fingerprints that the user brings: what sends hellos with this JA3 or JA4.

Read are CSV with JA3 (as abuse.ch and others publish it), CSV with JA4 (FoxIO's mapping), and the
databases of Cisco's joy and mercury in JSON Lines, also packed with gzip.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.errors import ListError
from tlsaudit.safe_text import escaped

if TYPE_CHECKING:
    import os

__all__ = ["Fingerprints", "Hint", "read_fingerprints"]

MAX_LIST = 1 << 30
"""Bytes that a list may unpack to: mercury's whole database takes 200 MiB."""

_MOST = 3
"""Programs that a hint names."""

_JA3 = re.compile(r"[0-9a-f]{32}")
_JA4 = re.compile(r"[tqd](?:1[0-3]|s[123]|d[123]|00)[di]\d{4}[0-9A-Za-z]{2}(?:_[0-9a-f]{12}){2}")
_HEADS_OF_JA3 = ("ja3", "ja3_md5", "ja3_hash", "ja3 hash", "ja3_digest")
_NAMING_HEADS = (
    *("application", "app", "library", "device", "os", "desc", "description", "name", "client"),
    *("listingreason", "user_agent_string", "user_agent", "label"),
)
_STRING = re.compile(r"(?:tls/)?\(([0-9a-f]{4})\)\(((?:[0-9a-f]{4})*)\)\(((?:\([0-9a-f]{4,}\))*)\)")


@dataclass(frozen=True, slots=True)
class Hint:
    """What a list says of a fingerprint, and where."""

    what: str
    why: str


@dataclass
class Fingerprints:
    """What lists say, by JA3 and by JA4.

    `left_out` counts entries that cannot be compared: fingerprints of other kinds, and strings of
    mercury that leave out what JA3 is made of.
    """

    ja3: dict[str, dict[str, str]] = field(default_factory=dict)
    ja4: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: int = 0

    def hint(self, ja3: Any, ja4: Any) -> Hint | None:
        """Give what the lists say of a hello; JA4, which says more, before JA3."""
        for name, value, known in (("JA4", ja4, self.ja4), ("JA3", ja3, self.ja3)):
            found = known.get(value) if isinstance(value, str) else None
            if found:
                names = list(found)
                more = f" or {len(names) - _MOST:,} others" if len(names) > _MOST else ""
                what = " or ".join(names[:_MOST]) + more
                return Hint(what, f"its {name} is in your list: {found[names[0]]}")
        return None


def read_fingerprints(*paths: str | os.PathLike[str]) -> Fingerprints:
    """Give what these lists say; ListError, with the line, for one that cannot be used."""
    known = Fingerprints()
    for path in map(Path, paths):
        before = len(known.ja3) + len(known.ja4) + known.left_out
        text = _text(path)
        read = _json_lines if text.lstrip()[:1] == "{" else _csv
        read(text, path, known)
        if len(known.ja3) + len(known.ja4) + known.left_out == before:
            raise ListError(f"{path}: holds no JA3, no JA4 and no fingerprint of joy or mercury")
    return known


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                data = file.read(MAX_LIST + 1)
        if len(data) > MAX_LIST:
            raise ListError(f"{path}: unpacks to more than {MAX_LIST >> 30} GiB")
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise ListError(f"{path}: cannot be read ({error})") from None
    except UnicodeDecodeError:
        raise ListError(f"{path}: this is no text in UTF-8") from None


def _add(known: dict[str, dict[str, str]], key: str, what: str, where: str) -> None:
    known.setdefault(key, {}).setdefault(escaped(what.encode("utf-8", "replace")), where)


def _csv(text: str, path: Path, known: Fingerprints) -> None:
    """Columns are told by a line of heads, which may be a comment, else by what they hold."""
    heads: list[str] = []
    for number, cells in _rows(text, path):
        line = [cell.strip() for cell in cells]
        lower = [cell.lower().lstrip("# ") for cell in line]
        if any(head in (*_HEADS_OF_JA3, "ja4") for head in lower):
            heads = lower
            continue
        if not any(line) or line[0].startswith("#"):
            continue
        where = f"{path.name}, line {number}"
        row = dict(zip(heads, line, strict=False))
        ja3 = next((row[head] for head in _HEADS_OF_JA3 if row.get(head)), "").lower()
        ja4 = row.get("ja4", "")
        if not heads:
            ja3 = next((cell.lower() for cell in line if _JA3.fullmatch(cell.lower())), "")
            ja4 = next((cell for cell in line if _JA4.fullmatch(cell)), "")
            if not ja3 and not ja4:
                raise ListError(f"{path}, line {number}: no JA3 and no JA4 in it")
        if ja3 and not _JA3.fullmatch(ja3):
            raise ListError(f"{path}, line {number}: `{ja3[:40]}` is no JA3: 32 hexadecimal digits")
        if ja4 and not _JA4.fullmatch(ja4):
            raise ListError(f"{path}, line {number}: `{ja4[:40]}` is no JA4")
        named = [row[head] for head in _NAMING_HEADS if row.get(head)]
        if not named:
            named = [cell for cell in line if cell and cell.lower() not in (ja3, ja4.lower())][-1:]
        if not named or not (ja3 or ja4):
            known.left_out += 1
            continue
        what = ", ".join(dict.fromkeys(named))
        if ja3:
            _add(known.ja3, ja3, what, where)
        if ja4:
            _add(known.ja4, ja4, what, where)


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines())
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise ListError(f"{path}, line {reader.line_num}: {error}") from None


def _json_lines(text: str, path: Path, known: Fingerprints) -> None:
    """An object a line, with the string of the fingerprint and the processes that sent it."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            raise ListError(f"{path}, line {number}: this is no object of JSON") from None
        if not isinstance(entry, dict):
            raise ListError(f"{path}, line {number}: this is no object of JSON")
        string = entry.get("str_repr", entry.get("fingerprint"))
        if not isinstance(string, str):
            raise ListError(f"{path}, line {number}: no `str_repr` and no `fingerprint` in it")
        ja3, names = _ja3_of(string), _processes(entry)
        if ja3 is None or not names:
            known.left_out += 1
            continue
        for name in names:
            _add(known.ja3, ja3, name, f"{path.name}, line {number}")


def _processes(entry: dict[str, Any]) -> list[str]:
    """The processes, those that were seen most first."""
    listed = entry.get("process_info")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    counted = [
        (row["count"] if isinstance(row.get("count"), int | float) else 0, row["process"])
        for row in rows
        if isinstance(row.get("process"), str) and row["process"]
    ]
    return [name for _, name in sorted(counted, key=lambda each: (-each[0], each[1]))]


def _ja3_of(string: str) -> str | None:
    """The JA3 of a fingerprint of joy, or of mercury's first form, which keep the order.

    The later forms (`tls/1/`, `tls/2/`) sort the extensions, so that no JA3 follows from them;
    those of other protocols have none.
    """
    match = _STRING.fullmatch(string)
    if match is None:
        return None
    version, suites, extensions = match.groups()
    kinds, groups, formats = [], "", ""
    for extension in re.findall(r"\(([0-9a-f]+)\)", extensions):
        kind, length, data = extension[:4], extension[4:8], extension[8:]
        kinds.append(int(kind, 16))
        if kind in ("000a", "000b"):
            if not length or int(length, 16) * 2 != len(data):
                return None
            if kind == "000a":
                groups = data[4:]
            else:
                formats = data[2:]
    lists = (_numbers(suites, 4), kinds, _numbers(groups, 4), _numbers(formats, 2))
    parts = [
        "-".join(str(number) for number in each if not registry.is_grease(number)) for each in lists
    ]
    text = ",".join([str(int(version, 16)), *parts])
    return hashlib.md5(text.encode("ascii"), usedforsecurity=False).hexdigest()


def _numbers(digits: str, width: int) -> list[int]:
    return [int(digits[at : at + width], 16) for at in range(0, len(digits), width)]
