"""The scapy engine: scapy's TLS layer over its TCP sessions, as a second opinion.

It needs the extra `tlsaudit[scapy]`. scapy is GPL-2.0-only, so nothing else leans on it. It reads
about a thousand packets with TLS a second: for small captures, not for a day of traffic.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit.engines.messages import (
    Endpoint,
    Message,
    client_hello_cells,
    kind_of_server_hello,
    server_hello_cells,
)
from tlsaudit.engines.reading import Found, Reading, Seen, as_file, problem_of, reading_of
from tlsaudit.errors import EngineError
from tlsaudit.inputs import Input

if TYPE_CHECKING:
    from scapy.packet import Packet

__all__ = ["LACKS", "TRANSPORTS", "look", "read"]

TRANSPORTS = frozenset({"tcp"})
"""scapy puts streams together for TCP only, and opens no QUIC packets."""

LACKS = {
    "carrier": "scapy is asked about TLS alone, not about what came before it",
    "carrier_target": "as `carrier`",
    "client_process": "no engine but the core reads what captures tell of processes",
    "client_pid": "as `client_process`",
    "client_process_basis": "as `client_process`",
    "tunnel": "scapy names the layers of a packet, not which of them are tunnels",
    "outer_client_ip": "only the addresses around the segment are asked for",
    "outer_server_ip": "as `outer_client_ip`",
    "end": "only hellos and alerts are asked for",
    "end_frame": "as `end`",
    "outcome": "completion shows in records that are not asked for: hellos and alerts alone decide",
    "resumed": "inferred from messages behind the hellos",
    "payload_bytes": "only hellos and alerts are asked for",
    "missed_bytes": "scapy fills what is missing with zeros and does not say so",
    "defect": "as `missed_bytes`",
    "defect_at": "as `missed_bytes`",
    "ja3": "scapy computes no fingerprints",
    "ja4": "as `ja3`",
    "ja3s": "as `ja3`",
    "negotiated_group": "scapy reads a ServerKeyExchange only with the session that led to it",
    "certificate_subject": "certificates are not asked for",
    "certificate_issuer": "as `certificate_subject`",
    "certificate_not_after": "as `certificate_subject`",
    "certificate_key": "as `certificate_subject`",
    "certificate_signature": "as `certificate_subject`",
}
"""Columns that this engine does not fill as the core does, and why."""

# Behind so many bytes of one direction no hello is looked for any more: a hello and what may come
# before it (STARTTLS) fit in it, and memory for a direction has an end.
_BYTES_OF_A_DIRECTION = 64 * 1024

_SEQUENCE_NUMBERS = 1 << 32

# Captures of other formats are converted first.
_READS = frozenset({"pcap", "pcapng"})

# Systemd journal entries, custom blocks, and those of sysdig for events.
_NUMBERED_BLOCKS = (0x9, 0x0BAD, 0x4000_0BAD, 0x204, 0x216, 0x221)

# What a hello in the format of SSL 2.0 may call its version.
_SSL2_TO_12 = (0x0002, 0x0300, 0x0301, 0x0302, 0x0303)

_Found: TypeAlias = tuple[Any, dict[str, Any], bytes | None]
"""A message: its kind, its cells, its random."""


def read(inputs: Iterable[Input], progress: Callable[[int], None] | None = None) -> Reading:
    """Give the tables of these inputs as scapy sees them.

    Raises EngineError where scapy or cryptography is missing; an input that cannot be read raises
    nothing.
    """
    for needed in ("scapy", "cryptography"):
        if find_spec(needed) is None:
            raise EngineError(
                f"the scapy engine needs {needed}, which is not installed: "
                "run `pip install 'tlsaudit[scapy]'`"
            )
    inputs = list(inputs)
    found = [problem_of(item) for item in inputs]
    done = 0
    with _quiet(), tempfile.TemporaryDirectory(prefix="tlsaudit-") as folder:
        import scapy

        for item, each in zip(inputs, found, strict=True):
            if each.error is None:
                path = as_file(item, Path(folder), _READS)
                _read_one(path, item.name, each)
                done += Path(path).stat().st_size if each.readable else 0
                if progress is not None:
                    progress(done)
        return reading_of(inputs, found, "scapy", f"scapy {scapy.VERSION}")


def look(inputs: Iterable[Input], frames: Mapping[str, Set[int]]) -> Seen:  # noqa: ARG001
    """Nothing more than was told while reading: that is all that scapy knows of a frame."""
    return {}, {}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep scapy from writing about packets that it cannot take apart; that is for the tables."""
    logger = logging.getLogger("scapy.runtime")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            # cryptography warns that Triple DES is old, which is why we are here.
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _read_one(path: str, name: str, found: Found) -> None:
    import scapy.layers.inet6
    import scapy.layers.l2  # noqa: F401 (each registers its link and network layers)
    from scapy.error import Scapy_Exception
    from scapy.utils import PcapReader

    try:
        with PcapReader(path) as reader:
            _read_packets(reader, found)
    except Scapy_Exception as error:
        found.readable, found.error_kind = False, "unsupported"
        found.error = f"{name}: scapy: {error}"
    except OSError as error:
        found.readable = bool(found.messages)
        found.error_kind = "io"
        found.error = f"{name}: {error.strerror or error}"
    except EOFError:
        found.error_kind = "cut"
        found.error = f"{name}: the compressed file ends too soon"


