"""What the captures of adversaries.py are made of: packets, hellos and blocks of pcapng."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

ROWS = 100_000
"""Packets that are made at a time."""

RAW_IP = 101
SYN, ACK, PUSH = 0x02, 0x10, 0x08


def pcap_header(link: int = RAW_IP) -> bytes:
    """Give the header of a pcap file."""
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link)


def packets(
    count: int,
    payload: bytes | np.ndarray,
    *,
    client: Any = 0x0A000009,
    server: Any = 0x0A000001,
    client_port: Any = 50_000,
    server_port: Any = 443,
    sequence: Any = 1,
    acknowledgement: Any = 0,
    flags: int = ACK | PUSH,
    identification: Any = 0,
    fragment: Any = 0,
    protocol: int = 6,
) -> bytes:
    """Give `count` packets of a pcap file, IPv4 and TCP; every field is a number or an array."""
    body = np.frombuffer(payload, np.uint8) if isinstance(payload, bytes) else payload
    length = body.shape[-1]
    kind = np.dtype(
        [("seconds", "<u4"), ("fraction", "<u4"), ("captured", "<u4"), ("original", "<u4"),
         ("version", "u1"), ("service", "u1"), ("total", ">u2"), ("identification", ">u2"),
         ("fragment", ">u2"), ("hops", "u1"), ("protocol", "u1"), ("sum", ">u2"),
         ("client", ">u4"), ("server", ">u4"),
         ("client_port", ">u2"), ("server_port", ">u2"), ("sequence", ">u4"),
         ("acknowledgement", ">u4"), ("offset", "u1"), ("flags", "u1"), ("window", ">u2"),
         ("tcp_sum", ">u2"), ("urgent", ">u2"), ("payload", "u1", (length,))]
    )  # fmt: skip
    rows = np.zeros(count, kind)
    rows["seconds"] = 1_700_000_000
    rows["captured"] = rows["original"] = rows["total"] = 40 + length
    rows["version"], rows["hops"], rows["protocol"] = 0x45, 64, protocol
    rows["identification"], rows["fragment"] = identification, fragment
    rows["client"], rows["server"] = client, server
    rows["client_port"], rows["server_port"] = client_port, server_port
    rows["sequence"], rows["acknowledgement"] = sequence, acknowledgement
    rows["offset"], rows["flags"], rows["window"] = 0x50, flags, 65_535
    rows["payload"] = body
    return rows.tobytes()


def answers(
    count: int, payload: bytes, *, client: Any = 0x0A000009, port: Any = 50_000, **fields: Any
) -> bytes:
    """Give packets of the server that `packets` go to; `client` and `port` are whose they are."""
    return packets(
        count,
        payload,
        client=0x0A000001,
        client_port=443,
        server=client,
        server_port=port,
        **fields,
    )


def in_rows(count: int) -> Iterator[np.ndarray]:
    """Give the numbers from 0 up to `count`, some at a time."""
    for start in range(0, count, ROWS):
        yield np.arange(start, min(count, start + ROWS), dtype=np.uint64)


def vector(size: int, data: bytes) -> bytes:
    """Give data behind its length of `size` bytes."""
    return len(data).to_bytes(size, "big") + data


def extension(number: int, data: bytes) -> bytes:
    """Give an extension of a hello."""
    return struct.pack(">H", number) + vector(2, data)


def record(payload: bytes) -> bytes:
    """Give a handshake record."""
    return b"\x16\x03\x01" + vector(2, payload)


def hello_body(extensions: bytes = b"") -> bytes:
    """Give the body of a ClientHello of TLS 1.2."""
    suites = bytes.fromhex("c02f c030 009c 000a")
    return b"\x03\x03" + bytes(32) + b"\x00" + vector(2, suites) + b"\x01\x00" + extensions


def hello(extensions: bytes = b"") -> bytes:
    """Give a ClientHello with its header."""
    return b"\x01" + vector(3, hello_body(extensions))


def usual_hello() -> bytes:
    """Give a ClientHello as clients send it, in its record."""
    name = vector(2, b"\x00" + vector(2, b"login.example.test"))
    protocols = vector(2, vector(1, b"h2") + vector(1, b"http/1.1"))
    extensions = (
        extension(0, name)
        + extension(16, protocols)
        + extension(10, bytes.fromhex("0008 001d 0017 0018 0019"))
        + extension(13, bytes.fromhex("0008 0403 0804 0401 0503"))
        + extension(43, bytes.fromhex("04 0304 0303"))
        + extension(51, bytes(100))
    )
    return record(hello(vector(2, extensions)))


SERVER_HELLO = record(
    b"\x02" + vector(3, b"\x03\x03" + bytes(32) + b"\x00" + bytes.fromhex("c02f") + b"\x00")
)
"""A ServerHello of TLS 1.2, in its record."""


def block(kind: int, body: bytes, claimed: int | None = None) -> bytes:
    """Give a pcapng block; `claimed` is the length that it says it has."""
    body += bytes(-len(body) % 4)
    total = len(body) + 12 if claimed is None else claimed
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(options: bytes = b"") -> bytes:
    """Give an interface description."""
    return block(1, struct.pack("<HHI", RAW_IP, 0, 0) + options)


def enhanced(packet: bytes, ticks: int = 0, number: int = 0) -> bytes:
    """Give a packet block."""
    words = (number, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet))
    return block(6, struct.pack("<5I", *words) + packet)


def one_packet(payload: bytes, **fields: Any) -> bytes:
    """Give one IP packet without a header of pcap."""
    return packets(1, payload, **fields)[16:]
