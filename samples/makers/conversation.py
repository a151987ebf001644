"""A TCP conversation as scapy packets, segment by segment as the caller wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import wire
from capture_files import Frame
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

CLIENT_MAC, SERVER_MAC = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
# 2026-01-05 09:00 UTC, a Monday; frames follow a millisecond after one another.
START = 1_767_603_600 * 10**9
STEP = 10**6

Packet = Any
"""A scapy packet: scapy has no types to speak of."""


@dataclass
class Conversation:
    """Both sides of one TCP connection; `packets` grows with each call, from IP upwards.

    Sequence numbers are kept per side and wrap. `client` and `server` are addresses of one IP
    version.
    """

    client: str = "192.0.2.10"
    server: str = "192.0.2.20"
    client_port: int = 50000
    server_port: int = 443
    client_sequence: int = 0x10000000
    server_sequence: int = 0x20000000
    packets: list[Packet] = field(default_factory=list)

    def open(self) -> Conversation:
        self.packets.append(self._packet("client", self.client_sequence, "S", acks=False))
        self.client_sequence += 1
        self.packets.append(self._packet("server", self.server_sequence, "SA"))
        self.server_sequence += 1
        self.packets.append(self._packet("client", self.client_sequence, "A"))
        return self

    def send(self, side: str, data: bytes, *, size: int = 1400) -> Conversation:
        """The data in segments of at most `size` bytes."""
        for start in range(0, len(data), size):
            part = data[start : start + size]
            self.packets.append(self.segment(side, part))
            self.advance(side, len(part))
        return self

    def segment(self, side: str, data: bytes, offset: int = 0) -> Packet:
        """A segment `offset` bytes after what was sent so far, which it does not count as sent."""
        sequence = self.client_sequence if side == "client" else self.server_sequence
        return self._packet(side, sequence + offset, "PA", data)

    def advance(self, side: str, count: int) -> None:
        if side == "client":
            self.client_sequence += count
        else:
            self.server_sequence += count

    def acknowledge(self, side: str) -> Conversation:
        sequence = self.client_sequence if side == "client" else self.server_sequence
        self.packets.append(self._packet(side, sequence, "A"))
        return self

    def close(self, first: str = "client") -> Conversation:
        second = "server" if first == "client" else "client"
        for side in (first, second):
            sequence = self.client_sequence if side == "client" else self.server_sequence
            self.packets.append(self._packet(side, sequence, "FA"))
            self.advance(side, 1)
        return self.acknowledge(first)

    def reset(self, side: str) -> Packet:
        """A reset by that side, right after what it sent."""
        sequence = self.client_sequence if side == "client" else self.server_sequence
        return self._packet(side, sequence, "RA")

    def _packet(
        self, side: str, sequence: int, flags: str, data: bytes = b"", *, acks: bool = True
    ) -> Packet:
        from_client = side == "client"
        ends = (self.client, self.server, self.client_port, self.server_port)
        source, target, source_port, target_port = (
            ends if from_client else (ends[1], ends[0], ends[3], ends[2])
        )
        acknowledged = self.server_sequence if from_client else self.client_sequence
        layer = IPv6 if ":" in source else IP
        segment = TCP(
            sport=source_port,
            dport=target_port,
            flags=flags,
            seq=sequence % 2**32,
            ack=acknowledged % 2**32 if acks else 0,
            window=64240,
        )
        packet = layer(src=source, dst=target) / segment
        return packet / data if data else packet


def connection_columns(stream: int = 0, handshake: int = 0) -> dict[str, str]:
    """The columns of an expected table for a connection with the addresses made by default."""
    usual = Conversation()
    return {
        "stream": str(stream),
        "handshake": str(handshake),
        "client_ip": usual.client,
        "client_port": str(usual.client_port),
        "server_ip": usual.server,
        "server_port": str(usual.server_port),
    }


def shake_hands(
    conversation: Conversation,
    client: wire.ClientHello | None = None,
    server: wire.ServerHello | None = None,
) -> Conversation:
    """A whole handshake up to TLS 1.2, some data both ways and an orderly end."""
    client, server = client or wire.ClientHello(), server or wire.ServerHello()
    conversation.open()
    conversation.send("client", wire.record(wire.HANDSHAKE, 0x0301, client.message()))
    return finish(conversation, server)


def finish(conversation: Conversation, server: wire.ServerHello) -> Conversation:
    """All that follows a ClientHello."""
    version = server.version
    flight = (server.message(), wire.certificate(), wire.SERVER_HELLO_DONE)
    conversation.send(
        "server", b"".join(wire.record(wire.HANDSHAKE, version, message) for message in flight)
    )
    return go_on(conversation, version)


def go_on(conversation: Conversation, version: int) -> Conversation:
    """All that follows the server's first flight."""
    exchange = wire.record(wire.HANDSHAKE, version, wire.CLIENT_KEY_EXCHANGE)
    conversation.send("client", exchange + wire.finishing(version))
    conversation.send("server", wire.finishing(version))
    conversation.send("client", wire.application_data(version))
    conversation.send("server", wire.application_data(version))
    return conversation.close()


def on_ethernet(packet: Packet, client: str = "192.0.2.10") -> Packet:
    """The packet in an Ethernet frame between the two hosts."""
    from_client = packet.src == client
    source, target = (CLIENT_MAC, SERVER_MAC) if from_client else (SERVER_MAC, CLIENT_MAC)
    return Ether(src=source, dst=target) / packet


def frames(packets: list[Packet]) -> list[Frame]:
    """Packets as frames of a capture file, a millisecond apart."""
    return [Frame(START + number * STEP, bytes(packet)) for number, packet in enumerate(packets)]


def ethernet_frames(conversation: Conversation) -> list[Frame]:
    return frames([on_ethernet(packet, conversation.client) for packet in conversation.packets])
