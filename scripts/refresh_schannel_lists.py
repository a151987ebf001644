"""Write tlsaudit/data/schannel_lists.csv: the ordered suite lists that tell Windows' own TLS.

    python scripts/refresh_schannel_lists.py FINGERPRINTS.csv

FINGERPRINTS.csv has one row per fingerprint of a hello that offers at most TLS 1.1, computed from
the fingerprint databases of Cisco's joy (2019) and mercury (2020), both BSD-3-Clause, with the
columns `cipher_list_hex`, `top_os` and `flows_2018_2020`. Which list belongs to which Windows is
written here, by hand; the script counts on which builds each was seen, and refuses a list that
was not seen on those it is said to belong to.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "tlsaudit" / "data" / "schannel_lists.csv"
HEADER = (
    "# Ordered cipher suites of Schannel's hellos held at TLS 1.0 or 1.1. Made by "
    "scripts/refresh_schannel_lists.py from the fingerprint databases of Cisco joy (2019) and "
    "mercury (2020), BSD-3-Clause."
)


@dataclass(frozen=True)
class Family:
    """A list, the Windows that sends it, and whether that has TLS 1.2 on by default."""

    suites: str
    stack: str
    tls12: str
    builds: tuple[int, ...]


_OLDER = (7601, 9200, 9600, 10240)
FAMILIES = (
    Family(
        "c00a-c009-c014-c013-0035-002f-000a",
        "Windows 10 1803 or later",
        "yes",
        (17134, 17763, 18362, 18363),
    ),
    Family(
        "c00a-c009-c014-c013-0035-002f-000a-0005-0004", "Windows 10 1703 or later", "yes", (15063,)
    ),
    Family(
        "c00a-c009-c014-c013-0039-0033-0035-002f-000a-0038-0032-0013-0005-0004",
        "Windows 10 1511 or 1607, or Server 2016",
        "yes",
        (10586, 14393),
    ),
    Family(
        "c00a-c009-c014-c013-0039-0033-0035-002f-000a-0038-0032-0013",
        "Windows 10 1511 or 1607, or Server 2016",
        "yes",
        (10586, 14393),
    ),
    Family(
        "c00a-c009-c014-c013-0035-002f-000a-0038-0032-0013-0005-0004",
        "Windows 10 1511",
        "yes",
        (10586,),
    ),
    Family(
        "c014-c013-0039-0033-0035-002f-c00a-c009-0038-0032-000a-0013-0005-0004",
        "Windows 7 to 8.1, Windows 10 1507, or their Servers",
        "unknown",
        _OLDER,
    ),
    Family(
        "c014-c013-0035-002f-c00a-c009-0038-0032-000a-0013-0005-0004",
        "Windows 7 to 8.1, Windows 10 1507, or their Servers",
        "unknown",
        _OLDER,
    ),
    Family(
        "c014-c013-c00a-c009-0035-002f-0038-0032-000a-0013-0005-0004",
        "Windows 7 or Server 2008 R2",
        "unknown",
        (7601,),
    ),
)


def main() -> int:
    """Count, check and write; the exit code."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["suites,stack,tls12,seen_on_builds,flows"]
    for family in FAMILIES:
        mine = [row for row in rows if row["cipher_list_hex"] == family.suites]
        builds = Counter(
            int(build)
            for row in mine
            for build in re.findall(r"\(\d+\.\d+\.(\d+)\)", row["top_os"])
        )
        windows = Counter({build: n for build, n in builds.items() if build > 7000})
        expected = sum(n for build, n in windows.items() if build in family.builds)
        if not windows or 2 * expected < windows.total():
            print(f"{family.suites}: seen on {dict(windows)}, not on {family.builds}")
            return 1
        suites = "-".join(code.upper() for code in family.suites.split("-"))
        seen = " ".join(str(build) for build in sorted(windows))
        flows = sum(int(row["flows_2018_2020"]) for row in mine)
        lines.append(f'{suites},"{family.stack}",{family.tls12},{seen},{flows}')
    TARGET.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
