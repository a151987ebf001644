"""Which codes a text names: a code as somebody types it, or an error message as it was pasted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tlsaudit.explanations.entries import Explanation, explanations

__all__ = ["Answer", "alert_explanation", "explain", "named"]

LONGEST_TEXT = 20_000
"""Characters of a text that are looked at: far more than any error message has."""

_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a text names.

    `asked` is the text. `found` are the explanations of the codes in it, in the order in which they
    appear; empty if none of them is known. `unknown` are codes in it that look like one of the
    kinds known here and are not explained. `nearest` are known codes that resemble the first of
    those, or the whole text where it names no code; empty where something was found or nothing is
    near.
    `print(answer)` writes all of it.
    """

    asked: str
    found: tuple[Explanation, ...]
    unknown: tuple[str, ...] = ()
    nearest: tuple[Explanation, ...] = ()

    @property
    def problem(self) -> str | None:
        """One sentence on what is not explained, None if there is nothing of the kind."""
        from tlsaudit.explanations.text import problem

        return problem(self)

    def __str__(self) -> str:
        from tlsaudit.explanations.text import answer_text

        lines = [answer_text(self), self.problem]
        return "\n".join(line for line in lines if line)


def explain(text: str) -> Answer:
    """Explain the error codes that a text names.

    The text is a code in any usual spelling (`aadsts1002016`, `0x80090326`, `-2146893018`,
    `event 36874`, `handshake_failure`, `alert 40`, `40`), or a whole error message or some lines of
    a log, in which every known code is found. Nothing is looked up anywhere.
    """
    looked_at = " ".join(text[:LONGEST_TEXT].split())
    whole = _whole(looked_at)
    if whole is not None:
        return Answer(text, (whole,))
    codes = _codes(looked_at)
    known = [(each.position, each.explanation) for each in codes if each.explanation is not None]
    kinds = {explanation.kind for _, explanation in known}
    known += [pair for pair in _phrases(looked_at) if pair[1].kind not in kinds]
    found = dict.fromkeys(each for _, each in sorted(known, key=lambda pair: pair[0]))
    unknown = [each for each in codes if each.explanation is None]
    words = tuple(dict.fromkeys(each.word for each in unknown))
    if found:
        return Answer(text, tuple(found), words)
    nearest = unknown[0].nearest() if unknown else _nearest_in_spelling(looked_at)
    return Answer(text, (), words, nearest)


def alert_explanation(number: int) -> Explanation | None:
    """Give the explanation of an alert description; None for a number that nobody has named."""
    return _families()["alert"].get(number)


def named(code: str) -> Explanation:
    """Give the explanation of exactly this code or name; KeyError if there is none."""
    return _names()[code.casefold()]


@dataclass(frozen=True, slots=True)
class _Code:
    """A code in a text: where and how it is written, and its explanation if it has one."""

    position: int
    word: str
    explanation: Explanation | None
    family: str | None = None
    number: int = 0

    def nearest(self) -> tuple[Explanation, ...]:
        """Give what resembles it: the nearest numbers of its family, else the nearest names."""
        if self.family is None:
            return _nearest_in_spelling(self.word)
        family = _families()[self.family]
        ranked = sorted(family, key=lambda number: (abs(number - self.number), number))
        return tuple(family[number] for number in ranked[:_NEAREST])


def _whole(text: str) -> Explanation | None:
    """Find a text that is nothing but a name or a small number."""
    if text.isascii() and text.isdigit() and len(text) < 4:
        return _families()["alert"].get(int(text)) or _families()["service"].get(int(text))
    name = text.casefold()
    return _names().get(name) or _names().get(name.replace(" ", "_"))


def _codes(text: str) -> list[_Code]:
    """Give the codes that a text spells out, in order; what one pattern takes, others leave."""
    codes: list[_Code] = []
    taken: list[tuple[int, int]] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other < end for other, other_end in taken):
                continue
            code = read(match)
            if code is not None:
                taken.append((start, end))
                codes.append(code)
    return sorted(codes, key=lambda code: code.position)


def _phrases(text: str) -> list[tuple[int, Explanation]]:
    folded = text.casefold()
    found = []
    for each in explanations():
        for phrase in each.phrases:
            position = folded.find(phrase.casefold())
            if position >= 0:
                found.append((position, each))
    return found


