"""The summary for a ticket answers first, and no name in it is anything but text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from support.tables import OLD_ANSWER, OLD_VERSION, capture_row, handshake_row

from tlsaudit.reports.ticket import ticket
from tlsaudit.safe_text import markdown, markdown_code, visible

if TYPE_CHECKING:
    from tlsaudit import Audit

NAMES = [
    "@everyone",
    "#1",
    "www.example.net",
    "http://example.net/?a|b",
    "<img src=x onerror=alert(1)>",
    "a|b",
    "a\\|b",
    "`code` ``and`` more",
    "`",
    " ",
    "![x](y)",
    "[x](javascript:alert(1))",
    "*bold* _under_ ~~gone~~",
    "a@example.net",
    ":smile:",
    "-->",
    "line\nbreak\x1b[31m",
    "&lt;b&gt;",
    "\\",
    "$x^2$",
    "| --- |",
]


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(text)


def spoken(html: str) -> str:
    """What is left of rendered Markdown outside of code."""
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_code_span_holds_the_text_and_nothing_else(name: str) -> None:
    html = rendered(f"| a | b |\n| --- | --- |\n| {markdown_code(name)} | x |\n")
    import html as entities

    cells = re.findall(r"<td>(.*?)</td>", html, flags=re.DOTALL)
    assert len(cells) == 2
    inner = re.fullmatch(r"<code>(.*)</code>", cells[0], flags=re.DOTALL)
    assert inner is not None
    shown = entities.unescape(inner[1])
    assert shown.strip() == visible(name).replace("|", "\\x7c").strip()


@pytest.mark.parametrize("name", NAMES)
def test_sentence_with_a_name_is_text_and_code(name: str) -> None:
    html = spoken(rendered(f"- {markdown(f'It broke at {name}, twice.')}"))
    assert set(re.findall(r"</?(\w+)", html)) <= {"ul", "li", "p"}
    assert not re.search(r"[@#|<>*_~$`]", re.sub(r"<[^>]*>", "", html))
    assert "www" not in html


def test_plain_sentences_stay_as_they_are() -> None:
    said = "12 of them offered TLS 1.2 or newer, and the server chose less: 10.20.10.90:8443 (12)."
    assert markdown(said) == said


def test_ticket_begins_with_the_answer(office: Audit) -> None:
    text = ticket(office)
    assert text.startswith("## TLS audit under entra\n\n")
    assert text.split("\n\n")[1] == markdown(office.summary().splitlines()[0])
    for heading in ("### Clients that break", "### How far this goes", "### Evidence"):
        assert heading in text
    for row in office.verdicts[office.verdicts["verdict"] == "will break"].to_dict("records"):
        assert f"| `{row['client']}` | `{row['service']}` | will break |" in text
        assert str(row["tshark"]) in text
    assert office.coverage is not None
    assert "- Covered: " in text


def test_nothing_to_say_is_said(make_audit: Callable[..., Audit]) -> None:
    text = ticket(make_audit([handshake_row()]))
    assert "No client was seen that would break at what the policy speaks of." in text
    assert "### Evidence" not in text
    assert "### Servers" not in text


def test_nothing_seen_is_not_nobody_breaks(make_audit: Callable[..., Audit]) -> None:
    text = ticket(make_audit([]))
    assert "### Clients that break\n\nNothing is known yet: no TLS was seen.\n" in text
    assert "No client was seen that would break" not in text


def test_name_in_a_limit_ends_before_the_full_stop(make_audit: Callable[..., Audit]) -> None:
    row = capture_row(capture="caps/dc_01.etl", remarks="Packets were cut to 128 bytes.")
    text = ticket(make_audit([handshake_row(capture="caps/dc_01.etl")], [row]))
    assert " `caps/dc_01.etl`. Packets were cut to 128 bytes.\n" in text


def test_long_tables_are_cut_and_say_so(make_audit: Callable[..., Audit]) -> None:
    rows = [
        handshake_row(number=n, client=f"192.0.2.{n}", **OLD_VERSION, **OLD_ANSWER)
        for n in range(1, 31)
    ]
    text = ticket(make_audit(rows))
    assert text.count("| will break |") == 20
    assert "And 10 more rows: the table of verdicts has all." in text


def test_hostile_names_are_text_in_the_whole_ticket(make_audit: Callable[..., Audit]) -> None:
    rows: list[dict[str, Any]] = [
        handshake_row(number=n, server_name=name, capture=name, **OLD_VERSION, **OLD_ANSWER)
        for n, name in enumerate(NAMES)
    ]
    html = spoken(rendered(ticket(make_audit(rows))))
    tags = set(re.findall(r"</?(\w+)", html))
    assert tags <= {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "pre"}
    assert "@" not in html
    widths = {row.count("<td>") for row in re.findall(r"<tr>(.*?)</tr>", html, flags=re.DOTALL)}
    assert widths == {0, 9}


def test_hostile_audit_gives_a_ticket(hostile: Audit) -> None:
    assert "<script" not in spoken(rendered(ticket(hostile)))
