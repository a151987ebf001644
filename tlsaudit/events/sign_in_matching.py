"""Which handshake a sign-in came over, as far as its time, address and server name can tell.

Entra sees the address behind address translation, which a capture inside has not. So a sign-in is
compared with handshakes to Entra's sign-in names that ended in an old version or 3DES, at that
time; only where one of them is left is it tied, and `time` says that the address could not help.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.events.matching import PLACE, Spans, key_of, place_of, rows_of
from tlsaudit.events.sign_ins import SignIn
from tlsaudit.findings import load_policy
from tlsaudit.naming import called_servers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLOCKS", "KEPT_OPEN", "sign_in_table"]

KEPT_OPEN = 60_000_000_000
"""Nanoseconds from a handshake to a sign-in over it: programs keep connections for a while."""

CLOCKS = 5_000_000_000
"""Nanoseconds by which the capture's clock may be ahead of Entra's."""

_OLD = (0x0002, 0x0300, 0x0301, 0x0302)
Row = Mapping[Any, Any]


def sign_in_table(
    sign_ins: Sequence[SignIn],
    handshakes: pd.DataFrame,
    names: pd.DataFrame,
    spans: Spans,
) -> pd.DataFrame:
    """Give the table of sign-ins (`schema.SIGN_INS`): each with its handshake, or why without."""
    rows = _old_ones(handshakes, names) if sign_ins else []
    times = [int(row["ts"].value) for row in rows]
    answers = [_answer(each, rows, times, spans) for each in sign_ins]
    _one_user_each(sign_ins, answers)
    return schema.from_rows(
        [
            {name: getattr(each, name) for name in SignIn.__slots__} | answer
            for each, answer in zip(sign_ins, map(_told, answers), strict=True)
        ],
        schema.SIGN_INS,
    )


def _old_ones(handshakes: pd.DataFrame, names: pd.DataFrame) -> list[Row]:
    """The handshakes to Entra that it takes for old, in the order of time."""
    import numpy as np

    old = handshakes["negotiated_version"].isin(_OLD) | handshakes["negotiated_3des"].fillna(False)
    chosen = handshakes[old.fillna(False).astype(bool) & handshakes["ts"].notna()]
    called = called_servers(chosen, names)
    # Old clients often send no name; then the answer of DNS that they went by has it.
    asked = [
        name if isinstance(name, str) else other.name if other and other.is_asked else ""
        for name, other in zip(chosen["server_name"], called, strict=True)
    ]
    listed = [name for service in load_policy("entra").service for name in service.server_names]
    endings = tuple(name[1:] for name in listed if name.startswith("*."))
    fits = [name in listed or name.endswith(endings) for name in asked]
    to_entra = chosen[np.array(fits, dtype=bool)].sort_values("ts", kind="stable")
    return rows_of(to_entra[["ts", *PLACE]])


def _answer(
    sign_in: SignIn, rows: list[Row], times: list[int], spans: Spans
) -> tuple[str | None, str | None, list[Row]]:
    """The tie, or why there is none, and the handshakes that fit."""
    if sign_in.ts is None:
        return None, "no-time", []
    first = bisect_left(times, sign_in.ts - KEPT_OPEN)
    near = rows[first : bisect_right(times, sign_in.ts + CLOCKS)]
    same = [row for row in near if row["client"] == sign_in.address]
    if same or not _is_address(sign_in.address):
        # An address that cannot be read rules out nobody.
        fits = same or near
    else:
        fits = [row for row in near if _may_be_behind(str(row["client"]))]
    if not fits:
        return None, "no-connection" if spans.hold(sign_in.ts) else "outside", []
    if len(fits) > 1:
        return None, "several-connections", fits
    return "address" if same else "time", None, fits


def _is_address(text: str | None) -> bool:
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        return False
    return True


def _may_be_behind(client: str) -> bool:
    """Whether Entra may have seen another address of this client: a public one is its own."""
    try:
        return not ipaddress.ip_address(client).is_global
    except ValueError:
        return True


def _one_user_each(
    sign_ins: Sequence[SignIn], answers: list[tuple[str | None, str | None, list[Row]]]
) -> None:
    """Take back what sign-ins of several programs or users claim by the time alone."""
    claims: dict[tuple[Any, ...], list[int]] = {}
    for place, (tie, _, fits) in enumerate(answers):
        if tie == "time":
            claims.setdefault(key_of(fits[0]), []).append(place)
    for places in claims.values():
        whose = {(sign_ins[at].user, sign_ins[at].app, sign_ins[at].address) for at in places}
        if len(whose) > 1:
            for at in places:
                answers[at] = (None, "several-events", answers[at][2])


def _told(answer: tuple[str | None, str | None, list[Row]]) -> dict[str, Any]:
    tie, because, fits = answer
    told: dict[str, Any] = {"tie": tie, "because": because, "candidates": len(fits)}
    if tie is not None:
        return told | place_of(fits[0])
    # Several handshakes of one client still tell the client.
    clients = {row["client"] for row in fits}
    if because == "several-connections" and len(clients) == 1:
        told["client"] = clients.pop()
    return told
