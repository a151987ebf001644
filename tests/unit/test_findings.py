"""What is flagged, by which frame, and above all what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import NO_ANSWER, OLD_ANSWER, OLD_VERSION, TLS13, handshake_row, make_handshakes

from tlsaudit import registry, schema
from tlsaudit.findings import RULES, Policy, find, load_policy, policy_names, rule

if TYPE_CHECKING:
    import pandas as pd

# Every rule switched on, so that nothing hides behind a severity.
EVERYTHING = Policy(
    name="everything",
    title="Everything",
    demand="Nothing old.",
    description="Every rule on.",
    source="these tests",
    severity={each.ident: "medium" for each in RULES},
)


def found(**values: Any) -> pd.DataFrame:
    """The findings of one handshake, every rule on."""
    return find(make_handshakes([handshake_row(**values)]), EVERYTHING)


def severities(policy: str, **values: Any) -> dict[str, str]:
    """The severity by rule of one handshake under a shipped policy."""
    findings = find(make_handshakes([handshake_row(**values)]), load_policy(policy))
    return dict(zip(findings["rule"], findings["severity"], strict=True))


def rules_of(**values: Any) -> list[str]:
    return found(**values)["rule"].to_list()


GOOD_SUITES = {"client_cipher_suites": [0x1301, 0xC02F]}


class TestWhatIsNotFlagged:
    def test_a_tls13_session_whatever_its_records_say(self) -> None:
        for record_version in (0x0301, 0x0303, 0x0300):
            assert rules_of(record_version=record_version, **TLS13, **GOOD_SUITES) == []

    def test_a_tls12_session(self) -> None:
        assert rules_of(**GOOD_SUITES) == []

    def test_an_old_legacy_version_beside_the_extension(self) -> None:
        assert rules_of(client_legacy_version=0x0301, **TLS13, **GOOD_SUITES) == []

    def test_a_hello_that_was_not_seen(self) -> None:
        row = handshake_row(outcome="server_only")
        nothing_of_the_client = {name: None for name in row if name.startswith("client_")} | {
            "client_ip": "192.0.2.1"
        }
        assert rules_of(**{**row, **nothing_of_the_client}) == []

    def test_a_partial_hello_that_may_still_offer_tls13(self) -> None:
        assert rules_of(client_hello_complete=False, **GOOD_SUITES, **NO_ANSWER) == []

    def test_a_partial_list_of_versions_of_which_the_best_may_be_missing(self) -> None:
        cut = {"client_hello_complete": False, "client_supported_versions": [0x0301, 0x0302]}
        assert rules_of(**cut, **GOOD_SUITES, **NO_ANSWER) == []
        whole = {**cut, "client_hello_complete": True}
        assert rules_of(**whole, **GOOD_SUITES, **NO_ANSWER) == ["tls11-is-best-offered"]

    def test_a_partial_server_hello_that_may_be_tls13(self) -> None:
        row = {"server_hello_complete": False, "negotiated_cipher_suite": None}
        assert rules_of(client_supported_versions=[0x0304, 0x0303], **row, **GOOD_SUITES) == []

    def test_signals_and_grease_among_the_suites(self) -> None:
        assert rules_of(client_cipher_suites=[0x0A0A, 0x1301, 0x00FF]) == []

    def test_the_record_version_of_a_server_alone(self) -> None:
        row = dict.fromkeys(name for name in handshake_row() if name.startswith("client_"))
        row |= {"client_ip": "192.0.2.1", "record_version": 0x0002, "outcome": "server_only"}
        assert rules_of(**row) == []


class TestVersions:
    def test_a_client_that_offers_tls12_and_is_answered_tls10(self) -> None:
        findings = found(**OLD_ANSWER, **GOOD_SUITES)
        assert findings["rule"].to_list() == ["tls10-negotiated"]
        assert findings["observed"].to_list() == ["TLS 1.0"]

    def test_a_tls10_offer_that_the_server_refused(self) -> None:
        row = {**OLD_VERSION, **NO_ANSWER, **GOOD_SUITES, "outcome": "rejected"}
        findings = found(**row)
        assert findings["rule"].to_list() == ["tls10-is-best-offered"]
        assert findings["observed"].to_list() == ["at most TLS 1.0"]

    @pytest.mark.parametrize(
        ("version", "prefix"),
        [(0x0002, "ssl20"), (0x0300, "ssl30"), (0x0301, "tls10"), (0x0302, "tls11")],
    )
    def test_every_old_version_offered_and_chosen(self, version: int, prefix: str) -> None:
        row = {"client_legacy_version": version, "server_legacy_version": version}
        assert rules_of(**row, **GOOD_SUITES) == [
            f"{prefix}-negotiated",
            f"{prefix}-is-best-offered",
        ]

    def test_a_hello_that_falls_back_can_do_better(self) -> None:
        row = {**OLD_VERSION, **NO_ANSWER, "client_fallback_scsv": True, **GOOD_SUITES}
        assert rules_of(**row) == ["fallback-offered"]

    def test_a_partial_hello_below_tls12_cannot_hide_a_better_offer(self) -> None:
        row = {**OLD_VERSION, **NO_ANSWER, **GOOD_SUITES, "client_hello_complete": False}
        assert rules_of(**row) == ["tls10-is-best-offered"]

    def test_a_hello_in_the_format_of_ssl20(self) -> None:
        row = {
            "record_version": 0x0002,
            "client_legacy_version": 0x0303,
            "client_extensions": None,
            "client_ssl2_cipher_kinds": [0x010080],
            **GOOD_SUITES,
        }
        findings = found(**row)
        assert findings["rule"].to_list() == ["ssl20-format-hello"]
        assert findings["observed"].to_list() == ["at most TLS 1.2"]

    def test_dtls_12_is_not_taken_for_an_old_version(self) -> None:
        row = {"client_legacy_version": 0xFEFD, "server_legacy_version": 0xFEFD}
        assert rules_of(transport="dtls", **row, **GOOD_SUITES) == []

    @pytest.mark.parametrize("version", [0x0100, 0xFEFF])
    def test_dtls_10_is_flagged_as_what_it_is(self, version: int) -> None:
        row = {"client_legacy_version": version, "server_legacy_version": version}
        assert rules_of(transport="dtls", **row, **GOOD_SUITES) == [
            "dtls10-negotiated",
            "dtls10-is-best-offered",
        ]
        row = {"client_legacy_version": 0xFEFD, "server_legacy_version": version}
        assert rules_of(transport="dtls", **row, **GOOD_SUITES) == ["dtls10-negotiated"]


class TestCipherSuites:
    @pytest.mark.parametrize(
        ("suite", "idents"),
        [
            (0x000A, ["3des-negotiated"]),
            (0xFFE0, ["3des-negotiated"]),
            (0xFFE1, []),
            (0x0005, ["rc4-negotiated"]),
            (0x0003, ["rc4-negotiated", "export-negotiated"]),
            (0x0008, ["export-negotiated"]),
            (0x0002, ["null-negotiated"]),
            (0xC02F, []),
            (0xABCD, []),
        ],
    )
    def test_the_suite_is_judged_by_its_cipher(self, suite: int, idents: list[str]) -> None:
        assert rules_of(negotiated_cipher_suite=suite, **GOOD_SUITES) == idents

    def test_what_was_seen_is_the_name_and_the_number(self) -> None:
        findings = found(negotiated_cipher_suite=0x000A, **GOOD_SUITES)
        assert findings["observed"].to_list() == ["TLS_RSA_WITH_3DES_EDE_CBC_SHA (0x000A)"]

    def test_an_offer_names_every_3des_suite_once_in_the_order_of_the_client(self) -> None:
        findings = found(
            client_cipher_suites=[0x1301, 0xC012, 0x000A, 0xC012],
            client_ssl2_cipher_kinds=[0x010080, 0x0700C0],
        )
        assert findings["rule"].to_list() == ["3des-offered"]
        assert findings["observed"].to_list() == [
            "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA (0xC012), TLS_RSA_WITH_3DES_EDE_CBC_SHA (0x000A), "
            "SSL_CK_DES_192_EDE3_CBC_WITH_MD5 (0x0700C0)"
        ]

    def test_a_partial_hello_that_shows_3des_offers_it(self) -> None:
        row = {"client_hello_complete": False, "client_cipher_suites": [0x000A], **NO_ANSWER}
        assert rules_of(**row) == ["3des-offered"]


class TestTable:
    def test_evidence_is_the_frame_of_the_hello_that_proves_it(self) -> None:
        row = {**OLD_VERSION, **OLD_ANSWER, "client_hello_frame": 41, "server_hello_frame": 43}
        findings = found(**row, **GOOD_SUITES).set_index("rule")
        assert findings.loc["tls10-negotiated", "evidence_frame"] == 43
        assert findings.loc["tls10-negotiated", "basis"] == "negotiated"
        assert findings.loc["tls10-is-best-offered", "evidence_frame"] == 41
        assert findings.loc["tls10-is-best-offered", "basis"] == "offered"

    def test_rows_are_in_the_order_of_the_handshakes_and_then_of_the_rules(self) -> None:
        rows = [
            handshake_row(number=1, **OLD_VERSION, **OLD_ANSWER),
            handshake_row(number=2, capture="z.pcap", negotiated_cipher_suite=0x000A),
            handshake_row(number=0, capture="a.pcap", **OLD_ANSWER),
        ]
        findings = find(make_handshakes(rows), EVERYTHING)
        schema.check(findings, schema.FINDINGS)
        assert list(zip(findings["stream"], findings["rule"], strict=True)) == [
            (1, "tls10-negotiated"),
            (1, "tls10-is-best-offered"),
            (1, "3des-offered"),
            (2, "3des-negotiated"),
            (2, "3des-offered"),
            (0, "tls10-negotiated"),
            (0, "3des-offered"),
        ]

    def test_nothing_found_is_a_table_without_rows(self) -> None:
        for handshakes in (make_handshakes([]), make_handshakes([handshake_row(**GOOD_SUITES)])):
            findings = find(handshakes, EVERYTHING)
            schema.check(findings, schema.FINDINGS)
            assert findings.empty

    def test_the_index_of_the_handshakes_does_not_matter(self) -> None:
        handshakes = make_handshakes([handshake_row(**OLD_ANSWER), handshake_row(number=1)])
        again = find(handshakes.set_axis([7, 7]), EVERYTHING)
        assert again.equals(find(handshakes, EVERYTHING))


class TestShippedPolicies:
    def test_entra_is_about_tls12_and_3des(self) -> None:
        row = {**OLD_VERSION, **OLD_ANSWER, "negotiated_cipher_suite": 0x000A}
        assert severities("entra", **row) == {
            "tls10-negotiated": "high",
            "3des-negotiated": "high",
            "tls10-is-best-offered": "high",
            "3des-offered": "info",
        }

    def test_bcp195_says_should_not_of_3des(self) -> None:
        assert severities("bcp195", negotiated_cipher_suite=0x000A) == {
            "3des-negotiated": "medium",
            "3des-offered": "info",
        }

    @pytest.mark.parametrize("name", policy_names())
    def test_every_shipped_policy_decides_on_every_rule(self, name: str) -> None:
        assert set(load_policy(name).severity) == {each.ident for each in RULES}


class TestRules:
    def test_every_rule_says_what_why_and_what_to_do_and_who_says_so(self) -> None:
        for each in RULES:
            assert rule(each.ident) is each
            assert each.ident.endswith(("-negotiated", "-offered", "-hello"))
            for text in (each.what, each.why, each.remedy):
                assert text.endswith("."), each.ident
            assert each.sources[0].startswith("RFC "), each.ident
        assert rule("tls12-negotiated") is None

    def test_no_remedy_sets_an_old_version(self) -> None:
        for each in RULES:
            assert "Ssl3" not in each.remedy
            assert "= Tls12" not in each.remedy


VERSIONS = st.sampled_from([0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0101, 0x5555])
LISTED = st.sampled_from([0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x7F1C, 0x8A8A, 0x5555])


HELLOS = st.fixed_dictionaries(
    {
        "record_version": VERSIONS,
        "client_legacy_version": st.none() | VERSIONS,
        "client_supported_versions": st.none() | st.lists(LISTED, max_size=4),
        "client_hello_complete": st.none() | st.booleans(),
        "client_fallback_scsv": st.none() | st.booleans(),
        "client_hello_frame": st.none() | st.just(4),
        "server_hello_frame": st.none() | st.just(6),
        "server_legacy_version": st.none() | VERSIONS,
        "server_supported_version": st.none() | LISTED,
        "server_hello_complete": st.none() | st.booleans(),
        "negotiated_cipher_suite": st.none()
        | st.sampled_from([0x000A, 0x0005, 0x0002, 0x1301, 0xABCD]),
    }
)


@settings(max_examples=20, deadline=None)
@given(st.lists(HELLOS, max_size=30))
def test_every_finding_has_the_frame_of_its_hello_and_none_blames_a_modern_one(
    hellos: list[dict[str, Any]],
) -> None:
    handshakes = make_handshakes(
        [handshake_row(number=number, **values) for number, values in enumerate(hellos)]
    )
    negotiated = dict(zip(handshakes["stream"], handshakes["negotiated_version"], strict=True))
    tls12 = registry.version_rank(0x0303) or 0
    for each in find(handshakes, EVERYTHING).to_dict("records"):
        assert each["evidence_frame"] == (6 if each["basis"] == "negotiated" else 4)
        values = hellos[each["stream"]]
        if each["rule"].endswith("-is-best-offered"):
            listed = values["client_supported_versions"]
            offered = [values["client_legacy_version"]] if listed is None else listed
            ranks = [registry.version_rank(code) for code in offered]
            assert max(rank for rank in ranks if rank is not None) < tls12
            assert values["client_hello_complete"] or listed is None
        elif each["rule"].startswith(("tls", "ssl")) and each["basis"] == "negotiated":
            rank = registry.version_rank(negotiated[each["stream"]])
            assert rank is not None
            assert rank < tls12
