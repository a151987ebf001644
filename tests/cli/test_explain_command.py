"""`tlsaudit explain`: what it prints where, and its exit codes."""

from __future__ import annotations

import json

from support.command import run


def test_known_codes_are_explained_on_standard_output() -> None:
    done = run("explain", "aadsts1002016", "-2146893018")
    assert (done.code, done.messages) == (0, [])
    assert done.lines[0] == "AADSTS1002016: an answer of a service over HTTP"
    assert (
        "SEC_E_ILLEGAL_MESSAGE (0x80090326, -2146893018): a code of Schannel, the TLS of Windows"
        in done.lines
    )
    for heading in ("What it means:", "What it does not mean:", "What to do:", "Sources:"):
        assert done.lines.count(heading) == 2
    assert max(map(len, done.lines)) <= 100


def test_an_unknown_code_is_said_on_standard_error_with_the_nearest() -> None:
    done = run("explain", "alert 41 or so", "event 36875")
    assert done.code == 3
    assert done.lines[0] == "alert 41 (no_certificate, no_certificate_reserved): a TLS alert"
    [message] = done.messages
    assert message.startswith("tlsaudit: `event 36875`: not explained here. The nearest that is: ")
    alone = run("explain", "event 36875")
    assert (alone.code, alone.output, alone.messages) == (2, b"", [message])


def test_lines_of_json_hold_the_fields() -> None:
    done = run("explain", "--format", "jsonl", "Received fatal alert: protocol_version", "36871")
    assert (done.code, done.messages) == (0, [])
    first, second = [json.loads(line) for line in done.lines]
    assert first["asked"] == "Received fatal alert: protocol_version"
    assert (first["code"], first["kind"], first["number"]) == ("alert 70", "alert", 70)
    assert second["code"] == "event 36871"
    assert first.keys() == second.keys()
    assert all(first[name] for name in ("title", "means", "does_not_mean", "wire", "action"))


def test_without_a_code_all_are_listed() -> None:
    done = run("explain")
    assert (done.code, done.messages) == (0, [])
    assert len(done.lines) > 60
    assert any(line.startswith("AADSTS1002016  ") for line in done.lines)
    assert len(run("explain", "--format", "jsonl").lines) == len(done.lines)


def test_a_mistyped_option_is_not_taken_for_a_code() -> None:
    done = run("explain", "--fromat", "jsonl")
    assert (done.code, done.output) == (2, b"")
    assert "No such option" in done.messages[-1]
