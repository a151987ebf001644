"""What Wireshark says of a packet in PDML, its XML, as messages.

PDML keeps what belongs together nested, so that several handshake messages in one frame stay
apart; tshark's other outputs give one flat list for each field of a frame. Every value is read
from the `value` attribute (the bytes) or from numbers: no text of Wireshark's own is interpreted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit.engines.messages import (
    Endpoint,
    Message,
    client_hello_cells,
    kind_of_server_hello,
    server_hello_cells,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["DISPLAY_FILTER", "Tree", "fields_of", "frame_and_layers", "messages_of", "tree"]

Tree: TypeAlias = "tuple[str, list[Tree]]"
"""A line of Wireshark's packet details, and the lines below it."""

DISPLAY_FILTER = " || ".join(
    (
        "tls.handshake.type in {1, 2, 12}",
        "tls.alert_message.desc",
        # A ServerHello of SSL 2.0 has another number.
        "tls.record.version == 0x0002",
        "dtls.handshake.type in {1, 2, 3, 12}",
        "dtls.alert_message.desc",
        "quic.cc.error_code.tls_alert",
        # Not for its messages, but because it tells why one is not shown.
        "_ws.malformed",
    )
)
"""The frames that hold a message that is read here, or tell why one is not shown."""

EXPLAINING = frozenset({"ipv6.plen", "tcp.analysis.retransmission", "tcp.payload", "udp.payload"})
"""Fields that tell why a message is not shown."""

_MALFORMED = (
    "_ws.malformed",
    "tls.malformed.vector_length",
    "tls.malformed.trailing_data",
    "tls.malformed.buffer_too_small",
)
_LENGTHS = ("frame.cap_len", "frame.len")

# Wireshark nests up to 500 deep where a capture is made to; nobody reads that.
_DEEPEST = 60


@dataclass(slots=True)
class _Place:
    """Where the walk through a packet is: the innermost layers met so far."""

    frame: int = 0
    ts: int | None = None
    # Wireshark says of some times that they are none.
    ts_is_valid: bool = True
    # The innermost protocol that numbers conversations, and the number.
    transport: str = "tcp"
    stream: int | None = None
    ips: tuple[str | None, str | None] = (None, None)
    ports: tuple[int | None, int | None] = (None, None)
    macs: tuple[str | None, str | None] = (None, None)
    inside_ip: bool = False
    # Inside a packet that says what became of another, and quotes it.
    quoted: bool = False
    joined: bool = False
    record_version: int | None = None

    def ends(self) -> tuple[Endpoint, Endpoint]:
        source, destination = (
            Endpoint(ip, port, mac)
            for ip, port, mac in zip(self.ips, self.ports, self.macs, strict=True)
        )
        return source, destination


def frame_and_layers(packet: _Element) -> tuple[int, str]:
    """Give the frame's number and its layers as Wireshark names them, `eth:ethertype:ip:tcp`.

    A packet that Wireshark calls malformed, as a whole or in a list of TLS, has the layer
    `_ws.malformed` at the end, one that was not captured whole `_ws.short`.
    """
    number = packet.find("proto/field[@name='num']")
    field = packet.find("proto/field[@name='frame.protocols']")
    layers = "" if field is None else str(field.get("show", ""))
    names = {element.get("name", "") for element in packet.iter("proto", "field")}
    if not names.isdisjoint(_MALFORMED):
        layers += ":_ws.malformed"
    captured, length = (packet.find(f"proto/field[@name='{name}']") for name in _LENGTHS)
    if captured is not None and length is not None and _number(captured) < _number(length):
        layers += ":_ws.short"
    return 0 if number is None else int(number.get("show", "0")), layers


def fields_of(packet: _Element) -> dict[str, str]:
    """Give what explains a difference: the innermost of each of `EXPLAINING`, as hexadecimal."""
    fields: dict[str, str] = {}
    for element in packet.iter("field"):
        if element.get("name") in EXPLAINING:
            fields[element.get("name", "")] = element.get("value", "")
    return fields


def tree(packet: _Element) -> list[Tree]:
    """Give the packet's details as Wireshark shows them."""
    return [_branch(each, 0) for each in packet.iterfind("proto") if each.get("name") != "geninfo"]


def _branch(element: _Element, depth: int) -> Tree:
    label = element.get("showname") or element.get("show") or element.get("name") or ""
    if depth == _DEEPEST:
        return f"{label} …", []
    return label, [_branch(each, depth + 1) for each in element if each.get("hide") != "yes"]


