"""Handshakes of the samples as templates for the capture maker.

Every template is a handshake that really took place (`samples/`), made ready to be repeated: what
differs from one connection to the next (randoms, session ids, key shares, the server's name, the
serial number of its certificate, GREASE) is marked, certificates of other samples are put behind
the server's own so that the flight has the size of a real chain, and of each full handshake a
resumed one is made as RFC 5246 section 7.3 and RFC 9846 section 2.2 describe it.
"""

from __future__ import annotations

import csv
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hello import HANDSHAKE, PADDING, PRE_SHARED_KEY, Edit, Hello, Written, is_grease, u16

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
sys.path.append(str(SAMPLES / "makers"))

import byte_reader  # type: ignore[import-not-found]  # noqa: E402
import containers  # type: ignore[import-not-found]  # noqa: E402

CHANGE_CIPHER_SPEC, APPLICATION_DATA = 20, 23
TLS10, TLS12, TLS13 = 0x0301, 0x0303, 0x0304
SERVER_HELLO, CERTIFICATE, SERVER_HELLO_DONE = 2, 11, 14
TRIPLE_DES = {0x000A, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012}
# What is encrypted in TLS 1.3, as records of OpenSSL: EncryptedExtensions, Certificate,
# CertificateVerify, Finished; Finished of the client; two tickets.
FULL_FLIGHT, RESUMED_FLIGHT, FINISHED, TICKETS = (45, 2620, 286, 74), (45, 74), (74,), (250, 250)
TICKET_LENGTH, BINDER_LENGTH = 192, 32

Record = tuple[int, int, bytes]
"""Content type, version, payload."""


@dataclass
class Flight:
    """What one side sends at once."""

    side: str
    data: bytearray = field(default_factory=bytearray)
    edits: list[Edit] = field(default_factory=list)
    hello_end: int = 0
    """Where the record that holds the hello ends."""

    def record(self, kind: int, version: int, payload: bytes, secret: bool = False) -> int:
        """Add a record; give where its payload begins."""
        self.data += bytes([kind]) + u16(version) + u16(len(payload))
        start = len(self.data)
        self.data += payload
        if secret:
            self.edits.append(Edit("random", start, len(payload)))
        return start

    def hello(self, version: int, written: Written) -> int:
        """Add a record with a hello alone; give where the hello begins."""
        start = self.record(HANDSHAKE, version, bytes(written.data))
        self.edits += [edit.moved(start) for edit in written.edits]
        self.hello_end = len(self.data)
        return start


@dataclass
class Template:
    """One handshake, and what the truth says of it."""

    client: Hello
    server: Hello
    resumed: bool
    flights: list[Flight] = field(default_factory=list)
    shuffled: list[tuple[int, int]] = field(default_factory=list)
    suites_end: int = 0

    @property
    def version(self) -> int:
        """The version negotiated."""
        return self.server.versions[0] if self.server.versions else self.server.version

    def line(self) -> str:
        """Give the template as the capture maker reads it: fields apart by tabs."""
        chosen = self.server.suites[0]
        fields = [
            f"{self.version:04x}",
            str(int(self.resumed)),
            str(int(chosen in TRIPLE_DES)),
            f"{self.client.version:04x}",
            ",".join(f"{number:04x}" for number in self.client.versions),
            ",".join(f"{number:04x}" for number in self.client.suites),
            f"{self.server.version:04x}",
            ",".join(f"{number:04x}" for number in self.server.versions),
            f"{chosen:04x}",
            str(self.suites_end),
            ",".join(f"{start}-{end}" for start, end in self.shuffled),
        ]
        for flight in self.flights:
            edits = ",".join(f"{edit.kind}:{edit.at}:{edit.length}" for edit in flight.edits)
            fields.append(f"{flight.side}|{flight.hello_end}|{edits}|{flight.data.hex()}")
        return "\t".join(fields)


def templates() -> list[Template]:
    """Give the templates: each distinct handshake of the samples, full and resumed."""
    handshakes: dict[object, tuple[list[Record], list[Record]]] = {}
    for client, server in _completed_streams():
        offer, answer = Hello.read(_messages(client)[0]), Hello.read(_messages(server)[0])
        kinds = [kind for kind, _ in offer.extensions]
        shape = (offer.version, offer.choices, kinds, answer.version, answer.choices)
        handshakes.setdefault(repr(shape), (client, server))
    chain = _intermediates(handshakes.values())
    found: list[Template] = []
    for client, server in handshakes.values():
        for resumed in (False, True):
            template = _template(client, server, chain, resumed)
            if template is not None:
                found.append(template)
    return found


