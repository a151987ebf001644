"""`docs/remedies.md`, printed from the remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit.remedies.entries import remedies

if TYPE_CHECKING:
    from tlsaudit.remedies.entries import Remedy

__all__ = ["markdown"]

_INTRODUCTION = """\
# What to do

Generated from `tlsaudit/remedies/` by `python scripts/generate_docs.py`; do not edit.

A verdict names one of these in the column `remedy`; `tlsaudit remedy ID` prints it. No snippet
switches SSL 3.0 on or takes TLS 1.3 away. Try a change on one machine first, and keep what was set
before: `reg export` saves a key of the registry.
"""


def markdown() -> str:
    """Give the text of `docs/remedies.md`: a list, then every remedy."""
    parts = [_INTRODUCTION, "\n| remedy | for |\n|---|---|\n"]
    parts += [f"| [`{each.id}`](#{each.id}) | {each.title} |\n" for each in remedies()]
    parts += [_section(each) for each in remedies()]
    return "".join(parts)


def _section(remedy: Remedy) -> str:
    def line(text: str) -> str:
        return " ".join(text.split())

    snippets = "".join(
        f"\n{snippet.title}:\n\n```{snippet.language}\n{snippet.text.strip()}\n```\n"
        for snippet in remedy.snippet
    )
    return (
        f"\n## {remedy.id}\n\n**{remedy.title}.** {line(remedy.applies)}\n\n"
        f"What to do: {line(remedy.steps)}\n{snippets}\n"
        f"How to verify: {line(remedy.verify)}\n\n"
        f"What it cannot fix: {line(remedy.cannot)}\n\n"
        f"Sources: {'; '.join(remedy.sources)}.\n"
    )
