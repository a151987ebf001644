"""One handshake in files of every form that is read."""

from __future__ import annotations

from collections.abc import Callable

import capture_files
import wire
from capture_files import Frame
from conversation import Conversation, ethernet_frames, shake_hands
from crafting import make, recipe

__all__ = ["RECIPES", "make"]


def _frames(port: int = 50000) -> list[Frame]:
    old = wire.ClientHello(0x0301, (0x002F, 0x000A))
    conversation = Conversation(client_port=port)
    return ethernet_frames(shake_hands(conversation, old, wire.ServerHello(0x0301, 0x000A)))


def _big_endian() -> bytes:
    return capture_files.pcap(_frames(), byte_order=">")


def _big_endian_nanoseconds() -> bytes:
    return capture_files.pcap(_frames(), byte_order=">", nanoseconds=True)


def _modified() -> bytes:
    return capture_files.pcap(_frames(), modified=True)


def _plain() -> bytes:
    return capture_files.pcap(_frames())


def _blocks() -> bytes:
    """Every block that can hold a packet, and blocks that are none of a reader's business."""
    data = capture_files.section() + capture_files.interface()
    data += capture_files.block(0x0BAD, b"a block that nobody knows")
    for number, frame in enumerate(_frames()):
        if number % 3 == 0:
            data += capture_files.enhanced_packet(frame)
        elif number % 3 == 1:
            data += capture_files.obsolete_packet(frame)
        else:
            data += capture_files.simple_packet(frame)
    # A name resolution block with nothing in it but its end, and interface statistics.
    data += capture_files.block(4, bytes(4))
    return data + capture_files.block(5, bytes(12))


def _sections() -> bytes:
    """A little-endian section, then a big-endian one whose interface 0 is another."""
    data = b""
    for order, port in (("<", 50001), (">", 50002)):
        data += capture_files.section(order) + capture_files.interface(byte_order=order)
        for frame in _frames(port):
            data += capture_files.enhanced_packet(frame, byte_order=order)
    return data


TSRESOL, TSOFFSET = 9, 14


def _resolutions() -> bytes:
    """Four interfaces: seconds, nanoseconds, 1/1024 s, and microseconds after an offset."""
    offset = 1_700_000_000
    interfaces: tuple[tuple[list[tuple[int, bytes]], Callable[[int], int]], ...] = (
        ([(TSRESOL, b"\x00")], lambda ns: ns // 10**9),
        ([(TSRESOL, b"\x09")], lambda ns: ns),
        ([(TSRESOL, b"\x8a")], lambda ns: ns * 1024 // 10**9),
        ([(TSOFFSET, offset.to_bytes(8, "little"))], lambda ns: ns // 1000 - offset * 10**6),
    )
    data = capture_files.section()
    for options, _ in interfaces:
        data += capture_files.interface(options=options)
    for number, (_, ticks) in enumerate(interfaces):
        for frame in _frames(50001 + number):
            data += capture_files.enhanced_packet(frame, number, ticks(frame.time))
    return data


RECIPES = (
    recipe("pcap-big-endian", "pcap of a big-endian host", _big_endian, ("format",)),
    recipe(
        "pcap-big-endian-nanoseconds",
        "pcap of a big-endian host with nanosecond times",
        _big_endian_nanoseconds,
        ("format",),
    ),
    recipe("pcap-modified", "Kuznetzov's modified pcap", _modified, ("format",)),
    recipe("pcap-xz", "pcap compressed by xz", _plain, ("format",), ending="pcap.xz"),
    recipe("pcap-lz4", "pcap compressed by lz4", _plain, ("format",), ending="pcap.lz4"),
    recipe(
        "pcapng-blocks",
        "pcapng with enhanced, simple and obsolete packet blocks and some others",
        _blocks,
        ("format",),
        ending="pcapng",
    ),
    recipe(
        "pcapng-sections",
        "pcapng of two sections in different byte orders",
        _sections,
        ("format",),
        ending="pcapng",
    ),
    recipe(
        "pcapng-time-resolutions",
        "pcapng of four interfaces with different units of time, one with an offset",
        _resolutions,
        ("format",),
        ending="pcapng",
    ),
)
