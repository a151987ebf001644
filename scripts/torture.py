"""Captures mutated with fixed seeds, read by the library and by the command.

    python scripts/torture.py CORPUS/dev

Every file under 100 kB below the folder is changed 50 times: bits flipped, bytes set, ends cut off,
blocks left out, doubled and swapped, lengths made to lie. Whatever comes of it must be rows or a
sentence: no panic, no crash, nothing that takes longer than 10 seconds or more than 128 MB beyond
what the process took before. A slice goes through the command, whose exit code must be the
documented one. The same folder gives the same mutations on every machine. What fails is kept in
the folder `out/torture`, named for the capture and the number of the mutation.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

LARGEST_FILE = 100_000
MUTATIONS = 50
SECONDS = 10.0
MEMORY_MB = 128.0
COMMAND_EVERY = 100
"""One in so many mutations goes through the command too: starting Python takes longer than all."""
CHECK_EVERY = 10
"""Of those, one in so many through `tlsaudit check`, which loads everything."""
FAULT = "a fault in tlsaudit"
"""How the error of a capture begins whose reading panicked."""

Mutation = Callable[[bytearray, random.Random], None]


# --- mutations ------------------------------------------------------------------------------------


def flip_bits(data: bytearray, chance: random.Random) -> None:
    """Flip a few bits, anywhere."""
    for _ in range(chance.choice((1, 2, 8, 32))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def set_bytes(data: bytearray, chance: random.Random) -> None:
    """Set a few bytes to values at the end of a range."""
    for _ in range(chance.choice((1, 2, 8))):
        data[chance.randrange(len(data))] = chance.choice((0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF))


def cut(data: bytearray, chance: random.Random) -> None:
    """Cut off the end."""
    del data[chance.randrange(len(data)) :]


def leave_out(data: bytearray, chance: random.Random) -> None:
    """Leave out a block."""
    start, end = _block(data, chance)
    del data[start:end]


def double(data: bytearray, chance: random.Random) -> None:
    """Repeat a block, there or elsewhere."""
    start, end = _block(data, chance)
    at = end if chance.random() < 0.5 else chance.randrange(len(data))
    data[at:at] = data[start:end]


def swap(data: bytearray, chance: random.Random) -> None:
    """Let two blocks change places."""
    ends = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    a, b, c, d = ends
    data[a:d] = data[c:d] + data[b:c] + data[a:b]


def insert(data: bytearray, chance: random.Random) -> None:
    """Put in bytes that mean nothing."""
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 16, 300)))


def lie(data: bytearray, chance: random.Random) -> None:
    """Change a length: of a packet, a block, an IP packet, a record, a message, a list."""
    places = list(_lengths(data))
    if not places:
        flip_bits(data, chance)
        return
    for _ in range(chance.choice((1, 1, 3))):
        at, size, order = chance.choice(places)
        old = int.from_bytes(data[at : at + size], order)
        most = (1 << 8 * size) - 1
        new = chance.choice(
            (0, 1, old - 1, old + 1, old // 2, old * 2, old + 65_536, most // 2, most)
        )
        data[at : at + size] = max(0, min(most, new)).to_bytes(size, order)


MUTATIONS_BY_NAME: dict[str, Mutation] = {
    each.__name__: each
    for each in (flip_bits, set_bytes, cut, leave_out, double, swap, insert, lie)
}


def _block(data: bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 4, 16, 60, 500, 5_000)))


def _lengths(data: bytearray) -> Iterator[tuple[int, int, Any]]:
    """Give the places of lengths as offset, size and byte order."""
    yield from _lengths_of_container(data)
    for mark, places in (
        (b"\x08\x00\x45", ((4, 2), (14, 1))),  # Ethernet and IPv4: total length
        (b"\x86\xdd\x60", ((6, 2),)),  # IPv6: payload length
        (b"\x16\x03", ((3, 2), (6, 3), (43, 1), (44, 2), (76, 2))),  # record, message, hello
    ):
        at = data.find(mark)
        while at >= 0:
            for offset, size in places:
                if at + offset + size <= len(data):
                    yield at + offset, size, "big"
            at = data.find(mark, at + 1)


def _lengths_of_container(data: bytearray) -> Iterator[tuple[int, int, Any]]:
    first = bytes(data[:4])
    if first == b"\x0a\x0d\x0d\x0a" and len(data) >= 12:
        order: Any = "little" if data[8] == 0x4D else "big"
        at = 0
        while at + 12 <= len(data):
            length = int.from_bytes(data[at + 4 : at + 8], order)
            yield at + 4, 4, order
            if int.from_bytes(data[at : at + 4], order) == 6 and at + 28 <= len(data):
                yield at + 20, 4, order
            at += max(12, length)
    elif first in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1"):
        order = "big" if first[0] == 0xA1 else "little"
        at = 24
        while at + 16 <= len(data):
            yield at + 8, 4, order
            yield at + 12, 4, order
            at += 16 + int.from_bytes(data[at + 8 : at + 12], order)


def mutated(data: bytes, name: str, number: int) -> tuple[str, bytes]:
    """Give what was done first, and the bytes after it; the same for the same name and number."""
    chance = random.Random(f"{name}:{number}")
    names = list(MUTATIONS_BY_NAME)
    first = chance.choice(names)
    todo = [first, *chance.sample(names, chance.choice((0, 0, 1, 2)))]
    changed = bytearray(data)
    for each in todo:
        if changed:
            MUTATIONS_BY_NAME[each](changed, chance)
    return first, bytes(changed)


# --- one case -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One mutation of one file."""

    name: str
    path: str
    number: int

    def data(self) -> tuple[str, bytes]:
        """What was done, and the bytes."""
        return mutated(Path(self.path).read_bytes(), self.name, self.number)


