"""Captured text made harmless, once for each place that it can go to.

A server name or a file name is chosen by someone else. HTML and SVG are escaped by the template
engine and by matplotlib, CSV and JSON by `schema`; what is left are characters that no output can
show as they are, lines on a terminal, and shell lines that a person will paste.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

__all__ = [
    "aligned",
    "conversion",
    "escaped",
    "markdown",
    "markdown_code",
    "shell_word",
    "shortened",
    "tshark_line",
    "visible",
]

# Cc control, Cf format (bidirectional overrides, zero width), Cs surrogate, Zl and Zp line and
# paragraph separators, Co private use, Cn unassigned (U+FFFE, U+FFFF are not allowed in XML).
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})

# What bash, cmd and PowerShell take as it is when it is bare, and what one of them does not in
# double quotes, where bash makes one backslash of two, and in single quotes, which are none to cmd.
# PowerShell takes typographic quotes for quotes. `re` compiles each when it is first needed.
_BARE = r"[A-Za-z0-9_./:+-]+"
_NOT_IN_DOUBLE = '["\u201c\u201d\u201e$`!%]|\\\\(?=\\\\|$)'
_NOT_IN_SINGLE = "['\u2018\u2019\u201a\u201b\"&|<>^% ]"
_AS_IT_IS = "[A-Za-z0-9_./:+=,@~-]|[^\\x00-\\x7f\u2018-\u201b\u201c-\u201e]"

# Characters that show nothing or turn the text around them, as the core has them
# (`rust/wire/src/tls/escape.rs`): both must write one captured name in one way.
_SPELLED_OUT = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip


def escaped(data: bytes) -> str:
    r"""Give captured bytes as text: what is invisible or not UTF-8 is `\xNN` or `\u{NNNN}`.

    This is the spelling that the core gives every captured string of a table.
    """
    if data.isascii() and data.decode("ascii").isprintable():
        return data.decode("ascii")
    text = []
    for character in data.decode("utf-8", "surrogateescape"):
        number = ord(character)
        if 0xDC80 <= number <= 0xDCFF:
            text.append(f"\\x{number - 0xDC00:02x}")
        elif number < 0x20 or 0x7F <= number < 0xA0:
            text.extend(f"\\x{byte:02x}" for byte in character.encode("utf-8"))
        elif number in _spelled_out():
            text.append(f"\\u{{{number:04x}}}")
        else:
            text.append(character)
    return "".join(text)


def visible(text: str) -> str:
    r"""Give the text with every character that cannot be seen written as `\xNN` or `\u{NNNN}`.

    After this no terminal escape, no line break and no change of writing direction is left.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(each) if unicodedata.category(each) in _INVISIBLE else each for each in text
    )


# What no renderer of Markdown takes for anything else. `www.` begins a link, and two colons may
# hold the name of a picture; a dash is a list only at the start of a line.
_PLAIN_WORD = r"(?i)(?!\(*www\.)[a-z0-9.,;:()'%-]+"


def markdown_code(text: str) -> str:
    r"""Give the text as a code span of Markdown: no link, mention, HTML or emphasis comes of it.

    It may stand in a table too, where a `|` would end the cell: that is written `\x7c`.
    """
    text = visible(text).replace("|", "\\x7c")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # A space beside the fence belongs to the span, not to the text.
    edge = " " if not text.strip(" ") or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def markdown(text: str) -> str:
    """Give a sentence for Markdown: words that could be taken for anything else are code spans."""
    words = [
        each if re.fullmatch(_PLAIN_WORD, each) and each.count(":") < 2 else markdown_code(each)
        for each in visible(text).split(" ")
        if each
    ]
    return " ".join(words)


def shortened(text: str, limit: int) -> str:
    """Give the visible text, cut in the middle with `…` if it is longer than `limit`."""
    text = visible(text)
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def shell_word(text: str) -> str:
    """Give the text as one word for a shell, printable whatever it holds.

    For bash and zsh it is that text; for cmd and PowerShell of Windows too, wherever there is a
    spelling that all of them take alike. Where there is none it does nothing in those: it names
    no file, ends no quotes, and begins no command.
    """
    if visible(text) == text:
        if re.fullmatch(_BARE, text):
            return text
        if not re.search(_NOT_IN_DOUBLE, text):
            return f'"{text}"'
        if not re.search(_NOT_IN_SINGLE, text):
            return f"'{text}'"
    escaped = "".join(
        each
        if re.fullmatch(_AS_IT_IS, each) and unicodedata.category(each) not in _INVISIBLE
        else "".join(f"\\x{byte:02x}" for byte in each.encode("utf-8", "surrogateescape"))
        for each in text
    )
    return f"$'{escaped}'"


def tshark_line(capture: str, frames: Iterable[int], convert: bool = False) -> str | None:
    """Give the command that shows these frames; None if there are none.

    With `convert` it first makes a file of the capture that tshark can read.
    """
    wanted = list(dict.fromkeys(frames))
    if not wanted:
        return None
    condition = " || ".join(f"frame.number == {frame}" for frame in wanted)
    before, file = conversion(capture) if convert else ("", shell_word(capture))
    return f'{before}tshark -2 -r {file} -Y "{condition}"'


def conversion(capture: str) -> tuple[str, str]:
    """Give the beginning of a command that converts a capture, and the file that it makes.

    That file goes into the current folder: beside the captures it would be counted with them.
    """
    name = f"{os.path.basename(capture)}.pcapng"
    made = shell_word(f"./{name}" if name.startswith("-") else name)
    return f"tlsaudit convert {shell_word(capture)} -o {made} && ", made


def aligned(rows: Iterable[Iterable[str]], numeric: frozenset[int] = frozenset()) -> str:
    """Give rows of text as columns two spaces apart; columns in `numeric` go to the right.

    Every cell is made visible first. Wide (East Asian) characters count as two.
    """
    table = [[visible(cell) for cell in row] for row in rows]
    if not table:
        return ""
    widths = [max(_width(row[column]) for row in table) for column in range(len(table[0]))]
    lines = []
    for row in table:
        cells = []
        for column, cell in enumerate(row):
            gap = " " * (widths[column] - _width(cell))
            cells.append(gap + cell if column in numeric else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


@cache
def _spelled_out() -> frozenset[int]:
    return frozenset(number for first, last in _SPELLED_OUT for number in range(first, last + 1))


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{{{number:04x}}}"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )
