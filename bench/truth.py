"""What a tool found, against what is known to be in a capture."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools import TSHARK_FIELDS

CLIENT, SERVER = "ClientHello", "ServerHello"


@dataclass(frozen=True)
class Hello:
    """A hello that a tool found: where, and the suites offered or the one chosen."""

    stream: int
    kind: str
    frame: int
    suites: tuple[int, ...]


@dataclass
class Comparison:
    """Shares of the true hellos, and what is wrong."""

    true: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    suites_right: Counter[str] = field(default_factory=Counter)
    frame_right: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    invented: int = 0
    within_snap_length: int = 0
    found_within_snap_length: int = 0

    @property
    def is_perfect(self) -> bool:
        """All hellos, none twice, suites and frames right."""
        counts = (self.found, self.suites_right, self.frame_right)
        return all(count == self.true for count in counts) and not self.twice + self.invented

    def as_dict(self) -> dict[str, object]:
        """Give the counts for a JSON file."""
        return {
            name: dict(each) if isinstance(each, Counter) else each
            for name, each in vars(self).items()
        }

    def share(self, what: Counter[str], kind: str) -> float:
        """Give a share of the true hellos of a kind."""
        return what[kind] / max(1, self.true[kind])


def compare(truth: Path, hellos: Iterator[Hello], snap_length: int | None = None) -> Comparison:
    """Compare hellos with the list of the capture's maker.

    `snap_length` counts the ClientHellos apart whose suites lie within so many bytes of a frame.
    """
    result = Comparison()
    want: dict[tuple[int, str], tuple[int, tuple[int, ...]]] = {}
    within = set()
    for row in _rows(truth):
        stream = int(row["stream"])
        offered, chosen = row["client_cipher_suites"], row["negotiated_cipher_suite"]
        want[stream, CLIENT] = (int(row["client_hello_frame"]), codes(offered))
        want[stream, SERVER] = (int(row["server_hello_frame"]), codes(chosen))
        if snap_length is not None and int(row["suites_end"]) <= snap_length:
            within.add(stream)
    result.true = Counter(kind for _, kind in want)
    result.within_snap_length = len(within)
    seen = set()
    for hello in hellos:
        key = (hello.stream, hello.kind)
        if key not in want:
            result.invented += 1
            continue
        if key in seen:
            result.twice += 1
            continue
        seen.add(key)
        frame, suites = want[key]
        result.found[hello.kind] += 1
        result.frame_right[hello.kind] += hello.frame == frame
        result.suites_right[hello.kind] += hello.suites == suites
        if hello.kind == CLIENT and hello.stream in within:
            result.found_within_snap_length += hello.suites == suites
    return result


def of_handshakes(table: Path) -> Iterator[Hello]:
    """The hellos in what `tlsaudit handshakes --format csv` wrote."""
    for row in _rows(table):
        stream = int(row["stream"])
        if row["client_hello_frame"]:
            offered = codes(row["client_cipher_suites"])
            yield Hello(stream, CLIENT, int(row["client_hello_frame"]), offered)
        if row["server_hello_frame"]:
            chosen = codes(row["negotiated_cipher_suite"])
            yield Hello(stream, SERVER, int(row["server_hello_frame"]), chosen)


def of_core(capture: Path) -> Iterator[Hello]:
    """The hellos that the core hands to Python."""
    import pyarrow as pa

    from tlsaudit import _core

    table = pa.table(_core.read([(str(capture), str(capture))]))
    for kind, frames, suites in (
        (CLIENT, "client_hello_frame", "client_cipher_suites"),
        (SERVER, "server_hello_frame", "negotiated_cipher_suite"),
    ):
        columns = (table[name].to_pylist() for name in ("stream", frames, suites))
        for stream, frame, found in zip(*columns, strict=True):
            if frame is not None:
                several = found if isinstance(found, list) else [found]
                yield Hello(stream, kind, frame, tuple(several))


def of_tshark(lines: Path) -> Iterator[Hello]:
    """The hellos in what tshark printed."""
    with lines.open(encoding="utf-8") as file:
        for line in file:
            row = dict(zip(TSHARK_FIELDS, line.rstrip("\n").split(","), strict=True))
            kinds = row["tls.handshake.type"].split(";")
            suites = codes(row["tls.handshake.ciphersuite"])
            for number, kind in (("1", CLIENT), ("2", SERVER)):
                for _ in range(kinds.count(number)):
                    stream, frame = int(row["tcp.stream"]), int(row["frame.number"])
                    yield Hello(stream, kind, frame, suites)


def codes(text: str) -> tuple[int, ...]:
    """Give the numbers of a list with semicolons between them."""
    return tuple(int(each, 0) for each in text.split(";")) if text else ()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
