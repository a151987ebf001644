"""One writer at a time: a lock that the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlsaudit.errors import StoreError

__all__ = ["LOCK", "locked"]

LOCK = "lock"
"""The file that is locked. It stays, and says nothing by being there."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a store; StoreError if somebody else does."""
    path = folder / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened ({error.strerror})") from None
    try:
        if not _lock(handle):
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            who = f" (process {holder})" if holder.isdigit() else ""
            raise StoreError(
                f"{folder}: another run is writing to this store{who}; nothing was done, "
                "and nothing is lost: the next run takes what is new"
            )
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Take the lock without waiting; whether it was free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # Far behind what is written, so that others can read who holds it.
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
