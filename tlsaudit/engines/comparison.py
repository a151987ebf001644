"""Two engines' tables side by side: message by message, cell by cell.

A message (a hello, or the alert of a handshake) is matched by capture, transport, kind and frame.
What the other engine has and the core has not is `missing`, what only the core has is `extra`. Of
a message that both have, every column is compared that the other engine does not declare to lack.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import pandas

    from tlsaudit.engines.reading import Reading

__all__ = ["MESSAGES", "Abilities", "Comparison", "Difference", "compare"]

Row: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal["missing", "extra", "cell"]
_Key: TypeAlias = tuple[str, str, int, str, int]

MESSAGES = {
    "client_hello": "client_hello_frame",
    "second_client_hello": "second_client_hello_frame",
    "server_hello": "server_hello_frame",
    "retry_request": "retry_request_frame",
    "alert": "alert_frame",
}
"""The messages that are matched, and the column that says in which frame each is."""

# Where every message is, and whose it is.
_PLACE = (
    "stream",
    "client",
    "client_ip",
    "client_port",
    "client_mac",
    "server",
    "server_ip",
    "server_port",
)
_OFFER = (
    "server_name",
    "client_legacy_version",
    "client_supported_versions",
    "client_cipher_suites",
    "client_ssl2_cipher_kinds",
    "client_extensions",
    "client_groups",
    "client_alpn",
    "client_ech",
    "client_fallback_scsv",
    "client_hello_complete",
    "ja3",
    "ja4",
)
_CHOICE = (
    "client_hello_frame",
    "server_legacy_version",
    "server_supported_version",
    "negotiated_cipher_suite",
    "compression_method",
    "negotiated_group",
    "negotiated_alpn",
    "server_hello_complete",
    "ja3s",
    "certificate_subject",
    "certificate_issuer",
    "certificate_not_after",
    "certificate_key",
    "certificate_signature",
    "downgrade_sentinel",
    "hello_retry_request",
)
_OF_MESSAGE = {
    "client_hello": _OFFER,
    "second_client_hello": ("client_hello_frame",),
    "server_hello": _CHOICE,
    "retry_request": ("client_hello_frame",),
    "alert": ("alert_description", "alert_level", "alert_sender"),
}
# Cells that only say which other message belongs to this one.
_SHOWN_BY = {
    "client_hello_frame": ("client_hello",),
    "hello_retry_request": ("retry_request",),
}
# Not compared: the key and what the matching itself is made of.
_MATCHING = ("capture", "transport", "handshake", "engine", *MESSAGES.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two engines do not say alike.

    `column` is null where a whole message is missing or extra. `ours` is what the core has,
    `theirs` what the other engine has. The rest is for those who ask why: the rows, what else
    either has on the same stream and the core in the same capture, the rows of the captures table,
    what the other engine says of the frame and the stream, and what kind of thing the core has set
    aside there.
    """

    engine: str
    kind: Kind
    capture: str
    transport: str
    stream: int | None
    frame: int
    message: str
    column: str | None
    ours: Any
    theirs: Any
    our_row: Row | None
    their_row: Row | None
    our_stream: Sequence[Row]
    our_rows: Sequence[Row]
    their_stream: Sequence[Row]
    our_capture: Row
    their_capture: Row
    layers: tuple[str, ...]
    fields: Mapping[str, str]
    notes: Mapping[str, int]
    set_aside: str | None


class Abilities(Protocol):
    """What an engine declares: see `reading.Engine`."""

    LACKS: Mapping[str, str]
    TRANSPORTS: Set[str]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All differences, in the order of the table, and how many messages both engines have."""

    differences: Sequence[Difference]
    compared: Mapping[str, int]


def compare(ours: Reading, theirs: Reading, engine: str, other: Abilities) -> Comparison:
    """Compare the core's reading with that of another engine, as far as that goes."""
    layers = {key: tuple(names.split(":")) for key, names in theirs.layers.items()}
    sides = _Sides(
        engine,
        _Side(ours),
        _Side(theirs),
        layers,
        theirs.fields,
        theirs.notes,
    )
    compared: Counter[str] = Counter()
    differences: list[Difference] = []
    for key in sorted(sides.ours.messages.keys() | sides.theirs.messages.keys()):
        if key[1] not in other.TRANSPORTS:
            continue
        our_row, their_row = sides.ours.messages.get(key), sides.theirs.messages.get(key)
        if our_row is None or their_row is None:
            kind: Kind = "missing" if our_row is None else "extra"
            if sides.is_alert_of_lost_hello(key, our_row or their_row):
                continue
            differences.append(sides.difference(key, kind, None))
            continue
        compared[key[3]] += 1
        for column in _columns(key[3], our_row, their_row):
            if column in other.LACKS or (column == "ts" and their_row[column] is None):
                # Other engines do not know the time of a message that began in another frame.
                continue
            if our_row[column] != their_row[column] and not sides.follows(key, column):
                differences.append(sides.difference(key, "cell", column))
    return Comparison(differences, compared)


