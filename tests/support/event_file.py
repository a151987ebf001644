"""A log of Windows (`.evtx`) with given events: what the format is at its plainest.

One chunk, no templates, every name where it is used. Layout: libyal's description of the format.
It is written for the tests alone, and read by the package `evtx`, which shares nothing with it. Of
real logs it lacks the templates; those are that package's business.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from xml.etree import ElementTree

_CHUNK = 65_536
_FILETIME = 134_120_556_000_000_000  # 2026-01-05 03:00:00 UTC


def event_file(events: Iterable[str]) -> bytes:
    """The bytes of a log with these events."""
    records, place, last, count = b"", 512, 512, 0
    for number, text in enumerate(events, start=1):
        content = b"\x0f\x01\x01\x00"
        content += _element(ElementTree.fromstring(text), place + 24 + len(content)) + b"\0"
        size = 24 + len(content) + 4
        head = struct.pack("<IIQQ", 0x2A2A, size, number, _FILETIME)
        records += head + content + struct.pack("<I", size)
        last, place, count = place, 512 + len(records), number
    assert place <= _CHUNK, "more than one chunk"
    head = b"ElfChnk\0" + struct.pack("<QQQQ", 1, count, 1, count)
    head += struct.pack("<IIII", 128, last, place, zlib.crc32(records)) + bytes(68)
    tables = bytes(384)
    head += struct.pack("<I", zlib.crc32(head + tables))
    chunk = (head + tables + records).ljust(_CHUNK, b"\0")
    start = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, 0, count + 1, 128, 1, 3, 4096, 1)
    start = start.ljust(120, b"\0")
    start += struct.pack("<II", 0, zlib.crc32(start))
    return start.ljust(4096, b"\0") + chunk


def _element(element: ElementTree.Element, place: int) -> bytes:
    """An element at this place in the chunk."""
    name = _name(element.tag.rpartition("}")[2], place + 9)
    attributes = list(element.attrib.items())
    head = 9 + len(name) + (4 if attributes else 0)
    listed = b""
    for left, (key, value) in zip(range(len(attributes) - 1, -1, -1), attributes, strict=True):
        at = place + head + len(listed)
        token = b"\x46" if left else b"\x06"
        listed += token + struct.pack("<I", at + 5) + _name(key, at + 5) + _value(value)
    body = listed + b"\x02"
    if element.text:
        body += _value(element.text)
    for child in element:
        body += _element(child, place + head + len(body))
    body += b"\x04"
    token = b"\x41" if attributes else b"\x01"
    size = head - 5 + len(body)
    fixed = token + struct.pack("<II", size, place + 9) + name
    return fixed + (struct.pack("<I", len(listed)) if attributes else b"") + body


def _name(text: str, place: int) -> bytes:
    """A name where it is used: nothing follows it in the chunk's table, so its link is 0."""
    assert place < _CHUNK
    digest = 0
    for character in text:
        digest = (digest * 65_599 + ord(character)) & 0xFFFF_FFFF
    return struct.pack("<IHH", 0, digest & 0xFFFF, len(text)) + f"{text}\0".encode("utf-16-le")


def _value(text: str) -> bytes:
    return b"\x05\x01" + struct.pack("<H", len(text)) + text.encode("utf-16-le")
