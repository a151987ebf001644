"""TLS messages as bytes, and what of them an expected table holds.

Written from RFC 5246, RFC 9846 and the SSL 2.0 specification; it only writes. Values are what
the caller says, however wrong: several samples are about that. Nothing here is random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23

RANDOM = bytes(range(0x40, 0x60))
Extension = tuple[int, bytes]

# What an ordinary client of about 2015 offers, 3DES last.
SUITES = (0xC02F, 0xC030, 0xC013, 0xC014, 0x009C, 0x002F, 0x0035, 0x000A)


def u8(number: int) -> bytes:
    return number.to_bytes(1)


def u16(number: int) -> bytes:
    return number.to_bytes(2)


def u24(number: int) -> bytes:
    return number.to_bytes(3)


def sized(size: int, content: bytes) -> bytes:
    """The content after its length, given in `size` bytes."""
    return len(content).to_bytes(size) + content


def u16s(numbers: Sequence[int]) -> bytes:
    return b"".join(u16(number) for number in numbers)


def code_points(numbers: Sequence[int]) -> str:
    """Numbers as an expected table writes them."""
    return ";".join(f"0x{number:04X}" for number in numbers)


# --- extensions -------------------------------------------------------------------------------


def server_name(name: bytes) -> Extension:
    return 0, sized(2, u8(0) + sized(2, name))


def supported_groups(*groups: int) -> Extension:
    return 10, sized(2, u16s(groups))


def point_formats() -> Extension:
    return 11, sized(1, b"\x00")


def signature_algorithms(*algorithms: int) -> Extension:
    return 13, sized(2, u16s(algorithms))


def application_protocols(*names: bytes) -> Extension:
    return 16, sized(2, b"".join(sized(1, name) for name in names))


def supported_versions(*versions: int) -> Extension:
    """As a client sends it; a server sends `(43, u16(version))`."""
    return 43, sized(1, u16s(versions))


def key_share(group: int, key: bytes) -> Extension:
    return 51, sized(2, u16(group) + sized(2, key))


RENEGOTIATION_INFO: Extension = (0xFF01, b"\x00")


def ordinary_extensions(name: bytes = b"www.example.test") -> tuple[Extension, ...]:
    return (
        server_name(name),
        supported_groups(0x001D, 0x0017),
        point_formats(),
        signature_algorithms(0x0401, 0x0403, 0x0201),
        RENEGOTIATION_INFO,
    )


# --- messages ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClientHello:
    """A ClientHello; `extensions` None leaves the whole block out, as before TLS 1.0."""

    version: int = 0x0303
    suites: tuple[int, ...] = SUITES
    extensions: tuple[Extension, ...] | None = ordinary_extensions()
    session: bytes = b""

    def message(self) -> bytes:
        body = u16(self.version) + RANDOM + sized(1, self.session)
        body += sized(2, u16s(self.suites)) + b"\x01\x00"
        if self.extensions is not None:
            body += sized(2, b"".join(u16(kind) + sized(2, data) for kind, data in self.extensions))
        return u8(1) + sized(3, body)

    def columns(self, record_version: int = 0x0301) -> dict[str, str]:
        """The columns that it gives in a table by construction (server_name apart)."""
        found = {
            "record_version": code_points([record_version]),
            "client_legacy_version": code_points([self.version]),
            "client_cipher_suites": code_points(self.suites),
        }
        for kind, data in self.extensions or ():
            if kind == 10:
                found["client_groups"] = code_points(_numbers(data[2:]))
            elif kind == 43:
                found["client_supported_versions"] = code_points(_numbers(data[1:]))
        found["client_extensions"] = code_points([kind for kind, _ in self.extensions or ()])
        return found


def _numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]


@dataclass(frozen=True)
class ServerHello:
    version: int = 0x0303
    suite: int = 0xC02F
    extensions: tuple[Extension, ...] | None = (RENEGOTIATION_INFO,)
    session: bytes = b""

    def message(self) -> bytes:
        body = u16(self.version) + RANDOM[::-1] + sized(1, self.session) + u16(self.suite) + b"\x00"
        if self.extensions is not None:
            body += sized(2, b"".join(u16(kind) + sized(2, data) for kind, data in self.extensions))
        return u8(2) + sized(3, body)

    def columns(self) -> dict[str, str]:
        found = {
            "server_legacy_version": code_points([self.version]),
            "negotiated_cipher_suite": code_points([self.suite]),
        }
        for kind, data in self.extensions or ():
            if kind == 43:
                found["server_supported_version"] = code_points(_numbers(data))
        return found


def certificate(length: int = 700) -> bytes:
    """A Certificate message whose certificate is no certificate: nobody looks into it here."""
    return u8(11) + sized(3, sized(3, sized(3, bytes(i % 251 for i in range(length)))))


SERVER_HELLO_DONE = u8(14) + sized(3, b"")
CLIENT_KEY_EXCHANGE = u8(16) + sized(3, sized(2, bytes(range(128))))
# What follows is encrypted on a real link: any bytes will do.
ENCRYPTED_FINISHED = bytes(0xA0 + i % 64 for i in range(40))


# --- records ----------------------------------------------------------------------------------


def record(kind: int, version: int, *payloads: bytes) -> bytes:
    """One record of all the payloads."""
    return u8(kind) + u16(version) + sized(2, b"".join(payloads))


def split_records(kind: int, version: int, payload: bytes, size: int) -> bytes:
    """The payload over as many records of at most `size` bytes as it takes."""
    parts = [payload[i : i + size] for i in range(0, len(payload), size)]
    return b"".join(record(kind, version, part) for part in parts)


def finishing(version: int) -> bytes:
    """ChangeCipherSpec and an encrypted Finished, up to TLS 1.2."""
    changed = record(CHANGE_CIPHER_SPEC, version, b"\x01")
    return changed + record(HANDSHAKE, version, ENCRYPTED_FINISHED)


def application_data(version: int, length: int = 96) -> bytes:
    return record(APPLICATION_DATA, version, bytes(0x80 + i % 128 for i in range(length)))


def alert(level: int, description: int, version: int = 0x0301) -> bytes:
    return record(ALERT, version, u8(level) + u8(description))


def ssl2_client_hello(version: int, kinds: Sequence[int]) -> bytes:
    """A hello in SSL 2.0's format: three bytes a cipher kind, no extensions."""
    specs = b"".join(u24(kind) for kind in kinds)
    body = u8(1) + u16(version) + u16(len(specs)) + u16(0) + u16(16) + specs + RANDOM[:16]
    return u16(0x8000 | len(body)) + body


def ssl2_server_hello(kinds: Sequence[int]) -> bytes:
    """SSL 2.0's answer: not resumed, an X.509 certificate, the kinds that both know."""
    specs = b"".join(u24(kind) for kind in kinds)
    certificate = bytes(i % 251 for i in range(300))
    body = u8(4) + u8(0) + u8(1) + u16(0x0002) + u16(len(certificate)) + u16(len(specs)) + u16(16)
    body += certificate + specs + RANDOM[:16]
    return u16(0x8000 | len(body)) + body
