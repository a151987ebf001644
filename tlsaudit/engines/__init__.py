"""Ways of getting the handshake table. All of them give the same columns (`tlsaudit.schema`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pandas

    from tlsaudit.engines.reading import Engine
    from tlsaudit.inputs import Source

__all__ = ["load", "read_handshakes"]


def load(name: str) -> Engine:
    """Give the engine of this name; ValueError if there is none."""
    from tlsaudit.schema.column import ENGINES

    if name not in ENGINES:
        raise ValueError(f"there is no engine `{name}`; there are: {', '.join(ENGINES)}")
    return cast("Engine", import_module(f"tlsaudit.engines.{name}"))


def read_handshakes(
    paths: Iterable[Source] | Source,
    engine: str = "native",
    progress: Callable[[int], None] | None = None,
    max_unpacked: int | None = None,
) -> pandas.DataFrame:
    """Give the handshake table of captures: one row per handshake, sorted by its key.

    `paths` are files, folders, patterns, `-` or binary file objects, or one of them. `engine` is
    `native`, `scapy` or `tshark`; what it does not know is null (docs/engines.md). `progress` is
    called with the bytes read so far. `max_unpacked` is how many bytes a compressed capture may
    unpack to, None for the bounds in docs/limits.md. Null means not seen; see docs/columns.md.
    Raises CaptureError if none of them could be read, EngineError if the engine cannot run; to
    learn about captures that could not be read, use `tlsaudit.audit`, which keeps their table.
    """
    from tlsaudit.inputs import expand

    inputs = expand(_as_list(paths), max_unpacked=max_unpacked)
    reading = load(engine).read(inputs, progress)
    raise_if_nothing_was_read(reading.captures)
    return reading.handshakes


def raise_if_nothing_was_read(captures: pandas.DataFrame) -> None:
    """Raise CaptureError, with the reasons, if no row of the captures table is readable."""
    from tlsaudit.errors import CaptureError

    if captures["readable"].any():
        return
    reasons = [str(each) for each in captures["error"].dropna()]
    if not reasons:
        raise CaptureError("no capture was named: name files, folders or patterns")
    shown = "; ".join(reasons[:3])
    more = f"; and {len(reasons) - 3:,} more like these" if len(reasons) > 3 else ""
    raise CaptureError(f"no capture could be read: {shown}{more}")


def _as_list(paths: Iterable[Source] | Source) -> list[Source]:
    # A file object is iterable too, but over its lines.
    if isinstance(paths, str | os.PathLike) or hasattr(paths, "read"):
        return [cast("Source", paths)]
    return list(paths)
