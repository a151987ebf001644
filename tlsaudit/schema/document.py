"""`docs/columns.md`, printed from the definitions of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit.schema.apart import REFUSALS, SET_ASIDE
from tlsaudit.schema.changes import CHANGES, TREND
from tlsaudit.schema.coverage import COVERAGE
from tlsaudit.schema.events import EVENTS, SIGN_INS
from tlsaudit.schema.files import FILES
from tlsaudit.schema.handshakes import DERIVED, HANDSHAKE_KEY, HANDSHAKES
from tlsaudit.schema.names import NAMES
from tlsaudit.schema.results import CAPTURES, CLIENTS, FINDINGS
from tlsaudit.schema.verdicts import ROLLUP, VERDICTS

if TYPE_CHECKING:
    from tlsaudit.schema.column import Column

__all__ = ["markdown"]

_INTRODUCTION = """\
# Tables and their columns

Generated from `tlsaudit/schema/` by `python scripts/generate_docs.py`; do not edit.

Absent is null: a column without a value was not seen, or has no meaning for the row. There are no
sentinel values; test with `isna()`. The Arrow type is what an engine hands over and what Parquet
holds; the pandas dtype is what a DataFrame has. As text, code points are written `0x000A`, and
times are UTC with nanoseconds.

The client is who sent the ClientHello, whichever side opened the connection. *Offered* is what the
client lists, *negotiated* what the server chose. Where a section of RFC 8446 is named, RFC 9846 is
its successor, with other section numbers.
"""

_TABLES: tuple[tuple[str, str, tuple[Column, ...]], ...] = (
    (
        "Handshakes",
        "One row per handshake seen. Key, and order of the rows: "
        + ", ".join(f"`{name}`" for name in HANDSHAKE_KEY)
        + ".",
        HANDSHAKES,
    ),
    (
        "Handshakes: derived columns",
        "Appended to the handshake table. They follow from the columns above, so that every "
        "engine gives the same.",
        DERIVED,
    ),
    ("Clients", "One row per client address, the worst first.", CLIENTS),
    (
        "Findings",
        "One row per handshake and rule that it breaks, in the order of the handshake table.",
        FINDINGS,
    ),
    (
        "Verdicts",
        "One row per client, service and TLS stack: what becomes of them once the policy is "
        "enforced. The worst first, then by client, service and stack.",
        VERDICTS,
    ),
    (
        "Verdicts rolled up",
        "One row per client, service or capture, the worst first.",
        ROLLUP,
    ),
    (
        "Changes",
        "What `tlsaudit diff` gives: one row per problem before or after a moment, in the order of "
        "the changes, then the worst first.",
        CHANGES,
    ),
    (
        "Trend",
        "One row per day, or per week or month where there are many days, from the first handshake "
        "to the last.",
        TREND,
    ),
    (
        "Captures",
        "One row per input, in the order given. What only the core tells (counts of frames and the "
        "like) is null where another engine read.",
        CAPTURES,
    ),
    (
        "Coverage",
        "What each capture could tell, a row each, and one of all together: `none found` is worth "
        "what was covered.",
        COVERAGE,
    ),
    (
        "Files",
        "One row per file of a capture that lies in several, such as a ring buffer: which frames "
        "of the capture are which frames of the file. Empty for captures of one file.",
        FILES,
    ),
    (
        "Refusals",
        "One row per upgrade to TLS that was refused or declined, and per meeting of TLS and "
        "plaintext, by capture, transport and stream.",
        REFUSALS,
    ),
    (
        "Set aside",
        "One row per thing that looks like TLS and is none: neither counted nor flagged, and not "
        "dropped silently either. By capture, transport and stream.",
        SET_ASIDE,
    ),
    (
        "Names",
        "One row per name of an address and whoever was told it, by capture and frame. Only what "
        "the packets say: nobody is asked.",
        NAMES,
    ),
    (
        "Events",
        "One row per event of Schannel that was given (`--events`), in the order of time, with the "
        "handshake that it was tied to, or why it was not. `docs/events.md` tells how.",
        EVENTS,
    ),
    (
        "Sign-ins",
        "One row per sign-in over an old TLS in Entra's log (`--sign-ins`), in the order of time, "
        "with the handshake that it was tied to, or why it was not.",
        SIGN_INS,
    ),
)


def markdown() -> str:
    """The text of `docs/columns.md`: every table, every column."""
    parts = [_INTRODUCTION]
    for title, says, columns in _TABLES:
        parts.append(f"\n## {title}\n\n{says}\n")
        parts.append("\n| column | Arrow | pandas | null | meaning | source |\n")
        parts.append("|---|---|---|---|---|---|\n")
        parts.extend(_row(column) for column in columns)
    return "".join(parts)


def _row(column: Column) -> str:
    meaning = column.meaning
    if column.values:
        missing = [value for value in column.values if f"`{value}`" not in meaning]
        if missing:
            words = ", ".join(f"`{value}`" for value in column.values)
            meaning += f" One of {words}."
    cells = (
        f"`{column.name}`",
        f"`{column.arrow}`",
        f"`{column.dtype}`",
        "yes" if column.nullable else "no",
        meaning,
        column.source,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
