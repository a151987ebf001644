"""Captured text is harmless on a terminal and in a shell line."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsaudit.safe_text import aligned, shell_word, shortened, tshark_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login.example.net", "login.example.net"),
        ("münchen", "münchen"),
        ("a\nb\tc", r"a\x0ab\x09c"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\u{009b}31m"),
        ("\u202efdp.exe", r"\u{202e}fdp.exe"),
        ("zero\u200bwidth", r"zero\u{200b}width"),
        ("line\u2028break", r"line\u{2028}break"),
        ("\udcff", r"\u{dcff}"),
        ("\x7f", r"\x7f"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_text_is_one_printable_line(text: str) -> None:
    shown = visible(text)
    assert all(each.isprintable() or unicodedata.category(each) == "Zs" for each in shown)
    assert visible(shown) == shown


def test_long_text_is_cut_in_the_middle() -> None:
    assert shortened("abcdefghij", 7) == "abc…hij"
    assert shortened("abcdefg", 7) == "abcdefg"


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))))
def test_shell_word_is_one_word_with_the_same_text(text: str) -> None:
    word = shell_word(text)
    assert visible(word) == word
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {word}"], capture_output=True, check=True)
    assert done.stdout == text.encode() + b"\0"


# What breaks out of quotes somewhere, more often than by chance.
_TRICKS = st.text(alphabet="a \\'\"&|<>^%!$`;(){}\u2018\u2019\u201a\u201b\u201c\u201d\u201e\n-")


def after_cmd(word: str) -> str:
    """What cmd leaves of a word, with `#` for quoted text; operators and spaces stay."""
    parts = word.split('"')
    assert len(parts) % 2 == 1, "the quotes are closed"
    assert not any(set("%!") & set(quoted) for quoted in parts[1::2])
    return "#".join(parts[::2])


def after_powershell(word: str) -> str:
    """The same of PowerShell, which takes typographic quotes for quotes."""
    left, closing = "", ""
    for each in word:
        if closing:
            assert closing == "single" or each not in "$`"
            if each in _QUOTES[closing]:
                closing = ""
        else:
            closing = next((kind for kind, quotes in _QUOTES.items() if each in quotes), "")
            left += "#" if closing else each
    assert not closing, "the quotes are closed"
    return left


_QUOTES = {"single": "'\u2018\u2019\u201a\u201b", "double": '"\u201c\u201d\u201e'}


@settings(max_examples=400, deadline=None)
@given(_TRICKS | st.text())
def test_shell_word_begins_nothing_in_the_shells_of_windows(text: str) -> None:
    word = shell_word(text)
    assert not set(after_cmd(word)) & set("&|<>^% \t\n")
    assert not set(after_powershell(word).replace("$#", "#")) & set("&|<>^ ;(){}$`,@\t\n")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("dc01.pcapng", "dc01.pcapng"),
        (r"C:\captures\dc 01.pcap", r'"C:\captures\dc 01.pcap"'),
        ("R&D (1).pcap", '"R&D (1).pcap"'),
        ("it's.pcap", '"it\'s.pcap"'),
        ("münchen.pcap", '"münchen.pcap"'),
        (r"\\files\captures\dc01.pcap", r"'\\files\captures\dc01.pcap'"),
        ("$HOME.pcap", "'$HOME.pcap'"),
        ("100% & more.pcap", r"$'100\x25\x20\x26\x20more.pcap'"),
        ("a'`calc`.pcap", r"$'a\x27\x60calc\x60.pcap'"),
    ],
)
def test_shell_word_is_spelled_for_as_many_shells_as_there_are(text: str, word: str) -> None:
    assert shell_word(text) == word


def test_tshark_line_names_the_frames_once_each() -> None:
    assert tshark_line("dc 01.pcap", [4, 6, 4]) == (
        'tshark -2 -r "dc 01.pcap" -Y "frame.number == 4 || frame.number == 6"'
    )


def test_tshark_line_converts_into_the_current_folder() -> None:
    assert tshark_line("/captures/dc 01.etl", [4], convert=True) == (
        'tlsaudit convert "/captures/dc 01.etl" -o "dc 01.etl.pcapng" && '
        'tshark -2 -r "dc 01.etl.pcapng" -Y "frame.number == 4"'
    )


def test_name_of_a_converted_capture_is_never_an_option() -> None:
    line = tshark_line("captures/-x.etl", [4], convert=True)
    assert line is not None
    assert " -o ./-x.etl.pcapng && tshark -2 -r ./-x.etl.pcapng " in line


def test_tshark_line_without_frames_does_not_exist() -> None:
    assert tshark_line("dc01.pcap", []) is None


def test_columns_are_aligned_and_wide_characters_count_twice() -> None:
    rows = [["name", "n"], ["a", "10"], ["東京", "7"]]
    assert aligned(rows, frozenset({1})) == "name   n\na     10\n東京   7\n"


def test_no_cell_breaks_the_table() -> None:
    assert aligned([["a\nb\x1b[2J", "c"]]) == "a\\x0ab\\x1b[2J  c\n"
