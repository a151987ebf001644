"""Explanations: every code is found in whatever spelling, and nothing is explained that is not."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

import tlsaudit
from tlsaudit.errors import ExplanationError
from tlsaudit.explanations import KINDS, alert_explanation, explanations, named
from tlsaudit.explanations.entries import parse
from tlsaudit.explanations.text import sections
from tlsaudit.registry import alert_name
from tlsaudit.schema import HANDSHAKE_TABLE
from tlsaudit.schema.apart import REFUSAL_KINDS

ENTRY = """
[[explanation]]
code = "event 1"
kind = "event"
number = 1
title = "One"
means = "a"
does_not_mean = "b"
wire = "c"
action = "d"
sources = ["e"]
"""


def codes(text: str) -> list[str]:
    return [each.code for each in tlsaudit.explain(text).found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AADSTS1002016", "AADSTS1002016"),
        ("aadsts1002016", "AADSTS1002016"),
        (" AADSTS 1002016: ", "AADSTS1002016"),
        ("IDX10803", "IDX10803"),
        ("idx20803", "IDX20803"),
        ("IDX20804", "IDX20804"),
        ("IDX20807", "IDX20807"),
        ("HTTP 426", "HTTP 426"),
        ("http/1.1 426", "HTTP 426"),
        ("426", "HTTP 426"),
        ("UpgradeRequired", "HTTP 426"),
        ("SEC_E_UNSUPPORTED_FUNCTION", "SEC_E_UNSUPPORTED_FUNCTION"),
        ("0x80090302", "SEC_E_UNSUPPORTED_FUNCTION"),
        ("0X80090326", "SEC_E_ILLEGAL_MESSAGE"),
        ("80090326", "SEC_E_ILLEGAL_MESSAGE"),
        ("-2146893018", "SEC_E_ILLEGAL_MESSAGE"),
        ("2148074278", "SEC_E_ILLEGAL_MESSAGE"),
        ("sec_e_algorithm_mismatch", "SEC_E_ALGORITHM_MISMATCH"),
        ("-2146893007", "SEC_E_ALGORITHM_MISMATCH"),
        ("0x80092010", "CRYPT_E_REVOKED"),
        ("36871", "event 36871"),
        ("event 36874", "event 36874"),
        ("Event ID: 36880", "event 36880"),
        ("schannel 36887", "event 36887"),
        ("EventID=36888", "event 36888"),
        ("alert 40", "alert 40"),
        ("40", "alert 40"),
        ("handshake_failure", "alert 40"),
        ("Handshake failure", "alert 40"),
        ("SSL alert number 70", "alert 70"),
        ("AlertDesc: 70", "alert 70"),
        ("TLS1_ALERT_PROTOCOL_VERSION", "alert 70"),
        ("SSL_ERROR_PROTOCOL_VERSION_ALERT", "alert 70"),
        ("TLS1_ALERT_INSUFFIENT_SECURITY", "alert 71"),
        ("plaintext-to-tls", "plaintext-to-tls"),
        ("ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"),
        ("net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"),
        ("Error code: SSL_ERROR_UNSUPPORTED_VERSION", "SSL_ERROR_UNSUPPORTED_VERSION"),
        (
            "Cannot communicate securely with peer: no common encryption algorithm(s).",
            "SSL_ERROR_NO_CYPHER_OVERLAP",
        ),
        ("error:0A000102:SSL routines::unsupported protocol", "UNSUPPORTED_PROTOCOL"),
        (
            "error:1425F102:SSL routines:ssl_choose_client_version:unsupported protocol",
            "UNSUPPORTED_PROTOCOL",
        ),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1129)", "WRONG_VERSION_NUMBER"),
        ("curl: (35) error:0A00010B:SSL routines::wrong version number", "WRONG_VERSION_NUMBER"),
        ("no protocols available", "NO_PROTOCOLS_AVAILABLE"),
        ("error:0A0000C1:SSL routines::no shared cipher", "NO_SHARED_CIPHER"),
        ("error:0A000410:SSL routines::sslv3 alert handshake failure", "alert 40"),
        ("error:0A00042E:SSL routines::tlsv1 alert protocol version", "alert 70"),
    ],
)
def test_a_code_is_found_in_every_usual_spelling(text: str, code: str) -> None:
    answer = tlsaudit.explain(text)
    assert [each.code for each in answer.found] == [code]
    assert (answer.unknown, answer.nearest, answer.problem) == ((), (), None)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "AADSTS1002016: You are using TLS version 1.0, 1.1 and/or 3DES cipher which are "
            "deprecated to improve the security posture of Azure AD.\nTrace ID: 80090326-0000",
            ["AADSTS1002016"],
        ),
        (
            "System.InvalidOperationException: IDX20803: Unable to obtain configuration from: "
            "'[PII is hidden]'. ---> System.IO.IOException: IDX20804: Unable to retrieve document "
            "from: '[PII is hidden]'. ---> System.Net.WebException: The underlying connection was "
            "closed: An unexpected error occurred on a send.",
            ["IDX20803", "IDX20804", "underlying-connection-closed"],
        ),
        (
            "IDX10803: Unable to obtain configuration from: 'https://login.example.net'.",
            ["IDX10803"],
        ),
        (
            "StatusCode UpgradeRequired This service requires use of the TLS-1.2 protocol",
            ["HTTP 426"],
        ),
        (
            "error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:"
            "s3_pkt.c:1472:SSL alert number 40",
            ["alert 40"],
        ),
        ("OpenSSL: error:0A00042E:SSL routines::tlsv1 alert protocol version", ["alert 70"]),
        (
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version",
            ["alert 70"],
        ),
        (
            "The client and server cannot communicate, because they do not possess a common "
            "algorithm",
            ["SEC_E_ALGORITHM_MISMATCH"],
        ),
        (
            "An TLS 1.0 connection request was received from a remote client application, but none "
            "of the cipher suites supported by the client application are supported by the server.",
            ["event 36874"],
        ),
        (
            "A fatal alert was received from the remote endpoint. The TLS protocol defined fatal "
            "alert code is 40.",
            ["event 36887", "alert 40"],
        ),
        (
            "A fatal alert was generated and sent to the remote endpoint. The TLS protocol defined "
            "fatal error code is 70. The Windows SChannel error state is 105.",
            ["event 36888", "alert 70"],
        ),
        (
            "A fatal error occurred while creating a TLS client credential. The internal error "
            "state is 10013.",
            ["event 36871"],
        ),
    ],
)
def test_every_code_of_a_pasted_message_is_found_in_order(message: str, found: list[str]) -> None:
    assert codes(message) == found


@pytest.mark.parametrize(
    ("text", "unknown", "nearest"),
    [
        ("AADSTS50011", ("AADSTS50011",), "AADSTS1002016"),
        ("IDX20805", ("IDX20805",), "IDX20804"),
        ("0x80090332", ("0x80090332",), "SEC_E_ALGORITHM_MISMATCH"),
        ("event 36875", ("event 36875",), "event 36874"),
        ("alert 72", ("alert 72",), "alert 71"),
        ("SEC_E_ILEGAL_MESSAGE", ("SEC_E_ILEGAL_MESSAGE",), "SEC_E_ILLEGAL_MESSAGE"),
        ("handshake_failed", (), "alert 40"),
    ],
)
def test_an_unknown_code_gets_the_nearest_and_a_sentence(
    text: str, unknown: tuple[str, ...], nearest: str
) -> None:
    answer = tlsaudit.explain(text)
    assert (answer.found, answer.unknown) == ((), unknown)
    assert answer.nearest[0].code == nearest
    assert answer.problem is not None
    assert f"`{text}`" in answer.problem
    assert answer.nearest[0].title in answer.problem
    assert str(answer) == answer.problem


@pytest.mark.parametrize(
    "text", ["", "   ", "qqqq", "10.0.0.40", "port 4040", "2026-11-22", "0x00000040", "1" * 500_000]
)
def test_nothing_is_explained_where_there_is_no_code(text: str) -> None:
    answer = tlsaudit.explain(text)
    assert answer.found == ()
    assert answer.problem


def test_unknown_codes_beside_known_ones_are_named() -> None:
    answer = tlsaudit.explain("AADSTS1002016 after AADSTS50011")
    assert [each.code for each in answer.found] == ["AADSTS1002016"]
    assert answer.problem == "`AADSTS50011`: not explained here."


def test_hostile_text_does_not_reach_the_sentence_as_it_is() -> None:
    problem = tlsaudit.explain("\x1b[31m\u202eevil" * 50).problem
    assert problem is not None
    assert problem.isprintable()
    assert len(problem) < 300


def test_every_alert_that_has_a_name_is_explained() -> None:
    file = Path(tlsaudit.__file__).with_name("data") / "alerts.csv"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    assert len(rows) > 30
    for row in rows:
        explanation = alert_explanation(int(row["code_point"]))
        assert explanation is not None
        assert explanation.names[0] == row["name"] == alert_name(int(row["code_point"]))
    assert alert_explanation(3) is None


def test_every_kind_of_refusal_is_explained() -> None:
    for kind in REFUSAL_KINDS:
        assert named(kind).kind == "refusal"


def test_the_codes_of_windows_and_the_alerts_that_they_stand_for_agree() -> None:
    # Schannel Error Codes for TLS and SSL Alerts; the last row stands for every other alert.
    table = {
        0x80090302: [70], 0x80090304: [80], 0x8009030C: [49], 0x8009030F: [20, 30],
        0x80090325: [48], 0x80090326: [10, 22, 40, 47, 50, 60, 100, 110, 115],
        0x80090327: [42, 43, 46], 0x80090328: [45], 0x80090330: [21, 51], 0x80090331: [71],
        0x80090333: [90], 0x80090367: [120], 0x80092010: [44],
    }  # fmt: skip
    for number, alerts in table.items():
        [explanation] = tlsaudit.explain(f"0x{number:08X}").found
        said = {int(digits) for digits in re.findall(r"\b[0-9]{2,3}\b", explanation.means)}
        assert said == set(alerts), explanation.code


def test_every_part_says_something_and_names_only_columns_that_exist() -> None:
    columns = {column.name for column in HANDSHAKE_TABLE}
    outcomes = {"rejected", "completed", "client", "server"}
    for each in explanations():
        assert each.kind in KINDS
        for heading, text in sections(each):
            assert text, (each.code, heading)
            assert "Ssl3" not in text
            for literal in re.findall("`([a-z]+(?:_[a-z]+)+)`", text):
                assert literal in columns | outcomes, (each.code, literal)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code =", "x.toml: not TOML"),
        ("", r"x.toml: explanation: at least one \[\[explanation\]\] is needed"),
        ("[other]\na = 1\n" + ENTRY, "x.toml: other: there is no such table"),
        (ENTRY.replace('"event 1"', "1"), r"x.toml: explanation\[0\]: code: a text is needed"),
        (ENTRY.replace('means = "a"', ""), "x.toml: `event 1`: means: a text is needed"),
        (ENTRY.replace('"c"', '" "'), "x.toml: `event 1`: wire: a text is needed"),
        (ENTRY.replace('"d"', '"`d"'), "x.toml: `event 1`: action: a backtick is not closed"),
        (ENTRY.replace('["e"]', "[]"), "x.toml: `event 1`: sources: at least one is needed"),
        (ENTRY.replace('["e"]', '"e"'), "x.toml: `event 1`: sources: a list of texts is needed"),
        (ENTRY.replace('"event"', '"even"'), "x.toml: `event 1`: kind: `even` is not one of"),
        (ENTRY.replace("number = 1", "number = true"), "`event 1`: number: True cannot be"),
        (ENTRY.replace("number = 1", "number = 99999"), "`event 1`: number: 99999 cannot be"),
        (ENTRY.replace("number = 1", ""), "`event 1`: number: a number is needed"),
        (ENTRY + 'sorces = ["e"]', "x.toml: `event 1`: sorces: there is no such field"),
    ],
)
def test_a_malformed_entry_is_named_with_its_field(text: str, message: str) -> None:
    with pytest.raises(ExplanationError, match=message):
        parse(text, "x.toml")


def test_a_sound_entry_is_read() -> None:
    [each] = parse(ENTRY, "x.toml")
    assert (each.code, each.number, each.sources, each.names) == ("event 1", 1, ("e",), ())
