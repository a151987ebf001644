"""From what the user named (files, folders, patterns, `-`) to the list of captures to read.

Nothing is opened here and nothing is judged by its file name: whether a file is a capture is
for the core to say. What cannot be a capture at all (an empty folder, a folder that may not be
listed) comes back as an `Input` with a problem, so that it gets a row of its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from tlsaudit.safe_text import visible

__all__ = [
    "STANDARD_INPUT",
    "STANDARD_INPUT_NAME",
    "STORE_MANIFEST",
    "Input",
    "Source",
    "expand",
    "printable_name",
    "total_bytes",
]

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "(standard input)"
"""What reports call it: a lone `-` is easily overlooked, and a spreadsheet would compute it."""
Source: TypeAlias = "str | os.PathLike[str] | BinaryIO"
STORE_MANIFEST = "tlsaudit-store.json"
"""The file that makes a folder a store."""
_REPORT_PAGES = frozenset(("index.html", "summary.md"))
_REPORT_ENDINGS = frozenset((".html", ".md", ".csv", ".jsonl", ".parquet", ".xlsx"))
_PATTERN_CHARACTERS = frozenset("*?[")


# No dataclass: to make one takes five times as long, and every command waits for it.
class Input(NamedTuple):
    """One capture to read: the name to report it under, and where its bytes are.

    `problem_kind` and `problem` (an `error_kind` of the captures table and one sentence) are
    set where there is nothing to read; they are None otherwise. `max_unpacked` is how many bytes it
    may unpack to if it is compressed, None for the bounds in docs/limits.md. `parts` are the paths
    of all files of a capture that lies in several, in order; `source` is then the first of them.
    """

    name: str
    source: str | BinaryIO
    problem_kind: str | None = None
    problem: str | None = None
    max_unpacked: int | None = None
    parts: tuple[str, ...] = ()


def expand(
    sources: Iterable[Source],
    leave_out: str | os.PathLike[str] | None = None,
    max_unpacked: int | None = None,
) -> list[Input]:
    """Give one `Input` per capture, in the order named; folders are walked in sorted order.

    - A path that exists is taken literally, whatever characters it holds. Otherwise one with
      `*`, `?` or `[` in it is a pattern, and `**` in a pattern reaches into subfolders.
    - A folder stands for every regular file below it, hidden ones (`.name`) apart. Links to
      folders are not followed inside a folder, so that no loop can arise. Stores and reports of
      tlsaudit below it are left out.
    - `-` is standard input; a binary file object is read from where it stands.
    - A file reached twice is read once, under the name that came first.

    `leave_out` is a folder that is not to be walked: the one a report is about to go to.
    `max_unpacked` goes into every Input.
    """
    omitted = None if leave_out is None else os.path.realpath(leave_out)
    found: list[Input] = []
    names: set[str] = set()
    places: set[str] = set()
    for source in _flat(sources):
        for candidate in _of_one(source, omitted):
            if isinstance(candidate.source, str):
                place = (
                    candidate.source
                    if candidate.source == STANDARD_INPUT
                    else os.path.realpath(candidate.source)
                )
                if place in places:
                    continue
                places.add(place)
            name = _unused(candidate.name, names)
            names.add(name)
            found.append(candidate._replace(name=name, max_unpacked=max_unpacked))
    return found


def total_bytes(inputs: Iterable[Input]) -> int | None:
    """Give the bytes that there are to read, for a progress bar; None if that is not known."""
    total = 0
    for item in inputs:
        if item.problem is not None:
            continue
        if not isinstance(item.source, str) or item.source == STANDARD_INPUT:
            return None
        for path in item.parts or (item.source,):
            try:
                status = os.stat(path)
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                return None
            total += status.st_size
    return total


def printable_name(path: str) -> str:
    r"""Give a path as text that any output can show.

    Bytes that are not UTF-8, control characters and invisible characters become `\xNN` or
    `\u{NNNN}`, as the core does it with server names; so the `capture` column holds none.
    """
    return visible(path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _flat(sources: Iterable[Any]) -> Iterator[Any]:
    """Take a list of captures for its elements."""
    for source in sources:
        if isinstance(source, list | tuple) and not isinstance(source, Input):
            yield from _flat(source)
        else:
            yield source


def _of_one(source: Source, omitted: str | None) -> Iterator[Input]:
    if not isinstance(source, str | os.PathLike):
        if not callable(getattr(source, "read", None)):
            kind = type(source).__name__
            raise TypeError(f"a capture is a path or a binary file object, not {kind}")
        name = getattr(source, "name", None)
        yield Input(printable_name(name) if isinstance(name, str) else "stream", source)
        return
    path = os.fspath(source)
    if not path:
        problem = "a capture was named by an empty text: check where the name comes from"
        yield Input("(empty name)", path, "missing", problem)
    elif path == STANDARD_INPUT:
        yield Input(STANDARD_INPUT_NAME, STANDARD_INPUT)
    elif os.path.isdir(path):
        yield from _of_folder(path, omitted)
    elif not os.path.lexists(path) and _PATTERN_CHARACTERS.intersection(path):
        yield from _of_pattern(path, omitted)
    else:
        yield Input(printable_name(path), path)


def _of_pattern(pattern: str, omitted: str | None) -> Iterator[Input]:
    from glob import glob

    matches = sorted(glob(pattern, recursive=True))
    if not matches:
        name = printable_name(pattern)
        yield Input(
            name,
            pattern,
            "missing",
            f"{name}: no file of this name, and none that matches it as a pattern; check the path",
        )
    for match in matches:
        if os.path.isdir(match):
            yield from _walk(match, omitted)
        else:
            yield Input(printable_name(match), match)


def _of_folder(folder: str, omitted: str | None) -> Iterator[Input]:
    name = printable_name(folder)
    count = 0
    for item in _walk(folder, omitted):
        count += 1
        yield item
    if count == 0:
        yield Input(
            name,
            folder,
            "missing",
            f"{name}: this folder holds no captures; name one that does",
        )


def _walk(folder: str, omitted: str | None) -> Iterator[Input]:
    failures: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=failures.append):
        folders[:] = sorted(
            each
            for each in folders
            if not each.startswith(".")
            and (omitted is None or os.path.realpath(os.path.join(parent, each)) != omitted)
        )
        if omitted is not None and os.path.realpath(parent) == omitted:
            folders.clear()
            continue
        if _is_written_by_us(files):
            folders.clear()
            continue
        for file in sorted(files):
            path = os.path.join(parent, file)
            if not file.startswith(".") and _is_file_or_broken_link(path):
                yield Input(printable_name(path), path)
    for failure in failures:
        path = failure.filename if isinstance(failure.filename, str) else folder
        name = printable_name(path)
        yield Input(
            name,
            path,
            "permission" if isinstance(failure, PermissionError) else "io",
            f"{name}: this folder cannot be listed ({failure.strerror}); "
            "run as a user who may read it",
        )


def _is_written_by_us(files: Iterable[str]) -> bool:
    """Whether the files of a folder are those of a store, or of a report and nothing else."""
    names = set(files)
    if STORE_MANIFEST in names:
        return True
    is_report = names >= _REPORT_PAGES
    return is_report and all(os.path.splitext(name)[1] in _REPORT_ENDINGS for name in names)


def _is_file_or_broken_link(path: str) -> bool:
    """Leave out pipes and devices: in a folder they would block the run; named they are read."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _unused(name: str, taken: set[str]) -> str:
    """Two streams may have one name, but the name is part of a handshake's key."""
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
