"""A remedy as lines on a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlsaudit.remedies.entries import Remedy

__all__ = ["remedy_text"]

_WIDTH = 92


def remedy_text(remedy: Remedy) -> str:
    """Give the whole remedy; snippets stand as they are, to be copied."""
    parts = [f"{remedy.id}: {remedy.title}\n"]
    for head, text in (
        ("For whom", remedy.applies),
        ("What to do", remedy.steps),
        ("How to verify", remedy.verify),
        ("What it cannot fix", remedy.cannot),
    ):
        parts.append(textwrap.fill(f"{head}: {' '.join(text.split())}", _WIDTH) + "\n")
    parts += [
        f"--- {snippet.title} ({snippet.language})\n{snippet.text.strip()}\n"
        for snippet in remedy.snippet
    ]
    parts.append(textwrap.fill(f"Sources: {'; '.join(remedy.sources)}", _WIDTH) + "\n")
    return "\n".join(parts)
