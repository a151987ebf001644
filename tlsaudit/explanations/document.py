"""`docs/errors.md`, printed from the explanations."""

from __future__ import annotations

from tlsaudit.explanations.entries import KINDS, Explanation, explanations
from tlsaudit.explanations.text import sections

__all__ = ["markdown"]

_INTRODUCTION = """\
# Errors and what they mean

Generated from `tlsaudit/explanations/` by `python scripts/generate_docs.py`; do not edit.

`tlsaudit explain CODE` prints one of these, offline; `tlsaudit.explain("CODE")` gives it to a
program. A code may be spelled in any usual way, or stand in an error message:

```console
$ tlsaudit explain 0x80090326
$ tlsaudit explain 'Received fatal alert: protocol_version'
```

`alert_description` and the like are columns of the handshake table ([columns.md](columns.md)).
Alerts travel in clear until keys are agreed on: in TLS 1.3 up to the ServerHello, before it up to
the ChangeCipherSpec. After that neither a capture nor this table knows their number.
"""


def markdown() -> str:
    """The text of `docs/errors.md`: every code, by kind."""
    parts = [_INTRODUCTION]
    for kind, called in KINDS.items():
        mine = [each for each in explanations() if each.kind == kind]
        parts.append(f"\n## {called[0].upper()}{called[1:]}\n")
        parts += [_entry(each) for each in mine]
    return "".join(parts)


def _entry(explanation: Explanation) -> str:
    parts = [f"\n### {explanation.heading}\n\n**{explanation.title}.**\n"]
    parts += [f"\n*{heading}.* {_sentence(text)}\n" for heading, text in sections(explanation)]
    return "".join(parts)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
