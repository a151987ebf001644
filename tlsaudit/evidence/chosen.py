"""Which handshakes are evidence, which frames show them, and what is said of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tlsaudit.reports.wording import is_null, server_text
from tlsaudit.schema.verdicts import NO_PROBLEM

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from tlsaudit.reports.overview import Tables

__all__ = ["HELLOS", "Chosen", "Naming", "Seen", "choose"]

HELLOS = (
    "client_hello_frame",
    "retry_request_frame",
    "second_client_hello_frame",
    "server_hello_frame",
)
_ALONE = ("alert_frame", "end_frame")
_WORDS = {
    "client_hello_frame": ("ClientHello", "client"),
    "retry_request_frame": ("request for another ClientHello", "server"),
    "second_client_hello_frame": ("second ClientHello", "client"),
    "server_hello_frame": ("ServerHello", "server"),
    "alert_frame": ("alert", ""),
    "end_frame": ("end of the connection", ""),
}


class Naming(Protocol):
    """What is written for the addresses and names of a capture."""

    def address(self, text: str, /) -> str:
        """Give what stands for an address."""

    def name(self, text: str, /) -> str:
        """Give what stands for a name."""


@dataclass(frozen=True)
class Seen:
    """One handshake that is evidence: its row, what was found, and its verdict.

    `findings` are pairs: the frame that shows it, None where there is none, and the words for it.
    """

    row: dict[Any, Any]
    findings: Sequence[tuple[int | None, str]]
    verdict: str

    @property
    def transport(self) -> str:
        """What carries it."""
        return str(self.row["transport"])

    def frames(self, names: Sequence[str]) -> list[int]:
        """The frames of these columns, as far as they were seen."""
        return [int(self.row[name]) for name in names if not is_null(self.row[name])]

    @property
    def hellos(self) -> list[int]:
        """The frames of its hellos."""
        return self.frames(HELLOS)

    def parties(self, named: Naming) -> str:
        """Who talks to whom; `named` gives an address, and a name, the words that are written."""
        client = named.address(str(self.row["client"]))
        server = server_text(named.address(str(self.row["server"])), self.row["server_port"])
        text = f"{client} to {server}"
        if not is_null(self.row["server_name"]):
            text += f" ({named.name(str(self.row['server_name']))})"
        return text

    def remarks(self, named: Naming) -> dict[int, list[str]]:
        """What there is to say of each of its frames."""
        said: dict[int, list[str]] = {}
        for name in (*HELLOS, *_ALONE):
            for frame in self.frames([name]):
                what, side = _WORDS[name]
                of = f" of the {side}" if side else ""
                found = [words for place, words in self.findings if place == frame]
                words = [f"{what}{of}, {self.parties(named)}", *found]
                if found or name in HELLOS[:1]:
                    words.append(f"verdict: {self.verdict}")
                said.setdefault(frame, []).append("; ".join(words))
        return said


@dataclass
class Chosen:
    """What is wanted of one capture."""

    capture: str
    handshakes: list[Seen] = field(default_factory=list)

    @property
    def hellos(self) -> list[int]:
        """The frames of all hellos."""
        return sorted({frame for each in self.handshakes for frame in each.hellos})

    @property
    def alone(self) -> list[int]:
        """The frames of alerts and ends."""
        frames = {frame for each in self.handshakes for frame in each.frames(_ALONE)}
        return sorted(frames - set(self.hellos))


def choose(audit: Tables, clients: Sequence[str] | None) -> list[Chosen]:
    """Give what is wanted of each capture, in the order of the captures.

    A handshake is evidence if the policy finds something above `info` in it, or its verdict says
    that something has to be changed or looked at. With it come the other handshakes of its
    stream, so that they are counted as they were. `clients` are the only ones wanted, None for all.
    """
    handshakes = audit.handshakes
    wanted = _flagged(audit)
    if clients is not None:
        wanted &= handshakes["client"].isin(list(clients)).to_numpy()
    streams = ["capture", "transport", "stream"]
    # A stream without a number is nobody's neighbour.
    keys = handshakes[streams].astype({"capture": "str", "transport": "str"})
    flagged = set(keys[wanted].itertuples(index=False, name=None))
    together = [key in flagged for key in keys.itertuples(index=False, name=None)]
    found: dict[Any, list[tuple[int | None, str]]] = {}
    for row in audit.findings.to_dict("records"):
        words = f"finding {row['rule']} ({row['severity']}): {row['observed']}"
        frame = None if is_null(row["evidence_frame"]) else int(row["evidence_frame"])
        found.setdefault(_key(row), []).append((frame, words))
    verdicts = [str(each) for each in audit.verdicts["verdict"]]
    numbers = audit.forecast.verdict_of
    by_capture = {str(name): Chosen(str(name)) for name in audit.captures["capture"]}
    for place, row in enumerate(handshakes.to_dict("records")):
        if together[place]:
            seen = Seen(row, found.get(_key(row), []), verdicts[int(numbers[place])])
            if seen.hellos:
                by_capture[str(row["capture"])].handshakes.append(seen)
    return [each for each in by_capture.values() if each.handshakes]


def _flagged(audit: Tables) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say of each handshake whether it is evidence by itself."""
    import numpy as np

    handshakes = audit.handshakes
    if handshakes.empty:
        return np.zeros(0, dtype=np.bool_)
    findings = audit.findings
    worse: pd.DataFrame = findings[findings["severity"] > "info"]
    marked = {_key(row) for row in worse.to_dict("records")}
    innocent = audit.verdicts["verdict"].isin(NO_PROBLEM).to_numpy(dtype=np.bool_)
    guilty: np.ndarray[Any, np.dtype[np.bool_]] = ~innocent[audit.forecast.verdict_of]
    rows = handshakes[list(_KEY)].to_dict("records")
    return guilty | np.array([_key(row) in marked for row in rows], dtype=np.bool_)


_KEY = ("capture", "transport", "stream", "handshake")


def _key(row: dict[Any, Any]) -> tuple[Any, ...]:
    return tuple(None if is_null(row[name]) else row[name] for name in _KEY)
