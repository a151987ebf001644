"""Events of Schannel from a file: what `wevtutil` writes as XML, or the log itself (`.evtx`).

Each event is taken out of the file and parsed by itself. So there may be a root element or none,
a broken event costs nobody but itself, and nothing that precedes an event is ever parsed: an
event has no room for a document type, so there are no entities to expand or to fetch.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from xml.etree import ElementTree

from tlsaudit.errors import ListError
from tlsaudit.events.record import Logged, nanoseconds, whole_number
from tlsaudit.inputs import printable_name
from tlsaudit.safe_text import escaped

if TYPE_CHECKING:
    import os

__all__ = ["Events", "read_events"]

MAX_EVENT = 1 << 20
"""Characters of one event: Windows keeps events below 64 KiB, in XML a few times that."""

MAX_FIELD = 2_000
"""Characters of one field that are kept: names and subjects are shorter, certificates are not."""

_CHUNK = 1 << 18
_EVTX, _EVT = b"ElfFile\0", b"LfLe"
_BEGIN = re.compile(r"<Event(?=[\s>])")
_END = "</Event>"
_PROVIDER = "{1f678132-5938-4686-9fdc-c8ff68f15c85}"
_NOT_ASKED = frozenset({"__binLength", "binaryData", "EncodedCert", "pCertificateContext"})


@dataclass(frozen=True, slots=True)
class Events:
    """The events of Schannel in some files, in the order of time; of each file what else it held.

    `others` are events of other providers, `broken_in` counts by file what could not be read as an
    event.
    """

    logged: tuple[Logged, ...]
    others: int = 0
    broken_in: Mapping[str, int] = field(default_factory=dict)

    @property
    def broken(self) -> int:
        """What could not be read as an event, in all files."""
        return sum(self.broken_in.values())


def read_events(*paths: str | os.PathLike[str]) -> Events:
    """Read the events of Schannel in these files, an event that two files hold once.

    Raises ListError, which says what to do, where a file cannot be read or is something else.
    """
    found: dict[tuple[object, ...], Logged] = {}
    others = 0
    broken_in: dict[str, int] = {}
    for path in paths:
        of_file = 0
        place, log = Path(path), printable_name(str(path))
        for text in _events(place):
            of_file += 1
            event = None if text is None else _parsed(text, log)
            if event is None:
                broken_in[log] = broken_in.get(log, 0) + 1
            elif isinstance(event, Logged):
                key = (event.computer, event.record, event.event_id, event.ts)
                found.setdefault((*key, tuple(event.fields.items())), event)
            else:
                others += 1
        if not of_file:
            if _is_json(place):
                raise ListError(
                    f"{place}: this is JSON, which events are not; sign-ins of Entra are given as "
                    "such (`--sign-ins`)"
                )
            raise ListError(
                f"{place}: holds no events; write them with "
                "`wevtutil qe System /q:\"*[System[Provider[@Name='Schannel']]]\" /f:xml`"
            )
    logged = sorted(
        found.values(), key=lambda each: (each.ts is None, each.ts or 0, each.record or 0)
    )
    return Events(tuple(logged), others, broken_in)


def _is_json(place: Path) -> bool:
    """Whether a file without events begins as JSON does, in whatever encoding."""
    with place.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"[", b"{")


def _events(place: Path) -> Iterator[str | None]:
    """Give the events of a file as XML, null for one that cannot be had."""
    try:
        with place.open("rb") as file:
            start = file.read(8)
            file.seek(0)
            if start == _EVTX:
                yield from _of_log(place)
            elif start[4:] == _EVT:
                raise ListError(
                    f"{place}: a log of Windows XP or Server 2003, which is not read; convert it "
                    "with `wevtutil epl FILE.evt FILE.evtx /lf:true`"
                )
            else:
                yield from _split(_text(file, start))
    except OSError as error:
        raise ListError(f"{place}: cannot be read ({error.strerror or error})") from None


def _of_log(place: Path) -> Iterator[str | None]:
    """Give the records of an `.evtx` file, through the package `evtx`."""
    try:
        from evtx import PyEvtxParser
    except ImportError:
        raise ListError(
            f"{place}: reading .evtx needs the package evtx: run `pip install 'tlsaudit[events]'`, "
            "or give the output of `wevtutil … /f:xml`"
        ) from None
    with warnings.catch_warnings(record=True) as skipped:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            for record in PyEvtxParser(str(place), number_of_threads=1, skip_errors=True).records():
                text = "" if record is None else str(record["data"])
                begin = _BEGIN.search(text)
                yield text[begin.start() :] if begin else None
        except (RuntimeError, ValueError) as error:
            raise ListError(f"{place}: this log is damaged ({error})") from None
        yield from (None for _ in skipped)


def _text(file: BinaryIO, start: bytes) -> Iterator[str]:
    """Give the text of a file in parts: UTF-8 or UTF-16, with a byte order mark or without."""
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    elif start[:4:2] == b"\0\0":
        encoding = "utf-16-be"
    elif start[1:4:2] == b"\0\0":
        encoding = "utf-16-le"
    else:
        encoding = "utf-8-sig"
    # Bytes of another code page stay readable as `\xNN`.
    decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
    while part := file.read(_CHUNK):
        yield decoder.decode(part)
    yield decoder.decode(b"", final=True)


def _split(parts: Iterable[str]) -> Iterator[str | None]:
    """Give each event of a text, whatever lies between them."""
    text = ""
    skips = False
    for part in parts:
        text += part
        at = 0
        while True:
            if not skips:
                begin = _BEGIN.search(text, at)
                if begin is None:
                    at = max(at, len(text) - len("<Event"))
                    break
                at = begin.start()
            end = text.find(_END, at)
            if end < 0:
                if not skips and len(text) - at > MAX_EVENT:
                    yield None
                    skips = True
                if skips:
                    at = max(at, len(text) - len(_END))
                break
            stop = end + len(_END)
            if not skips:
                yield text[at:stop] if stop - at <= MAX_EVENT else None
            skips, at = False, stop
        text = text[at:]
    if skips is False and _BEGIN.match(text):
        yield None


def _parsed(text: str, log: str) -> Logged | str | None:
    """Give the event of Schannel, the provider's name for another's, null for a broken one."""
    if "schannel" not in text.casefold() and _PROVIDER not in text.casefold():
        return "another"
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None
    system = _child(root, "System")
    if system is None:
        return None
    provider = _child(system, "Provider")
    names = {} if provider is None else provider.attrib
    if (
        names.get("Name", "").casefold() != "schannel"
        and names.get("Guid", "").casefold() != _PROVIDER
    ):
        return "another"
    event_id = whole_number(_content(system, "EventID"), 0xFFFF_FFFF)
    if event_id is None:
        return None
    created = _child(system, "TimeCreated")
    computer = _kept(_content(system, "Computer") or "")
    return Logged(
        log,
        event_id,
        nanoseconds("" if created is None else created.get("SystemTime", "")),
        computer or None,
        whole_number(_content(system, "EventRecordID"), (1 << 64) - 1),
        dict(_fields(root)),
    )


def _fields(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The fields by name: of EventData, or of UserData, where Windows 7 has them."""
    data = _child(root, "EventData")
    if data is not None:
        named = ((each.get("Name", ""), each) for each in data if _local(each) == "Data")
    else:
        data = _child(root, "UserData")
        inner = () if data is None else (each for part in data for each in part)
        named = ((_local(each), each) for each in inner)
    for name, each in named:
        if name and name not in _NOT_ASKED:
            yield _kept(name), _kept(each.text or "")


def _kept(text: str) -> str:
    return escaped(text.strip()[:MAX_FIELD].encode("utf-8", "surrogatepass"))


def _child(parent: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((each for each in parent if _local(each) == name), None)


def _content(parent: ElementTree.Element, name: str) -> str | None:
    child = _child(parent, name)
    return None if child is None else child.text


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
