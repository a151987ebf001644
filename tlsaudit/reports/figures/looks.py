"""How versions and suites look in every figure, and which versions are told apart there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tlsaudit import registry

if TYPE_CHECKING:
    import pandas

__all__ = [
    "GOOD",
    "INK",
    "NOT_NEGOTIATED",
    "NO_HELLO",
    "OTHERS",
    "WEAK",
    "Look",
    "in_order",
    "look_of",
    "version_words",
]

INK = "#1b1f24"
NOT_NEGOTIATED = "none seen"
NO_HELLO = "no hello seen"

_DRAFTS = "TLS 1.3 drafts"
_EARLY = {"DTLS 1.0 (before RFC 4347)": "DTLS 1.0 early"}
_OTHER_VERSIONS = "other numbers"
_MOST_UNKNOWN = 3  # versions without a name that are shown one by one


@dataclass(frozen=True)
class Look:
    """A shade, `none` for an outline only, and a hatch of matplotlib's, empty for none."""

    shade: str
    hatch: str = ""


# Dark to light from worst to best: lightness alone orders them.
_SHADES = {
    "SSL 2.0": "#3d0a0a",
    "SSL 3.0": "#6d1212",
    "TLS 1.0": "#a8261c",
    "TLS 1.1": "#cc5a22",
    "TLS 1.2": "#7fb0dd",
    "TLS 1.3": "#b9d8f2",
}
# DTLS 1.0 is TLS 1.1 over datagrams.
_LIKE = {
    "DTLS 1.0 early": "TLS 1.1",
    "DTLS 1.0": "TLS 1.1",
    "DTLS 1.2": "TLS 1.2",
    "DTLS 1.3": "TLS 1.3",
    _DRAFTS: "TLS 1.3",
}
_OLD = "////"
_HATCHES = {
    **dict.fromkeys(("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"), _OLD),
    **dict.fromkeys(("DTLS 1.0 early", "DTLS 1.0"), "xxxx"),
    **dict.fromkeys(("DTLS 1.2", "DTLS 1.3"), "||||"),
    _DRAFTS: "----",
}
GOOD = Look("#7fb0dd")
WEAK = Look("#a8261c", _OLD)
OTHERS = Look("#9aa3ad", "\\\\\\\\")
_NONE = Look("none")


def look_of(version: str) -> Look:
    """Give how a version looks: a version without a name looks like the others of its kind."""
    if version == NOT_NEGOTIATED:
        return _NONE
    shade = _SHADES.get(_LIKE.get(version, version))
    return OTHERS if shade is None else Look(shade, _HATCHES.get(version, ""))


def version_words(names: pandas.Series[str], missing: str = NOT_NEGOTIATED) -> pandas.Series[str]:
    """Give names of versions as figures tell them apart, `missing` for null.

    Drafts of TLS 1.3, and what was tried before it, are one, and so are numbers without a name if
    there are many.
    """
    words = names.astype("object")
    words = words.where(words.notna(), missing)
    unknown = []
    renamed = dict(_EARLY)
    for word in words.unique():
        if word.startswith("TLS 1.3 "):
            renamed[word] = _DRAFTS
        elif word != missing and word not in registry.VERSION_NAMES:
            unknown.append(word)
    if len(unknown) > _MOST_UNKNOWN:
        renamed |= dict.fromkeys(unknown, _OTHER_VERSIONS)
    return words.replace(renamed)


def in_order(names: Iterable[str]) -> list[str]:
    """Versions by the registry's order, then those without a name, then what is missing."""
    known = registry.VERSION_NAMES
    places = {_EARLY.get(name, name): place for place, name in enumerate(known)}
    places[_DRAFTS] = places["TLS 1.3"]
    end = len(places)
    last = {_OTHER_VERSIONS: end + 1, NOT_NEGOTIATED: end + 2, NO_HELLO: end + 3}
    return sorted(set(names), key=lambda name: (places.get(name, last.get(name, end)), name))