def messages_of(packet: _Element) -> Iterator[Message]:
    """Give the messages of one `packet` element, in the order of their bytes."""
    place = _Place()
    # A message of this packet may have begun in an earlier one.
    place.joined = any(
        field.get("name", "").endswith((".segments", ".fragments"))
        for field in packet.iter("field")
    )
    for element in packet.iter("proto", "field"):
        name = element.get("name", "")
        if element.tag == "proto":
            _enter(place, name)
            continue
        read = _PLACES.get(name)
        if read is not None:
            read(place, element)
        elif name in ("tls.handshake.type", "dtls.handshake.type"):
            message = _handshake_message(place, element, name.removesuffix("type"))
            if message is not None:
                yield message
        elif name in ("tls.alert_message", "dtls.alert_message"):
            message = _alert(place, element, name)
            if message is not None:
                yield message
        elif name == "quic.cc.error_code.tls_alert":
            # A CONNECTION_CLOSE that stands for an alert, which in QUIC is always fatal.
            yield _message(
                place, "alert", {"alert_level": 2, "alert_description": _number(element)}
            )


def _enter(place: _Place, name: str) -> None:
    if name in ("eth", "wlan", "sll"):
        place.macs, place.inside_ip = (None, None), False
    elif name in ("ip", "ipv6"):
        if place.inside_ip:
            # A tunnel without a link layer of its own.
            place.macs = (None, None)
        place.inside_ip = True
    place.quoted |= name in ("icmp", "icmpv6")
    if name in ("quic", "eap"):
        place.transport = name
        if name == "eap":
            # A conversation of EAP is none of UDP's, even where RADIUS carries it.
            place.stream = None
            place.ports = (None, None)
    elif name == "dtls":
        place.transport = "dtls"


def _handshake_message(place: _Place, kind: _Element, prefix: str) -> Message | None:
    container = kind.getparent()
    if container is None or place.quoted:
        return None
    fields = _Fields(container, prefix)
    version, random = fields.number("version"), fields.bytes("random")
    ssl2 = place.record_version == _SSL2
    group = fields.number("server_named_curve")
    match _number(kind):
        case 1 if version is not None:
            cells = _client_hello(place, fields, version, ssl2)
            return _message(place, "client_hello", cells, random, fields.number("message_seq"))
        case 3 if version is not None and prefix == "dtls.handshake.":
            return _message(place, "retry_request", {}, None, fields.number("message_seq"))
        case 2 | 4 if version is not None and (ssl2 or _number(kind) == 2):
            what = kind_of_server_hello(random)
            hello = _server_hello(place, fields, version, ssl2) if what == "server_hello" else {}
            return _message(place, what, hello, random, fields.number("message_seq"))
        case 12 if group is not None:
            return _message(place, "key_exchange", {"negotiated_group": group})
    return None


def _client_hello(place: _Place, fields: _Fields, version: int, ssl2: bool) -> dict[str, Any]:
    if ssl2:
        specs = fields.numbers("cipherspec")
        return client_hello_cells(
            record_version=place.record_version,
            legacy_version=version,
            cipher_suites=[spec for spec in specs if spec <= 0xFFFF],
            ssl2_cipher_kinds=[spec for spec in specs if spec > 0xFFFF],
        )
    extensions = fields.extensions()
    has = set(extensions or ())
    names = fields.all_bytes("extensions_server_name")
    return client_hello_cells(
        record_version=place.record_version,
        legacy_version=version,
        cipher_suites=fields.numbers("ciphersuite"),
        extensions=extensions,
        supported_versions=fields.numbers("extensions.supported_version") if 43 in has else None,
        groups=fields.numbers("extensions_supported_group") if 10 in has else None,
        alpn=fields.all_bytes("extensions_alpn_str") if 16 in has else None,
        server_name=names[0] if names else None,
        ja3=fields.text("ja3"),
    )


def _server_hello(place: _Place, fields: _Fields, version: int, ssl2: bool) -> dict[str, Any]:
    if ssl2:
        return {
            "record_version": place.record_version,
            **server_hello_cells(legacy_version=version, cipher_suite=None),
        }
    protocols = fields.all_bytes("extensions_alpn_str")
    return {
        "record_version": place.record_version,
        **server_hello_cells(
            legacy_version=version,
            cipher_suite=fields.number("ciphersuite"),
            random=fields.bytes("random"),
            compression_method=fields.number("comp_method"),
            supported_version=fields.number("extensions.supported_version"),
            key_share_group=fields.number("extensions_key_share_group"),
            alpn=protocols[0] if protocols else None,
            ja3s=fields.text("ja3s"),
        ),
    }


