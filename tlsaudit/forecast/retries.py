"""Lower retries: an old hello that follows a better one of the same stack that failed.

Few programs say so with TLS_FALLBACK_SCSV, so it is inferred: the same client and server, a better
hello that led to nothing at most `PATIENCE_SECONDS` before, and no suite in the lower hello that
was not in the better one. The last keeps apart two machines behind one address.
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
"""How long a ladder may take: three attempts that each run into a timeout of 20 seconds."""

NO_RETRY = -1


def failed_before(
    handshakes: pd.DataFrame, conversations: NDArray[np.int64], seen: Facts
) -> NDArray[np.int64]:
    """For each row the row of the better hello that failed before it; `NO_RETRY` without one.

    `conversations` numbers the pairs of client and server with its port.
    """
    import numpy as np
    import pandas as pd

    found = np.full(len(handshakes), NO_RETRY, dtype=np.int64)
    timed = handshakes["ts"].notna().to_numpy()
    lower = np.flatnonzero(seen.below & timed)
    ended = seen.rejected | seen.failed | seen.unanswered
    better = np.flatnonzero(seen.able & ended & timed)
    if not len(lower) or not len(better):
        return found
    when = handshakes["ts"].to_numpy(dtype="datetime64[ns]").astype(np.int64)

    def rows(chosen: NDArray[np.int64], name: str) -> pd.DataFrame:
        return pd.DataFrame(
            {"ts": when[chosen], "conversation": conversations[chosen], name: chosen}
        ).sort_values("ts", kind="stable")

    pairs = pd.merge_asof(
        rows(lower, "lower"),
        rows(better, "better"),
        on="ts",
        by="conversation",
        tolerance=PATIENCE_SECONDS * 1_000_000_000,
    ).dropna()
    low = pairs["lower"].to_numpy(dtype=np.int64)
    high = pairs["better"].to_numpy(dtype=np.int64)
    fits = _contained(handshakes["client_cipher_suites"], low, high)
    found[low[fits]] = high[fits]
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