@dataclass
class Result:
    """What became of a case: problems are sentences, and there should be none."""

    mutation: str
    problems: list[str] = field(default_factory=list)
    error_kind: str | None = None
    handshakes: int = 0
    seconds: float = 0.0
    memory_mb: float = 0.0
    command: str | None = None
    command_memory_mb: float = 0.0


def peak_mb() -> float:
    """Give the most memory that this process ever took.

    Not by getrusage where there is another way: Linux counts there what the process that started
    this one had taken by then.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        fields = dict(line.split(":", 1) for line in status.read_text("ascii").splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def through_library(data: bytes, result: Result, text: Path) -> dict[str, Any]:
    """Read to a table and to text; both must agree. Gives the row of the captures table."""
    import pyarrow

    from tlsaudit import _core, registry
    from tlsaudit.schema.column import CAPTURE_ERRORS

    reading = _core.read([("it", io.BytesIO(data))])
    table = pyarrow.table(reading)
    table.validate(full=True)
    [capture] = reading.captures
    [written] = _core.write_text(
        [("it", io.BytesIO(data))], "jsonl", str(text), registry.names_for_core()
    )
    if capture != written:
        result.problems.append(f"table and text differ: {capture} and {written}")
    rows = [json.loads(line) for line in text.read_text(encoding="utf-8").splitlines()]
    if not len(rows) == table.num_rows == capture["handshakes"]:
        result.problems.append(
            f"{len(rows)} lines, {table.num_rows} rows, {capture['handshakes']} handshakes"
        )
    if capture["error_kind"] not in (None, *CAPTURE_ERRORS):
        result.problems.append(f"undocumented kind of error: {capture['error_kind']}")
    if FAULT in (capture["error"] or ""):
        result.problems.append("the reading panicked")
    result.error_kind = capture["error_kind"]
    result.handshakes = capture["handshakes"]
    return capture


def expected_codes(capture: dict[str, Any], command: str) -> set[int]:
    """Give the documented exit codes for a run over this one capture."""
    if not capture["readable"]:
        return {2}
    code = 3 if capture["error"] else 0
    if command != "check":
        return {code}
    # Where nothing was to be judged, silence would be taken for an answer.
    return {1, code if code or capture["handshakes"] else 2}


def through_command(
    data: bytes, capture: dict[str, Any], command: str, folder: Path, result: Result
) -> None:
    """Run the command as a process."""
    path = folder / "capture"
    path.write_bytes(data)
    arguments = ["--format", "jsonl"] if command == "handshakes" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "tlsaudit", command, str(path), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    assert process.stderr is not None
    hangs = threading.Timer(SECONDS, process.kill)
    hangs.start()
    messages = process.stderr.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    hangs.cancel()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    result.command = f"{command}: {code}"
    result.command_memory_mb = usage.ru_maxrss / 1024
    if code not in expected_codes(capture, command):
        result.problems.append(f"`{command}` left with {code}: {capture['error']}: {messages}")
    if any(not line.startswith("tlsaudit: ") for line in messages.splitlines()):
        result.problems.append(f"`{command}` said: {messages}")


# --- workers --------------------------------------------------------------------------------------


def work(connection: Connection) -> None:
    """Take cases and give results until the other end closes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        baseline = _warm_up(folder)
        while True:
            try:
                case, commands = connection.recv()
            except EOFError:
                return
            mutation, data = case.data()
            result = Result(mutation)
            started = time.monotonic()
            try:
                capture = through_library(data, result, folder / "text")
                result.seconds = time.monotonic() - started
                result.memory_mb = max(0.0, peak_mb() - baseline)
                for command in commands:
                    through_command(data, capture, command, folder, result)
            except BaseException as error:  # a panic is no Exception
                result.problems.append(f"{type(error).__name__}: {error}")
            connection.send(result)


