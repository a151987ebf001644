"""The tables over time: what has changed since a moment, and how many were concerned when."""

from tlsaudit.schema.column import TRANSPORTS, Column
from tlsaudit.schema.verdicts import VERDICTS_WORST_FIRST

CHANGES_IN_ORDER = ("new", "still there", "not seen", "fixed")

CHANGES: tuple[Column, ...] = (
    Column(
        "change",
        "dict<str>",
        False,
        "`new`: a problem that was not there before; `still there`: it was there before and is "
        "there after; `not seen`: it was there before, and nothing after tells whether it still "
        "is, which is not the same as fixed; `fixed`: it was there before, and the same stack, or "
        "one that came in its place, is ready after. Problems are the verdicts other than "
        "`ready`, `scanner` and `unknown`.",
        values=CHANGES_IN_ORDER,
        ordered=True,
    ),
    Column("client", "str", False, "As in the handshake table."),
    Column("service", "str", False, "As in the table of verdicts."),
    Column(
        "verdict_before",
        "dict<str>",
        True,
        "The verdict before. Null = this stack was not seen there before.",
        values=VERDICTS_WORST_FIRST,
        ordered=True,
    ),
    Column(
        "verdict_after",
        "dict<str>",
        True,
        "The verdict after. Null = this stack, or one in its place, was not seen there after.",
        values=VERDICTS_WORST_FIRST,
        ordered=True,
    ),
    Column("sentence", "str", False, "The change in one sentence."),
    Column("stack_before", "str", True, "The TLS stack before, as in the table of verdicts."),
    Column("stack_after", "str", True, "The TLS stack after; another one may have come."),
    Column(
        "handshakes_before",
        "uint32",
        False,
        "Handshakes of that stack before; 0 where it was not seen.",
    ),
    Column("handshakes_after", "uint32", False, "Handshakes after; 0 where it was not seen."),
    Column("last_seen_before", "timestamp[ns, UTC]", True, "Time of the last of them before."),
    Column("last_seen_after", "timestamp[ns, UTC]", True, "Time of the last of them after."),
    Column("transport", "dict<str>", False, "As in the handshake table.", values=TRANSPORTS),
    Column("capture", "dict<str>", False, "The capture that holds the latest evidence."),
    Column("stream", "uint32", True, "As in the handshake table."),
    Column(
        "frames",
        "list<uint64>",
        False,
        "The frames that are the latest evidence, as in the table of verdicts.",
        "Wireshark `frame.number`",
    ),
    Column("tshark", "str", True, "The command that shows them, as in the table of verdicts."),
)

TREND: tuple[Column, ...] = (
    Column("begin", "timestamp[ns, UTC]", False, "When the period begins."),
    Column("end", "timestamp[ns, UTC]", False, "When it ends, and the next one begins."),
    Column(
        "clients",
        "uint32",
        False,
        "Clients with a handshake in it. 0 = nothing was captured, so nothing is known of it.",
    ),
    Column(
        "concerned",
        "uint32",
        False,
        "Of these, clients with a handshake of a row of the table of verdicts that has a problem.",
    ),
    Column("handshakes", "uint64", False, "Handshakes in it."),
)
