"""How handshakes ended that were refused or failed, and what explains that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit.explanations import alert_explanation
from tlsaudit.reports.wording import is_null

if TYPE_CHECKING:
    import pandas

__all__ = ["endings_explained"]


def endings_explained(handshakes: pandas.DataFrame) -> dict[str, int]:
    """Give the codes of `tlsaudit.explanations` that refused or failed handshakes call for.

    Each comes with the number of these handshakes; the most frequent first, then by code.
    """
    odd = handshakes[handshakes["outcome"].isin(["failed", "rejected"])]
    counts: dict[str, int] = {}
    ends = odd[["outcome", "alert_description"]].astype({"outcome": "object"})
    kinds = ends.value_counts(dropna=False)
    for kind, count in zip(kinds.index.tolist(), kinds.tolist(), strict=True):
        code = _code(*kind)
        if code is not None:
            counts[code] = counts.get(code, 0) + count
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _code(outcome: str, alert: Any) -> str | None:
    if is_null(alert):
        return "refused-without-alert" if outcome == "rejected" else None
    explanation = alert_explanation(int(alert))
    return None if explanation is None else explanation.code
