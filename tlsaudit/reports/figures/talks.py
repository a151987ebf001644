"""Who talks to whom, of what does not keep working: clients on the left, services on the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from tlsaudit.addresses import in_order
from tlsaudit.reports.figures.canvas import LEGEND_HEIGHT, canvas, drawing, legend_of, nothing
from tlsaudit.reports.figures.looks import INK
from tlsaudit.safe_text import shortened
from tlsaudit.schema.verdicts import BREAKING, NO_PROBLEM

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Talk", "talks", "who_talks_to_whom"]

_ROW = 0.27  # inches for a client or service
_CLIENT, _SERVICE = 22, 26  # characters
_LEFT, _RIGHT = 0.345, 0.595  # where lines begin and end; text stands outside

# What is wrong, the worst first, and how its lines look: by their dashes first. The shades are
# neither light nor dark, so that lines show on white and on a dark page.
_BREAKS, _HELD, _REFUSED, _FALLS = "client breaks", "server holds back", "refused", "falls back"
_LINES: dict[str, tuple[str, str | tuple[float, tuple[float, ...]]]] = {
    _BREAKS: ("#c9502c", "solid"),
    _HELD: ("#3b7dc0", (0, (4.5, 1.6))),
    _REFUSED: ("#8a63b5", (0, (1.0, 1.2))),
    _FALLS: ("#7d858e", (0, (5.0, 1.4, 1.0, 1.4))),
}
_APART = 0.2  # rows between lines of the same ends


@dataclass(frozen=True)
class Talk:
    """A line of the figure: who talks to whom, what is wrong there, in how many handshakes."""

    client: str
    service: str
    fault: str
    handshakes: int


def talks(verdicts: pandas.DataFrame, limit: int = 10) -> list[Talk]:
    """Give a line per client, service and fault of the verdicts that are a problem.

    Of more than `limit` clients the others are one, those with the lesser faults and the fewer
    handshakes; of more than `limit` services those with the fewer clients.
    """
    flagged = verdicts[~verdicts["verdict"].isin(NO_PROBLEM)]
    columns = ["client", "service", "verdict", "handshakes"]
    every = [
        Talk(str(client), str(service), _fault(str(verdict)), int(handshakes))
        for client, service, verdict, handshakes in flagged[columns]
        .astype("object")
        .itertuples(index=False, name=None)
    ]
    clients = _gathered(_clients_first(every), limit, "clients")
    services = _gathered(_services_first(every), limit, "services")
    sums: dict[tuple[str, str, str], int] = {}
    for each in every:
        line = (clients[each.client], services[each.service], each.fault)
        sums[line] = sums.get(line, 0) + each.handshakes
    order = [list(dict.fromkeys(names)) for names in (clients.values(), services.values(), _LINES)]
    lines = sorted(
        sums, key=lambda line: [names.index(part) for names, part in zip(order, line, strict=True)]
    )
    return [Talk(*line, sums[line]) for line in lines]


def who_talks_to_whom(
    verdicts: pandas.DataFrame, axes: Axes | None = None, limit: int = 10
) -> Figure:
    """Draw which clients talk to which services, where that does not keep working.

    `verdicts` is the table of verdicts, or any part of it; what is ready, a scanner or unknown is
    left out. A line is the thicker the more handshakes there were, and its dashes say what is
    wrong. Of more than `limit` clients or services the others are gathered at the end, so that
    there are never more than `limit` + 1 on a side.
    """
    lines = talks(verdicts, limit)
    clients = list(dict.fromkeys(each.client for each in lines))
    services = _untangled(lines, clients)
    rows = max(len(clients), len(services))
    with drawing():
        figure, axes = canvas(_ROW * rows + LEGEND_HEIGHT if lines else 0.5, axes)
        if not lines:
            nothing(axes)
            return figure
        left, right = _heights(clients, rows), _heights(services, rows)
        most = max(each.handshakes for each in lines)
        for each, beside in _side_by_side(lines):
            width = 0.8 + 1.8 * sqrt(each.handshakes / most)
            ends = (left[each.client] + beside, right[each.service] + beside)
            _draw_line(axes, ends, each.fault, width)
        words: dict[str, Any] = {"fontsize": 8.5, "color": INK, "va": "center"}
        for name, y in left.items():
            axes.text(_LEFT - 0.012, y, shortened(name, _CLIENT), ha="right", **words)
        for name, y in right.items():
            axes.text(_RIGHT + 0.012, y, shortened(name, _SERVICE), ha="left", **words)
        _say_lines(axes, {each.fault for each in lines})
        axes.set_xlim(0, 1)
        axes.set_ylim(rows, -LEGEND_HEIGHT / _ROW)
    return figure


def _clients_first(lines: Iterable[Talk]) -> list[str]:
    """Give the clients, those with the worst fault first, then those with most handshakes."""
    faults = list(_LINES)
    worst: dict[str, int] = {}
    handshakes: dict[str, int] = {}
    for each in lines:
        rank = faults.index(each.fault)
        worst[each.client] = min(rank, worst.get(each.client, rank))
        handshakes[each.client] = handshakes.get(each.client, 0) + each.handshakes
    return sorted(in_order(worst), key=lambda client: (worst[client], -handshakes[client]))


def _services_first(lines: Iterable[Talk]) -> list[str]:
    """Give the services, those of most clients first, then those with most handshakes."""
    clients: dict[str, set[str]] = {}
    handshakes: dict[str, int] = {}
    for each in lines:
        clients.setdefault(each.service, set()).add(each.client)
        handshakes[each.service] = handshakes.get(each.service, 0) + each.handshakes
    return sorted(clients, key=lambda name: (-len(clients[name]), -handshakes[name], name))


def _gathered(names: Sequence[str], limit: int, what: str) -> dict[str, str]:
    """Give what each is called in the figure: by its name, or one of the others."""
    if len(names) <= limit + 1:
        return {name: name for name in names}
    others = f"{len(names) - limit:,} other {what}"
    return {name: name if place < limit else others for place, name in enumerate(names)}


def _untangled(lines: Sequence[Talk], clients: Sequence[str]) -> list[str]:
    """Give the services in the order of the clients that talk to them: few lines cross then.

    The others, if there are some, are the last.
    """
    places: dict[str, list[int]] = {}
    for each in lines:
        places.setdefault(each.service, []).append(clients.index(each.client))
    return sorted(
        places,
        key=lambda name: (
            name.endswith(" other services"),
            sum(places[name]) / len(places[name]),
            name,
        ),
    )


def _side_by_side(lines: Sequence[Talk]) -> Iterator[tuple[Talk, float]]:
    """Give the lines, and how far each is moved to lie beside those of the same ends."""
    ends = Counter((each.client, each.service) for each in lines)
    done: Counter[tuple[str, str]] = Counter()
    for each in lines:
        pair = (each.client, each.service)
        yield each, (done[pair] - (ends[pair] - 1) / 2) * _APART
        done[pair] += 1


def _heights(names: Sequence[str], rows: int) -> dict[str, float]:
    """Give each name its height; a side with fewer names spreads over the whole."""
    return {name: (place + 0.5) * rows / len(names) for place, name in enumerate(names)}


def _fault(verdict: str) -> str:
    if verdict in BREAKING:
        return _BREAKS
    return {"server-limited": _HELD, "refused already": _REFUSED}.get(verdict, _FALLS)


def _draw_line(axes: Axes, ends: tuple[float, float], fault: str, width: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    shade, dashes = _LINES[fault]
    left, right = ends
    middle = (_LEFT + _RIGHT) / 2
    curve = Path(
        [(_LEFT, left), (middle, left), (middle, right), (_RIGHT, right)],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    axes.add_patch(PathPatch(curve, fill=False, edgecolor=shade, linewidth=width, linestyle=dashes))


def _say_lines(axes: Axes, faults: set[str]) -> None:
    from matplotlib.lines import Line2D

    shown = [name for name in _LINES if name in faults]
    handles: list[Line2D] = [
        Line2D([], [], color=_LINES[name][0], linestyle=_LINES[name][1], linewidth=2, label=name)  # type: ignore[arg-type]
        for name in shown
    ]
    legend_of(axes, handles, len(handles), loc="upper left", handlelength=2.4, borderaxespad=0.2)
