"""The bytes that one side of a TCP connection sent, and the TLS records in them.

What is a hello the core knows; here only that is told which bytes of a connection belong to a
handshake, and which are what was said under its protection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tlsaudit.evidence.packets import Frame

__all__ = [
    "ALERT",
    "APPLICATION_DATA",
    "CHANGE_CIPHER_SPEC",
    "HANDSHAKE",
    "Chain",
    "Record",
    "Sent",
]

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
_LONGEST_RECORD = (1 << 14) + 2048
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
# TLS 1.3 hides the rest of the handshake in records of application data.
_HIDDEN_HANDSHAKE = 16 * 1024


@dataclass(frozen=True)
class Record:
    """A record: where its header begins, its type, where its content begins and ends."""

    at: int
    kind: int
    start: int
    end: int


@dataclass(frozen=True)
class Chain:
    """Records one behind the other, up to what is no more part of a handshake."""

    start: int
    end: int
    records: tuple[Record, ...]
    ssl2: bool = False


class Sent:
    """The bytes of one side in order, as far as its frames hold them.

    In TLS 1.3 records of application data hold the rest of the handshake, and some of them belong
    to it.
    """

    def __init__(self, frames: Iterable[Frame], is_tls13: bool) -> None:
        self._is_tls13 = is_tls13
        segments = [each for each in frames if each.packet is not None and each.packet.payload]
        self._base = segments[0].packet.sequence if segments and segments[0].packet else 0
        self.places: dict[int, tuple[int, int]] = {}
        """Of each frame where its payload begins and ends."""
        lowest = 0
        for each in segments:
            assert each.packet is not None
            distance = (each.packet.sequence - self._base) & 0xFFFFFFFF
            at = distance - (1 << 32) if distance >> 31 else distance
            lowest = min(lowest, at)
            self.places[each.number] = (at, at + len(each.packet.payload))
        self.places = {
            number: (start - lowest, end - lowest) for number, (start, end) in self.places.items()
        }
        length = max((end for _, end in self.places.values()), default=0)
        self.bytes = bytearray(length)
        self.known = bytearray(length)
        for each in segments:
            assert each.packet is not None
            start, end = self.places[each.number]
            if not any(self.known[start:end]):
                self.bytes[start:end] = each.packet.payload
                self.known[start:end] = b"\x01" * (end - start)
                continue
            for at, byte in enumerate(each.packet.payload, start):
                # The byte that came first counts, as in the core.
                if not self.known[at]:
                    self.bytes[at], self.known[at] = byte, 1

    def chains(self, hellos: Iterable[int], alerts: Iterable[int]) -> list[Chain]:
        """Give the chains of records that hold the hellos and alerts of these frames."""
        found: list[Chain] = []
        for number in sorted({*hellos, *alerts}):
            place = self.places.get(number)
            if place is None or any(_holds(chain, place) for chain in found):
                continue
            after = found[-1].end if found else 0
            chain = self._chain(after, place, number in set(hellos))
            if chain is not None:
                found.append(chain)
        return found

    def _chain(self, after: int, place: tuple[int, int], is_hello: bool) -> Chain | None:
        """Find the chain with a hello that ends in a frame, or an alert that begins there."""
        first, behind = place
        for at in range(after if is_hello else first, behind):
            if is_hello and at >= first and self._is_ssl2_hello(at):
                length = int.from_bytes(self.bytes[at : at + 2]) & 0x7FFF
                head = Record(at, HANDSHAKE, at + 2, at + 2 + length)
                rest = tuple(self._records(head.end))
                return Chain(at, rest[-1].end if rest else head.end, (head, *rest), ssl2=True)
            kind = self.bytes[at]
            if kind != (HANDSHAKE if is_hello else ALERT):
                continue
            records = tuple(self._records(at))
            if not records:
                continue
            if not is_hello or self._ends_in(records, place):
                return Chain(at, records[-1].end, records)
        return None

    def _ends_in(self, records: tuple[Record, ...], place: tuple[int, int]) -> bool:
        """Say whether the first message of these records is a hello that ends in this frame."""
        first, behind = place
        content = [at for each in records if each.kind == HANDSHAKE for at in _within(each)]
        begin = bytes(self.bytes[at] for at in content[:4])
        if len(begin) < 4 or begin[0] not in (_CLIENT_HELLO, _SERVER_HELLO):
            return False
        length = 4 + int.from_bytes(begin[1:])
        # Of a hello that was captured in part the frame holds the last part.
        last = content[min(length, len(content)) - 1]
        return first <= last < behind or (len(content) < length and records[-1].at < behind)

    def _is_ssl2_hello(self, at: int) -> bool:
        head = self.bytes[at : at + 5]
        return (
            len(head) == 5
            and bool(head[0] & 0x80)
            and head[2] in (1, 4)
            and (head[2] == 4 or head[3] in (0, 2, 3))
        )

    def _records(self, at: int) -> Iterator[Record]:
        """Give the records from here, up to a gap, to what is none, or to application data."""
        hidden = 0
        while at + 5 <= len(self.bytes) and all(self.known[at : at + 5]):
            kind, version = self.bytes[at], self.bytes[at + 1]
            length = int.from_bytes(self.bytes[at + 3 : at + 5])
            if not CHANGE_CIPHER_SPEC <= kind <= APPLICATION_DATA or version != 3:
                return
            if length > _LONGEST_RECORD:
                return
            if kind == APPLICATION_DATA:
                hidden += length
                if not self._is_tls13 or hidden > _HIDDEN_HANDSHAKE:
                    return
            end = min(at + 5 + length, len(self.bytes))
            while end > at + 5 and not self.known[end - 1]:
                end -= 1
            yield Record(at, kind, at + 5, end)
            if end < at + 5 + length:
                return
            at = end


def _within(record: Record) -> range:
    return range(record.start, record.end)


def _holds(chain: Chain, place: tuple[int, int]) -> bool:
    """Say whether a chain reaches into the payload of a frame."""
    return chain.start < place[1] and place[0] < chain.end
