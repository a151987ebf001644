"""What the order of the suites in an old hello tells: which library sent it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KnownList", "known_list"]


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list of suites, and what sends it where it offers TLS 1.0 or 1.1.

    `tls12` says that this stack has TLS 1.2 on unless something switches it off or holds the
    connection back; False where it has not, or where that differs between those that send it.
    `remedy` names what helps, as docs/remedies.md has it.
    """

    stack: str
    tls12: bool
    remedy: str
    seen: str

    @property
    def why(self) -> str:
        """What makes it probable."""
        return f"its suites and their order are those of {self.seen}"


def known_list(suites: Sequence[int]) -> KnownList | None:
    """Give what sends exactly these suites in this order; null if nothing known does."""
    return _lists().get(tuple(each for each in suites if not _is_apart(each)))


def _is_apart(suite: int) -> bool:
    return registry.is_grease(suite) or registry.is_signalling(suite)


@cache
def _lists() -> dict[tuple[int, ...], KnownList]:
    path = Path(registry.__file__).with_name("data") / "known_lists.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        tuple(int(code, 16) for code in row["suites"].split("-")): KnownList(
            row["stack"], row["tls12"] == "yes", row["remedy"], row["seen"]
        )
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    }
