"""Any capture that the core reads as pcapng, for programs that read no other format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tlsaudit.engines.native_text import max_unpacked, merged

if TYPE_CHECKING:
    from tlsaudit.inputs import Input

__all__ = ["convert"]


def convert(
    inputs: Iterable[Input],
    output: str | None,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """Write all frames of these inputs, one input after the other; give what became of each.

    `output` is a path, or None for standard output; nothing is written where no input is a capture.
    The answers have the columns `capture`, `readable`, `frames`, `error_kind` and `error` of
    `schema.CAPTURES`. Frames keep their order, and those of the first input their numbers.
    """
    from tlsaudit._core import convert as write_pcapng

    inputs = list(inputs)
    readable = [(each.name, str(each.source)) for each in inputs if each.problem is None]
    rows = write_pcapng(readable, output, progress, max_unpacked(inputs))
    return merged(inputs, rows)
