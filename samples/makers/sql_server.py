"""As much of SQL Server's protocol as a client needs to log in and leave: real TLS inside (MS-TDS).

TLS is Python's `ssl` over memory; its bytes are put into packets by the rules of TDS 7: during the
handshake inside PRELOGIN packets, afterwards without any, or, where only the login is encrypted,
until the login has been read.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable

from stacks import Handler

PRELOGIN, RESPONSE = 0x12, 0x04
# Values of the option ENCRYPTION.
LOGIN_ALONE, ALL, NONE = 0, 1, 2

_VERSION = bytes.fromhex("10000fa00000")  # SQL Server 2022
_END_OF_MESSAGE = 1


def sql_server(context: ssl.SSLContext, encryption: int, size: int = 4096) -> Handler:
    """Handler: a server whose answer to PRELOGIN is `encryption`, its packets of `size` bytes."""

    def handle(connection: socket.socket) -> None:
        _read_message(_reader(connection))
        connection.sendall(_packets(RESPONSE, _prelogin(encryption), size))
        if encryption == NONE:
            _serve(_reader(connection), connection.sendall, size)
            return
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secured = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                _send_wrapped(connection, outgoing, size)
                incoming.write(_read_message(_reader(connection)))
        _send_wrapped(connection, outgoing, size)

        def read_secured(count: int) -> bytes:
            data = b""
            while len(data) < count:
                try:
                    data += secured.read(count - len(data))
                except ssl.SSLWantReadError:
                    received = connection.recv(65536)
                    if not received:
                        raise EOFError from None
                    incoming.write(received)
            return data

        def send_secured(data: bytes) -> None:
            secured.write(data)
            connection.sendall(outgoing.read())

        if encryption == LOGIN_ALONE:
            _read_message(read_secured)
            connection.sendall(_packets(RESPONSE, _LOGIN_ACCEPTED, size))
            _serve(_reader(connection), connection.sendall, size)
        else:
            _serve(read_secured, send_secured, size)

    return handle


def _serve(read: Callable[[int], bytes], send: Callable[[bytes], None], size: int) -> None:
    """Accepts the login, and answers whatever is asked with nothing, until the client leaves."""
    answer = _LOGIN_ACCEPTED
    try:
        while True:
            _read_message(read)
            send(_packets(RESPONSE, answer, size))
            answer = _DONE
    except EOFError:
        return


def _reader(connection: socket.socket) -> Callable[[int], bytes]:
    def read(count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    return read


def _read_message(read: Callable[[int], bytes]) -> bytes:
    """What is inside the packets of one message."""
    message = b""
    while True:
        _, status, length = struct.unpack(">BBH4x", read(8))
        message += read(length - 8)
        if status & _END_OF_MESSAGE:
            return message


def _packets(kind: int, message: bytes, size: int) -> bytes:
    room = size - 8
    parts = [message[at : at + room] for at in range(0, len(message), room)]
    return b"".join(
        struct.pack(">BBHHBB", kind, number == len(parts), len(part) + 8, 0, number % 256, 0) + part
        for number, part in enumerate(parts, 1)
    )


def _send_wrapped(connection: socket.socket, outgoing: ssl.MemoryBIO, size: int) -> None:
    if data := outgoing.read():
        connection.sendall(_packets(PRELOGIN, data, size))


def _prelogin(encryption: int) -> bytes:
    """The options VERSION and ENCRYPTION, and the end of their list."""
    return struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + _VERSION + bytes([encryption])


_DONE = struct.pack("<BHHQ", 0xFD, 0, 0, 0)


def _login_accepted() -> bytes:
    name = "Microsoft SQL Server".encode("utf-16-le")
    body = b"\x01" + bytes.fromhex("74000004") + bytes([len(name) // 2]) + name + _VERSION[:4]
    return struct.pack("<BH", 0xAD, len(body)) + body + _DONE


_LOGIN_ACCEPTED = _login_accepted()
