"""The same kind of handshake on other links and in other IP packets, and in cut frames."""

from __future__ import annotations

from dataclasses import replace

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
    connection_columns,
    ethernet_frames,
    finish,
    frames,
    on_ethernet,
    shake_hands,
)
from crafting import make, recipe
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import TCP, IPOption_NOP, IPOption_Router_Alert, fragment
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE

__all__ = ["RECIPES", "make"]

CLIENT6, SERVER6 = "2001:db8::10", "2001:db8::20"
OLD = wire.ClientHello(0x0301, (0x002F, 0x000A))
OLD_ANSWER = wire.ServerHello(0x0301, 0x000A)


def _old(client_port: int = 50000) -> Conversation:
    """A TLS 1.0 handshake with 3DES over IPv4."""
    return shake_hands(Conversation(client_port=client_port), OLD, OLD_ANSWER)


def _six(client_port: int = 50000) -> Conversation:
    """The same over IPv6."""
    return shake_hands(Conversation(CLIENT6, SERVER6, client_port), OLD, OLD_ANSWER)


def _mixed() -> list[Packet]:
    """One connection over IPv4, one over IPv6."""
    return [*_old().packets, *_six().packets]


def _from_client(packet: Packet) -> bool:
    return packet.src in ("192.0.2.10", CLIENT6)


# --- links --------------------------------------------------------------------------------------


def _raw_ip() -> bytes:
    return capture_files.pcap(frames(_mixed()), 101)


def _raw_ipv4() -> bytes:
    return capture_files.pcap(frames(_old().packets), 228)


def _raw_ipv6() -> bytes:
    return capture_files.pcap(frames(_six().packets), 229)


def _prefixed(packets: list[Packet], prefix4: bytes, prefix6: bytes) -> list[Frame]:
    """Each packet after the bytes that its link puts before IPv4 or IPv6."""
    plain = frames(packets)
    return [
        replace(frame, data=(prefix6 if IPv6 in packet else prefix4) + frame.data)
        for frame, packet in zip(plain, packets, strict=True)
    ]


def _null() -> bytes:
    # The family in the byte order of the host that captured: AF_INET 2, AF_INET6 30 (macOS).
    return capture_files.pcap(_prefixed(_mixed(), b"\x02\0\0\0", b"\x1e\0\0\0"), 0)


def _null_big_endian() -> bytes:
    return capture_files.pcap(_prefixed(_mixed(), b"\0\0\0\x02", b"\0\0\0\x1c"), 0, byte_order=">")


def _loop() -> bytes:
    return capture_files.pcap(_prefixed(_mixed(), b"\0\0\0\x02", b"\0\0\0\x18"), 108)


def _ppp() -> bytes:
    # With HDLC's address and control over IPv4, without them over IPv6.
    return capture_files.pcap(_prefixed(_mixed(), b"\xff\x03\x00\x21", b"\x00\x57"), 9)


def _cooked() -> bytes:
    """Linux cooked capture: who sent it, hardware type, address, protocol."""
    built = []
    for number, packet in enumerate(_mixed()):
        kind = b"\0\4" if _from_client(packet) else b"\0\0"
        mac = bytes.fromhex((CLIENT_MAC if _from_client(packet) else SERVER_MAC).replace(":", ""))
        protocol = b"\x86\xdd" if IPv6 in packet else b"\x08\x00"
        head = kind + b"\0\1\0\6" + mac + b"\0\0" + protocol
        built.append(Frame(START + number * STEP, head + bytes(packet)))
    return capture_files.pcap(built, 113)


def _cooked2() -> bytes:
    """The second version: protocol first, then the interface; here with a VLAN tag as well."""
    built = []
    for number, packet in enumerate(_mixed()):
        kind = b"\4" if _from_client(packet) else b"\0"
        mac = bytes.fromhex((CLIENT_MAC if _from_client(packet) else SERVER_MAC).replace(":", ""))
        protocol = b"\x86\xdd" if IPv6 in packet else b"\x08\x00"
        head = b"\0\0\0\0\0\3\0\1" + kind + b"\6" + mac + b"\0\0"
        head = (protocol if number % 2 else b"\x81\x00") + head
        tag = b"" if number % 2 else b"\x00\x2a" + protocol
        built.append(Frame(START + number * STEP, head + tag + bytes(packet)))
    return capture_files.pcap(built, 276)


def _ethernet(packet: Packet, kind: int | None = None) -> Packet:
    source, target = (CLIENT_MAC, SERVER_MAC) if _from_client(packet) else (SERVER_MAC, CLIENT_MAC)
    return (
        Ether(src=source, dst=target) if kind is None else Ether(src=source, dst=target, type=kind)
    )


