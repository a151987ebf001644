"""What limits the answer of an audit: what a capture did not hold, or the reader did not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit.reports.wording import plural
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas

__all__ = ["Limit", "limits_beside_errors", "limits_of"]

_LONGEST = 240


@dataclass(frozen=True)
class Limit:
    """One limit: its measure in a few words, and a sentence on what it means and what to do."""

    measure: str
    meaning: str
    told: bool = False
    """Whether the sentence was told by a capture or the reader: without it the measure is empty."""

    @property
    def line(self) -> str:
        """The limit where there is room for a measure only: what was told comes with it, cut."""
        if not self.told:
            return self.measure
        sentence = visible(self.meaning).rstrip(".")
        cut = sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1]}…"
        return f"{self.measure}: {cut}"


def limits_of(captures: pandas.DataFrame, handshakes: pandas.DataFrame) -> list[Limit]:
    """Give the limits that these tables show; empty if there are none."""
    return [*_errors(captures), *limits_beside_errors(captures, handshakes)]


def limits_beside_errors(captures: pandas.DataFrame, handshakes: pandas.DataFrame) -> list[Limit]:
    """Give the limits of what could be read: for where each error has been told by itself."""
    return [*_counted(captures), *_defects(handshakes), *_sentences(captures)]


def _errors(captures: pandas.DataFrame) -> list[Limit]:
    failed = captures[captures["error"].notna()]
    if failed.empty:
        return []
    unread = int((~failed["readable"]).sum())
    in_part = len(failed) - unread
    parts = []
    if unread:
        parts.append(f"{plural(unread, 'input')} not read")
    if in_part:
        parts.append(f"{plural(in_part, 'capture')} read only in part")
    return [
        Limit(", ".join(parts), "What they hold is missing from this report; Captures says why.")
    ]


def _counted(captures: pandas.DataFrame) -> list[Limit]:
    truncated = int(captures["truncated_frames"].sum())
    one_sided = int(captures["one_sided_streams"].sum())
    unheard = int(captures["unheard_streams"].sum())
    undecoded = int(captures["undecoded_frames"].sum())
    opaque = int(captures["opaque_frames"].sum())
    found = []
    if truncated:
        meaning = (
            "The capture kept only the first bytes of these frames, so hellos in them may be "
            "incomplete; capture whole frames (a snap length of 0)."
        )
        found.append(Limit(f"{plural(truncated, 'frame')} cut short", meaning))
    if one_sided:
        streams = int(captures["tls_streams"].sum())
        heard = f"{plural(streams, 'TLS connection')} with a hello"
        measure = f"{one_sided:,} of {heard} captured in one direction"
        meaning = (
            "What was negotiated there may not be visible; capture where both directions pass."
        )
        found.append(Limit(measure, meaning))
    if unheard:
        meaning = (
            "They are older than the capture, or their beginning was not captured, so what was "
            "negotiated there is not known; capture longer, or restart the services concerned."
        )
        measure = f"the hello of {plural(unheard, 'TLS connection')} not captured"
        found.append(Limit(measure, meaning))
    if undecoded:
        meaning = "TLS in them, if any, is missing from this report; Captures names the link types."
        found.append(
            Limit(f"{plural(undecoded, 'frame')} of a link type that is not read", meaning)
        )
    if opaque:
        meaning = (
            "IPsec, Wi-Fi, MACsec or PPP encrypts all that they carry, TLS too; capture where it "
            "is in clear."
        )
        found.append(Limit(f"{plural(opaque, 'frame')} encrypted below TCP", meaning))
    return found


def _defects(handshakes: pandas.DataFrame) -> list[Limit]:
    counts = handshakes["defect"].dropna().astype("object").value_counts()
    if counts.empty:
        return []
    kinds = ", ".join(f"{kind}: {int(counts[kind]):,}" for kind in sorted(counts.index))
    return [
        Limit(
            f"{plural(int(counts.sum()), 'handshake')} with a defect ({kinds})",
            "Bytes are missing or make no sense there. The rows hold what could be read; the "
            "columns defect and defect_at say where it ends.",
        )
    ]


def _sentences(captures: pandas.DataFrame) -> list[Limit]:
    """One limit per sentence, of the capture and of the reader: many captures may have the same."""
    found = []
    for column, measure in (
        ("remarks", "a warning is given with"),
        ("limits", "a bound of the reader was reached in"),
    ):
        told = captures[captures[column].notna()]
        for sentence, names in told.groupby(column, sort=False)["capture"]:
            where = names.iloc[0] if len(names) == 1 else plural(len(names), "capture")
            found.append(Limit(f"{measure} {where}", str(sentence), told=True))
    return found
