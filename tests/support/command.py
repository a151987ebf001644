"""The command as a process: how tests run it, and where the samples are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeAlias

Process: TypeAlias = "subprocess.Popen[bytes]"

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
COMMAND = (sys.executable, "-m", "tlsaudit")


@dataclass(frozen=True)
class Done:
    """What a finished process left: its exit code, its output, its messages by line."""

    code: int
    output: bytes
    messages: list[str]

    @property
    def text(self) -> str:
        """The output as text."""
        return self.output.decode("utf-8")

    @property
    def lines(self) -> list[str]:
        """The output by line."""
        return self.text.split("\n")[:-1]


def run(*arguments: str | Path, given: bytes = b"", **environment: str) -> Done:
    """Run `tlsaudit` with these arguments, in the folder of the samples, to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=given,
        capture_output=True,
        check=False,
        cwd=SAMPLES,
        env={**os.environ, "NO_COLOR": "1", **environment},
        timeout=120,
    )
    messages = done.stderr.decode("utf-8").split("\n")
    assert messages.pop() == ""
    assert "Traceback (most recent call last):" not in messages, done.stderr.decode("utf-8")
    return Done(done.returncode, done.stdout, messages)


@contextmanager
def started(*arguments: str | Path, given: int = subprocess.PIPE) -> Iterator[Process]:
    """Start `tlsaudit` with pipes to everything; it is ended at the end."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=SAMPLES,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def feed(process: Process, data: bytes) -> None:
    """Write to its standard input from beside, and leave it open; a full pipe blocks nobody."""

    def write() -> None:
        assert process.stdin is not None
        # The test may be over before everything is taken.
        with suppress(BrokenPipeError):
            process.stdin.write(data)
            process.stdin.flush()

    Thread(target=write, daemon=True).start()


def interrupt_while_it_waits(process: Process, given: bytes) -> None:
    """Interrupt it while it waits for more than `given`: it stops within a second and says so."""
    assert process.stderr is not None
    feed(process, given)
    time.sleep(3)
    assert process.poll() is None, "it waits for more"
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert time.monotonic() - before < 1
    assert process.stderr.read() == b"tlsaudit: interrupted\n"
