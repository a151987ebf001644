"""What has changed since a moment: problems that are new, still there, not seen, or fixed.

Handshakes before and after are forecast apart, under the same policy. A problem is a client, a
service and a TLS stack. That it is not seen any more says nothing: it is fixed only where the same
stack, or one that was not there before, is seen to be ready at the same service.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit import schema
from tlsaudit.schema.changes import CHANGES_IN_ORDER
from tlsaudit.schema.verdicts import NO_PROBLEM, VERDICTS_WORST_FIRST

if TYPE_CHECKING:
    import pandas

    from tlsaudit.findings import Policy
    from tlsaudit.forecast import Forecast

__all__ = ["changes", "headline", "trend"]

_RANK = {verdict: rank for rank, verdict in enumerate(VERDICTS_WORST_FIRST)}
_PERIODS = (("D", 62), ("W-MON", 62 * 7))
"""Days, then weeks, then months: at most so many days that each is used for."""
_USED = (
    *("client", "service", "stack", "verdict", "handshakes", "last_seen"),
    *("transport", "capture", "stream", "frames", "tshark"),
)
_Row: TypeAlias = "dict[Any, Any]"
_Place: TypeAlias = "tuple[str, str]"


def changes(
    handshakes: pandas.DataFrame,
    policy: Policy,
    since: pandas.Timestamp,
    files: pandas.DataFrame | None = None,
    captures: pandas.DataFrame | None = None,
) -> pandas.DataFrame:
    """Give the table of changes (`schema.CHANGES`) at the moment `since`.

    Handshakes without a time are in neither half. `files` is where the frames are of captures that
    lie in several, and `captures` says in which formats they are.
    """
    from tlsaudit.forecast import forecast
    from tlsaudit.places import Places, with_commands

    before = forecast(_part(handshakes, handshakes["ts"] < since), policy)
    after = forecast(_part(handshakes, handshakes["ts"] >= since), policy)
    rows = list(_changes(_by_place(before), _by_place(after)))
    rows.sort(key=_order)
    table = schema.from_rows(rows, schema.CHANGES)
    return table if files is None else with_commands(table, Places(files, captures))


def headline(table: pandas.DataFrame) -> str:
    """Give the counts of a table of changes in one sentence."""
    counts = table["change"].value_counts()
    parts = [f"{int(counts[change]):,} {change}" for change in CHANGES_IN_ORDER]
    rest = "; what was not seen is not known to be fixed" if counts["not seen"] else ""
    return f"problems: {', '.join(parts)}{rest}."


def trend(handshakes: pandas.DataFrame, forecast: Forecast) -> pandas.DataFrame:
    """Give how many clients were concerned in each day, week or month (`schema.TREND`).

    `forecast` is that of these handshakes. Every period from the first handshake to the last has a
    row, also those in which nothing was captured.
    """
    import numpy as np
    import pandas as pd

    dated = handshakes["ts"].notna().to_numpy()
    if not dated.any():
        return schema.empty(schema.TREND)
    problems = ~forecast.verdicts["verdict"].isin(NO_PROBLEM).to_numpy()
    concerned = problems[forecast.verdict_of[dated]]
    times = handshakes.loc[dated, "ts"].dt.tz_localize(None)
    days = (times.max() - times.min()).days
    kind = next((kind for kind, most in _PERIODS if days <= most), "M")
    periods = times.dt.to_period("W-SUN" if kind == "W-MON" else kind)
    every = pd.period_range(periods.min(), periods.max(), freq=periods.dt.freq)
    clients = handshakes.loc[dated, "client"]
    seen = clients.groupby(periods).nunique().reindex(every, fill_value=0)
    hit = clients[concerned].groupby(periods[concerned]).nunique().reindex(every, fill_value=0)
    count = clients.groupby(periods).size().reindex(every, fill_value=0)
    return schema.conform(
        pd.DataFrame(
            {
                "begin": every.start_time.as_unit("ns").tz_localize("UTC"),
                "end": (every + 1).start_time.as_unit("ns").tz_localize("UTC"),
                "clients": seen.to_numpy(dtype=np.uint32),
                "concerned": hit.to_numpy(dtype=np.uint32),
                "handshakes": count.to_numpy(dtype=np.uint64),
            }
        ),
        schema.TREND,
    )


def _part(handshakes: pandas.DataFrame, wanted: pandas.Series[bool]) -> pandas.DataFrame:
    return handshakes[wanted.fillna(False)].reset_index(drop=True)


def _by_place(forecast: Forecast) -> dict[_Place, dict[str | None, _Row]]:
    """Give the rows of a forecast by client and service, then by stack; the worst first."""
    places: dict[_Place, dict[str | None, _Row]] = {}
    for row in forecast.verdicts[list(_USED)].astype("object").to_dict("records"):
        stack = row["stack"] if isinstance(row["stack"], str) else None
        at_place = places.setdefault((str(row["client"]), str(row["service"])), {})
        at_place.setdefault(stack, row | {"stack": stack})
    return places


def _changes(
    before: dict[_Place, dict[str | None, _Row]], after: dict[_Place, dict[str | None, _Row]]
) -> Iterator[_Row]:
    for place in sorted({*before, *after}):
        earlier, later = before.get(place, {}), after.get(place, {})
        told: set[str | None] = set()
        for stack, was in earlier.items():
            if was["verdict"] in NO_PROBLEM:
                continue
            now = _successor(stack, earlier, later)
            if now is None:
                yield _row("not seen", was, None, bool(later))
            elif now["verdict"] == "ready":
                yield _row("fixed", was, now, True)
            elif now["verdict"] in NO_PROBLEM:
                yield _row("not seen", was, now, True)
            else:
                told.add(now["stack"])
                yield _row("still there", was, now, True)
        for stack, now in later.items():
            if now["verdict"] not in NO_PROBLEM and stack not in told:
                yield _row("new", earlier.get(stack), now, bool(earlier))


def _successor(
    stack: str | None, earlier: dict[str | None, _Row], later: dict[str | None, _Row]
) -> _Row | None:
    """Give what became of a stack: itself, else the worst of those that were not there before."""
    if stack in later:
        return later[stack]
    fresh = [row for each, row in later.items() if each not in earlier and each is not None]
    judged = [row for row in fresh if row["verdict"] not in ("scanner", "unknown")]
    return min(judged, key=lambda row: _RANK[row["verdict"]], default=None)


def _row(change: str, was: _Row | None, now: _Row | None, place_known: bool) -> _Row:
    latest = now if now is not None else was
    assert latest is not None, "a change is from something or to something"
    return {
        "change": change,
        "client": latest["client"],
        "service": latest["service"],
        "verdict_before": was and was["verdict"],
        "verdict_after": now and now["verdict"],
        "sentence": _sentence(change, was, now, place_known),
        "stack_before": was and was["stack"],
        "stack_after": now and now["stack"],
        "handshakes_before": was["handshakes"] if was else 0,
        "handshakes_after": now["handshakes"] if now else 0,
        "last_seen_before": was and was["last_seen"],
        "last_seen_after": now and now["last_seen"],
        **{name: latest[name] for name in ("transport", "capture", "stream", "frames", "tshark")},
    }


def _sentence(change: str, was: _Row | None, now: _Row | None, place_known: bool) -> str:
    latest = now if now is not None else was
    assert latest is not None, "a change is from something or to something"
    return f"{latest['client']} at {latest['service']} {_said(change, was, now, place_known)}."


def _said(change: str, was: _Row | None, now: _Row | None, place_known: bool) -> str:
    before = f"was {was['verdict']}" if was is not None else "was not seen there"
    if now is None:
        if place_known:
            return f"{before}; after, it came there with other TLS stacks only"
        return f"{before}, and was not seen there again"
    if was is None:
        known = "; before, it came there with other TLS stacks" if place_known else ""
        return f"is {now['verdict']}, and {before} before{known}"
    if change == "not seen":
        return f"{before}; what came after does not tell ({now['verdict']})"
    other = "" if was["stack"] == now["stack"] else " with another TLS stack"
    if was["verdict"] == now["verdict"]:
        return f"is {now['verdict']} as before{other}"
    return f"is {now['verdict']} now{other}, and {before} before"


def _order(row: _Row) -> tuple[Any, ...]:
    verdict = row["verdict_after"] or row["verdict_before"]
    return (
        CHANGES_IN_ORDER.index(row["change"]),
        _RANK[verdict],
        row["client"],
        row["service"],
        row["stack_after"] or row["stack_before"] or "",
    )
