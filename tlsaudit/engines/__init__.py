"""Ways of getting the handshake table. All of them give the same columns (`tlsaudit.schema`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, cast

from tlsaudit.errors import CaptureError
from tlsaudit.inputs import Input, Source, expand

if TYPE_CHECKING:
    import pandas

__all__ = ["ENGINES", "Engine", "read_handshakes"]


class Engine(Protocol):
    """A function from inputs to the handshake table and the captures table."""

    def __call__(
        self, inputs: Iterable[Input], progress: Callable[[int], None] | None = None, /
    ) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Give both tables; an input that cannot be read raises nothing."""


def _native() -> Engine:
    from tlsaudit.engines.native import read

    return read


ENGINES: dict[str, Callable[[], Engine]] = {"native": _native}


def read_handshakes(
    paths: Iterable[Source] | Source,
    engine: str = "native",
    progress: Callable[[int], None] | None = None,
) -> pandas.DataFrame:
    """Give the handshake table of captures: one row per handshake, sorted by its key.

    `paths` are files, folders, patterns, `-` or binary file objects, or one of them. `progress`
    is called with the bytes read so far. Null means not seen; see docs/columns.md.
    Raises CaptureError if none of them could be read; to learn about some that could not, use
    `tlsaudit.audit`, which keeps the captures table.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine `{engine}`; there are: {', '.join(sorted(ENGINES))}")
    handshakes, captures = ENGINES[engine]()(expand(_as_list(paths)), progress)
    raise_if_nothing_was_read(captures)
    return handshakes


def raise_if_nothing_was_read(captures: pandas.DataFrame) -> None:
    """Raise CaptureError, with the reasons, if no row of the captures table is readable."""
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
