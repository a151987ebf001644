"""docs/limits.md names every bound that a user can meet, with the value that it has."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "rust/wire/src/limits.rs").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/limits.md").read_text(encoding="utf-8")

INTERNAL = {
    # How much is asked for, held or looked at in one go: nothing is lost beyond them.
    "READ_BLOCK",
    "MAX_PREPARED",
    "JUMP_BLOCK",
    "NETMON_TABLE_PIECE",
    "RUN_BLOCK",
    "MAX_BUFFERED_BLOCK",
    "VARIANT_WINDOW",
    "DETECTION_WINDOW",
    "COMPRESSED_BLOCK",
    "ZSTD_PIECE",
    "MAX_HELD_SEGMENTS",
    "MAX_KNOWN_BYTES",
    "UNKNOWN_KEYS",
    # What no file that anybody means comes near: further ones are left unread.
    "MAX_PROCESS_PATH",
    "MAX_REMARKS",
    "MAX_BLOCK_DEPTH",
    "MAX_MATP_PARTS",
    # The same bound in another type, and what a format allows at all.
    "MAX_PACKET",
    "MAX_IP_PAYLOAD",
}
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "TiB": 1 << 40}


def constants():
    values = {}
    for name, expression in re.findall(r"pub const (\w+): \w+ = ([^;]+);", SOURCE):
        values[name] = eval(expression, {"__builtins__": {}}, dict(values))
    return values


def documented():
    """The value of each name in the tables, in plain numbers."""
    rows = re.findall(r"^\| .+? \| ([^|]+) \|.*\| `(\w+)` \|$", PAGE, re.MULTILINE)
    found = {}
    for value, name in rows:
        number, _, unit = value.strip().partition(" ")
        found[name] = int(number.replace(",", "")) * UNITS.get(unit, 1)
    return found


def test_every_bound_is_documented_or_internal():
    names = set(constants())
    assert len(names) > 30
    assert set(documented()) | INTERNAL == names
    assert not set(documented()) & INTERNAL


def test_values_are_those_of_the_core():
    values = constants()
    values["ZSTD_WINDOW_LOG"] = 1 << values["ZSTD_WINDOW_LOG"]
    assert documented() == {name: values[name] for name in documented()}
