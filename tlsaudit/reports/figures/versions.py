"""Handshakes by negotiated version: of all clients together, and of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tlsaudit.reports.figures.bars import Bar, Part, draw_bars
from tlsaudit.reports.figures.looks import in_order, look_of, version_words

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "counts_of_versions",
    "counts_of_versions_by_client",
    "handshakes_by_version",
    "parts_of",
    "versions_by_client",
]


def counts_of_versions(handshakes: pandas.DataFrame) -> list[Bar]:
    """Give a bar per negotiated version, oldest first, then the handshakes without any."""
    counts = version_words(handshakes["negotiated_version_name"]).value_counts()
    numbers = {str(name): int(count) for name, count in counts.items()}
    return [Bar(part.name, (part,)) for part in parts_of(numbers)]


def counts_of_versions_by_client(handshakes: pandas.DataFrame, clients: Sequence[str]) -> list[Bar]:
    """Give a bar per client, in the order given, parted by negotiated version."""
    chosen = handshakes[handshakes["client"].isin(list(clients))]
    names = version_words(chosen["negotiated_version_name"])
    by_client: dict[str, dict[str, int]] = {}
    for key, count in names.groupby(chosen["client"]).value_counts().items():
        client, name = cast("tuple[str, str]", key)
        by_client.setdefault(client, {})[name] = int(count)
    return [Bar(client, parts_of(by_client.get(client, {}))) for client in clients]


def parts_of(counts: dict[str, int]) -> tuple[Part, ...]:
    """Give a part per version, oldest first."""
    return tuple(Part(name, counts[name], look_of(name)) for name in in_order(counts))


def handshakes_by_version(handshakes: pandas.DataFrame, axes: Axes | None = None) -> Figure:
    """Draw how many handshakes negotiated each version.

    `handshakes` is the table of handshakes, or any part of it.
    """
    return draw_bars(counts_of_versions(handshakes), axes)


def versions_by_client(
    handshakes: pandas.DataFrame, clients: Sequence[str], axes: Axes | None = None
) -> Figure:
    """Draw, for these clients, how many of their handshakes negotiated each version.

    Every client that is named has a bar, from top to bottom in the order given; twenty fit a page.
    """
    return draw_bars(counts_of_versions_by_client(handshakes, clients), axes, with_legend=True)
