"""What an entry of the known differences is, and what entries of several engines ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tlsaudit.engines.comparison import MESSAGES, Difference, Row

__all__ = [
    "KnownDifference",
    "goes_on",
    "hello_in_part",
    "imitation",
    "is_broken",
    "is_extra",
    "noted",
    "payload_of",
    "row_of_core",
    "says_same",
    "server_hello_in_unfinished_record",
]


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """A difference that is tolerated.

    `explains` is true of the differences meant. `example` is a capture that has one: a sample of
    the repository, or a path in the corpus.
    """

    ident: str
    engine: str
    explains: Callable[[Difference], bool]
    reason: str
    example: str


def payload_of(difference: Difference) -> bytes:
    """What lies in the frame's innermost TCP segment or UDP datagram."""
    fields = difference.fields
    return bytes.fromhex(fields.get("tcp.payload") or fields.get("udp.payload") or "")


def says_same(row: Row, other: Row | None, message: str) -> bool:
    """Whether both rows have this message, with the same content."""
    if other is None or row[MESSAGES[message]] is None:
        return False
    if message == "server_hello":
        return all(row[column] == other[column] for column in _CHOSEN)
    ours, theirs = row["client_cipher_suites"] or [], other["client_cipher_suites"] or []
    if row["client_hello_complete"] is False:
        # Of a part the other engine may have made a whole.
        theirs = theirs[: len(ours)]
    return bool(row["client_legacy_version"] == other["client_legacy_version"] and ours == theirs)


def imitation(difference: Difference) -> bool:
    """Whether the other engine takes a set-aside imitation's fixed hello for TLS."""
    row, kind = difference.their_row, difference.set_aside
    if difference.kind != "missing" or row is None or kind is None:
        return False
    # An anonymous suite of RC4 and nothing else, or a hello as in SSL 2.0.
    fixed = row["client_cipher_suites"] == [_DH_ANON_RC4] and row["client_extensions"] is None
    return kind.startswith("pseudo-tls") and (fixed or row["record_version"] == _SSL2)


def hello_in_part(difference: Difference) -> bool:
    """Whether it is about a ClientHello of which the core says that a part is missing."""
    if difference.message != "client_hello" or difference.our_row is None:
        return False
    if row_of_core(difference)["client_hello_complete"] is not False:
        return False
    if difference.kind == "extra":
        return goes_on(difference)
    if not is_broken(difference):
        return False
    return (
        (difference.column == "ja3" and difference.theirs is None)
        # Nothing is concluded from the part: neither a yes nor an empty list.
        or not (difference.ours or difference.theirs)
        or (difference.column == "client_hello_complete" and difference.theirs is True)
        or (difference.column == "client_extensions" and _begin_alike(difference))
    )


def _begin_alike(difference: Difference) -> bool:
    """Whether of two lists of extensions one begins the other.

    Behind an extension that contradicts itself the core goes on, behind the end of the list it
    does not, and scapy does.
    """
    ours, theirs = difference.ours or [], difference.theirs or []
    longer = max(ours, theirs, key=len)
    return bool(theirs) and longer[: len(ours)] == ours and longer[: len(theirs)] == theirs


def is_broken(difference: Difference) -> bool:
    """Whether the other engine says that bytes are missing, or contradict each other."""
    if difference.engine == "scapy":
        return noted(difference, "contradiction", "not-in-order")
    return not {"_ws.short", "_ws.malformed"}.isdisjoint(difference.layers)


def goes_on(difference: Difference) -> bool:
    """Whether the record or packet in this frame ends behind the captured bytes of the frame."""
    if difference.engine == "scapy":
        return noted(difference, "waits")
    payload = payload_of(difference)
    goes_on = payload[:2] == b"\x16\x03" and int.from_bytes(payload[3:5]) + 5 > len(payload)
    return goes_on or "_ws.short" in difference.layers


def server_hello_in_unfinished_record(difference: Difference) -> bool:
    """Whether the core has a ServerHello whose record is not whole."""
    return is_extra(difference, "server_hello") and goes_on(difference)


def noted(difference: Difference, *words: str) -> bool:
    """Whether scapy came across one of these in the stream before."""
    return any(difference.notes.get(word, _NEVER) <= difference.frame for word in words)


def is_extra(difference: Difference, message: str) -> bool:
    """Whether only the core has a message, and it is of this kind."""
    return difference.kind == "extra" and difference.message == message


def row_of_core(difference: Difference) -> Row:
    """The core's row, of a difference that is not missing."""
    assert difference.our_row is not None
    return difference.our_row


_SSL2 = 0x0002
_DH_ANON_RC4 = 0x0018
_CHOSEN = ("server_legacy_version", "negotiated_cipher_suite")
_NEVER = 1 << 62