def _read_packets(reader: Any, found: Found) -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.inet6 import IPv6ExtHdrFragment
    from scapy.sessions import IPSession

    streams, fragments = _Streams(found), IPSession()
    others = _count_other_blocks(reader)
    packets = 0
    while True:
        try:
            packet = reader.recv(stop_dissection_after=TCP)
        except EOFError:
            packet = None
        if packet is None:
            streams.finish()
            return
        packets += 1
        found.frames = packets
        frame = packets + others()
        layers = [layer.__name__ for layer in packet.layers()]
        fragment = packet.getlayer(IPv6ExtHdrFragment)
        if fragment is not None and (fragment.m or fragment.offset):
            # scapy's session joins fragments of version 4 alone, and takes the first for all.
            found.layers[frame] = "IPv6:IPv6ExtHdrFragment:Raw"
            continue
        if layers[-1] in ("Raw", "Padding") and "TCP" not in layers:
            # What scapy leaves as bytes may be where a hello is.
            found.layers[frame] = ":".join(layers)
        packet = fragments.process(packet)
        if packet is None or TCP not in packet:
            continue
        found.messages.extend(streams.messages(packet, frame))


def _count_other_blocks(reader: Any) -> Callable[[], int]:
    """Tell how many blocks without a packet came so far that Wireshark numbers as it does packets.

    scapy passes over them.
    """
    count = 0

    def take(_block: bytes, _size: int) -> None:
        nonlocal count
        count += 1

    # pcap has none.
    getattr(reader, "blocktypes", {}).update(dict.fromkeys(_NUMBERED_BLOCKS, take))
    return lambda: count