class _Side:
    """One engine's tables, to be looked up in."""

    def __init__(self, reading: Reading) -> None:
        self.messages: dict[_Key, Row] = {}
        self.streams: defaultdict[tuple[str, str, int | None], list[Row]] = defaultdict(list)
        self.rows: defaultdict[str, list[Row]] = defaultdict(list)
        self.captures: dict[str, Row] = {
            str(row["capture"]): {str(name): value for name, value in row.items()}
            for row in reading.captures.to_dict("records")
        }
        self.set_aside: dict[tuple[str, str, int | None], str] = {}
        columns = reading.set_aside[["capture", "transport", "stream", "kind"]]
        for capture, transport, stream, kind in columns.itertuples(index=False):
            self.set_aside[capture, transport, stream] = str(kind)
        for row in _rows(reading.handshakes):
            self.streams[row["capture"], row["transport"], row["stream"]].append(row)
            self.rows[row["capture"]].append(row)
            for key in _messages(row):
                # Two of a kind in one frame are told apart by their order.
                number = 0
                while (*key, number) in self.messages:
                    number += 1
                self.messages[*key, number] = row


@dataclass(frozen=True)
class _Sides:
    """Both engines' tables."""

    engine: str
    ours: _Side
    theirs: _Side
    layers: Mapping[tuple[str, int], tuple[str, ...]]
    fields: Mapping[tuple[str, int], Mapping[str, str]]
    notes: Mapping[tuple[str, str, int], Mapping[str, int]]

    def follows(self, key: _Key, column: str) -> bool:
        """Whether a cell differs because a hello of the row is missing or extra itself."""
        capture, transport, _, _, number = key
        if column == "client_mac":
            # The link address is that of the row's first message, and may be another on the way.
            firsts = [_first_frame(side.messages[key]) for side in (self.ours, self.theirs)]
            return firsts[0] != firsts[1]
        for this, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            row = this.messages[key]
            for message in _SHOWN_BY.get(column, ()):
                frame = row[MESSAGES[message]]
                if frame is not None and (
                    (capture, transport, frame, message, number) not in other.messages
                ):
                    return True
        return False

    def is_alert_of_lost_hello(self, key: _Key, row: Row | None) -> bool:
        """Whether it is an alert whose handshake one side has not: that is a difference itself."""
        first = _first_hello(row) if row and key[3] == "alert" else None
        if row is None or first in (None, "alert"):
            return False
        hello = *key[:2], row[MESSAGES[first]], first, key[4]
        return not (hello in self.ours.messages and hello in self.theirs.messages)

    def difference(self, key: _Key, kind: Kind, column: str | None) -> Difference:
        capture, transport, frame, message, _ = key
        our_row, their_row = self.ours.messages.get(key), self.theirs.messages.get(key)
        stream = (our_row or their_row or {})["stream"]
        conversation = capture, transport, stream
        return Difference(
            engine=self.engine,
            kind=kind,
            capture=capture,
            transport=transport,
            stream=stream,
            frame=frame,
            message=message,
            column=column,
            ours=our_row[column] if our_row and column else None,
            theirs=their_row[column] if their_row and column else None,
            our_row=our_row,
            their_row=their_row,
            our_stream=self.ours.streams[conversation],
            our_rows=self.ours.rows[capture],
            their_stream=self.theirs.streams[conversation],
            our_capture=self.ours.captures.get(capture, {}),
            their_capture=self.theirs.captures.get(capture, {}),
            layers=self.layers.get((capture, frame), ()),
            fields=self.fields.get((capture, frame), {}),
            notes=self.notes.get((capture, transport, stream), {}),
            set_aside=self.ours.set_aside.get((capture, transport, stream)),
        )


def _rows(handshakes: pandas.DataFrame) -> list[Row]:
    from tlsaudit import schema

    names = [column.name for column in schema.HANDSHAKES]
    rows: list[Row] = schema.to_arrow(handshakes[names], schema.HANDSHAKES).to_pylist()
    return rows


def _messages(row: Row) -> Iterator[tuple[str, str, int, str]]:
    for message, column in MESSAGES.items():
        if row[column] is not None:
            yield row["capture"], row["transport"], row[column], message


def _columns(message: str, our_row: Row, their_row: Row) -> Iterator[str]:
    """The columns to compare at this message; those of the whole row at its first hello."""
    yield from _PLACE
    yield from _OF_MESSAGE[message]
    if _first_hello(our_row) == message == _first_hello(their_row):
        from tlsaudit import schema

        elsewhere = {*_PLACE, *_MATCHING, *(c for cs in _OF_MESSAGE.values() for c in cs)}
        yield from (c.name for c in schema.HANDSHAKES if c.name not in elsewhere)


def _first_hello(row: Row) -> str | None:
    return next((message for message, column in MESSAGES.items() if row[column] is not None), None)


def _first_frame(row: Row) -> int | None:
    first = _first_hello(row)
    return None if first is None else row[MESSAGES[first]]
