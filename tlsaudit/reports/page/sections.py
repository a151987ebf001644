"""What the page says beside its tables: figures, rules, remedies and explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlsaudit.explanations import named
from tlsaudit.findings import RULES, Rule
from tlsaudit.remedies import Remedy, remedies
from tlsaudit.reports import figures
from tlsaudit.reports.endings import endings_explained
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.wording import plural

if TYPE_CHECKING:
    import pandas

    from tlsaudit.explanations import Explanation

__all__ = ["Drawing", "Explained", "RuleText", "drawings", "explained", "remedies_of", "rules"]

MOST_BARS = 20


@dataclass(frozen=True)
class Drawing:
    """A figure on the page and its numbers as text."""

    title: str
    svg: str
    header: tuple[str, ...]
    rows: list[list[str]]


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
    from markupsafe import Markup

    audit = overview.audit
    flagged = [str(client) for client in overview.concerned["client"].head(MOST_BARS)]
    drawn: list[tuple[str, Any, list[figures.Bar]]] = [
        (
            "Handshakes by negotiated version",
            figures.handshakes_by_version(audit.handshakes),
            figures.counts_of_versions(audit.handshakes),
        ),
    ]
    if flagged:
        title = "Clients concerned, handshakes by negotiated version"
        if len(overview.concerned) > MOST_BARS:
            title += f" (the first {MOST_BARS} of {len(overview.concerned):,})"
        drawn.append(
            (
                title,
                figures.versions_by_client(audit.handshakes, flagged),
                figures.counts_of_versions_by_client(audit.handshakes, flagged),
            )
        )
    drawn.append(
        (
            "Handshakes by negotiated cipher suite",
            figures.cipher_suites(audit.handshakes),
            figures.counts_of_cipher_suites(audit.handshakes),
        )
    )
    done = []
    for title, figure, bars in drawn:
        description = f"{title}. {'; '.join(f'{bar.label}: {bar.count:,}' for bar in bars)}."
        header, rows = _numbers(bars)
        done.append(Drawing(title, Markup(figures.svg(figure, description)), header, rows))
    return done


def _numbers(bars: Sequence[figures.Bar]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Give the numbers of a figure: one column if bars have one part each, else one per part."""
    if all(len(bar.parts) == 1 and bar.parts[0].name == bar.label for bar in bars):
        return ("", "handshakes"), [[bar.label, f"{bar.count:,}"] for bar in bars]
    names = figures.in_order({part.name: part for bar in bars for part in bar.parts})
    rows = []
    for bar in bars:
        counts = {part.name: part.count for part in bar.parts}
        rows.append([bar.label, *(f"{counts.get(name, 0):,}" for name in names)])
    return ("client", *names), rows


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
