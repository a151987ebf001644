"""The page: it says the right thing, to the right people, and takes nothing captured as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tables import (
    HOSTILE,
    HOSTILE_CAPTURE,
    HOSTILE_FORMULA,
    NO_ANSWER,
    OLD_ANSWER,
    OLD_VERSION,
    TLS13,
    TRIPLE_DES,
    capture_row,
    handshake_row,
    office_rows,
)

from tlsaudit.inputs import STANDARD_INPUT_NAME
from tlsaudit.reports import html as report_html
from tlsaudit.reports.overview import Overview
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from tlsaudit import Audit

MakeAudit = Callable[..., "Audit"]


class Reader(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)
        self.close()
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("a", "code", "em", "span", "strong"):
            self.words.append(" ")
        self.attributes.update(name for name, _ in attrs)
        names = ("href", "src", "xlink:href", "action", "content")
        self.addresses += [value for name, value in attrs if name in names and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize(
    ("rows", "headline"),
    [
        ([], "No TLS handshake was found in 1 capture."),
        ([handshake_row(**TLS13)], "None of 1 client broke the policy entra."),
        (
            office_rows(),
            "3 of 12 clients negotiated TLS 1.0 or 3DES; 1 more offers nothing better.",
        ),
        (
            [handshake_row(**OLD_VERSION, **NO_ANSWER, outcome="rejected")],
            "1 of 1 client offers nothing better than TLS 1.0.",
        ),
        (
            [
                handshake_row(client_fallback_scsv=True, number=1),
                handshake_row(number=2, client="192.0.2.11", server_legacy_version=0x0302),
                handshake_row(number=3, client="192.0.2.12", server_legacy_version=0x0300),
            ],
            "2 of 3 clients negotiated SSL 3.0 or TLS 1.1; 1 more has other findings.",
        ),
        (
            [handshake_row(number=n, client=f"192.0.2.{n}", **TRIPLE_DES) for n in range(2)],
            "2 of 2 clients negotiated 3DES.",
        ),
    ],
)
def test_headline(make_audit: MakeAudit, rows: list[dict[str, object]], headline: str) -> None:
    assert Overview(make_audit(rows)).headline == headline


@pytest.mark.parametrize(
    ("rows", "explanation"),
    [
        ([handshake_row(**OLD_VERSION, **OLD_ANSWER)], None),
        ([handshake_row(**TRIPLE_DES)], None),
        (
            [handshake_row(**OLD_ANSWER)],
            "It offered TLS 1.2 or newer, and the server chose less: 198.51.100.1:443 (1 client).",
        ),
        (
            # One of the two also had nothing better to offer once: it is not cleared.
            [
                handshake_row(number=1, **OLD_ANSWER),
                handshake_row(number=2, **OLD_VERSION, **OLD_ANSWER),
                handshake_row(number=3, client="192.0.2.11", server_port=636, **OLD_ANSWER),
                handshake_row(number=4, client="192.0.2.11", **OLD_ANSWER),
            ],
            "1 of them offered TLS 1.2 or newer, and the server chose less: "
            "198.51.100.1:443 (1 client) and 198.51.100.1:636 (1 client).",
        ),
        (
            # What the hello offered at most is not known, so nobody is cleared.
            [
                handshake_row(
                    client_hello_frame=None,
                    client_legacy_version=None,
                    client_cipher_suites=None,
                    client_extensions=None,
                    client_hello_complete=None,
                    outcome="server_only",
                    **OLD_ANSWER,
                )
            ],
            None,
        ),
    ],
)
def test_explanation_tells_old_clients_from_old_servers(
    make_audit: MakeAudit, rows: list[dict[str, object]], explanation: str | None
) -> None:
    assert Overview(make_audit(rows)).explanation == explanation


def test_refused_offer_says_how_it_was_refused(office: Audit) -> None:
    card = report_html.page(office).split(">192.0.2.13<")[1].split("</article>")[0]
    assert "1 handshake refused by the server, alert protocol_version" in Reader(card).text


def test_tls13_behind_old_record_versions_is_clean(make_audit: MakeAudit) -> None:
    audit = make_audit(
        [handshake_row(record_version=0x0301, client_cipher_suites=[0x1301], **TLS13)]
    )
    assert Overview(audit).concerned.empty
    assert audit.findings.empty


def test_exactly_the_clients_concerned_are_named_with_their_frames(office: Audit) -> None:
    page = report_html.page(office)
    section = page.split('id="concerned"')[1].split("</section>")[0]
    named = re.findall(r'<h3 class="mono">([^<]+)</h3>', section)
    assert named == ["192.0.2.11", "192.0.2.12", "192.0.2.13", "2001:db8::17"]
    text = Reader(section).text
    assert "office.pcapng: ClientHello in frame 234, ServerHello in frame 236" in text
    assert "office.pcapng: ClientHello in frame 264 " in text
    assert "tshark -2 -r office.pcapng -Y 'frame.number == 244 || frame.number == 246'" in text
    assert "[2001:db8::1]:443" in text


def test_policy_and_what_it_demands_are_named(office: Audit) -> None:
    text = Reader(report_html.page(office)).text
    assert f"entra ({office.policy.title}): {office.policy.demand}" in text


def test_exceptions_of_the_policy_are_counted_on_the_page(
    make_audit: MakeAudit, tmp_path: Path
) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(
        'name = "mine"\ntitle = "Mine"\ndemand = "TLS 1.2"\ndescription = "d"\nsource = "s"\n'
        '[severity]\ntls10-negotiated = "high"\n'
        '[[exception]]\nreason = "printer"\nclient = "192.0.2.11"\n'
    )
    audit = make_audit(office_rows(), policy=str(policy))
    assert "mine (Mine): TLS 1.2; 1 exception Read" in Reader(report_html.page(audit)).text
    assert list(Overview(audit).concerned["client"]) == ["2001:db8::17"]


def test_every_rule_broken_is_explained_with_remedy_and_sources(office: Audit) -> None:
    from tlsaudit.findings import rule

    text = Reader(report_html.page(office)).text
    idents = set(office.findings["rule"].astype("object"))
    assert len(idents) == 4
    for ident in idents:
        found = rule(ident)
        assert found is not None
        for part in (found.title, *found.sources):
            assert part in text
        assert " ".join(found.remedy.replace("`", "").split())[:60] in text


def test_alerts_and_refusals_lead_to_their_explanation_on_the_page(make_audit: MakeAudit) -> None:
    refused = {**OLD_VERSION, **NO_ANSWER, "outcome": "rejected"}
    rows = [
        handshake_row(number=1, **refused, alert_description=70),
        handshake_row(number=2, **refused),
        # Nobody has named alert 3: it is shown, and leads nowhere.
        handshake_row(number=3, client="192.0.2.11", **refused, alert_description=3),
        handshake_row(number=4, client="192.0.2.12", outcome="failed", alert_description=70),
    ]
    page = report_html.page(make_audit(rows))
    links = set(re.findall('href="#([^"]+)"', page))
    assert links <= set(re.findall(' id="([^"]+)"', page))
    assert {"alert-70", "refused-without-alert"} <= links
    text = Reader(page).text
    assert "alert 70 (protocol_version) 2 handshakes" in text
    assert "refused-without-alert 1 handshake" in text
    assert "refused by the server, alert 3 " in text


def test_address_is_not_a_machine_is_said_once(office: Audit) -> None:
    assert Reader(report_html.page(office)).text.count("An address is not a machine") == 1


def test_limits_of_the_answer_stand_before_the_clients(make_audit: MakeAudit) -> None:
    captures = [
        capture_row(truncated_frames=7, one_sided_streams=2, undecoded_frames=1, opaque_frames=9),
        capture_row(
            capture="cut.pcap",
            error_kind="cut",
            error="cut.pcap: it ends in the middle of frame 12",
        ),
        capture_row(
            capture="notes.txt",
            readable=False,
            error_kind="not_a_capture",
            error="notes.txt: it is a text and no capture",
        ),
    ]
    rows = [handshake_row(defect="gap", defect_at="frame 4, ClientHello.extensions")]
    page = report_html.page(make_audit(rows, captures))
    text = Reader(page.split('id="concerned"')[0]).text
    for measure in (
        "1 input not read, 1 capture read only in part",
        "7 frames cut short",
        "2 of 120 TLS connections captured in one direction",
        "1 frame of a link type that is not read",
        "9 frames encrypted below TCP",
        "1 handshake with a defect (gap: 1)",
    ):
        assert measure in text
    listing = Reader(page.split('id="captures"')[1].split("</section>")[0]).text
    assert "cut.pcap it ends in the middle of frame 12" in listing
    assert "notes.txt it is a text and no capture" in listing
    assert listing.index("cut.pcap") < listing.index("office.pcapng"), "errors come first"


def test_complete_captures_show_no_limits(office: Audit) -> None:
    assert "What limits this answer" not in report_html.page(office)


def test_nothing_hostile_becomes_markup(hostile: Audit, office: Audit) -> None:
    reader = Reader(report_html.page(hostile))
    plain = Reader(report_html.page(office))
    assert reader.tags <= plain.tags | {"section", "ul", "li", "strong"}
    assert not reader.tags & {"script", "img", "iframe", "object"}
    assert not any(name.startswith("on") for name in reader.attributes)
    for text in (HOSTILE, HOSTILE_FORMULA, "$\\frac{$", visible(HOSTILE_CAPTURE)):
        assert text in reader.text


def test_no_control_or_direction_character_reaches_the_page(hostile: Audit) -> None:
    for output in (report_html.page(hostile), report_html.fragment(hostile)):
        assert all(visible(each) == each for each in output.splitlines())
        assert not {"\x1b", "\u202e", "\u2028"} & set(output)


def test_page_loads_nothing(office: Audit, hostile: Audit) -> None:
    for audit in (office, hostile):
        page = report_html.page(audit)
        addresses = Reader(page).addresses
        assert [each for each in addresses if "//" in each] == []
        assert "default-src 'none'" in page
        assert "@import" not in page
        assert "url(http" not in page


def test_same_audit_gives_the_same_bytes(make_audit: MakeAudit) -> None:
    pages = {report_html.page(make_audit(office_rows())) for _ in range(2)}
    assert len(pages) == 1


def test_long_lists_are_cut_and_say_where_the_rest_is(
    make_audit: MakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_html, "MOST_ROWS", 10)
    monkeypatch.setattr(report_html, "MOST_CARDS", 5)
    monkeypatch.setattr(report_html, "MOST_GROUPS", 2)
    rows = [
        handshake_row(number=n, client=f"192.0.2.{n % 15}", server_port=400 + n, **OLD_ANSWER)
        for n in range(60)
    ]
    page = report_html.page(make_audit(rows))
    text = Reader(page).text
    assert "10 of 120 rows are shown here; all of them are in findings.csv" in text
    assert "10 of 15 rows are shown here; all of them are in clients.csv" in text
    assert "10 more clients are concerned; all of them are in clients.csv" in text
    assert text.count("2 more lines of this client are in findings.csv") == 5
    assert page.count('<h3 class="mono">') == 5


def test_one_is_not_said_in_the_plural(
    make_audit: MakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_html, "MOST_CARDS", 1)
    monkeypatch.setattr(report_html, "MOST_GROUPS", 1)
    rows = [
        handshake_row(number=n, client=f"192.0.2.{n % 2}", server_port=400 + n, **OLD_ANSWER)
        for n in range(4)
    ]
    text = Reader(report_html.page(make_audit(rows))).text
    assert "1 more client is concerned" in text
    assert "1 more line of this client is in findings.csv" in text
    assert "1 row " in text.replace("\n", " ")
    assert "1 rows" not in text


def test_large_audit_gives_a_page_that_opens(make_audit: MakeAudit) -> None:
    rows = [
        handshake_row(number=n, client=f"10.0.{n % 250}.{n % 9}", server_port=n, **OLD_ANSWER)
        for n in range(6_000)
    ]
    assert len(report_html.page(make_audit(rows))) < 4_000_000


def test_notebook_fragment_names_the_clients_and_stays_small(office: Audit) -> None:
    fragment = report_html.fragment(office)
    text = Reader(fragment).text
    assert Overview(office).headline in text
    assert "192.0.2.11" in text
    assert "192.0.2.20" not in text
    assert len(fragment) < 8_000
    assert office._repr_html_() == fragment


def test_hostile_fragment_stays_text(hostile: Audit) -> None:
    fragment = report_html.fragment(hostile)
    assert Reader(fragment).tags <= {
        *("div", "p", "strong", "br", "small"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert html.escape(HOSTILE) in fragment.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


def test_capture_without_times_shows_none(make_audit: MakeAudit) -> None:
    rows = [handshake_row(ts=None, **OLD_ANSWER)]
    page = report_html.page(make_audit(rows, [capture_row(first_ts=None, last_ts=None)]))
    assert "<dt>Captured</dt>" not in page
    assert "NaT" not in page
    assert "nan" not in Reader(page).text


def test_standard_input_has_no_command_to_show_its_frames(make_audit: MakeAudit) -> None:
    name = STANDARD_INPUT_NAME
    audit = make_audit([handshake_row(capture=name, **OLD_ANSWER)], [capture_row(capture=name)])
    page = report_html.page(audit)
    assert "tshark -2" not in page
    assert "ServerHello in frame 6" in page
