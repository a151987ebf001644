"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bars import megabytes
from captures import MEGA
from measure import Job
from tools import HOP, TSHARK
from truth import CLIENT, SERVER, Comparison


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def rates(jobs: Sequence[Job], floor: Job, reference: Job | None) -> str:
    """Give the tools on one capture: times and ratios. `reference` is tshark on its slice."""
    head = ["tool", "rounds", "wall s", "CPU s", "MB/s", "wall / floor", "CPU / floor"]
    head += ["rate / tshark", "CPU rate / tshark", "peak MB"]
    rows = []
    for job in jobs:
        against = [f"{floor_ratio(job, floor, what):.2f}" for what in ("wall", "cpu")]
        if reference is None:
            compared = ["-", "-"]
        else:
            compared = [f"{reference.ratio(job, what):.0f}" for what in ("wall", "cpu")]
        rows.append(
            [
                job.tool + (f" ({job.size / MEGA:.0f} MB slice)" if job.tool == TSHARK else ""),
                str(len(job.runs)),
                f"{job.median('wall'):.3f}",
                f"{job.median('cpu'):.3f}",
                f"{job.rate('wall') / MEGA:.0f}",
                *against,
                *compared,
                f"{megabytes(job.median('peak')):.0f}",
            ]
        )
    return table(head, rows)


def floor_ratio(job: Job, floor: Job, what: str) -> float:
    """Give how many times the floor's time a byte takes."""
    return 1.0 if job.tool == HOP and job is floor else job.ratio(floor, what)


def growth(jobs: Sequence[Job]) -> str:
    """Give time and memory of one tool over captures of one shape and of several sizes."""
    rows = [
        [
            f"{job.size / MEGA:.0f}",
            f"{job.median('wall'):.3f}",
            f"{job.median('cpu'):.3f}",
            f"{1e3 * job.median('cpu') / (job.size / MEGA / 1e3):.0f}",
            f"{megabytes(job.median('peak')):.0f}",
        ]
        for job in jobs
    ]
    return table(["MB", "wall s", "CPU s", "CPU ms a GB", "peak MB"], rows)


def found(comparisons: dict[str, Comparison]) -> str:
    """Give the share of the truth that each tool found."""
    head = ["tool and capture", "true hellos", "ClientHellos", "suites right", "frames right"]
    head += ["ServerHellos", "suite right", "frames right", "twice", "not in the truth"]
    rows = []
    for name, each in comparisons.items():
        row = [name, f"{sum(each.true.values()):,}"]
        for kind in (CLIENT, SERVER):
            counts = (each.found, each.suites_right, each.frame_right)
            row += [percent(each.share(count, kind)) for count in counts]
        rows.append([*row, str(each.twice), str(each.invented)])
    return table(head, rows)


def cut(comparisons: dict[str, Comparison]) -> str:
    """Give how much of cut hellos was found."""
    head = ["tool and capture", "ClientHellos", "suites within the cut", "of these found, right"]
    rows = [
        [
            name,
            f"{each.true[CLIENT]:,}",
            f"{each.within_snap_length:,}",
            percent(each.found_within_snap_length / max(1, each.within_snap_length)),
        ]
        for name, each in comparisons.items()
    ]
    return table(head, rows)


def stages(spent: dict[str, dict[str, float]]) -> str:
    """Give where the time of a report goes, a column a capture."""
    names = list(next(iter(spent.values())))
    head = ["stage, CPU seconds", *spent]
    rows = [[name, *(f"{each[name]:.2f}" for each in spent.values())] for name in names]
    rows.append(["together", *(f"{sum(each.values()):.2f}" for each in spent.values())])
    return table(head, rows)


def verdicts(results: Iterable[dict[str, Any]]) -> str:
    """Give the bars and which of them hold."""
    rows = []
    for each in results:
        sign = "≤" if each["most"] else "≥"
        number = f"{each['value']:.4g}{each['unit']}"
        marks = [
            f"{sign} {each[kind]:g}{each['unit']}: {'holds' if each[f'{kind}_holds'] else 'MISSED'}"
            for kind in ("must", "aim")
        ]
        rows.append([each["what"], number, *marks])
    return table(["", "measured", "must", "aim"], rows)


def percent(share: float) -> str:
    """Give a share; 100 % only where nothing is missing."""
    return "100 %" if share == 1 else f"{min(99.99, 100 * share):.2f} %"
