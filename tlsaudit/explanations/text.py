"""Explanations as text for a terminal, and as lines of JSON."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from tlsaudit.explanations.entries import KINDS, Explanation
from tlsaudit.safe_text import shortened

if TYPE_CHECKING:
    from tlsaudit.explanations.lookup import Answer

__all__ = ["answer_text", "json_line", "problem", "sections"]

_WIDTH = 88


def sections(explanation: Explanation) -> tuple[tuple[str, str], ...]:
    """Give the parts of an explanation with their headings, in the order to be read."""
    return (
        ("What it means", explanation.means),
        ("What it does not mean", explanation.does_not_mean),
        ("What a capture shows", explanation.wire),
        ("What to do", explanation.action),
        ("Sources", "; ".join(explanation.sources)),
    )


def answer_text(answer: Answer) -> str:
    """Give what is known of every code in the text."""
    return "\n".join(_explanation(each) for each in answer.found)


def problem(answer: Answer) -> str | None:
    """Say what is not explained, and what comes nearest; None if there is nothing to say."""
    if answer.unknown:
        codes = ", ".join(f"`{shortened(code, 60)}`" for code in answer.unknown[:5])
        more = len(answer.unknown) - 5
        codes += f" and {more:,} more" if more > 0 else ""
        sentence = f"{codes}: not explained here."
    elif not answer.found:
        asked = shortened(" ".join(answer.asked.split()), 60)
        sentence = f"`{asked}`: no code in it is explained here." if asked else "No code was given."
    else:
        return None
    if answer.nearest:
        nearest = "; ".join(f"{each.heading}: {each.title}" for each in answer.nearest)
        sentence += f" The nearest that is: {nearest}."
    elif not answer.found:
        sentence += " `tlsaudit explain` without a code lists those that are."
    return sentence


def json_line(asked: str, explanation: Explanation) -> str:
    """Give one explanation as a line of JSON; its keys are the fields of Explanation."""
    record = {
        "asked": asked,
        "code": explanation.code,
        "kind": explanation.kind,
        "number": explanation.number,
        "names": list(explanation.spellings[1:]),
        "title": explanation.title,
        "means": explanation.means,
        "does_not_mean": explanation.does_not_mean,
        "wire": explanation.wire,
        "action": explanation.action,
        "sources": list(explanation.sources),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _explanation(explanation: Explanation) -> str:
    lines = [
        f"{explanation.heading}: {KINDS[explanation.kind]}",
        explanation.title,
    ]
    for heading, text in sections(explanation):
        lines += ["", f"{heading}:", _wrapped(text, "  ").removesuffix("\n")]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str) -> str:
    return (
        textwrap.fill(
            text,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )
