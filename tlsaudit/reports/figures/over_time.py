"""Handshakes by negotiated version and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit.reports.figures.bars import Bar, looks_of
from tlsaudit.reports.figures.canvas import (
    canvas,
    drawing,
    legend,
    legend_rows,
    nothing,
    painted,
)
from tlsaudit.reports.figures.looks import INK, version_words
from tlsaudit.reports.figures.periods import periods
from tlsaudit.reports.figures.versions import parts_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["counts_of_versions_over_time", "versions_over_time"]

MOST_COLUMNS = 40
_HEIGHT = 2.1  # inches
_NUMBERED = 12  # columns that have room for a number each
_LABELS = 3  # words for a moment that stand side by side
_GRID = "#9aa3ad"


def counts_of_versions_over_time(handshakes: pandas.DataFrame) -> list[Bar]:
    """Give a bar per period of time, parted by negotiated version, oldest first.

    There are at most forty periods, from seconds to years long; those without a handshake between
    others are there, without parts. Handshakes without a time are left out.
    """
    import numpy as np

    dated = handshakes[handshakes["ts"].notna()]
    found = periods(dated["ts"].dt.tz_localize(None).to_numpy("datetime64[ns]"), MOST_COLUMNS)
    names = version_words(dated["negotiated_version_name"]).to_numpy()
    counts: list[dict[str, int]] = [{} for _ in found.labels]
    for name in sorted(set(names)):
        numbers = np.bincount(found.of[names == name], minlength=len(counts)).tolist()
        for place, count in enumerate(numbers):
            if count:
                counts[place][name] = count
    pairs = zip(found.labels, counts, strict=True)
    return [Bar(label, parts_of(mine)) for label, mine in pairs]


def versions_over_time(handshakes: pandas.DataFrame, axes: Axes | None = None) -> Figure:
    """Draw how many handshakes negotiated each version in each second, hour, day, month or so.

    `handshakes` is the table of handshakes, or any part of it. How long the periods are follows
    from the time between the first and the last; times are UTC, and a label stands at the beginning
    of its period. Handshakes without a time are left out.
    """
    bars = counts_of_versions_over_time(handshakes)
    looks = looks_of(bars)
    with drawing():
        figure, axes = canvas(_HEIGHT if bars else 0.5, axes, legend_rows(len(looks)))
        if not bars:
            nothing(axes)
            return figure
        highest = max(bar.count for bar in bars)
        width = max(len(bars), 6)
        words: dict[str, Any] = {"fontsize": 8.5, "color": INK}
        for place, bar in enumerate(bars):
            _draw_column(axes, place, bar, len(bars) <= _NUMBERED)
        for level in _levels(highest):
            axes.axhline(level, color=_GRID, linewidth=0.4, zorder=0.5)
            axes.text(width * 1.075, level, f"{level:,}", ha="right", va="bottom", **words)
        step = max(-(-len(bars) // _LABELS), -(-width // _LABELS) if len(bars) > 1 else 1)
        for place in range(0, len(bars), step):
            # One that begins near the right edge ends there.
            late = place > width * 0.7
            x, side = (place + 0.45, "right") if late else (place - 0.45, "left")
            axes.text(x, -highest * 0.03, bars[place].label, ha=side, va="top", **words)
        axes.set_xlim(-0.6, width * 1.08)
        axes.set_ylim(-highest * 0.14, highest * 1.12)
        legend(axes, looks)
    return figure


def _draw_column(axes: Axes, place: int, bar: Bar, with_number: bool) -> None:
    bottom = 0
    for part in bar.parts:
        axes.bar(place, part.count, bottom=bottom, width=0.86, **painted(part.look))  # type: ignore[arg-type]
        bottom += part.count
    if with_number and bottom:
        axes.text(place, bottom, f"{bottom:,}", fontsize=8.5, color=INK, va="bottom", ha="center")


def _levels(highest: int) -> list[int]:
    """Give the round numbers at which there are lines: nothing, and two or three above it."""
    size = 10 ** (len(str(highest)) - 1)
    steps = (size // 5, size // 2, size, size * 2, size * 5)
    step = next(each for each in steps if each and highest // each <= 3)
    return list(range(0, highest + 1, step))
