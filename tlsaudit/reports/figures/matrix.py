"""What was offered against what was negotiated."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any, cast

from tlsaudit import registry
from tlsaudit.reports.figures.bars import Bar, looks_of
from tlsaudit.reports.figures.canvas import (
    ON_DARK,
    ON_LIGHT,
    WIDTH,
    canvas,
    drawing,
    nothing,
)
from tlsaudit.reports.figures.looks import INK, NO_HELLO, in_order, version_words
from tlsaudit.reports.figures.versions import parts_of
from tlsaudit.safe_text import shortened

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["counts_of_offered_and_negotiated", "offered_against_negotiated"]

_ROW = 0.36  # inches
_WORDS = 1.15  # inches for what stands before a row
_LABEL = 18  # characters there
_BEHIND = 0.45  # inches behind the last column for its head, where heads are tilted
_STRAIGHT = 13  # characters of the heads of all columns for each inch there is for them
_CELL = (0.94, 0.9)  # of a column and a row
_FEW, _MANY = (0.91, 0.94, 0.97), (0.10, 0.27, 0.46)
_OUTLINE = "#87909a"
_DIGITS = 14  # that fit into an inch


def counts_of_offered_and_negotiated(handshakes: pandas.DataFrame) -> list[Bar]:
    """Give a bar per version that was the best offered, parted by what was negotiated.

    The best is the highest of the hello's supported_versions, else its `legacy_version`.
    """
    codes = handshakes["client_max_version"].astype("object")
    names = {code: registry.version_name(int(code)) for code in codes.dropna().unique()}
    offered = version_words(codes.map(names), NO_HELLO)
    negotiated = version_words(handshakes["negotiated_version_name"])
    by_offer: dict[str, dict[str, int]] = {}
    for key, count in negotiated.groupby(offered).value_counts().items():
        best, chosen = cast("tuple[str, str]", key)
        by_offer.setdefault(best, {})[chosen] = int(count)
    return [Bar(best, parts_of(by_offer[best])) for best in in_order(by_offer)]


def offered_against_negotiated(handshakes: pandas.DataFrame, axes: Axes | None = None) -> Figure:
    """Draw a matrix: best version offered, downwards, against version negotiated, and how often.

    `handshakes` is the table of handshakes, or any part of it. The darker a cell, the more
    handshakes; where there is little room, numbers are in thousands (`1.2k`) or millions. Where a
    client was given the best that it offered, the cell has a frame; left of it, the server chose
    less.
    """
    bars = counts_of_offered_and_negotiated(handshakes)
    columns = list(looks_of(bars))
    across = max(len(columns), 3)
    tilted = sum(len(name) + 1 for name in columns) > _STRAIGHT * (WIDTH - _WORDS)
    tilted = tilted or max(map(len, columns), default=0) > 10
    head = (1.0 if tilted else 0.38) / _ROW if bars else 0.0
    with drawing():
        figure, axes = canvas(_ROW * (len(bars) + head + 0.3) if bars else 0.5, axes)
        if not bars:
            nothing(axes)
            return figure
        words: dict[str, Any] = {"fontsize": 8.5, "color": INK}
        highest = max(part.count for bar in bars for part in bar.parts)
        for place, name in enumerate(columns):
            turned: dict[str, Any] = {"ha": "left", "rotation": 40} if tilted else {"ha": "center"}
            x = place + (0.3 if tilted else 0.5)
            axes.text(x, -0.12, shortened(name, _LABEL), va="bottom", **words, **turned)
        behind = _BEHIND if tilted else 0.0
        inch = across / (WIDTH - _WORDS - behind)
        width = _WORDS * inch
        titles = "negotiated \N{RIGHTWARDS ARROW}\noffered \N{DOWNWARDS ARROW}"
        axes.text(-width, -0.12, titles, va="bottom", **words)
        for row, bar in enumerate(bars):
            axes.text(-width, row + 0.5, shortened(bar.label, _LABEL), va="center", **words)
            for part in bar.parts:
                corner = (columns.index(part.name) + 0.03, row + 0.05)
                share = log(part.count) / log(highest) if highest > 1 else 1.0
                _draw_cell(axes, corner, share, _short(part.count, int(_DIGITS / inch)))
                if part.name == bar.label:
                    _frame(axes, corner)
        axes.set_xlim(-width, across + behind * inch)
        axes.set_ylim(len(bars) + 0.15, -head - 0.1)
    return figure


def _draw_cell(axes: Axes, corner: tuple[float, float], share: float, number: str) -> None:
    """Draw a cell, the darker the greater its share; its number stands out from either shade."""
    from matplotlib.patches import Rectangle

    shade = tuple(few + (many - few) * share for few, many in zip(_FEW, _MANY, strict=True))
    axes.add_patch(Rectangle(corner, *_CELL, facecolor=shade, linewidth=0))
    dark = share > 0.5
    axes.text(
        corner[0] + _CELL[0] / 2,
        corner[1] + _CELL[1] / 2,
        number,
        fontsize=9,
        va="center",
        ha="center",
        color="#ffffff" if dark else INK,
        gid=ON_DARK if dark else ON_LIGHT,
    )


def _short(count: int, most: int) -> str:
    """Give a number in so many characters, if need be in thousands or millions."""
    exact = f"{count:,}"
    if len(exact) <= most:
        return exact
    if count < 999_500:
        return f"{count / 1000:.1f}k" if count < 9_950 else f"{count / 1000:.0f}k"
    return f"{count / 1e6:.1f}M" if count < 9_950_000 else f"{count / 1e6:.0f}M"


def _frame(axes: Axes, corner: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle(corner, *_CELL, fill=False, edgecolor=_OUTLINE, linewidth=1.8))