def _alert(place: _Place, element: _Element, prefix: str) -> Message | None:
    record = element.getparent()
    if record is None or int(element.get("pos", "0")) <= int(record.get("pos", "0")):
        # It lies not behind the record's header but in what Wireshark made of the record, with
        # keys that are in the capture or with a cipher that encrypts nothing.
        return None
    fields = _Fields(element, f"{prefix}.")
    level, description = fields.number("level"), fields.number("desc")
    if level is None or description is None:
        # An encrypted one says neither.
        return None
    cells = {"alert_level": level, "alert_description": description}
    return _message(place, "alert", cells)


def _message(
    place: _Place,
    kind: Any,
    cells: dict[str, Any],
    random: bytes | None = None,
    number: int | None = None,
) -> Message:
    source, destination = place.ends()
    return Message(
        kind=kind,
        frame=place.frame,
        ts=None if place.joined else place.ts,
        transport=place.transport,
        stream=place.stream,
        source=source,
        destination=destination,
        cells=cells,
        random=random,
        number=number,
    )


class _Fields:
    """The fields below one element by name, in the order of their bytes."""

    def __init__(self, container: _Element, prefix: str) -> None:
        self._by_name: dict[str, list[_Element]] = {}
        for element in container.iter("field"):
            name = element.get("name", "")
            if name.startswith(prefix):
                self._by_name.setdefault(name.removeprefix(prefix), []).append(element)

    def numbers(self, name: str) -> list[int]:
        return [_number(each) for each in self._by_name.get(name, ())]

    def number(self, name: str) -> int | None:
        found = self._by_name.get(name)
        return _number(found[0]) if found else None

    def all_bytes(self, name: str) -> list[bytes]:
        return [bytes.fromhex(each.get("value", "")) for each in self._by_name.get(name, ())]

    def bytes(self, name: str) -> bytes | None:
        found = self.all_bytes(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        found = self._by_name.get(name)
        return found[0].get("show") if found else None

    def extensions(self) -> list[int] | None:
        """The types of the extensions; None where the hello ends before their list."""
        if "extensions_length" not in self._by_name:
            return None
        return self.numbers("extension.type")


def _number(element: _Element) -> int:
    return int(element.get("show", "0"), 0)


def _frame(place: _Place, element: _Element) -> None:
    place.frame = _number(element)


def _invalid_time(place: _Place, _: _Element) -> None:
    place.ts, place.ts_is_valid = None, False


def _time(place: _Place, element: _Element) -> None:
    if not place.ts_is_valid:
        return
    seconds, _, digits = element.get("show", "0").partition(".")
    nanoseconds = int(digits.ljust(9, "0")[:9] or 0)
    whole = int(seconds)
    place.ts = whole * 1_000_000_000 + (-nanoseconds if seconds.startswith("-") else nanoseconds)


def _stream(place: _Place, element: _Element) -> None:
    place.transport = element.get("name", "").removesuffix(".stream")
    place.stream = _number(element)
    place.record_version = None


def _source_ip(place: _Place, element: _Element) -> None:
    place.ips = (element.get("show"), place.ips[1])


def _destination_ip(place: _Place, element: _Element) -> None:
    place.ips = (place.ips[0], element.get("show"))


def _source_port(place: _Place, element: _Element) -> None:
    place.ports = (_number(element), place.ports[1])


def _destination_port(place: _Place, element: _Element) -> None:
    place.ports = (place.ports[0], _number(element))


def _source_mac(place: _Place, element: _Element) -> None:
    place.macs = (element.get("show"), place.macs[1])


def _destination_mac(place: _Place, element: _Element) -> None:
    place.macs = (place.macs[0], element.get("show"))


def _record_version(place: _Place, element: _Element) -> None:
    place.record_version = _number(element)


_SSL2 = 0x0002

_PLACES = {
    "frame.number": _frame,
    "frame.time_epoch": _time,
    "frame.time_invalid": _invalid_time,
    "ip.src": _source_ip,
    "ip.dst": _destination_ip,
    "ipv6.src": _source_ip,
    "ipv6.dst": _destination_ip,
    "tcp.srcport": _source_port,
    "tcp.dstport": _destination_port,
    "udp.srcport": _source_port,
    "udp.dstport": _destination_port,
    "tcp.stream": _stream,
    "udp.stream": _stream,
    "eth.src": _source_mac,
    "eth.dst": _destination_mac,
    "wlan.sa": _source_mac,
    "wlan.da": _destination_mac,
    "sll.src.eth": _source_mac,
    "tls.record.version": _record_version,
    "dtls.record.version": _record_version,
}
