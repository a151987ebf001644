"""A part of an audit's tables: chosen by client, service and time, or by a mask of handshakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Mask", "Moment", "Selection", "moment_of"]

Moment: TypeAlias = "str | datetime | pd.Timestamp"
Mask: TypeAlias = (
    "pd.Series[bool] | NDArray[np.bool_] | Callable[[pd.DataFrame], pd.Series[bool]] | None"
)

_AGO = re.compile(r"([0-9]{1,6})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


@dataclass(frozen=True)
class Selection:
    """What is wanted; null is no condition, and all conditions must hold.

    `clients` are addresses. `services` are as in the verdicts (`dc01.example:636`), or the name or
    address of a server alone, for all its ports. `since` is the first moment that counts, `until`
    the first that does not.
    """

    clients: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None

    @classmethod
    def of(
        cls,
        client: str | Iterable[str] | None,
        service: str | Iterable[str] | None,
        since: Moment | None,
        until: Moment | None,
        times: pd.Series[pd.Timestamp],
    ) -> Selection:
        """Give the selection for what a caller named of handshakes with these times."""
        moments = (None if each is None else moment_of(each, times) for each in (since, until))
        return cls(_names(client), _names(service), *moments)

    @property
    def words(self) -> list[str]:
        """What is wanted, in words."""
        said = []
        for noun, names in (("client", self.clients), ("service", self.services)):
            if names is not None and len(names) == 1:
                said.append(f"{noun} {names[0]}")
            elif names is not None:
                said.append(f"{len(names):,} {noun}s")
        for noun, moment in (("since", self.since), ("until", self.until)):
            if moment is not None:
                said.append(f"{noun} {moment:%Y-%m-%d %H:%M:%S} UTC")
        return said

    def handshakes(self, table: pd.DataFrame, mask: Mask = None) -> pd.DataFrame:
        """Give the handshakes that are wanted, in their order, numbered anew."""
        from tlsaudit.forecast import service_texts

        wanted = self._rows(table)
        if self.services is not None:
            wanted &= (
                _in(service_texts(table), self.services)
                | _in(table["server_name"], self.services)
                | _in(table["server"], self.services)
            )
        if mask is not None:
            wanted &= _answers(mask(table) if callable(mask) else mask, table)
        return table[wanted].reset_index(drop=True)

    def others(self, table: pd.DataFrame, handshakes: pd.DataFrame) -> pd.DataFrame:
        """Give the refusals, or things set aside, that are wanted beside these handshakes.

        They name servers by address alone: of a service those count that are at its addresses.
        """
        wanted = self._rows(table)
        if self.services is not None:
            import pandas as pd

            from tlsaudit.reports.wording import server_text

            ends = [
                pd.Series(
                    map(server_text, rows["server"], rows["server_port"]),
                    index=rows.index,
                    dtype="str",
                )
                for rows in (table, handshakes)
            ]
            wanted &= _in(ends[0], {*self.services, *ends[1]}) | _in(table["server"], self.services)
        return table[wanted].reset_index(drop=True)

    def _rows(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        import numpy as np

        wanted = np.ones(len(table), dtype=np.bool_)
        if self.clients is not None:
            wanted &= _in(table["client"], self.clients)
        # A comparison with null is false: what has no time is at no time.
        if self.since is not None:
            wanted &= (table["ts"] >= self.since).to_numpy(dtype=np.bool_)
        if self.until is not None:
            wanted &= (table["ts"] < self.until).to_numpy(dtype=np.bool_)
        return wanted


def _in(values: pd.Series[Any], names: Iterable[str]) -> NDArray[np.bool_]:
    return values.isin(list(names)).to_numpy()


def _answers(mask: Any, table: pd.DataFrame) -> NDArray[np.bool_]:
    """Give a mask as an array; null is no, and a Series must be of these rows, as in pandas."""
    import numpy as np
    import pandas as pd

    if isinstance(mask, pd.Series):
        if not mask.index.equals(table.index):
            raise ValueError("the mask is not of these handshakes: its index is another")
        mask = mask.astype("boolean").fillna(False).to_numpy(dtype=np.bool_)
    answers = np.asarray(mask)
    if answers.dtype != np.bool_ or answers.shape != (len(table),):
        raise ValueError(f"a mask holds True or False for each of {len(table):,} handshakes")
    return answers


def _names(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(str(each) for each in given)


def moment_of(given: Moment, times: pd.Series[pd.Timestamp]) -> pd.Timestamp:
    """Give the moment that is meant: a time, UTC unless it says otherwise, or `7d` before the last.

    Raises ValueError, which says how moments are written.
    """
    import pandas as pd

    ago = _AGO.fullmatch(given) if isinstance(given, str) else None
    if ago and not times.notna().any():
        raise ValueError(f"{given}: no handshake has a time to count back from")
    try:
        if ago:
            return times.max() - pd.Timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
        found = pd.Timestamp(given)
        if pd.notna(found):
            return found.tz_localize("UTC") if found.tzinfo is None else found.tz_convert("UTC")
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(
        f"{visible(str(given))}: a day is 2026-03-01, a time 2026-03-01T18:00, and seven days "
        "before the newest handshake 7d"
    )
