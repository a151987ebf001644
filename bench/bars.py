"""What the project demands of itself, and what it aims at."""

from __future__ import annotations

from dataclasses import dataclass

from captures import MEGA


@dataclass(frozen=True)
class Bar:
    """A figure that must hold and one to aim at: bulk, dense. `most`: smaller is better."""

    what: str
    must: dict[str, float]
    aim: dict[str, float]
    most: bool
    unit: str = " x"

    def verdict(self, shape: str, value: float) -> dict[str, object]:
        """Say whether the figures hold for a value."""
        return {
            "what": f"{self.what}, {shape}",
            "value": value,
            "must": self.must[shape],
            "aim": self.aim[shape],
            "must_holds": self._holds(value, self.must[shape]),
            "aim_holds": self._holds(value, self.aim[shape]),
            "most": self.most,
            "unit": self.unit,
        }

    def _holds(self, value: float, limit: float) -> bool:
        return value <= limit if self.most else value >= limit


FLOOR = Bar("time against the floor", {"bulk": 3, "dense": 5}, {"bulk": 1.5, "dense": 2.5}, True)
TSHARK = Bar("rate against tshark", {"bulk": 60, "dense": 100}, {"bulk": 120, "dense": 200}, False)
MEMORY = Bar("peak memory, MB", {"bulk": 64, "dense": 128}, {"bulk": 32, "dense": 64}, True, "")
MEMORY_LARGE = Bar("peak memory at 4 GB, MB", MEMORY.must, MEMORY.aim, True, "")
_ALL = {"bulk": 1.0, "dense": 1.0}
HELLOS = Bar("true hellos found, none twice", _ALL, _ALL, False, "")
CUT = Bar("suites found at snap length 256", _ALL, _ALL, False, "")


def megabytes(count: float) -> float:
    """Give bytes as MB."""
    return count / MEGA
