"""The page: it says the right thing, to the right people, and takes nothing captured as markup."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pandas
import pytest
from support.page import data_of, table_of, words_of
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
from tlsaudit.reports.overview import Overview
from tlsaudit.reports.page import fragment, hellos, listing, listings, page
from tlsaudit.safe_text import shell_word, visible

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
        ([handshake_row(**TLS13)], "The one client seen keeps the policy entra."),
        (
            office_rows(),
            "3 of 12 clients negotiated TLS 1.0 or 3DES; 1 more offers nothing better.",
        ),
        (
            [handshake_row(**OLD_VERSION, **NO_ANSWER, outcome="rejected")],
            "The one client seen offers nothing better than TLS 1.0.",
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
    rows = [row for row in table_of(page(office), "verdicts") if row["Client"] == "192.0.2.13"]
    assert [row["Verdict"] for row in rows] == ["refused already"]
    assert ["alert protocol_version", "alert-70"] in rows[0]["Why", "below"]


def test_tls13_behind_old_record_versions_is_clean(make_audit: MakeAudit) -> None:
    audit = make_audit(
        [handshake_row(record_version=0x0301, client_cipher_suites=[0x1301], **TLS13)]
    )
    assert Overview(audit).concerned.empty
    assert audit.findings.empty


def test_exactly_the_clients_concerned_are_named_with_their_frames(office: Audit) -> None:
    made = page(office)
    rows = table_of(made, "verdicts")
    concerned = {"192.0.2.11", "192.0.2.12", "192.0.2.13", "2001:db8::17"}
    assert {str(row["Client"]) for row in rows if row["Verdict"] != "unknown"} == concerned
    frames = {(row["Client"], *row["frames"]) for row in rows}
    assert {("192.0.2.11", 224, 226), ("192.0.2.12", 244, 246)} <= frames
    assert all(row["capture"] == "office.pcapng" for row in rows)
    # Without the script the same rows are in the page as text.
    text = Reader(made.split('id="verdicts"')[1].split("</section>")[0]).text
    assert all(str(row["Why"]) in text for row in rows)


def test_hellos_stand_side_by_side_below_a_verdict(office: Audit) -> None:
    row = next(r for r in table_of(page(office), "verdicts") if r["Client"] == "192.0.2.11")
    hellos = row["hellos"]
    assert hellos["frames"] == [224, 226]
    offer, choice = dict(hellos["offer"]), dict(hellos["choice"])
    assert offer["Version field"] == "TLS 1.0"
    assert offer["Cipher suites"].startswith("TLS_")
    assert choice["Version field"] == "TLS 1.0"
    assert choice["Cipher suite"] in offer["Cipher suites"]


def test_every_client_and_service_is_on_the_page_in_natural_order(office: Audit) -> None:
    made = page(office)
    names = [row["Client"] for row in table_of(made, "clients")]
    assert sorted(map(str, names)) == sorted(office.clients["client"])
    column = data_of(made, "clients")["columns"][0]
    assert column["values"].index("2001:db8::17") == len(column["values"]) - 1
    services = {str(row["Service"]): row for row in table_of(made, "services")}
    assert set(services) == set(office.forecast.by_service["name"])
    verdicts = [row["Worst verdict"] for row in services.values()]
    assert verdicts[0] == "will break"


def test_first_screen_names_who_breaks_and_who_holds_others_back(
    make_audit: MakeAudit,
) -> None:
    rows = [
        handshake_row(number=1, **OLD_VERSION, **OLD_ANSWER),
        handshake_row(number=2, client="192.0.2.11", server_name="old.example.test", **OLD_ANSWER),
        handshake_row(number=3, client="192.0.2.12", server_name="old.example.test", **OLD_ANSWER),
        handshake_row(number=4, client="192.0.2.13", **TLS13),
    ]
    audit = make_audit(rows, policy="bcp195")
    overview = Overview(audit)
    assert overview.answer.kind == "no"
    assert [each.client for each in overview.breaking] == [str(rows[0]["client"])]
    assert [(each.service, each.clients) for each in overview.holding] == [
        ("old.example.test:443", 2)
    ]
    first = Reader(page(audit).split("<nav")[0]).text
    assert "Not yet." in first
    assert "Clients that break (1)" in first
    assert "old.example.test:443: 2 clients" in first


@pytest.mark.parametrize(
    ("hours", "kind"), [(1, "unknown"), (9, "yes")], ids=["too-short", "working-day"]
)
def test_clean_answer_is_only_given_for_what_was_covered(
    make_audit: MakeAudit, hours: int, kind: str
) -> None:
    first = pandas.Timestamp("2026-01-05 08:00", tz="UTC")
    capture = capture_row(first_ts=first, last_ts=first + pandas.Timedelta(hours=hours))
    audit = make_audit([handshake_row(**TLS13)], [capture], policy="bcp195")
    assert Overview(audit).answer.kind == kind
    assert ("What limits this answer" in page(audit)) == (kind == "unknown")


def test_what_the_policy_does_not_speak_of_is_told_apart(make_audit: MakeAudit) -> None:
    old = {**OLD_VERSION, **OLD_ANSWER}
    beside = handshake_row(number=1, server_name="printer.example.test", **old)
    spoken = handshake_row(
        number=2, client="192.0.2.11", server_name="login.microsoftonline.com", **old
    )
    overview = Overview(make_audit([beside, spoken]))
    assert [(each.client, each.in_scope) for each in overview.breaking] == [
        ("192.0.2.11", True),
        (str(beside["client"]), False),
    ]
    assert overview.answer.kind == "no"
    refused = {**old, **NO_ANSWER, "outcome": "rejected", "alert_description": 70}
    refused |= {"client": "192.0.2.12", "server_name": "login.microsoftonline.com"}
    today = Overview(make_audit([beside, handshake_row(number=3, **refused)]))
    assert (today.answer.kind, today.answer.text) == ("no", "1 client is refused already.")
    assert [each.client for each in today.refused] == ["192.0.2.12"]
    by_eap = {**old, "server_name": None, "carrier": "eap-tls"}
    assert not make_audit([handshake_row(**by_eap)]).verdicts["in_scope"].isna().any()
    nameless = make_audit([beside, spoken | {"server_name": None, "number": 4}])
    assert Overview(nameless).answer.kind == "unknown"
    alone = make_audit([beside])
    assert Overview(alone).answer.kind == "unknown"
    text = Reader(page(alone)).text
    assert "Clients that would break if entra were enforced everywhere (1)" in text


def test_nothing_seen_is_no_clean_answer(make_audit: MakeAudit) -> None:
    assert Overview(make_audit([])).answer.kind == "unknown"


def test_policy_and_what_it_demands_are_named(office: Audit) -> None:
    text = Reader(page(office)).text
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
    assert "mine (Mine): TLS 1.2; 1 exception Read" in Reader(page(audit)).text
    assert list(Overview(audit).concerned["client"]) == ["2001:db8::17"]


def test_every_rule_broken_is_explained_with_remedy_and_sources(office: Audit) -> None:
    from tlsaudit.findings import rule

    text = Reader(page(office)).text
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
        handshake_row(number=2, client="192.0.2.14", **refused),
        # Nobody has named alert 3: it is shown, and leads nowhere.
        handshake_row(number=3, client="192.0.2.11", **refused, alert_description=3),
        handshake_row(number=4, client="192.0.2.12", outcome="failed", alert_description=70),
    ]
    made = page(make_audit(rows))
    links = set(re.findall('href="#([^"]+)"', made))
    assert links <= set(re.findall(' id="([^"]+)"', made))
    assert {"alert-70", "refused-without-alert"} <= links
    text = Reader(made).text
    assert "alert 70 (protocol_version) 2 handshakes" in text
    assert "refused-without-alert 1 handshake" in text
    assert "alert 3" in text


def test_address_is_not_a_machine_is_said_once(office: Audit) -> None:
    assert Reader(page(office)).text.count("An address is not a machine") == 1


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
    made = page(make_audit(rows, captures))
    text = Reader(made.split('id="verdicts"')[0]).text
    for measure in (
        "1 input not read, 1 capture read only in part",
        "7 frames cut short",
        "2 of 120 TLS connections with a hello captured in one direction",
        "1 frame of a link type that is not read",
        "9 frames encrypted below TCP",
        "1 handshake with a defect (gap: 1)",
    ):
        assert measure in text
    listing = Reader(made.split('id="captures"')[1].split("</section>")[0]).text
    assert "cut.pcap it ends in the middle of frame 12" in listing
    assert "notes.txt it is a text and no capture" in listing
    assert listing.index("cut.pcap") < listing.index("office.pcapng"), "errors come first"


def test_nothing_hostile_becomes_markup(hostile: Audit, office: Audit) -> None:
    made = page(hostile)
    reader = Reader(made)
    plain = Reader(page(office))
    assert reader.tags <= plain.tags | {"section", "ul", "li", "strong"}
    assert not reader.tags & {"img", "iframe", "object"}
    assert not any(name.startswith("on") for name in reader.attributes)
    # The script is ours and the only one; the others are data, which no captured text can end.
    scripts = re.findall(r"<script([^>]*)>", made)
    assert scripts.count("") == 1
    assert set(scripts) - {""} == {
        ' type="application/json"',
        ' type="application/json" id="capture-words"',
    }
    assert made.count("</script>") == len(scripts)
    names = {str(row["Server"]) for row in table_of(made, "findings")}
    for text in (HOSTILE, HOSTILE_FORMULA, "$\\frac{$"):
        assert text in reader.text
        assert text in names


def test_only_the_script_of_the_page_may_run(office: Audit) -> None:
    made = page(office)
    policy = html.unescape(made.split("Content-Security-Policy")[1].split('"')[2])
    body = made.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not {"innerHTML", "outerHTML", "insertAdjacentHTML", "eval("} & set(
        re.findall(r"\w+\(?", body)
    )


def test_no_control_or_direction_character_reaches_the_page(hostile: Audit) -> None:
    for output in (page(hostile), fragment(hostile)):
        assert all(visible(each) == each for each in output.splitlines())
        assert not {"\x1b", "\u202e", "\u2028"} & set(output)


def test_page_loads_nothing(office: Audit, hostile: Audit) -> None:
    for audit in (office, hostile):
        made = page(audit)
        addresses = Reader(made).addresses
        assert [each for each in addresses if "//" in each] == []
        assert "default-src 'none'" in made
        assert "@import" not in made
        assert "url(http" not in made


def test_same_audit_gives_the_same_bytes(make_audit: MakeAudit) -> None:
    pages = {page(make_audit(office_rows())) for _ in range(2)}
    assert len(pages) == 1


def test_long_lists_are_cut_and_say_where_the_rest_is(
    make_audit: MakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 10)
    monkeypatch.setattr(listings, "MOST_ROWS", 10)
    monkeypatch.setattr(listing, "MOST_STATIC_ROWS", 5)
    rows = [
        handshake_row(number=n, client=f"192.0.2.{n % 15}", server_port=400 + n, **OLD_ANSWER)
        for n in range(60)
    ]
    made = page(make_audit(rows))
    text = Reader(made).text
    assert "10 of 120 rows are on this page; all of them are in findings.csv" in text
    assert "10 of 15 rows are on this page; all of them are in clients.csv" in text
    assert "5 of 15 rows are shown where scripts are off" in text
    assert len(table_of(made, "clients")) == 10
    assert len(table_of(made, "verdicts")) == 10


def test_hellos_of_many_verdicts_are_left_to_the_frames(
    make_audit: MakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hellos, "MOST_HELLOS", 1)
    rows = [handshake_row(number=n, client=f"192.0.2.{n}", **OLD_ANSWER) for n in range(3)]
    found = [row["hellos"] for row in table_of(page(make_audit(rows)), "verdicts")]
    assert [each is None for each in found] == [False, True, True]


def test_large_audit_gives_a_page_that_opens(make_audit: MakeAudit) -> None:
    rows = [
        handshake_row(number=n, client=f"10.0.{n % 250}.{n % 9}", server_port=n, **OLD_ANSWER)
        for n in range(6_000)
    ]
    assert len(page(make_audit(rows))) < 4_000_000


def test_notebook_fragment_names_the_clients_and_stays_small(office: Audit) -> None:
    made = fragment(office)
    text = Reader(made).text
    assert Overview(office).headline in text
    assert "192.0.2.11" in text
    assert "192.0.2.20" not in text
    assert len(made) < 8_000
    assert office._repr_html_() == made


def test_hostile_fragment_stays_text(hostile: Audit) -> None:
    made = fragment(hostile)
    assert Reader(made).tags <= {
        *("div", "p", "strong", "br", "small", "code"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert html.escape(HOSTILE) in made.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


def test_capture_without_times_shows_none(make_audit: MakeAudit) -> None:
    rows = [handshake_row(ts=None, **OLD_ANSWER)]
    made = page(make_audit(rows, [capture_row(first_ts=None, last_ts=None)]))
    assert "<dt>Captured</dt>" not in made
    assert "NaT" not in made
    assert "nan" not in Reader(made).text


def test_standard_input_has_no_command_to_show_its_frames(make_audit: MakeAudit) -> None:
    name = STANDARD_INPUT_NAME
    audit = make_audit([handshake_row(capture=name, **OLD_ANSWER)], [capture_row(capture=name)])
    assert words_of(page(audit)) == {name: None}


def test_frames_that_were_left_out_stand_beside_those_that_count(make_audit: MakeAudit) -> None:
    rows = [
        capture_row(capture="a.etl", frames=38, frames_repeated=76),
        capture_row(capture="b.etl", frames=1000),
        capture_row(capture="c.etl", frames=7),
    ]
    found = listings.captures(make_audit([], rows).captures)
    place = [head.title for head in found.heads].index("Frames")
    assert [row[place] for row in found.rows] == [["38", "(76 repeats left out)"], 1000, 7]
    column = json.loads(str(found.data))["columns"][place]
    assert column["values"] == ["7", "38", "1,000"]


def test_captures_are_named_as_a_shell_takes_them(hostile: Audit) -> None:
    words = words_of(page(hostile))
    assert words[visible(HOSTILE_CAPTURE)] == shell_word(HOSTILE_CAPTURE)