class _Streams:
    """Every TCP connection: its number, and which of its directions speak TLS."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._session = _session()
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._count = 0
        # Bytes of each direction that were handed to scapy; absent where TLS has not begun.
        self._given: dict[bytes, int] = {}
        self._done: set[bytes] = set()
        # The sequence number that the next segment of a direction should have.
        self._next: dict[bytes, int] = {}
        # Directions that have said a hello or an alert: what is left as bytes later is encrypted.
        self._heard: set[bytes] = set()
        # Directions that have changed their keys.
        self._changed: set[bytes] = set()
        # Directions with a ClientHello whose lengths contradict each other.
        self._contradictions: set[bytes] = set()
        # Directions that wait for the rest of a record: of which stream, and since which frame.
        self._waiting: dict[bytes, tuple[int, int]] = {}

    def messages(self, packet: Packet, frame: int) -> Iterator[Message]:
        from scapy.layers.inet import TCP
        from scapy.layers.tls.record import TLS
        from scapy.layers.tls.record_sslv2 import SSLv2
        from scapy.packet import Padding
        from scapy.sessions import streamcls
        from scapy.utils import EDecimal

        source, destination = _ends(packet)
        stream = self._number(packet, source, destination)
        direction = _name(source, destination)
        payload = packet[TCP].payload
        data = b"" if isinstance(payload, Padding) else payload.original
        if not data or direction in self._done:
            return
        if direction not in self._given:
            if not _begins_tls(data):
                # scapy is not asked here, so it may be where a hello is.
                layers = ":".join(layer.__name__ for layer in packet.layers())
                self._found.layers[frame] = sys.intern(layers)
                return
            self._given[direction] = 0
        self._note_order(direction, stream, packet[TCP].seq, len(data), frame)
        self._given[direction] += len(data)
        if self._given[direction] > _BYTES_OF_A_DIRECTION:
            self._forget(direction)
            return
        # By its port alone scapy would take TLS for TLS on 443 only.
        _, metadata = self._session.tcp_frags[direction]
        # The format of SSL 2.0 is for the first record of a direction only.
        record = SSLv2 if data[0] & 0x80 and self._given[direction] == len(data) else TLS
        metadata.setdefault("pay_class", record)
        metadata.setdefault("tcp_reassemble", streamcls(record))
        began_here = direction not in self._waiting
        in_clear = not {direction} & (self._heard | self._changed)
        # Where the capture holds no time, scapy makes one of its own clock.
        is_captured = began_here and isinstance(packet.time, EDecimal)
        ts = int(packet.time * 1_000_000_000) if is_captured else None
        try:
            whole = self._session.process(packet)
            messages = [] if whole is None else list(self._messages_of(whole, direction))
        except Exception:
            # scapy raises whatever a malformed record made it stumble over.
            self._note(stream, "stumbled", frame)
            if direction in self._waiting:
                # It was made whole with zeros, so what it was waiting for never came.
                self._note(stream, "waits", self._waiting[direction][1])
            self._forget(direction)
            return
        if whole is None or not (TLS in whole or SSLv2 in whole):
            self._waiting.setdefault(direction, (stream, frame))
            return
        began = self._waiting.pop(direction, None)
        if began is not None and "not-in-order" in self._found.notes.get(("tcp", stream), {}):
            # scapy made it whole with zeros.
            self._note(stream, "waits", began[1])
        if direction in self._contradictions:
            self._note(stream, "contradiction", frame)
        if in_clear and _leaves_bytes(whole):
            self._note(stream, "bytes-left", frame)
        for kind, cells, random in messages:
            self._heard.add(direction)
            yield Message(kind, frame, ts, "tcp", stream, source, destination, cells, random)

    def finish(self) -> None:
        """Note the records whose rest never came: a hello may be in one."""
        for stream, frame in self._waiting.values():
            self._note(stream, "waits", frame)

    def _messages_of(self, packet: Packet, direction: bytes) -> Iterator[_Found]:
        """Give the messages of records in clear.

        Behind a change of keys scapy takes encrypted bytes for messages where their first byte is
        the number of one. Only a hello that fills its record is in clear there: the second one of
        TLS 1.3, or one of a new handshake.
        """
        from scapy.layers.tls.record import TLSChangeCipherSpec

        layer = packet
        while layer:
            for message in _messages_in(layer):
                if isinstance(message, TLSChangeCipherSpec):
                    self._changed.add(direction)
                elif direction not in self._changed or _fills(message, layer):
                    if _contradicts_itself(message):
                        self._contradictions.add(direction)
                    yield from _read(message, layer)
            layer = layer.payload

    def _note_order(self, direction: bytes, stream: int, seq: int, size: int, frame: int) -> None:
        if seq != self._next.get(direction, seq):
            self._note(stream, "not-in-order", frame)
        if seq + size >= _SEQUENCE_NUMBERS:
            self._note(stream, "number-wraps", frame)
        self._next[direction] = seq + size

    def _note(self, stream: int, word: str, frame: int) -> None:
        """Keep the first frame of which it holds: both directions note when they are done."""
        notes = self._found.notes.setdefault(("tcp", stream), {})
        notes[word] = min(notes.get(word, frame), frame)

    def _number(self, packet: Packet, source: Endpoint, destination: Endpoint) -> int:
        """Number connections as Wireshark does: by addresses and ports, anew with every new SYN."""
        from scapy.layers.inet import TCP

        ends = ((source.ip, source.port), (destination.ip, destination.port))
        key = (*sorted(ends, key=str),)
        segment = packet[TCP]
        opens = segment.flags.S and not segment.flags.A
        begun = (*ends, segment.seq)
        if key not in self._numbers or (opens and self._numbers.get(begun) != self._numbers[key]):
            for direction in (_name(source, destination), _name(destination, source)):
                self._given.pop(direction, None)
                self._done.discard(direction)
                self._waiting.pop(direction, None)
                self._heard.discard(direction)
                self._changed.discard(direction)
                self._contradictions.discard(direction)
                self._next.pop(direction, None)
                self._session.tcp_frags.pop(direction, None)
            self._numbers[key] = self._count
            self._count += 1
            self._found.tcp_streams = self._count
        if opens:
            self._numbers[begun] = self._numbers[key]
        elif segment.flags.S:
            # The SYN that it answers may come behind it.
            self._numbers[ends[1], ends[0], segment.ack - 1] = self._numbers[key]
        return self._numbers[key]

    def _forget(self, direction: bytes) -> None:
        self._done.add(direction)
        self._session.tcp_frags.pop(direction, None)


def _session() -> Any:
    from scapy.sessions import TCPSession

    class Session(TCPSession):
        """scapy's own names a direction by what lies below TCP, which may be no address."""

        def _get_ident(self, pkt: Packet, session: bool = False) -> bytes:
            source, destination = _ends(pkt)
            if session:
                source, destination = sorted((source, destination), key=str)
            return _name(source, destination)

    return Session()


