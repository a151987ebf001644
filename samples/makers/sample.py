"""What a sample is: its name, what it shows, how to make it and how its handshakes ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SAMPLES_FOLDER = Path(__file__).resolve().parent.parent
EXPECTED_FOLDER = SAMPLES_FOLDER / "expected"
MANIFEST = SAMPLES_FOLDER / "manifest.toml"

# The columns of samples/expected/<id>.csv, in this order.
COLUMNS = (
    "stream",
    "handshake",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "client_hello_frame",
    "server_hello_frame",
    "record_version",
    "client_legacy_version",
    "client_supported_versions",
    "client_cipher_suites",
    "client_extensions",
    "client_groups",
    "client_alpn",
    "server_name",
    "server_legacy_version",
    "server_supported_version",
    "negotiated_cipher_suite",
    "retry_request_frame",
    "second_client_hello_frame",
    "alert_description",
    "alert_level",
    "alert_frame",
    "outcome",
)

Row = dict[str, str]
"""One line of an expected table: column name to text, "" for absent."""


@dataclass(frozen=True)
class Sample:
    """One capture of this folder.

    `outcomes` is what the maker knows about how the handshakes ended: one word for all rows, one
    word a row (in the order of the table), or a function of the row. `rows` holds the whole
    table where the maker knows it from what it built; otherwise tshark reads it from the capture.
    `table` reads the table where that takes more (TLS inside EAP, imitations), and may give further
    columns.
    `decode_as` are tshark's `-d` arguments where its port table would hide the TLS, and
    `preferences` what it has to be told of a protocol (`-o`); `unread` names protocols that it is
    told not to read.
    `corrections` replaces single cells where tshark is wrong: (row number from 0, column, text);
    a sample that has them says why in its `note`.
    """

    id: str
    file: str
    shows: str
    kind: str  # "captured" or "crafted"
    tags: tuple[str, ...]
    outcomes: str | tuple[str, ...] | Callable[[Row], str] = ()
    rows: tuple[Mapping[str, str], ...] | None = None
    table: Callable[[Sample], list[Row]] | None = None
    decode_as: tuple[str, ...] = ()
    preferences: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    corrections: tuple[tuple[int, str, str], ...] = ()
    note: str = ""

    @property
    def path(self) -> Path:
        return SAMPLES_FOLDER / self.file
