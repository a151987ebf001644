"""What a terminal shows: short, aligned, and without anything that a terminal would obey."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.tables import OLD_ANSWER, TLS13, capture_row, handshake_row

from tlsaudit import schema
from tlsaudit.reports.lines import check_lines, summary, table_text
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from tlsaudit import Audit


def test_summary_names_who_is_concerned_and_what_was_read(office: Audit) -> None:
    assert summary(office) == (
        "3 of 12 clients negotiated TLS 1.0 or 3DES; 1 more offers nothing better.\n"
        "1 of them offered TLS 1.2 or newer, and the server chose less: "
        "[2001:db8::1]:443 (1 client).\n"
        "forecast: No handshake names what entra speaks of (Microsoft Entra sign-in and Microsoft "
        "Graph and directory interfaces). Enforced everywhere, each client counted once: "
        "1 of 12 clients breaks; 1 server holds back 2 more; 1 more is refused already.\n"
        f"policy: entra: {office.policy.demand}\n"
        "read: 1 capture, 1,000 frames, 15 TLS handshakes of 12 clients, "
        "2026-03-02 08:00:00 to 2026-03-02 08:10:00 UTC\n"
        "covered: 10.0 minutes, the hello of 40 of 40 TLS connections\n"
        "  high  192.0.2.11  3des-negotiated, tls10-is-best-offered, tls10-negotiated"
        "  7 findings  first: office.pcapng frame 206\n"
        "  high  192.0.2.12  3des-negotiated                                         "
        "  1 finding   first: office.pcapng frame 246\n"
        "  high  192.0.2.13  tls10-is-best-offered                                   "
        "  1 finding   first: office.pcapng frame 264\n"
        "  and 1 more client\n"
    )


def test_summary_is_at_most_eleven_lines(make_audit: Callable[..., Audit]) -> None:
    rows = [handshake_row(number=n, client=f"10.0.0.{n}", **OLD_ANSWER) for n in range(30)]
    captures = [
        capture_row(capture=f"{n}.pcap", error="x", limits=f"y{n % 9}", truncated_frames=1)
        for n in range(20)
    ]
    text = summary(make_audit(rows, captures))
    assert len(text.splitlines()) == 11
    assert "and 27 more clients" in text
    assert "; and 7 more\n" in text


def test_check_says_one_line_per_rule_and_client(office: Audit) -> None:
    lines = check_lines(office).splitlines()
    assert len(lines) == 6
    expected = "high 3des-negotiated 192.0.2.11 1 handshake first: office.pcapng frame 226"
    assert " ".join(lines[0].split()) == expected


def test_first_is_the_earliest_wherever_it_lies(make_audit: Callable[..., Audit]) -> None:
    later = handshake_row(number=3, capture="a.pcap", **OLD_ANSWER)
    earlier = handshake_row(number=1, capture="b.pcap", **OLD_ANSWER)
    no_time = handshake_row(number=0, capture="c.pcap", **{**OLD_ANSWER, "ts": None})
    captures = [capture_row(capture=name) for name in ("a.pcap", "b.pcap", "c.pcap")]
    audit = make_audit([later, earlier, no_time], captures)
    shown = check_lines(audit) + summary(audit)
    assert "first: b.pcap frame" in shown
    assert "first: a.pcap" not in shown
    assert "first: c.pcap" not in shown


def test_check_counts_from_the_severity_asked_for(make_audit: Callable[..., Audit]) -> None:
    audit = make_audit([handshake_row(**TLS13)])
    assert check_lines(audit, "low") == ""
    assert check_lines(audit, "info").startswith("info  3des-offered  192.0.2.10  1 handshake")


@pytest.mark.parametrize("name", ["handshakes", "clients", "findings"])
def test_table_has_a_head_and_a_line_per_row(office: Audit, name: str) -> None:
    frame = getattr(office, name)
    lines = table_text(name, frame).splitlines()
    assert len(lines) == len(frame) + 1
    assert "client" in lines[0].split()


def test_table_of_handshakes_shows_frames_versions_and_suite(office: Audit) -> None:
    lines = table_text("handshakes", office.handshakes).splitlines()
    expected = (
        "office.pcapng 234,236 2026-03-02 08:00:23 2001:db8::17 [2001:db8::1]:443 "
        "login.example.net TLS 1.2 TLS 1.0 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 completed"
    )
    assert " ".join(lines[-4].split()) == expected
    assert "264,-" in lines[-1]


def test_what_a_capture_tells_of_itself_is_printed_up_to_a_bound(
    make_audit: Callable[..., Audit],
) -> None:
    told = "Windows lost 9 events. Begin again with more buffers."
    line = summary(make_audit([handshake_row()], [capture_row(remarks=told)])).splitlines()[-1]
    assert line == f"limits: a warning is given with office.pcapng: {told[:-1]}"
    line = summary(make_audit([], [capture_row(remarks="x " * 5000)])).splitlines()[-1]
    assert len(line) < 400
    assert line.endswith(("x…", " …"))


def test_empty_table_is_its_head(make_audit: Callable[..., Audit]) -> None:
    empty = schema.empty(schema.HANDSHAKE_TABLE)
    assert table_text("handshakes", empty).splitlines() == [
        "capture  frames  time  client  server  server name  offered  negotiated  cipher suite"
        "  outcome"
    ]


def test_no_line_holds_anything_that_a_terminal_obeys(hostile: Audit) -> None:
    outputs = [summary(hostile), check_lines(hostile)]
    outputs += [
        table_text(name, getattr(hostile, name)) for name in ("handshakes", "clients", "findings")
    ]
    for text in outputs:
        assert text.endswith("\n")
        assert all(visible(line) == line for line in text[:-1].split("\n"))
    assert "[/red]" in table_text("clients", hostile.clients), "markup is text, not styling"
