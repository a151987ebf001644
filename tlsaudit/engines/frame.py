"""One frame as Wireshark sees it, for a person who looks at a surprising row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tlsaudit.errors import CaptureError
from tlsaudit.inputs import Input
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from tlsaudit.engines.pdml import Tree

__all__ = ["Frame", "frame"]


@dataclass(frozen=True, eq=False)
class Frame:
    """The details of one frame: lines of text, each with the lines below it.

    Printed, it is what `tshark -V` shows; in a notebook it folds. Everything comes from the
    capture and from Wireshark, so it is escaped for where it goes.
    """

    capture: str
    number: int
    details: Sequence[Tree]

    def __str__(self) -> str:
        return "\n".join(_lines(self.details, 0))

    def __repr__(self) -> str:
        return f"<Frame {self.number} of {self.capture}>"

    def _repr_html_(self) -> str:
        return "".join(_html(each, depth=0) for each in self.details)


def frame(capture: Input, number: int) -> Frame:
    """Give one frame of a file; CaptureError where there is none, EngineError without tshark."""
    from tlsaudit.engines.tshark import frame_tree

    if number < 1:
        raise CaptureError(f"frames are numbered from 1, so there is no frame {number}")
    details = frame_tree(capture, number)
    if details is None:
        raise CaptureError(f"{capture.name}: there is no frame {number}")
    return Frame(capture.name, number, details)


def _lines(branches: Sequence[Tree], depth: int) -> Iterator[str]:
    for label, below in branches:
        yield "    " * depth + visible(label)
        yield from _lines(below, depth + 1)


def _html(branch: Tree, depth: int) -> str:
    label, below = branch
    text = escape(visible(label))
    if not below:
        return f'<div style="margin-left:1em">{text}</div>'
    # Open where TLS is; the layers below it are seldom what is asked for.
    is_open = " open" if depth > 0 or "Layer Security" in label or "QUIC" in label else ""
    inner = "".join(_html(each, depth + 1) for each in below)
    return f'<details style="margin-left:1em"{is_open}><summary>{text}</summary>{inner}</details>'
