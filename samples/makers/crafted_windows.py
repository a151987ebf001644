"""Windows' own TLS, Schannel: hellos put together from the published lists of suites.

No Windows is at hand here. The suites and their order are those of Microsoft's pages "TLS Cipher
Suites in Windows" (XP and Server 2003, 7, 10); the extensions and groups those by which the whole
hello has the JA3 that is published for it, which `tests/golden/scenarios.toml` names.
"""

from __future__ import annotations

import capture_files
import wire
from conversation import SERVER_MAC, Conversation, Packet, frames, shake_hands
from crafting import make, recipe
from scapy.layers.l2 import Ether

__all__ = ["RECIPES", "make"]

OLD_NAME, NEW_NAME = b"old.example.test", b"new.example.test"
TLS10, TLS11, TLS12 = 0x0301, 0x0302, 0x0303

XP = (0x0004, 0x0005, 0x000A, 0x0009, 0x0064, 0x0062, 0x0003, 0x0006, 0x0013, 0x0012, 0x0063)
SEVEN = (0xC014, 0xC013, 0x0039, 0x0033, 0x0035, 0x002F, 0xC00A, 0xC009, 0x0038, 0x0032)
SEVEN += (0x000A, 0x0013, 0x0005, 0x0004)
TEN = (0xC02C, 0xC02B, 0xC030, 0xC02F, 0x009F, 0x009E, 0xC024, 0xC023, 0xC028, 0xC027)
TEN += (0xC00A, 0xC009, 0xC014, 0xC013, 0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F, 0x000A)
# The same held at an older version: what is left of the list.
TEN_HELD = (0xC00A, 0xC009, 0xC014, 0xC013, 0x0035, 0x002F, 0x000A)

STATUS_REQUEST = (5, bytes.fromhex("0100000000"))
SESSION_TICKET, EXTENDED_MASTER_SECRET = (35, b""), (23, b"")
SIGNATURES = wire.signature_algorithms(0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202)


def _xp() -> wire.ClientHello:
    return wire.ClientHello(TLS10, XP, (wire.RENEGOTIATION_INFO,))


def _seven(name: bytes) -> wire.ClientHello:
    groups = (wire.supported_groups(0x0017, 0x0018), wire.point_formats())
    extensions = (wire.server_name(name), *groups, EXTENDED_MASTER_SECRET, wire.RENEGOTIATION_INFO)
    return wire.ClientHello(TLS10, SEVEN, extensions)


def _ten(name: bytes, version: int, *, asks_for_status: bool = False) -> wire.ClientHello:
    """Windows 10 1803 or later; mail programs ask for the status of the certificate too."""
    extensions = [wire.server_name(name)]
    extensions += [STATUS_REQUEST] if asks_for_status else []
    extensions += [wire.supported_groups(0x001D, 0x0017, 0x0018), wire.point_formats()]
    extensions += [SIGNATURES] if version == TLS12 else []
    extensions += [SESSION_TICKET, EXTENDED_MASTER_SECRET, wire.RENEGOTIATION_INFO]
    suites = TEN if version == TLS12 else TEN_HELD
    return wire.ClientHello(version, suites, tuple(extensions))


def _completed(number: int, port: int, hello: wire.ClientHello, suite: int) -> list[Packet]:
    answer = wire.ServerHello(hello.version, suite, None)
    return shake_hands(_between(number, port), hello, answer).packets


def _reset(number: int, port: int, hello: wire.ClientHello) -> list[Packet]:
    conversation = _between(number, port).open()
    conversation.send("client", wire.record(wire.HANDSHAKE, TLS10, hello.message()))
    return [*conversation.packets, conversation.reset("server")]


def _between(number: int, port: int) -> Conversation:
    return Conversation(client=f"192.0.2.{number}", client_port=port)


def _windows() -> bytes:
    packets = [
        *_completed(31, 49201, _xp(), 0x0005),
        *_completed(32, 49202, _seven(OLD_NAME), 0xC014),
        *_completed(32, 49203, _seven(OLD_NAME), 0xC014),
        *_completed(33, 49204, _ten(OLD_NAME, TLS10), 0xC014),
        *_completed(34, 49205, _ten(NEW_NAME, TLS12), 0xC030),
        *_completed(34, 49206, _ten(OLD_NAME, TLS10), 0xC014),
    ]
    for port, version in ((49207, TLS12), (49208, TLS11)):
        packets += _reset(35, port, _ten(OLD_NAME, version, asks_for_status=True))
    packets += _completed(35, 49209, _ten(OLD_NAME, TLS10, asks_for_status=True), 0xC014)
    return capture_files.pcap(frames([_on_ethernet(packet) for packet in packets]))


def _on_ethernet(packet: Packet) -> Packet:
    """The packet in an Ethernet frame; every client has a hardware address of its own."""
    from_client = packet.dst == Conversation.server
    client = (packet.src if from_client else packet.dst).rpartition(".")[2]
    addresses = (f"02:00:5e:10:03:{int(client):02x}", SERVER_MAC)
    source, target = addresses if from_client else addresses[::-1]
    return Ether(src=source, dst=target) / packet


RECIPES = (
    recipe(
        "scenario-windows",
        "Schannel's hellos, crafted from the published lists: XP, Windows 7, Windows 10 held at "
        "TLS 1.0, the same beside TLS 1.2, and a mail program that steps down after resets",
        _windows,
        ("scenario", "schannel", "tls10", "tls11", "tls12", "fallback", "refused"),
        lambda row: "completed" if row["server_hello_frame"] else "rejected",
    ),
)
