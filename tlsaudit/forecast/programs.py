"""Which programs have been seen to send an old hello, by its JA3."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from tlsaudit import registry

__all__ = ["known_program"]

_WHY = "its JA3 is theirs in the fingerprint databases of Cisco's joy (2019) and mercury (2020)"


def known_program(ja3: Any) -> tuple[str, str] | None:
    """Give the programs that sent hellos with this JA3, and where that is known from.

    Null if none is known. Only hellos that offer at most TLS 1.1 are: JA3 has their version in it.
    Programs that use one library share a fingerprint, so others may send it too.
    """
    what = _programs().get(ja3) if isinstance(ja3, str) else None
    return None if what is None else (what, _WHY)


@cache
def _programs() -> dict[str, str]:
    path = Path(registry.__file__).with_name("data") / "known_programs.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        row["ja3"]: _said(row["programs"].split(";"), row["systems"].replace(";", " or "))
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    }


def _said(programs: list[str], systems: str) -> str:
    said = programs[0] if len(programs) == 1 else f"{', '.join(programs[:-1])} or {programs[-1]}"
    return f"a program such as {said}{f' on {systems}' if systems else ''}"
