"""What an engine is and what it gives, and the parts that engines without a core share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tlsaudit.inputs import STANDARD_INPUT, Input

if TYPE_CHECKING:
    import pandas

    from tlsaudit.engines.messages import Message

__all__ = [
    "Engine",
    "Found",
    "Reading",
    "Seen",
    "as_file",
    "nothing_of",
    "problem_of",
    "reading_of",
]

Seen: TypeAlias = tuple[Mapping[tuple[str, int], str], Mapping[tuple[str, int], Mapping[str, str]]]
"""Layers and fields of frames, by capture and frame."""


@dataclass(frozen=True, eq=False)
class Reading:
    """The tables of one run of one engine.

    `program` says what read, with its version. `layers` is what the engine calls the layers of a
    frame, by capture and frame: of those with a message, and of others that explain something;
    empty where an engine does not say. `fields` are of frames that were looked at once more.
    `notes` are words about a stream, by capture, transport and number, that tell why an engine may
    see it differently, each with the frame from which on it holds.
    `refusals`, `set_aside` and `names` are what only the core tells; of the other engines they are
    empty.
    `files` are those of captures that lie in several, which only the core joins.
    """

    handshakes: pandas.DataFrame
    captures: pandas.DataFrame
    program: str
    layers: Mapping[tuple[str, int], str] = field(default_factory=dict)
    fields: Mapping[tuple[str, int], Mapping[str, str]] = field(default_factory=dict)
    notes: Mapping[tuple[str, str, int], Mapping[str, int]] = field(default_factory=dict)
    refusals: pandas.DataFrame = field(default_factory=lambda: nothing_of("REFUSALS"))
    set_aside: pandas.DataFrame = field(default_factory=lambda: nothing_of("SET_ASIDE"))
    names: pandas.DataFrame = field(default_factory=lambda: nothing_of("NAMES"))
    files: pandas.DataFrame = field(default_factory=lambda: nothing_of("FILES"))


def nothing_of(table: str) -> pandas.DataFrame:
    """Give the table of these columns of `tlsaudit.schema` without rows."""
    from tlsaudit import schema

    return schema.empty(getattr(schema, table))


class Engine(Protocol):
    """A module that reads captures its own way into the tables that all engines share."""

    LACKS: Mapping[str, str]
    """Columns of the handshake table that it does not fill as the core does, and why."""
    TRANSPORTS: Set[str]
    """The transports that it reads."""

    def read(
        self, inputs: Iterable[Input], progress: Callable[[int], None] | None = None, /
    ) -> Reading:
        """Give the tables; an input that cannot be read raises nothing."""

    def look(self, inputs: Iterable[Input], frames: Mapping[str, Set[int]], /) -> Seen:
        """Look at frames once more, by capture: what explains why a message is not shown."""


@dataclass
class Found:
    """What an engine found in one input; `error` is why it did not get to its end."""

    messages: list[Message] = field(default_factory=list)
    layers: dict[int, str] = field(default_factory=dict)
    notes: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    frames: int | None = None
    tcp_streams: int | None = None
    readable: bool = True
    error_kind: str | None = None
    error: str | None = None


def problem_of(item: Input) -> Found:
    """Give what is found in an input before it is read: nothing, or why it cannot be read."""
    if item.problem is None:
        source = item.source
        if isinstance(source, str) and source != STANDARD_INPUT and not os.path.exists(source):
            error = f"{item.name}: there is no such file"
            return Found(readable=False, error_kind="missing", error=error)
        return Found()
    return Found(readable=False, error_kind=item.problem_kind, error=item.problem)


def reading_of(
    inputs: Sequence[Input], found: Sequence[Found], engine: str, program: str
) -> Reading:
    """Make the tables of what was found in each input."""
    from tlsaudit import schema
    from tlsaudit.engines.pairing import rows

    handshakes: list[dict[str, Any]] = []
    captures: list[dict[str, Any]] = []
    layers: dict[tuple[str, int], str] = {}
    notes: dict[tuple[str, str, int], Mapping[str, int]] = {}
    for item, each in zip(inputs, found, strict=True):
        of_capture = rows(each.messages, item.name, engine)
        handshakes.extend(of_capture)
        captures.append(
            {
                "capture": item.name,
                "readable": each.readable,
                "frames": each.frames,
                "tcp_streams": each.tcp_streams,
                "tls_streams": len({(row["transport"], row["stream"]) for row in of_capture}),
                "handshakes": len(of_capture),
                "error_kind": each.error_kind,
                "error": each.error,
            }
        )
        layers.update({(item.name, frame): names for frame, names in each.layers.items()})
        notes.update({(item.name, *stream): words for stream, words in each.notes.items()})
    table = schema.from_arrow(schema.handshakes_table(handshakes))
    return Reading(table, schema.captures_frame(captures), program, layers, notes=notes)


def as_file(item: Input, folder: Path, reads: Set[str]) -> str:
    """Give the absolute path of an input's bytes, in a format among these.

    A stream is first copied into the folder, and a capture of another format that the core reads is
    converted there: what a program can't read at all is no second opinion.
    """
    from tlsaudit._core import format_of
    from tlsaudit.engines.conversion import convert

    if isinstance(item.source, str) and item.source != STANDARD_INPUT:
        path = os.path.abspath(item.source)
    else:
        stream = sys.stdin.buffer if isinstance(item.source, str) else item.source
        path = str(folder / f"stream-{len(list(folder.glob('stream-*')))}")
        with open(path, "xb") as file:
            shutil.copyfileobj(stream, file)
    found = format_of(path)
    if found is None or found in reads:
        return path
    converted = folder / f"converted-{len(list(folder.glob('converted-*')))}"
    convert([item._replace(source=path)], str(converted))
    return str(converted) if converted.exists() else path
