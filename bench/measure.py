"""Interleaved runs of commands, and the medians of what they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass
class Job:
    """A tool at work on a capture, and its runs.

    `rounds` limits the runs of a slow one. `keep` is where the output of the latest run stays;
    without it, output goes to a file all the same, as a user's would, and is removed. With
    `discard` it goes nowhere.
    """

    tool: str
    capture: str
    size: int
    command: Sequence[str]
    rounds: int
    keep: Path | None = None
    discard: bool = False
    runs: dict[int, dict[str, float]] = field(default_factory=dict)

    def median(self, what: str) -> float:
        """Give the median of `wall`, `cpu` (seconds) or `peak` (bytes)."""
        return median(run[what] for run in self.runs.values())

    def rate(self, what: str) -> float:
        """Give bytes a second."""
        return self.size / self.median(what)

    def ratio(self, other: Job, what: str) -> float:
        """Give how many times as long a byte takes as with `other`.

        The median over the rounds that both took part in: within a round the machine is equally
        busy for both.
        """
        rounds = self.runs.keys() & other.runs.keys()
        scale = other.size / self.size
        return median(scale * self.runs[n][what] / other.runs[n][what] for n in rounds)


def run_rounds(jobs: Sequence[Job], rounds: int, folder: Path, tell: Callable[[str], None]) -> None:
    """Run every job once a round. Captures are read beforehand, so that none comes from disk."""
    for number in range(rounds):
        for job in jobs:
            if number < job.rounds:
                warm(Path(job.capture))
                job.runs[number] = run(job, folder)
        tell(f"round {number + 1} of {rounds} done")


def run(job: Job, folder: Path) -> dict[str, float]:
    """Run the job once; raises RuntimeError if it fails."""
    output, errors = job.keep or folder / "output", folder / "output.stderr"
    # A file that is cut and written again costs other time than a new one.
    output.unlink(missing_ok=True)
    target = os.devnull if job.discard else str(output)
    launched = subprocess.run(
        [sys.executable, "-I", "-S", LAUNCH, target, errors, *job.command],
        capture_output=True,
        text=True,
        check=True,
        env=environment(folder),
    )
    result: dict[str, float] = json.loads(launched.stdout)
    if result["code"]:
        complaint = errors.read_text("utf-8", "replace").strip()
        raise RuntimeError(f"{job.tool} on {job.capture} gave {result['code']}: {complaint}")
    if job.keep is None:
        output.unlink(missing_ok=True)
    errors.unlink()
    return result


def environment(folder: Path) -> dict[str, str]:
    """Give the environment of the runs: compiled Python modules are kept, as when installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "pycache")}


def warm(path: Path) -> None:
    """Read a file, so that it is in memory."""
    block = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass
