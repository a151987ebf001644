"""From single messages to rows: which hellos are one handshake, for engines that do not know.

The rules are those of the handshake table (`tlsaudit.schema`), written once more apart from the
core, so that a mistake in either shows when engines are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tlsaudit.engines.messages import Endpoint, Message

__all__ = ["rows"]


def rows(messages: Iterable[Message], capture: str, engine: str) -> list[dict[str, Any]]:
    """Give the rows of one capture's messages, which come in the order of their frames."""
    streams: dict[tuple[object, ...], list[_Handshake]] = {}
    heard: set[tuple[object, ...]] = set()
    for message in messages:
        if message.number is not None:
            # Datagrams get lost, so DTLS says things again: the first time counts.
            same = message.kind, message.number, message.source, message.random, message.stream
            if same in heard:
                continue
            heard.add(same)
        handshakes = streams.setdefault(_conversation(message), [])
        _take(handshakes, message)
    return [
        handshake.row(capture, engine, number)
        for handshakes in streams.values()
        for number, handshake in enumerate(handshakes)
    ]


def _conversation(message: Message) -> tuple[object, ...]:
    """What tells one conversation from another: its number, else who talks to whom."""
    if message.stream is not None:
        return message.transport, message.stream
    return message.transport, frozenset((message.source.name, message.destination.name))


class _Handshake:
    """One handshake in the making."""

    def __init__(self, first: Message, client: Endpoint, server: Endpoint) -> None:
        self.first = first
        self.client = client
        self.server = server
        self.cells: dict[str, Any] = {}
        self.random: bytes | None = None
        self.alert_is_fatal = False

    def has(self, column: str) -> bool:
        return self.cells.get(column) is not None

    @property
    def answered(self) -> bool:
        return self.has("server_hello_frame")

    def fill(self, message: Message) -> None:
        """Put the message's cells in, those that are filled already apart."""
        for name, value in message.cells.items():
            if value is not None and not self.has(name):
                self.cells[name] = value

    def row(self, capture: str, engine: str, number: int) -> dict[str, Any]:
        """Give the row. The outcome says no more than hellos and alerts can prove."""
        heard = self.answered or self.has("retry_request_frame")
        if not self.has("client_hello_frame"):
            outcome = "server_only"
        elif self.alert_is_fatal and self.answered:
            outcome = "failed"
        elif self.alert_is_fatal and self.cells["alert_sender"] == "server":
            outcome = "rejected"
        else:
            outcome = "hellos_only" if self.answered else "client_only"
        return {
            "capture": capture,
            "transport": self.first.transport,
            "stream": self.first.stream,
            "handshake": number,
            "ts": self.first.ts,
            "client": self.client.name,
            "client_ip": self.client.ip,
            "client_port": self.client.port,
            "client_mac": self.client.mac,
            "server": self.server.name,
            "server_ip": self.server.ip,
            "server_port": self.server.port,
            "hello_retry_request": self.has("retry_request_frame") if heard else None,
            "outcome": outcome,
            "engine": engine,
            **self.cells,
        }


def _take(handshakes: list[_Handshake], message: Message) -> None:
    current = handshakes[-1] if handshakes else None
    match message.kind:
        case "client_hello":
            if current is not None and _is_second_hello(current, message):
                current.cells.setdefault("second_client_hello_frame", message.frame)
                return
            if current is None or not _is_late_hello(current, message):
                current = _Handshake(message, message.source, message.destination)
                handshakes.append(current)
            current.random = message.random
            current.cells["client_hello_frame"] = message.frame
        case "server_hello" | "retry_request":
            if current is None or not _answers(current, message):
                current = _Handshake(message, message.destination, message.source)
                handshakes.append(current)
            current.cells.setdefault(f"{message.kind}_frame", message.frame)
        case "alert":
            # An alert before any hello belongs to no handshake.
            if current is not None:
                _take_alert(current, message)
            return
        case "key_exchange":
            if current is None or not current.answered:
                return
    current.fill(message)


def _is_second_hello(current: _Handshake, message: Message) -> bool:
    """Whether a ClientHello answers a retry request, seen or not, or repeats the first one."""
    if not current.has("client_hello_frame") or current.answered:
        return False
    if current.has("retry_request_frame") and not current.has("second_client_hello_frame"):
        return True
    # RFC 8446 section 4.1.2: the second hello keeps the random of the first.
    same = message.random is not None and message.random == current.random
    return same and not current.has("alert_frame")


def _is_late_hello(current: _Handshake, message: Message) -> bool:
    """Whether a ClientHello was captured behind its answer."""
    return not current.has("client_hello_frame") and message.source.is_same(current.client)


def _answers(current: _Handshake, message: Message) -> bool:
    """Whether a message of a server belongs to the handshake so far."""
    if message.kind == "server_hello" and current.answered:
        return False
    return not message.source.is_same(current.client)


def _take_alert(current: _Handshake, message: Message) -> None:
    """Keep the first fatal alert, else the first warning."""
    fatal = message.cells["alert_level"] != _WARNING
    if current.has("alert_frame") and (current.alert_is_fatal or not fatal):
        return
    sender = "client" if message.source.is_same(current.client) else "server"
    current.cells.update(message.cells, alert_frame=message.frame, alert_sender=sender)
    current.alert_is_fatal = fatal


_WARNING = 1
