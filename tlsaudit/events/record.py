"""One event of Schannel: what it holds, by the names of its fields, whatever their order.

The manifests of Windows 11 21H2 and Windows Server 2022 put the caller's process in front of the
other fields without another version number, so a position means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from tlsaudit import registry

__all__ = ["Logged", "nanoseconds", "whole_number"]

_CODES = (0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0xFEFF, 0xFEFD, 0xFEFC)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?\s*(Z|[+-]\d\d:\d\d)?", re.ASCII
)
# Events that only one side can log: the manifest's sentences say which.
_SIDES = {36873: "client", 36874: "server", 36875: "client", 36886: "server"}


@dataclass(frozen=True)
class Logged:
    """An event as it was logged. `ts` counts nanoseconds since 1970 (UTC); null where absent."""

    log: str
    event_id: int
    ts: int | None = None
    computer: str | None = None
    record: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def side(self) -> str | None:
        """`client` or `server`, where the event says what the computer was."""
        said = self.fields.get("Type", "").strip().casefold()
        return said if said in ("client", "server") else _SIDES.get(self.event_id)

    @cached_property
    def pid(self) -> int | None:
        """The process that used Schannel; 0 is nobody's."""
        return whole_number(self.fields.get("CallerProcessId"), 0xFFFF_FFFF) or None

    @cached_property
    def process(self) -> str | None:
        """The name of that process."""
        return self.text("CallerProcessImageName")

    @cached_property
    def version(self) -> int | None:
        """The version that `Protocol` names."""
        said = self.fields.get("Protocol", "").replace(" ", "").casefold()
        return _versions().get(said)

    @cached_property
    def cipher_suite(self) -> int | None:
        """The cipher suite."""
        return whole_number(self.fields.get("CipherSuite"), 0xFFFF)

    @cached_property
    def alert(self) -> int | None:
        """The number of the alert that was sent or received."""
        return whole_number(self.fields.get("AlertDesc"), 0xFF)

    def text(self, name: str) -> str | None:
        """Give a field; null where it is empty or not there."""
        return self.fields.get(name, "").strip() or None


def whole_number(text: str | None, most: int) -> int | None:
    """Give a number written in decimal or as `0x…`; null if it is none, or too large."""
    text = (text or "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    return number if number <= most else None


@cache
def _versions() -> dict[str, int]:
    return {registry.version_name(code).replace(" ", "").casefold(): code for code in _CODES}


def nanoseconds(text: str) -> int | None:
    """Give the time of an event; one without a zone is UTC, as logs have it."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in (None, 'Z') else zone}")
    except ValueError:
        return None
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    count = seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    return count if abs(count) < 1 << 63 else None
