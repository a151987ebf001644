"""Write tlsaudit/data/known_lists.csv: the ordered suite lists that tell what an old hello is from.

    python scripts/refresh_known_lists.py FINGERPRINTS.csv

FINGERPRINTS.csv has one row per fingerprint of a hello that offers at most TLS 1.1, computed from
the fingerprint databases of Cisco's joy (2019) and mercury (2020), both BSD-3-Clause, with the
columns `cipher_list_hex`, `top_os`, `top_processes` and `flows_2018_2020`. Which list belongs to
which stack is written here, by hand; the script looks where each was seen, and refuses a list that
was not mostly seen on the Windows, or not at all in the programs, that it is said to belong to.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "tlsaudit" / "data" / "known_lists.csv"
HEADER = (
    "# Ordered cipher suites of hellos that offer TLS 1.0 or 1.1, and what sends them. Made by "
    "scripts/refresh_known_lists.py from the fingerprint databases of Cisco joy (2019) and "
    "mercury (2020), BSD-3-Clause."
)


@dataclass(frozen=True)
class Family:
    """A list, what sends it, whether that has TLS 1.2 on by default, and what helps."""

    suites: str
    stack: str
    tls12: str
    remedy: str
    builds: tuple[int, ...] = ()
    programs: tuple[str, ...] = ()


_OLDER = (7601, 9200, 9600, 10240)
_EARLY = "Schannel of Windows 7 to 8.1, Windows 10 1507, or their Servers"
_1607 = "Schannel of Windows 10 1511 or 1607, or Server 2016"
_HELD = "windows-held-back"
_JAVA = ("java", "java.exe", "javaw.exe", "jp2launcher.exe")
_OPENSSL_098 = "0039-0038-0035-0016-0013-000a-0033-0032-002f-0007-0005-0004-0015-0012-0009"
_OPENSSL_098 += "-0014-0011-0008-0006-0003"
FAMILIES = (
    Family(
        "c00a-c009-c014-c013-0035-002f-000a",
        "Schannel of Windows 10 1803 or later",
        "yes",
        _HELD,
        (17134, 17763, 18362, 18363),
    ),
    Family(
        "c00a-c009-c014-c013-0035-002f-000a-0005-0004",
        "Schannel of Windows 10 1703 or later",
        "yes",
        _HELD,
        (15063,),
    ),
    Family(
        "c00a-c009-c014-c013-0039-0033-0035-002f-000a-0038-0032-0013-0005-0004",
        _1607,
        "yes",
        _HELD,
        (10586, 14393),
    ),
    Family(
        "c00a-c009-c014-c013-0039-0033-0035-002f-000a-0038-0032-0013",
        _1607,
        "yes",
        _HELD,
        (10586, 14393),
    ),
    Family(
        "c00a-c009-c014-c013-0035-002f-000a-0038-0032-0013-0005-0004",
        "Schannel of Windows 10 1511",
        "yes",
        _HELD,
        (10586,),
    ),
    Family(
        "c014-c013-0039-0033-0035-002f-c00a-c009-0038-0032-000a-0013-0005-0004",
        _EARLY,
        "unknown",
        "windows-7",
        _OLDER,
    ),
    Family(
        "c014-c013-0035-002f-c00a-c009-0038-0032-000a-0013-0005-0004",
        _EARLY,
        "unknown",
        "windows-7",
        _OLDER,
    ),
    Family(
        "c014-c013-c00a-c009-0035-002f-0038-0032-000a-0013-0005-0004",
        "Schannel of Windows 7 or Server 2008 R2",
        "unknown",
        "windows-7",
        (7601,),
    ),
    Family(
        "c009-c013-002f-c004-c00e-0033-0032-c007-c011-0005-c002-c00c-c008-c012-000a-c003-c00d"
        "-0016-0013-0004-00ff",
        "Java 7",
        "unknown",
        "java",
        programs=_JAVA,
    ),
    Family(
        "c009-c013-002f-c004-c00e-0033-0032-c008-c012-000a-c003-c00d-0016-0013-c007-c011-0005"
        "-c002-c00c-0004-00ff",
        "Java 7 or 8",
        "unknown",
        "java",
        programs=_JAVA,
    ),
    Family(_OPENSSL_098, "OpenSSL 0.9.8 or older", "no", "openssl", programs=("PowerTerm",)),
)


def main() -> int:
    """Count, check and write; the exit code."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["suites,stack,tls12,remedy,seen,flows"]
    for family in FAMILIES:
        mine = [row for row in rows if row["cipher_list_hex"] == family.suites]
        seen = _builds(family, mine) if family.builds else _programs(family, mine)
        if seen is None:
            print(f"{family.suites}: not seen where it should have been")
            return 1
        codes = family.suites.upper().split("-")
        suites = "-".join(code for code in codes if code not in _SIGNALS)
        flows = sum(int(row["flows_2018_2020"]) for row in mine)
        lines.append(f'{suites},"{family.stack}",{family.tls12},{family.remedy},"{seen}",{flows}')
    TARGET.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return 0


_SIGNALS = ("00FF", "5600")


def _builds(family: Family, rows: list[dict[str, str]]) -> str | None:
    """The builds of Windows that sent it; None if most of them are others than said."""
    builds = Counter(
        int(build)
        for row in rows
        for build in re.findall(r"\(WinNT\)\([^)]*\)\(\d+\.\d+\.(\d+)\)", row["top_os"])
    )
    expected = sum(count for build, count in builds.items() if build in family.builds)
    if not builds or 2 * expected < builds.total():
        return None
    return "Windows builds " + ", ".join(str(build) for build in sorted(builds))


def _programs(family: Family, rows: list[dict[str, str]]) -> str | None:
    """The programs that are said to send it and did; None if none did."""
    programs = {program for row in rows for program in row["top_processes"].split(";")}
    found = [program for program in family.programs if program in programs]
    return "programs such as " + ", ".join(found) if found else None


if __name__ == "__main__":
    sys.exit(main())
