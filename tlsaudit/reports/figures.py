"""Figures of an audit: each is a function from a table to a matplotlib Figure.

No global state is touched: a Figure is made without pyplot, or the Axes given is drawn into.
Labels stand above their bars, so that long names fit a phone; every bar carries its number, and
`counts_*` give the same numbers as text. Shades differ in lightness, and what is deprecated is
hatched, so a greyscale print says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from tlsaudit import registry
from tlsaudit.safe_text import shortened, visible

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Bar",
    "Part",
    "cipher_suites",
    "counts_of_cipher_suites",
    "counts_of_versions",
    "counts_of_versions_by_client",
    "handshakes_by_version",
    "in_order",
    "svg",
    "versions_by_client",
]

NOT_NEGOTIATED = "none seen"
_INK = "#1b1f24"
_WIDTH = 4.6  # inches; 331 points, which is about what a phone has pixels: text keeps its size
_ROW = 0.44  # inches for a bar and its label
_LABEL = 46  # characters: an IPv6 address and the cipher suites in use fit

# Dark to light from worst to best: lightness alone orders them.
_SHADES = {
    "SSL 2.0": "#3d0a0a",
    "SSL 3.0": "#6d1212",
    "TLS 1.0": "#a8261c",
    "TLS 1.1": "#d9662c",
    "TLS 1.2": "#7fb0dd",
    "TLS 1.3": "#b9d8f2",
}
_NEUTRAL = "#9aa3ad"
_GOOD = "#7fb0dd"
_WEAK = "#a8261c"
_DEPRECATED = frozenset({"SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"})


@dataclass(frozen=True)
class Part:
    """One shade of a bar: what it counts, how many, how it looks."""

    name: str
    count: int
    shade: str
    hatched: bool


@dataclass(frozen=True)
class Bar:
    """One bar of a figure: the label above it and its parts, left to right."""

    label: str
    parts: tuple[Part, ...]

    @property
    def count(self) -> int:
        """The sum of the parts."""
        return sum(part.count for part in self.parts)


def counts_of_versions(handshakes: pandas.DataFrame) -> list[Bar]:
    """Give a bar per negotiated version, oldest first, then the handshakes without any."""
    counts = _count(handshakes["negotiated_version_name"])
    missing = int(handshakes["negotiated_version_name"].isna().sum())
    bars = [Bar(name, (_version_part(name, counts[name]),)) for name in in_order(counts)]
    if missing:
        bars.append(Bar(NOT_NEGOTIATED, (_version_part(NOT_NEGOTIATED, missing),)))
    return bars


def counts_of_versions_by_client(handshakes: pandas.DataFrame, clients: Sequence[str]) -> list[Bar]:
    """Give a bar per client, in the order given, parted by negotiated version."""
    chosen = handshakes[handshakes["client"].isin(list(clients))]
    names = chosen["negotiated_version_name"].astype("object")
    table = names.where(names.notna(), NOT_NEGOTIATED).groupby(chosen["client"]).value_counts()
    by_client: dict[str, dict[str, int]] = {}
    for key, count in table.items():
        client, name = cast("tuple[str, str]", key)
        by_client.setdefault(client, {})[name] = int(count)
    bars = []
    for client in clients:
        counts = by_client.get(client, {})
        names_here = in_order(counts)
        if NOT_NEGOTIATED in counts:
            names_here.append(NOT_NEGOTIATED)
        parts = tuple(_version_part(name, counts[name]) for name in names_here)
        bars.append(Bar(client, parts))
    return bars


def counts_of_cipher_suites(handshakes: pandas.DataFrame, limit: int = 12) -> list[Bar]:
    """Give a bar per negotiated cipher suite, most frequent first; the rest in one last bar.

    Suites with 3DES, RC4, NULL or export encryption are never put into the rest.
    """
    counts = handshakes["negotiated_cipher_suite"].dropna().value_counts()
    by_code = {int(code): int(count) for code, count in counts.items()}  # type: ignore[call-overload]
    ordered = sorted(by_code, key=lambda code: (not _is_weak(code), -by_code[code], code))
    kept = ordered if len(ordered) <= limit + 1 else ordered[: max(limit, _weak_count(ordered))]
    bars = [
        Bar(
            registry.cipher_suite_name(code),
            (
                Part(
                    registry.cipher_suite_name(code),
                    by_code[code],
                    _WEAK if _is_weak(code) else _GOOD,
                    _is_weak(code),
                ),
            ),
        )
        for code in sorted(kept, key=lambda code: (-by_code[code], code))
    ]
    rest = [code for code in ordered if code not in set(kept)]
    if rest:
        label = f"{len(rest)} other suites"
        bars.append(Bar(label, (Part(label, sum(by_code[c] for c in rest), _NEUTRAL, False),)))
    return bars


def handshakes_by_version(handshakes: pandas.DataFrame, axes: Axes | None = None) -> Figure:
    """Draw how many handshakes negotiated each version."""
    return _draw(counts_of_versions(handshakes), axes)


def versions_by_client(
    handshakes: pandas.DataFrame, clients: Sequence[str], axes: Axes | None = None
) -> Figure:
    """Draw, for these clients, how many of their handshakes negotiated each version."""
    return _draw(counts_of_versions_by_client(handshakes, clients), axes, legend=True)


def cipher_suites(
    handshakes: pandas.DataFrame, axes: Axes | None = None, limit: int = 12
) -> Figure:
    """Draw how many handshakes negotiated each cipher suite."""
    return _draw(counts_of_cipher_suites(handshakes, limit), axes)


def svg(figure: Figure, description: str) -> str:
    """Give the figure as an `<svg>` element for an HTML page, the same bytes every time.

    Text stays text (it can be searched, and cannot become markup), and takes the colour of the
    page around it. `description` is what a screen reader says.
    """
    from xml.dom import minidom

    import matplotlib

    buffer = StringIO()
    # Patterns and clips are named by a hash: with the description in it no two figures share one.
    with matplotlib.rc_context({"svg.hashsalt": description, "svg.fonttype": "none"}):
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


def _draw(bars: Sequence[Bar], axes: Axes | None, legend: bool = False) -> Figure:
    import matplotlib

    with matplotlib.rc_context(
        {"text.parse_math": False, "text.usetex": False, "hatch.linewidth": 0.7}
    ):
        figure, axes = _canvas(len(bars), axes, legend)
        longest = max((bar.count for bar in bars), default=0) or 1
        for row, bar in enumerate(bars):
            _draw_bar(axes, row, bar, longest)
        axes.set_xlim(0, longest * 1.12)
        axes.set_ylim(len(bars) - 0.3, -0.75)
        axes.set_axis_off()
        if not bars:
            axes.text(0, 0, "nothing to show", color=_INK, fontsize=9, va="center")
            axes.set_ylim(0.5, -0.5)
        if legend and bars:
            _draw_legend(axes, bars)
    return figure


def _canvas(rows: int, axes: Axes | None, legend: bool) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    if axes is not None:
        figure = axes.get_figure(root=True)
        assert figure is not None
        return figure, axes
    legend_height = 0.3 if legend else 0.0
    height = _ROW * max(rows, 1) + 0.1 + legend_height
    figure = Figure(figsize=(_WIDTH, height))
    top = 1 - legend_height / height
    return figure, figure.add_axes((0.0, 0.0, 1.0, top))


def _draw_bar(axes: Axes, row: int, bar: Bar, longest: int) -> None:
    axes.text(
        0, row - 0.32, shortened(bar.label, _LABEL), fontsize=9, color=_INK, va="bottom", ha="left"
    )
    left = 0
    for part in bar.parts:
        axes.barh(
            row,
            part.count,
            left=left,
            height=0.5,
            color=part.shade,
            edgecolor="#ffffff",
            linewidth=0.6,
            hatch="////" if part.hatched else None,
        )
        left += part.count
    axes.text(
        left + longest * 0.012,
        row,
        f"{bar.count:,}",
        fontsize=9,
        color=_INK,
        va="center",
        ha="left",
    )


def _draw_legend(axes: Axes, bars: Sequence[Bar]) -> None:
    from matplotlib.patches import Patch

    parts = {part.name: part for bar in bars for part in bar.parts}
    names = in_order(parts)
    if NOT_NEGOTIATED in parts:
        names.append(NOT_NEGOTIATED)
    handles = [
        Patch(
            facecolor=parts[name].shade,
            edgecolor="#ffffff",
            linewidth=0.6,
            hatch="////" if parts[name].hatched else None,
            label=name,
        )
        for name in names
    ]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=min(len(handles), 5),
        frameon=False,
        fontsize=8.5,
        labelcolor=_INK,
        handlelength=1.2,
        columnspacing=1.0,
        handletextpad=0.4,
        borderpad=0.0,
        borderaxespad=0.3,
    )


def _count(names: pandas.Series[Any]) -> dict[str, int]:
    counts = names.dropna().astype("object").value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def in_order(names: dict[str, Any]) -> list[str]:
    """Versions by the registry's order, unknown ones after them by name."""
    known = [name for name in registry.VERSION_NAMES if name in names]
    others = sorted(set(names) - set(known) - {NOT_NEGOTIATED})
    return known + others


def _version_part(name: str, count: int) -> Part:
    shade = _SHADES.get(name, _SHADES["TLS 1.3"] if name.startswith("TLS 1.3") else _NEUTRAL)
    return Part(name, count, shade, name in _DEPRECATED)


def _is_weak(code: int) -> bool:
    suite = registry.cipher_suite(code)
    if suite is None:
        return False
    return bool(suite.is_3des or suite.rc4 or suite.null or suite.export)


def _weak_count(codes: Sequence[int]) -> int:
    return sum(_is_weak(code) for code in codes)
