"""The compiled core: capture bytes to handshakes. `tlsaudit.engines.native` is its caller."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Literal, final

__all__ = [
    "Reading",
    "__version__",
    "carriers",
    "convert",
    "excerpt",
    "first_time",
    "format_of",
    "read",
    "write_text",
]

__version__: str

@final
class Reading:
    """What was read: a table of handshakes, and what became of each capture."""

    @property
    def captures(self) -> list[dict[str, Any]]:
        """One entry per input, in input order; its keys are the columns of `schema.CAPTURES`.

        That of a capture in several files has `files` too, one entry for each of them.
        """

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """Upgrades to TLS that were refused, and mismatches; keys as in `schema.REFUSALS`."""

    @property
    def set_aside(self) -> list[dict[str, Any]]:
        """What looks like TLS and is none, one entry each, with `frames`: where it is."""

    @property
    def names(self) -> list[dict[str, Any]]:
        """Names of addresses, where they were asked for; keys as in `schema.NAMES`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the handshake table without the derived columns, for `pyarrow.table`."""

def carriers() -> list[str]:
    """Give the names of all carriers, in the order of `schema.carriers.CARRIERS`."""

def convert(
    captures: Sequence[tuple[str, str]],
    output: str | None = None,
    progress: Callable[[int], None] | None = None,
    max_unpacked: int | None = None,
) -> list[dict[str, Any]]:
    """Write the frames of captures into one pcapng file, one capture after the other.

    `captures` are pairs: the name to report, and a path or `"-"` for standard input. `output` is a
    path, None for standard output; the file is made once the first of them turns out to be a
    capture. The dictionaries, one a capture, have `capture`, `readable`, `frames`, `error_kind` and
    `error`; what came before a cut or a damaged place is written. Fewer than captures come where
    the reader of standard output went away. Raises OSError where the output cannot be written.
    `progress` and `max_unpacked` are as for `read`.
    """

def excerpt(
    files: Sequence[tuple[str, int]],
    with_lead: Sequence[int],
    alone: Sequence[int],
    max_unpacked: int | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """Copy the frames of some conversations, as they were captured, with what is in them.

    `files` are those that the capture lies in, in order, each with the number of frames before it.
    Of each conversation that has a frame of `with_lead` these are that frame, what opened it, what
    led to the frame and what followed it, within bounds; and its frames among `alone`. The
    dictionaries are in the order of the capture, and their keys are the fields of
    `tlsaudit.evidence.packets.Frame`; `packet` is None for a frame that brings only a piece of a
    packet. The second value says that a bound was reached and frames are missing. Raises OSError
    where a file cannot be opened: its `filename` says which, its `strerror` why.
    """

def first_time(path: str) -> int | None:
    """Give the time of a capture's first frame, in nanoseconds since 1970.

    None for a file that cannot be read or is no capture, and where there is no frame or no time.
    """

def format_of(path: str) -> str | None:
    """Give the format of a capture as tables call it, by its first bytes alone.

    None for a file that is no capture or cannot be read.
    """

def read(
    captures: Sequence[tuple[str, str | list[str] | BinaryIO]],
    progress: Callable[[int], None] | None = None,
    max_unpacked: int | None = None,
    names: bool = False,
) -> Reading:
    """Read captures and give their handshakes.

    `captures` are pairs: the name to report, and a path, `"-"` for standard input, a binary file
    object, or the paths of the files that a capture lies in, in order. `progress` is called with
    the bytes read so far over all of them, at most about twenty times a second, from the calling
    thread. `max_unpacked` is how many bytes a compressed capture may unpack to, in place of the
    core's own bounds. With `names` the names of addresses are gathered too. A capture that cannot
    be read raises nothing: its entry in `Reading.captures` says why. KeyboardInterrupt arrives
    within a second.
    """

def write_text(
    captures: Sequence[tuple[str, str | list[str] | BinaryIO]],
    format: Literal["csv", "jsonl"],  # noqa: A002 (the core's word for it)
    output: str | None,
    names: Mapping[str, Any],
    progress: Callable[[int], None] | None = None,
    neutralise: bool = True,
    max_unpacked: int | None = None,
) -> list[dict[str, Any]]:
    """Read captures and write the whole handshake table as text, in order of completion.

    `output` is a path; None is standard output, and a reader that goes away is not an error.
    `names` is `registry.names_for_core()`. With `neutralise`, a CSV cell that a spreadsheet
    would take for a formula gets a quote in front. Returns what `Reading.captures` would hold.
    """
