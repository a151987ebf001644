"""Periods of time, as long as it takes for few of them to hold everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Periods", "periods"]

# The unit of numpy's, how many of it, and how the beginning is written.
_KINDS = (
    *((unit, many, "%Y-%m-%d %H:%M:%S") for unit, many in (("s", 1), ("s", 5), ("s", 15))),
    *((unit, many, "%Y-%m-%d %H:%M") for unit, many in (("m", 1), ("m", 5), ("m", 15), ("h", 1))),
    *((unit, many, "%Y-%m-%d %H:%M") for unit, many in (("h", 4),)),
    *((unit, many, "%Y-%m-%d") for unit, many in (("D", 1), ("D", 7))),
    *((unit, many, "%Y-%m") for unit, many in (("M", 1), ("M", 3))),
    *((unit, many, "%Y") for unit, many in (("Y", 1), ("Y", 5), ("Y", 20))),
)
# 1970 began on a Thursday, and weeks begin on Monday.
_DAYS_TO_MONDAY = 3


@dataclass(frozen=True)
class Periods:
    """For each time the number of its period, and for each period the words for its beginning."""

    of: NDArray[np.int64]
    labels: list[str]


def periods(times: NDArray[np.datetime64], most: int) -> Periods:
    """Put times in UTC into at most `most` periods, all as long: a second to twenty years.

    They begin at round times. Periods in which nothing was are there too.
    """
    import numpy as np

    if not len(times):
        return Periods(np.zeros(0, dtype=np.int64), [])
    for kind in _KINDS:
        unit, many, written = kind
        shift = _DAYS_TO_MONDAY if (unit, many) == ("D", 7) else 0
        numbers = (times.astype(f"datetime64[{unit}]").astype(np.int64) + shift) // many
        first, last = int(numbers.min()), int(numbers.max())
        if last - first < most:
            break
    begins = (np.arange(first, last + 1) * many - shift).astype(f"datetime64[{unit}]")
    labels = [each.strftime(written) for each in begins.astype("datetime64[s]").tolist()]
    return Periods(numbers - first, labels)
