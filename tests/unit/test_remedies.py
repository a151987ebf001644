"""Remedies: complete, parsed by the grammar of their language, and never a step backwards."""

from __future__ import annotations

import configparser
import re
from xml.etree import ElementTree

import pytest
import tree_sitter
import tree_sitter_powershell
from support.tables import handshake_row, make_handshakes

from tlsaudit.errors import RemedyError
from tlsaudit.findings import load_policy
from tlsaudit.forecast import forecast
from tlsaudit.forecast.known import _lists
from tlsaudit.remedies import Snippet, remedies, remedy, remedy_text
from tlsaudit.remedies.entries import parse

SNIPPETS = [
    pytest.param(snippet, id=f"{each.id}: {snippet.title}")
    for each in remedies()
    for snippet in each.snippet
]


def registry(text: str) -> dict[str, dict[str, int]]:
    """The keys of a .reg file and their numbers; AssertionError for a line that is none."""
    head, *lines = text.strip().splitlines()
    assert head == "Windows Registry Editor Version 5.00"
    keys: dict[str, dict[str, int]] = {}
    for line in filter(None, lines):
        if key := re.fullmatch(r"\[(HKEY_(?:LOCAL_MACHINE|CURRENT_USER)\\[^\[\]]+)\]", line):
            keys[key[1]] = {}
        else:
            value = re.fullmatch(r'"(\w+)"=dword:([0-9a-f]{8})', line)
            assert value, line
            keys[list(keys)[-1]][value[1]] = int(value[2], 16)
    assert all(keys.values())
    return keys


def powershell(text: str) -> tree_sitter.Node:
    language = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(language).parse(text.encode()).root_node


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_snippet_parses(snippet: Snippet) -> None:
    if snippet.language == "reg":
        assert registry(snippet.text)
    elif snippet.language == "powershell":
        assert not powershell(snippet.text).has_error
    elif snippet.language == "xml":
        assert len(ElementTree.fromstring(snippet.text)) > 0
    elif snippet.language == "ini":
        parser = configparser.ConfigParser()
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string("[top]\n" + snippet.text)
        assert len(parser.sections()) > 1
    else:
        assert snippet.language in ("csharp", "text")


def test_the_grammars_find_errors() -> None:
    assert powershell("if ($a -eq {").has_error
    with pytest.raises(AssertionError):
        registry('Windows Registry Editor Version 5.00\n[HKEY_LOCAL_MACHINE\\A]\n"a"=dword:1\n')


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_no_snippet_switches_on_what_is_broken(snippet: Snippet) -> None:
    assert not re.search(r"ssl\W?v?[23]", snippet.text, re.IGNORECASE)
    assert not re.search(r"\bTls(10|11)?\b(?! 1\.2)", snippet.text)
    assert not re.search(r"TLSv?\s?1(\.[01])?\b(?!\.)", snippet.text)
    assert not re.search(r"0x0*(8|20|28|a0|a8|80)\b", snippet.text, re.IGNORECASE)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_no_snippet_takes_tls13_away(snippet: Snippet) -> None:
    text = snippet.text
    assert "TLS 1.3" not in text
    assert "Tls13" not in text
    # What sets a list of versions names TLS 1.3 too; what adds to one keeps what is there.
    for line in text.splitlines():
        if re.search(r"ssl_protocols|SSLProtocol", line):
            assert "TLSv1.3" in line
        if re.search(r"SecurityProtocol\]?\s*=", line):
            assert "SystemDefault" in line or "-bor" in line
        assert not re.search(r"MaxProtocol|tls-max|protocols=", line)
    # Naming a version where the system chooses (0) would leave that version alone.
    if "SecurityProtocol" in text and "Tls12" in text:
        assert "-ne 0" in text
    if "3072" in text:
        assert "|=" in text
        assert "!= 0" in text
    if snippet.language == "reg":
        for key, values in registry(text).items():
            assert values.get("Enabled", 1) == 1, key
            assert values.get("DisabledByDefault", 0) == 0, key


def test_values_of_dotnet_and_winhttp_go_into_both_registry_views() -> None:
    for each in remedies():
        for snippet in each.snippet:
            if snippet.language == "reg":
                keys = registry(snippet.text)
                for key, values in keys.items():
                    if "\\SOFTWARE\\Microsoft\\" in key:
                        other = key.replace("\\SOFTWARE\\", "\\SOFTWARE\\Wow6432Node\\")
                        assert keys[other] == values
            places = re.findall(
                r"'HKLM:\\SOFTWARE\\(Wow6432Node\\)?(Microsoft\\[^']+)'", snippet.text
            )
            views = {place: [w for w, p in places if p == place] for _, place in places}
            assert all(sorted(each) == ["", "Wow6432Node\\"] for each in views.values())


def test_what_the_texts_name_is_there() -> None:
    names = {each.id for each in remedies()}
    for each in remedies():
        text = " ".join((each.steps, each.verify, each.cannot))
        for word in re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", text):
            assert word in names, f"{each.id}: {word}"
        assert each.sources
        assert remedy_text(each).startswith(f"{each.id}: ")
    assert {each.remedy for each in _lists().values()} <= names


def test_the_scope_of_httpruntime_and_of_retargeting_is_said() -> None:
    dotnet = remedy("dotnet-framework")
    assert "ASP.NET" in dotnet.cannot
    assert "retarget" in dotnet.steps
    assert {"xml", "reg", "csharp"} == {snippet.language for snippet in dotnet.snippet}


def test_every_verdict_leads_to_a_remedy_that_exists() -> None:
    old = {"client_legacy_version": 0x0301, "server_legacy_version": 0x0301}
    weak = {"client_cipher_suites": [0x000A], "negotiated_cipher_suite": 0x000A}
    several = [
        handshake_row(number=n, client=f"10.0.0.{n}", **row)
        for n, row in enumerate(
            [
                {},
                old,
                {**old, "carrier": "tds"},
                {**old, "client_fallback_scsv": True},
                {**old, "client_cipher_suites": [0xC00A, 0xC009, 0xC014, 0xC013, 0x35, 0x2F, 0x0A]},
                weak,
                {"negotiated_cipher_suite": 0x000A},
                {"server_legacy_version": 0x0301},
                {"server_legacy_version": 0x0301, "downgrade_sentinel": "tls11-or-below"},
                {"client_hello_frame": None, "outcome": "server_only", **old},
            ]
        )
    ]
    verdicts = forecast(make_handshakes(several), load_policy("entra")).verdicts
    found = dict(zip(verdicts["client"], verdicts["remedy"], strict=True))
    expected = [
        *(None, "find-the-program", "sql-server-client", "fallback", "windows-held-back"),
        *("cipher-suites-client", "server-cipher", "server-version", "box-between"),
    ]
    for number, name in enumerate(expected):
        value = found[f"10.0.0.{number}"]
        assert (value if isinstance(value, str) else None) == name
    assert all(remedy(name) for name in verdicts["remedy"].dropna())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("remedy = 3", "x.toml: Expected `array`"),
        ('[[remedy]]\nid = "a"', "missing required field `title`"),
        ("[[remedy]", "x.toml: "),
    ],
)
def test_a_malformed_remedy_is_named(text: str, message: str) -> None:
    with pytest.raises(RemedyError, match=message):
        parse(text, "x.toml")


def test_a_remedy_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(RemedyError, match=r"javva: there is no such remedy; .*java"):
        remedy("javva")
