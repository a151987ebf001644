"""The forecast of a million handshakes, and how its time grows.

    python bench/forecast.py [HANDSHAKES...]      10,000 and 1,000,000 if none are given

The table is that of an office seen for long: a client for every 40 handshakes, each with two
programs and eight of 3,000 services, hellos of four stacks (browsers shuffle their extensions), a
tenth of them old. The time is that of `forecast()` alone, the best of three.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.findings import load_policy
from tlsaudit.forecast import forecast

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BROWSER = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0x2F]
WINDOWS = [0xC02C, 0xC02B, 0xC030, 0xC02F, 0xC00A, 0xC009, 0xC014, 0xC013, 0x9D, 0x35, 0x2F, 0x0A]
HELD = [0xC00A, 0xC009, 0xC014, 0xC013, 0x35, 0x2F, 0x0A]
OLD = [0x39, 0x38, 0x35, 0x16, 0x13, 0x0A, 0x33, 0x32, 0x2F, 0x05, 0x04]
EXTENSIONS = [0, 5, 10, 11, 13, 16, 18, 23, 35, 43, 45, 51, 0xFF01]
PROGRAMS = ["browser"] * 10 + ["windows"] * 7 + ["held", "old", "server"]
HANDSHAKES_PER_CLIENT = 40
START = 1_772_438_400_000_000_000


def table(handshakes: int, clients: int | None = None) -> pd.DataFrame:
    """Give a handshake table of so many rows, the same for the same numbers."""
    chance = random.Random(handshakes)
    clients = clients or max(1, handshakes // HANDSHAKES_PER_CLIENT)
    rows = [_row(number, clients, chance) for number in range(handshakes)]
    return schema.from_arrow(_arrow(rows))


def _row(number: int, clients: int, chance: random.Random) -> dict[str, Any]:
    # Each of them once, and then by chance.
    owner = number if number < clients else chance.randrange(clients)
    service = (owner * 7 + chance.randrange(8) * 371) % 3_000
    kind = PROGRAMS[(owner + chance.randrange(2)) % len(PROGRAMS)]
    extensions = [each for each in EXTENSIONS if kind == "browser" or each not in (43, 45, 51)]
    if kind == "browser":
        chance.shuffle(extensions)
    suites = {"browser": BROWSER, "windows": WINDOWS, "held": HELD, "old": OLD}.get(kind, WINDOWS)
    best = 0x0301 if kind in ("held", "old") else 0x0303
    refused = chance.random() < 0.02
    row: dict[str, Any] = {
        "capture": f"day-{number * 5 // 1_000_000:02}.pcapng",
        "transport": "tcp",
        "stream": number,
        "handshake": 0,
        "ts": START + number * 1_000_000,
        "carrier": "tls",
        "client": f"10.{owner >> 16}.{owner >> 8 & 255}.{owner & 255}",
        "server": f"192.0.{service >> 8}.{service & 255}",
        "server_port": 443 if service % 10 else 636,
        "server_name": f"host-{service}.example.net" if kind != "old" else None,
        "client_hello_frame": number * 10 + 4,
        "client_legacy_version": best,
        "client_supported_versions": [0x2A2A, 0x0304, 0x0303] if kind == "browser" else None,
        "client_cipher_suites": suites,
        "client_extensions": extensions if kind != "old" else None,
        "client_fallback_scsv": False,
        "client_hello_complete": True,
        "outcome": "rejected" if refused else "completed",
        "end": "rst-server" if refused else "fin-client",
        "end_frame": number * 10 + 9,
        "engine": "native",
    }
    if not refused:
        chosen = 0x0301 if kind == "server" else best
        row |= {
            "server_hello_frame": number * 10 + 6,
            "server_legacy_version": chosen,
            "server_supported_version": 0x0304 if kind == "browser" else None,
            "negotiated_cipher_suite": suites[0] if kind == "browser" else 0x2F,
            "server_hello_complete": True,
        }
    return row


def _arrow(rows: list[dict[str, Any]]) -> pa.Table:
    from tlsaudit.schema.frames import handshakes_table

    return handshakes_table(rows)


def main() -> int:
    """Measure each size and print a line for it; the exit code."""
    policy = load_policy("entra")
    for size in [int(each) for each in sys.argv[1:]] or [10_000, 1_000_000]:
        handshakes = table(size)
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            result = forecast(handshakes, policy)
            times.append(time.perf_counter() - begin)
        sys.stdout.write(
            f"{size:>9,} handshakes  {min(times):7.3f} s  {len(result.verdicts):>9,} verdicts\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
