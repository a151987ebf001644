"""Addresses in their natural order."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

__all__ = ["in_order"]


def in_order(addresses: Iterable[str]) -> list[str]:
    """Sort addresses: IPv4 before IPv6 before all that is no IP address, as link addresses."""
    return sorted(addresses, key=_key)


def _key(text: str) -> tuple[int, int, str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return (9, 0, text)
    return (address.version, int(address), text)
