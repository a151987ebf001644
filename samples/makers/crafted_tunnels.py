"""The same kind of handshake inside the packets of tunnels, and on Wi-Fi.

Kernels and access points send these; only VXLAN is captured from one (`captured_tunnels.py`). The
headers are written byte by byte, as their specifications have them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import capture_files
import wire
from capture_files import Frame
from conversation import (
    CLIENT_MAC,
    SERVER_MAC,
    START,
    STEP,
    Conversation,
    Packet,
    frames,
    on_ethernet,
    shake_hands,
)
from crafting import make, recipe
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6

__all__ = ["RECIPES", "make"]

CLIENT6, SERVER6 = "2001:db8::10", "2001:db8::20"
# The ends of the tunnels, on the client's side and on the server's.
NEAR, FAR = "203.0.113.1", "203.0.113.2"
NEAR6, FAR6 = "2001:db8:ff::1", "2001:db8:ff::2"
ACCESS_POINT_MAC = "02:00:5e:10:00:09"

IPIP, IPV6_IN_IP, GRE = 4, 41, 47
OLD = wire.ClientHello(0x0301, (0x002F, 0x000A))
OLD_ANSWER = wire.ServerHello(0x0301, 0x000A)

Wrap = Callable[[Packet], Packet]
"""Puts one packet of a conversation into the packet that carries it."""


def _old(port: int) -> Conversation:
    """A TLS 1.0 handshake with 3DES over IPv4."""
    return shake_hands(Conversation(client_port=port), OLD, OLD_ANSWER)


def _six(port: int) -> Conversation:
    """The same over IPv6."""
    return shake_hands(Conversation(CLIENT6, SERVER6, port), OLD, OLD_ANSWER)


def _from_client(packet: Packet) -> bool:
    return packet.src in ("192.0.2.10", CLIENT6, TEREDO_CLIENT)


def _ends(packet: Packet, near: str, far: str) -> dict[str, str]:
    return {"src": near, "dst": far} if _from_client(packet) else {"src": far, "dst": near}


def _by_ip(protocol: int, head: Callable[[bytes], bytes] = lambda _: b"") -> Wrap:
    """A tunnel with an IP protocol number of its own; `head` gives the header before the packet."""

    def wrap(packet: Packet) -> Packet:
        data = bytes(packet)
        return IP(**_ends(packet, NEAR, FAR), proto=protocol) / (head(data) + data)

    return wrap


def _by_udp(port: int, head: Callable[[bytes], bytes], source: int | None = None) -> Wrap:
    def wrap(packet: Packet) -> Packet:
        data = bytes(packet)
        datagram = UDP(sport=port if source is None else source, dport=port) / (head(data) + data)
        return IP(**_ends(packet, NEAR, FAR)) / datagram

    return wrap


def _by_ip6(protocol: int) -> Wrap:
    return lambda packet: IPv6(**_ends(packet, NEAR6, FAR6), nh=protocol) / bytes(packet)


def _head(text: str) -> Callable[[bytes], bytes]:
    """A header that is the same for each packet."""
    return lambda _: bytes.fromhex(text)


def _before_ethernet(text: str) -> Callable[[bytes], bytes]:
    """The header, then the Ethernet header of the frame that is carried."""

    def head(data: bytes) -> bytes:
        source = data[12:16] if data[0] >> 4 == 4 else data[8:24]
        from_client = source in (
            bytes([192, 0, 2, 10]),
            bytes.fromhex("20010db8" + "00" * 11 + "10"),
        )
        macs = (SERVER_MAC, CLIENT_MAC) if from_client else (CLIENT_MAC, SERVER_MAC)
        kind = "0800" if data[0] >> 4 == 4 else "86dd"
        return bytes.fromhex(text + "".join(macs).replace(":", "") + kind)

    return head


def _pptp(data: bytes) -> bytes:
    ppp = b"\xff\x03\x00\x21"
    return bytes.fromhex("3001880b") + struct.pack(">HHI", len(ppp + data), 7, 1) + ppp


def _capture(*parts: tuple[Conversation, Wrap]) -> bytes:
    """Each conversation through its tunnel, on Ethernet, one after the other."""
    packets = []
    for conversation, wrap in parts:
        for packet in conversation.packets:
            outer = wrap(packet)
            near = outer.src in (NEAR, NEAR6)
            packets.append(on_ethernet(outer, outer.src if near else ""))
    return capture_files.pcap(frames(packets))


def _ip_in_ip() -> bytes:
    return _capture(
        (_old(50001), _by_ip(IPIP)),
        (_six(50002), _by_ip(IPV6_IN_IP)),
        (_old(50003), _by_ip6(IPIP)),
        (_six(50004), _by_ip6(IPV6_IN_IP)),
    )


def _gre() -> bytes:
    """Plain; with checksum, key and number, IPv6 inside; NVGRE; PPTP."""
    return _capture(
        (_old(50001), _by_ip(GRE, _head("0000 0800"))),
        (_six(50002), _by_ip(GRE, _head("3000 86dd 0000002a 00000001"))),
        (_old(50003), _by_ip(GRE, _before_ethernet("2000 6558 00002a01"))),
        (_old(50004), _by_ip(GRE, _pptp)),
    )


def _erspan() -> bytes:
    """Type I without a header of its own; type II; type III with its optional part."""
    return _capture(
        (_old(50001), _by_ip(GRE, _before_ethernet("0000 88be"))),
        (_old(50002), _by_ip(GRE, _before_ethernet("1000 88be 00000001 1001000a 00000000"))),
        (
            _old(50003),
            _by_ip(
                GRE,
                _before_ethernet("1000 22eb 00000001 2001000a 00000000 00000001 0000000000000000"),
            ),
        ),
    )


def _geneve() -> bytes:
    """Ethernet inside, behind an option of four bytes; then IPv6 without Ethernet."""
    return _capture(
        (_old(50001), _by_udp(6081, _before_ethernet("0200 6558 00002a00 0102030100000001"))),
        (_six(50002), _by_udp(6081, _head("0000 86dd 00002b00"))),
    )


def _gtp(flags: int, more: str = "") -> Callable[[bytes], bytes]:
    def head(data: bytes) -> bytes:
        rest = bytes.fromhex(more)
        return struct.pack(">BBHI", flags, 255, len(rest) + len(data), 5) + rest

    return head


def _mobile() -> bytes:
    """GTP-U: bare; with a sequence number; behind a PDU session container (5G)."""
    return _capture(
        (_old(50001), _by_udp(2152, _gtp(0x30))),
        (_six(50002), _by_udp(2152, _gtp(0x32, "00010000"))),
        (_old(50003), _by_udp(2152, _gtp(0x34, "00000085" + "01100900"))),
    )


# 2001:0:server:flags:port:client, the last two inverted (RFC 4380 section 4).
TEREDO_CLIENT = "2001:0:cb00:7102:0:3cdf:34ff:8efe"


def _teredo() -> bytes:
    """Through a relay, whose first packet to the client says where it came from."""
    conversation = shake_hands(Conversation(TEREDO_CLIENT, SERVER6, 50001), OLD, OLD_ANSWER)
    return _capture((conversation, _by_udp(3544, _head(""), 49920)))


def _l2tp(data: bytes) -> bytes:
    ppp = b"\xff\x03\x00\x21"
    return struct.pack(">HHHH", 0x4002, 8 + len(ppp + data), 1, 2) + ppp


def _layer2() -> bytes:
    """L2TP with a length; without one, PPP in its short form."""
    return _capture(
        (_old(50001), _by_udp(1701, _l2tp)),
        (_six(50002), _by_udp(1701, _head("0002 0001 0002 0057"))),
    )


# --- Wi-Fi --------------------------------------------------------------------------------------


def _wlan(data: bytes, *, quality: bool = False, swapped: bool = False) -> bytes:
    """The packet in an unencrypted data frame between the client and its access point."""
    from_client = data[12:16] == bytes([192, 0, 2, 10])
    kind, flags = (0x88 if quality else 0x08), (1 if from_client else 2)
    macs = (
        (ACCESS_POINT_MAC, CLIENT_MAC, SERVER_MAC)
        if from_client
        else (CLIENT_MAC, ACCESS_POINT_MAC, SERVER_MAC)
    )
    control = bytes([flags, kind] if swapped else [kind, flags])
    head = control + b"\x2c\0" + bytes.fromhex("".join(macs).replace(":", "")) + b"\x10\0"
    return head + (b"\0\0" if quality else b"") + bytes.fromhex("aaaa030000000800") + data


def _capwap(packet: Packet) -> Packet:
    """An access point's frames to its controller: 802.11, frame control swapped as Cisco does."""
    head = bytes.fromhex("00 10 43 00 00000000")
    datagram = UDP(sport=12380, dport=5247) / (head + _wlan(bytes(packet), swapped=True))
    if not _from_client(packet):
        datagram.sport, datagram.dport = 5247, 12380
    return IP(**_ends(packet, NEAR, FAR)) / datagram


