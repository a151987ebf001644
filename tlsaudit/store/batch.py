"""A run over captures that adds to a store what is new in them."""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from tlsaudit.errors import StoreError
from tlsaudit.inputs import expand
from tlsaudit.rings import Rings, join
from tlsaudit.store import parts
from tlsaudit.store.locking import LOCK, locked
from tlsaudit.store.manifest import MANIFEST, Entry, Manifest, StoredFile, part_name
from tlsaudit.store.planning import Plan, Task, plan

if TYPE_CHECKING:
    from tlsaudit.inputs import Input

__all__ = ["Outcome", "batch"]

_BLOCK = 1 << 20
_SHARE_OF_COMMITS = 10
"""Work between two commits is at least so many times the cost of one."""


@dataclass(frozen=True)
class Outcome:
    """What a run did: captures by what became of them, and sentences about what failed.

    A capture that ends too soon is both: `read` as far as it goes, and among the failed.
    """

    read: int
    unchanged: int
    waiting: int
    failed: tuple[str, ...]
    problems: tuple[str, ...]
    captures: int
    handshakes: int


@dataclass(frozen=True)
class _Done:
    """A capture that was looked at: its entry, its part, and those of the entries that it cuts.

    `readable` says whether it is a capture at all.
    """

    entry: Entry
    files: Mapping[str, bytes]
    readable: bool
    cut: tuple[tuple[Entry, Entry | None, Mapping[str, bytes]], ...] = ()


class _StoppedError(Exception):
    """The run is over; what is being read is not wanted."""


