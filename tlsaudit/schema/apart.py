"""The tables of what is told apart from handshakes: refusals, and what only looks like TLS."""

from tlsaudit.schema.column import TRANSPORTS, Column

REFUSAL_KINDS = ("upgrade-refused", "encryption-declined", "plaintext-to-tls", "tls-to-plaintext")

SET_ASIDE_KINDS = (
    "pseudo-tls-microsoft",
    "pseudo-tls-google",
    "not-a-hello",
    "not-answered-as-tls",
)

_PARTIES: tuple[Column, ...] = tuple(
    Column(name, arrow, nullable, "As in the handshake table.")
    for name, arrow, nullable in (
        ("client", "str", False),
        ("client_ip", "str", True),
        ("client_port", "uint16", True),
        ("server", "str", False),
        ("server_ip", "str", True),
        ("server_port", "uint16", True),
    )
)

_PLACE: tuple[Column, ...] = (
    Column("capture", "dict<str>", False, "The capture file, as the caller named it."),
    Column("transport", "dict<str>", False, "As in the handshake table.", values=TRANSPORTS),
    Column("stream", "uint32", True, "As in the handshake table."),
    Column("ts", "timestamp[ns, UTC]", True, "Time of its first frame; null = no times."),
)

REFUSALS: tuple[Column, ...] = (
    *_PLACE,
    Column(
        "kind",
        "dict<str>",
        False,
        "`upgrade-refused`: the client asked to begin TLS and the server said no; "
        "`encryption-declined`: both agreed on no TLS; `plaintext-to-tls`: the client spoke "
        "plaintext to a TLS service; `tls-to-plaintext`: the other way round.",
        values=REFUSAL_KINDS,
    ),
    Column("carrier", "dict<str>", False, "What the TLS would have run inside."),
    Column("carrier_target", "str", True, "As in the handshake table."),
    *_PARTIES,
    Column("asked", "str", True, "What the client said, in a few words. Null = not seen."),
    Column(
        "asked_frame", "uint64", True, "Where it said so. Null = not seen.", "W: `frame.number`"
    ),
    Column("answered", "str", True, "What the server said, in a few words. Null = not seen."),
    Column(
        "answered_frame", "uint64", True, "Where it said so. Null = not seen.", "W: `frame.number`"
    ),
)

SET_ASIDE: tuple[Column, ...] = (
    *_PLACE,
    Column(
        "kind",
        "dict<str>",
        False,
        "`pseudo-tls-microsoft`, `pseudo-tls-google`: the fixed hellos with which media relays and "
        "their clients get through firewalls; `not-a-hello`: bytes that begin as a hello does and "
        "do not hold what one must; `not-answered-as-tls`: a whole ClientHello amid bytes of a "
        "protocol that is not known, which the other side did not answer as TLS.",
        values=SET_ASIDE_KINDS,
    ),
    *_PARTIES,
    Column("frames", "list<uint64>", False, "Where it is.", "W: `frame.number`"),
)
