"""What a store holds: one entry per capture, kept in one file that is replaced in one step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tlsaudit.errors import StoreError
from tlsaudit.inputs import STORE_MANIFEST
from tlsaudit.store.durable import put, sync_folder

__all__ = ["FORMAT", "MANIFEST", "Entry", "Manifest", "StoredFile", "part_name"]

FORMAT = 1
"""Of the store; another number is refused. It rises when stored tables could no longer be read."""

MANIFEST = STORE_MANIFEST


class StoredFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file as it was read; `modified` is in nanoseconds since 1970."""

    path: str
    bytes: int
    modified: int
    sha256: str

    def is_at(self, size: int, modified: int) -> bool:
        """Whether a file of this size and time is taken for the same without a look into it."""
        return (self.bytes, self.modified) == (size, modified)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A capture: its files, what read them, and what was found.

    `rows` counts the rows of each table of the part; tables without any are left out. `cut` is set
    for a ring of which the later files are in another entry: rows that begin in frames after it
    are there.
    """

    capture: str
    files: tuple[StoredFile, ...]
    tlsaudit: str
    part: str
    rows: dict[str, int]
    error_kind: str | None = None
    error: str | None = None
    cut: int | None = None

    @property
    def key(self) -> str:
        """The path of its first file, by which entries are told apart."""
        return self.files[0].path


def part_name(
    capture: str, files: Iterable[StoredFile], tlsaudit: str, cut: int | None = None
) -> str:
    """Give the name of a part: the same for the same bytes read by the same version."""
    made_of = [capture, [each.sha256 for each in files], tlsaudit, cut]
    return hashlib.sha256(json.dumps(made_of).encode("ascii")).hexdigest()[:24]


class Manifest:
    """The entries of a store, by the path of their first file."""

    def __init__(self, folder: Path, entries: Iterable[Entry] = ()) -> None:
        self.folder = folder
        self.entries = {entry.key: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        """Give the entries by key, which is the order of the rows in all tables."""
        return iter(sorted(self.entries.values(), key=lambda entry: entry.key))

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of a store; StoreError if it is none, or of another format."""
        path = folder / MANIFEST
        try:
            content = json.loads(path.read_text(encoding="ascii"))
            found = content["tlsaudit_store"]
            if found == FORMAT:
                return cls(folder, msgspec.convert(content["captures"], list[Entry]))
        except FileNotFoundError:
            raise StoreError(f"{folder}: this is no store; `tlsaudit batch` makes one") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, msgspec.ValidationError):
            raise StoreError(
                f"{path}: this is not the manifest of a store, or it was damaged"
            ) from None
        raise StoreError(
            f"{folder}: this store has format {found}, and this version of tlsaudit reads and "
            f"writes format {FORMAT}; read the captures into a new store with `tlsaudit batch`"
        )

    def save(self) -> None:
        """Replace the manifest on the disk, after the names of all parts are there."""
        for folder in sorted({name for entry in self for name in entry.rows}):
            sync_folder(self.folder / folder)
        lines = [json.dumps(msgspec.to_builtins(entry), sort_keys=True) for entry in self]
        text = ",\n".join(lines)
        head = f'{{"tlsaudit_store": {FORMAT}, "captures": [\n'
        put(self.folder / MANIFEST, f"{head}{text}\n]}}\n".encode("ascii"))
        sync_folder(self.folder)
