"""What looks like TLS 1.0 and is none, beside a client that is."""

from __future__ import annotations

import wire
from conversation import Conversation, connection_columns, shake_hands
from crafting import make, recipe

__all__ = ["RECIPES", "make"]

# The bytes with which media relays and their clients get through firewalls that let only TLS pass:
# the same every time, but for four bytes that some programs fill with the time.
MICROSOFT_CLIENT = bytes.fromhex(
    "160301002d 010000290301 c1fcd5a3 6d93dd7e0b45673fec7985fbbc3fd660c2ce8485081b8121bcaa10fb"
    "00 00020018 0100"
)
MICROSOFT_SERVER = bytes.fromhex(
    "160301004e 020000460301" + "00" * 32 + "20" + "00" * 32 + "001800 0e000000"
)
GOOGLE_CLIENT = bytes.fromhex(
    "8046 01 0301 002d 0000 0010"
    "010080 030080 0700c0 060040 020080 040080 000004 00feff 00000a 00fefe 000009 000064 000062"
    "000003 000006 1f170ca62f0078fc46552eb18339f1ea"
)
GOOGLE_SERVER = bytes.fromhex(
    "160301004a 020000460301 428545a727a95da0b3c5e753da482b3fc65aca89c15852a1783c5b174600853f"
    "20 0ed306725b5b1b5f15ac13f988539d9be83d7b0c30326e384da27557416c345c 000400"
)
# A binding request of STUN in the framing that follows the imitation.
STUN = bytes.fromhex("0003 0000 2112a442") + bytes(range(12))

OLD = wire.ClientHello(0x0301, (0x002F, 0x000A), (wire.server_name(b"old.example.test"),))
OLD_ANSWER = wire.ServerHello(0x0301, 0x000A, None)


def _relay(port: int, client: bytes, server: bytes) -> Conversation:
    conversation = Conversation(client="192.0.2.11", server="192.0.2.30", client_port=port)
    conversation.open().send("client", client).send("server", server)
    conversation.send("client", STUN).send("server", STUN)
    return conversation.close()


def _media_relay() -> Conversation:
    with_time = bytearray(MICROSOFT_CLIENT)
    with_time[11:15] = bytes.fromhex("695b7d10")
    parts = [
        _relay(50001, MICROSOFT_CLIENT, MICROSOFT_SERVER),
        _relay(50002, bytes(with_time), MICROSOFT_SERVER),
        _relay(50003, GOOGLE_CLIENT, GOOGLE_SERVER),
        shake_hands(Conversation(), OLD, OLD_ANSWER),
    ]
    whole = Conversation()
    whole.packets = [packet for part in parts for packet in part.packets]
    return whole


def _media_relay_row() -> dict[str, str]:
    return {
        **connection_columns(3),
        "client_hello_frame": "34",
        "server_hello_frame": "35",
        **OLD.columns(),
        "server_name": "old.example.test",
        **OLD_ANSWER.columns(),
    }


RECIPES = (
    recipe(
        "media-relay",
        "imitations of TLS 1.0 by which media relays pass firewalls (Microsoft's twice, Google's), "
        "and one client that does speak TLS 1.0",
        _media_relay,
        ("imitation", "tls10", "3des"),
        rows=(_media_relay_row(),),
        note="tshark calls the imitations TLS 1.0; the bytes are those that the programs hold.",
    ),
)
