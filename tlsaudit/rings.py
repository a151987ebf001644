"""Captures that lie in several files: which files are one ring buffer, and in which order.

A capture program that limits the size of its files goes on in the next one in the midst of
whatever it captures. Read one by one, such files lose each handshake that lies across a boundary;
joined, they are one capture. docs/batch.md says how files are told to be one capture.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from tlsaudit.inputs import STANDARD_INPUT, Input

__all__ = ["MODES", "Rings", "join"]

Rings: TypeAlias = Literal["auto", "folder", "never"]
MODES: tuple[Rings, ...] = get_args(Rings)

# dumpcap and Wireshark: `lan_00001_20260101120000.pcapng`, and since version 4 also the other way
# round (`-b nametimenum:2`).
_DUMPCAP = (
    re.compile(r"(?P<stem>.+)_(?P<number>\d{5,})_(?P<time>\d{14})(?P<end>\.[^/]+)?"),
    re.compile(r"(?P<stem>.+)_(?P<time>\d{14})_(?P<number>\d{5,})(?P<end>\.[^/]+)?"),
)
# tcpdump -C: `lan.pcap`, `lan.pcap1`, `lan.pcap2`; with -W from `lan.pcap0` on, round and round.
_TCPDUMP = re.compile(
    r"(?P<stem>.+\.(?:pcap|pcapng|cap|dmp))(?P<number>\d*)(?P<end>\.(?:gz|zst|xz|lz4))?"
)
_AFTER_THE_LAST = 100_000
"""dumpcap counts its files to 99,999 and begins again."""


@dataclass(frozen=True)
class _Member:
    """A file that by its name may belong to a ring."""

    item: Input
    number: int
    order: tuple[int | str, ...]


def join(
    inputs: Iterable[Input],
    rings: Rings,
    first_time: Callable[[str], int | None],
) -> list[Input]:
    """Put files that are one capture into one Input, at the place of the first of them.

    `auto` goes by the names that dumpcap and tcpdump give to the files of a ring, `folder` takes
    all captures of a folder that end alike for one, and `never` joins nothing. `first_time` gives
    the time of a file's first frame: where names do not tell the order, times do.
    """
    found = list(inputs)
    if rings == "never":
        return found
    families: dict[tuple[str, ...], list[Input]] = {}
    for item in found:
        family = _family(item, rings)
        if family is not None:
            families.setdefault(family, []).append(item)
    joined: dict[str, Input] = {}
    gone: set[str] = set()
    for family, items in families.items():
        if len(items) < 2:
            continue
        for ring in _rings(family, items, first_time):
            if len(ring) > 1:
                paths = [str(each.source) for each in ring]
                joined[paths[0]] = ring[0]._replace(name=f"{ring[0].name}+", parts=tuple(paths))
                gone.update(paths[1:])
    return [
        joined.get(str(each.source), each)
        for each in found
        if each.problem is not None or str(each.source) not in gone
    ]


def _family(item: Input, rings: Rings) -> tuple[str, ...] | None:
    """Give what the files of one ring have in common; None for what is in no ring."""
    if item.problem is not None or not isinstance(item.source, str):
        return None
    if item.source == STANDARD_INPUT:
        return None
    folder, name = os.path.split(item.source)
    if rings == "folder":
        return ("folder", folder, "".join(os.path.splitext(name)[1:]))
    for pattern in _DUMPCAP:
        match = pattern.fullmatch(name)
        if match:
            return ("dumpcap", folder, match["stem"], match["end"] or "")
    match = _TCPDUMP.fullmatch(name)
    return ("tcpdump", folder, match["stem"], match["end"] or "") if match else None


def _rings(
    family: tuple[str, ...], items: Sequence[Input], first_time: Callable[[str], int | None]
) -> list[list[Input]]:
    """Put the files of a family in order, and part them where one does not go on from the other."""
    if family[0] == "dumpcap":
        members = [_of_dumpcap(each) for each in items]
    else:
        members = []
        for each in items:
            time = first_time(str(each.source))
            if time is not None:
                number = 0 if family[0] == "folder" else _number_of_tcpdump(each)
                members.append(_Member(each, number, (time, number, each.name)))
    members.sort(key=lambda each: each.order)
    least = min((each.number for each in members), default=0)
    most = max((each.number for each in members), default=0)
    rings: list[list[Input]] = []
    before: int | None = None
    for member in members:
        if family[0] == "folder":
            goes_on = before is not None
        elif family[0] == "dumpcap":
            goes_on = before is not None and member.number == (before + 1) % _AFTER_THE_LAST
        else:
            goes_on = before is not None and (
                member.number == before + 1 or (before, member.number) == (most, least)
            )
        if goes_on:
            rings[-1].append(member.item)
        else:
            rings.append([member.item])
        before = member.number
    return rings


def _of_dumpcap(item: Input) -> _Member:
    name = os.path.basename(str(item.source))
    match = next(filter(None, (pattern.fullmatch(name) for pattern in _DUMPCAP)))
    return _Member(item, int(match["number"]), (match["time"], int(match["number"])))


def _number_of_tcpdump(item: Input) -> int:
    match = _TCPDUMP.fullmatch(os.path.basename(str(item.source)))
    assert match is not None, "only files of the family are asked for"
    return int(match["number"] or 0)
