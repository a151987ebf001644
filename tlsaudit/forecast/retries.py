"""Lower retries: an old hello that follows a better one of the same stack that failed.

Few programs say so with TLS_FALLBACK_SCSV, so it is inferred: the same client and server, a better
hello that led to nothing at most `PATIENCE_SECONDS` before, and no suite in the lower hello that
was not in the better one. The last keeps apart two machines behind one address. A lower hello that
leads to nothing either is the next rung of the ladder, from which the time counts anew.

Where the server's side was not captured, a better hello after which its client sent nothing more
led to nothing as far as can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.schema.lists import numbers, raw

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.forecast.facts import Facts

__all__ = ["NO_RETRY", "PATIENCE_SECONDS", "failed_before"]

PATIENCE_SECONDS = 60
"""How long one attempt may take, its timeout included."""

_RUNGS = 4
"""Lower attempts of the longest ladder: TLS 1.1, TLS 1.0, SSL 3.0, SSL 2.0."""

NO_RETRY = -1


def failed_before(
    handshakes: pd.DataFrame, conversations: NDArray[np.int64], seen: Facts
) -> NDArray[np.int64]:
    """For each row the row of the best hello that failed before it; `NO_RETRY` without one.

    `conversations` numbers the pairs of client and server with its port.
    """
    import numpy as np
    import pandas as pd

    found = np.full(len(handshakes), NO_RETRY, dtype=np.int64)
    timed = handshakes["ts"].notna().to_numpy()
    lower = np.flatnonzero(seen.below & timed)
    ended = seen.rejected | seen.failed | seen.unanswered | (seen.client_only & ~seen.went_on)
    failed = np.flatnonzero(seen.able & ended & timed)
    if not len(lower) or not len(failed):
        return found
    when = handshakes["ts"].to_numpy(dtype="datetime64[ns]").astype(np.int64)
    offered = handshakes["client_max_version"].fillna(0).to_numpy(dtype=np.int64)

    def rows(chosen: NDArray[np.int64], name: str) -> pd.DataFrame:
        return pd.DataFrame(
            {"ts": when[chosen], "conversation": conversations[chosen], name: chosen}
        ).sort_values("ts", kind="stable")

    for _ in range(_RUNGS):
        pairs = pd.merge_asof(
            rows(lower, "lower"),
            rows(failed, "failed"),
            on="ts",
            by="conversation",
            tolerance=PATIENCE_SECONDS * 1_000_000_000,
        ).dropna()
        low = pairs["lower"].to_numpy(dtype=np.int64)
        before = pairs["failed"].to_numpy(dtype=np.int64)
        fits = offered[low] < offered[before]
        fits &= _contained(handshakes["client_cipher_suites"], low, before)
        low, before = low[fits], before[fits]
        # What is shown is the top of the ladder.
        top = np.where(found[before] == NO_RETRY, before, found[before])
        found[low] = top
        lower = lower[found[lower] == NO_RETRY]
        failed = low[ended[low]]
        if not len(lower) or not len(failed):
            break
    return found


def _contained(
    lists: pd.Series[Any], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether the suites of each lower hello are all among those of the better one."""
    import numpy as np

    known: dict[tuple[bytes | None, bytes | None], bool] = {}
    pairs = list(zip(raw(lists.iloc[low]), raw(lists.iloc[high]), strict=True))
    for lower, better in pairs:
        if (lower, better) not in known:
            suites = _suites(lower)
            known[lower, better] = bool(suites) and suites <= _suites(better)
    return np.array([known[pair] for pair in pairs], dtype=bool)


def _suites(data: bytes | None) -> frozenset[int]:
    return frozenset(
        code
        for code in numbers(data, 2)
        if not registry.is_grease(code) and not registry.is_signalling(code)
    )
