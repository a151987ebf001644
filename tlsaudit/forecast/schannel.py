"""What the order of the suites in an old hello tells: Windows' own TLS, and of which Windows."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SchannelList", "schannel_list"]


@dataclass(frozen=True, slots=True)
class SchannelList:
    """A list of suites that Windows sends when held at TLS 1.0 or 1.1.

    `tls12` says that this Windows has TLS 1.2 on unless something switches it off or holds the
    connection back; False where that differs between the versions that send the list.
    """

    stack: str
    tls12: bool
    builds: str

    @property
    def why(self) -> str:
        """What makes it probable."""
        return f"its suites and their order are those of Windows builds {self.builds}"


def schannel_list(suites: Sequence[int]) -> SchannelList | None:
    """Give what sends exactly these suites in this order; null if no Windows known does."""
    return _lists().get(tuple(each for each in suites if not _is_apart(each)))


def _is_apart(suite: int) -> bool:
    return registry.is_grease(suite) or registry.is_signalling(suite)


@cache
def _lists() -> dict[tuple[int, ...], SchannelList]:
    path = Path(registry.__file__).with_name("data") / "schannel_lists.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        tuple(int(code, 16) for code in row["suites"].split("-")): SchannelList(
            row["stack"], row["tls12"] == "yes", row["seen_on_builds"].replace(" ", ", ")
        )
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    }