def _completed_streams() -> Iterator[tuple[list[Record], list[Record]]]:
    """The records of both sides of each captured connection with one completed handshake."""
    for sample in tomllib.loads((SAMPLES / "manifest.toml").read_text("utf-8"))["sample"]:
        if sample["kind"] != "captured" or sample["file"].endswith((".zst", ".lz4")):
            continue
        with (SAMPLES / "expected" / f"{sample['id']}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        numbers = [row["stream"] for row in rows]
        data = containers.unpacked((SAMPLES / sample["file"]).read_bytes())
        try:
            streams = {str(stream.number): stream for stream in byte_reader.streams(data)}
        except byte_reader.NotReadError:
            continue
        for row in rows:
            usual = row["outcome"] == "completed" and not row["retry_request_frame"]
            if not usual or numbers.count(row["stream"]) > 1:
                continue
            # Other transports number streams of their own, and EAP has neither address nor port.
            sides = streams[row["stream"]].sides if row["stream"] in streams else {}
            ends = [(row[f"{who}_ip"], row[f"{who}_port"]) for who in ("client", "server")]
            client, server = ((address, int(port or 0)) for address, port in ends)
            plain = (
                end in sides and sides[end].data[:1] == bytes([HANDSHAKE])
                for end in (client, server)
            )
            if all(plain):
                yield list(_records(sides[client].data)), list(_records(sides[server].data))


def _records(data: bytes) -> Iterator[Record]:
    at = 0
    while at + 5 <= len(data):
        end = at + 5 + int.from_bytes(data[at + 3 : at + 5])
        yield data[at], int.from_bytes(data[at + 1 : at + 3]), bytes(data[at + 5 : end])
        at = end


def _messages(records: list[Record]) -> list[bytes]:
    """The handshake messages in clear before anything else."""
    joined = b""
    for kind, _, payload in records:
        if kind != HANDSHAKE:
            break
        joined += payload
    messages = []
    while len(joined) >= 4:
        size = 4 + int.from_bytes(joined[1:4])
        messages.append(joined[:size])
        joined = joined[size:]
    return messages


def _certificates(message: bytes) -> list[bytes]:
    found, at = [], 7
    while at < len(message):
        end = at + 3 + int.from_bytes(message[at : at + 3])
        found.append(message[at + 3 : end])
        at = end
    return found


def _intermediates(handshakes: object) -> list[bytes]:
    """Two certificates of the samples to stand behind a server's own, the largest ones."""
    found = {
        certificate
        for _, server in handshakes  # type: ignore[attr-defined]
        for message in _messages(server)
        if message[0] == CERTIFICATE
        for certificate in _certificates(message)
    }
    return sorted(found, key=lambda certificate: (len(certificate), certificate))[-2:]


def _template(
    client: list[Record], server: list[Record], chain: list[bytes], resumed: bool
) -> Template | None:
    offer, answer = Hello.read(_messages(client)[0]), Hello.read(_messages(server)[0])
    offer.with_name_width()
    template = Template(offer, answer, resumed)
    is_tls13 = template.version == TLS13
    if not TLS10 <= template.version <= TLS13 or PRE_SHARED_KEY in dict(offer.extensions):
        return None
    if resumed and is_tls13:
        _offer_key(offer, answer)
    elif resumed:
        offer.session_id = answer.session_id = bytes(32)
    first = Flight("C")
    written = offer.written()
    start = first.hello(client[0][1], written)
    template.suites_end = start + written.suites_end
    template.shuffled = [(start + one, start + other) for one, other in _movable(offer, written)]
    build = _tls13 if is_tls13 else _resumed if resumed else _full
    template.flights = [first, *build(client, server, answer, chain, resumed)]
    return template


def _movable(offer: Hello, written: Written) -> list[tuple[int, int]]:
    """The extensions that a browser shuffles: those between its two of GREASE."""
    places = [place for place, (kind, _) in enumerate(offer.extensions) if is_grease(kind)]
    if len(places) < 2:
        return []
    kinds = [kind for kind, _ in offer.extensions]
    between = range(places[0] + 1, places[-1])
    return [written.blocks[place] for place in between if kinds[place] != PADDING]


def _offer_key(offer: Hello, answer: Hello) -> None:
    identity = u16(TICKET_LENGTH + 6) + u16(TICKET_LENGTH) + bytes(TICKET_LENGTH + 4)
    binder = u16(BINDER_LENGTH + 1) + bytes([BINDER_LENGTH]) + bytes(BINDER_LENGTH)
    offer.extensions.append((PRE_SHARED_KEY, identity + binder))
    answer.extensions.append((PRE_SHARED_KEY, u16(0)))


def _tls13(
    client: list[Record], server: list[Record], answer: Hello, chain: list[bytes], resumed: bool
) -> list[Flight]:
    del chain  # encrypted: only its length shows
    reply, finish, tickets = Flight("S"), Flight("C"), Flight("S")
    reply.hello(TLS12, answer.written())
    for flight, records in ((reply, server), (finish, client)):
        if any(kind == CHANGE_CIPHER_SPEC for kind, _, _ in records):
            flight.record(CHANGE_CIPHER_SPEC, TLS12, b"\x01")
    for flight, lengths in (
        (reply, RESUMED_FLIGHT if resumed else FULL_FLIGHT),
        (finish, FINISHED),
        (tickets, TICKETS),
    ):
        for length in lengths:
            flight.record(APPLICATION_DATA, TLS12, bytes(length), secret=True)
    return [reply, finish, tickets]


def _full(
    client: list[Record], server: list[Record], answer: Hello, chain: list[bytes], resumed: bool
) -> list[Flight]:
    del resumed
    version = server[0][1]
    messages = list(_in_clear(server, answer, chain))
    reply = Flight("S")
    # Some stacks put all of them into one record, and so do we then.
    together = len(_messages(server[:1])) > 1
    start = reply.record(HANDSHAKE, version, b"".join(m for m, _ in messages)) if together else 0
    for message, edits in messages:
        if not together:
            start = reply.record(HANDSHAKE, version, message)
        reply.edits += [edit.moved(start) for edit in edits]
        start += len(message)
        if message[0] == SERVER_HELLO or together:
            reply.hello_end = len(reply.data)
    finish, done = Flight("C"), Flight("S")
    for record in client[1:]:
        if record[0] in (HANDSHAKE, CHANGE_CIPHER_SPEC):
            finish.record(*record)
    in_clear = sum(len(message) for message in _messages(server)[: len(messages)])
    for record in server:
        if in_clear > 0:
            in_clear -= len(record[2])
        elif record[0] in (HANDSHAKE, CHANGE_CIPHER_SPEC):
            done.record(*record)
    return [reply, finish, done]


def _in_clear(
    server: list[Record], answer: Hello, chain: list[bytes]
) -> Iterator[tuple[bytes, list[Edit]]]:
    """The server's messages up to its ServerHelloDone."""
    for message in _messages(server):
        if message[0] == SERVER_HELLO:
            written = answer.written()
            yield bytes(written.data), written.edits
        elif message[0] == CERTIFICATE:
            yield _with_chain(message, chain)
        else:
            yield message, []
        if message[0] == SERVER_HELLO_DONE:
            return


def _with_chain(message: bytes, chain: list[bytes]) -> tuple[bytes, list[Edit]]:
    """A Certificate message with more certificates, and where the serial number of the first is."""
    own = _certificates(message)[0]
    body = b"".join(len(each).to_bytes(3) + each for each in (own, *chain))
    whole = bytes([CERTIFICATE]) + (len(body) + 3).to_bytes(3) + len(body).to_bytes(3) + body
    # Two sequences with lengths of two bytes, the version, then the serial number (RFC 5280 4.1).
    serial = 10 + 4 + 4 + 5
    length = whole[serial + 1]
    if whole[serial] != 2 or length < 8:
        raise ValueError("a certificate of the samples is not laid out as expected")
    # The first byte stays: it says that the number is positive and has no needless zeros.
    return whole, [Edit("serial", serial + 3, length - 1)]


def _resumed(
    client: list[Record], server: list[Record], answer: Hello, chain: list[bytes], resumed: bool
) -> list[Flight]:
    del chain, resumed
    version = server[0][1]
    reply, finish = Flight("S"), Flight("C")
    reply.hello(version, answer.written())
    for flight, records in ((reply, server), (finish, client)):
        changed = next(n for n, record in enumerate(records) if record[0] == CHANGE_CIPHER_SPEC)
        for record in records[changed : changed + 2]:
            flight.record(*record)
    return [reply, finish, Flight("S")]


def write(target: Path) -> int:
    """Write the templates to a file; give their number."""
    found = templates()
    target.write_text("".join(template.line() + "\n" for template in found), encoding="ascii")
    return len(found)
