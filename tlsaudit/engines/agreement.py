"""Whether the core and another engine agree, and which of their differences have a reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from tlsaudit.engines.comparison import Abilities, Difference, compare
from tlsaudit.engines.known_differences import KNOWN_DIFFERENCES, KnownDifference
from tlsaudit.inputs import Input
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas

    from tlsaudit.engines.reading import Engine, Reading

__all__ = ["KNOWN_DIFFERENCES", "Agreement", "KnownDifference", "agreement", "read_both", "verify"]


@dataclass(frozen=True, eq=False)
class Agreement:
    """What two engines say alike, what not, and why.

    `compared` counts the messages that both have. `explained` are differences with the entry of
    `KNOWN_DIFFERENCES` that gives the reason, `unexplained` those without. `captures` are both
    engines' captures tables: what one of them could not read is compared as far as it was read.
    """

    engine: str
    programs: tuple[str, str]
    compared: Mapping[str, int]
    explained: Sequence[tuple[Difference, KnownDifference]]
    unexplained: Sequence[Difference]
    captures: tuple[pandas.DataFrame, pandas.DataFrame]

    @property
    def holds(self) -> bool:
        """Whether every difference has a reason."""
        return not self.unexplained

    @property
    def hellos(self) -> int:
        """How many hellos both engines have."""
        return sum(count for message, count in self.compared.items() if message != "alert")

    @property
    def differences(self) -> pandas.DataFrame:
        """One row per difference, for a person to look at; `known` is null where unexplained."""
        import pandas

        known = [entry.ident for _, entry in self.explained] + [None] * len(self.unexplained)
        differences = [each for each, _ in self.explained] + list(self.unexplained)
        columns = ("capture", "transport", "stream", "frame", "message", "kind", "column")
        rows = [
            {
                **{name: getattr(each, name) for name in columns},
                "ours": _text(each.ours),
                "theirs": _text(each.theirs),
                "known": entry,
            }
            for each, entry in zip(differences, known, strict=True)
        ]
        names = [*columns, "ours", "theirs", "known"]
        return pandas.DataFrame(rows, columns=names).convert_dtypes()

    def lines(self) -> list[str]:
        """Give the text for a terminal: the count, what is explained, and what is not."""
        counted = ", ".join(f"{count:,} {message}" for message, count in self.compared.items())
        ours, theirs = self.programs
        lines = [f"{ours} and {theirs}: {self.hellos:,} hellos compared ({counted or 'none'})"]
        counts = Counter(entry.ident for _, entry in self.explained)
        lines.append(f"explained differences: {len(self.explained):,}")
        lines.extend(
            f"  {counts[entry.ident]:,} {entry.ident}: {entry.reason}"
            for entry in KNOWN_DIFFERENCES
            if entry.engine == self.engine and entry.ident in counts
        )
        lines.append(f"unexplained differences: {len(self.unexplained):,}")
        lines.extend(f"  {sentence(each)}" for each in self.unexplained)
        return lines

    def __repr__(self) -> str:
        found = f"{len(self.explained):,} explained, {len(self.unexplained):,} unexplained"
        return f"<Agreement of {' and '.join(self.programs)}: {self.hellos:,} hellos, {found}>"

    def _repr_html_(self) -> str:
        return "".join(f"<div>{escape(line)}</div>" for line in self.lines())


def verify(
    inputs: Iterable[Input], engine: str, progress: Callable[[int], None] | None = None
) -> Agreement:
    """Read captures with the core and with another engine, and compare.

    Raises EngineError where that engine cannot run; ValueError where there is none of its name or
    it is the core itself.
    """
    from tlsaudit.engines import load

    if engine == "native":
        raise ValueError("the core cannot be compared with itself: name `tshark` or `scapy`")
    other = load(engine)
    return agreement(*read_both(list(inputs), engine, other, progress), engine, other)


def read_both(
    inputs: Sequence[Input],
    engine: str,
    other: Engine,
    progress: Callable[[int], None] | None = None,
) -> tuple[Reading, Reading]:
    """Read with the core and with another engine.

    What the other one makes of a frame in which the core alone has a message is asked for too.
    """
    from tlsaudit.engines import native

    theirs = other.read(inputs, progress)
    ours = native.read(inputs)
    frames: defaultdict[str, set[int]] = defaultdict(set)
    for difference in compare(ours, theirs, engine, other).differences:
        if difference.kind == "extra":
            frames[difference.capture].add(difference.frame)
    if frames:
        layers, fields = other.look(inputs, frames)
        theirs = replace(theirs, layers={**theirs.layers, **layers}, fields=fields)
    return ours, theirs


def agreement(ours: Reading, theirs: Reading, engine: str, other: Abilities) -> Agreement:
    """Compare two readings of the same captures and look up every difference."""
    comparison = compare(ours, theirs, engine, other)
    explained: list[tuple[Difference, KnownDifference]] = []
    unexplained: list[Difference] = []
    for difference in comparison.differences:
        entry = next(_entries(difference), None)
        if entry is None:
            unexplained.append(difference)
        else:
            explained.append((difference, entry))
    return Agreement(
        engine,
        (ours.program, theirs.program),
        comparison.compared,
        explained,
        unexplained,
        (ours.captures, theirs.captures),
    )


def _entries(difference: Difference) -> Iterator[KnownDifference]:
    for entry in KNOWN_DIFFERENCES:
        if entry.engine == difference.engine and entry.explains(difference):
            yield entry


def sentence(difference: Difference) -> str:
    """Give a difference as one line for a terminal."""
    stream = "" if difference.stream is None else f" stream {difference.stream}"
    where = f"{difference.capture}: frame {difference.frame}, {difference.transport}{stream}"
    if difference.kind == "missing":
        text = f"{where}: {difference.message} seen by {difference.engine} only"
    elif difference.kind == "extra":
        text = f"{where}: {difference.message} not seen by {difference.engine}"
    else:
        text = (
            f"{where}: {difference.message}: {difference.column} is {_text(difference.ours)}, "
            f"{difference.engine} says {_text(difference.theirs)}"
        )
    layers = f" ({':'.join(difference.layers)})" if difference.layers else ""
    return visible(text + layers)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