def _access_points() -> bytes:
    return _capture((_old(50001), _capwap))


def _air(port: int, head: bytes, *, quality: bool = False) -> list[Frame]:
    packets = _old(port).packets
    return [
        Frame(START + number * STEP, head + _wlan(bytes(packet), quality=quality))
        for number, packet in enumerate(packets)
    ]


def _plain_wlan() -> bytes:
    return capture_files.pcap(_air(50001, b""), 105)


def _radiotap() -> bytes:
    """QoS frames; and one that is encrypted, of which nothing is seen."""
    head = bytes.fromhex("0000 0a00 02000000 00 00")
    hidden = bytearray(head + _wlan(b"\x45" + bytes(60), quality=True))
    hidden[len(head) + 1] |= 0x40
    hidden[len(head) + 26 :] = bytes(range(100, 180))
    built = _air(50001, head, quality=True)
    built.append(Frame(START + len(built) * STEP, bytes(hidden)))
    return capture_files.pcap(built, 127)


def _prism() -> bytes:
    head = struct.pack("<II16s", 0x44, 144, b"wlan0") + bytes(120)
    return capture_files.pcap(_air(50001, head), 119)


def _avs() -> bytes:
    return capture_files.pcap(_air(50001, struct.pack(">II", 0x80211001, 64) + bytes(56)), 163)