def _warm_up(folder: Path) -> float:
    """Load everything and read once, so that what is measured later is what a capture takes."""
    header = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
    through_library(header + bytes(16), Result(""), folder / "text")
    return peak_mb()


@dataclass
class Worker:
    """A process and what it is busy with."""

    process: SpawnProcess
    connection: Connection
    case: Case | None = None
    since: float = 0.0

    @classmethod
    def start(cls) -> Worker:
        """Start one."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there,), daemon=True)
        process.start()
        there.close()
        return cls(process, here)

    def stop(self) -> None:
        """End it, whatever it does."""
        self.connection.close()
        self.process.kill()
        self.process.join()


def results(
    cases: Iterator[tuple[Case, tuple[str, ...]]], jobs: int
) -> Iterator[tuple[Case, Result]]:
    """Run the cases; a worker that hangs or dies is a result too, and is replaced."""
    workers = [Worker.start() for _ in range(jobs)]
    try:
        while True:
            for worker in workers:
                following = next(cases, None) if worker.case is None else None
                if following is not None:
                    worker.case, worker.since = following[0], time.monotonic()
                    worker.connection.send(following)
            busy = [worker for worker in workers if worker.case is not None]
            if not busy:
                return
            ready = wait([worker.connection for worker in busy], timeout=1.0)
            for worker in busy:
                assert worker.case is not None
                result = _answer(worker, worker.connection in ready)
                if result is None:
                    continue
                case, worker.case = worker.case, None
                yield case, result
                if result.memory_mb > MEMORY_MB or not worker.process.is_alive():
                    # What a process took it does not give back: the next case starts afresh.
                    worker.stop()
                    workers[workers.index(worker)] = Worker.start()
    finally:
        for worker in workers:
            worker.stop()


def _answer(worker: Worker, ready: bool) -> Result | None:
    """Give the result of a worker's case, None while there is none."""
    assert worker.case is not None
    if ready:
        try:
            result: Result = worker.connection.recv()
        except EOFError:
            worker.process.join()
            return Result("", [f"the process died with {worker.process.exitcode}"])
        if result.memory_mb > MEMORY_MB:
            result.problems.append(f"it took {result.memory_mb:.0f} MB")
        if result.seconds > SECONDS:
            result.problems.append(f"it took {result.seconds:.1f} seconds")
        return result
    # The command may run three times SECONDS beside the library.
    if time.monotonic() - worker.since > 5 * SECONDS:
        worker.process.kill()
        worker.process.join()
        return Result("", ["it hangs"])
    return None


