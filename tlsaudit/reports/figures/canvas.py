"""Where figures are drawn, and how they become pictures of a page or a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from tlsaudit.reports.figures.looks import INK, Look
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

__all__ = [
    "ON_DARK",
    "ON_LIGHT",
    "WIDTH",
    "canvas",
    "drawing",
    "legend",
    "legend_of",
    "painted",
    "svg",
]

WIDTH = 4.6  # inches; 331 points, which is about what a phone has pixels: text keeps its size
LEGEND_HEIGHT = 0.3  # inches for a row of a legend
_IN_A_ROW = 5
ON_DARK, ON_LIGHT = "on-dark", "on-light"
"""What text is called that stands on a shade: it keeps its colour on a dark page."""


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with captured text as text: no mathematics, no TeX."""
    import matplotlib

    with matplotlib.rc_context(
        {"text.parse_math": False, "text.usetex": False, "hatch.linewidth": 0.7}
    ):
        yield


def canvas(
    height: float, axes: Axes | None, legend_rows: int = 0, width: float = WIDTH
) -> tuple[Figure, Axes]:
    """Give a new figure, so many inches high and without any axis to see; or the Axes given."""
    if axes is None:
        from tlsaudit.reports.figures.picture import Picture

        above = LEGEND_HEIGHT * legend_rows
        figure: Figure = Picture(figsize=(width, height + above))
        axes = figure.add_axes((0.0, 0.0, 1.0, height / (height + above)))
    else:
        found = axes.get_figure(root=True)
        assert found is not None, "these Axes are in a figure"
        figure = found
    axes.set_axis_off()
    return figure, axes


def nothing(axes: Axes) -> None:
    """Say that there is nothing to show."""
    axes.text(0, 0, "nothing to show", color=INK, fontsize=9, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(0.5, -0.5)


def painted(look: Look) -> dict[str, str | float | None]:
    """Give what matplotlib's patches take to look like this."""
    outlined = look.shade == "none"
    return {
        "facecolor": look.shade,
        "edgecolor": "#87909a" if outlined else "#ffffff",
        "linewidth": 0.8 if outlined else 0.6,
        "hatch": look.hatch or None,
    }


def legend_rows(count: int) -> int:
    """Give how many rows a legend of so many entries has."""
    return -(-count // _IN_A_ROW)


def legend(axes: Axes, looks: dict[str, Look]) -> None:
    """Say above the figure what each look means."""
    from matplotlib.patches import Patch

    # A legend fills its columns downwards; here its rows are to be read from left to right.
    columns = min(len(looks), _IN_A_ROW)
    handles: list[Patch] = [Patch(label=name, **painted(look)) for name, look in looks.items()]  # type: ignore[arg-type]
    ordered = [handle for place in range(columns) for handle in handles[place::columns]]
    legend_of(axes, ordered, columns, loc="lower left", handlelength=1.2, borderaxespad=0.3)


def legend_of(axes: Axes, handles: Sequence[Artist], columns: int, **placed: Any) -> None:
    """Put a legend of these at the upper left corner, in so many columns and without a frame."""
    axes.legend(
        handles=handles,
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        columnspacing=1.0,
        handletextpad=0.4,
        borderpad=0.0,
        **placed,
    )


def svg(figure: Figure, description: str) -> str:
    """Give the figure as an `<svg>` element for an HTML page, the same bytes every time.

    Text stays text (it can be searched, and cannot become markup), and takes the colour of the
    page around it. `description` is what a screen reader says.
    """
    from xml.dom import minidom

    import matplotlib

    buffer = StringIO()
    # Patterns and clips are named by a hash: with the description in it no two figures share one.
    with (
        matplotlib.rc_context({"svg.hashsalt": description, "svg.fonttype": "none"}),
        without_words_on_fonts(),
    ):
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    root = minidom.parseString(buffer.getvalue().encode("utf-8")).documentElement
    assert root is not None
    for group in root.getElementsByTagName("g"):
        # matplotlib numbers groups from 1 in every figure; a page may hold each id only once.
        if group.hasAttribute("id"):
            if group.getAttribute("id") in (ON_DARK, ON_LIGHT):
                group.setAttribute("class", group.getAttribute("id"))
            group.removeAttribute("id")
    for name in ("width", "height"):
        root.removeAttribute(name)
    for unwanted in (*root.getElementsByTagName("metadata"), *root.getElementsByTagName("style")):
        # A style sheet inside the figure would be one for the whole page.
        assert unwanted.parentNode is not None
        unwanted.parentNode.removeChild(unwanted)
    root.setAttribute("class", "figure")
    root.setAttribute("role", "img")
    root.setAttribute("aria-label", visible(description))
    return root.toxml()


@contextmanager
def without_words_on_fonts() -> Iterator[None]:
    """Let names in scripts that the font lacks pass: pages draw them, pictures show boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield
