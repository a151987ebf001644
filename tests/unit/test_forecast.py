"""The forecast: what each kind of client is told, how sure that is, and what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.tables import HOSTILE, NO_ANSWER, OLD_ANSWER, TLS13, handshake_row, make_handshakes

from tlsaudit import schema
from tlsaudit.findings import load_policy
from tlsaudit.forecast import forecast
from tlsaudit.safe_text import tshark_line

if TYPE_CHECKING:
    import pandas as pd

    from tlsaudit.forecast import Forecast

Row = dict[str, Any]

# Windows 10 1803 and later at TLS 1.2, and the same held at TLS 1.0 (what is left of the list).
WINDOWS_12 = [0xC02C, 0xC02B, 0xC030, 0xC02F, 0xC024, 0xC023, 0xC00A, 0xC009, 0xC014, 0xC013]
WINDOWS_12 += [0x009D, 0x009C, 0x0035, 0x002F, 0x000A]
WINDOWS_10 = [0xC00A, 0xC009, 0xC014, 0xC013, 0x0035, 0x002F, 0x000A]
# Suites of no Windows, in an order of OpenSSL's.
OPENSSL_10 = [0x0039, 0x0038, 0x0035, 0x0033, 0x0032, 0x002F, 0x00FF]

OLD: Row = {
    "client_legacy_version": 0x0301,
    "client_cipher_suites": OPENSSL_10,
    "client_extensions": [0, 10, 11],
    **OLD_ANSWER,
    "negotiated_cipher_suite": 0x0035,
}
BETTER: Row = {
    "client_cipher_suites": [*OPENSSL_10, 0xC02F],
    "client_extensions": [0, 10, 11, 13],
}
REFUSED: Row = {
    **NO_ANSWER,
    "outcome": "rejected",
    "alert_description": 70,
    "alert_level": 2,
    "alert_sender": "server",
    "alert_frame": 900,
}
RESET: Row = {**NO_ANSWER, "outcome": "rejected", "end": "rst-server", "end_frame": 901}
SILENCE: Row = {**NO_ANSWER, "outcome": "unanswered", "end": "open"}
CLIENT_ONLY: Row = {**NO_ANSWER, "outcome": "client_only", "end": "open"}
NO_HELLO: Row = {
    "client_hello_frame": None,
    "client_legacy_version": None,
    "client_cipher_suites": None,
    "client_extensions": None,
    "client_fallback_scsv": None,
    "client_hello_complete": None,
    "outcome": "server_only",
}


def rows(*several: Row, **common: Any) -> list[Row]:
    """Handshakes a second apart, each with the values common to all."""
    return [handshake_row(number=n, **{**common, **row}) for n, row in enumerate(several)]


def told(several: list[Row], policy: str = "bcp195") -> Forecast:
    """The forecast of these handshakes, whose table is as the schema demands."""
    result = forecast(make_handshakes(several), load_policy(policy))
    schema.check(result.verdicts, schema.VERDICTS)
    assert result.verdicts["handshakes"].sum() == len(several)
    return result


def only(several: list[Row], policy: str = "bcp195") -> pd.Series[Any]:
    """The one verdict of these handshakes."""
    verdicts = told(several, policy).verdicts
    assert len(verdicts) == 1, verdicts[["verdict", "stack", "service"]]
    return verdicts.iloc[0]


def brief(verdict: pd.Series[Any]) -> tuple[str, str]:
    return verdict["verdict"], verdict["confidence"]


class TestVerdicts:
    def test_a_good_handshake_is_ready(self) -> None:
        verdict = only(rows({}))
        assert brief(verdict) == ("ready", "high")
        assert list(verdict["frames"]) == [4, 6]

    def test_a_handshake_that_fails_for_another_reason_is_said(self) -> None:
        failed = {"outcome": "failed", "alert_description": 48, "alert_frame": 8}
        verdict = only(rows(failed))
        assert verdict["verdict"] == "ready"
        assert "failed afterwards, for another reason" in verdict["sentence"]
        assert "they keep working" in only(rows(failed, {}))["sentence"]

    def test_old_hellos_alone_will_break(self) -> None:
        verdict = only(rows(OLD, OLD))
        assert brief(verdict) == ("will break", "high")
        assert "offers at most TLS 1.0 to login.example.net:443" in verdict["sentence"]

    def test_one_old_hello_is_less_sure(self) -> None:
        assert brief(only(rows(OLD))) == ("will break", "medium")

    def test_old_hellos_of_one_direction_still_will_break(self) -> None:
        one_sided = {**OLD, **CLIENT_ONLY}
        assert brief(only(rows({**one_sided, "payload_bytes": 300}))) == ("will break", "medium")

    @pytest.mark.parametrize("more", [{}, {"payload_bytes": 7, "alert_description": 40}])
    def test_one_after_which_the_client_says_no_more_is_less_sure(self, more: Row) -> None:
        """The server may have refused it, which its own side would show."""
        assert brief(only(rows({**OLD, **CLIENT_ONLY, **more}))) == ("will break", "low")

    def test_old_hellos_that_nobody_answered_are_least_sure(self) -> None:
        assert brief(only(rows({**OLD, **SILENCE}))) == ("will break", "low")

    def test_a_mark_of_the_server_does_not_clear_the_client(self) -> None:
        verdict = only(rows({**OLD, "downgrade_sentinel": "tls11-or-below"}))
        assert verdict["verdict"] == "will break"

    @pytest.mark.parametrize("answer", [REFUSED, RESET])
    def test_who_is_refused_every_time_is_refused_already(self, answer: Row) -> None:
        verdict = only(rows({**OLD, **answer}, {**OLD, **answer}))
        assert brief(verdict) == ("refused already", "high" if answer is REFUSED else "medium")
        assert list(verdict["frames"]) == [4, 900 if answer is REFUSED else 901]

    def test_who_is_refused_once_and_served_once_will_break(self) -> None:
        assert only(rows({**OLD, **REFUSED}, OLD))["verdict"] == "will break"

    def test_a_good_offer_that_is_refused_has_another_reason(self) -> None:
        verdict = only(rows({**REFUSED, "alert_description": 112}))
        assert brief(verdict) == ("refused already", "medium")
        assert "which the policy accepts" in verdict["sentence"]

    def test_a_server_that_chooses_an_old_version_is_to_be_changed(self) -> None:
        verdict = only(rows({**TLS13, "server_supported_version": None, **OLD_ANSWER}))
        assert brief(verdict) == ("server-limited", "high")
        assert "offers TLS 1.3" in verdict["sentence"]
        assert "the server chose TLS 1.0" in verdict["sentence"]

    def test_a_server_that_marks_its_choice_is_a_sign_of_a_box_between(self) -> None:
        verdict = only(rows({**OLD_ANSWER, "downgrade_sentinel": "tls11-or-below"}))
        assert brief(verdict) == ("server-limited", "low")
        assert "a box between" in verdict["sentence"]

    def test_an_old_choice_of_a_resumed_session_is_less_sure(self) -> None:
        assert brief(only(rows({**OLD_ANSWER, "resumed": True}))) == ("server-limited", "medium")

    def test_3des_chosen_though_better_was_offered_is_the_servers_fault(self) -> None:
        verdict = only(rows({"negotiated_cipher_suite": 0x000A}), "entra")
        assert brief(verdict) == ("server-limited", "high")
        assert "TLS_RSA_WITH_3DES_EDE_CBC_SHA, though better" in verdict["sentence"]

    def test_nothing_but_3des_in_common_is_cipher_limited(self) -> None:
        triple = {"client_cipher_suites": [0x000A, 0x00FF], "negotiated_cipher_suite": 0x000A}
        assert brief(only(rows(triple), "entra")) == ("cipher-limited", "high")
        assert brief(only(rows(triple), "pci-dss-4")) == ("ready", "high")

    def test_suites_of_tls13_do_not_help_a_client_without_tls13(self) -> None:
        odd = {"client_cipher_suites": [0x1301, 0x000A], "negotiated_cipher_suite": 0x000A}
        assert only(rows(odd), "entra")["verdict"] == "cipher-limited"

    def test_a_suite_that_nobody_knows_speaks_against_nobody(self) -> None:
        assert only(rows({"negotiated_cipher_suite": 0xE0E1}), "entra")["verdict"] == "ready"

    def test_the_list_of_windows_10_shows_a_program_at_fault(self) -> None:
        verdict = only(rows({**OLD, "client_cipher_suites": WINDOWS_10}))
        assert brief(verdict) == ("app-limited", "medium")
        assert verdict["stack_hint"] == "probably Schannel of Windows 10 1803 or later"
        assert "17134" in verdict["stack_hint_why"]

    def test_the_list_of_windows_7_shows_the_system_at_fault(self) -> None:
        seven = [0xC014, 0xC013, 0x0035, 0x002F, 0xC00A, 0xC009, 0x0038, 0x0032]
        seven += [0x000A, 0x0013, 0x0005, 0x0004]
        verdict = only(rows({**OLD, "client_cipher_suites": seven}))
        assert verdict["verdict"] == "will break"
        assert verdict["stack_hint"].startswith("probably Schannel of Windows 7")

    def test_a_scanner_is_not_counted(self) -> None:
        tries = [
            {
                "client_legacy_version": version,
                "client_cipher_suites": [suite],
                **NO_ANSWER,
                "outcome": "rejected",
            }
            for version in (0x0300, 0x0301, 0x0302, 0x0303)
            for suite in (0x0004, 0x0005, 0x000A, 0x002F, 0x0035)
        ]
        result = told(rows(*tries))
        assert set(result.verdicts["verdict"]) == {"scanner"}
        assert "Under bcp195: 1 client is a scanner." in result.headline

    def test_a_list_that_loses_what_the_server_chose_is_a_scanners(self) -> None:
        suites = [0xC02F, 0xC030, 0x009C, 0x0035, 0x002F, 0x000A]
        tries = [
            {"client_cipher_suites": suites[n:], "negotiated_cipher_suite": suites[n]}
            for n in range(len(suites))
        ]
        assert {*told(rows(*tries[:4])).verdicts["verdict"]} == {"scanner"}
        # Twice may be chance; and of two clients neither is known to have asked again.
        assert "scanner" not in {*told(rows(*tries[:3])).verdicts["verdict"]}
        apart = [{**row, "client": f"192.0.2.{n}"} for n, row in enumerate(tries)]
        assert "scanner" not in {*told(rows(*apart)).verdicts["verdict"]}

    def test_many_clients_behind_one_address_are_no_scanner(self) -> None:
        several = [
            {
                "client_legacy_version": version,
                "client_cipher_suites": [suite, 0x0035],
                "server_legacy_version": version,
                "negotiated_cipher_suite": 0x0035,
            }
            for version in (0x0300, 0x0301, 0x0302, 0x0303)
            for suite in (0x0004, 0x0005, 0x000A, 0x002F, 0x0033)
        ]
        assert "scanner" not in set(told(rows(*several)).verdicts["verdict"])


class TestUnknown:
    @pytest.mark.parametrize(
        ("row", "because"),
        [
            (CLIENT_ONLY, "one-direction"),
            (SILENCE, "unanswered"),
            ({**NO_HELLO, **OLD_ANSWER}, "one-direction"),
            ({**CLIENT_ONLY, "client_hello_complete": False}, "truncated"),
            (
                {"client_hello_complete": False, **OLD_ANSWER, "defect": "gap"},
                "lost-packets",
            ),
            (
                {"client_hello_complete": False, **OLD_ANSWER, "defect": "malformed"},
                "malformed",
            ),
            ({"client_hello_complete": False, **OLD_ANSWER, "defect": "limit"}, "reader-limit"),
            ({"client_legacy_version": 0x1234, **CLIENT_ONLY}, "unknown-version"),
            # A reset whose number says that bytes before it are missing.
            ({**CLIENT_ONLY, "end": "rst-server", "missed_bytes": 1460}, "lost-packets"),
        ],
    )
    def test_what_cannot_be_told_says_why(self, row: Row, because: str) -> None:
        verdict = only(rows(row))
        assert (verdict["verdict"], verdict["because"]) == ("unknown", because)
        assert "cannot be told, because" in verdict["sentence"]

    def test_a_version_that_nobody_knows_is_judged_by_the_answer(self) -> None:
        odd = {"client_legacy_version": 0x1234}
        assert brief(only(rows(odd))) == ("ready", "medium")
        assert brief(only(rows({**odd, "server_legacy_version": 0x0101}))) == (
            "will break",
            "medium",
        )

    def test_an_answer_that_is_good_speaks_for_a_hello_that_was_cut(self) -> None:
        for cut in ({"client_hello_complete": False}, NO_HELLO):
            assert brief(only(rows(cut))) == ("ready", "medium")

    def test_everything_else_has_no_cause(self) -> None:
        assert told(rows({}, OLD)).verdicts["because"].isna().all()


class TestFallback:
    def test_a_hello_that_says_so_is_a_fallback(self) -> None:
        verdict = only(rows({**OLD, "client_fallback_scsv": True}))
        assert brief(verdict) == ("fallback", "high")

    @pytest.mark.parametrize("answer", [REFUSED, RESET, SILENCE])
    def test_a_lower_hello_after_a_better_one_failed_is_one(self, answer: Row) -> None:
        result = told(rows({**BETTER, **answer}, OLD)).verdicts
        low = result[result["offered"] == 0x0301].iloc[0]
        assert brief(low) == ("fallback", "medium")
        failed = {900, 901} & set(low["frames"])
        assert (low["frames"][0], bool(failed)) == (4, answer is not SILENCE)

    def test_a_reset_with_bytes_missing_before_it_is_a_failure_too(self) -> None:
        """Boxes that reset in a server's name guess its sequence number."""
        guessed = {**CLIENT_ONLY, "end": "rst-server", "end_frame": 901, "missed_bytes": 1460}
        low = told(rows({**BETTER, **guessed}, OLD)).verdicts.set_index("offered").loc[0x0301]
        assert brief(low) == ("fallback", "medium")
        assert "after a better hello to it failed" in low["sentence"]

    def test_one_direction_shows_a_ladder_less_surely(self) -> None:
        result = told(rows({**BETTER, **CLIENT_ONLY}, {**OLD, **CLIENT_ONLY})).verdicts
        low = result.set_index("offered").loc[0x0301]
        assert brief(low) == ("fallback", "low")
        assert "as far as the one direction shows that was captured" in low["sentence"]
        assert list(low["frames"]) == [4, 14]

    def test_a_client_that_went_on_with_its_better_hello_did_not_fall_back(self) -> None:
        went_on = {**BETTER, **CLIENT_ONLY, "payload_bytes": 200}
        result = told(rows(went_on, {**OLD, **CLIENT_ONLY})).verdicts
        assert "fallback" not in set(result["verdict"])

    def test_each_rung_of_a_ladder_has_its_own_time(self) -> None:
        """Three timeouts in a row take longer than one attempt may."""
        rungs = rows({**BETTER, **SILENCE}, *({**OLD, **SILENCE} for _ in range(2)), OLD)
        for number, rung in enumerate(rungs):
            rung["ts"] += number * 45 * 1_000_000_000
            rung["client_legacy_version"] = 0x0303 - number
        result = told(rungs).verdicts.set_index("offered")
        assert set(result.loc[[0x0302, 0x0301, 0x0300], "verdict"]) == {"fallback"}
        # What is shown is the attempt that began it.
        assert [frames[0] for frames in result.loc[[0x0302, 0x0301, 0x0300], "frames"]] == [4] * 3

    def test_one_that_comes_too_late_is_none(self) -> None:
        late = rows({**BETTER, **RESET}, OLD)
        late[1]["ts"] += 60 * 1_000_000_000
        assert "fallback" not in set(told(late).verdicts["verdict"])

    def test_coarse_times_hide_no_ladder(self) -> None:
        at_once = rows({**BETTER, **RESET}, OLD)
        at_once[1]["ts"] = at_once[0]["ts"]
        assert "fallback" in set(told(at_once).verdicts["verdict"])

    def test_one_with_other_suites_is_of_another_machine(self) -> None:
        stranger = {**OLD, "client_cipher_suites": [0x0004, 0x0005]}
        result = told(rows({**BETTER, **RESET}, stranger)).verdicts
        assert "will break" in set(result["verdict"])

    def test_one_after_a_better_hello_that_worked_is_none(self) -> None:
        result = told(rows(BETTER, OLD)).verdicts
        assert set(result["verdict"]) == {"ready", "app-limited"}

    def test_a_fallback_to_what_is_still_accepted_is_none(self) -> None:
        assert only(rows({"client_fallback_scsv": True}))["verdict"] == "ready"


class TestStacks:
    def test_a_stack_that_does_better_elsewhere_is_held_back(self) -> None:
        windows = {"client_cipher_suites": WINDOWS_12, "client_extensions": [0, 10, 11, 13, 35]}
        held = {**OLD, "client_cipher_suites": WINDOWS_10, "server_name": "old.example.net"}
        result = told(rows({**windows, "server_name": "new.example.net"}, held)).verdicts
        assert [brief(row) for _, row in result.iterrows()] == [
            ("app-limited", "high"),
            ("ready", "high"),
        ]

    def test_another_capture_may_be_of_another_machine(self) -> None:
        better = {**BETTER, "capture": "monday.pcap", "server_name": "a.example.net"}
        result = told(rows(better, OLD)).verdicts
        assert brief(result.iloc[0]) == ("app-limited", "low")

    def test_another_client_says_nothing_of_this_one(self) -> None:
        better = {**BETTER, "client": "192.0.2.99"}
        assert told(rows(better, OLD)).verdicts["verdict"].iloc[0] == "will break"

    @pytest.mark.parametrize(
        "other",
        [
            {"client_extensions": [10, 11]},
            {"client_extensions": [11, 10, 0, 21, 35, 41, 42, 44, 0x3A3A]},
            {"client_cipher_suites": [0x5A5A, 0xC02F, 0x000A, 0x00FF]},
        ],
    )
    def test_what_changes_between_connections_does_not_make_another_stack(self, other: Row) -> None:
        assert len(told(rows({}, other)).verdicts) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"client_extensions": [0, 10, 11, 23]},
            {"client_cipher_suites": [0x000A, 0xC02F]},
            {"client_legacy_version": 0x0302},
            {"client_ssl2_cipher_kinds": [0x0700C0]},
        ],
    )
    def test_what_does_not_change_makes_another_stack(self, other: Row) -> None:
        assert told(rows({}, other)).verdicts["stack"].nunique() == 2


class TestEvidence:
    def test_the_command_is_that_of_the_report(self) -> None:
        odd = {"capture": "it's\x1b.pcap"}
        for several in (rows(OLD), rows({**OLD, **REFUSED}), rows(odd)):
            verdict = only(several)
            assert verdict["tshark"] == tshark_line(verdict["capture"], verdict["frames"])

    def test_a_capture_from_standard_input_has_no_command(self) -> None:
        from tlsaudit.inputs import STANDARD_INPUT_NAME

        assert told(rows({"capture": STANDARD_INPUT_NAME})).verdicts["tshark"].isna().all()

    def test_what_was_captured_cannot_change_a_sentence(self) -> None:
        hostile = {"server_name": HOSTILE, "client": "10.0.0.1|a|b"}
        sentence = only(rows({**OLD, **hostile}))["sentence"]
        begin = f"10.0.0.1|a|b offers at most TLS 1.0 to {HOSTILE}:443: it cannot connect"
        assert sentence.startswith(begin)

    def test_services_are_named_with_their_port(self) -> None:
        nameless = {"server_name": None, "server": "2001:db8::1"}
        portless = {"server_name": None, "server_port": None, "server": "radius"}
        services = set(told(rows({}, nameless, portless)).verdicts["service"])
        assert services == {"login.example.net:443", "[2001:db8::1]:443", "radius"}

    def test_rows_are_sorted_by_verdict_then_client_then_service(self) -> None:
        clients = ["10.0.0.10", "fe80::1", "10.0.0.9"]
        several = [
            {**kind, "client": client, "server_name": name}
            for name in ("b.example.net", "a.example.net")
            for client in clients
            for kind in ({}, OLD)
        ]
        verdicts = told(rows(*several)).verdicts
        assert list(verdicts["service"]) == ["a.example.net:443", "b.example.net:443"] * 6
        assert list(verdicts["client"])[::2] == ["10.0.0.9", "10.0.0.10", "fe80::1"] * 2

    def test_order_of_rows_does_not_matter(self) -> None:
        several = rows(OLD, {}, REFUSED, {**OLD, "client": "192.0.2.9"}, CLIENT_ONLY)
        one, other = told(several).verdicts, told(several[::-1]).verdicts
        assert one.to_csv() == other.to_csv()


