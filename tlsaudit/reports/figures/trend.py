"""The figure of a trend: clients by day, week or month, and how many of them are concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit.reports.figures.canvas import drawing, painted
from tlsaudit.reports.figures.looks import INK, WEAK, Look

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["clients_over_time", "description"]

_OTHERS = Look("#b9d8f2")
_SIZE = (7.2, 3.0)  # inches
_LABELS = 16  # that fit below the columns


def clients_over_time(trend: pandas.DataFrame, axes: Axes | None = None) -> Figure:
    """Draw the clients of each period, those concerned hatched and with their number.

    `trend` is a table of `tlsaudit.changes.trend`. A period in which nothing was captured has no
    column but a dash: nothing is known of it.
    """
    from matplotlib.ticker import MaxNLocator

    from tlsaudit.reports.figures.picture import Picture

    if axes is None:
        figure: Figure = Picture(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
    else:
        found = axes.get_figure(root=True)
        assert found is not None, "these Axes are in a figure"
        figure = found
    with drawing():
        rows = trend.to_dict("records")
        for place, row in enumerate(rows):
            _draw_column(axes, place, int(row["clients"]), int(row["concerned"]))
        step = max(1, -(-len(rows) // _LABELS))
        places = range(0, len(rows), step)
        axes.set_xticks(list(places), [_label(rows[place], rows) for place in places])
        axes.tick_params(colors=INK, labelsize=8, length=0)
        axes.set_ylabel("clients", color=INK, fontsize=9)
        axes.set_ylim(0, max((int(row["clients"]) for row in rows), default=0) * 1.12 + 0.5)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
        if rows:
            axes.legend(frameon=False, fontsize=8.5, labelcolor=INK, loc="upper right", ncols=2)
        else:
            axes.text(0, 0.25, "nothing to show", color=INK, fontsize=9)
    return figure


def description(trend: pandas.DataFrame) -> str:
    """Give the numbers of the figure in text."""
    if trend.empty:
        return "Clients over time: nothing to show."
    rows = trend.to_dict("records")
    said = "; ".join(
        f"{_label(row, rows)}: {int(row['concerned']):,} of {int(row['clients']):,}"
        if row["clients"]
        else f"{_label(row, rows)}: nothing captured"
        for row in rows
    )
    return f"Clients concerned, of all clients seen: {said}."


def _draw_column(axes: Axes, place: int, clients: int, concerned: int) -> None:
    # The first column carries the names for the legend.
    names = ("concerned", "others") if place == 0 else ("", "")
    rest: dict[str, Any] = {"bottom": concerned, "label": names[1], **painted(_OTHERS)}
    axes.bar(place, concerned, label=names[0], **painted(WEAK))  # type: ignore[arg-type]
    axes.bar(place, clients - concerned, **rest)
    text = f"{concerned:,}" if clients else "\N{EN DASH}"
    axes.text(place, clients, text, ha="center", va="bottom", fontsize=8, color=INK)


def _label(row: dict[Any, Any], rows: list[dict[Any, Any]]) -> str:
    """Give a day; its year where the rows are in several, and the month alone for months."""
    begin, end = row["begin"], row["end"]
    if (end - begin).days > 7:
        return f"{begin:%Y-%m}"
    several = rows[0]["begin"].year != rows[-1]["begin"].year
    return f"{begin:%Y-%m-%d}" if several else f"{begin:%m-%d}"
