"""Where a frame is: in the file of its capture, or in one of the files that the capture lies in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tlsaudit.safe_text import tshark_line

if TYPE_CHECKING:
    import pandas

__all__ = ["Places", "with_commands"]


# Formats that Wireshark does not read.
_NOT_READ = ("etl", "matp")


class Places:
    """Answers where frames are, from the tables of files and captures.

    They are `schema.FILES` and `schema.CAPTURES`; of the latter only the formats count.
    """

    def __init__(self, files: pandas.DataFrame, captures: pandas.DataFrame | None = None) -> None:
        self.not_read: list[str] = []
        """The captures that Wireshark can't read unless they are converted, sorted."""
        if captures is not None:
            not_read = captures["format"].astype("object").isin(_NOT_READ)
            self.not_read = sorted(map(str, captures["capture"][not_read]))
        self._files: dict[str, tuple[list[int], list[str]]] = {}
        columns = files[["capture", "file", "frames_before"]].astype("object")
        for capture, file, before in columns.itertuples(index=False):
            befores, names = self._files.setdefault(str(capture), ([], []))
            befores.append(int(before))
            names.append(str(file))

    def __contains__(self, capture: str) -> bool:
        """Whether more has to be said of where a frame is than its capture's name."""
        return capture in self._files or capture in self.not_read

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
        convert = capture in self.not_read
        lines = (tshark_line(file, numbers, convert) for file, numbers in by_file.items())
        return " && ".join(line for line in lines if line) or None


def with_commands(verdicts: pandas.DataFrame, places: Places) -> pandas.DataFrame:
    """Give a table of verdicts whose commands name files that hold the frames and can be read."""
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