def _ppi() -> bytes:
    return capture_files.pcap(_air(50001, bytes.fromhex("0000 0800 69000000")), 192)


# --- tunnels in tunnels, fragments --------------------------------------------------------------


def _nested() -> bytes:
    """VXLAN inside GRE, as a mirrored port of a virtual network shows it."""
    outer = _by_ip(GRE, _head("0000 0800"))

    def wrap(packet: Packet) -> Packet:
        inner = _by_udp(4789, _before_ethernet("08000000 00002a00"), 50999)(packet)
        inner.src, inner.dst = (
            ("10.0.0.1", "10.0.0.2") if _from_client(packet) else ("10.0.0.2", "10.0.0.1")
        )
        carried = outer(inner)
        ends = _ends(packet, NEAR, FAR)
        carried.src, carried.dst = ends["src"], ends["dst"]
        return carried

    return _capture((_old(50001), wrap))


def _fragments() -> bytes:
    """Packets cut before they enter a GRE tunnel, whose packets are cut once more on their way."""
    packets: list[Packet] = []
    wrap = _by_ip(GRE, _head("0000 0800"))
    number = 0
    for packet in _old(50001).packets:
        packet.id = 1000 + number
        # scapy's functions have no types.
        for part in fragment(packet, fragsize=128):  # type: ignore[no-untyped-call]
            outer = wrap(part)
            number += 1
            outer.id = 5000 + number
            packets += fragment(outer, fragsize=64)  # type: ignore[no-untyped-call]
    return capture_files.pcap(
        frames([on_ethernet(each, NEAR if each.src == NEAR else "") for each in packets])
    )


def _authenticated() -> bytes:
    """IPsec's authentication header, in transport mode over IPv4 and IPv6; then an ESP packet."""
    packets = []
    for conversation in (_old(50001), _six(50002)):
        for packet in conversation.packets:
            segment = bytes(packet.payload)
            header = bytes.fromhex("06 04 0000 00001000 00000001") + bytes(12)
            layer = IPv6 if IPv6 in packet else IP
            number = {"nh" if layer is IPv6 else "proto": 51}
            outer = layer(src=packet.src, dst=packet.dst, **number) / (header + segment)
            packets.append(on_ethernet(outer, packet.src if _from_client(packet) else ""))
    hidden = IP(src=NEAR, dst=FAR, proto=50) / (
        bytes.fromhex("0000100000000001") + bytes(range(64))
    )
    packets.append(on_ethernet(hidden, NEAR))
    return capture_files.pcap(frames(packets))


RECIPES = (
    recipe("tunnel-ip-in-ip", "IPv4 and IPv6 inside IPv4 and IPv6", _ip_in_ip, ("tunnel", "ipv6")),
    recipe("tunnel-gre", "GRE, with options, NVGRE, PPTP", _gre, ("tunnel", "ipv6")),
    recipe("tunnel-erspan", "ports mirrored by ERSPAN types I, II and III", _erspan, ("tunnel",)),
    recipe("tunnel-geneve", "GENEVE around Ethernet and around IPv6", _geneve, ("tunnel", "ipv6")),
    recipe("tunnel-gtp", "a mobile network's GTP-U, its options too", _mobile, ("tunnel", "ipv6")),
    recipe("tunnel-teredo", "IPv6 by Teredo", _teredo, ("tunnel", "ipv6")),
    recipe("tunnel-l2tp", "L2TP, PPP in both forms", _layer2, ("tunnel", "ipv6")),
    recipe(
        "tunnel-capwap", "Wi-Fi frames on their way to a controller", _access_points, ("tunnel",)
    ),
    recipe("tunnel-nested", "VXLAN inside GRE", _nested, ("tunnel",)),
    recipe(
        "tunnel-fragments", "IP fragments inside and outside of a tunnel", _fragments, ("tunnel",)
    ),
    recipe(
        "ipsec", "IPsec: authenticated packets, and an encrypted one", _authenticated, ("ipv6",)
    ),
    recipe("wlan", "unencrypted Wi-Fi (link type 105)", _plain_wlan, ("link",)),
    recipe("wlan-radiotap", "Wi-Fi with radiotap headers and QoS", _radiotap, ("link",)),
    recipe("wlan-prism", "Wi-Fi with Prism headers", _prism, ("link",)),
    recipe("wlan-avs", "Wi-Fi with AVS headers", _avs, ("link",)),
    recipe("wlan-ppi", "Wi-Fi with per-packet information", _ppi, ("link",)),
)
