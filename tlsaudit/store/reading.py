"""A store as an audit: the tables of all its captures together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit.errors import StoreError
from tlsaudit.inputs import Input
from tlsaudit.store.manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    from tlsaudit.auditing import Audit
    from tlsaudit.findings import Policy

__all__ = ["is_store", "read_store"]

_TRIES = 5
"""A run that ends meanwhile takes away the parts that it has replaced: the manifest is then new."""


def is_store(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of a store."""
    return (Path(path) / MANIFEST).is_file()


def read_store(
    store: str | os.PathLike[str], policy: str | os.PathLike[str] | Policy = "entra"
) -> Audit:
    """Give the Audit of everything in a store; a run that is writing to it does no harm.

    `policy` is as for `audit()`. Raises StoreError for what is no store or of another format,
    PolicyError for a policy that cannot be used.
    """
    from tlsaudit.auditing import Audit
    from tlsaudit.findings import Policy, load_policy

    chosen = policy if isinstance(policy, Policy) else load_policy(policy)
    folder = Path(store)
    for _ in range(_TRIES):
        manifest = Manifest.load(folder)
        inputs = tuple(
            Input(
                entry.capture,
                entry.key,
                parts=tuple(file.path for file in entry.files) if len(entry.files) > 1 else (),
            )
            for entry in manifest
        )
        try:
            return Audit(policy=chosen, inputs=inputs, **_tables(manifest))
        except FileNotFoundError as error:
            lost = error
    raise StoreError(f"{folder}: a part of this store is missing ({lost.filename})")


def _tables(manifest: Manifest) -> dict[str, Any]:
    from tlsaudit import schema
    from tlsaudit.engines.native import columns_of
    from tlsaudit.store.parts import TABLES, path_of

    tables = {}
    for name in TABLES:
        entries = [each for each in manifest if name in each.rows]
        paths = [path_of(manifest.folder, name, each.part) for each in entries]
        for path in paths:
            # What is missing is told by its name.
            path.stat()
        table = schema.read_parts(paths, columns_of(name))
        if name == "handshakes":
            tables[name] = schema.from_arrow(table)
        else:
            tables[name] = schema.to_frame(table, columns_of(name))
    return tables
