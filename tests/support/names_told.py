"""The table of names of a capture, in the words of `names_by_tshark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit._core import read

if TYPE_CHECKING:
    from support.names_by_tshark import Fact

__all__ = ["told"]


def told(capture: Path) -> set[Fact]:
    """What the core tells, each with its first frame."""
    rows = read([(capture.name, str(capture))], names=True).names
    return {
        (row["frame"], row["source"].partition("-")[0], row["address"], row["name"]) for row in rows
    }