def _name(source: Endpoint, destination: Endpoint) -> bytes:
    """What tells one direction of one connection from all others."""
    return f"{source.ip} {source.port},{destination.ip} {destination.port}".encode()


def _ends(packet: Packet) -> tuple[Endpoint, Endpoint]:
    from scapy.layers.inet import IP, TCP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import CookedLinux, Ether
    from scapy.utils import str2mac

    segment = packet[TCP]
    below = segment.underlayer
    while below is not None and not isinstance(below, IP | IPv6):
        below = below.underlayer
    link = None if below is None else below.underlayer
    # Below another IP layer is the link of a tunnel, not that of the packet inside.
    while link is not None and not isinstance(link, Ether | CookedLinux | IP | IPv6):
        link = link.underlayer
    macs: tuple[str | None, str | None] = (None, None)
    if isinstance(link, Ether):
        macs = (link.src, link.dst)
    elif isinstance(link, CookedLinux) and link.lladdrlen == 6:
        macs = (str2mac(link.src[:6]), None)
    ips = (below.src, below.dst) if below is not None else (None, None)
    return Endpoint(ips[0], segment.sport, macs[0]), Endpoint(ips[1], segment.dport, macs[1])


def _begins_tls(data: bytes) -> bool:
    """Whether a segment begins with a handshake or alert record, or a hello as in SSL 2.0."""
    if data[0] in (21, 22):
        return len(data) < 2 or data[1] == 3
    if len(data) < 5 or not data[0] & 0x80:
        return False
    # Message type and version: a hello of a client as in SSL 2.0, or of an SSL 2.0 server.
    return (data[2] == 1 and int.from_bytes(data[3:5]) in _SSL2_TO_12) or (
        data[2] == 4 and data[5:7] == b"\0\2"
    )


def _leaves_bytes(packet: Packet) -> bool:
    """Whether a handshake record is left as bytes, such as a part of a message."""
    from scapy.layers.tls.record import TLS

    layer = packet
    while layer:
        record = layer.fields if isinstance(layer, TLS) else {}
        if record.get("type") == 22 and "Raw" in [each.name for each in record.get("msg", ())]:
            return True
        layer = layer.payload
    return False


def _messages_in(layer: Packet) -> Sequence[Packet]:
    from scapy.layers.tls.record import TLS
    from scapy.layers.tls.record_sslv2 import SSLv2

    return layer.msg if isinstance(layer, TLS | SSLv2) else ()


def _fills(message: Packet, record: Packet) -> bool:
    """Whether the record is as long as the message that scapy found in it."""
    length = message.fields.get("msglen")
    return length is not None and length + 4 == record.len


def _contradicts_itself(message: Packet) -> bool:
    """Whether the lists of a ClientHello do not end where it does."""
    from scapy.layers.tls.handshake import TLS13ClientHello, TLSClientHello

    if not isinstance(message, TLSClientHello | TLS13ClientHello):
        return False
    parts = [message.fields.get(name) or 0 for name in ("sidlen", "cipherslen", "complen")]
    extensions = message.fields.get("extlen")
    # Version, random, and the lengths of three lists; extensions have a length of their own.
    length = 2 + 32 + 1 + 2 + 1 + sum(parts) + (0 if extensions is None else 2 + extensions)
    return bool(length != message.fields.get("msglen"))


