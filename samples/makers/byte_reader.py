"""Reads the expected tables' columns from the bytes of a capture, without tshark or tlsaudit.

    python samples/makers/byte_reader.py [ID ...]

A second witness for the expected tables, written to be plain rather than complete: pcap and
pcapng (little-endian, enhanced packets), Ethernet with VLAN tags, Linux cooked captures, loopback,
PPP and raw IP, IPv4 and IPv6 without tunnels, fragments or extension headers. Of a capture that
needs more it says that it cannot read it, and no more is claimed.
"""

from __future__ import annotations

import csv
import ipaddress
import re
import struct
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from containers import unpacked
from sample import COLUMNS, EXPECTED_FOLDER, MANIFEST, SAMPLES_FOLDER, Row

RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
# Where TLS begins in a stream: a handshake record that opens with a hello, or an alert.
BEGINNING = re.compile(
    rb"\x16\x03[\x00-\x04]..[\x01\x02]|\x15\x03[\x00-\x04]\x00\x02[\x01\x02]", re.DOTALL
)


class NotReadError(Exception):
    """The capture needs what this reader does not know."""


# --- capture files ------------------------------------------------------------------------------


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Link type and bytes of each frame."""
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        link = struct.unpack_from("<I", data, 20)[0]
        at = 24
        while at < len(data):
            kept, whole = struct.unpack_from("<II", data, at + 8)
            if kept != whole:
                raise NotReadError("frames are cut")
            yield link, data[at + 16 : at + 16 + kept]
            at += 16 + kept
    elif data[:4] == b"\x0a\x0d\x0d\x0a" and data[8:12] == b"\x4d\x3c\x2b\x1a":
        yield from pcapng_frames(data)
    else:
        raise NotReadError("another capture format")


def pcapng_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    links: list[int] = []
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 0x0A0D0D0A and at:
            raise NotReadError("several sections")
        if kind == 1:
            links.append(struct.unpack_from("<H", data, at + 8)[0])
        elif kind == 6:
            interface, _, _, kept, _ = struct.unpack_from("<IIIII", data, at + 8)
            yield links[interface], data[at + 28 : at + 28 + kept]
        elif kind in (2, 3):
            raise NotReadError("old packet blocks")
        at += length


# --- packets ------------------------------------------------------------------------------------


def ip_packet(link: int, frame: bytes) -> bytes | None:
    """The IP packet of a frame, None if it holds another protocol."""
    if link in (101, 228, 229):
        return frame
    if link in (0, 108):
        return frame[4:]
    if link == 9:
        return frame.removeprefix(b"\xff\x03")[2:]
    # Where the EtherType is and where the payload begins.
    places = {1: (12, 14), 113: (14, 16), 276: (0, 20)}
    if link not in places:
        raise NotReadError(f"link type {link}")
    kind_at, at = places[link]
    kind = int.from_bytes(frame[kind_at : kind_at + 2])
    while kind in (0x8100, 0x88A8, 0x9100):
        kind, at = int.from_bytes(frame[at + 2 : at + 4]), at + 4
    if kind in (0x8847, 0x8864):
        raise NotReadError("MPLS or PPPoE")
    return frame[at:] if kind in (0x0800, 0x86DD) else None


@dataclass(frozen=True)
class Segment:
    source: tuple[str, int]
    target: tuple[str, int]
    sequence: int
    flags: int
    data: bytes


def tcp_segment(packet: bytes) -> Segment | None:
    if packet[0] >> 4 == 4:
        if int.from_bytes(packet[6:8]) & 0x3FFF:
            raise NotReadError("IPv4 fragments")
        protocol, at = packet[9], (packet[0] & 15) * 4
        end = int.from_bytes(packet[2:4]) or len(packet)
        addresses = packet[12:16], packet[16:20]
    else:
        protocol, at = packet[6], 40
        end = 40 + int.from_bytes(packet[4:6])
        addresses = packet[8:24], packet[24:40]
        if protocol in (0, 43, 44, 60):
            raise NotReadError("IPv6 extension headers")
    if protocol in (4, 41, 47, 51):
        raise NotReadError("packets inside packets")
    if protocol == 17:
        raise NotReadError("datagrams")
    if protocol != 6:
        return None
    ports = struct.unpack_from(">HH", packet, at)
    sequence, _, offset, flags = struct.unpack_from(">IIBB", packet, at + 4)
    source, target = (str(ipaddress.ip_address(address)) for address in addresses)
    data = packet[at + (offset >> 4) * 4 : end]
    return Segment((source, ports[0]), (target, ports[1]), sequence, flags, data)


# --- streams ------------------------------------------------------------------------------------


@dataclass
class Side:
    """One direction: the bytes so far without a hole, and the frame that made each known."""

    data: bytearray = field(default_factory=bytearray)
    known_since: list[int] = field(default_factory=list)
    start: int | None = None
    waiting: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, segment: Segment, frame: int) -> None:
        if self.start is None:
            self.start = segment.sequence + (segment.flags >> 1 & 1)
        if not segment.data:
            return
        offset = (segment.sequence - self.start + 2**31) % 2**32 - 2**31
        self.waiting.append((offset, segment.data))
        grown = True
        while grown:
            grown = False
            for at, data in sorted(self.waiting):
                fresh = data[max(0, len(self.data) - at) :] if at <= len(self.data) else b""
                if fresh:
                    self.data += fresh
                    self.known_since += [frame] * len(fresh)
                    grown = True


@dataclass
class Stream:
    """A connection; of EAP an authentication, whose ends have no addresses in the table."""

    number: int
    first: tuple[str, int]
    sides: dict[tuple[str, int], Side] = field(default_factory=dict)


def streams(data: bytes) -> list[Stream]:
    """All TCP connections in the order in which they begin."""
    found: list[Stream] = []
    current: dict[frozenset[tuple[str, int]], Stream] = {}
    for number, (link, frame) in enumerate(frames(data), 1):
        packet = None if eap_packet(link, frame) else ip_packet(link, frame)
        segment = tcp_segment(packet) if packet else None
        if segment is None:
            continue
        ends = frozenset((segment.source, segment.target))
        stream = current.get(ends)
        opens = segment.flags & 0x12 == 0x02
        if stream is None or (opens and any(side.data for side in stream.sides.values())):
            stream = current[ends] = Stream(len(found), segment.source)
            stream.sides = {segment.source: Side(), segment.target: Side()}
            found.append(stream)
        stream.sides[segment.source].add(segment, number)
    return found


# --- EAP ----------------------------------------------------------------------------------------

PEER, AUTHENTICATOR = ("peer", 0), ("authenticator", 0)


def eap_packet(link: int, frame: bytes) -> bytes | None:
    """The EAP packet in EAPOL on Ethernet, or in RADIUS on port 1812 over IPv4."""
    if link == 1 and frame[12:14] == b"\x88\x8e" and frame[15] == 0:
        return frame[18 : 18 + int.from_bytes(frame[16:18])]
    if link != 1 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    datagram = frame[14 + (frame[14] & 15) * 4 :]
    if 1812 not in struct.unpack_from(">HH", datagram):
        return None
    attributes, message = datagram[28 : int.from_bytes(datagram[4:6])], b""
    while attributes:
        if attributes[0] == 79:
            message += attributes[2 : attributes[1]]
        attributes = attributes[attributes[1] :]
    return message or None


def authentications(data: bytes) -> list[Stream]:
    """Authentications by methods that run TLS, one after the other; nothing lost or repeated."""
    found: list[Stream] = []
    parts = {PEER: b"", AUTHENTICATOR: b""}
    for number, (link, frame) in enumerate(frames(data), 1):
        packet = eap_packet(link, frame)
        if packet is None or packet[0] > 2 or packet[4] not in (13, 21, 25, 43, 55):
            continue
        flags = packet[5]
        if packet[0] == 1 and flags & 0x20:
            # A method that the peer declined had no TLS.
            if found and not found[-1].sides[PEER].data:
                found.pop()
            found.append(Stream(len(found), PEER, {PEER: Side(), AUTHENTICATOR: Side()}))
            continue
        sender = PEER if packet[0] == 2 else AUTHENTICATOR
        parts[sender] += packet[10 if flags & 0x80 else 6 :]
        if not flags & 0x40:
            side, message = found[-1].sides[sender], parts[sender]
            side.data += message
            side.known_since += [number] * len(message)
            parts[sender] = b""
    return found


# --- TLS ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A hello or alert: when it was whole, who sent it, the columns that it gives."""

    frame: int
    kind: str
    sender: tuple[str, int]
    columns: Row


