"""Hellos in every cut: odd records, odd segments, lost, doubled and late ones."""

from __future__ import annotations

import wire
from conversation import Conversation, connection_columns, finish, go_on, shake_hands
from crafting import make, recipe

__all__ = ["RECIPES", "make"]

HELLO = wire.ClientHello()
ANSWER = wire.ServerHello()
HELLO_RECORD = wire.record(wire.HANDSHAKE, 0x0301, HELLO.message())


def _one_byte_segments() -> Conversation:
    conversation = Conversation().open().send("client", HELLO_RECORD, size=1)
    conversation.send("server", wire.record(wire.HANDSHAKE, 0x0303, ANSWER.message()), size=1)
    rest = (wire.certificate(), wire.SERVER_HELLO_DONE)
    conversation.send("server", wire.record(wire.HANDSHAKE, 0x0303, *rest))
    return go_on(conversation, 0x0303)


def _many_records() -> Conversation:
    pieces = wire.split_records(wire.HANDSHAKE, 0x0301, HELLO.message(), 16)
    conversation = Conversation().open().send("client", pieces)
    flight = ANSWER.message() + wire.certificate() + wire.SERVER_HELLO_DONE
    conversation.send("server", wire.split_records(wire.HANDSHAKE, 0x0303, flight, 40))
    return go_on(conversation, 0x0303)


def _one_byte_records() -> Conversation:
    pieces = wire.split_records(wire.HANDSHAKE, 0x0301, HELLO.message(), 1)
    return finish(Conversation().open().send("client", pieces, size=100), ANSWER)


def _one_record() -> Conversation:
    conversation = Conversation().open().send("client", HELLO_RECORD)
    flight = (ANSWER.message(), wire.certificate(), wire.SERVER_HELLO_DONE)
    conversation.send("server", wire.record(wire.HANDSHAKE, 0x0303, *flight))
    return go_on(conversation, 0x0303)


def _out_of_order() -> Conversation:
    conversation = Conversation().open()
    quarter = len(HELLO_RECORD) // 4 + 1
    parts = [HELLO_RECORD[i : i + quarter] for i in range(0, len(HELLO_RECORD), quarter)]
    for number in (0, 2, 3, 1):
        packet = conversation.segment("client", parts[number], number * quarter)
        conversation.packets.append(packet)
    conversation.advance("client", len(HELLO_RECORD))
    conversation.acknowledge("server")
    flight = b"".join(
        wire.record(wire.HANDSHAKE, 0x0303, message)
        for message in (ANSWER.message(), wire.certificate(), wire.SERVER_HELLO_DONE)
    )
    # The second half of the server's flight overtakes the first.
    for start, end in ((500, len(flight)), (0, 500)):
        packet = conversation.segment("server", flight[start:end], start)
        conversation.packets.append(packet)
    conversation.advance("server", len(flight))
    return go_on(conversation, 0x0303)


def _retransmitted() -> Conversation:
    conversation = shake_hands(Conversation())
    # Everything that carries data is there twice, the copy two packets later.
    packets = []
    for number, packet in enumerate(conversation.packets):
        packets.append(packet)
        if number >= 2 and conversation.packets[number - 2].getlayer("TCP").payload:
            packets.append(conversation.packets[number - 2])
    conversation.packets = packets
    return conversation


def _overlapping() -> Conversation:
    conversation = Conversation().open()
    for start, end in ((0, 70), (40, 110), (20, 60), (100, len(HELLO_RECORD))):
        packet = conversation.segment("client", HELLO_RECORD[start:end], start)
        conversation.packets.append(packet)
    conversation.advance("client", len(HELLO_RECORD))
    return finish(conversation, ANSWER)


def _wrapped() -> Conversation:
    conversation = Conversation(client_sequence=2**32 - 60, server_sequence=2**32 - 1)
    return finish(conversation.open().send("client", HELLO_RECORD, size=50), ANSWER)


def _syn_missing() -> Conversation:
    conversation = shake_hands(Conversation())
    conversation.packets = conversation.packets[3:]
    return conversation


def _begins_after_hellos() -> Conversation:
    conversation = shake_hands(Conversation())
    # Three packets open the connection, one is the ClientHello, one the server's flight.
    conversation.packets = conversation.packets[5:]
    return conversation


