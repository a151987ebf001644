"""Conversations made by scapy, in odd framings, for every engine to read."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_START = 1_772_438_400


@dataclass(frozen=True)
class Hello:
    """What a client says, as numbers and bytes."""

    record_version: int
    version: int
    random: bytes
    session_id: bytes
    suites: list[int]
    name: str | None = None
    versions: list[int] | None = None
    groups: list[int] | None = None
    protocols: list[bytes] | None = None
    unknown: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    version: int
    random: bytes
    suite: int
    selected: int | None = None


@dataclass(frozen=True)
class Framing:
    """How bytes are cut: into records of at most so many bytes, into segments, in which order."""

    record: int
    segment: int
    swapped: bool
    repeated: bool

    @property
    def is_plain(self) -> bool:
        """Whether messages lie whole in records, and segments come in order, once each."""
        return self.record == 1 << 14 and not (self.swapped or self.repeated)


@dataclass(frozen=True)
class Talk:
    """One connection: a hello, its answer, and how they are sent."""

    hello: Hello
    answer: Answer | None
    framing: Framing


def write(talks: list[Talk], path: Path) -> None:
    """Write the connections one after the other into a pcap file."""
    with warnings.catch_warnings():
        # cryptography warns that Triple DES is old.
        warnings.simplefilter("ignore")
        from scapy.utils import wrpcap

        packets: list[Any] = []
        for number, talk in enumerate(talks):
            connection = _Connection(packets, 50_000 + number)
            hello = _records(talk.hello.record_version, _client(talk.hello), talk.framing)
            connection.say(True, hello, talk.framing)
            if talk.answer is not None:
                answer = _records(0x0303, _server(talk.answer), talk.framing)
                connection.say(False, answer, talk.framing)
            connection.send(True, "FA", b"")
            connection.send(False, "FA", b"")
        wrpcap(str(path), packets)


class _Connection:
    """A TCP connection that puts its segments behind the packets so far."""

    def __init__(self, packets: list[Any], client_port: int) -> None:
        self._packets = packets
        self._ends = {
            True: ("192.0.2.10", client_port, "02:00:5e:10:00:01"),
            False: ("192.0.2.20", 443, "02:00:5e:10:00:02"),
        }
        self._next = {True: 1_000, False: 9_000}
        self.send(True, "S", b"")
        self.send(False, "SA", b"")
        self.send(True, "A", b"")

    def send(self, from_client: bool, flags: str, data: bytes, at: int | None = None) -> None:
        """Send one segment; `at` is its sequence number where it is not the next."""
        from scapy.layers.inet import IP, TCP
        from scapy.layers.l2 import Ether

        source, destination = self._ends[from_client], self._ends[not from_client]
        segment = TCP(
            sport=source[1],
            dport=destination[1],
            seq=self._next[from_client] if at is None else at,
            ack=self._next[not from_client],
            flags=flags,
        )
        packet = Ether(src=source[2], dst=destination[2])
        packet /= IP(src=source[0], dst=destination[0], id=len(self._packets) & 0xFFFF)
        packet = packet / segment / data if data else packet / segment
        packet.time = _START + len(self._packets)
        self._packets.append(packet)
        if at is None:
            self._next[from_client] += len(data) + ("S" in flags or "F" in flags)

    def say(self, from_client: bool, data: bytes, framing: Framing) -> None:
        """Send bytes in segments, in the order that the framing says."""
        begin, step = self._next[from_client], framing.segment
        parts = [(at, data[at : at + step]) for at in range(0, len(data), step)]
        if framing.swapped and len(parts) > 2:
            parts[1], parts[2] = parts[2], parts[1]
        if framing.repeated:
            parts.insert(1, parts[0])
        for at, part in parts:
            self.send(from_client, "PA", part, begin + at)
        self._next[from_client] += len(data)


def _records(version: int, message: bytes, framing: Framing) -> bytes:
    step = framing.record
    return b"".join(
        b"\x16" + version.to_bytes(2, "big") + len(part).to_bytes(2, "big") + part
        for part in (message[at : at + step] for at in range(0, len(message), step))
    )


def _client(hello: Hello) -> bytes:
    from scapy.layers.tls.extensions import (
        ProtocolName,
        ServerName,
        TLS_Ext_ALPN,
        TLS_Ext_ServerName,
        TLS_Ext_SupportedGroups,
        TLS_Ext_SupportedVersion_CH,
        TLS_Ext_Unknown,
    )
    from scapy.layers.tls.handshake import TLSClientHello

    extensions: list[Any] = []
    if hello.name is not None:
        name = ServerName(servername=hello.name.encode())
        extensions.append(TLS_Ext_ServerName(servernames=[name]))
    if hello.groups is not None:
        extensions.append(TLS_Ext_SupportedGroups(groups=hello.groups))
    if hello.protocols is not None:
        names = [ProtocolName(protocol=each) for each in hello.protocols]
        extensions.append(TLS_Ext_ALPN(protocols=names))
    if hello.versions is not None:
        extensions.append(TLS_Ext_SupportedVersion_CH(versions=hello.versions))
    extensions.extend(TLS_Ext_Unknown(type=kind, val=data) for kind, data in hello.unknown)
    built = TLSClientHello(
        version=hello.version,
        gmt_unix_time=int.from_bytes(hello.random[:4], "big"),
        random_bytes=hello.random[4:],
        sid=hello.session_id,
        ciphers=hello.suites,
        comp=[0],
        ext=extensions or None,
    )
    return bytes(built)


def _server(answer: Answer) -> bytes:
    from scapy.layers.tls.extensions import TLS_Ext_SupportedVersion_SH
    from scapy.layers.tls.handshake import TLSServerHello

    extensions = None
    if answer.selected is not None:
        extensions = [TLS_Ext_SupportedVersion_SH(version=answer.selected)]
    built = TLSServerHello(
        version=answer.version,
        gmt_unix_time=int.from_bytes(answer.random[:4], "big"),
        random_bytes=answer.random[4:],
        sid=b"",
        cipher=answer.suite,
        comp=[0],
        ext=extensions,
    )
    return bytes(built)
