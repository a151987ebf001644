"""Addresses and names replaced, each always by the same other one as long as the key is the same.

Addresses keep what they have in common: two that share their first n bits share n bits afterwards
(the scheme of Xu, Fan, Ammar and Moon, "Prefix-preserving IP address anonymization", 2002, known as
Crypto-PAn, with HMAC-SHA256 for its cipher). Names keep their lengths and dots, and whatever ends
alike before does so afterwards. Whoever has the key can find out what was replaced, and so can
whoever sends packets of his own through the same key; it is made anew for each file unless given.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from functools import cache

__all__ = ["Pseudonyms"]

_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567"
# An address stays what it is: unicast or multicast, told by a run of ones at its beginning.
_CLASS_BITS = {32: 4, 128: 8}
# In the first byte of a link address: group or single, local or universal.
_MAC_FLAGS = (6, 7)


class Pseudonyms:
    """Replaces addresses and names under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.address = cache(self._address)
        self.mac = cache(self._mac)

    def _address(self, text: str) -> str:
        """Give the pseudonym of an IP or link address; of anything else that of a name."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            try:
                return self.mac(bytes.fromhex(text.replace(":", ""))).hex(":")
            except ValueError:
                return self.name(text)
        width = address.max_prefixlen
        number = int(address)
        replaced = self._bits(number, width, _kept_class(number, width))
        return str(type(address)(replaced))

    def _mac(self, mac: bytes) -> bytes:
        """Give the pseudonym of a link address."""
        width = len(mac) * 8
        return self._bits(int.from_bytes(mac), width, frozenset(_MAC_FLAGS)).to_bytes(len(mac))

    def name(self, text: str) -> str:
        """Give the pseudonym of a name, as long as the name in UTF-8."""
        return self.name_bytes(text.encode("utf-8", "surrogateescape")).decode("ascii")

    def name_bytes(self, name: bytes) -> bytes:
        """Give the pseudonym of a name, of the same length and with dots at the same places."""
        labels = name.lower().split(b".")
        return b".".join(
            self._label(label, b".".join(labels[place + 1 :])) for place, label in enumerate(labels)
        )

    def _label(self, label: bytes, parent: bytes) -> bytes:
        for attempt in range(256):
            made = b""
            while len(made) < len(label):
                what = b"name\0%d\0%d\0%s\0%s" % (attempt, len(made), label, parent)
                made += bytes(_LETTERS[byte & 31] for byte in self._digest(what))
            if made[: len(label)] != label or not label:
                return made[: len(label)]
        raise AssertionError("256 digests in a row cannot be the same letters")

    def _bits(self, number: int, width: int, kept: frozenset[int]) -> int:
        """Turn each bit around or not, as the bits before it say; those in `kept` stay."""
        result = 0
        for place in range(width):
            bit = number >> (width - 1 - place) & 1
            if place not in kept:
                before = number >> (width - place)
                what = b"bits\0%d\0%d\0%s" % (width, place, before.to_bytes(16))
                bit ^= self._digest(what)[0] >> 7
            result = result << 1 | bit
        return result

    def _digest(self, what: bytes) -> bytes:
        return hmac.digest(self._key, what, hashlib.sha256)


def _kept_class(number: int, width: int) -> frozenset[int]:
    kept = set()
    for place in range(_CLASS_BITS[width]):
        kept.add(place)
        if not number >> (width - 1 - place) & 1:
            break
    return frozenset(kept)
