"""Bars that lie: a label above each, its parts from left to right, and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit.reports.figures.canvas import (
    canvas,
    drawing,
    legend,
    legend_rows,
    nothing,
    painted,
)
from tlsaudit.reports.figures.looks import INK, Look, in_order
from tlsaudit.safe_text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Bar", "Part", "draw_bars", "looks_of"]

_ROW = 0.44  # inches for a bar and its label
_LABEL = 46  # characters: an IPv6 address and the cipher suites in use fit


@dataclass(frozen=True)
class Part:
    """One shade of a bar: what it counts, how many, how it looks."""

    name: str
    count: int
    look: Look


@dataclass(frozen=True)
class Bar:
    """One bar of a figure: its label and its parts, left to right or upwards."""

    label: str
    parts: tuple[Part, ...]

    @property
    def count(self) -> int:
        """The sum of the parts."""
        return sum(part.count for part in self.parts)


def looks_of(bars: Sequence[Bar]) -> dict[str, Look]:
    """Give how the parts of these bars look, in the order of the versions."""
    looks = {part.name: part.look for bar in bars for part in bar.parts}
    return {name: looks[name] for name in in_order(looks)}


def draw_bars(bars: Sequence[Bar], axes: Axes | None, with_legend: bool = False) -> Figure:
    """Draw the bars, the first one on top."""
    looks = looks_of(bars) if with_legend else {}
    with drawing():
        figure, axes = canvas(_ROW * max(len(bars), 1) + 0.1, axes, legend_rows(len(looks)))
        if not bars:
            nothing(axes)
            return figure
        longest = max(bar.count for bar in bars) or 1
        for row, bar in enumerate(bars):
            _draw_bar(axes, row, bar, longest)
        axes.set_xlim(0, longest * 1.12)
        axes.set_ylim(len(bars) - 0.3, -0.75)
        if looks:
            legend(axes, looks)
    return figure


def _draw_bar(axes: Axes, row: int, bar: Bar, longest: int) -> None:
    label = shortened(bar.label, _LABEL)
    axes.text(0, row - 0.32, label, fontsize=9, color=INK, va="bottom", ha="left")
    left = 0
    for part in bar.parts:
        axes.barh(row, part.count, left=left, height=0.5, **painted(part.look))  # type: ignore[arg-type]
        left += part.count
    axes.text(
        left + longest * 0.012,
        row,
        f"{bar.count:,}",
        fontsize=9,
        color=INK,
        va="center",
        ha="left",
    )
