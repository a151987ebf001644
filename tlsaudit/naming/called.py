"""The name that counts for each client, and for each server that a hello does not name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlsaudit.naming.precedence import PRECEDENCE, RANKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

__all__ = ["Called", "called_clients", "called_servers"]

_TITLES = {rank.source: rank.title for rank in PRECEDENCE}


@dataclass(frozen=True, slots=True)
class Called:
    """A name and where it is from; `is_asked` where the client itself was told or the user says."""

    name: str
    why: str
    is_asked: bool = False


def called_clients(handshakes: pd.DataFrame, names: pd.DataFrame) -> dict[str, Called]:
    """Give the clients of a handshake table that have a name.

    A name of a link address counts for the only client that has it: behind a router all have one.
    """
    hosts = _hosts(names)
    if not hosts:
        return {}
    pairs = handshakes[["client", "client_mac"]].drop_duplicates()
    clients = pairs["client"].drop_duplicates().tolist()
    several = pairs.dropna().drop_duplicates()
    alone = several[~several["client_mac"].duplicated(keep=False)]
    macs = dict(zip(alone["client"], alone["client_mac"], strict=True))
    found = {}
    for client in clients:
        rows = [*hosts.get(client, ()), *hosts.get(macs.get(client, ""), ())]
        if rows:
            found[client] = _called(min(rows, key=_order))
    return found


def called_servers(rows: pd.DataFrame, names: pd.DataFrame) -> list[Called | None]:
    """Give what the server of each row is called, where its hello names none; null without a name.

    `rows` has `client`, `server`, `server_name` and `ts`. The user's file counts first, then the
    last answer of DNS that this client was given before, then what others were told.
    """
    hosts = _hosts(names)
    if not hosts:
        return [None] * len(rows)
    columns = ("client", "server", "server_name", "ts")
    known: dict[tuple[Any, ...], Called | None] = {}
    found: list[Called | None] = []
    for client, server, server_name, ts in zip(*(rows[name] for name in columns), strict=True):
        if isinstance(server_name, str) or server not in hosts:
            found.append(None)
            continue
        key = (client, server, ts)
        if key not in known:
            known[key] = _server(hosts[server], client, ts)
        found.append(known[key])
    return found


def _server(rows: list[Mapping[Any, Any]], client: str, ts: Any) -> Called:
    first = min(rows, key=_order)
    if first["source"] == "hosts":
        return _called(first, is_asked=True)
    told = [
        row
        for row in rows
        if row["source"] == "dns-answer" and row["told_to"] == client and _is_before(row, ts)
    ]
    if told:
        last = max(told, key=lambda row: (_when(row, ts), row["frame"]))
        others = len({row["name"] for row in told}) - 1
        also = f", the last of {others + 1} names of this address" if others else ""
        return _called(last, f" to this client{also}", is_asked=True)
    return _called(first)


def _is_before(row: Mapping[Any, Any], ts: Any) -> bool:
    import pandas as pd

    return pd.isna(ts) or pd.isna(row["first_seen"]) or bool(row["first_seen"] <= ts)


def _when(row: Mapping[Any, Any], ts: Any) -> int:
    """When it was told last before the hello, as far as the table says."""
    import pandas as pd

    if pd.isna(row["first_seen"]):
        return 0
    known = pd.isna(ts) or row["last_seen"] <= ts
    return int((row["last_seen"] if known else row["first_seen"]).value)


def _called(row: Mapping[Any, Any], more: str = "", is_asked: bool = False) -> Called:
    title = _TITLES[str(row["source"])]
    if row["source"] == "hosts":
        return Called(str(row["name"]), title, is_asked)
    where = f"{title}{more}, frame {row['frame']} of {row['capture']}"
    return Called(str(row["name"]), where, is_asked)


def _order(row: Mapping[Any, Any]) -> tuple[int, int, int, str]:
    """The best source first, then what was told most, then what is longer and says more."""
    times = 0 if row["source"] == "hosts" else int(row["times"])
    return (RANKS[str(row["source"])], -times, -len(row["name"]), str(row["name"]))


def _hosts(names: pd.DataFrame) -> dict[str, list[Mapping[Any, Any]]]:
    """The names of machines by address."""
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for row in _records(names[names["kind"] == "host"]):
        found.setdefault(row["address"], []).append(row)
    return found


def _records(names: pd.DataFrame) -> Iterator[Mapping[Any, Any]]:
    rows: Iterable[Mapping[Any, Any]] = names.to_dict("records")
    return iter(rows)