def batch(
    sources: Iterable[str | os.PathLike[str]],
    store: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    rings: Rings = "auto",
    settle: float = 0,
    again: bool = False,
    max_unpacked: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Read what is new or changed in these sources into a store, which is made if need be.

    `sources` are files, folders or patterns. `jobs` captures are read at a time, as many as there
    are cores if it is None. `rings` says which files are one capture: see `tlsaudit.rings.join`.
    Files modified less than `settle` seconds ago are left for the next run. With `again`, what
    another version of tlsaudit has read is read again. `progress` is called with the bytes read so
    far, from any thread.
    Whatever stops the run, what it has finished is in the store, and the next run goes on.
    Raises StoreError where the store cannot be written, is of another format, or is being written
    to by another run.
    """
    folder = _make(store)
    with locked(folder):
        manifest = _open(folder)
        parts.clear(manifest)
        inputs = _inputs(sources, folder, rings, max_unpacked)
        settled = time.time_ns() - int(settle * 1e9) if settle > 0 else None
        todo = plan(inputs, manifest, settled, _version() if again else None)
        read, failed = _run(todo, manifest, jobs or os.cpu_count() or 1, progress)
        parts.clear(manifest)
    return Outcome(
        read=read,
        unchanged=todo.unchanged,
        waiting=todo.waiting,
        failed=tuple(failed),
        problems=todo.problems,
        captures=len(manifest.entries),
        handshakes=sum(entry.rows.get("handshakes", 0) for entry in manifest),
    )


def _make(store: str | os.PathLike[str]) -> Path:
    folder = Path(store)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreError(f"{folder}: this is a file; name a folder for the store") from None
    except OSError as error:
        raise StoreError(f"{folder}: this folder cannot be made ({error.strerror})") from None
    return folder


def _open(folder: Path) -> Manifest:
    if (folder / MANIFEST).exists():
        return Manifest.load(folder)
    strangers = sorted({each.name for each in folder.iterdir()} - {LOCK, *parts.TABLES})
    if any(not each.startswith(MANIFEST) for each in strangers):
        raise StoreError(
            f"{folder}: this folder holds other files (`{strangers[0]}`) and is no store; "
            "name an empty or a new one"
        )
    manifest = Manifest(folder)
    manifest.save()
    return manifest


def _inputs(
    sources: Iterable[str | os.PathLike[str]],
    store: Path,
    rings: Rings,
    max_unpacked: int | None,
) -> list[Input]:
    """Give the captures under their whole paths: a store outlives the folder that one is in."""
    from tlsaudit._core import first_time

    places = [os.path.abspath(os.fspath(source)) for source in sources]
    return join(expand(places, leave_out=store, max_unpacked=max_unpacked), rings, first_time)


def _version() -> str:
    from tlsaudit._core import __version__

    return __version__


def _run(
    todo: Plan, manifest: Manifest, jobs: int, progress: Callable[[int], None] | None
) -> tuple[int, list[str]]:
    """Do what is planned; give how many captures were read, and sentences about what failed."""
    read = 0
    failed: list[str] = []
    stop = Event()
    count = _Counter(progress, stop)
    waiting = deque(todo.tasks)
    under_way: deque[Future[_Done | str]] = deque()
    begun, cost = time.monotonic(), 0.0
    with ThreadPoolExecutor(jobs, thread_name_prefix="tlsaudit batch") as pool:
        try:
            while waiting or under_way:
                while waiting and len(under_way) < 2 * jobs:
                    task = waiting.popleft()
                    under_way.append(pool.submit(_read, task, manifest.folder, count.of_one()))
                done = under_way.popleft().result()
                if isinstance(done, str):
                    failed.append(done)
                    continue
                _take(done, manifest)
                read += done.readable
                if done.entry.error is not None:
                    failed.append(done.entry.error)
                now = time.monotonic()
                if now - begun >= _SHARE_OF_COMMITS * cost:
                    manifest.save()
                    begun = time.monotonic()
                    cost = begun - now
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            if todo.tasks:
                manifest.save()
    return read, failed


def _take(done: _Done, manifest: Manifest) -> None:
    """Put what was read into the store; it counts from the next time the manifest is saved."""
    for before, after, files in done.cut:
        if manifest.entries.get(before.key) is not before:
            continue
        del manifest.entries[before.key]
        if after is not None:
            parts.write(manifest.folder, after.part, files)
            manifest.entries[after.key] = after
    parts.write(manifest.folder, done.entry.part, done.files)
    manifest.entries[done.entry.key] = done.entry


def _read(task: Task, store: Path, progress: Callable[[int], None]) -> _Done | str:
    """Read one capture; a sentence says why that could not be done."""
    from tlsaudit.engines import native

    try:
        files = tuple(_stored(path, task.known.get(path), progress) for path in task.paths)
    except OSError as error:
        return f"{task.item.name}: it cannot be read ({error.strerror})"
    version = _version()
    before = task.replaces
    if before is not None and before.tlsaudit == version and before.error_kind != "io":
        same = [(file.path, file.sha256) for file in files]
        if before.cut is None and same == [(file.path, file.sha256) for file in before.files]:
            # Only the time is another.
            return _Done(_with_files(before, files), {}, before.error is None)
    tables = native.read_tables([task.item], progress)
    cuts = []
    for entry in task.overlaps:
        earlier = parts.read(store, entry)
        for name in parts.TABLES:
            known = _known(earlier, name, entry, task, tables)
            if known:
                tables = parts.without(tables, name, known)
        cuts.append((entry, *_cut(entry, earlier, task.paths)))
    (row,) = parts.rows_of(tables["captures"])
    if not row["readable"] and row["error_kind"] in ("missing", "permission", "io"):
        return str(row["error"])
    entry = _entry(task.item.name, files, version, tables)
    return _Done(entry, parts.encoded(tables), bool(row["readable"]), tuple(cuts))


def _known(
    earlier: parts.Tables, name: str, entry: Entry, task: Task, tables: parts.Tables
) -> set[int]:
    """Give the frames, as this reading numbers them, that an earlier entry's rows name."""
    place = _place(entry, task.paths)
    before = _frames_before(earlier, entry.files[place].path)
    here = _frames_before(tables, entry.files[place].path)
    if before is None or before == 0:
        # Nothing of that entry is kept.
        return set()
    kept = parts.cut(earlier, before)
    named = parts.frames_named(kept[name])
    return {frame - before + (here or 0) for frame in named if frame > before}


def _cut(
    entry: Entry, tables: parts.Tables, paths: tuple[str, ...]
) -> tuple[Entry | None, Mapping[str, bytes]]:
    """Give what is left of an entry whose later files are now in another: none, if all are."""
    place = _place(entry, paths)
    last = _frames_before(tables, entry.files[place].path)
    if place == 0 or last is None:
        return None, {}
    left = parts.cut(tables, last)
    return _entry(entry.capture, entry.files[:place], entry.tlsaudit, left, last), parts.encoded(
        left
    )


def _place(entry: Entry, paths: tuple[str, ...]) -> int:
    """Give the place of the first of these paths in an entry."""
    wanted = set(paths)
    return next(place for place, file in enumerate(entry.files) if file.path in wanted)


def _frames_before(tables: parts.Tables, path: str) -> int | None:
    """Give the frames of a ring before one of its files; None for what is no ring."""
    from tlsaudit.inputs import printable_name

    name = printable_name(path)
    for row in parts.rows_of(tables["files"]):
        if row["file"] == name:
            return int(row["frames_before"])
    return None


def _entry(
    capture: str,
    files: tuple[StoredFile, ...],
    version: str,
    tables: parts.Tables,
    cut: int | None = None,
) -> Entry:
    (row,) = parts.rows_of(tables["captures"])
    return Entry(
        capture=capture,
        files=files,
        tlsaudit=version,
        part=part_name(capture, files, version, cut),
        rows={name: table.num_rows for name, table in tables.items() if table.num_rows},
        error_kind=row["error_kind"],
        error=row["error"],
        cut=cut,
    )


def _with_files(entry: Entry, files: tuple[StoredFile, ...]) -> Entry:
    import msgspec

    return msgspec.structs.replace(entry, files=files)


def _stored(path: str, known: StoredFile | None, progress: Callable[[int], None]) -> StoredFile:
    """Give a file's size, time and hash; the hash is not worked out again for the same file.

    The size and time are those from before the reading: if the file grows meanwhile, the next run
    takes it for changed.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        size, modified = status.st_size, status.st_mtime_ns
        if known is not None and known.is_at(size, modified):
            return known
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
            progress(0)
    return StoredFile(path, size, modified, digest.hexdigest())


class _Counter:
    """Adds up the bytes that all readers have read, and ends them when the run is over."""

    def __init__(self, progress: Callable[[int], None] | None, stop: Event) -> None:
        self.progress = progress
        self.stop = stop
        self.lock = Lock()
        self.total = 0

    def of_one(self) -> Callable[[int], None]:
        """Give the function that one reader calls with the bytes that it has read so far."""
        before = 0

        def count(done: int) -> None:
            nonlocal before
            if self.stop.is_set():
                raise _StoppedError
            with self.lock:
                self.total += max(0, done - before)
                before = max(before, done)
                if self.progress is not None:
                    self.progress(self.total)

        return count