# --- all of it ------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What all cases together gave."""

    captures: int = 0
    cases: int = 0
    handshakes: int = 0
    mutations: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    most_memory: tuple[float, str] = (0.0, "")
    most_command_memory: float = 0.0
    problems: list[str] = field(default_factory=list)

    def add(self, case: Case, result: Result) -> None:
        """Count a case."""
        name = f"{case.name}, mutation {case.number}"
        self.cases += 1
        self.handshakes += result.handshakes
        self.mutations[result.mutation] += 1
        self.ends[result.error_kind or "read to the end"] += 1
        if result.command:
            self.commands[result.command] += 1
        self.slowest = max(self.slowest, (result.seconds, name))
        self.most_memory = max(self.most_memory, (result.memory_mb, name))
        self.most_command_memory = max(self.most_command_memory, result.command_memory_mb)
        self.problems += [f"{name}: {problem}" for problem in result.problems]

    def lines(self) -> Iterator[str]:
        """Give what there is to say."""

        def counts(counter: Counter[str]) -> str:
            return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())

        yield f"{self.captures:,} captures, {self.cases:,} mutations: {counts(self.mutations)}"
        yield f"ends: {counts(self.ends)}; {self.handshakes:,} handshakes"
        yield f"commands and exit codes: {counts(self.commands) or 'none'}"
        yield f"slowest: {self.slowest[0]:.2f} s ({self.slowest[1]})"
        yield (
            f"most memory beyond the baseline: {self.most_memory[0]:.0f} MB "
            f"({self.most_memory[1]}); most of a command: {self.most_command_memory:.0f} MB"
        )
        yield f"problems: {len(self.problems):,}"


def captures_below(folder: Path) -> list[Path]:
    """Give the files that are small enough, in an order that is the same everywhere."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if 0 < path.stat().st_size < LARGEST_FILE)


def cases_of(
    folder: Path, paths: list[Path], mutations: int, command_every: int
) -> Iterator[tuple[Case, tuple[str, ...]]]:
    """Give every case, and the commands that it goes through."""
    count = 0
    for path in paths:
        name = path.relative_to(folder).as_posix()
        for number in range(mutations):
            commands: tuple[str, ...] = ()
            if command_every and count % command_every == 0:
                with_check = count % (command_every * CHECK_EVERY) == 0
                commands = ("check",) if with_check else ("handshakes",)
            count += 1
            yield Case(name, str(path), number), commands


def torture(
    folder: Path,
    paths: list[Path],
    *,
    mutations: int = MUTATIONS,
    command_every: int = COMMAND_EVERY,
    jobs: int = 1,
    keep: Path | None = None,
) -> Tally:
    """Run all cases; failing ones are kept in the folder `keep`."""
    tally = Tally(captures=len(paths))
    for case, result in results(cases_of(folder, paths, mutations, command_every), jobs):
        tally.add(case, result)
        if result.problems and keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            kept = keep / f"{case.name.replace('/', '+')}.{case.number}"
            kept.write_bytes(case.data()[1])
    return tally


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="the captures, in folders below it")
    parser.add_argument("--mutations", type=int, default=MUTATIONS, help="of each capture")
    parser.add_argument("--every", type=int, default=1, help="take one in so many captures")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, default=Path("out/torture"), help="for what fails")
    arguments = parser.parse_args()
    paths = captures_below(arguments.folder)[:: arguments.every]
    if not paths:
        parser.error(f"there is no capture below {arguments.folder}")
    started = time.monotonic()
    tally = torture(
        arguments.folder,
        paths,
        mutations=arguments.mutations,
        jobs=arguments.jobs,
        keep=arguments.keep,
    )
    for line in tally.lines():
        print(line)
    print(f"{time.monotonic() - started:.0f} seconds")
    for problem in tally.problems:
        print(problem, file=sys.stderr)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
