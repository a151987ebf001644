"""Handshake messages with nothing left in them that names anybody.

What is kept is listed; whatever is not is overwritten with zeros of the same length, so that every
length in a message stays right. Kept are versions, suites, extension types, randoms, session IDs,
groups, and the contents of extensions that only say what a stack can do.
"""

from __future__ import annotations

from collections.abc import Callable

from tlsaudit.evidence.pseudonyms import Pseudonyms

__all__ = ["cleaned_message", "cleaned_ssl2"]

CLIENT_HELLO, SERVER_HELLO, SERVER_KEY_EXCHANGE = 1, 2, 12
_NAMED_CURVE = 3
_SERVER_NAME, _ALPN, _KEY_SHARE = 0, 16, 51
# Extensions whose contents are numbers of registries: max_fragment_length, supported_groups,
# ec_point_formats, signature_algorithms, heartbeat, encrypt_then_mac, extended_master_secret,
# compress_certificate, record_size_limit, supported_versions, psk_key_exchange_modes,
# post_handshake_auth, signature_algorithms_cert.
_HARMLESS = frozenset({1, 10, 11, 13, 15, 22, 23, 27, 28, 43, 45, 49, 50})
_PROTOCOLS = frozenset(
    (b"h2", b"http/1.1", b"http/1.0", b"http/0.9", b"h2c", b"h3", b"spdy/1", b"spdy/2", b"spdy/3",
     b"spdy/3.1", b"acme-tls/1", b"ftp", b"imap", b"pop3", b"managesieve", b"dot", b"doq", b"irc",
     b"mqtt", b"nntp", b"webrtc", b"c-webrtc", b"stun.turn", b"stun.nat-discovery", b"postgresql",
     b"tds/8.0", b"xmpp-client", b"xmpp-server", b"smb", b"coap", b"sip/2", b"radius/1.0")
)  # fmt: skip
"""Names of ALPN that say nothing of anybody; others are replaced."""


def cleaned_message(
    kind: int, body: bytes, length: int, pseudonyms: Pseudonyms, is_dtls: bool = False
) -> bytes:
    """Give the body of a handshake message, cleaned and as long as it was.

    `length` is what its header says; the body is shorter where it was captured in part.
    """
    whole = len(body) == length
    if kind in (CLIENT_HELLO, SERVER_HELLO):
        body = _hello(body, kind == CLIENT_HELLO, pseudonyms, is_dtls)
    elif kind == SERVER_KEY_EXCHANGE and whole and body[:1] == bytes([_NAMED_CURVE]):
        # The number of the curve; the key and its signature go.
        body = body[:3] + bytes(len(body) - 3)
    else:
        body = bytes(len(body))
    return body


def cleaned_ssl2(message: bytes) -> bytes:
    """Give a message of SSL 2.0, without its two bytes of length; certificates go."""
    if message[:1] == b"\x01":
        # Version, three lengths, then suites, session ID and challenge: nobody's name.
        return message
    return message[:11] + bytes(max(0, len(message) - 11))


class _Place:
    """Walks through a message and copies what is to stay; the rest is zeros."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.out = bytearray(len(body))
        self.at = 0

    def keep(self, count: int) -> bytes:
        part = self.body[self.at : self.at + count]
        self.out[self.at : self.at + len(part)] = part
        self.at += count
        return part

    def keep_vector(self, length_bytes: int) -> bytes:
        return self.keep(int.from_bytes(self.keep(length_bytes)))


def _hello(body: bytes, of_client: bool, pseudonyms: Pseudonyms, is_dtls: bool) -> bytes:
    place = _Place(body)
    place.keep(2 + 32)
    place.keep_vector(1)
    if of_client:
        if is_dtls:
            # The cookie is the server's, and may be made of the client's address.
            length = place.keep(1)
            place.at += int.from_bytes(length)
        place.keep_vector(2)
        place.keep_vector(1)
    else:
        place.keep(3)
    length = place.keep(2)
    end = place.at + int.from_bytes(length)
    while len(length) == 2 and place.at + 4 <= min(end, len(body)):
        kind = int.from_bytes(place.keep(2))
        size = int.from_bytes(place.keep(2))
        content = body[place.at : place.at + size]
        cleaned = _extension(kind, content, size, of_client, pseudonyms)
        place.out[place.at : place.at + len(content)] = cleaned
        place.at += size
    return bytes(place.out)


def _extension(
    kind: int, content: bytes, size: int, of_client: bool, pseudonyms: Pseudonyms
) -> bytes:
    if kind in _HARMLESS:
        return content
    clean: Callable[[bytes], bytes]
    if kind == _SERVER_NAME:
        clean = lambda part: _server_names(part, pseudonyms)  # noqa: E731
    elif kind == _ALPN:
        clean = lambda part: _protocols(part, pseudonyms)  # noqa: E731
    elif kind == _KEY_SHARE and len(content) == size:
        return _shares(content, of_client)
    else:
        return bytes(len(content))
    # Of a list that was cut nothing is known but its length.
    return clean(content) if len(content) == size else content[:2] + bytes(len(content[2:]))


def _server_names(content: bytes, pseudonyms: Pseudonyms) -> bytes:
    out, at = bytearray(content[:2]), 2
    while at + 3 <= len(content):
        length = int.from_bytes(content[at + 1 : at + 3])
        name = content[at + 3 : at + 3 + length]
        out += content[at : at + 3] + pseudonyms.name_bytes(name)
        at += 3 + length
    return bytes(out).ljust(len(content), b"\0")[: len(content)]


def _protocols(content: bytes, pseudonyms: Pseudonyms) -> bytes:
    out, at = bytearray(content[:2]), 2
    while at < len(content):
        length = content[at]
        name = content[at + 1 : at + 1 + length]
        out.append(length)
        known = name in _PROTOCOLS or (length == 2 and name[0] == name[1] and name[0] & 15 == 10)
        out += name if known else pseudonyms.name_bytes(name)
        at += 1 + length
    return bytes(out).ljust(len(content), b"\0")[: len(content)]


def _shares(content: bytes, of_client: bool) -> bytes:
    """Keep the groups; the keys go."""
    if not of_client:
        # The group alone where another hello is asked for, else the group and a key.
        return content[:4] + bytes(max(0, len(content) - 4))
    out, at = bytearray(content[:2]), 2
    while at + 4 <= len(content):
        length = int.from_bytes(content[at + 2 : at + 4])
        out += content[at : at + 4] + bytes(min(length, len(content) - at - 4))
        at += 4 + length
    return bytes(out).ljust(len(content), b"\0")[: len(content)]