# The first segment of the hello ends where its second extension does.
_WHOLE_EXTENSIONS = 2
_kept = sum(4 + len(data) for _, data in (HELLO.extensions or ())[:_WHOLE_EXTENSIONS])
_all = sum(4 + len(data) for _, data in HELLO.extensions or ())
CUT_AT = len(HELLO_RECORD) - _all + _kept


def _gap() -> Conversation:
    conversation = Conversation().open().send("client", HELLO_RECORD[:CUT_AT])
    # The rest of the hello was sent and acknowledged, but is not in the capture.
    conversation.advance("client", len(HELLO_RECORD) - CUT_AT)
    conversation.acknowledge("server")
    flight = (ANSWER.message(), wire.certificate(), wire.SERVER_HELLO_DONE)
    return conversation.send("server", wire.record(wire.HANDSHAKE, 0x0303, *flight))


def _gap_row() -> dict[str, str]:
    part = wire.ClientHello(extensions=(HELLO.extensions or ())[:_WHOLE_EXTENSIONS])
    frames = {"client_hello_frame": "4", "server_hello_frame": "6"}
    return {
        **connection_columns(),
        **frames,
        **part.columns(),
        **ANSWER.columns(),
        "server_name": "www.example.test",
    }


def _port_reused() -> Conversation:
    first = shake_hands(Conversation())
    second = Conversation(client_sequence=0x70000000, server_sequence=0x60000000)
    old = wire.ClientHello(0x0301, (0x000A, 0x0005), (wire.RENEGOTIATION_INFO,))
    shake_hands(second, old, wire.ServerHello(0x0301, 0x000A))
    first.packets += second.packets
    return first


def _second_try() -> Conversation:
    """Refused, then tried again on the same connection, as no client should and some do."""
    conversation = Conversation().open().send("client", HELLO_RECORD)
    conversation.send("server", wire.alert(2, 70))
    lower = wire.ClientHello(0x0301, (0x002F, 0x000A))
    conversation.send("client", wire.record(wire.HANDSHAKE, 0x0301, lower.message()))
    return finish(conversation, wire.ServerHello(0x0301, 0x002F))


RECIPES = (
    recipe(
        "hello-in-one-byte-segments",
        "both hellos sent one byte a TCP segment",
        _one_byte_segments,
        ("segmentation",),
    ),
    recipe(
        "hello-over-many-records",
        "a ClientHello over many records of 16 bytes, the server's messages over records of 40",
        _many_records,
        ("records",),
    ),
    recipe(
        "hello-in-one-byte-records",
        "a ClientHello over records of one byte each",
        _one_byte_records,
        ("records",),
    ),
    recipe(
        "messages-in-one-record",
        "ServerHello, Certificate and ServerHelloDone in one record, as Schannel sends them",
        _one_record,
        ("records",),
    ),
    recipe(
        "segments-out-of-order",
        "a ClientHello in four segments and a server's flight in two, not in their order",
        _out_of_order,
        ("segmentation",),
    ),
    recipe(
        "segments-retransmitted",
        "every segment with data twice",
        _retransmitted,
        ("segmentation",),
    ),
    recipe(
        "segments-overlapping",
        "a ClientHello in segments that overlap",
        _overlapping,
        ("segmentation",),
    ),
    recipe(
        "sequence-number-wraps",
        "sequence numbers that pass 2^32 inside the ClientHello and before the ServerHello",
        _wrapped,
        ("segmentation",),
    ),
    recipe("syn-missing", "a capture that begins with the ClientHello", _syn_missing, ("late",)),
    recipe(
        "begins-after-hellos",
        "a capture that begins after the hellos: the connection is older than it, no row",
        _begins_after_hellos,
        ("late", "no-rows"),
    ),
    recipe(
        "gap-in-hello",
        "a ClientHello whose second segment is missing from the capture",
        _gap,
        ("gap", "defect"),
        "hellos_only",
        rows=[_gap_row()],
        note="tshark drops the ClientHello; of its extensions two are whole in the first segment",
    ),
    recipe(
        "port-reused",
        "two connections one after the other over the same addresses and ports",
        _port_reused,
        ("tls10", "3des"),
    ),
    recipe(
        "second-try-on-one-stream",
        "a hello refused by protocol_version, then a lower one on the same connection",
        _second_try,
        ("tls10", "refused"),
        ("rejected", "completed"),
    ),
)
