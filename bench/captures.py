"""The captures that are measured: made once for a folder, and again when their maker changes."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import templates

SEED = 1
MEGA = 1_000_000
SNAP_LENGTH = 256
PROGRAMS = Path(__file__).resolve().parent.parent / "rust/target/bench/release"


@dataclass(frozen=True)
class Capture:
    """A capture of a shape, of about so many bytes (before a snap length cuts its packets)."""

    shape: str
    megabytes: int
    snap_length: int | None = None

    @property
    def name(self) -> str:
        """For instance `dense-100M`, `bulk-1000M-s256`."""
        cut = f"-s{self.snap_length}" if self.snap_length else ""
        return f"{self.shape}-{self.megabytes}M{cut}"

    def path(self, folder: Path) -> Path:
        """Give where it lies."""
        return folder / f"{self.name}.pcap"

    def truth(self, folder: Path) -> Path:
        """Give where the list of its handshakes lies."""
        return folder / f"{self.name}.csv"


SHAPES = ("bulk", "dense")
SLICES = {shape: Capture(shape, 100) for shape in SHAPES}
WHOLE = {shape: Capture(shape, 1_000) for shape in SHAPES}
CUT = {shape: Capture(shape, 1_000, SNAP_LENGTH) for shape in SHAPES}
CUT_SLICES = {shape: Capture(shape, 100, SNAP_LENGTH) for shape in SHAPES}
LARGE = Capture("bulk", 4_000)
ALL = (*SLICES.values(), *WHOLE.values(), *CUT.values(), *CUT_SLICES.values(), LARGE)


def several(capture: Capture, folder: Path, count: int) -> list[Path]:
    """Give a capture under so many names: as many captures, and in memory once."""
    path = capture.path(folder)
    names = [path.with_suffix(f".{number}.pcap") for number in range(count)]
    for name in names:
        name.unlink(missing_ok=True)
        name.hardlink_to(path)
    return names


def make(folder: Path, tell: Callable[[str], None]) -> None:
    """Make the captures that are missing or were made by another maker."""
    folder.mkdir(parents=True, exist_ok=True)
    handshakes = folder / "templates.txt"
    count = templates.write(handshakes)
    maker = PROGRAMS / "make_capture"
    made_by = hashlib.sha256(handshakes.read_bytes() + maker.read_bytes()).hexdigest()
    for capture in ALL:
        stamp = folder / f"{capture.name}.made-by"
        if stamp.exists() and stamp.read_text("ascii") == made_by and capture.path(folder).exists():
            continue
        tell(f"making {capture.name} of {count} handshakes")
        subprocess.run(
            [
                maker,
                capture.shape,
                handshakes,
                capture.path(folder),
                capture.truth(folder),
                str(capture.megabytes * MEGA),
                str(SEED),
                *([str(capture.snap_length)] if capture.snap_length else []),
            ],
            check=True,
        )
        stamp.write_text(made_by, "ascii")
