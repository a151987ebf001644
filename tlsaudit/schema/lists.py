"""Columns of lists, worked on without a Python object per element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["flat", "numbers", "raw"]


def flat(lists: pd.Series[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The row of every element of every list, from 0, and the element."""
    import pyarrow.compute as pc

    array = _one_array(lists)
    rows = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
    return rows, pc.list_flatten(array).to_numpy(zero_copy_only=False)


def raw(lists: pd.Series[Any]) -> list[bytes | None]:
    """The bytes of each list of numbers, in this machine's order; None for null.

    Most hellos repeat one seen before: the bytes are a quick key to what was worked out for it.
    `numbers()` gives the list back.
    """
    array = _one_array(lists)
    values = array.values.to_numpy(zero_copy_only=False)
    edges = array.offsets.to_pylist()
    present = array.is_valid().to_pylist()
    return [
        values[start:stop].tobytes() if there else None
        for start, stop, there in zip(edges[:-1], edges[1:], present, strict=True)
    ]


def numbers(data: bytes | None, width: int) -> list[int]:
    """The list that `raw()` gave as bytes, each element having `width` of them; empty for null."""
    import numpy as np

    values: list[int] = np.frombuffer(data or b"", dtype=f"u{width}").tolist()
    return values


def _one_array(lists: pd.Series[Any]) -> pa.ListArray:
    import pyarrow as pa

    array = pa.array(lists)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
