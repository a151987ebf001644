"""What engines without a core of their own find in a capture: messages, one at a time.

scapy and Wireshark show single messages. Which hellos are one handshake is worked out for both of
them in `pairing`; what follows from one hello alone is worked out here, from the same fields for
both, so that they cannot differ in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tlsaudit.safe_text import escaped

__all__ = [
    "Endpoint",
    "Kind",
    "Message",
    "client_hello_cells",
    "kind_of_server_hello",
    "server_hello_cells",
]

Kind = Literal["client_hello", "server_hello", "retry_request", "key_exchange", "alert"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a conversation; what it does not have is None."""

    ip: str | None
    port: int | None
    mac: str | None

    @property
    def name(self) -> str:
        """The address that names it: that of IP, else that of the link."""
        return self.ip or self.mac or ""

    def is_same(self, other: Endpoint) -> bool:
        """Whether both are one party; a link address may change on the way, so IP comes first."""
        if self.ip is None:
            return self.mac == other.mac
        return (self.ip, self.port) == (other.ip, other.port)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, where it was found, and the columns of the handshake table that it fills.

    `frame` completes it. `ts` is the time of the frame in which it begins, in nanoseconds since
    1970; None where the engine does not know that. `random` is that of a hello, `number` the
    message's own in DTLS: a message that is sent again has the same.
    """

    kind: Kind
    frame: int
    ts: int | None
    transport: str
    stream: int | None
    source: Endpoint
    destination: Endpoint
    cells: Mapping[str, Any] = field(default_factory=dict)
    random: bytes | None = None
    number: int | None = None

    def as_json(self) -> list[Any]:
        """Give the message as JSON can hold it."""
        ends = [[each.ip, each.port, each.mac] for each in (self.source, self.destination)]
        random = None if self.random is None else self.random.hex()
        place = [self.kind, self.frame, self.ts, self.transport, self.stream]
        return [*place, *ends, dict(self.cells), random, self.number]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Message:
        """Give back the message of which `as_json` gave this."""
        kind, frame, ts, transport, stream, source, destination, cells, random, number = values
        ends = Endpoint(*source), Endpoint(*destination)
        hello = None if random is None else bytes.fromhex(random)
        return cls(kind, frame, ts, transport, stream, *ends, cells, hello, number)


def client_hello_cells(
    *,
    record_version: int | None,
    legacy_version: int,
    cipher_suites: Sequence[int],
    ssl2_cipher_kinds: Sequence[int] | None = None,
    extensions: Sequence[int] | None = None,
    supported_versions: Sequence[int] | None = None,
    groups: Sequence[int] | None = None,
    alpn: Sequence[bytes] | None = None,
    server_name: bytes | None = None,
    ja3: str | None = None,
) -> dict[str, Any]:
    """Give the columns that a whole ClientHello fills; what it has not is None."""
    return {
        "record_version": record_version,
        "client_legacy_version": legacy_version,
        "client_supported_versions": _listed(supported_versions),
        "client_cipher_suites": list(cipher_suites),
        "client_ssl2_cipher_kinds": _listed(ssl2_cipher_kinds),
        "client_extensions": _listed(extensions),
        "client_groups": _listed(groups),
        "client_alpn": None if alpn is None else [escaped(each) for each in alpn],
        "server_name": None if server_name is None else escaped(server_name.lower()),
        "client_ech": _ENCRYPTED_CLIENT_HELLO in (extensions or ()),
        "client_fallback_scsv": _FALLBACK_SCSV in cipher_suites,
        "client_hello_complete": True,
        "ja3": ja3,
    }


def server_hello_cells(
    *,
    legacy_version: int,
    cipher_suite: int | None,
    random: bytes | None = None,
    compression_method: int | None = None,
    supported_version: int | None = None,
    key_share_group: int | None = None,
    alpn: bytes | None = None,
    ja3s: str | None = None,
) -> dict[str, Any]:
    """Give the columns that a whole ServerHello fills; what it has not is None."""
    return {
        "server_legacy_version": legacy_version,
        "server_supported_version": supported_version,
        "negotiated_cipher_suite": cipher_suite,
        "compression_method": compression_method,
        "negotiated_group": key_share_group,
        "negotiated_alpn": None if alpn is None else escaped(alpn),
        "server_hello_complete": True,
        "downgrade_sentinel": _SENTINELS.get(random[-8:]) if random else None,
        "ja3s": ja3s,
    }


def kind_of_server_hello(random: bytes | None) -> Literal["server_hello", "retry_request"]:
    """Tell a HelloRetryRequest from a ServerHello, which it looks like but for its random."""
    return "retry_request" if random == _RETRY_REQUEST_RANDOM else "server_hello"


def _listed(values: Sequence[int] | None) -> list[int] | None:
    return None if values is None else list(values)


_ENCRYPTED_CLIENT_HELLO = 0xFE0D
_FALLBACK_SCSV = 0x5600

# RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest", and the ends of a random that say that
# the server can do better.
_RETRY_REQUEST_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)
_SENTINELS = {
    bytes.fromhex("444f574e47524401"): "tls12",
    bytes.fromhex("444f574e47524400"): "tls11-or-below",
}
