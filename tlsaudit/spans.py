"""When anything was captured: from the first frame to the last, of each file by itself.

Files that were joined into one capture may lie far apart in time: nobody listened in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas

__all__ = ["Span", "nanoseconds", "spans"]

Span: TypeAlias = "tuple[int, int]"
"""The first and the last moment, in nanoseconds since 1970."""


def spans(captures: pandas.DataFrame, files: pandas.DataFrame) -> dict[str, list[Span]]:
    """Give the spans of each capture that has times, from the tables of captures and files."""
    return _of(captures) | _of(files)


def nanoseconds(spans: list[Span]) -> int:
    """Give the nanoseconds that lie in any of these spans, each once."""
    total, until = 0, None
    for first, last in sorted(spans):
        begin = first if until is None else max(first, until)
        total += max(0, last - begin)
        until = last if until is None else max(last, until)
    return total


def _of(table: pandas.DataFrame) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    known = table[["capture", "first_ts", "last_ts"]].dropna()
    for capture, first, last in known.itertuples(index=False, name=None):
        # As numbers: times at both ends of what a table can hold lie too far apart for pandas.
        found.setdefault(str(capture), []).append((int(first.value), int(last.value)))
    return found