def events(sender: tuple[str, int], side: Side) -> Iterator[Event]:
    data = bytes(side.data)
    beginning = BEGINNING.search(data)
    if not beginning:
        return
    at = beginning.start()
    message, record_version, clear = b"", 0, True
    while at + 5 <= len(data):
        kind, version, length = struct.unpack_from(">BHH", data, at)
        body = data[at + 5 : at + 5 + length]
        if len(body) < length or not 20 <= kind <= 24:
            return
        frame = side.known_since[at + 4 + length]
        if kind == 21 and length == 2:
            columns = {"alert_level": str(body[0]), "alert_description": str(body[1])}
            yield Event(frame, "alert", sender, columns)
        elif kind == 20:
            clear, message = False, b""
        elif kind == 22 and (clear or is_hello(body)):
            record_version = record_version if message else version
            message += body
            # A message may be known before its record is whole: a record is read as one here,
            # and so is the frame in which it ends.
            while len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
                size = 4 + int.from_bytes(message[1:4])
                one, message = message[:size], message[size:]
                if one[0] in (1, 2):
                    hello = client_hello(one) if one[0] == 1 else server_hello(one)
                    hello["record_version"] = f"0x{record_version:04X}"
                    yield Event(frame, "client" if one[0] == 1 else "server", sender, hello)
                record_version = version
        at += 5 + length


