"""Where a frame is: in the file of its capture, or in one of the files that the capture lies in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tlsaudit.safe_text import tshark_line

if TYPE_CHECKING:
    import pandas

__all__ = ["Places", "with_commands"]


class Places:
    """Answers where frames are, from a table of files (`schema.FILES`)."""

    def __init__(self, files: pandas.DataFrame) -> None:
        self._files: dict[str, tuple[list[int], list[str]]] = {}
        columns = files[["capture", "file", "frames_before"]].astype("object")
        for capture, file, before in columns.itertuples(index=False):
            befores, names = self._files.setdefault(str(capture), ([], []))
            befores.append(int(before))
            names.append(str(file))

    def __contains__(self, capture: str) -> bool:
        """Whether a capture lies in several files."""
        return capture in self._files

    def files(self) -> dict[str, list[tuple[int, str]]]:
        """Give the files of captures that lie in several, each with the frames before it."""
        return {
            capture: list(zip(befores, names, strict=True))
            for capture, (befores, names) in self._files.items()
        }

    def of(self, capture: str, frame: int) -> tuple[str, int]:
        """Give the file that a frame of a capture is in, and its number there."""
        if capture not in self._files:
            return capture, frame
        befores, names = self._files[capture]
        # A file without frames has as many before it as the next one: the last of them has it.
        place = max(0, bisect_left(befores, frame) - 1)
        return names[place], frame - befores[place]

    def command(self, capture: str, frames: Iterable[int]) -> str | None:
        """Give the command that shows these frames, one for each file; None without frames."""
        by_file: dict[str, list[int]] = {}
        for frame in frames:
            file, number = self.of(capture, frame)
            by_file.setdefault(file, []).append(number)
        lines = (tshark_line(file, numbers) for file, numbers in by_file.items())
        return "; ".join(line for line in lines if line) or None


def with_commands(verdicts: pandas.DataFrame, places: Places) -> pandas.DataFrame:
    """Give a table of verdicts whose commands name the files that the frames are in."""
    joined = verdicts["capture"].astype("object").map(places.__contains__).astype(bool)
    if not joined.any():
        return verdicts
    rows = verdicts.loc[joined, ["capture", "frames"]].astype("object")
    commands = [
        places.command(str(capture), frames) for capture, frames in rows.itertuples(index=False)
    ]
    changed = verdicts.copy()
    changed.loc[joined, "tshark"] = commands
    return changed
