"""Scanners: clients that try out what a server can do, and mean no session.

Behind address translation many clients share an address, and each has its own hello; what tells a
scanner from them is that its hellos seldom come twice and hardly ever lead to a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.forecast.facts import Facts

__all__ = ["scanning"]

LEAST_SHAPES = 10
LEAST_VERSIONS = 3
MOST_HELLOS_PER_SHAPE = 3.0
MOST_COMPLETED = 0.25


def scanning(
    handshakes: pd.DataFrame,
    conversations: NDArray[np.int64],
    stacks: NDArray[np.int64],
    seen: Facts,
) -> NDArray[np.bool_]:
    """Say of each row whether it is one of a scan of that server by that client.

    `conversations` numbers the pairs of client and server with its port, `stacks` the stacks.
    """
    import numpy as np

    count = int(conversations.max()) + 1 if len(conversations) else 0
    whole = seen.whole
    hellos = np.bincount(conversations[whole], minlength=count)
    shapes = _distinct(conversations[whole], stacks[whole], count)
    versions = handshakes["client_max_version"].fillna(0).to_numpy(dtype=np.int64)
    kinds = _distinct(conversations[whole], versions[whole], count)
    done = np.bincount(conversations[whole & seen.completed], minlength=count)
    scan = (
        (shapes >= LEAST_SHAPES)
        & (kinds >= LEAST_VERSIONS)
        & (hellos <= MOST_HELLOS_PER_SHAPE * shapes)
        & (done <= MOST_COMPLETED * hellos)
    )
    result: NDArray[np.bool_] = scan[conversations]
    return result


def _distinct(
    owners: NDArray[np.int64], values: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """How many distinct values each owner has."""
    import numpy as np
    import pandas as pd

    if not len(owners):
        return np.zeros(count, dtype=np.int64)
    width = int(values.max()) + 2
    pairs = pd.unique(owners * width + values + 1)
    return np.bincount(pairs // width, minlength=count)
