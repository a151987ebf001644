"""Runs the fuzz targets of `rust/fuzz`, each for a given number of executions.

    python scripts/fuzz.py                         a million executions of each target
    python scripts/fuzz.py --runs 3000000 stream   of one target

Corpora are seeded with what `samples/` gives, and grow in `rust/fuzz/corpus` from run to run. A
find ends the run of its target and is kept in `rust/fuzz/artifacts`: once it is mended it belongs
to `rust/wire/tests/finds`, under the name of what it showed, where the tests run it for ever.
Needs cargo-fuzz. No nightly compiler: the code has no `unsafe`, so no sanitizer is asked for, only
overflow checks and assertions.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "rust" / "fuzz"

# Longest inputs, in bytes: what the readers meet in one go is within them, and longer ones take
# their time without reaching more code.
LONGEST = {
    "capture": 2_048,
    "packet": 600,
    "stream": 1_024,
    "hello": 1_024,
    "certificate": 3_000,
    "datagrams": 1_024,
    "carrier": 1_024,
    "eap": 1_024,
    "quic": 1_024,
    "etl": 8_192,
    "names": 1_024,
    "netmon": 1_024,
    "matp": 2_048,
}
SECONDS_AN_INPUT = 10
MEMORY_MB = 512


@dataclass(frozen=True)
class Run:
    """What became of one target."""

    target: str
    executions: int
    seconds: float
    coverage: str
    memory_mb: str
    find: str | None

    def line(self) -> str:
        """Everything of it on a line."""
        end = f"FIND: {self.find}" if self.find else "no find"
        return (
            f"{self.target:12} {self.executions:>12,} executions {self.seconds:>8.0f} s "
            f"{self.coverage:>6} edges {self.memory_mb:>4} MB  {end}"
        )


def cargo(*arguments: str) -> None:
    """Run cargo in the folder of the targets, with the installed compiler whatever it is."""
    subprocess.run(["cargo", *arguments], cwd=FUZZ, env=environment(), check=True)


def environment() -> dict[str, str]:
    """The environment that lets a stable compiler take cargo-fuzz's flags."""
    return {**os.environ, "RUSTC_BOOTSTRAP": "1", "RUST_BACKTRACE": "0"}


def seed(samples: Path) -> None:
    """Write the seeds of all targets."""
    captures = sorted(str(path) for path in samples.iterdir() if path.is_file())
    cargo("run", "--quiet", "--release", "--example", "seeds", "--", "corpus", *captures)


def run(target: str, runs: int) -> Run:
    """Run one target until so many executions or a find."""
    artifacts = FUZZ / "artifacts" / target
    artifacts.mkdir(parents=True, exist_ok=True)
    (FUZZ / "corpus" / target).mkdir(parents=True, exist_ok=True)
    command = ["cargo", "fuzz", "run", "--sanitizer", "none", "--release", "--debug-assertions"]
    command += [target, "--", f"-runs={runs}", f"-max_len={LONGEST[target]}"]
    command += [f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEMORY_MB}"]
    command += ["-print_final_stats=1", f"-artifact_prefix={artifacts}/"]
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=FUZZ, env=environment(), check=False, stderr=subprocess.PIPE, text=True,
        errors="replace",
    )  # fmt: skip
    seconds = time.monotonic() - started
    log = FUZZ / "artifacts" / f"{target}.log"
    log.write_text(done.stderr, encoding="utf-8")

    def last(pattern: str) -> str:
        return next(iter(re.findall(pattern, done.stderr)[-1:]), "")

    find = last(r"Test unit written to (\S+)")
    if done.returncode and not find:
        find = f"it ended with {done.returncode}: see {log.relative_to(ROOT)}"
    executions = last(r"number_of_executed_units: (\d+)") or "0"
    coverage, memory = last(r"cov: (\d+)"), last(r"peak_rss_mb: +(\d+)")
    return Run(target, int(executions), seconds, coverage, memory, find or None)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(LONGEST))
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions of each target")
    arguments = parser.parse_args()
    targets = arguments.targets or list(LONGEST)
    if unknown := set(targets) - set(LONGEST):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if subprocess.run(["cargo", "fuzz", "--version"], capture_output=True, check=False).returncode:
        parser.error("cargo-fuzz is missing: cargo install cargo-fuzz")
    seed(ROOT / "samples")
    cargo("fuzz", "build", "--sanitizer", "none", "--release", "--debug-assertions")
    results = []
    for target in targets:
        results.append(run(target, arguments.runs))
        print(results[-1].line(), flush=True)
    print(f"{sum(result.executions for result in results):,} executions in all")
    return 1 if any(result.find for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