def _nearest_in_spelling(text: str) -> tuple[Explanation, ...]:
    import difflib

    names = _names()
    word = text.casefold()[:80]
    close = difflib.get_close_matches(word, names, n=3 * _NEAREST, cutoff=0.6)
    if not close:
        close = difflib.get_close_matches(word, names, n=1, cutoff=0.4)
    return tuple(dict.fromkeys(names[name] for name in close))[:_NEAREST]


def _number_of(match: re.Match[str], family: str, number: int) -> _Code:
    explanation = _families()[family].get(number)
    return _Code(match.start(), match[0].strip(), explanation, family, number)


def _service(match: re.Match[str]) -> _Code:
    return _number_of(match, match[1].upper(), int(match[2]))


def _hexadecimal(match: re.Match[str]) -> _Code | None:
    return _result(match, int(match[1], 16))


def _decimal(match: re.Match[str]) -> _Code | None:
    return _result(match, int(match[0]) % (1 << 32))


def _result(match: re.Match[str], number: int) -> _Code | None:
    """Take a number for a result of Windows; unknown ones only if of its security systems."""
    code = _number_of(match, "schannel", number)
    return code if code.explanation is not None or number >> 16 == 0x8009 else None


def _event(match: re.Match[str]) -> _Code:
    return _number_of(match, "event", int(match[1]))


def _status(match: re.Match[str]) -> _Code | None:
    code = _number_of(match, "service", int(match[1]))
    return code if code.explanation is not None else None


def _alert(match: re.Match[str]) -> _Code | None:
    number = int(match[1])
    return _number_of(match, "alert", number) if number <= 0xFF else None


def _word(match: re.Match[str]) -> _Code | None:
    """Find a name; those of alerts also as Windows, OpenSSL and Firefox spell them."""
    word = match[0].casefold()
    bare = re.sub("^.*(?:ssl3|sslv3|tls1|tlsv1|tlsv13)_alert_|^ssl_error_|_alert$", "", word)
    each = _names().get(word) or _names().get(bare)
    if each is None and not re.match("(sec|crypt)_e_", word):
        return None
    return _Code(match.start(), match[0], each)


def _alert_words(match: re.Match[str]) -> _Code | None:
    """Find an alert whose name is written as words: `alert protocol version`."""
    words = match[1].casefold().split()
    for length in range(len(words), 0, -1):
        each = _names().get("_".join(words[:length]))
        if each is not None and each.kind == "alert":
            return _Code(match.start(), match[0], each)
    return None


_ALERT_NUMBER = (
    r"\b(?:alert(?:desc)?|fatal error)(?:[ _](?:number|code|description|was|received|generated|is))"
    r"{0,3}[ :=#(]{0,3}([0-9]{1,3})\b"
)
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Code | None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), read)
    for pattern, read in (
        (r"\b(AADSTS|IDX)[ :#-]{0,2}([0-9]{4,9})\b", _service),
        (r"(?<![\w-])(?:0x)?([89a-f][0-9a-f]{7})(?![\w-])", _hexadecimal),
        (r"(?<![\w.-])-?[0-9]{10}\b", _decimal),
        (r"\bevent(?:[ _]?id)?[ :=#]{0,3}([0-9]{1,6})\b", _event),
        (r"\bschannel[ :=#]{0,3}([0-9]{5})\b", _event),
        (r"(?<![\w.,-])(36[89][0-9]{2})\b", _event),
        (r"\b(?:http(?:/[0-9.]+)?|status(?:[ _]?code)?)[ :=(]{0,3}([0-9]{3})\b", _status),
        (_ALERT_NUMBER, _alert),
        (r"\balert[ :]{1,2}([a-z]+(?: [a-z]+){0,3})", _alert_words),
        (r"\b[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*\b", _word),
    )
)
"""How codes are written, the specific ways before the general ones, and what reads each."""


@cache
def _families() -> dict[str, dict[int, Explanation]]:
    """Give the explanations of each family whose codes are numbers."""
    families: dict[str, dict[int, Explanation]] = {"AADSTS": {}, "IDX": {}}
    for each in explanations():
        prefixed = re.fullmatch("(AADSTS|IDX)([0-9]+)", each.code)
        if prefixed:
            families[prefixed[1]][int(prefixed[2])] = each
        elif each.number is not None:
            families.setdefault(each.kind, {})[each.number] = each
    return families


@cache
def _names() -> dict[str, Explanation]:
    """Give the explanations by everything that they are called, folded."""
    return {name.casefold(): each for each in explanations() for name in each.spellings}
