"""Packets built anew: Ethernet or nothing, IP, TCP or UDP, from what was decoded and nothing else.

Whatever the original headers held besides (options, tunnels, identifications, times to live) is not
carried over, so it cannot give anything away.
"""

from __future__ import annotations

import ipaddress
import struct

from tlsaudit.evidence.packets import Packet
from tlsaudit.evidence.pseudonyms import Pseudonyms

__all__ = ["ETHERNET", "RAW", "rebuilt"]

ETHERNET, RAW = 1, 101
_TCP, _UDP, _TIME_TO_LIVE, _WINDOW = 6, 17, 64, 0xFFFF
_LONGEST = 0xFFFF


def rebuilt(
    packet: Packet, named: Pseudonyms, payload: bytes, payload_length: int, *, skip: int = 0
) -> tuple[int, bytes, int]:
    """Give link type, bytes and length on the wire of a packet with another payload.

    The payload stands for that from `skip` on, as far as it is to be shown; `payload_length` is how
    long it was.
    """
    assert packet.source is not None
    assert packet.destination is not None
    ends = [
        ipaddress.ip_address(named.address(packet.source[0])).packed,
        ipaddress.ip_address(named.address(packet.destination[0])).packed,
    ]
    ports = struct.pack(">HH", packet.source[1], packet.destination[1])
    hidden = payload_length - len(payload)
    if packet.tcp is not None:
        sequence, acknowledgement, flags = packet.tcp
        if skip:
            sequence, flags = (packet.sequence + skip) & 0xFFFFFFFF, flags & ~0x02
        head = ports + struct.pack(
            ">IIBBHHH", sequence, acknowledgement, 0x50, flags, _WINDOW, 0, 0
        )
        protocol, at = _TCP, 16
    else:
        length = 8 + payload_length
        head = ports + struct.pack(">HH", length if length <= _LONGEST else 0, 0)
        protocol, at = _UDP, 6
    size = len(head) + payload_length
    pseudo = b"".join(ends) + struct.pack(">IHBB", size, 0, 0, protocol)
    # What is not shown counts as zeros.
    check = _checksum(pseudo + head + payload) or (_LONGEST if protocol == _UDP else 0)
    head = head[:at] + check.to_bytes(2) + head[at + 2 :]
    if len(ends[0]) == 4:
        total = 20 + size if 20 + size <= _LONGEST else 0
        ip = struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0, _TIME_TO_LIVE, protocol, 0)
        ip += b"".join(ends)
        ip = ip[:10] + _checksum(ip).to_bytes(2) + ip[12:]
        kind = b"\x08\x00"
    else:
        total = size if size <= _LONGEST else 0
        ip = struct.pack(">IHBB", 6 << 28, total, protocol, _TIME_TO_LIVE) + b"".join(ends)
        kind = b"\x86\xdd"
    data = ip + head + payload
    if packet.source_mac is None or packet.destination_mac is None:
        return RAW, data, len(data) + hidden
    link = named.mac(packet.destination_mac) + named.mac(packet.source_mac) + kind
    return ETHERNET, link + data, len(link) + len(data) + hidden


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
