"""A DNS server that knows a handful of names, and a client that asks it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from network import Host, in_namespace

PORT = 53
# Type A, class IN: a question for an IPv4 address.
ADDRESS_QUESTION = bytes.fromhex("0001 0001")


@contextmanager
def name_server(host: Host, addresses: Mapping[str, str]) -> Iterator[None]:
    """Answers questions for the IPv4 addresses of these names on the host's first address."""
    with in_namespace(host.namespace):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((host.ip, PORT))

    def answer() -> None:
        while True:
            question, sender = listener.recvfrom(512)
            if not question:
                return
            name, rest = read_name(question[12:])
            if rest != ADDRESS_QUESTION:
                continue
            # Flags: response, recursion desired and available. The answer points at the name.
            reply = question[:2] + bytes.fromhex("8180 0001 0001 0000 0000") + question[12:]
            reply += bytes.fromhex("c00c 0001 0001 0000012c 0004")
            listener.sendto(reply + socket.inet_aton(addresses[name]), sender)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        # An empty datagram ends the thread.
        with in_namespace(host.namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", (host.ip, PORT))
        thread.join()
        listener.close()


def read_name(question: bytes) -> tuple[str, bytes]:
    """The name at the start of a question and what follows it."""
    labels = []
    while length := question[0]:
        labels.append(question[1 : 1 + length].decode())
        question = question[1 + length :]
    return ".".join(labels), question[1:]


def look_up(host: Host, server: str, name: str, identifier: int) -> None:
    """Asks for a name and waits for the answer, as a machine does before it connects."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = struct.pack(">HHHHHH", identifier, 0x0100, 1, 0, 0, 0)
    with in_namespace(host.namespace):
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asking:
        asking.settimeout(5)
        asking.sendto(question + labels + b"\0" + ADDRESS_QUESTION, (server, PORT))
        asking.recv(512)
