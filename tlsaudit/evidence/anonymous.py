"""Parts of a capture made anonymous: packets built anew, with handshakes cleaned of names.

What is not understood is not shown: bytes before TLS are zeros, certificates and encrypted
messages are zeros, and a handshake whose records cannot be followed is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlsaudit.evidence.hellos import cleaned_message, cleaned_ssl2
from tlsaudit.evidence.packets import Endpoint, Frame
from tlsaudit.evidence.parts import Kept, Part, Side
from tlsaudit.evidence.pseudonyms import Pseudonyms
from tlsaudit.evidence.rebuilt import rebuilt
from tlsaudit.evidence.records import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Chain
from tlsaudit.reports.wording import is_null

__all__ = ["Anonymous"]

_DTLS_HEADER, _DTLS_MESSAGE = 13, 12
_HELLO_VERIFY_REQUEST = 3
_NAMES = ("server_name", "carrier_target", "client", "server")
_SHORTEST_NAME = 3


class Anonymous:
    """The packets of one part, anonymous.

    `reason` says why there are none, None where there are.
    """

    def __init__(self, part: Part, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._part = part
        self.reason: str | None = None
        self._streams: dict[Endpoint, bytes] = {}
        self._datagrams: dict[int, bytes] = {}
        if part.transport == "tcp":
            if all(side.is_followed for side in part.sides.values()):
                self._streams = {end: self._stream(side) for end, side in part.sides.items()}
            else:
                self.reason = "their records cannot be followed to be made anonymous"
        elif part.transport == "dtls":
            self._datagrams = self._of_dtls()
            if not part.hellos <= set(self._datagrams):
                self.reason = "their records cannot be followed to be made anonymous"
        else:
            self.reason = f"{part.transport.upper()} cannot be made anonymous"
        if any(self._holds_a_name(data) for data in self._all()):
            self.reason = "a name would be left in them"

    def _all(self) -> list[bytes]:
        return [*self._streams.values(), *self._datagrams.values()]

    def _holds_a_name(self, data: bytes) -> bool:
        """Say whether a name that is known is left: nothing is believed that can be looked up."""
        data = data.lower()
        return any(
            str(seen.row[column]).lower().encode() in data
            for seen in self._part.handshakes
            for column in _NAMES
            if not is_null(seen.row[column]) and len(str(seen.row[column])) > _SHORTEST_NAME
        )

    def packets(self, kept: Kept) -> Iterator[tuple[int, bytes, int]]:
        """Give link type, bytes and length on the wire of what becomes of a frame."""
        packet = kept.frame.packet
        assert packet is not None
        assert packet.source is not None
        names = self._pseudonyms
        if packet.tcp is None:
            payload = self._datagrams.get(kept.frame.number)
            if payload is not None:
                length = packet.payload_length
                yield rebuilt(packet, names, payload, length)
            return
        payload = b""
        begin = 0
        if packet.payload:
            side = self._part.sides[packet.source]
            start, end = side.sent.places[kept.frame.number]
            shown = end - start if kept.length is None else kept.length
            payload = self._streams[packet.source][start : start + shown]
            # A hello is looked for where a segment begins: what came before it goes alone.
            inside = [each.start - start for each in side.chains if 0 < each.start - start < shown]
            for cut in inside:
                yield rebuilt(packet, names, payload[begin:cut], cut - begin, skip=begin)
                begin = cut
        rest = packet.payload_length - begin
        yield rebuilt(packet, names, payload[begin:], rest, skip=begin)

    def _stream(self, side: Side) -> bytes:
        """Give all that a side sent, of which only handshakes are left."""
        out = bytearray(len(side.sent.bytes))
        for chain in side.chains:
            self._chain(side, chain, out)
        return bytes(out)

    def _chain(self, side: Side, chain: Chain, out: bytearray) -> None:
        data = side.sent.bytes
        places: list[int] = []
        for number, record in enumerate(chain.records):
            out[record.at : record.start] = data[record.at : record.start]
            content = bytes(data[record.start : record.end])
            if chain.ssl2 and number == 0:
                out[record.start : record.end] = cleaned_ssl2(content)
            elif record.kind == CHANGE_CIPHER_SPEC:
                self._messages(data, places, out)
                places = []
                out[record.start : record.end] = content[:1].ljust(len(content), b"\0")
            elif record.kind == ALERT and len(content) == 2:
                out[record.start : record.end] = content
            elif record.kind == HANDSHAKE:
                places.extend(range(record.start, record.end))
        self._messages(data, places, out)

    def _messages(self, data: bytearray, places: list[int], out: bytearray) -> None:
        """Clean the messages whose bytes are at these places; what is encrypted looks like none."""
        content = bytes(data[place] for place in places)
        at = 0
        while at + 4 <= len(content):
            length = int.from_bytes(content[at + 1 : at + 4])
            body = content[at + 4 : at + 4 + length]
            if length > len(body) and content[at] not in (1, 2):
                return
            cleaned = content[at : at + 4] + cleaned_message(
                content[at], body, length, self._pseudonyms
            )
            for place, byte in zip(places[at:], cleaned, strict=False):
                out[place] = byte
            at += 4 + length

    def _of_dtls(self) -> dict[int, bytes]:
        """Give the datagrams that begin with records in clear, by frame; what follows is cut."""
        whole: dict[tuple[Endpoint | None, int], bytearray] = {}
        for each in self._part.frames:
            for record in _dtls_records(each):
                for kind, length, number, offset, body in _dtls_messages(record):
                    del kind
                    key = _sender(each), number
                    message = whole.setdefault(key, bytearray(length))
                    message[offset : offset + len(body)] = body
        datagrams = {}
        for each in self._part.frames:
            out = b""
            for record in _dtls_records(each):
                out += self._dtls_record(each, record, whole)
            if out:
                datagrams[each.number] = out
        return datagrams

    def _dtls_record(
        self, frame: Frame, record: bytes, whole: dict[tuple[Endpoint | None, int], bytearray]
    ) -> bytes:
        head, content = record[:_DTLS_HEADER], record[_DTLS_HEADER:]
        if head[0] == CHANGE_CIPHER_SPEC:
            return head + content[:1].ljust(len(content), b"\0")
        if head[0] == ALERT:
            return record if len(content) == 2 else head + bytes(len(content))
        out = head
        for kind, length, number, offset, body in _dtls_messages(record):
            at = len(out)
            message = bytes(whole[_sender(frame), number])
            if kind == _HELLO_VERIFY_REQUEST:
                cleaned = message[:3] + bytes(max(0, len(message) - 3))
            else:
                cleaned = cleaned_message(kind, message, length, self._pseudonyms, is_dtls=True)
            out += record[at : at + _DTLS_MESSAGE] + cleaned[offset : offset + len(body)]
        return out + bytes(len(record) - len(out))


def _sender(frame: Frame) -> Endpoint | None:
    return frame.packet.source if frame.packet else None


def _dtls_records(frame: Frame) -> Iterator[bytes]:
    """Give the records of a datagram that are in clear, up to the first that is not."""
    assert frame.packet is not None
    payload, at = frame.packet.payload, 0
    while at + _DTLS_HEADER <= len(payload):
        head = payload[at : at + _DTLS_HEADER]
        in_clear = head[3:5] == b"\0\0" and head[0] in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE)
        if not in_clear or head[1] not in (0xFE, 0x01):
            return
        length = int.from_bytes(head[11:])
        yield payload[at : at + _DTLS_HEADER + length]
        at += _DTLS_HEADER + length


def _dtls_messages(record: bytes) -> Iterator[tuple[int, int, int, int, bytes]]:
    """Give type, length, number, offset and bytes of the fragments of messages in a record."""
    at = _DTLS_HEADER
    while record[0] == HANDSHAKE and at + _DTLS_MESSAGE <= len(record):
        head = record[at : at + _DTLS_MESSAGE]
        length, number = int.from_bytes(head[1:4]), int.from_bytes(head[4:6])
        offset, size = int.from_bytes(head[6:9]), int.from_bytes(head[9:12])
        body = record[at + _DTLS_MESSAGE : at + _DTLS_MESSAGE + size]
        if offset + size > length:
            return
        yield head[0], length, number, offset, body
        at += _DTLS_MESSAGE + size