def _tags() -> bytes:
    """One connection each in a VLAN, in two, and with a priority tag of VLAN 0."""
    packets = []
    single = _old(client_port=50001).packets
    packets += [_ethernet(p) / Dot1Q(vlan=42, prio=3) / p for p in single]
    double = _six(client_port=50002).packets
    packets += [_ethernet(p) / Dot1AD(vlan=100) / Dot1Q(vlan=42) / p for p in double]
    cisco = _old(client_port=50003).packets
    packets += [
        _ethernet(p, 0x9100) / Dot1Q(vlan=100, type=0x8100) / Dot1Q(vlan=7) / p for p in cisco
    ]
    priority = _old(client_port=50004).packets
    packets += [_ethernet(p) / Dot1Q(vlan=0, prio=5) / p for p in priority]
    return capture_files.pcap(frames(packets))


def _labels() -> bytes:
    """MPLS: one label, three labels after a VLAN tag, and Ethernet behind a control word."""
    packets = []
    one_label = _old(client_port=50001).packets
    packets += [_ethernet(p, 0x8847) / MPLS(label=100, s=1, ttl=64) / p for p in one_label]
    for packet in _six(client_port=50002).packets:
        labels = MPLS(label=100, s=0) / MPLS(label=200, s=0) / MPLS(label=300, s=1)
        packets.append(_ethernet(packet) / Dot1Q(vlan=42, type=0x8847) / labels / packet)
    for packet in _old(client_port=50003).packets:
        inner = bytes(on_ethernet(packet))
        outer = _ethernet(packet, 0x8847) / MPLS(label=400, s=1)
        packets.append(outer / (b"\0\0\0\0" + inner))
    return capture_files.pcap(frames(packets))


def _pppoe() -> bytes:
    packets = [
        _ethernet(p) / PPPoE(sessionid=0x11) / PPP(proto=0x57 if IPv6 in p else 0x21) / p
        for p in _mixed()
    ]
    behind_tag = _old(client_port=50002).packets
    packets += [
        _ethernet(p) / Dot1Q(vlan=7) / PPPoE(sessionid=0x12) / PPP(proto=0x21) / p
        for p in behind_tag
    ]
    return capture_files.pcap(frames(packets))


def _two_taps() -> bytes:
    """The client's packets on Ethernet, the server's on a raw IP interface of the same file."""
    data = capture_files.section() + capture_files.interface(1) + capture_files.interface(101)
    for number, packet in enumerate(_old().packets):
        from_client = _from_client(packet)
        frame = Frame(START + number * STEP, bytes(on_ethernet(packet) if from_client else packet))
        data += capture_files.enhanced_packet(frame, 0 if from_client else 1)
    return data


# --- IP -----------------------------------------------------------------------------------------


def _fragments() -> Conversation:
    """Every packet with data in fragments, the last one first."""
    conversation = _old()
    packets: list[Packet] = []
    for number, packet in enumerate(conversation.packets):
        packet.id = 1000 + number
        # scapy's functions have no types.
        cut = fragment(packet, fragsize=64) if packet[TCP].payload else [packet]  # type: ignore[no-untyped-call]
        packets += [cut[-1], *cut[:-1]]
    conversation.packets = packets
    return conversation


def _options() -> Conversation:
    conversation = _old()
    for packet in conversation.packets:
        packet.options = [IPOption_Router_Alert(), IPOption_NOP()]
        packet[TCP].options = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]
    return conversation


def _extension_headers() -> Conversation:
    """Hop-by-hop, routing and destination options, and the segments with data in fragments."""
    conversation = _six()
    packets: list[Packet] = []
    for number, packet in enumerate(conversation.packets):
        base = IPv6(src=packet.src, dst=packet.dst) / IPv6ExtHdrHopByHop()
        base = base / IPv6ExtHdrRouting(type=253, segleft=0)
        if packet[TCP].payload:
            whole = base / IPv6ExtHdrFragment(id=5000 + number) / IPv6ExtHdrDestOpt() / packet[TCP]
            packets += fragment6(whole, 256)  # type: ignore[no-untyped-call]
        else:
            packets.append(base / IPv6ExtHdrDestOpt() / packet[TCP])
    conversation.packets = packets
    return conversation


def _length_zero() -> Conversation:
    """Total length 0, as captured on a host whose network card does the segmentation."""
    conversation = _old()
    for packet in conversation.packets:
        if packet[TCP].payload:
            packet.len = 0
    return conversation


def _padding() -> bytes:
    """Ethernet padding after short packets, made to look like TLS that nobody sent."""
    conversation = Conversation().open()
    hello = wire.record(wire.HANDSHAKE, 0x0301, OLD.message())
    conversation.send("client", hello, size=4)
    conversation.acknowledge("server")
    finish(conversation, OLD_ANSWER)
    trap = wire.record(wire.ALERT, 0x0301, b"\x02\x46")
    padded = [
        replace(frame, data=frame.data + (trap * 2)[: max(0, 60 - len(frame.data))])
        for frame in ethernet_frames(conversation)
    ]
    return capture_files.pcap(padded)


