"""Policies: what may be written in one, and what an exception does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.tables import OLD_ANSWER, handshake_row, make_handshakes

from tlsaudit.errors import PolicyError
from tlsaudit.findings import find, load_policy, policy_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str], Path]

HEAD = """
name = "office"
title = "Office"
demand = "TLS 1.2 or newer"
description = "Ours."
source = "handbook"
"""

HIGH = HEAD + '[severity]\ntls10-negotiated = "high"\n3des-negotiated = "medium"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a policy file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "office.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


class TestLoading:
    def test_shipped_policies_are_known_by_name(self) -> None:
        assert policy_names() == ("bcp195", "entra")
        for name in policy_names():
            assert load_policy(name).name == name

    def test_a_file_is_a_policy(self, write: Write) -> None:
        for path in (write(HIGH), str(write("\ufeff" + HIGH))):
            policy = load_policy(path)
            assert policy.severity_of("tls10-negotiated") == "high"
            assert policy.severity_of("tls11-negotiated") == "none"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("name = ", "not TOML"),
            ('name = "x"', "missing required field `title`"),
            (HEAD, "missing required field `severity`"),
            (HIGH.replace('"Office"', "7"), "title: Expected `str`, got `int`"),
            ('colour = "red"\n' + HIGH, "unknown field `colour`"),
            (HEAD + '[severity]\ntls10-negotiated = "hihg"', "severity.tls10-negotiated: `hihg`"),
            (HEAD + '[severity]\ntls9-negotiated = "high"', "severity: `tls9-negotiated` is not a"),
            (HIGH + '[[exception]]\nrule = "3des-negotiated"', r"exception\[0\]: .*`reason`"),
            (HIGH + '[[exception]]\nreason = "x"', r"exception\[0\]: one of rule, client,"),
            (HIGH + '[[exception]]\nreason = " "\nserver_port = 1', r"exception\[0\].reason: "),
            (HIGH + '[[exception]]\nreason = "x"\nrule = "y"', r"exception\[0\].rule: `y` is not"),
            (
                HIGH + '[[exception]]\nreason = "x"\nclient = "10.0.0.1/8"',
                "client: .*host bits set",
            ),
            (
                HIGH + '[[exception]]\nreason = "x"\nserver_port = 65536',
                "server_port: 65536 is not",
            ),
            (
                HIGH + '[[exception]]\nreason = "x"\nserver_port = "636"',
                "server_port: Expected `int",
            ),
            (
                HIGH + '[[exception]]\nreason = "x"\nserver_port = 1\nseverity = "off"',
                r"exception\[0\].severity: `off` is not one of none, info, low, medium, high",
            ),
            (
                HIGH + '[[exception]]\nreason = "x"\nport = 1',
                r"exception\[0\]: .*unknown field `port`",
            ),
        ],
    )
    def test_what_is_wrong_is_said_with_file_and_field(
        self, write: Write, text: str, message: str
    ) -> None:
        with pytest.raises(PolicyError, match=f"office.toml: .*{message}"):
            load_policy(write(text))

    def test_what_cannot_be_read_is_said_with_the_shipped_names(self, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match=r"^entrra: there is no such file.*bcp195, entra"):
            load_policy("entrra")
        with pytest.raises(PolicyError, match="cannot be read"):
            load_policy(tmp_path)
        (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
        with pytest.raises(PolicyError, match="not UTF-8"):
            load_policy(tmp_path / "latin.toml")


class TestExceptions:
    def severities(self, write: Write, exceptions: str) -> dict[int, str]:
        """What is found of TLS 1.0 under a policy with these exceptions, by stream."""
        rows = [
            handshake_row(number=1, client="10.1.2.3", server_name="a.example.org", **OLD_ANSWER),
            handshake_row(number=2, client="10.1.9.9", server_name="example.org", **OLD_ANSWER),
            handshake_row(number=3, client="2001:db8::1", server_name=None, **OLD_ANSWER),
            handshake_row(number=4, client="02:00:00:00:00:01", server_port=636, **OLD_ANSWER),
            handshake_row(number=5, client="10.1.2.3", server_port=None, **OLD_ANSWER),
        ]
        findings = find(make_handshakes(rows), load_policy(write(HIGH + exceptions)))
        return dict(zip(findings["stream"], findings["severity"].astype("object"), strict=True))

    @pytest.mark.parametrize(
        ("conditions", "excused"),
        [
            ('client = "10.1.2.3"', {1, 5}),
            ('client = "10.1.0.0/16"', {1, 2, 5}),
            ('client = "2001:db8::/32"', {3}),
            ('server_name = "example.org"', {2}),
            ('server_name = "*.Example.org"', {1}),
            ("server_port = 636", {4}),
            ('rule = "tls10-negotiated"', {1, 2, 3, 4, 5}),
            ('rule = "3des-negotiated"', set()),
            ('client = "10.1.2.3"\nserver_name = "a.example.org"', {1}),
            ('client = "10.1.2.3"\nserver_port = 636', set()),
        ],
    )
    def test_an_exception_fits_where_all_its_conditions_hold(
        self, write: Write, conditions: str, excused: set[int]
    ) -> None:
        found = self.severities(write, f'[[exception]]\nreason = "x"\n{conditions}\n')
        assert set(found) == {1, 2, 3, 4, 5} - excused
        assert set(found.values()) <= {"high"}

    def test_an_exception_may_give_another_severity_and_the_first_that_fits_applies(
        self, write: Write
    ) -> None:
        found = self.severities(
            write,
            '[[exception]]\nreason = "x"\nclient = "10.1.2.0/24"\nseverity = "info"\n'
            '[[exception]]\nreason = "y"\nclient = "10.0.0.0/8"\n',
        )
        assert found == {1: "info", 3: "high", 4: "high", 5: "info"}
