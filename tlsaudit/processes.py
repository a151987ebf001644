"""The programs behind handshakes, in words: which process a client was, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MOST_PROCESSES", "PROCESS_COLUMNS", "processes_of"]

PROCESS_COLUMNS = ("client_process", "client_pid", "client_process_basis")
"""The columns of the handshake table that this needs."""

MOST_PROCESSES = 8
"""Processes that one cell names; of more it says how many."""

_CERTAIN = ("connection-event", "process-table")


def processes_of(
    handshakes: pd.DataFrame, group: NDArray[np.intp], groups: int
) -> list[list[str] | None]:
    """Give the processes of each group of handshakes, those with most first; null without any.

    `group` is the number of the group of each row.
    """
    known = handshakes["client_pid"].notna().to_numpy()
    found: list[list[str] | None] = [None] * groups
    if not known.any():
        return found
    rows = handshakes.loc[known, list(PROCESS_COLUMNS)].assign(_group=group[known])
    rows["_certain"] = rows["client_process_basis"].isin(_CERTAIN)
    rows["client_process"] = rows["client_process"].astype("object")
    keys = ["_group", "client_process", "client_pid"]
    by_process = rows.groupby(keys, dropna=False, sort=True)["_certain"]
    counts = by_process.agg(["size", "any"]).reset_index()
    counts = counts.sort_values(["_group", "size"], ascending=[True, False], kind="stable")
    columns = ("_group", "client_process", "client_pid", "any")
    for owner, name, pid, certain in zip(*(counts[each].tolist() for each in columns), strict=True):
        mine = found[owner] = found[owner] or []
        mine.append(_named(name, pid, certain))
    return [None if each is None else _shortened(each) for each in found]


def _shortened(names: list[str]) -> list[str]:
    more = len(names) - MOST_PROCESSES
    return names if more <= 0 else [*names[:MOST_PROCESSES], f"and {more:,} more"]


def _named(name: Any, pid: int, certain: bool) -> str:
    sure = "certain" if certain else "likely"
    return f"{name} (PID {pid}, {sure})" if isinstance(name, str) else f"PID {pid} ({sure})"
