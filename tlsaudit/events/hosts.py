"""Which addresses a computer has that logged events: what the table of names says, never a guess.

An address is the computer's if the best source of its names (docs/names.md) gives it the
computer's name. Of DNS an address may have many names, and one of them is enough; of what machines
say of themselves there may be no other name, or the address stands for several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit.addresses import in_order
from tlsaudit.naming import SOURCES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Host", "Hosts"]


@dataclass(frozen=True, slots=True)
class Host:
    """The addresses of a computer, and what says so."""

    addresses: tuple[str, ...]
    why: str


class Hosts:
    """Finds computers in a table of names."""

    def __init__(self, names: pd.DataFrame) -> None:
        best: dict[str, tuple[int, set[str]]] = {}
        rows = names[names["kind"] == "host"]
        ranks = {source: place for place, (source, _) in enumerate(SOURCES.items())}
        for address, name, source in zip(
            rows["address"], rows["name"], rows["source"].astype("object"), strict=True
        ):
            rank = ranks[source]
            known, called = best.get(address, (rank, set()))
            if rank < known:
                known, called = rank, set()
            if rank == known:
                called.add(_folded(name))
            best[address] = (known, called)
        self._titles = list(SOURCES.values())
        self._sources = list(SOURCES)
        self._best = best
        self._found: dict[str, Host | None] = {}

    def find(self, computer: str | None) -> Host | None:
        """Give the computer's addresses; null where nobody says which it has."""
        if computer is None:
            return None
        if computer not in self._found:
            self._found[computer] = self._find(_folded(computer))
        return self._found[computer]

    def _find(self, wanted: str) -> Host | None:
        exact, by_label = [], []
        whole_names = set()
        for address, (rank, called) in self._best.items():
            alone = len(called) == 1 or self._sources[rank].startswith("dns-")
            if not alone:
                continue
            if wanted in called:
                exact.append((rank, address))
                continue
            alike = {name for name in called if _is_short_for(name, wanted)}
            if alike:
                by_label.append((rank, address))
                whole_names |= {name for name in alike if "." in name}
        # `dc01` may be dc01.a.example or dc01.b.example: then it is neither.
        chosen = exact or (by_label if len(whole_names) < 2 else [])
        if not chosen:
            return None
        titles = dict.fromkeys(self._titles[rank] for rank, _ in sorted(chosen))
        return Host(tuple(in_order({address for _, address in chosen})), ", ".join(titles))


def _folded(name: str) -> str:
    # Kerberos and NTLM write the account of a machine with a dollar sign.
    return name.strip().rstrip(".").removesuffix("$").casefold()


def _is_short_for(one: str, other: str) -> bool:
    """Whether one of them is the other's first label alone."""
    short, long = sorted((one, other), key=len)
    return bool(short) and "." not in short and long.partition(".")[0] == short
