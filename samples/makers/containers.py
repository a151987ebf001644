"""Compressed captures, told by their first bytes."""

from __future__ import annotations

import gzip
import lzma
import struct
import subprocess


def unpacked(data: bytes) -> bytes:
    """The capture inside a gzip, xz, zstd or lz4 file, or the data as they are."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\xfd7zXZ\x00"):
        return lzma.decompress(data)
    for magic, program in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x04\x22\x4d\x18", "lz4")):
        if data.startswith(magic):
            command = [program, "-dcq"]
            return subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return data


def packed(data: bytes, name: str) -> bytes:
    """The capture compressed as the name's ending says."""
    if name.endswith(".gz"):
        return gzip.compress(data, mtime=0)
    if name.endswith(".xz"):
        return lzma.compress(data)
    programs = {".zst": ["zstd", "-q", "-19", "-c"], ".lz4": ["lz4", "-q", "-c"]}
    for ending, command in programs.items():
        if name.endswith(ending):
            return subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return data


# pcapng options that describe the machine that captured: shb_hardware and shb_os of a section
# header, if_os and if_hardware of an interface description.
SECTION_HEADER, INTERFACE = 0x0A0D0D0A, 1
MACHINE_OPTIONS = {SECTION_HEADER: {2, 3}, INTERFACE: {12, 15}}
# Where the options of those blocks begin: after type, length and the fixed fields.
OPTIONS_START = {SECTION_HEADER: 24, INTERFACE: 16}


def without_machine(data: bytes) -> bytes:
    """A little-endian pcapng as dumpcap writes it, without what it says about the machine."""
    blocks = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        block, data = data[:length], data[length:]
        if kind in MACHINE_OPTIONS:
            body = _kept(block[OPTIONS_START[kind] : -4], MACHINE_OPTIONS[kind])
            fixed = block[8 : OPTIONS_START[kind]]
            total = 12 + len(fixed) + len(body)
            block = struct.pack("<II", kind, total) + fixed + body + struct.pack("<I", total)
        blocks.append(block)
    return b"".join(blocks)


def _kept(options: bytes, dropped: set[int]) -> bytes:
    kept = b""
    while options:
        code, length = struct.unpack_from("<HH", options)
        padded = 4 + (length + 3) // 4 * 4
        if code not in dropped:
            kept += options[:padded]
        options = options[padded:]
    return kept
