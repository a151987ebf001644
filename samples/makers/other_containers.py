"""Captures of snoop, Network Monitor and Message Analyzer, around packets of other captures.

`other_containers.py PCAP FILE`: the packets of a little-endian pcap file of Ethernet in the format
that FILE's ending names: .snoop, .cap (Network Monitor 2.3) or .matp. The layouts are those of
RFC 1761, of Network Monitor's help, and of real `.matp` files, of which there is no specification.
"""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from capture_files import Frame
from event_traces import NDIS, packets_of_pcap

__all__ = ["matp", "netmon", "snoop"]

# Ticks of 100 ns from 1601, and from the year 1, to 1970.
FILETIME, TICKS = 116_444_736_000_000_000, 621_355_968_000_000_000
SENT_WHOLE, RECEIVED_WHOLE = 0x1_C000_0001, 0x2_C000_0001
NO_PROCESS = 0xFFFF_FFFF
# Names of the streams' parts: data and index of both, then the annotation.
BLOCKS, MESSAGES, ANNOTATION = ("b", "bi"), ("m", "mi"), "a"


def snoop(frames: Sequence[Frame]) -> bytes:
    """A snoop file of version 2."""
    data = b"snoop\0\0\0" + struct.pack(">II", 2, 4)
    for frame in frames:
        padding = bytes(-len(frame.data) % 4)
        seconds, rest = divmod(frame.time, 10**9)
        whole = 24 + len(frame.data) + len(padding)
        head = (frame.wire_length, len(frame.data), whole, 0, seconds, rest // 1000)
        data += struct.pack(">6I", *head) + frame.data + padding
    return data


def netmon(
    frames: Sequence[Frame],
    *,
    version: tuple[int, int] = (2, 3),
    process: tuple[int, str, tuple[str, int], tuple[str, int]] | None = None,
) -> bytes:
    """A capture of Network Monitor that began at the first second of 2026.

    `process` is a number, the path of its program, and the local and remote end of its connection.
    """
    major, minor = version
    start = 1_767_225_600 * 10**9
    body, table = b"", []
    for frame in frames:
        table.append(128 + len(body))
        since = (frame.time - start) // 1000
        if major == 1:
            # Milliseconds, and lengths of two bytes.
            body += struct.pack("<IHH", since // 1000, frame.wire_length, len(frame.data))
            body += frame.data
            continue
        # Before the start: such a number that ten times it is negative.
        micros = since if since >= 0 else (since * 5) % 2**64 * pow(5, -1, 2**64) % 2**64
        body += struct.pack("<QII", micros, frame.wire_length, len(frame.data)) + frame.data
        body += struct.pack("<H", 1) if minor >= 1 else b""
        body += struct.pack("<I", NO_PROCESS) if minor >= 2 else b""
        body += struct.pack("<qB", frame.time // 100 + FILETIME, 0xFF) if minor >= 3 else b""
    processes = b"" if process is None else _process(*process)
    places = (128 + len(body) + len(processes), 4 * len(table))
    head = (b"RTSS" if major == 1 else b"GMBU") + bytes((minor, major)) + struct.pack("<H", 1)
    head += struct.pack("<8H", 2026, 1, 4, 1, 0, 0, 0, 0) + struct.pack("<II", *places) + bytes(16)
    head += struct.pack("<II", 128 + len(body), 1) if processes else bytes(8)
    end = struct.pack(f"<{len(table)}I", *table)
    return head.ljust(128, b"\0") + body + processes + end


def _process(number: int, path: str, local: tuple[str, int], remote: tuple[str, int]) -> bytes:
    name = (path + "\0").encode("utf-16-le")
    addresses = b"".join(
        bytes(map(int, ip.split("."))).ljust(16, b"\0") for ip in (local[0], remote[0])
    )
    ports = struct.pack("<HHHHI", local[1], 0, remote[1], 0, 0)
    icon = struct.pack("<I", 0)
    length = struct.pack("<HI", 2, len(name))
    return length + name + icon + struct.pack("<I", number) + ports + addresses


def matp(frames: Sequence[Frame], *, sender: int | None = None) -> bytes:
    """A capture of Message Analyzer: each packet in an event of ndiscap, sent or received."""
    blocks: list[bytes] = []
    messages: list[bytes] = []
    annotation = struct.pack("<BBI", 1, 2, len(frames))
    for number, frame in enumerate(frames, 1):
        head = _event(frame, sender)
        blocks += [head, frame.data]
        # A block that names the two before it.
        parts = ((len(blocks) - 1, 0, len(head)), (len(blocks), 0, len(frame.data)))
        blocks.append(struct.pack("<I", 2) + b"".join(struct.pack("<III", *part) for part in parts))
        messages.append(bytes(17) + struct.pack("<I", 0x8000_0000 | len(blocks)))
        annotation += struct.pack("<IBQ", number, 1, frame.time // 100 + TICKS)
    streams = {
        **_indexed(BLOCKS, blocks),
        **_indexed(MESSAGES, messages),
        ANNOTATION: annotation,
    }
    names = "".join(
        f"<stream id='{name}' streamtype='Indexed'><name>{name}</name><metadata><streams><stream>"
        f"<id>{data}</id></stream></streams><index type='Index-v1'><id>{index}</id></index>"
        "</metadata></stream>"
        for name, (data, index) in (("messages", MESSAGES), ("datablocks", BLOCKS))
    )
    names += f"<stream id='{ANNOTATION}'><name>__fastannotation</name></stream>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        members = {"p.mmindex": f"\ufeff<project>{names}</project>".encode()}
        members |= {f"p-{name}.mmstream": data for name, data in streams.items()}
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _event(frame: Frame, sender: int | None) -> bytes:
    """The header of the event and its fields before the frame."""
    length = 12 + len(frame.data)
    keyword = RECEIVED_WHOLE if sender is None else SENT_WHOLE
    head = struct.pack("<HHHHII", 80 + length, 0, 0x40, 0, 4, sender or 0)
    head += struct.pack("<q", frame.time // 100 + FILETIME) + NDIS
    head += struct.pack("<HBBBBHQ24x", 1001, 0, 16, 4, 0, 0, keyword)
    return head + struct.pack("<4xHHIII", 0, length, 12, 12, len(frame.data))


def _indexed(names: tuple[str, str], records: Sequence[bytes]) -> dict[str, bytes]:
    """A stream of records that are numbered from 1, and its index."""
    index, place = b"", 0
    for number, record in enumerate(records, 1):
        index += struct.pack("<IQQQ", number, place, len(record), 0)
        place += len(record)
    return dict(zip(names, (b"".join(records), index), strict=True))


def main(arguments: Sequence[str]) -> None:
    source, target = arguments
    writers = {".snoop": snoop, ".cap": netmon, ".matp": matp}
    frames = packets_of_pcap(Path(source).read_bytes())
    Path(target).write_bytes(writers[Path(target).suffix](frames))


if __name__ == "__main__":
    main(sys.argv[1:])
