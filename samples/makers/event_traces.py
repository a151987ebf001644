"""Event traces of Windows (.etl), written byte by byte around packets of other captures.

No public trace of `netsh trace` is at hand, so the container and the events follow the published
manifests and what real traces of pktmon show. Two processors fill buffers of their own, as on
Windows, and so the file is not in the order of time.
"""

from __future__ import annotations

import ipaddress
import struct
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from capture_files import Frame

__all__ = ["Event", "connected", "ndiscap", "packets_of_pcap", "pktmon", "started", "trace"]

NDIS = uuid.UUID("2ed6006e-4729-4609-b423-3ee7bcd678ef").bytes_le
PKTMON = uuid.UUID("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac").bytes_le
TCPIP = uuid.UUID("2f07e2ee-15db-40f1-90ef-9d7ba282188a").bytes_le
KERNEL_PROCESS = uuid.UUID("22fb2cd6-0e7b-422b-a0c7-2fad1fd0e716").bytes_le

SENT, RECEIVED = 0x1_0000_0000, 0x2_0000_0000
ETHERNET_START_END = 0xC000_0001
# Ticks of 100 ns from 1601 to 1970.
EPOCH = 116_444_736_000_000_000
BUFFER = 65_536
COMPRESSED = 0x40

Event = tuple[int, bytes]
"""The time of a record in ticks of 100 ns since 1970, and the record."""


def _record(
    kind: tuple[bytes, int], time: int, data: bytes, process: int = 0, keyword: int = 0
) -> Event:
    """EVENT_HEADER and its data, padded to eight bytes; `kind` is the provider and the event."""
    provider, number = kind
    ticks = time // 100
    head = struct.pack("<HBBHHIIq", 80 + len(data), 0x13, 0xC0, 0x40, 0, 4, process, ticks)
    head += provider + struct.pack("<HBBBBHQ24x", number, 1, 0, 4, 0, 0, keyword)
    return ticks, head + data + bytes(-len(data) % 8)


def ndiscap(frame: Frame, *, sender: int | None = None) -> Event:
    """Event 1001: a packet, as `netsh trace start capture=yes` logs it."""
    keyword = ETHERNET_START_END | (RECEIVED if sender is None else SENT)
    data = struct.pack("<III", 12, 12, len(frame.data)) + frame.data + bytes(16)
    return _record((NDIS, 1001), frame.time, data, sender or 0, keyword)


def pktmon(
    frame: Frame, component: int, *, size: int = 128, sent: bool = False, dropped: bool = False
) -> Event:
    """Event 160: a packet at one component, cut to `size` bytes (0: whole); 170: one dropped."""
    logged = frame.data[: size or None]
    data = struct.pack("<QHHHHHHHIIHH", 1, 1, 0, 4 if sent else 3, 1, component, 1, 0, 0, 0,
                       len(frame.data), len(logged))  # fmt: skip
    return _record((PKTMON, 170 if dropped else 160), frame.time, data + logged, 4242, 0x10)


def connected(local: tuple[str, int], remote: tuple[str, int], process: int, time: int) -> Event:
    """Event 1033 of Microsoft-Windows-TCPIP: a connection was made."""
    data = b""
    for address, port in (local, remote):
        ip = ipaddress.ip_address(address)
        side = struct.pack("<H", 2 if ip.version == 4 else 23) + struct.pack(">H", port)
        side += ip.packed + bytes(8) if ip.version == 4 else bytes(4) + ip.packed + bytes(4)
        data += struct.pack("<I", len(side)) + side
    return _record((TCPIP, 1033), time, data + struct.pack("<II12x", 0, process))


def started(process: int, image: str, time: int) -> Event:
    """Event 1 of Microsoft-Windows-Kernel-Process: a process starts."""
    data = struct.pack("<IqIII", process, time // 100 + EPOCH, 4, 1, 0)
    return _record((KERNEL_PROCESS, 1), time, data + (image + "\0").encode("utf-16-le"))


def _compress(data: bytes) -> bytes:
    """Plain LZ77 of [MS-XCA] with every byte as it is: 32 of them behind 32 bits of 0."""
    return b"".join(bytes(4) + data[at : at + 32] for at in range(0, len(data), 32))


def _buffer(kind: int, processor: int, records: bytes, *, compressed: bool = False) -> bytes:
    body = _compress(records) if compressed else records
    size = 72 + len(body) if compressed else BUFFER
    used = 72 + len(records)
    head = struct.pack("<III28xHHIIHH16x", size, used, 0, processor, 0, 3, used,
                       0x20 | (COMPRESSED if compressed else 0), kind)  # fmt: skip
    return head + body + b"\xff" * (size - 72 - len(body))


def trace(
    events: Iterable[Event], *, start: int, compressed: bool = False, lost: int = 0
) -> Iterator[bytes]:
    """The buffers of a trace that began at `start`, in nanoseconds since 1970."""
    base = start // 100
    payload = struct.pack("<I4BIIqIIIIIIII", BUFFER, 10, 0, 1, 5, 22621, 2, base + EPOCH + 1, 0, 0,
                          1, 0, 1, 8, lost, 0)  # fmt: skip
    payload += bytes(16 + 172 + 4) + struct.pack("<qqqII", 0, 10**7, base + EPOCH, 1, 0)
    head = struct.pack("<HBBHHIIq8x", 2, 2, 0xC0, 32 + len(payload), 0, 4, 4, base)
    yield _buffer(4, 0, head + payload)
    filled: list[list[bytes]] = [[], []]
    sizes = [72, 72]
    for number, (_, record) in enumerate(events):
        # Every few packets the other processor is interrupted.
        processor = number // 5 % 2
        if sizes[processor] + len(record) > BUFFER:
            yield _buffer(0, processor, b"".join(filled[processor]), compressed=compressed)
            filled[processor], sizes[processor] = [], 72
        filled[processor].append(record)
        sizes[processor] += len(record)
    for processor in (1, 0):
        yield _buffer(0, processor, b"".join(filled[processor]), compressed=compressed)


def packets_of_pcap(data: bytes) -> list[Frame]:
    """The packets of a little-endian pcap file of Ethernet."""
    (magic,) = struct.unpack_from("<I", data)
    scale = 1 if magic == 0xA1B23C4D else 1000
    frames, at = [], 24
    while at < len(data):
        seconds, part, captured, length = struct.unpack_from("<IIII", data, at)
        body = data[at + 16 : at + 16 + captured]
        frames.append(Frame(seconds * 10**9 + part * scale, body, length))
        at += 16 + captured
    return frames


def main(arguments: Sequence[str]) -> None:
    """`event_traces.py PCAP TRACE [TIMES]`: PCAP's packets, so many times, as ndiscap logs them."""
    source, target, *rest = arguments
    frames = packets_of_pcap(Path(source).read_bytes())
    first, span = frames[0].time, frames[-1].time - frames[0].time + 10**6
    events = (
        ndiscap(Frame(frame.time + span * n, frame.data))
        for n in range(int(rest[0]) if rest else 1)
        for frame in frames
    )
    with Path(target).open("wb") as file:
        file.writelines(trace(events, start=first))


if __name__ == "__main__":
    main(sys.argv[1:])
