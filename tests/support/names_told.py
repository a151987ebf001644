"""The table of names of a capture, in the words of `names_by_tshark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit._core import read

if TYPE_CHECKING:
    from support.names_by_tshark import Fact

__all__ = ["told", "words"]


def told(capture: Path) -> set[Fact]:
    """What the core tells, each with its first frame."""
    rows = read([(capture.name, str(capture))], names=True).names
    return {(row["frame"], *words(row)) for row in rows}


def words(row: dict[str, Any]) -> tuple[str, str, str]:
    """Source, address and name, as tshark has words for them."""
    source, name = row["source"], row["name"]
    if source.startswith("dns-"):
        source = "dns"
    if source == "kerberos" and row["kind"] == "user":
        name = name.rpartition("@")[0] or name
    return source, row["address"], name
