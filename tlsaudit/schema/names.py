"""The table of names: what the packets beside TLS, or the user, call an address."""

from __future__ import annotations

from tlsaudit.schema.column import Column

NAME_KINDS = ("host", "user", "software", "target")

NAME_SOURCES = (
    "hosts",
    "dns-answer",
    "dns-record",
    "dns-pointer",
    "dns-update",
    "mdns",
    "llmnr",
    "nbns",
    "dhcp",
    "kerberos",
    "ntlm",
    "rdp",
    "http-user-agent",
    "http-connect",
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
    Column(
        "kind",
        "dict<str>",
        False,
        "`host`: of a machine; `user`: who signs in there; `software`: what runs there; `target`: "
        "not of the address, but what it asked a proxy for.",
        values=NAME_KINDS,
    ),
    Column(
        "source",
        "dict<str>",
        False,
        "What told it. `hosts`: a file of the user's; `dns-answer`: an answer of DNS, under the "
        "name that was asked for; `dns-record`: another address record of such an answer; "
        "`dns-pointer`: an answer to the question whose address it is; `dns-update`: it was "
        "written into DNS; `mdns`: multicast DNS; `llmnr`: link-local name resolution; `nbns`: "
        "NetBIOS' name service; `dhcp`: host name, full name and vendor class in a request for an "
        "address; `kerberos`: who is meant in a request to a key distribution centre or its "
        "answer; `ntlm`: who signs in from where, and what a server calls itself; `rdp`: the "
        "cookie `mstshash`; `http-user-agent`, `http-connect`: the header and the method of HTTP.",
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
