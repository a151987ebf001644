"""Write tlsaudit/data/known_programs.csv: which programs sent an old hello with this JA3.

    python scripts/refresh_known_programs.py FINGERPRINTS.csv

FINGERPRINTS.csv has one row per fingerprint of a hello that offers at most TLS 1.1, computed from
the fingerprint databases of Cisco's joy (2019) and mercury (2020), both BSD-3-Clause, with the
columns `ja3`, `top_processes`, `top_os` and `flows_2018_2020`. Fingerprints of few connections are
left out: there the programs are chance.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "tlsaudit" / "data" / "known_programs.csv"
HEADER = (
    "# Programs whose hellos, offering at most TLS 1.1, had this JA3. Made by "
    "scripts/refresh_known_programs.py from the fingerprint databases of Cisco joy (2019) and "
    "mercury (2020), BSD-3-Clause."
)
LEAST_FLOWS = 1_000
MOST_PROGRAMS = 3
SYSTEMS = {"WinNT": "Windows", "Mac OS X": "macOS", "Linux": "Linux"}
NOT_PROGRAMS = {"", "unknown", "null", "dropped"}


def main(source: str) -> None:
    """Write the table, the most seen fingerprint first."""
    found: dict[str, tuple[int, str, str]] = {}
    with Path(source).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            flows = int(row["flows_2018_2020"] or 0)
            names = [each for each in row["top_processes"].split(";") if is_program(each)]
            if flows < LEAST_FLOWS or not names or flows < found.get(row["ja3"], (0,))[0]:
                continue
            named = [SYSTEMS.get(each, "") for each in re.findall(r"\(([^()]*)\)", row["top_os"])]
            known = sorted({each for each in named if each})
            found[row["ja3"]] = (flows, ";".join(names[:MOST_PROGRAMS]), ";".join(known))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{HEADER}\n")
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("ja3", "programs", "systems", "flows"))
        for ja3, (flows, programs, systems) in sorted(
            found.items(), key=lambda each: (-each[1][0], each[0])
        ):
            lines.writerow((ja3, programs, systems, flows))


def is_program(name: str) -> bool:
    """Whether it is a name that a person can look for."""
    return name.strip().lower() not in NOT_PROGRAMS and name.isascii() and name.isprintable()


if __name__ == "__main__":
    main(sys.argv[1])
