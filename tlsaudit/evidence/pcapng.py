"""Writes pcapng: the blocks that hold packets, their interfaces and comments."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["Interface", "PcapngWriter"]

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT = 1
_APPLICATION = 4
_NAME, _RESOLUTION, _CHECK_SEQUENCE = 2, 9, 13
_LONGEST_OPTION = 0xFFFF
_UNKNOWN_LENGTH = 0xFFFF_FFFF_FFFF_FFFF


@dataclass(frozen=True)
class Interface:
    """Where packets were captured: a name, what they begin with, bytes of check sequence behind."""

    name: str
    link_type: int
    fcs_length: int = 0


class PcapngWriter:
    """Writes one section to a binary file; times have nanoseconds."""

    def __init__(self, file: BinaryIO, comment: str) -> None:
        self._file = file
        self._interfaces: dict[Interface, int] = {}
        head = struct.pack("<IHHQ", 0x1A2B3C4D, 1, 0, _UNKNOWN_LENGTH)
        self._block(_SECTION, head, [(_COMMENT, _text(comment)), (_APPLICATION, b"tlsaudit")])

    def packet(
        self, interface: Interface, ts: int | None, data: bytes, original_length: int, comment: str
    ) -> None:
        """Write a packet; `ts` is in nanoseconds since 1970, None where that is not known."""
        number = self._interfaces.get(interface)
        if number is None:
            number = len(self._interfaces)
            self._interfaces[interface] = number
            self._interface(interface)
        # Every packet of pcapng that can have a comment has a time.
        moment = ts if ts is not None and ts >= 0 else 0
        length = max(original_length, len(data))
        head = struct.pack("<IIIII", number, moment >> 32, moment & 0xFFFFFFFF, len(data), length)
        self._block(_PACKET, head + _padded(data), [(_COMMENT, _text(comment))])

    def _interface(self, interface: Interface) -> None:
        options = [(_NAME, _text(interface.name)), (_RESOLUTION, b"\x09")]
        if interface.fcs_length:
            options.append((_CHECK_SEQUENCE, bytes([interface.fcs_length])))
        # A snap length of 0: no bound.
        self._block(_INTERFACE, struct.pack("<HHI", interface.link_type, 0, 0), options)

    def _block(self, kind: int, body: bytes, options: list[tuple[int, bytes]]) -> None:
        for code, value in options:
            body += struct.pack("<HH", code, len(value)) + _padded(value)
        body += struct.pack("<HH", 0, 0)
        length = struct.pack("<I", len(body) + 12)
        self._file.write(struct.pack("<I", kind) + length + body + length)


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    return data[:_LONGEST_OPTION].decode("utf-8", "ignore").encode("utf-8")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
