"""Measures tlsaudit against the floor and against other tools, on captures with known contents.

    python bench/run.py FOLDER [--rounds N]

Captures (about 8 GB) are made in FOLDER and kept there; results go to standard output as Markdown
and to FOLDER/bench.json. All tools run in turn in every round, from a warm page cache; figures are
medians over the rounds, ratios medians of the rounds' ratios. Exit code 1 if a bar that must hold
does not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bars
import captures
import measure
import tables
import truth
from captures import CUT, CUT_SLICES, LARGE, SHAPES, SLICES, SNAP_LENGTH, WHOLE
from measure import Job
from tools import CAT, CORE, HANDSHAKES, HOP, TCPDUMP, TSHARK, TSHARK_ROUNDS, job, job_of_several

LARGE_ROUNDS = 3
REPORT_ROUNDS = 2
FAST_TOOLS = (HOP, CAT, TCPDUMP, CORE, HANDSHAKES)
# What these print is compared with the truth.
KEPT = {HANDSHAKES: ".found", TSHARK: ".tshark"}
STAGES = Path(__file__).with_name("stages.py")


Reader = Callable[[Path], Iterator[truth.Hello]]


class Bench:
    """The jobs, and what is made of their runs."""

    def __init__(self, folder: Path, rounds: int) -> None:
        """Plan the runs; captures are there."""
        self.folder = folder
        self.rounds = rounds
        self.whole = {shape: self._jobs(WHOLE[shape], FAST_TOOLS, rounds) for shape in SHAPES}
        slow = min(rounds, TSHARK_ROUNDS)
        self.tshark = {shape: self._jobs(SLICES[shape], (TSHARK,), slow) for shape in SHAPES}
        self.slices = {shape: self._jobs(SLICES[shape], (HANDSHAKES,), rounds) for shape in SHAPES}
        self.large = self._jobs(LARGE, (HANDSHAKES,), min(rounds, LARGE_ROUNDS))
        cores = os.cpu_count() or 1
        self.several = {
            shape: job_of_several(captures.several(WHOLE[shape], folder, cores), rounds)
            for shape in SHAPES
        }
        self.reports = [self._report(capture) for capture in (SLICES["dense"], WHOLE["dense"])]
        self.found: dict[str, truth.Comparison] = {}
        self.cut: dict[str, truth.Comparison] = {}
        self.stages: dict[str, dict[str, float]] = {}

    def _jobs(self, capture: captures.Capture, tools: tuple[str, ...], rounds: int) -> list[Job]:
        path = capture.path(self.folder)
        keep = {tool: path.with_suffix(ending) for tool, ending in KEPT.items()}
        planned = (job(tool, path, rounds, keep.get(tool)) for tool in tools)
        return [each for each in planned if each is not None]

    def _report(self, capture: captures.Capture) -> Job:
        path = capture.path(self.folder)
        program = Path(sys.executable).with_name("tlsaudit")
        command = [str(program), "report", str(path), "-o", str(self.folder / "report")]
        rounds = min(self.rounds, REPORT_ROUNDS)
        return Job("tlsaudit report", str(path), path.stat().st_size, command, rounds)

    def measure(self) -> None:
        """Run everything."""
        jobs = [each for shape in SHAPES for each in self.whole[shape] + self.slices[shape]]
        jobs += [each for shape in SHAPES for each in (*self.tshark[shape], self.several[shape])]
        for each in self.slices["bulk"]:
            measure.run(each, self.folder)  # compiles what Python imports
        measure.run_rounds([*jobs, *self.large, *self.reports], self.rounds, self.folder, tell)

    def check(self) -> None:
        """Compare what was found with the truth."""
        for shape in SHAPES:
            for capture in (SLICES[shape], WHOLE[shape]):
                self._compare(HANDSHAKES, capture, truth.of_handshakes)
            hellos = truth.of_core(WHOLE[shape].path(self.folder))
            name = f"{CORE}, {WHOLE[shape].name}"
            self.found[name] = truth.compare(WHOLE[shape].truth(self.folder), hellos)
            if self.tshark[shape]:
                self._compare(TSHARK, SLICES[shape], truth.of_tshark)
        self._compare(HANDSHAKES, LARGE, truth.of_handshakes)
        for shape in SHAPES:
            self._compare_cut(HANDSHAKES, CUT[shape], truth.of_handshakes)
            self._compare_cut(TSHARK, CUT_SLICES[shape], truth.of_tshark)

    def _compare_cut(self, tool: str, capture: captures.Capture, read: Reader) -> None:
        for planned in self._jobs(capture, (tool,), 1):
            measure.run(planned, self.folder)
            hellos = read(capture.path(self.folder).with_suffix(KEPT[tool]))
            result = truth.compare(capture.truth(self.folder), hellos, SNAP_LENGTH)
            self.cut[f"{tool}, {capture.name}"] = result

    def _compare(self, tool: str, capture: captures.Capture, read: Reader) -> None:
        hellos = read(capture.path(self.folder).with_suffix(KEPT[tool]))
        self.found[f"{tool}, {capture.name}"] = truth.compare(capture.truth(self.folder), hellos)

    def spend(self) -> None:
        """Find out where the time of a report goes."""
        result = self.folder / "stages.json"
        for each in self.reports:
            command = [sys.executable, str(STAGES), str(result), *each.command[1:]]
            measure.run(Job("stages", each.capture, each.size, command, 1), self.folder)
            self.stages[Path(each.capture).stem] = json.loads(result.read_text("utf-8"))
        shutil.rmtree(self.folder / "report", ignore_errors=True)

    def verdicts(self) -> list[dict[str, object]]:
        """Compare with the bars."""
        found: list[dict[str, object]] = []
        for shape in SHAPES:
            ours, floor = _of(self.whole[shape], HANDSHAKES), _of(self.whole[shape], HOP)
            found.append(bars.FLOOR.verdict(shape, ours.ratio(floor, "wall")))
            found += [
                bars.TSHARK.verdict(shape, each.ratio(ours, "wall")) for each in self.tshark[shape]
            ]
            peak = bars.megabytes(ours.median("peak"))
            found.append(bars.MEMORY.verdict(shape, peak))
        peak = bars.megabytes(self.large[0].median("peak"))
        found.append(bars.MEMORY_LARGE.verdict("bulk", peak))
        for shape in SHAPES:
            ours_found = self.found[f"{HANDSHAKES}, {WHOLE[shape].name}"]
            share = sum(ours_found.suites_right.values()) / sum(ours_found.true.values())
            # Anything found twice or invented counts as a miss.
            wrong = 0 if ours_found.is_perfect else 1e-6
            found.append(bars.HELLOS.verdict(shape, share - wrong))
            cut = self.cut[f"{HANDSHAKES}, {CUT[shape].name}"]
            share = cut.found_within_snap_length / max(1, cut.within_snap_length)
            found.append(bars.CUT.verdict(shape, share))
        return found

    def markdown(self) -> str:
        """Give all of it."""
        parts = []
        for shape in SHAPES:
            floor = _of(self.whole[shape], HOP)
            reference = self.tshark[shape][0] if self.tshark[shape] else None
            jobs = [*self.whole[shape], *self.tshark[shape]]
            parts += [f"## {WHOLE[shape].name}\n", tables.rates(jobs, floor, reference)]
        for shape in SHAPES:
            jobs = [*self.slices[shape], _of(self.whole[shape], HANDSHAKES)]
            jobs += self.large if shape == LARGE.shape else []
            parts += [f"## Growth of `{HANDSHAKES}`, {shape}\n", tables.growth(jobs)]
        for shape in SHAPES:
            jobs = [_of(self.whole[shape], HANDSHAKES), self.several[shape]]
            parts += [f"## Several captures at once, {shape}\n", tables.growth(jobs)]
        parts += ["## Found\n", tables.found(self.found)]
        parts += [f"## Found at snap length {SNAP_LENGTH}\n", tables.cut(self.cut)]
        parts += ["## `tlsaudit report`, dense\n", tables.growth(self.reports)]
        parts += [tables.stages(self.stages)]
        parts += ["## Bars\n", tables.verdicts(self.verdicts())]
        return "\n".join(parts)

    def everything(self) -> dict[str, object]:
        """Give all of it as one object for a JSON file."""
        groups = (self.whole, self.slices, self.tshark)
        jobs = [each for group in groups for shape in SHAPES for each in group[shape]]
        runs = [
            {"tool": each.tool, "capture": Path(each.capture).name, "bytes": each.size}
            | {"runs": list(each.runs.values())}
            for each in (*jobs, *self.several.values(), *self.large, *self.reports)
        ]
        comparisons = {**self.found, **self.cut}
        return {
            "runs": runs,
            "found": {name: each.as_dict() for name, each in comparisons.items()},
            "stages": self.stages,
            "bars": self.verdicts(),
        }


def _of(jobs: list[Job], tool: str) -> Job:
    return next(each for each in jobs if each.tool == tool)


def tell(text: str) -> None:
    """Say on standard error how far it is."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def main() -> int:
    """Make, measure, compare, print."""
    parser = argparse.ArgumentParser(description="Measure tlsaudit against other tools.")
    parser.add_argument("folder", type=Path, help="where captures and results go")
    parser.add_argument("--rounds", type=int, default=7, help="rounds over all tools")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    captures.make(folder, tell)
    bench = Bench(folder, arguments.rounds)
    bench.measure()
    tell("comparing with the truth")
    bench.check()
    bench.spend()
    sys.stdout.write(bench.markdown())
    (folder / "bench.json").write_text(json.dumps(bench.everything(), indent=1), "utf-8")
    return 0 if all(each["must_holds"] for each in bench.verdicts()) else 1


if __name__ == "__main__":
    sys.exit(main())
