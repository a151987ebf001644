"""Where the core and other engines differ, and why: the one home of every tolerated difference.

An entry names a pattern in the bytes, not files. Each was looked up in the bytes of its example;
who is right is a part of the reason. A test fails where an entry is no longer needed.
"""

from __future__ import annotations

from tlsaudit.engines.known_differences.of_scapy import OF_SCAPY
from tlsaudit.engines.known_differences.of_wireshark import LAYERS_NOT_READ, OF_WIRESHARK
from tlsaudit.engines.known_differences.pattern import KnownDifference

__all__ = ["KNOWN_DIFFERENCES", "LAYERS_NOT_READ", "KnownDifference"]

KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = OF_WIRESHARK + OF_SCAPY
