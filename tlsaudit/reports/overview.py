"""What an audit says, as sentences and counts: shared by the page, the terminal and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from tlsaudit import registry

if TYPE_CHECKING:
    import pandas

    from tlsaudit.findings import Policy

__all__ = ["Overview", "Tables", "is_null", "joined", "plural", "version_text", "when"]

_BEST_OFFERED = "-is-best-offered"
_NEGOTIATED = "-negotiated"
# Rules are named for their pattern; these are the patterns as a person reads them.
_PATTERNS = {
    "ssl20": "SSL 2.0",
    "ssl30": "SSL 3.0",
    "tls10": "TLS 1.0",
    "tls11": "TLS 1.1",
    "3des": "3DES",
    "rc4": "RC4",
    "null": "NULL encryption",
    "export": "export-grade encryption",
}


class Tables(Protocol):
    """What a report needs of an audit."""

    @property
    def handshakes(self) -> pandas.DataFrame: ...
    @property
    def captures(self) -> pandas.DataFrame: ...
    @property
    def clients(self) -> pandas.DataFrame: ...
    @property
    def findings(self) -> pandas.DataFrame: ...
    @property
    def policy(self) -> Policy: ...


@dataclass(frozen=True)
class Overview:
    """The counts and sentences of one audit, worked out once."""

    audit: Tables

    @cached_property
    def concerned(self) -> pandas.DataFrame:
        """The clients with a finding above `info`, the worst first, then by address."""
        clients = self.audit.clients
        chosen = clients[clients["worst_severity"] > "info"]
        rank = chosen["worst_severity"].cat.codes
        return (
            chosen.assign(_rank=-rank, _busy=-chosen["findings"].astype("int64"))
            .sort_values(["_rank", "_busy", "client"], kind="stable")
            .drop(columns=["_rank", "_busy"])
        )

    @cached_property
    def counted(self) -> pandas.DataFrame:
        """The findings above `info`."""
        findings = self.audit.findings
        return findings[findings["severity"] > "info"]

    @cached_property
    def negotiated(self) -> list[str]:
        """The clients with whom something was negotiated that the policy counts."""
        rows = self.counted[self.counted["basis"] == "negotiated"]
        return sorted(set(rows["client"]))

    @cached_property
    def nothing_better(self) -> list[str]:
        """Of the other clients, those that once offered nothing better than the policy counts."""
        rules = self.counted["rule"].astype("object")
        rows = self.counted[rules.str.endswith(_BEST_OFFERED)]
        return sorted(set(rows["client"]) - set(self.negotiated))

    @cached_property
    def headline(self) -> str:
        """The answer in one sentence."""
        clients = len(self.audit.clients)
        if clients == 0:
            captures = len(self.audit.captures)
            return f"No TLS handshake was found in {plural(captures, 'capture')}."
        policy = self.audit.policy.name
        if self.concerned.empty:
            return f"None of {plural(clients, 'client')} broke the policy {policy}."
        others = len(self.concerned) - len(self.negotiated) - len(self.nothing_better)
        of_all = f"of {plural(clients, 'client')}"
        clauses = []
        if self.negotiated:
            clauses.append(f"negotiated {self._patterns(_NEGOTIATED, self.negotiated)}")
        if self.nothing_better:
            verb = "offers" if len(self.nothing_better) == 1 else "offer"
            clauses.append(
                f"{verb} nothing better"
                if self.negotiated
                else f"{verb} nothing better than "
                f"{self._patterns(_BEST_OFFERED, self.nothing_better)}"
            )
        if others:
            verb = "has" if others == 1 else "have"
            clauses.append(f"{verb} other findings")
        counts = [n for n in (len(self.negotiated), len(self.nothing_better), others) if n]
        parts = [
            f"{count:,} {of_all if position == 0 else 'more'} {clause}"
            for position, (count, clause) in enumerate(zip(counts, clauses, strict=True))
        ]
        return "; ".join(parts) + "."

    @cached_property
    def span(self) -> str | None:
        """From when to when frames were captured; None where the captures have no times."""
        first, last = self.audit.captures["first_ts"].min(), self.audit.captures["last_ts"].max()
        return None if is_null(first) else f"{when(first)} to {when(last)} UTC"

    @cached_property
    def volume(self) -> str:
        """What was read, in one phrase."""
        captures = self.audit.captures
        handshakes, clients = len(self.audit.handshakes), len(self.audit.clients)
        return (
            f"{plural(int(captures['readable'].sum()), 'capture')}, "
            f"{plural(int(captures['frames'].sum()), 'frame')}, "
            f"{plural(handshakes, 'TLS handshake')} of {plural(clients, 'client')}"
        )

    @cached_property
    def failed_captures(self) -> pandas.DataFrame:
        """The rows of the captures table with an error: not read, or not to the end."""
        return self.audit.captures[self.audit.captures["error"].notna()]

    @cached_property
    def warnings(self) -> list[tuple[str, str]]:
        """What limits the answer: (a few words, one sentence with the measure and the remedy)."""
        captures, handshakes = self.audit.captures, self.audit.handshakes
        found: list[tuple[str, str]] = []

        def total(name: str) -> int:
            return int(captures[name].sum())

        failed = len(self.failed_captures)
        if failed:
            unread = int((~self.failed_captures["readable"]).sum())
            found.append(
                (
                    f"{plural(failed, 'input')} not read, or not to the end",
                    f"{plural(unread, 'input')} could not be read and "
                    f"{failed - unread:,} could be read only in part; the reasons are below, "
                    "under Captures.",
                )
            )
        truncated = total("truncated_frames")
        if truncated:
            found.append(
                (
                    f"{plural(truncated, 'frame')} cut short",
                    "The capture kept only the first bytes of these frames, so hellos in them may "
                    "be incomplete; capture whole frames (a snap length of 0).",
                )
            )
        one_sided = total("one_sided_streams")
        if one_sided:
            found.append(
                (
                    f"{plural(one_sided, 'connection')} of {total('tls_streams'):,} captured in "
                    "one direction only",
                    "What was negotiated there may not be visible; capture where both directions "
                    "pass.",
                )
            )
        undecoded = total("undecoded_frames")
        if undecoded:
            found.append(
                (
                    f"{plural(undecoded, 'frame')} of a link type that is not read",
                    "TLS in them, if any, is missing from this report; the link types are below, "
                    "under Captures.",
                )
            )
        defects = handshakes["defect"].dropna().astype("object").value_counts()
        if len(defects):
            kinds = ", ".join(f"{name} {int(defects[name]):,}" for name in sorted(defects.index))
            found.append(
                (
                    f"{plural(int(defects.sum()), 'handshake')} with a defect ({kinds})",
                    "Bytes are missing or make no sense there; the rows hold what could be read, "
                    "and the columns defect and defect_at say where it ends.",
                )
            )
        for capture, sentence in zip(captures["capture"], captures["limits"], strict=True):
            if isinstance(sentence, str):
                found.append((f"a bound was reached in {capture}", sentence))
        return found

    def _patterns(self, ending: str, clients: Iterable[str]) -> str:
        """The patterns that these clients' findings name, oldest version first."""
        mine = self.counted[self.counted["client"].isin(list(clients))]
        rules = set(mine["rule"].astype("object"))
        known = [
            text for pattern, text in _PATTERNS.items() if f"{pattern}{ending}" in rules
        ]
        others = sorted(
            rule.removesuffix(ending)
            for rule in rules
            if rule.endswith(ending) and rule.removesuffix(ending) not in _PATTERNS
        )
        return joined(known + others, "or") or "what the policy counts"


def plural(count: int, noun: str) -> str:
    """Give `1 client`, `2,000 clients`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Give `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def when(moment: Any) -> str:
    """Give a time to the second, UTC, or an empty string for none."""
    return "" if is_null(moment) else f"{moment:%Y-%m-%d %H:%M:%S}"


def version_text(code: Any) -> str:
    """Give the name of a version, or an empty string for null."""
    return "" if is_null(code) else registry.version_name(int(code))


def is_null(value: Any) -> bool:
    """Say whether one value of a table is null."""
    import pandas

    return bool(pandas.isna(value))