# --- cut frames ---------------------------------------------------------------------------------

SNAP_LENGTH = 128
# 128 bytes less Ethernet, IP and TCP headers leave 74; less what comes before them, 14 suites.
MANY_SUITES = (*range(0xC023, 0xC02D), 0xC013, 0xC014, 0x002F, 0x000A, *range(0x0030, 0x003A))
SUITES_KEPT = 14


def _cut_frames() -> bytes:
    first = Conversation(client_port=50001)
    first.open().send(
        "client",
        wire.record(wire.HANDSHAKE, 0x0301, wire.ClientHello(0x0301, MANY_SUITES).message()),
    )
    flight = (OLD_ANSWER.message(), wire.certificate(), wire.SERVER_HELLO_DONE)
    first.send("server", wire.record(wire.HANDSHAKE, 0x0301, *flight))
    second = Conversation(client_port=50002)
    second.open()
    hello = wire.ClientHello(session=bytes(range(32)))
    second.send("client", wire.record(wire.HANDSHAKE, 0x0301, hello.message()))
    answer = wire.ServerHello(session=bytes(range(32)), extensions=((43, wire.u16(0x0304)),))
    second.send("server", wire.record(wire.HANDSHAKE, 0x0303, answer.message()))
    whole = ethernet_frames(replace_packets(first, first.packets + second.packets))
    return capture_files.pcap(capture_files.cut(whole, SNAP_LENGTH), snap_length=SNAP_LENGTH)


def replace_packets(conversation: Conversation, packets: list[Packet]) -> Conversation:
    conversation.packets = packets
    return conversation


def _cut_rows() -> list[dict[str, str]]:
    seen = wire.ClientHello(0x0301, MANY_SUITES[:SUITES_KEPT], None)
    return [
        {
            **connection_columns(0),
            "client_port": "50001",
            "client_hello_frame": "4",
            "server_hello_frame": "5",
            **seen.columns(),
            **OLD_ANSWER.columns(),
        },
        {
            **connection_columns(1),
            "client_port": "50002",
            "client_hello_frame": "9",
            "server_hello_frame": "10",
            "record_version": "0x0301",
            "client_legacy_version": "0x0303",
            "server_legacy_version": "0x0303",
        },
    ]


RECIPES = (
    recipe("link-raw", "raw IP: an IPv4 and an IPv6 connection", _raw_ip, ("link",)),
    recipe("link-ipv4", "raw IPv4 (link type 228)", _raw_ipv4, ("link",)),
    recipe("link-ipv6", "raw IPv6 (link type 229)", _raw_ipv6, ("link", "ipv6")),
    recipe("link-null", "BSD loopback, address families of macOS", _null, ("link", "ipv6")),
    recipe(
        "link-null-big-endian",
        "BSD loopback from a big-endian host, address families of FreeBSD",
        _null_big_endian,
        ("link", "format", "ipv6"),
    ),
    recipe("link-loop", "OpenBSD loopback", _loop, ("link", "ipv6")),
    recipe("link-ppp", "PPP with and without HDLC's two bytes", _ppp, ("link", "ipv6")),
    recipe("link-sll", "Linux cooked capture, first version", _cooked, ("link", "ipv6")),
    recipe("link-sll2", "Linux cooked capture, second version", _cooked2, ("link", "ipv6")),
    recipe("link-vlan", "VLAN tags: one, two (802.1ad and 9100), priority only", _tags, ("link",)),
    recipe("link-mpls", "MPLS: one label, three, Ethernet behind labels", _labels, ("link",)),
    recipe("link-pppoe", "PPPoE, and PPPoE in a VLAN", _pppoe, ("link", "ipv6")),
    recipe(
        "link-two-taps",
        "one connection over two interfaces of different link types, one for each direction",
        _two_taps,
        ("link", "format"),
        ending="pcapng",
    ),
    recipe(
        "ipv4-fragments",
        "every data packet in IPv4 fragments, the last fragment first",
        _fragments,
        ("ip",),
    ),
    recipe("ipv4-options", "IPv4 and TCP options", _options, ("ip",)),
    recipe(
        "ipv6-extension-headers",
        "IPv6 hop-by-hop, routing, fragment and destination headers",
        _extension_headers,
        ("ip", "ipv6"),
    ),
    recipe(
        "ip-total-length-zero",
        "IPv4 packets whose total length is 0 (segmentation offload)",
        _length_zero,
        ("ip",),
    ),
    recipe(
        "ethernet-padding",
        "short packets padded to 60 bytes with bytes that look like a TLS alert",
        _padding,
        ("link",),
    ),
    recipe(
        "snap-length-cut",
        "frames cut at 128 bytes: one ClientHello cut in its suites, hellos cut in the session id",
        _cut_frames,
        ("truncated", "defect"),
        "hellos_only",
        rows=_cut_rows(),
        note="tshark drops hellos that are cut; the lists hold what the frames hold",
    ),
)