def is_hello(body: bytes) -> bool:
    """Whether a record after a ChangeCipherSpec is one whole hello all the same."""
    return body[0] in (1, 2) and int.from_bytes(body[1:4]) + 4 == len(body)


def client_hello(message: bytes) -> Row:
    row = {"client_legacy_version": f"0x{message[4:6].hex().upper()}"}
    at = 39 + message[38]
    length = int.from_bytes(message[at : at + 2])
    row["client_cipher_suites"] = numbers(message[at + 2 : at + 2 + length])
    at += 2 + length
    at += 1 + message[at]
    found = extensions(message[at:])
    row["client_extensions"] = ";".join(f"0x{kind:04X}" for kind, _ in found)
    for kind, data in found:
        if kind == 0 and len(data) > 5:
            row["server_name"] = data[5:].decode().lower()
        elif kind == 10:
            row["client_groups"] = numbers(data[2:])
        elif kind == 16:
            row["client_alpn"] = ";".join(protocols(data[2:]))
        elif kind == 43:
            row["client_supported_versions"] = numbers(data[1:])
    return row


def protocols(names: bytes) -> Iterator[str]:
    while names:
        yield names[1 : 1 + names[0]].decode()
        names = names[1 + names[0] :]


def server_hello(message: bytes) -> Row:
    row = {"server_legacy_version": f"0x{message[4:6].hex().upper()}"}
    at = 39 + message[38]
    row["negotiated_cipher_suite"] = numbers(message[at : at + 2])
    for kind, data in extensions(message[at + 3 :]):
        if kind == 43:
            row["server_supported_version"] = numbers(data)
    if message[6:38] == RETRY_RANDOM:
        row["retry"] = "yes"
    return row


