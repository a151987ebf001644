"""What a handshake and an event say about each other: whether they fit, and for which reasons.

Nothing here knows other handshakes: which one is meant is decided in `matching.py`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tlsaudit.events.record import Logged

__all__ = ["COMPARED", "PER_HANDSHAKE", "Weight", "weigh"]

COMPARED = frozenset({36871, 36874, 36880, 36887, 36888})
"""The events that say enough about a connection to be tied to one."""

PER_HANDSHAKE = frozenset({36874, 36880, 36887, 36888})
"""Of these each is logged for one connection, so one handshake cannot be meant by two of them."""

_CREDENTIAL, _NO_SUITE, _COMPLETED, _SENT = 36871, 36874, 36880, 36888
_REFUSALS = (40, 70, 71)
_FATAL = 2
_IN_CLEAR = (0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0xFEFF, 0xFEFD)
"""The versions in which an alert of a handshake is not encrypted."""
_DNS_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """The reasons for a handshake, the strongest first; `shows` is what the event itself needs."""

    process: bool = False
    alert: bool = False
    name: bool = False
    shows: bool = False

    @property
    def tie(self) -> str | None:
        """The strongest reason, in the words of the table; null where there is none."""
        words = (
            (self.process, "process"),
            (self.alert, "alert"),
            (self.name, "name"),
            (self.shows, "time"),
        )
        return next((word for holds, word in words if holds), None)


def weigh(event: Logged, row: Mapping[Any, Any], side: str) -> Weight | None:
    """Give what speaks for a handshake, or null where something speaks against it.

    `row` is of the handshake table, with None for null and `has_extensions` in place of the list;
    `side` is what the computer was in it.
    """
    if event.side not in (None, side):
        return None
    process = _process(event, row, side)
    if process is None:
        return None
    weight = _judged(event, row, side)
    if weight is None or not process:
        return weight
    return Weight(True, weight.alert, weight.name, weight.shows)


def _judged(event: Logged, row: Mapping[Any, Any], side: str) -> Weight | None:
    """What speaks for a handshake beside its process, by the kind of event."""
    if event.event_id == _CREDENTIAL:
        return _credential(row, side)
    if event.event_id == _NO_SUITE:
        return _no_suite(row)
    return (_completed if event.event_id == _COMPLETED else _alert)(event, row, side)


def _process(event: Logged, row: Mapping[Any, Any], side: str) -> bool | None:
    """Whether both name the same process; null where they name different ones."""
    if side != "client" or event.pid is None or row["client_pid"] is None:
        return False
    if int(row["client_pid"]) != event.pid:
        return None
    mine, theirs = event.process, row["client_process"]
    # A number that has been given to another program since.
    if mine is not None and theirs is not None and _program(mine) != _program(str(theirs)):
        return None
    return True


def _credential(row: Mapping[Any, Any], side: str) -> Weight | None:
    """36871: no credential. A client sends nothing then, so only its process can be told."""
    if side == "client":
        return Weight()
    refused = row["outcome"] == "rejected" and _by(row, "server") is not False
    return Weight(shows=True) if refused else None


def _no_suite(row: Mapping[Any, Any]) -> Weight | None:
    """36874: the server found no suite in the offer, and refuses."""
    if row["outcome"] not in ("rejected", "failed") or _by(row, "server") is False:
        return None
    alert = row["alert_description"]
    return Weight(shows=True) if alert is None or int(alert) in _REFUSALS else None


def _completed(event: Logged, row: Mapping[Any, Any], side: str) -> Weight | None:
    """36880: completed, with this version and suite, for this name."""
    if row["outcome"] == "rejected":
        return None
    same_version = _same(event.version, row["negotiated_version"])
    same_suite = _same(event.cipher_suite, row["negotiated_cipher_suite"])
    same_name = _name(event, row) if side == "client" else None
    if False in (same_version, same_suite, same_name):
        return None
    shows = bool(same_version and same_suite)
    return Weight(name=shows and bool(same_name), shows=shows)


def _alert(event: Logged, row: Mapping[Any, Any], side: str) -> Weight | None:
    """36887, 36888: a fatal alert was received or sent."""
    other = "server" if side == "client" else "client"
    sender = side if event.event_id == _SENT else other
    same_name = _name(event, row) if side == "client" and event.event_id == _SENT else None
    if same_name is False:
        return None
    alert, level = row["alert_description"], row["alert_level"]
    if alert is None or (level is not None and int(level) != _FATAL):
        if row["outcome"] == "completed" and row["negotiated_version"] in _IN_CLEAR:
            return None
        # Schannel does not send every alert that it logs; and one that is encrypted is not seen.
        ended = row["end"] in (f"rst-{sender}", f"fin-{sender}")
        refused = row["outcome"] in ("rejected", "failed") and ended
        return Weight(name=bool(same_name), shows=event.event_id == _SENT and refused)
    if event.alert is not None and int(alert) != event.alert:
        return None
    if _by(row, sender) is False:
        return None
    return Weight(alert=event.alert is not None, name=bool(same_name), shows=True)


def _by(row: Mapping[Any, Any], side: str) -> bool | None:
    """Whether this side sent the alert; null where there is none, or nobody knows."""
    sender = row["alert_sender"]
    return None if sender is None else bool(sender == side)


def _same(said: int | None, seen: Any) -> bool | None:
    return None if said is None or seen is None else said == int(seen)


def _name(event: Logged, row: Mapping[Any, Any]) -> bool | None:
    """Whether the program asked for the server that the hello names; null where nobody can tell.

    Schannel puts a target into the hello if it is a name of DNS.
    """
    target = (event.text("TargetName") or "").rstrip(".").casefold()
    if not target:
        return None
    address = _address(target)
    if address is not None:
        return bool(address == row["server_ip"])
    if not _DNS_NAME.fullmatch(target):
        return None
    if row["server_name"] is not None:
        return bool(str(row["server_name"]).rstrip(".") == target)
    # A hello of SSL 3.0 has no room for a name.
    whole = row["client_hello_complete"] is True and row["has_extensions"] is True
    return False if whole else None


@lru_cache(maxsize=4096)
def _address(text: str) -> str | None:
    """The address as the tables spell it; null for what is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _program(name: str) -> str:
    return re.split(r"[\\/]", name.strip())[-1].casefold().removesuffix(".exe")
