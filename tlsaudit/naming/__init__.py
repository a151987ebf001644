"""Who is it? Of the names that an address has, the one that counts, and where it is from.

What is told is the table of names (`schema.NAMES`): by packets beside TLS, and by a file of the
user's, which wins. Which name counts is decided here, by one rule.
"""

from tlsaudit.naming.called import Called, called_clients, called_servers
from tlsaudit.naming.document import markdown
from tlsaudit.naming.fingerprints import Fingerprints, read_fingerprints
from tlsaudit.naming.given import read_hosts, together
from tlsaudit.naming.precedence import SOURCES

__all__ = [
    "SOURCES",
    "Called",
    "Fingerprints",
    "called_clients",
    "called_servers",
    "markdown",
    "read_fingerprints",
    "read_hosts",
    "together",
]
