"""What a run has to read: captures that are new, or changed since they were read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tlsaudit.inputs import Input
from tlsaudit.store.manifest import Entry, Manifest, StoredFile

__all__ = ["Plan", "Task", "paths_of", "plan"]

_TRIED_AGAIN = frozenset({"missing", "permission", "io"})
"""Errors that are not the capture's."""


@dataclass(frozen=True)
class Task:
    """A capture to read, and the entries that hold some of its files from before.

    `known` are these files by path. `overlaps` are entries of rings whose first files are gone
    from the folder: what began in those stays in them, the rest is read anew.
    """

    item: Input
    paths: tuple[str, ...]
    known: Mapping[str, StoredFile]
    replaces: Entry | None
    overlaps: tuple[Entry, ...]


@dataclass(frozen=True)
class Plan:
    """What there is to do. `waiting` counts captures that may still be written to."""

    tasks: tuple[Task, ...]
    problems: tuple[str, ...]
    unchanged: int
    waiting: int


def plan(
    inputs: Iterable[Input], manifest: Manifest, settled: int | None, again: str | None
) -> Plan:
    """Compare what is there with what the store holds.

    Files that were modified after `settled` (nanoseconds since 1970) are left for the next run;
    of a ring so are the files behind them. With `again`, captures that another version than this
    one has read are read again.
    """
    holders = {file.path: entry for entry in manifest for file in entry.files}
    tasks: list[Task] = []
    problems: list[str] = []
    unchanged = waiting = 0
    for item in inputs:
        if item.problem is not None:
            problems.append(item.problem)
            continue
        try:
            times = {path: _stat(path) for path in paths_of(item)}
        except FileNotFoundError:
            problems.append(f"{item.name}: there is no such file")
            continue
        except OSError as error:
            problems.append(f"{item.name}: it cannot be read ({error.strerror})")
            continue
        paths = _settled(times, settled)
        if len(paths) < len(times):
            waiting += 1
            if not paths:
                continue
            item = _shortened(item, paths)  # noqa: PLW2901 (the same capture, as far as it is whole)
        holder = holders.get(paths[0])
        if holder is not None and _holds(holder, {path: times[path] for path in paths}, again):
            unchanged += 1
            continue
        found = {holders[path].key: holders[path] for path in paths if path in holders}
        known = {file.path: file for entry in found.values() for file in entry.files}
        replaces = found.pop(paths[0], None)
        tasks.append(Task(item, paths, known, replaces, tuple(found.values())))
    return Plan(tuple(tasks), tuple(problems), unchanged, waiting)


def paths_of(item: Input) -> tuple[str, ...]:
    """Give the files of a capture, in order."""
    return item.parts or (str(item.source),)


def _stat(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _settled(times: Mapping[str, tuple[int, int]], settled: int | None) -> tuple[str, ...]:
    """Give the files up to the first that may still be written to."""
    paths: list[str] = []
    for path, (_, modified) in times.items():
        if settled is not None and modified > settled:
            break
        paths.append(path)
    return tuple(paths)


def _shortened(item: Input, paths: tuple[str, ...]) -> Input:
    if len(paths) > 1:
        return item._replace(parts=paths)
    return item._replace(name=item.name.removesuffix("+"), parts=())


def _holds(entry: Entry, times: Mapping[str, tuple[int, int]], again: str | None) -> bool:
    """Whether an entry was made of just these files, and maybe of others before and behind."""
    if entry.error_kind in _TRIED_AGAIN or again not in (None, entry.tlsaudit):
        return False
    paths = [file.path for file in entry.files]
    wanted = list(times)
    begin = paths.index(wanted[0])
    if paths[begin : begin + len(wanted)] != wanted:
        return False
    files = entry.files[begin : begin + len(wanted)]
    return all(file.is_at(*times[file.path]) for file in files)
