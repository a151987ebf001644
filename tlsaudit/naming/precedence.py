"""Which source of a name is believed before which, and why: one table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PRECEDENCE", "RANKS", "SOURCES", "Rank"]


@dataclass(frozen=True, slots=True)
class Rank:
    """A source, as `schema.NAMES` names it, how it is called in a sentence, and why it is here."""

    source: str
    title: str
    why: str


PRECEDENCE = (
    Rank("hosts", "your file", "You say so."),
    Rank(
        "dhcp",
        "DHCP",
        "The machine's own name for itself, when it asks for the address that it then gets.",
    ),
    Rank(
        "kerberos",
        "Kerberos",
        "The machine's account, or the name that it gives as its address. Behind address "
        "translation it may be another machine's.",
    ),
    Rank("ntlm", "NTLM", "The machine's own name for itself when somebody signs in from it."),
    Rank("nbns", "NetBIOS", "The machine registers the name, or answers for it."),
    Rank("mdns", "multicast DNS", "The machine announces the name on its link."),
    Rank("llmnr", "LLMNR", "The machine answers for the name on its link."),
    Rank("dns-update", "an update of DNS", "The machine, or its DHCP server, registers the name."),
    Rank("dns-pointer", "DNS", "Somebody keeps a record for the address. It may be an old one."),
    Rank("dns-answer", "DNS", "Somebody asked for the name. An address can have many."),
    Rank("dns-record", "DNS", "A record that nobody asked for: of an alias or a name server."),
)
"""The sources of a machine's name, the one that counts most first."""

RANKS = {rank.source: place for place, rank in enumerate(PRECEDENCE)}
"""The place of each source."""

SOURCES = {rank.source: rank.title for rank in PRECEDENCE}
"""The sources in this order, and how each is called in a sentence."""
