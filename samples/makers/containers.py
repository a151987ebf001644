"""Compressed captures, told by their first bytes."""

from __future__ import annotations

import gzip
import lzma
import subprocess


def unpacked(data: bytes) -> bytes:
    """The capture inside a gzip, xz or zstd file, or the data as they are."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\xfd7zXZ\x00"):
        return lzma.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout
    return data
