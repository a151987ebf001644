"""Scanners: clients that try out what a server can do, and mean no session.

Two things tell them. Whoever asks which suites a server has takes the one that it chose off the
list and asks again; no other client does. And hellos of many shapes that seldom come twice and
hardly ever lead to a session: behind address translation many clients share an address, and each
has its own hello, but theirs come again and lead to sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.forecast.facts import Facts
    from tlsaudit.forecast.shapes import Shapes

__all__ = ["scanning"]

LEAST_SHORTENED = 3
"""How many hellos whose list is another's without what the server chose make a scanner."""

LEAST_SHAPES = 10
LEAST_VERSIONS = 3
MOST_HELLOS_PER_SHAPE = 3.0
MOST_COMPLETED = 0.25


def scanning(
    handshakes: pd.DataFrame, conversations: NDArray[np.int64], shapes: Shapes, seen: Facts
) -> NDArray[np.bool_]:
    """Say of each row whether it is one of a scan of that server by that client.

    `conversations` numbers the pairs of client and server with its port.
    """
    import numpy as np

    count = int(conversations.max()) + 1 if len(conversations) else 0
    whole = seen.whole
    stacks = shapes.stack
    hellos = np.bincount(conversations[whole], minlength=count)
    kinds_of_hello = _distinct(conversations[whole], stacks[whole], count)
    versions = handshakes["client_max_version"].fillna(0).to_numpy(dtype=np.int64)
    kinds = _distinct(conversations[whole], versions[whole], count)
    done = np.bincount(conversations[whole & seen.completed], minlength=count)
    scan = (
        (kinds_of_hello >= LEAST_SHAPES)
        & (kinds >= LEAST_VERSIONS)
        & (hellos <= MOST_HELLOS_PER_SHAPE * kinds_of_hello)
        & (done <= MOST_COMPLETED * hellos)
    )
    enough = whole & (kinds_of_hello > LEAST_SHORTENED)[conversations]
    short = enough.copy()
    chose = handshakes["negotiated_cipher_suite"].notna().to_numpy(dtype=bool)
    short[enough] = _shortened(conversations, shapes, enough, enough & chose)
    scan |= _distinct(conversations[short], stacks[short], count) >= LEAST_SHORTENED
    result: NDArray[np.bool_] = scan[conversations]
    return result


def _shortened(
    conversations: NDArray[np.int64],
    shapes: Shapes,
    asked: NDArray[np.bool_],
    answered: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Of the rows asked about, whose suites are an answered row's without the chosen one."""
    import numpy as np

    place = conversations.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found: NDArray[np.bool_] = np.isin(
        place[asked] + shapes.offered[asked], place[answered] + shapes.left[answered]
    )
    return found


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
