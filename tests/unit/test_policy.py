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
        assert policy_names() == (
            *("bcp195", "entra", "entra-domain-services", "nist-800-52r2", "pci-dss-4"),
        )
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
            ('extends = "entrra"\n' + HIGH, "extends: `entrra` is not a shipped policy"),
            (HIGH + '[requires]\nversion = "TLS 1.4"', "requires.version: `TLS 1.4` is not one of"),
            (
                HIGH + '[requires]\nrefused = ["des3"]',
                "requires.refused: `des3` is not one of 3des",
            ),
            (HIGH + "[requires]\nrefused = 3", "requires.refused: Expected `array`"),
            (HIGH + '[requires]\nsuites = ["x"]', "requires: .*unknown field `suites`"),
            (
                HIGH + '[requires]\nrefused_suites = ["TLS_X"]',
                "requires.refused_suites: `TLS_X` is no cipher suite",
            ),
            (HIGH + '[requires]\nonly_ciphers = ["AES2"]', "requires.only_ciphers: no cipher"),
            (
                HIGH + '[requires]\nonly_ciphers = ["RC4"]\nrefused = ["rc4"]',
                "requires: no cipher suite is left",
            ),
            (HIGH + '[[service]]\ntitle = "x"', r"service\[0\]: one of server_names, ports, "),
            (HIGH + '[[service]]\ntitle = " "\nports = [1]', r"service\[0\].title: a service"),
            (HIGH + '[[service]]\ntitle = "x"\nports = [65536]', r"service\[0\].ports: 65536"),
            (
                HIGH + '[[service]]\ntitle = "x"\nserver_names = ["A.example"]',
                r"service\[0\].server_names: `A.example` is not a name in lower case",
            ),
            (
                HIGH + '[[service]]\ntitle = "x"\nserver_names = ["a.*.example"]',
                r"service\[0\].server_names: `a.\*.example`",
            ),
            (
                HIGH + '[[service]]\ntitle = "x"\ncarriers = ["ldap"]',
                r"service\[0\].carriers: `ldap` is not one of tls, ldap-starttls",
            ),
        ],
    )
    def test_what_is_wrong_is_said_with_file_and_field(
        self, write: Write, text: str, message: str
    ) -> None:
        with pytest.raises(PolicyError, match=f"office.toml: .*{message}"):
            load_policy(write(text))

    def test_what_cannot_be_read_is_said_with_the_shipped_names(self, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match=r"^entrra: there is no such file.*bcp195, entra, "):
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


class TestWhatIsAccepted:
    @pytest.mark.parametrize("name", policy_names())
    def test_no_shipped_policy_accepts_old_versions_and_each_accepts_tls12(self, name: str) -> None:
        requires = load_policy(name).requires
        old = (0x0002, 0x0300, 0x0301, 0x0302, 0x0100, 0xFEFF)
        assert not any(requires.accepts_version(code) for code in old)
        assert all(requires.accepts_version(code) for code in (0x0303, 0xFEFD, 0x0304, 0xFEFC))
        assert not requires.accepts_version(0x2A2A)

    @pytest.mark.parametrize(
        ("name", "suite", "accepted"),
        [
            ("entra", 0x000A, False),
            ("entra-domain-services", 0x000A, True),
            ("pci-dss-4", 0x000A, True),
            ("bcp195", 0x000A, True),
            ("bcp195", 0x0009, False),
            ("nist-800-52r2", 0x000A, False),
            ("nist-800-52r2", 0x002F, False),
            ("nist-800-52r2", 0xC02F, True),
            ("nist-800-52r2", 0xCCA8, False),
            ("nist-800-52r2", 0x1301, True),
            ("nist-800-52r2", 0x1303, False),
            ("entra", 0xCCA8, True),
            ("entra", 0x0005, False),
            ("entra", 0x00FF, False),
            ("entra", 0x2A2A, False),
        ],
    )
    def test_suites_are_accepted_as_the_policy_says(
        self, name: str, suite: int, accepted: bool
    ) -> None:
        assert load_policy(name).requires.accepts_suite(suite) is accepted

    def test_a_policy_without_requirement_asks_for_tls12_and_any_suite(self, write: Write) -> None:
        requires = load_policy(write(HIGH)).requires
        assert (requires.version, requires.accepts_suite(0x000A)) == ("TLS 1.2", True)

    def test_single_suites_may_be_refused_by_name(self, write: Write) -> None:
        text = HIGH + '[requires]\nrefused_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]'
        requires = load_policy(write(text)).requires
        assert [requires.accepts_suite(code) for code in (0x002F, 0x0035)] == [False, True]


class TestExtending:
    def test_what_is_not_given_is_taken_over_and_lists_grow(self, write: Write) -> None:
        text = """
            extends = "entra"
            name = "ours"
            [requires]
            version = "TLS 1.3"
            [severity]
            3des-offered = "high"
            [[service]]
            title = "Our federation server"
            server_names = ["sts.example.org"]
            """
        ours, entra = load_policy(write(text)), load_policy("entra")
        assert (ours.name, ours.title) == ("ours", entra.title)
        assert ours.requires.refused == entra.requires.refused
        assert ours.requires.version == "TLS 1.3"
        assert ours.severity == entra.severity | {"3des-offered": "high"}
        assert ours.service[0].server_names == ("sts.example.org",)
        assert ours.service[1:] == entra.service
