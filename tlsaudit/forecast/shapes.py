"""Which hellos are of one TLS stack, told by their shape, a million of them at once.

Lists are turned into numbers of 64 bits, equal for equal lists, so that no Python object is made
for a row. Two keys come of it. The *stack* is what a row of the verdicts is about. The *family* is
what is left of it when the stack is held at an older version: the order of those suites that older
versions know, and the extensions that do not depend on the version. A hello of TLS 1.0 in the
family of one of TLS 1.2 comes from the same library, with something else in charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.schema.lists import flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["NONE", "Shapes", "shapes"]

NONE = -1
"""The code of a hello without a key."""

_ROWS_AT_A_TIME = 100_000

# What one stack sends in some hellos and not in others: server_name, padding, session ticket,
# pre_shared_key, early_data, cookie.
_PASSING = (0, 21, 35, 41, 42, 44)
# What a stack sends whatever the version and the program: supported_groups, ec_point_formats,
# heartbeat, encrypt_then_mac, extended_master_secret, renegotiation_info.
_LASTING = (10, 11, 15, 22, 23, 0xFF01)


@dataclass(frozen=True)
class Shapes:
    """Codes per handshake; `NONE` where no whole ClientHello was seen.

    `stack` and `family` are numbered from 0, `names` are the stacks' names by that number.
    `offered` stands for the suites in whatever order, and `left` for the same without the one that
    the server chose; neither means anything where no whole ClientHello was seen.
    """

    stack: NDArray[np.int64]
    family: NDArray[np.int64]
    names: NDArray[Any]
    offered: NDArray[np.uint64]
    left: NDArray[np.uint64]


def shapes(handshakes: pd.DataFrame) -> Shapes:
    """Tell the stacks and families of a handshake table apart."""
    import numpy as np
    import pandas as pd

    stacks = np.zeros(len(handshakes), dtype=np.uint64)
    families = np.zeros(len(handshakes), dtype=np.uint64)
    offered = np.zeros(len(handshakes), dtype=np.uint64)
    for start in range(0, len(handshakes), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        stacks[part], families[part], offered[part] = _keys(handshakes.iloc[part])
    whole = handshakes["client_hello_complete"].fillna(False).to_numpy(dtype=bool)
    stack = np.full(len(handshakes), NONE, dtype=np.int64)
    stack[whole], keys = pd.factorize(stacks[whole])
    family = np.full(len(handshakes), NONE, dtype=np.int64)
    has_family = whole & (families != 0)
    family[has_family] = pd.factorize(families[has_family])[0]
    names = np.array([f"{key:016x}" for key in keys.tolist()], dtype=object)
    chosen = handshakes["negotiated_cipher_suite"].fillna(0).to_numpy(dtype="uint16")
    return Shapes(stack, family, names, offered, offered - _tables().spread[chosen])


def _keys(
    part: pd.DataFrame,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """The keys of stacks, families and unordered suites.

    That of a family is 0 where no suite of old versions is there.
    """
    import numpy as np

    tables, length = _tables(), len(part)
    rows, suites = flat(part["client_cipher_suites"])
    real, old = tables.real[suites], tables.old_suite[suites]
    ordered = _ordered(rows[real], tables.spread[suites[real]], length)
    old_suites = _ordered(rows[old], tables.spread[suites[old]], length)
    offered = _unordered(rows[real], tables.spread[suites[real]], length)
    rows, kinds = flat(part["client_ssl2_cipher_kinds"])
    ordered ^= _mixed(_ordered(rows, _mixed(kinds.astype(np.uint64)), length))
    rows, extensions = flat(part["client_extensions"])
    stays, lasts = tables.extension[extensions], tables.lasting[extensions]
    every = _unordered(rows[stays], tables.spread[extensions[stays]], length)
    lasting = _unordered(rows[lasts], tables.spread[extensions[lasts]], length)
    version = part["client_max_version"].fillna(0).to_numpy(dtype=np.uint64)
    stack = _mixed(_mixed(_mixed(ordered) + every) ^ version)
    family = np.where(old_suites == 0, 0, _mixed(_mixed(old_suites) + lasting))
    return stack, family.astype(np.uint64), offered


def _ordered(
    rows: NDArray[np.int64], values: NDArray[np.uint64], length: int
) -> NDArray[np.uint64]:
    """A number per row for its (spread) values in their order; 0 for a row without any."""
    import numpy as np

    first = _first_places(rows, length)
    place = np.arange(len(rows)) - first[rows]
    # The weight of a place is odd, so that no part of a value is lost.
    weights = _mixed(np.arange(int(place.max()) + 1 if len(place) else 0, dtype=np.uint64))
    return _sums(values * (weights | np.uint64(1))[place], first)


def _unordered(
    rows: NDArray[np.int64], values: NDArray[np.uint64], length: int
) -> NDArray[np.uint64]:
    """A number per row for its (spread) values in whatever order; 0 for a row without any."""
    return _sums(values, _first_places(rows, length))


def _first_places(rows: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Where the values of each row begin, and where those of the last one end."""
    import numpy as np

    counts = np.bincount(rows, minlength=length)
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))


def _sums(terms: NDArray[np.uint64], first: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The sum of each row's terms, modulo 2^64."""
    import numpy as np

    running = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)))
    sums: NDArray[np.uint64] = running[first[1:]] - running[first[:-1]]
    return sums


_ODD = 0x9E3779B97F4A7C15


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number spread over 64 bits (the finalizer of SplitMix64)."""
    import numpy as np

    mixed = values + np.uint64(_ODD)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result


@dataclass(frozen=True)
class _Tables:
    """For every code point, a number spread over 64 bits for it, and what it counts as."""

    spread: NDArray[np.uint64]
    real: NDArray[np.bool_]
    old_suite: NDArray[np.bool_]
    extension: NDArray[np.bool_]
    lasting: NDArray[np.bool_]


@cache
def _tables() -> _Tables:
    import numpy as np

    codes = range(0x10000)
    grease = np.array([registry.is_grease(code) for code in codes])
    signal = np.array([registry.is_signalling(code) for code in codes])
    old = np.zeros(0x10000, dtype=bool)
    for code, suite in registry.cipher_suites().items():
        # Suites with other hashes, and all with authenticated encryption, begin with TLS 1.2.
        old[code] = suite.mac in ("SHA", "MD5")
    extension = ~grease
    extension[list(_PASSING)] = False
    lasting = np.zeros(0x10000, dtype=bool)
    lasting[list(_LASTING)] = True
    spread = _mixed(np.arange(0x10000, dtype=np.uint64))
    return _Tables(spread, ~grease & ~signal, old, extension, lasting)
