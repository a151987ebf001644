"""The remedies themselves, read from TOML and checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from tlsaudit.errors import RemedyError

__all__ = ["Remedy", "Snippet", "parse", "remedies", "remedy"]

Language = Literal["reg", "powershell", "xml", "csharp", "ini", "text"]

_FILES = ("windows.toml", "programs.toml", "servers.toml")


class Snippet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lines to copy; `language` says what they are written in."""

    title: str
    language: Language
    text: str


class Remedy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change for one stack.

    `applies` says whom it is for, `verify` how to see that it worked, `cannot` what it does not
    fix. A part between backticks is to be read literally.
    """

    id: str
    title: str
    applies: str
    steps: str
    verify: str
    cannot: str
    sources: tuple[str, ...]
    snippet: tuple[Snippet, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    remedy: tuple[Remedy, ...]


@cache
def remedies() -> tuple[Remedy, ...]:
    """Every remedy, in the order of the documentation."""
    folder = Path(__file__).parent
    found = [each for name in _FILES for each in parse((folder / name).read_text("utf-8"), name)]
    names = [each.id for each in found]
    for name in names:
        if names.count(name) > 1:
            raise RemedyError(f"{name}: there are two remedies of this name")
    return tuple(found)


def remedy(ident: str) -> Remedy:
    """Give the remedy of this name; RemedyError, with all names, if there is none."""
    for each in remedies():
        if each.id == ident:
            return each
    names = ", ".join(each.id for each in remedies())
    raise RemedyError(f"{ident}: there is no such remedy; there are {names}")


def parse(text: str, where: str) -> tuple[Remedy, ...]:
    """Give the remedies of a TOML file; RemedyError names the file and the field."""
    try:
        found = msgspec.toml.decode(text, type=_File).remedy
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise RemedyError(f"{where}: {error}") from None
    for each in found:
        for field in ("id", "title", "applies", "steps", "verify", "cannot"):
            if not getattr(each, field).strip():
                raise RemedyError(f"{where}: {each.id}: {field} is empty")
        if not each.sources:
            raise RemedyError(f"{where}: {each.id}: sources: there must be one")
    return found
