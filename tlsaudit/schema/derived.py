"""The derived columns: what follows from a handshake's columns, the same for every engine.

Whole columns are worked on at once: numbers of lists are taken flat, looked up in a table of all
65,536 code points, and gathered again by row.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.schema.lists import flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["derive"]


def derive(frame: pd.DataFrame) -> pd.DataFrame:
    """The handshake table with the columns of `DERIVED`, computed afresh, at its end.

    The rules are the meanings of the columns; what was not seen, or only seen in part so that the
    answer could be another, is null.
    """
    import pandas as pd

    derived = frame.drop(columns=[name for name in _DERIVED if name in frame.columns])
    hello_in_part = ~frame["client_hello_complete"].fillna(True).to_numpy(dtype=bool)
    highest, lowest = _offered_versions(frame, hello_in_part)
    negotiated = _negotiated_version(frame)
    suite = frame["negotiated_cipher_suite"]
    derived["negotiated_version"] = negotiated
    derived["negotiated_version_name"] = _version_names(negotiated)
    derived["client_max_version"] = highest
    derived["client_min_version"] = lowest
    derived["negotiated_cipher_suite_name"] = _suite_names(suite)
    derived["offers_3des"] = _offers_3des(frame, hello_in_part)
    chosen = _is_3des_table()[suite.fillna(0).to_numpy(dtype="uint16")]
    derived["negotiated_3des"] = pd.array(chosen, dtype="boolean")
    derived.loc[suite.isna(), "negotiated_3des"] = pd.NA
    return derived


_DERIVED = (
    "negotiated_version",
    "negotiated_version_name",
    "client_max_version",
    "client_min_version",
    "negotiated_cipher_suite_name",
    "offers_3des",
    "negotiated_3des",
)

_TLS12 = 0x0303


def _negotiated_version(frame: pd.DataFrame) -> pd.Series[Any]:
    """The server's supported_versions, else its legacy_version, where that settles the matter.

    Of a ServerHello cut before its extensions, legacy_version 0x0303 may be TLS 1.2 or 1.3. It is
    TLS 1.2 if the whole ClientHello is there and does not offer 1.3, or if the random says so.
    """
    legacy = frame["server_legacy_version"]
    selected = frame["server_supported_version"]
    in_part = ~frame["server_hello_complete"].fillna(True)
    unsettled = in_part & selected.isna() & legacy.eq(_TLS12).fillna(False)
    whole_offer = frame["client_hello_complete"].fillna(False)
    tls13 = _rows_with(frame["client_supported_versions"], _is_tls13_table())
    settled = (whole_offer & ~tls13) | frame["downgrade_sentinel"].notna()
    return selected.fillna(legacy).mask(unsettled & ~settled)


def _offered_versions(
    frame: pd.DataFrame, hello_in_part: NDArray[np.bool_]
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    import numpy as np
    import pandas as pd

    listed = frame["client_supported_versions"]
    ranks, codes = _rank_tables()
    rows, values = flat(listed)
    rank = ranks[values]
    known = rank >= 0
    top = np.full(len(frame), -1, dtype=np.int32)
    np.maximum.at(top, rows[known], rank[known])
    bottom = np.full(len(frame), len(codes), dtype=np.int32)
    np.minimum.at(bottom, rows[known], rank[known])

    none = top < 0
    highest = pd.Series(codes[np.where(none, 0, top)], index=frame.index, dtype="UInt16")
    lowest = pd.Series(codes[np.where(none, 0, bottom)], index=frame.index, dtype="UInt16")
    highest = highest.mask(none)
    lowest = lowest.mask(none)

    legacy = frame["client_legacy_version"]
    # The extension may have been in the part that was not seen.
    legacy = legacy.mask(hello_in_part & legacy.ge(_TLS12).fillna(False))
    return highest.where(listed.notna(), legacy), lowest


def _offers_3des(frame: pd.DataFrame, hello_in_part: NDArray[np.bool_]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    suites, kinds = frame["client_cipher_suites"], frame["client_ssl2_cipher_kinds"]
    offers = _rows_with(suites, _is_3des_table())
    rows, values = flat(kinds)
    offers[rows[np.isin(values, sorted(registry.SSL2_3DES_KINDS))]] = True
    seen = (suites.notna() | kinds.notna()).to_numpy()
    unknown = ~seen | (hello_in_part & ~offers)
    return pd.Series(offers, index=frame.index, dtype="boolean").mask(unknown)


def _version_names(versions: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    present = sorted(int(code) for code in versions.dropna().unique())
    names = {code: registry.version_name(code) for code in present}
    words = list(registry.VERSION_NAMES)
    words += sorted(name for name in names.values() if name not in words)
    return _named(versions, names, pd.CategoricalDtype(words, ordered=True))


def _suite_names(suites: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    present = sorted(int(code) for code in suites.dropna().unique())
    names = {code: registry.cipher_suite_name(code) for code in present}
    return _named(suites, names, pd.CategoricalDtype(sorted(set(names.values()))))


def _named(
    codes: pd.Series[Any], names: dict[int, str], dtype: pd.CategoricalDtype
) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    place = {name: number for number, name in enumerate(dtype.categories)}
    position = np.full(0x10000, -1, dtype=np.int32)
    for code, name in names.items():
        position[code] = place[name]
    positions = np.where(codes.isna(), -1, position[codes.fillna(0).to_numpy(dtype="uint16")])
    return pd.Series(pd.Categorical.from_codes(positions, dtype=dtype), index=codes.index)


def _rows_with(lists: pd.Series[Any], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each row, whether its list holds a code point that the table marks."""
    import numpy as np

    rows, values = flat(lists)
    found = np.zeros(len(lists), dtype=bool)
    found[rows[wanted[values]]] = True
    return found


@cache
def _is_3des_table() -> NDArray[np.bool_]:
    import numpy as np

    return np.array([registry.is_3des(code) for code in range(0x10000)])


@cache
def _is_tls13_table() -> NDArray[np.bool_]:
    import numpy as np

    return np.array([registry.is_tls13(code) for code in range(0x10000)])


@cache
def _rank_tables() -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """The rank of every code point (-1 without one), and the code point of every rank."""
    import numpy as np

    ranks = np.full(0x10000, -1, dtype=np.int32)
    for code in registry.VERSIONS:
        rank = registry.version_rank(code)
        if rank is not None:
            ranks[code] = rank
    codes = np.zeros(int(ranks.max()) + 1, dtype=np.uint16)
    ranked = np.flatnonzero(ranks >= 0)
    codes[ranks[ranked]] = ranked
    return ranks, codes
