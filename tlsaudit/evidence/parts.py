"""From the frames of conversations to those that are evidence: handshakes, and nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tlsaudit.evidence.chosen import Chosen, Seen
from tlsaudit.evidence.packets import Endpoint, Frame
from tlsaudit.evidence.records import Chain, Sent
from tlsaudit.reports.wording import is_null

__all__ = ["Kept", "Part", "Side", "kept_frames", "parts_of"]

_HANDSHAKE_KINDS = range(20, 23)
# TDS wraps a handshake in packets of the type for it; some servers answer in those of a reply.
_TDS_HEADER, _TDS_TYPES = 8, (0x12, 0x04)
_QUIC_LONG_HEADER = 0x80
# Packets behind the hellos of an authentication: the other messages of both sides, and its end.
_EAP_BEHIND = 16


@dataclass(frozen=True)
class Kept:
    """A frame that is evidence; `length` is how many bytes of its payload are, None for all."""

    frame: Frame
    length: int | None = None


@dataclass
class Side:
    """What one side of a TCP connection sent, and the records of its handshakes."""

    sent: Sent
    chains: list[Chain]
    hellos: list[int]

    @property
    def is_followed(self) -> bool:
        """Whether the records of all its hellos were found."""
        places = [self.sent.places[number] for number in self.hellos]
        return all(any(_meet(chain, *place) for chain in self.chains) for place in places)


@dataclass
class Part:
    """One connection, conversation or authentication: its frames, and its handshakes."""

    handshakes: list[Seen]
    frames: list[Frame]
    sides: dict[Endpoint, Side] = field(default_factory=dict)

    @property
    def hellos(self) -> set[int]:
        """The frames of its hellos."""
        return {frame for each in self.handshakes for frame in each.hellos}

    @property
    def transport(self) -> str:
        """What carries it."""
        return self.handshakes[0].transport


def parts_of(frames: Sequence[Frame], chosen: Chosen) -> list[Part]:
    """Sort the frames of a capture by connection; those of no handshake that is wanted go."""
    by_conversation: dict[int, list[Frame]] = {}
    for each in frames:
        if each.packet is not None:
            by_conversation.setdefault(each.packet.conversation, []).append(each)
    parts = []
    for group in by_conversation.values():
        for run in _connections(group):
            ends = {each.number: _ends(each) for each in run}
            handshakes = [each for each in chosen.handshakes if _is_among(each, ends)]
            if handshakes:
                part = Part(handshakes, run)
                if part.transport == "tcp":
                    part.sides = dict(_sides(part))
                parts.append(part)
    return parts


def _ends(frame: Frame) -> set[Endpoint | None]:
    return {frame.packet.source, frame.packet.destination} if frame.packet else set()


def _is_among(seen: Seen, ends: Mapping[int, set[Endpoint | None]]) -> bool:
    """Say whether frames hold a hello of a handshake: of the same number and client."""
    port = seen.row["client_port"]
    client = None if is_null(port) else (str(seen.row["client_ip"]), int(port))
    return any(
        number in ends and (client is None or client in ends[number]) for number in seen.hellos
    )


def kept_frames(part: Part) -> list[Kept]:
    """Give the frames of a part that are evidence."""
    if part.transport == "tcp":
        return list(_of_tcp(part))
    if part.transport == "eap":
        return [Kept(each) for each in _of_eap(part)]
    return [Kept(each) for each in _of_datagrams(part)]


def _connections(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Split frames of the same addresses and ports where another connection begins."""
    run: list[Frame] = []
    opened: int | None = None
    for each in frames:
        packet = each.packet
        if packet is not None and packet.is_opening:
            if (run and opened is not None and opened != packet.sequence) or (
                run and opened is None
            ):
                yield run
                run = []
            opened = packet.sequence
        run.append(each)
    if run:
        yield run


def _sides(part: Part) -> Iterator[tuple[Endpoint, Side]]:
    """Put the bytes of both sides in order, and find their records."""
    tls13 = any(not is_null(each.row["server_supported_version"]) for each in part.handshakes)
    alerts = {frame for each in part.handshakes for frame in each.frames(["alert_frame"])}
    by_side: dict[Endpoint, list[Frame]] = {}
    for each in part.frames:
        if each.packet is not None and each.packet.source is not None and each.packet.payload:
            by_side.setdefault(each.packet.source, []).append(each)
    for end, frames in by_side.items():
        sent = Sent(frames, tls13)
        hellos = sorted(part.hellos.intersection(sent.places))
        yield end, Side(sent, sent.chains(hellos, alerts.intersection(sent.places)), hellos)


