"""Hellos taken apart and put together again, with the places that differ from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

HANDSHAKE = 22
SERVER_NAME, GROUPS, PADDING, PRE_SHARED_KEY, VERSIONS, KEY_SHARE = 0, 10, 21, 41, 43, 51
NAME_LENGTH = 18
"""Of the names that the capture maker writes: `s00000.example.net`."""


@dataclass(frozen=True)
class Edit:
    """Bytes of a flight that every connection fills anew.

    `kind`: `random`; `session`, random and the same in both hellos; `name` and `serial`, of the
    server; `grease0`, `grease1`, ..., a number of RFC 8701 for each place.
    """

    kind: str
    at: int
    length: int

    def moved(self, by: int) -> Edit:
        """Give the same edit further on."""
        return replace(self, at=self.at + by)


@dataclass
class Hello:
    """A ClientHello (`kind` 1) or ServerHello (2).

    `choices` is what is between the session id and the extensions: suites and compression
    methods, or the one of each.
    """

    kind: int
    version: int
    random: bytes
    session_id: bytes
    choices: bytes
    extensions: list[tuple[int, bytes]]

    @classmethod
    def read(cls, message: bytes) -> Hello:
        """Take a message apart that is known to be well formed."""
        at = 39 + message[38]
        session_id = message[39:at]
        end = at + 3
        if message[0] == 1:
            end = at + 2 + int.from_bytes(message[at : at + 2])
            end += 1 + message[end]
        extensions, place = [], end + 2
        while place < len(message):
            kind = int.from_bytes(message[place : place + 2])
            size = int.from_bytes(message[place + 2 : place + 4])
            extensions.append((kind, message[place + 4 : place + 4 + size]))
            place += 4 + size
        version = int.from_bytes(message[4:6])
        return cls(message[0], version, message[6:38], session_id, message[at:end], extensions)

    @property
    def suites(self) -> list[int]:
        """The suites offered, or the one chosen."""
        return numbers(self.choices[2:] if self.kind == 1 else self.choices[:2])[
            : int.from_bytes(self.choices[:2]) // 2 if self.kind == 1 else 1
        ]

    @property
    def versions(self) -> list[int]:
        """What the supported_versions extension says."""
        return numbers(self.extension(VERSIONS)[2 - self.kind :])

    def extension(self, wanted: int) -> bytes:
        """Give the body of an extension, nothing if it is not there."""
        return next((body for kind, body in self.extensions if kind == wanted), b"")

    def with_name_width(self) -> None:
        """Give the server name, if there is one, the width of those that will be put there."""
        name = b"s" + bytes(NAME_LENGTH - 1)
        body = u16(NAME_LENGTH + 3) + b"\0" + u16(NAME_LENGTH) + name
        self.extensions = [
            (kind, body if kind == SERVER_NAME and old else old) for kind, old in self.extensions
        ]

    def written(self) -> Written:
        """Put it together."""
        head = u16(self.version) + self.random + bytes([len(self.session_id)]) + self.session_id
        out = Written(bytes([self.kind]) + bytes(3) + head + self.choices)
        self._mark_head(out)
        if self.extensions:
            length = sum(4 + len(body) for _, body in self.extensions)
            out.data += u16(length)
            greases = 0
            for kind, body in self.extensions:
                start = len(out.data)
                out.data += u16(kind) + u16(len(body)) + body
                out.blocks.append((start, len(out.data)))
                if is_grease(kind):
                    out.edits.append(Edit(f"grease{3 + greases}", start, 2))
                    greases += 1
                _mark_extension(out.edits, kind, body, start + 4, self.kind)
        out.data[1:4] = (len(out.data) - 4).to_bytes(3)
        return out

    def _mark_head(self, out: Written) -> None:
        # The last eight bytes of a server's random may say that it could do better: they stay.
        out.edits.append(Edit("random", 6, 32 if self.kind == 1 else 24))
        if self.session_id:
            out.edits.append(Edit("session", 39, len(self.session_id)))
        if self.kind == 1:
            out.suites_end = 39 + len(self.session_id) + 2 + 2 * len(self.suites)
            first = 39 + len(self.session_id) + 2
            out.edits += [
                Edit("grease0", first + 2 * place, 2)
                for place, suite in enumerate(self.suites)
                if is_grease(suite)
            ]


@dataclass
class Written:
    """Bytes, what in them differs each time, and where the extensions are."""

    message: bytes
    edits: list[Edit] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    suites_end: int = 0
    data: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self.data = bytearray(self.message)


def u16(number: int) -> bytes:
    """Give two bytes."""
    return number.to_bytes(2)


def numbers(data: bytes) -> list[int]:
    """Give the two-byte numbers in a list of them."""
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data) - 1, 2)]


def is_grease(number: int) -> bool:
    """Say whether RFC 8701 reserves this number."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _mark_extension(edits: list[Edit], kind: int, body: bytes, at: int, hello: int) -> None:
    if kind == SERVER_NAME and hello == 1 and body:
        edits.append(Edit("name", at + 5, NAME_LENGTH))
    elif kind == KEY_SHARE and hello == 1:
        _mark_shares(edits, body, at)
    elif kind in (GROUPS, VERSIONS) and hello == 1:
        start = 2 if kind == GROUPS else 1
        slot = "grease1" if kind == GROUPS else "grease2"
        edits += [
            Edit(slot, at + start + 2 * place, 2)
            for place, number in enumerate(numbers(body[start:]))
            if is_grease(number)
        ]
    elif kind == PRE_SHARED_KEY and hello == 1:
        edits.append(Edit("random", at + 4, int.from_bytes(body[2:4])))


def _mark_shares(edits: list[Edit], body: bytes, at: int) -> None:
    place = 2
    while place < len(body):
        size = int.from_bytes(body[place + 2 : place + 4])
        if is_grease(int.from_bytes(body[place : place + 2])):
            edits.append(Edit("grease1", at + place, 2))
        else:
            edits.append(Edit("random", at + place + 4, size))
        place += 4 + size
