"""A store: the tables of many captures on disk, which a run every night adds to.

    STORE/tlsaudit-store.json      the manifest: files with their hashes, what was found, errors
    STORE/TABLE/PART.parquet       the rows of one capture in one table; none where it has no rows

The manifest alone says which parts count. It is replaced in one step, after everything that it
names is on the disk, so whatever stops a run leaves a store that is whole: what the manifest does
not name is cleared away by the next run. docs/batch.md tells it for users.
"""

from tlsaudit.store.batch import Outcome, batch
from tlsaudit.store.reading import is_store, read_store

__all__ = ["Outcome", "batch", "is_store", "read_store"]
