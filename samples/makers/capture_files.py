"""pcap and pcapng files, written byte by byte so that they come out the same every time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

ETHERNET = 1


@dataclass(frozen=True)
class Frame:
    """What one record of a capture holds. `time` is in nanoseconds since 1970."""

    time: int
    data: bytes
    length: int | None = None  # on the wire, where the capture cut it

    @property
    def wire_length(self) -> int:
        return len(self.data) if self.length is None else self.length


def cut(frames: Sequence[Frame], size: int) -> list[Frame]:
    """The frames as a capture with that snap length holds them."""
    return [Frame(frame.time, frame.data[:size], frame.wire_length) for frame in frames]


def pcap(
    frames: Sequence[Frame],
    link: int = ETHERNET,
    *,
    snap_length: int = 262144,
    byte_order: str = "<",
    nanoseconds: bool = False,
    modified: bool = False,
) -> bytes:
    """A pcap file; `modified` is Kuznetzov's variant with longer record headers."""
    magic = 0xA1B2CD34 if modified else 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    data = struct.pack(f"{byte_order}IHHiIII", magic, 2, 4, 0, 0, snap_length, link)
    for frame in frames:
        seconds, rest = divmod(frame.time, 10**9)
        part = rest if nanoseconds else rest // 1000
        data += struct.pack(f"{byte_order}II", seconds, part)
        data += struct.pack(f"{byte_order}II", len(frame.data), frame.wire_length)
        if modified:  # interface index, protocol, packet type and a byte of padding
            data += struct.pack(f"{byte_order}IHBB", 1, 0x0800, 0, 0)
        data += frame.data
    return data


def block(kind: int, body: bytes, byte_order: str = "<") -> bytes:
    """A pcapng block of any kind."""
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{byte_order}I", 12 + len(body))
    return struct.pack(f"{byte_order}I", kind) + length + body + length


def option(code: int, value: bytes, byte_order: str = "<") -> bytes:
    return struct.pack(f"{byte_order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(byte_order: str = "<") -> bytes:
    """A section header of unknown length."""
    body = struct.pack(f"{byte_order}IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, body, byte_order)


def interface(
    link: int = ETHERNET,
    byte_order: str = "<",
    *,
    snap_length: int = 262144,
    options: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    body = struct.pack(f"{byte_order}HHI", link, 0, snap_length)
    for code, value in options:
        body += option(code, value, byte_order)
    if options:
        body += option(0, b"", byte_order)
    return block(1, body, byte_order)


def enhanced_packet(
    frame: Frame, interface_number: int = 0, ticks: int | None = None, byte_order: str = "<"
) -> bytes:
    """An Enhanced Packet Block; `ticks` is the time in the interface's own unit (default µs)."""
    ticks = frame.time // 1000 if ticks is None else ticks
    head = struct.pack(f"{byte_order}III", interface_number, ticks >> 32, ticks & 0xFFFFFFFF)
    head += struct.pack(f"{byte_order}II", len(frame.data), frame.wire_length)
    return block(6, head + frame.data, byte_order)


def simple_packet(frame: Frame, byte_order: str = "<") -> bytes:
    """A Simple Packet Block, which has no time."""
    return block(3, struct.pack(f"{byte_order}I", frame.wire_length) + frame.data, byte_order)


def obsolete_packet(frame: Frame, interface_number: int = 0, byte_order: str = "<") -> bytes:
    """A Packet Block, as written before 2006."""
    ticks = frame.time // 1000
    head = struct.pack(f"{byte_order}HHII", interface_number, 0, ticks >> 32, ticks & 0xFFFFFFFF)
    head += struct.pack(f"{byte_order}II", len(frame.data), frame.wire_length)
    return block(2, head + frame.data, byte_order)
