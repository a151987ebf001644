"""The table of names: what the packets beside TLS, or the user, call an address."""

from __future__ import annotations

from tlsaudit.schema.column import Column

NAME_KINDS = ("host",)

NAME_SOURCES = (
    "dns-answer",
    "dns-record",
    "dns-pointer",
    "dns-update",
    "mdns",
    "llmnr",
)

NAMES: tuple[Column, ...] = (
    Column("capture", "dict<str>", True, "The capture that tells it. Null = the user did."),
    Column("address", "str", False, "What is named: an IP address or a link address."),
    Column(
        "name",
        "str",
        False,
        "The name, as the frame has it; of DNS in small letters and without the last dot. "
        "What is invisible or not UTF-8 is spelled `\\xNN` or `\\u{NNNN}`.",
    ),
    Column("kind", "dict<str>", False, "`host`: of a machine.", values=NAME_KINDS),
    Column(
        "source",
        "dict<str>",
        False,
        "What told it. `dns-answer`: an answer of DNS, under the name that was asked for; "
        "`dns-record`: another address record of such an answer; `dns-pointer`: an answer to the "
        "question whose address it is; `dns-update`: it was written into DNS; `mdns`: multicast "
        "DNS; `llmnr`: link-local name resolution.",
        values=NAME_SOURCES,
    ),
    Column(
        "told_to",
        "str",
        True,
        "To whom an answer of DNS went. Null = not an answer of DNS.",
    ),
    Column("frame", "uint64", True, "The first frame that tells it.", "W: `frame.number`"),
    Column("first_seen", "timestamp[ns, UTC]", True, "The earliest time at which it was told."),
    Column("last_seen", "timestamp[ns, UTC]", True, "The latest."),
    Column("times", "uint64", True, "How many times it was told."),
)
