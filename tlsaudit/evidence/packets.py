"""The frames that the core copied, as evidence sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Frame", "Packet", "frame_of"]

_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10

Endpoint = tuple[str, int]


@dataclass(frozen=True)
class Packet:
    """What the core found in a frame: a TCP segment, a UDP datagram or an EAPOL packet."""

    conversation: int
    source_mac: bytes | None
    destination_mac: bytes | None
    source: Endpoint | None
    destination: Endpoint | None
    tcp: tuple[int, int, int] | None
    payload: bytes
    payload_length: int
    payload_at: int | None
    tunnelled: bool

    @property
    def sequence(self) -> int:
        """The sequence number of the first byte of the payload."""
        assert self.tcp is not None
        return (self.tcp[0] + bool(self.flags & _SYN)) & 0xFFFFFFFF

    @property
    def flags(self) -> int:
        """The flags of TCP; 0 for anything else."""
        return self.tcp[2] if self.tcp else 0

    @property
    def is_opening(self) -> bool:
        """Whether it asks for a connection."""
        return bool(self.flags & _SYN) and not self.flags & _ACK

    @property
    def is_about_the_connection(self) -> bool:
        """Whether it opens, closes or aborts the connection."""
        return bool(self.flags & (_SYN | _FIN | _RST))

    @property
    def flag_words(self) -> str:
        """Its flags in words."""
        names = ((_SYN, "SYN"), (_FIN, "FIN"), (_RST, "RST"), (_ACK, "ACK"))
        return ", ".join(word for bit, word in names if self.flags & bit)


@dataclass(frozen=True)
class Frame:
    """A frame as it was captured, and what is in it."""

    number: int
    ts: int | None
    link_type: int
    interface: int
    fcs_length: int
    original_length: int
    data: bytes
    packet: Packet | None
    piece_of: int | None


def frame_of(copied: dict[str, Any]) -> Frame:
    """Give a frame of what `_core.excerpt` gives."""
    packet = copied.pop("packet")
    return Frame(**copied, packet=None if packet is None else Packet(**packet))
