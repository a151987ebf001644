"""A capture cut into the files of a ring buffer, as a capture program leaves them."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

_PACKETS = (2, 3, 6)  # the pcapng blocks that hold a packet


def cut_pcap(whole: bytes, count: int) -> list[bytes]:
    """Cut a little-endian pcap file into so many files, each with the header of the file."""
    header, packets, at = whole[:24], [], 24
    while at < len(whole):
        length = 16 + struct.unpack_from("<I", whole, at + 8)[0]
        packets.append(whole[at : at + length])
        at += length
    return [header + b"".join(each) for each in _shared(packets, count)]


def cut_pcapng(whole: bytes, count: int) -> list[bytes]:
    """Cut a little-endian pcapng file of one section, each file with its descriptions."""
    before, packets, at = b"", [], 0
    while at < len(whole):
        kind, length = struct.unpack_from("<II", whole, at)
        block = whole[at : at + length]
        if kind in _PACKETS:
            packets.append(block)
        elif not packets:
            before += block
        at += length
    return [before + b"".join(each) for each in _shared(packets, count)]


def write_ring(folder: Path, files: list[bytes], stem: str = "lan") -> list[Path]:
    """Write files with the names that dumpcap gives them."""
    paths = []
    for number, data in enumerate(files, start=1):
        path = folder / f"{stem}_{number:05}_202601011{number // 60:02}{number % 60:02}0.pcapng"
        path.write_bytes(data)
        paths.append(path)
    return paths


def _shared(packets: list[bytes], count: int) -> list[list[bytes]]:
    """Share packets out evenly, in order."""
    edges = [len(packets) * part // count for part in range(count + 1)]
    return [packets[begin:end] for begin, end in pairwise(edges)]
