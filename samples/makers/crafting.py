"""How a crafted sample is declared and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import capture_files
from containers import packed
from conversation import Conversation, ethernet_frames
from sample import Row, Sample


@dataclass(frozen=True)
class Recipe:
    """A sample and the function that gives the bytes of its capture."""

    sample: Sample
    build: Callable[[], bytes]


def recipe(
    identifier: str,
    shows: str,
    build: Callable[[], bytes | Conversation],
    tags: tuple[str, ...],
    outcomes: str | tuple[str, ...] | Callable[[Row], str] = "completed",
    *,
    ending: str = "pcap",
    rows: Sequence[Mapping[str, str]] | None = None,
    corrections: tuple[tuple[int, str, str], ...] = (),
    decode_as: tuple[str, ...] = (),
    note: str = "",
) -> Recipe:
    """A crafted sample named for what it shows; `build` gives a file or an Ethernet conversation.

    `rows` are the table by construction; without them tshark reads it.
    """

    def data() -> bytes:
        built = build()
        if isinstance(built, Conversation):
            return capture_files.pcap(ethernet_frames(built))
        return built

    sample = Sample(
        id=identifier,
        file=f"{identifier}.{ending}",
        shows=shows,
        kind="crafted",
        tags=tags,
        outcomes=outcomes,
        rows=None if rows is None else tuple(rows),
        corrections=corrections,
        decode_as=decode_as,
        note=note,
    )
    return Recipe(sample, data)


def make(recipes: Sequence[Recipe]) -> None:
    """Writes the captures of some recipes."""
    for entry in recipes:
        entry.sample.path.write_bytes(packed(entry.build(), entry.sample.file))
