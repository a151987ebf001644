"""The explanations themselves: read from TOML, checked, and found by their code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tlsaudit.errors import ExplanationError

__all__ = ["KINDS", "Explanation", "explanations", "parse"]

KINDS = {
    "service": "an answer of a service over HTTP",
    "library": "an error of a library",
    "dotnet": "an exception of .NET",
    "browser": "a browser's reason for not connecting",
    "openssl": "an error of OpenSSL",
    "schannel": "a code of Schannel, the TLS of Windows",
    "event": "an event of Schannel in the System log of Windows",
    "alert": "a TLS alert",
    "refusal": "a word of tlsaudit's for a refusal",
}
"""Every kind of code, and how a person calls it."""

_FOLDER = Path(__file__).with_name("codes")
_TEXTS = ("code", "kind", "title", "means", "does_not_mean", "wire", "action")
_LISTS = ("names", "phrases", "sources")
_HIGHEST = {"service": 999, "schannel": 0xFFFF_FFFF, "event": 0xFFFF, "alert": 0xFF}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code: what it means, what it does not, what a capture shows, and what to do.

    `number` is the code as a number, None where it has none. `names` are other names of it,
    `phrases` words by which a message that lacks the code is known. A part between backticks is
    to be read literally: a column of the handshake table, a command, a value.
    """

    code: str
    kind: str
    title: str
    means: str
    does_not_mean: str
    wire: str
    action: str
    sources: tuple[str, ...]
    number: int | None = None
    names: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way in which the code is written, the usual one first."""
        if self.kind == "schannel" and self.number is not None:
            numbers = (f"0x{self.number:08X}", str(self.number - (1 << 32)))
            return (self.code, *numbers, *self.names)
        return (self.code, *self.names)

    @property
    def heading(self) -> str:
        """The code with the name or number that belongs to it: `alert 40 (handshake_failure)`."""
        rest = self.spellings[1:]
        return f"{self.code} ({', '.join(rest)})" if rest else self.code


@cache
def explanations() -> tuple[Explanation, ...]:
    """Give every explanation, by file and in the order of the file."""
    found: list[Explanation] = []
    for file in sorted(_FOLDER.glob("*.toml")):
        found.extend(parse(file.read_text(encoding="utf-8"), file.name))
    codes = [each.code for each in found]
    for each in found:
        if codes.count(each.code) > 1:
            raise ExplanationError(f"`{each.code}`: code: it is explained twice")
    return tuple(found)


def parse(text: str, where: str) -> list[Explanation]:
    """Give the explanations of a TOML text; ExplanationError names entry and field."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExplanationError(f"{where}: not TOML: {error}") from None
    entries = document.pop("explanation", None)
    if document:
        raise ExplanationError(f"{where}: {next(iter(document))}: there is no such table")
    if not isinstance(entries, list) or not entries:
        raise ExplanationError(f"{where}: explanation: at least one [[explanation]] is needed")
    return [_entry(each, position, where) for position, each in enumerate(entries)]


def _entry(entry: dict[str, Any], position: int, where: str) -> Explanation:
    code = entry.get("code")
    name = f"{where}: {f'`{code}`' if isinstance(code, str) else f'explanation[{position}]'}"
    for field in entry:
        if field not in (*_TEXTS, *_LISTS, "number"):
            raise ExplanationError(f"{name}: {field}: there is no such field")
    for field in _TEXTS:
        value = entry.get(field)
        if not isinstance(value, str) or not value.strip():
            raise ExplanationError(f"{name}: {field}: a text is needed")
        if value.count("`") % 2:
            raise ExplanationError(f"{name}: {field}: a backtick is not closed")
    for field in _LISTS:
        values = entry.get(field, [])
        if not isinstance(values, list) or not all(
            isinstance(value, str) and value.strip() for value in values
        ):
            raise ExplanationError(f"{name}: {field}: a list of texts is needed")
    if not entry.get("sources"):
        raise ExplanationError(f"{name}: sources: at least one is needed")
    kind, number = entry["kind"], entry.get("number")
    if kind not in KINDS:
        raise ExplanationError(f"{name}: kind: `{kind}` is not one of {', '.join(KINDS)}")
    if number is not None and (
        type(number) is not int or not 0 <= number <= _HIGHEST.get(kind, -1)
    ):
        raise ExplanationError(f"{name}: number: {number} cannot be the number of such a code")
    if number is None and kind in ("schannel", "event", "alert"):
        raise ExplanationError(f"{name}: number: a number is needed")
    fields: dict[str, Any] = {field: entry[field].strip() for field in _TEXTS}
    fields |= {field: tuple(entry.get(field, ())) for field in _LISTS}
    return Explanation(**fields, number=number)
