"""Which remedy a verdict leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlsaudit.forecast.sentences import Said

__all__ = ["remedy_of"]

# Carriers whose clients are of a few kinds.
_OF_CARRIER = {"tds": "sql-server-client", "rdp": "rdp"}


def remedy_of(said: Said) -> str | None:
    """Name the remedy, as docs/remedies.md lists it; null where nothing is to be done."""
    client = said.known_remedy or _OF_CARRIER.get(said.carrier or "", "find-the-program")
    server = "box-between" if said.cleared else "server-version"
    refused = "refused" if said.suited else "cipher-suites-client"
    return {
        "will break": client,
        "app-limited": said.known_remedy or "held-back",
        "cipher-limited": "cipher-suites-client",
        "server-limited": "server-cipher" if said.accepted_version else server,
        "refused already": client if said.below else refused,
        "fallback": "fallback",
        "unknown": "capture-better",
    }.get(said.verdict)
