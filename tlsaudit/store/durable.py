"""Files that are whole or not there, also after a crash of the machine."""

from __future__ import annotations

import os
from pathlib import Path

from tlsaudit.errors import StoreError

__all__ = ["PARTIAL", "put", "sync_folder"]

PARTIAL = ".partial"
"""What the names of files end in that are not whole yet."""


def put(path: Path, data: bytes) -> None:
    """Write a file and put it in place in one step; StoreError if that cannot be done."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from None


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder are on the disk, where the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        # Windows does not open folders; it keeps names safe by itself.
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
