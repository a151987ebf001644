"""What a column is, and the fixed words that columns may hold.

Nothing here or in the definitions of the tables imports pandas or pyarrow, so a program may ask
what a column is called without paying for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Text = Literal["string", "number", "boolean", "time", "code point", "ssl2 kind"]

# Arrow type as the engines hand it over -> (pandas dtype, how one value is written as text).
_TYPES: dict[str, tuple[str, Text]] = {
    "bool": ("boolean", "boolean"),
    "uint8": ("UInt8", "number"),
    "uint16": ("UInt16", "number"),
    "uint32": ("UInt32", "number"),
    "uint64": ("UInt64", "number"),
    "str": ("str", "string"),
    "dict<str>": ("category", "string"),
    "timestamp[ns, UTC]": ("datetime64[ns, UTC]", "time"),
    "list<uint16>": ("list<item: uint16>[pyarrow]", "number"),
    "list<uint32>": ("list<item: uint32>[pyarrow]", "number"),
    "list<uint64>": ("list<item: uint64>[pyarrow]", "number"),
    "list<str>": ("list<item: string>[pyarrow]", "string"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table.

    `arrow` is the type that crosses from an engine to Python, in the spelling of `docs/columns.md`.
    `text` says how a value is written in CSV and JSON Lines; empty means what is usual for the
    type. `values` lists every value a column of fixed words may hold, in order; `ordered` says
    that this order is a ranking.
    """

    name: str
    arrow: str
    nullable: bool
    meaning: str
    source: str = ""
    text: Text | Literal[""] = ""
    values: tuple[str, ...] = ()
    ordered: bool = False

    def __post_init__(self) -> None:
        """Fill in the usual text form of the type."""
        if not self.text:
            object.__setattr__(self, "text", _TYPES[self.arrow][1])

    @property
    def dtype(self) -> str:
        """The pandas dtype, as `str(series.dtype)` gives it."""
        return _TYPES[self.arrow][0]

    @property
    def is_list(self) -> bool:
        """Whether a value is a list."""
        return self.arrow.startswith("list<")


SEVERITIES = ("none", "info", "low", "medium", "high")
TRANSPORTS = ("tcp", "dtls", "quic", "eap", "udp")
OUTCOMES = (
    "completed",
    "failed",
    "hellos_only",
    "rejected",
    "unanswered",
    "client_only",
    "server_only",
)
ENDS = ("fin-client", "fin-server", "rst-client", "rst-server", "open")
DEFECTS = ("gap", "truncated", "malformed", "limit")
DOWNGRADES = ("tls12", "tls11-or-below")
SIDES = ("client", "server")
PROCESS_BASES = ("connection-event", "process-table", "syn", "client-hello", "datagram")
ENGINES = ("native", "scapy", "tshark")
BASES = ("negotiated", "offered")
FORMATS = ("pcap", "pcapng", "etl", "netmon", "matp", "snoop")
COMPRESSIONS = ("gzip", "zstd", "xz", "lz4")
CAPTURE_ERRORS = (
    "missing",
    "permission",
    "empty",
    "not_a_capture",
    "unsupported",
    "cut",
    "damaged",
    "limit",
    "io",
)
