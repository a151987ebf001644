"""What was logged beside the capture: an event in a phrase, and what the capture missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit.reports.wording import is_null, joined, plural, when

if TYPE_CHECKING:
    import pandas

__all__ = ["MISSED", "by_connection", "counted", "missed", "process", "tied_or_why"]

MISSED = ("no-connection", "never-sent")
"""Why an event has no handshake although something was captured at its time."""

_TIES = {
    "process": "by its process",
    "alert": "by its alert",
    "name": "by server name, version and suite",
    "time": "by the time alone",
    "address": "by address, time and server name",
}
_REASONS = {
    "several-connections": "several handshakes fit it",
    "several-events": "its handshake fits another such event too",
    "unclear": "what fits in time does not show enough",
    "no-connection": "no handshake fits it",
    "outside": "nothing was captured then",
    "no-host": "no address of the computer is known: give one with --hosts",
    "never-sent": "it failed before anything was sent",
    "not-compared": "says too little about a connection",
    "no-time": "it has no time",
}


def process(row: Any) -> str:
    """Give the program that an event names; empty where it names none."""
    name, pid = row["process"], row["pid"]
    if is_null(name):
        return "" if is_null(pid) else f"PID {pid}"
    return str(name) if is_null(pid) else f"{name} (PID {pid})"


def tied_or_why(row: Any) -> str:
    """Say how an event was tied, or why it was not."""
    if is_null(row["tie"]):
        return f"not tied: {_REASONS[str(row['because'])]}"
    return f"tied {_TIES[str(row['tie'])]}"


def missed(events: pandas.DataFrame) -> pandas.DataFrame:
    """Give the events, or sign-ins, that no handshake in the captures is about."""
    return events[events["because"].isin(MISSED)]


def counted(events: pandas.DataFrame, noun: str = "event") -> str | None:
    """Say in a phrase what became of the events, or sign-ins; null where none were given."""
    if events.empty:
        return None
    parts = [f"{plural(int(events['tie'].notna().sum()), noun)} tied to a handshake"]
    counts = events["because"].astype("object").value_counts()
    several = sum(int(counts.get(each, 0)) for each in ("several-connections", "several-events"))
    for count, words in (
        (several, "that fit several"),
        (sum(int(counts.get(each, 0)) for each in MISSED), "that the captures missed"),
        (int(counts.get("unclear", 0)), "unclear"),
        (int(counts.get("outside", 0)), "of another time"),
        (int(counts.get("no-host", 0)), "of a computer without a known address"),
        (sum(int(counts.get(each, 0)) for each in ("not-compared", "no-time")), "not compared"),
    ):
        if count:
            parts.append(f"{count:,} {words}")
    return joined(parts)


def signed_in(row: Any) -> str:
    """Say how a sign-in was tied, or why it was not; `time` says what that leaves open."""
    if not is_null(row["tie"]) and row["tie"] == "time":
        return "tied by time and server name; the address could not help"
    if is_null(row["tie"]) and not is_null(row["client"]):
        return "several handshakes of this client fit it"
    return tied_or_why(row)


def by_connection(events: pandas.DataFrame) -> dict[tuple[str, str, str], list[str]]:
    """Give the events that are tied, each in a phrase, by capture, transport and stream."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in events[events["tie"].notna()].to_dict("records"):
        who = process(row)
        phrase = (
            f"event {row['event_id']}, {when(row['ts'])}"
            + (f", {who}" if who else "")
            + f": {row['meaning']}; {tied_or_why(row)}"
        )
        key = (str(row["capture"]), str(row["transport"]), str(row["stream"]))
        found.setdefault(key, []).append(phrase)
    return found