def extensions(block: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 2
    while at < len(block):
        kind, length = struct.unpack_from(">HH", block, at)
        found.append((kind, block[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def numbers(data: bytes) -> str:
    # Whole numbers only: a list of an odd length is one of the samples.
    return ";".join(f"0x{data[i : i + 2].hex().upper()}" for i in range(0, len(data) - 1, 2))


# --- rows ---------------------------------------------------------------------------------------


def read(data: bytes) -> list[Row]:
    """The table of a capture, `outcome` apart."""
    rows: list[Row] = []
    for stream in [*streams(data), *authentications(data)]:
        seen = [e for end, side in stream.sides.items() for e in events(end, side)]
        own: list[Row] = []
        for event in sorted(seen, key=lambda event: event.frame):
            row = own[-1] if own else None
            waits_for_second = row and row["retry_request_frame"] and not row["server_hello_frame"]
            if event.kind == "client" and waits_for_second:
                assert row is not None
                row["second_client_hello_frame"] = str(event.frame)
            elif event.kind == "client":
                row = empty(stream, len(own), event.sender)
                row.update(event.columns, client_hello_frame=str(event.frame))
                own.append(row)
            elif event.kind == "server":
                if row is None:
                    client = next(end for end in stream.sides if end != event.sender)
                    row = empty(stream, 0, client)
                    own.append(row)
                answer(row, event)
            elif row is not None and row["alert_level"] not in ("2", event.columns["alert_level"]):
                row.update(event.columns, alert_frame=str(event.frame))
        rows += own
    return [{column: row[column] for column in COLUMNS if column != "outcome"} for row in rows]


def answer(row: Row, event: Event) -> None:
    columns = dict(event.columns)
    retry = columns.pop("retry", "")
    if row["record_version"]:
        columns.pop("record_version")
    if retry:
        row["retry_request_frame"] = str(event.frame)
    else:
        row.update(columns, server_hello_frame=str(event.frame))


def empty(stream: Stream, number: int, client: tuple[str, int]) -> Row:
    server = next(end for end in stream.sides if end != client)
    row = dict.fromkeys(COLUMNS, "")
    row.update(stream=str(stream.number), handshake=str(number))
    if client not in (PEER, AUTHENTICATOR):
        row.update(client_ip=client[0], client_port=str(client[1]))
        row.update(server_ip=server[0], server_port=str(server[1]))
    return row


def differences(identifier: str, file: str) -> list[str]:
    """Where the bytes and an expected table differ, one line each; raises NotReadError."""
    rows = read(unpacked((SAMPLES_FOLDER / file).read_bytes()))
    with (EXPECTED_FOLDER / f"{identifier}.csv").open(encoding="utf-8", newline="") as table:
        expected = list(csv.DictReader(table))
    if len(rows) != len(expected):
        return [f"{identifier}: {len(rows)} rows in the bytes, {len(expected)} expected"]
    return [
        f"{identifier}, row {number}, {column}: {row[column]!r} in the bytes, "
        f"{want[column]!r} expected"
        for number, (row, want) in enumerate(zip(rows, expected, strict=True))
        for column in row
        if row[column] != want[column] and not _is_radius_server(column, want)
    ]


def _is_radius_server(column: str, want: Row) -> bool:
    """What the authentications above do not keep."""
    return column == "server_ip" and want.get("transport") == "eap"


def problems(wanted: Collection[str], tell: Callable[[str], None]) -> list[str]:
    """Differences in the wanted samples (none named: all) whose table is tshark's.

    `tell` is given a line for each capture that this reader cannot read.
    """
    found: list[str] = []
    for sample in tomllib.loads(MANIFEST.read_text("utf-8"))["sample"]:
        if sample["expected"] == "tshark" and (not wanted or sample["id"] in wanted):
            try:
                found += differences(sample["id"], sample["file"])
            except NotReadError as reason:
                tell(f"{sample['id']}: not read from the bytes ({reason})")
    return found


def main(wanted: list[str]) -> int:
    found = problems(wanted, print)
    print("\n".join(found) if found else "all other tables agree with the bytes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