class TestScope:
    def test_entra_speaks_of_its_own_names(self) -> None:
        names = ["login.microsoftonline.com", "x.b2clogin.com", "b2clogin.com", "example.com", None]
        several = rows(*({"server_name": name} for name in names))
        scope = told(several, "entra").verdicts.set_index("server_name")["in_scope"]
        assert scope.isna().sum() == 1
        assert [name for name in names[:4] if scope[name]] == names[:2]

    def test_domain_services_are_told_by_port_or_carrier(self) -> None:
        several = rows(
            {"server_port": 636},
            {"server_port": 389, "carrier": "ldap-starttls"},
            {"server_port": 389},
        )
        verdicts = told(several, "entra-domain-services").verdicts
        scope = verdicts.set_index("carrier")["in_scope"]
        assert list(verdicts["in_scope"]).count(True) == 2
        assert scope["ldap-starttls"]

    def test_a_policy_without_services_speaks_of_all(self) -> None:
        assert told(rows({}, {"server_name": None})).verdicts["in_scope"].all()


class TestRollups:
    several = rows(
        {**OLD, "client": "10.0.0.10"},
        {"client": "10.0.0.10"},
        {**OLD_ANSWER, "client": "10.0.0.9"},
        {**OLD_ANSWER, "client": "10.0.0.8", "capture": "b.pcap"},
        {"client": "10.0.0.7"},
    )

    def test_each_client_has_its_worst(self) -> None:
        clients = told(self.several).by_client
        schema.check(clients, schema.ROLLUP)
        assert list(zip(clients["name"], clients["worst"], strict=True)) == [
            ("10.0.0.10", "will break"),
            ("10.0.0.8", "server-limited"),
            ("10.0.0.9", "server-limited"),
            ("10.0.0.7", "ready"),
        ]
        assert clients["will_break"].tolist() == [1, 0, 0, 0]

    def test_services_and_captures_count_their_clients(self) -> None:
        result = told(self.several)
        assert result.by_service["others"].tolist() == [4]
        captures = result.by_capture
        assert dict(zip(captures["name"], captures["others"], strict=True)) == {
            "office.pcapng": 3,
            "b.pcap": 1,
        }

    def test_the_headline_counts_each_client_once(self) -> None:
        assert told(self.several).headline == (
            "Under bcp195: 1 of 4 clients breaks; 1 server holds back 2 more."
        )

    def test_the_headline_is_first_about_what_the_policy_speaks_of(self) -> None:
        mine = rows({**OLD, "server_name": "login.microsoftonline.com"}, {"client": "10.0.0.1"})
        assert told(mine, "entra").headline == (
            "At what entra speaks of: the one client breaks. Enforced everywhere, each client "
            "counted once: 1 of 2 clients breaks."
        )
        assert told(rows({}), "entra").headline.startswith("No handshake names what entra speaks")

    def test_what_is_reached_by_https_is_not_reached_by_dtls(self) -> None:
        dtls = {**OLD, "transport": "dtls", "client_legacy_version": 0xFEFF}
        mine = rows(dtls, {**OLD, "client": "10.0.0.1"}, server_name=None)
        assert told(mine, "entra").verdicts.set_index("client")["in_scope"].isna().to_dict() == {
            "192.0.2.10": False,
            "10.0.0.1": True,
        }
        directory = told(rows(dtls, server_port=636), "entra-domain-services")
        assert directory.verdicts["in_scope"].tolist() == [False]

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ([{}], "the one client keeps working"),
            ([OLD], "the one client breaks"),
            ([{**OLD, **REFUSED}], "the one client is refused already"),
            ([OLD_ANSWER], "1 server holds back the one client"),
            ([{}, {}], "none of 2 clients breaks"),
            ([{}, {**OLD, **REFUSED}], "none of 2 clients breaks; 1 is refused already"),
            ([{}, OLD_ANSWER], "none of 2 clients breaks; 1 server holds back 1 client"),
            (
                [OLD, OLD, {**OLD, **REFUSED}, OLD_ANSWER],
                "2 of 4 clients break; 1 server holds back 1 more; 1 more is refused already",
            ),
        ],
    )
    def test_one_none_and_many_are_spoken_of_as_people_do(
        self, given: list[dict[str, object]], words: str
    ) -> None:
        each = [{"client": f"10.0.0.{place}", **row} for place, row in enumerate(given)]
        assert told(rows(*each)).headline == f"Under bcp195: {words}."

    def test_a_client_that_is_refused_in_one_place_and_breaks_in_another_counts_as_breaking(
        self,
    ) -> None:
        refused = {**OLD, **REFUSED, "server_name": "login.microsoftonline.com"}
        assert told(rows(refused, OLD, {"client": "10.0.0.1"}), "entra").headline == (
            "At what entra speaks of: the one client is refused already. Enforced everywhere, "
            "each client counted once: 1 of 2 clients breaks."
        )

    def test_nothing_is_an_answer_too(self) -> None:
        result = forecast(schema.empty(schema.HANDSHAKE_TABLE), load_policy("entra"))
        schema.check(result.verdicts, schema.VERDICTS)
        for rolled_up in (result.by_client, result.by_service, result.by_capture):
            schema.check(rolled_up, schema.ROLLUP)
        assert result.headline.startswith("No TLS handshake was found")


def test_another_policy_changes_verdicts_as_it_says() -> None:
    from tlsaudit.auditing import Audit
    from tlsaudit.engines.reading import nothing_of

    key_transport = {"client_cipher_suites": [0x009C], "negotiated_cipher_suite": 0x009C}
    audit = Audit(
        make_handshakes(rows(key_transport)), nothing_of("CAPTURES"), load_policy("entra")
    )
    assert audit.verdicts["verdict"].tolist() == ["ready"]
    assert audit.what_if("nist-800-52r2").verdicts["verdict"].tolist() == ["cipher-limited"]
