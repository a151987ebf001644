"""What a capture could tell and what not: hours, hellos seen, directions, cuts, gaps, addresses.

A verdict of "none found" is worth as much as what was covered, so the two stand together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.spans import Span, nanoseconds, spans

if TYPE_CHECKING:
    import pandas

__all__ = ["SHAPES_OF_ONE_MACHINE", "WORKING_DAY", "coverage", "covered", "too_short"]

WORKING_DAY = 8 * 3600
"""Seconds; a capture that is shorter says nothing of what runs once a day."""

NANOSECONDS = 1_000_000_000
"""In a second."""

SHAPES_OF_ONE_MACHINE = 10
"""Kinds of hello from one address up to which it is taken for one machine with many programs."""

_MEANINGS = {
    "time": "What runs once a day, at night, at the weekend or at the end of the month may be "
    "missing; capture a whole working day at least.",
    "hellos": "The others are older than the capture or their beginning is missing, so their "
    "version is not known; capture longer, or restart the services concerned.",
    "directions": "Of the others it may not be visible what was negotiated; capture where both "
    "directions pass.",
    "whole-frames": "Hellos were cut before their list of versions; capture whole frames: "
    "dumpcap or tcpdump `-s 0`, pktmon `--pkt-size 0`.",
    "gaps": "Packets were lost on the way to the capture; write to a faster disk, or keep less: "
    "`tlsaudit capture` prints a filter.",
    "readable-frames": "TLS in the others, if any, was not seen; capture on another interface, "
    "where the traffic is in clear.",
    "end": "What the rest of it holds is missing.",
    "addresses": "Behind each of the others there may be many clients, old and new; capture "
    "before the address translation, proxy or load balancer to tell them apart.",
}

_NOTHING = {
    "hellos": "no TLS connection was seen",
    "directions": "no hello was seen",
    "whole-frames": "no frame was captured",
    "gaps": "no handshake was seen",
    "readable-frames": "no frame was captured",
}
_CHECK = (
    "Check that the capture point sees the traffic in question, and from the beginning of its "
    "connections."
)


def coverage(
    captures: pandas.DataFrame,
    files: pandas.DataFrame,
    handshakes: pandas.DataFrame,
    clients: pandas.DataFrame,
) -> pandas.DataFrame:
    """Give the table of coverage (`schema.COVERAGE`): the kinds of each capture, then of all.

    What an engine does not tell is left out.
    """
    defects, times = _defects(handshakes), spans(captures, files)
    rows: list[dict[str, Any]] = []
    for capture in captures.to_dict("records"):
        name = str(capture["capture"])
        rows += _of_capture(capture, times.get(name, []), defects.get(name, {}))
    if len(clients):
        shared = int((clients["hello_shapes"] > SHAPES_OF_ONE_MACHINE).sum())
        words = f"{shared:,} of {len(clients):,} client addresses look shared"
        rows.append(_row(None, "addresses", len(clients) - shared, len(clients), words))
    return schema.from_rows(rows, schema.COVERAGE)


def covered(captures: pandas.DataFrame, files: pandas.DataFrame) -> str:
    """Give in one phrase what the captures cover together: time, hellos, directions."""
    parts = []
    seconds = _together(captures, files)
    if seconds is not None:
        parts.append(_duration(seconds))
    heard = int(captures["tls_streams"].sum())
    total = heard + int(captures["unheard_streams"].sum())
    if captures["unheard_streams"].notna().any():
        words = f"the hello of {heard:,} of {total:,} TLS connections"
        parts.append(words if total else "no TLS connection")
    one_sided = int(captures["one_sided_streams"].sum())
    if one_sided:
        parts.append(f"{one_sided:,} of the {heard:,} in one direction only")
    return ", ".join(parts) or "nothing"


def too_short(captures: pandas.DataFrame, files: pandas.DataFrame) -> tuple[str, str] | None:
    """Say how long the captures are together, and what that may hide; None for a working day."""
    seconds = _together(captures, files)
    if seconds is not None and seconds >= WORKING_DAY:
        return None
    measure = "the captures have no times" if seconds is None else f"only {_duration(seconds)}"
    return measure, _MEANINGS["time"]


def _of_capture(
    capture: dict[Any, Any], times: list[Span], defects: dict[str, int]
) -> list[dict[str, Any]]:
    name = str(capture["capture"])
    failed = isinstance(capture["error"], str)
    words = str(capture["error"]).removeprefix(f"{name}: ") if failed else "read to its end"
    end = _row(name, "end", 0 if failed else 1, 1, words)
    if not capture["readable"] or _unknown(capture["unheard_streams"]):
        return [end]
    rows = [_time(name, times)]
    heard = int(capture["tls_streams"])
    total = heard + int(capture["unheard_streams"])
    words = f"the hello of {heard:,} of {total:,} TLS connections was seen"
    rows.append(_row(name, "hellos", heard, total, words))
    both = heard - int(capture["one_sided_streams"])
    words = f"of {heard:,} whose hello was seen {both:,} were captured in both directions"
    rows.append(_row(name, "directions", both, heard, words))
    frames, cut = int(capture["frames"]), int(capture["truncated_frames"])
    whole = _row(name, "whole-frames", frames - cut, frames, f"{cut:,} of {frames:,} frames cut")
    if not defects.get("truncated") and heard:
        # What was cut is not of a hello.
        whole |= {"limits": False, "meaning": None}
    rows.append(whole)
    shaken, gaps = int(capture["handshakes"]), defects.get("gap", 0)
    words = f"{gaps:,} of {shaken:,} handshakes have missing bytes"
    rows.append(_row(name, "gaps", shaken - gaps, shaken, words))
    dark = int(capture["undecoded_frames"]) + int(capture["opaque_frames"])
    words = f"{dark:,} of {frames:,} frames cannot be read"
    rows.append(_row(name, "readable-frames", frames - dark, frames, words))
    if isinstance(capture["remarks"], str):
        told = _row(name, "remarks", None, None, "a note about how it was captured: see below")
        rows.append(told | {"meaning": capture["remarks"]})
    return [*rows, end]


def _time(name: str, times: list[Span]) -> dict[str, Any]:
    if not times:
        row = _row(name, "time", None, None, "it has no times")
    else:
        seconds = nanoseconds(times) // NANOSECONDS
        row = _row(name, "time", seconds, None, _duration(seconds))
        row["limits"] = seconds < WORKING_DAY
    row["meaning"] = _MEANINGS["time"] if row["limits"] else None
    return row


def _row(
    capture: str | None, kind: str, count: int | None, total: int | None, measure: str
) -> dict[str, Any]:
    limits = count is None or total is None or count < total
    meaning = _MEANINGS.get(kind) if limits else None
    if total == 0:
        # None of none is nothing to rely on.
        limits, measure, meaning = True, _NOTHING[kind], _CHECK
    return {
        "capture": capture,
        "kind": kind,
        "limits": limits,
        "count": count,
        "total": total,
        "measure": measure,
        "meaning": meaning,
    }


def _defects(handshakes: pandas.DataFrame) -> dict[str, dict[str, int]]:
    """Count the defects of each capture's handshakes by kind."""
    counts: dict[str, dict[str, int]] = {}
    found = handshakes[["capture", "defect"]].dropna().astype("object").value_counts()
    for (capture, defect), count in zip(found.index.tolist(), found.tolist(), strict=True):
        counts.setdefault(str(capture), {})[str(defect)] = count
    return counts


def _together(captures: pandas.DataFrame, files: pandas.DataFrame) -> int | None:
    """Give the seconds that the captures cover, those of several counted once; None = no times."""
    times = [span for each in spans(captures, files).values() for span in each]
    return nanoseconds(times) // NANOSECONDS if times else None


def _duration(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:,} {'second' if seconds == 1 else 'seconds'}"


def _unknown(value: Any) -> bool:
    import pandas

    return bool(pandas.isna(value))
