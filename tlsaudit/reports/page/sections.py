"""What the page says beside its tables: figures, rules, remedies and explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit.explanations import named
from tlsaudit.findings import RULES, Rule
from tlsaudit.remedies import Remedy, remedies
from tlsaudit.reports import figures
from tlsaudit.reports.endings import endings_explained
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.wording import plural

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from tlsaudit.explanations import Explanation

__all__ = ["Drawing", "Explained", "RuleText", "drawings", "explained", "remedies_of", "rules"]

MOST_BARS = 20


@dataclass(frozen=True)
class Drawing:
    """A figure on the page and its numbers as text."""

    title: str
    svg: str
    header: tuple[str, ...]
    rows: list[list[str | int]]


@dataclass(frozen=True)
class RuleText:
    """A rule that something broke, the worst severity that it had, and how often."""

    rule: Rule
    severity: str
    counts: str


@dataclass(frozen=True)
class Explained:
    """The explanation of a code that rows of the page lead to, and how often it was seen."""

    explanation: Explanation
    counts: str


def drawings(overview: Overview) -> list[Drawing]:
    """Draw the figures of the page, each with its numbers."""
    handshakes, verdicts = overview.audit.handshakes, overview.audit.verdicts
    flagged = [str(client) for client in overview.concerned["client"].head(MOST_BARS)]
    timed = int(handshakes["ts"].notna().sum())
    drawn = [
        _of_bars(
            "Handshakes by negotiated version",
            figures.handshakes_by_version(handshakes),
            figures.counts_of_versions(handshakes),
        )
    ]
    if timed:
        title = "Handshakes over time (UTC) by negotiated version"
        if timed < len(handshakes):
            title += f" ({len(handshakes) - timed:,} without a time are left out)"
        drawn.append(
            _of_bars(
                title,
                figures.versions_over_time(handshakes),
                figures.counts_of_versions_over_time(handshakes),
                "beginning",
            )
        )
    drawn.append(
        _of_bars(
            "Best version offered against version negotiated",
            figures.offered_against_negotiated(handshakes),
            figures.counts_of_offered_and_negotiated(handshakes),
            "offered at best",
        )
    )
    drawn.append(
        _of_bars(
            "Handshakes by negotiated cipher suite",
            figures.cipher_suites(handshakes),
            figures.counts_of_cipher_suites(handshakes),
        )
    )
    lines = figures.talks(verdicts)
    if lines:
        drawn.append(
            _drawn(
                "Who talks to whom, where that does not keep working",
                figures.who_talks_to_whom(verdicts),
                ("client", "service", "what is wrong", "handshakes"),
                [[each.client, each.service, each.fault, each.handshakes] for each in lines],
            )
        )
    if flagged:
        title = "Clients concerned, handshakes by negotiated version"
        if len(overview.concerned) > MOST_BARS:
            title += f" (the first {MOST_BARS} of {len(overview.concerned):,})"
        drawn.append(
            _of_bars(
                title,
                figures.versions_by_client(handshakes, flagged),
                figures.counts_of_versions_by_client(handshakes, flagged),
                "client",
            )
        )
    return drawn


def _of_bars(
    title: str, figure: Figure, bars: Sequence[figures.Bar], what: str | None = None
) -> Drawing:
    """Give a figure of bars with its numbers: one column, or with `what` a column for each part."""
    if what is None:
        rows: list[list[str | int]] = [[bar.label, bar.count] for bar in bars]
        return _drawn(title, figure, ("", "handshakes"), rows)
    names = figures.in_order({part.name for bar in bars for part in bar.parts})
    rows = []
    for bar in bars:
        counts = {part.name: part.count for part in bar.parts}
        rows.append([bar.label, *(counts.get(name, 0) for name in names)])
    return _drawn(title, figure, (what, *names), rows)


def _drawn(
    title: str, figure: Figure, header: tuple[str, ...], rows: list[list[str | int]]
) -> Drawing:
    """Give a figure with its numbers, which are what a screen reader says of it too."""
    from markupsafe import Markup

    said = "; ".join(_said(header, row) for row in rows) or "nothing to show"
    return Drawing(title, Markup(figures.svg(figure, f"{title}. {said}.")), header, rows)


def _said(header: tuple[str, ...], row: list[str | int]) -> str:
    """Give a row in words, without what is nought."""
    numbers = [
        (name, cell) for name, cell in zip(header, row, strict=True) if isinstance(cell, int)
    ]
    words = ", ".join(cell for cell in row if isinstance(cell, str))
    if len(numbers) == 1:
        return f"{words}: {numbers[0][1]:,}"
    counts = ", ".join(f"{count:,} {name}" for name, count in numbers if count)
    return f"{words}: {counts or 'none'}"


def remedies_of(verdicts: pandas.DataFrame) -> list[Remedy]:
    """Give what the verdicts lead to, each once, in the order of the documentation."""
    wanted = set(verdicts["remedy"].dropna())
    return [each for each in remedies() if each.id in wanted]


def rules(findings: pandas.DataFrame) -> list[RuleText]:
    """Explain what was broken, the worst first, then in the order of the rules."""
    ranks = findings["severity"].cat.codes
    texts = []
    for order, rule in enumerate(RULES):
        mine = findings["rule"] == rule.ident
        if not mine.any():
            continue
        chosen = findings[mine]
        worst = int(ranks[mine].max())
        handshakes, clients = len(chosen), chosen["client"].nunique()
        text = RuleText(
            rule,
            str(findings["severity"].cat.categories[worst]),
            f"{plural(handshakes, 'handshake')} of {plural(clients, 'client')}",
        )
        texts.append((-worst, order, text))
    return [text for *_, text in sorted(texts, key=lambda each: each[:2])]


def explained(audit: Tables) -> list[Explained]:
    """Explain how handshakes were refused or failed, then what became of upgrades to TLS."""
    endings = [
        Explained(named(code), plural(count, "handshake"))
        for code, count in endings_explained(audit.handshakes).items()
    ]
    kinds = audit.refusals["kind"].astype("object").value_counts()
    return endings + [
        Explained(named(kind), plural(int(kinds[kind]), "time")) for kind in sorted(kinds.index)
    ]
