"""A table of the page: cells as text, for the template, and as data, for the script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tlsaudit.reports.wording import is_null, when
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas
    from markupsafe import Markup

__all__ = [
    "Cell",
    "Column",
    "Head",
    "Link",
    "Listing",
    "Row",
    "anchor",
    "as_data",
    "count",
    "listing",
    "text",
    "time",
]

# What the page holds of a table at most, and what of that without its script. A browser opens
# the former within seconds; the latter is what people print or read on a locked-down machine.
MOST_ROWS = 60_000
MOST_STATIC_ROWS = 50


@dataclass(frozen=True)
class Link:
    """A text that leads to a place further down the page."""

    text: str
    code: str


# A text, a count, or a text and a smaller one below it.
Cell: TypeAlias = str | int | Sequence[str | Link]
InOrder: TypeAlias = Callable[[Iterable[str]], list[str]]


@dataclass(frozen=True)
class Head:
    """The head of a column, how its cells look, and how they are put in order.

    `choices` makes the column one that the reader may filter by; `order` sorts its texts, which
    otherwise go by their characters. `classes` are those of the style sheet.
    """

    title: str
    classes: str = ""
    choices: bool = False
    order: InOrder = sorted

    @property
    def numeric(self) -> bool:
        """Whether the cells stand to the right."""
        return "number" in self.classes

    @property
    def badge(self) -> bool:
        """Whether the cells are shown as badges."""
        return "badges" in self.classes


class Row(Protocol):
    """A row of a table: its values by column."""

    def __getitem__(self, name: str) -> Any:
        """Give the value in this column."""


Column: TypeAlias = tuple[Head, Callable[[Row], Cell]]


@dataclass(frozen=True)
class Listing:
    """A table on the page: its heads, the rows that the page holds, and how many there are.

    `more` is what the script shows below a row when it is opened, by column of what is shown;
    `opens` names the listing and the column whose rows with the same text are shown there.
    """

    name: str
    heads: tuple[Head, ...]
    rows: list[list[Cell]]
    total: int
    more: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    opens: tuple[str, str] | None = None

    @property
    def static_rows(self) -> list[list[Cell]]:
        """The rows that the page shows without its script."""
        return self.rows[:MOST_STATIC_ROWS]

    @property
    def left_out(self) -> int:
        """The rows that are only in the files."""
        return self.total - len(self.rows)

    @property
    def data(self) -> Markup:
        """All rows of the page, as the script reads them."""
        columns = [
            _column(head, [row[place] for row in self.rows])
            for place, head in enumerate(self.heads)
        ]
        content: dict[str, Any] = {"name": self.name, "total": self.total, "columns": columns}
        if self.more:
            content["more"] = dict(self.more)
        if self.opens is not None:
            content["opens"] = self.opens
        return as_data(content)


def listing(
    name: str,
    frame: pandas.DataFrame,
    columns: Sequence[Column],
    more: Mapping[str, Sequence[Any]] | None = None,
    opens: tuple[str, str] | None = None,
) -> Listing:
    """Make a listing of the rows of a table; `more` has a value for each of them."""
    shown = frame.head(MOST_ROWS)
    values = _Values(shown)
    rows = [[cell(_Row(values, place)) for _, cell in columns] for place in range(len(shown))]
    heads = tuple(head for head, _ in columns)
    return Listing(name, heads, rows, len(frame), more or {}, opens)


class _Values(dict[str, list[Any]]):
    """The values of a table by column; of wide tables the page shows a few columns only."""

    def __init__(self, frame: pandas.DataFrame) -> None:
        self._frame = frame

    def __missing__(self, name: str) -> list[Any]:
        self[name] = values = self._frame[name].tolist()
        return values


@dataclass(frozen=True, slots=True)
class _Row:
    values: _Values
    place: int

    def __getitem__(self, name: str) -> Any:
        return self.values[name][self.place]


def text(name: str) -> Callable[[Row], str]:
    """Make a cell of a text; empty where it is null."""
    return lambda row: "" if is_null(row[name]) else str(row[name])


def count(name: str) -> Callable[[Row], Cell]:
    """Make a cell of a number; empty where it is null."""
    return lambda row: "" if is_null(row[name]) else int(row[name])


def time(name: str) -> Callable[[Row], str]:
    """Make a cell of a time; empty where it is null."""
    return lambda row: when(row[name])


def anchor(code: str) -> str:
    """Give the name of a code's place on the page."""
    return code.replace(" ", "-")


def as_data(content: Any) -> Markup:
    """Write data for the script into the page: nothing in it can end the element."""
    from markupsafe import Markup

    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.replace("<", "\\u003c").replace("\u2028", "").replace("\u2029", ""))


def _column(head: Head, cells: Sequence[Cell]) -> dict[str, Any]:
    """Write a column: each text once, in the column's order, and for each row its number."""
    column: dict[str, Any] = {"title": head.title, "classes": head.classes}
    if head.choices:
        column["choices"] = True
    if all(isinstance(cell, int) or cell == "" for cell in cells) and head.numeric:
        column["numbers"] = [None if cell == "" else cell for cell in cells]
        return column
    mains = [visible(_main(cell)) for cell in cells]
    values = head.order(set(mains))
    places = {value: place for place, value in enumerate(values)}
    column["values"] = values
    column["cells"] = [places[main] for main in mains]
    below = [_below(cell) for cell in cells]
    if any(below):
        parts = {part: place for place, part in enumerate(dict.fromkeys(below))}
        column["parts"] = [list(part) for part in parts]
        column["below"] = [parts[part] for part in below]
    links = {
        visible(cell[0].text): anchor(cell[0].code)
        for cell in cells
        if not isinstance(cell, str | int) and isinstance(cell[0], Link)
    }
    if links:
        column["links"] = [links.get(value) for value in values]
    return column


def _main(cell: Cell) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, str):
        return cell
    return cell[0].text if isinstance(cell[0], Link) else cell[0]


def _below(cell: Cell) -> tuple[str | tuple[str, str], ...]:
    """Give the smaller texts of a cell; one that leads somewhere with its place."""
    if isinstance(cell, str | int):
        return ()
    return tuple(
        (visible(part.text), anchor(part.code)) if isinstance(part, Link) else visible(part)
        for part in cell[1:]
        if part
    )
