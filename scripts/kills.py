"""Kill `tlsaudit batch` at random moments; the store must end as if nothing had happened.

    python scripts/kills.py [--captures 300] [--kills 50] [--seed 1]

Captures are copies of the samples, one in ten a file of a ring buffer. A run without a disturbance
gives the store to compare with. Then runs are killed (SIGKILL) after a random time, one after the
other, on the same store; whenever one ends before it is killed, its store must be the same byte for
byte, and the next one begins with an empty store. At last a run goes to its end.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
RING = 10  # one in so many captures is a file of a ring


@dataclass
class Campaign:
    """What was done, and how far the store was at each kill."""

    kills: int = 0
    completed: int = 0
    stored_at_kill: list[int] = field(default_factory=list)


def main() -> int:
    """Run the campaign; the exit code."""
    parser = argparse.ArgumentParser(description="Kill tlsaudit batch at random moments.")
    parser.add_argument("--captures", type=int, default=300)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = run(Path(folder), arguments.captures, arguments.kills, arguments.seed)
    at = ", ".join(str(count) for count in campaign.stored_at_kill)
    print(
        f"{campaign.kills} kills over {arguments.captures} captures; {campaign.completed} runs "
        f"went to their end in between; captures in the store at each kill: {at}; the store is the "
        "same byte for byte"
    )
    return 0


def run(folder: Path, captures: int, kills: int, seed: int) -> Campaign:
    """Make captures, kill so many runs, and compare; AssertionError if the store differs."""
    source, store = folder / "captures", folder / "store"
    make_captures(source, captures)
    begun = time.monotonic()
    finish(source, folder / "undisturbed")
    whole = time.monotonic() - begun
    expected = contents(folder / "undisturbed")
    begun = time.monotonic()
    finish(source, folder / "undisturbed")
    idle = time.monotonic() - begun
    assert contents(folder / "undisturbed") == expected, (
        "a run with nothing to do changed the store"
    )
    moments = random.Random(seed)
    campaign = Campaign()
    while campaign.kills < kills:
        # From the start of the interpreter to a good part of the work, and seldom beyond its end.
        delay = moments.uniform(0, idle) + moments.uniform(0, 0.3) * whole
        if killed(source, store, delay):
            campaign.kills += 1
            campaign.stored_at_kill.append(stored(store))
        else:
            campaign.completed += 1
            assert contents(store) == expected, "a run after kills gave another store"
            shutil.rmtree(store)
    finish(source, store)
    assert contents(store) == expected, "the store differs from that of an undisturbed run"
    return campaign


def make_captures(folder: Path, count: int) -> None:
    """Copy samples into a folder, each under a name of its own."""
    folder.mkdir()
    samples = sorted(path for path in SAMPLES.iterdir() if path.name.endswith((".pcap", ".pcapng")))
    for number in range(count):
        sample = samples[number % len(samples)]
        name = f"{number:03}-{sample.name}"
        if number % RING == 0:
            name = f"ring_{number // RING + 1:05}_20260101{number:06}.pcap"
        shutil.copyfile(sample, folder / name)


def command(source: Path, store: Path) -> Sequence[str]:
    """Give the command of one run."""
    return [sys.executable, "-m", "tlsaudit", "batch", str(source), "-o", str(store)]


def finish(source: Path, store: Path) -> None:
    """Run to the end; captures that cannot be read are no mistake."""
    done = subprocess.run(command(source, store), capture_output=True, cwd=ROOT, check=False)
    assert done.returncode in (0, 3), done.stderr.decode()


def killed(source: Path, store: Path, delay: float) -> bool:
    """Start a run and kill it after so many seconds; whether it was still running."""
    with subprocess.Popen(
        command(source, store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() == -signal.SIGKILL


def stored(store: Path) -> int:
    """Count the captures that a store names; what is not yet a store has none."""
    from tlsaudit.errors import StoreError
    from tlsaudit.store.manifest import Manifest

    try:
        entries = Manifest.load(store).entries
    except StoreError:
        return 0
    for entry in entries.values():
        for table in entry.rows:
            assert (store / table / f"{entry.part}.parquet").is_file(), "a named part is missing"
    return len(entries)


def contents(store: Path) -> dict[str, bytes]:
    """Give everything in a store but the lock, which names the process that held it last."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


if __name__ == "__main__":
    sys.exit(main())