def _of_tcp(part: Part) -> Iterator[Kept]:
    last = max(part.hellos)
    answered: set[Endpoint] = set()
    is_tds = str(part.handshakes[0].row["carrier"]) == "tds"
    for each in part.frames:
        packet = each.packet
        assert packet is not None
        assert packet.source is not None
        kept = 0
        if packet.payload:
            side = part.sides[packet.source]
            start, end = side.sent.places[each.number]
            if side.chains and side.is_followed:
                kept = _kept_bytes(side.chains, start, end)
            elif each.number <= last:
                kept = end - start
            elif not side.hellos and packet.source not in answered:
                # The first that it says is its answer to the hello.
                kept = end - start
            if not kept and is_tds and _is_wrapped_handshake(packet.payload):
                kept = end - start
            if kept and each.number > last:
                answered.add(packet.source)
        if kept or packet.is_about_the_connection or (packet.payload_length and not packet.payload):
            whole = kept == len(packet.payload)
            yield Kept(each, None if whole else kept)


def _is_wrapped_handshake(payload: bytes) -> bool:
    """Say whether a packet of TDS begins with a record of a handshake, behind its header."""
    record = payload[_TDS_HEADER : _TDS_HEADER + 2]
    is_record = len(record) == 2 and record[0] in _HANDSHAKE_KINDS and record[1] == 3
    return is_record and payload[0] in _TDS_TYPES


def _kept_bytes(chains: Sequence[Chain], start: int, end: int) -> int:
    """Give how many bytes of a payload are handshake, or lead to the first one."""
    if start < chains[0].start:
        # What leads to the first handshake: a carrier's dialogue.
        return max(min(end, chains[0].start) - start, _kept_bytes_of(chains, start, end))
    return _kept_bytes_of(chains, start, end)


def _kept_bytes_of(chains: Sequence[Chain], start: int, end: int) -> int:
    return max(
        (min(end, chain.end) - start for chain in chains if _meet(chain, start, end)), default=0
    )


def _meet(chain: Chain, start: int, end: int) -> bool:
    return chain.start < end and start < chain.end


def _of_datagrams(part: Part) -> Iterator[Frame]:
    """Give datagrams up to the last hello, and those behind it that begin with a handshake."""
    last = max(part.hellos)
    for each in part.frames:
        assert each.packet is not None
        if each.number <= last or _is_handshake(part.transport, each.packet.payload):
            yield each


def _is_handshake(transport: str, payload: bytes) -> bool:
    """Say whether a datagram that follows the hellos begins with the rest of a handshake."""
    if transport == "quic":
        return payload[:1] >= bytes([_QUIC_LONG_HEADER])
    return transport == "dtls" and bool(payload) and payload[0] in _HANDSHAKE_KINDS


def _of_eap(part: Part) -> Iterator[Frame]:
    """Give what was said from the beginning of an authentication to shortly behind its hellos."""
    for each in part.frames:
        if any(_is_of(each, seen, part.frames) for seen in part.handshakes):
            yield each


def _is_of(frame: Frame, seen: Seen, frames: Sequence[Frame]) -> bool:
    """Say whether a frame came while an authentication went on."""
    begun, packet = seen.row["ts"], frame.packet
    assert packet is not None
    # EAPOL tells clients apart; over RADIUS all have the same addresses.
    is_radius = packet.source is not None
    if is_radius and not is_null(begun) and frame.ts is not None and frame.ts < begun.value:
        return False
    last = max(seen.hellos)
    behind = [each.number for each in frames if each.number > last][:_EAP_BEHIND]
    return frame.number <= max([last, *behind]) and _is_with(frame, seen)


def _is_with(frame: Frame, seen: Seen) -> bool:
    """Say whether a frame of EAPOL can be of this client; one of RADIUS can."""
    packet = frame.packet
    assert packet is not None
    if packet.source is not None:
        return True
    ends = {each.hex(":") for each in (packet.source_mac, packet.destination_mac) if each}
    return str(seen.row["client"]) in ends