def _read(message: Packet, record: Packet) -> Iterator[_Found]:
    from scapy.layers.tls.handshake import (
        TLS13ClientHello,
        TLS13HelloRetryRequest,
        TLSClientHello,
        TLSServerHello,
    )
    from scapy.layers.tls.handshake_sslv2 import SSLv2ClientHello, SSLv2ServerHello
    from scapy.layers.tls.record import TLSAlert

    if (
        isinstance(message, SSLv2ClientHello | SSLv2ServerHello)
        and message.version not in _SSL2_TO_12
    ):
        # Out of step scapy takes any bytes for such a record.
        return
    if isinstance(message, SSLv2ClientHello):
        yield "client_hello", _ssl2_client_hello(message), None
    elif isinstance(message, SSLv2ServerHello):
        cells = server_hello_cells(legacy_version=message.version, cipher_suite=None)
        yield "server_hello", {"record_version": 2, **cells}, None
    elif isinstance(message, TLS13HelloRetryRequest):
        yield "retry_request", {}, message.random_bytes
    elif isinstance(message, TLSClientHello | TLS13ClientHello):
        yield "client_hello", _client_hello(message, record.version), _random(message)
    elif isinstance(message, TLSServerHello):
        random = _random(message)
        cells = {"record_version": record.version, **_server_hello(message, random)}
        yield kind_of_server_hello(random), cells, random
    elif isinstance(message, TLSAlert) and record.len == 2:
        # A longer record is a protected one.
        cells = {"alert_level": message.level, "alert_description": message.descr}
        yield "alert", cells, None


def _ssl2_client_hello(message: Packet) -> dict[str, Any]:
    specs = [int(spec) for spec in message.ciphers]
    return client_hello_cells(
        record_version=0x0002,
        legacy_version=message.version,
        cipher_suites=[spec for spec in specs if spec <= 0xFFFF],
        ssl2_cipher_kinds=[spec for spec in specs if spec > 0xFFFF],
    )


def _client_hello(message: Packet, record_version: int) -> dict[str, Any]:
    extensions = _extensions(message)
    names = [
        each.servername
        for each in _field(extensions, 0, "servernames", [])
        if each.nametype == 0 and isinstance(each.servername, bytes)
    ]
    protocols = _field(extensions, 16, "protocols", None)
    return client_hello_cells(
        record_version=record_version,
        legacy_version=message.version,
        cipher_suites=message.ciphers or [],
        extensions=None if message.extlen is None else [each.type for each in message.ext or []],
        supported_versions=_field(extensions, 43, "versions", None),
        groups=_field(extensions, 10, "groups", None),
        alpn=None if protocols is None else [each.protocol for each in protocols],
        server_name=names[0] if names else None,
    )


def _server_hello(message: Packet, random: bytes | None) -> dict[str, Any]:
    extensions = _extensions(message)
    protocols = _field(extensions, 16, "protocols", None)
    share = _field(extensions, 51, "server_share", None)
    compression = getattr(message, "comp", None)
    return server_hello_cells(
        legacy_version=message.version,
        cipher_suite=message.cipher,
        random=random,
        compression_method=compression[0] if compression else None,
        supported_version=_field(extensions, 43, "version", None),
        key_share_group=None if share is None else share.group,
        alpn=protocols[0].protocol if protocols else None,
    )


def _extensions(message: Packet) -> dict[int, Packet]:
    """The extensions by type, the first of each."""
    found: dict[int, Packet] = {}
    for each in message.ext or []:
        found.setdefault(each.type, each)
    return found


def _field(extensions: dict[int, Packet], kind: int, name: str, otherwise: Any) -> Any:
    """One field of an extension; otherwise where it is not there, or scapy left it as bytes."""
    extension = extensions.get(kind)
    if extension is None:
        return otherwise
    value = extension.fields.get(name, otherwise)
    return list(value) if isinstance(value, list) else value


def _random(message: Packet) -> bytes | None:
    """The 32 bytes of the random, whose first four scapy shows as a time."""
    rest = message.random_bytes
    if not isinstance(rest, bytes):
        return None
    if len(rest) == 32:
        return rest
    return int(message.gmt_unix_time).to_bytes(4, "big") + rest
