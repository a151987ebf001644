"""The tables of the page in a real browser: searched, filtered, sorted, opened, sent, printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import chromium
from support.tables import OLD_ANSWER, OLD_VERSION, TLS13, handshake_row

from tlsaudit.reports.page import listing, listings

if TYPE_CHECKING:
    from tlsaudit import Audit

DESKTOP = (1280, 900)
MakeAudit = Callable[..., "Audit"]


def column(browser: chromium.Browser, name: str, title: str) -> list[str]:
    """The texts that a table shows in a column."""
    rows = f"[...document.querySelectorAll('#{name} tr[data-row]')]"
    cell = f"querySelector('[data-label={json.dumps(title)}]')"
    found: list[str] = browser.value(f"{rows}.map(row => row.{cell}.innerText.trim())")
    return found


def status(browser: chromium.Browser, name: str) -> str:
    return str(browser.value(f"document.querySelector('#{name} [role=status]').textContent"))


def search(browser: chromium.Browser, name: str, words: str) -> None:
    browser.value(
        f"""(() => {{
            const field = document.getElementById('{name}-search');
            field.value = {json.dumps(words)};
            field.dispatchEvent(new Event('input'));
        }})()"""
    )


def choose(browser: chromium.Browser, name: str, title: str, value: str) -> None:
    browser.value(
        f"""(() => {{
            const label = [...document.querySelectorAll('#{name} .controls label')]
                .find(each => each.firstChild.textContent.trim() === {json.dumps(title)});
            const select = label.querySelector('select');
            select.value = {json.dumps(f"={value}")};
            select.dispatchEvent(new Event('change'));
        }})()"""
    )


def press(browser: chromium.Browser, selector: str) -> None:
    browser.value(f"document.querySelector({json.dumps(selector)}).click()")


def test_search_and_filter_show_the_rows_that_the_table_has(
    browser: chromium.Browser, office: Audit, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    clients = office.clients
    assert sorted(column(browser, "clients", "Client")) == sorted(clients["client"])
    search(browser, "clients", "2001:DB8")
    wanted = sorted(each for each in clients["client"] if each.startswith("2001:db8"))
    assert sorted(column(browser, "clients", "Client")) == wanted
    assert status(browser, "clients") == f"{len(wanted)} of {len(clients)} rows"
    search(browser, "clients", "")
    choose(browser, "clients", "Worst finding", "high")
    high = clients[clients["worst_severity"] == "high"]
    assert sorted(column(browser, "clients", "Client")) == sorted(high["client"])
    search(browser, "clients", "nobody is called this")
    assert column(browser, "clients", "Client") == []


def test_columns_are_sorted_as_their_values_are(
    browser: chromium.Browser, office: Audit, office_page: Path
) -> None:
    from tlsaudit.addresses import in_order

    browser.open(office_page, *DESKTOP)
    press(browser, "#clients thead th:nth-child(2) button")
    assert column(browser, "clients", "Client") == in_order(office.clients["client"])
    press(browser, "#clients thead th:nth-child(2) button")
    assert column(browser, "clients", "Client") == in_order(office.clients["client"])[::-1]
    assert browser.value("document.querySelector('#clients [aria-sort]').ariaSort") == "descending"
    heads = browser.value(
        "[...document.querySelectorAll('#clients thead th')].map(each => each.innerText.trim())"
    )
    press(browser, f"#clients thead th:nth-child({heads.index('Handshakes') + 1}) button")
    numbers = [int(each) for each in column(browser, "clients", "Handshakes")]
    assert numbers == sorted(numbers, reverse=True)


def test_verdict_opens_to_its_frames_and_both_hellos(
    browser: chromium.Browser, office: Audit, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    press(browser, "#verdicts .opener button")
    opened = browser.value("document.querySelector('#verdicts .detail-row').innerText")
    assert str(office.verdicts["tshark"].iloc[0]) in opened
    assert "Offered: ClientHello" in opened
    assert "Chosen: ServerHello" in opened
    expanded = "document.querySelector('#verdicts .opener button').ariaExpanded"
    assert browser.value(expanded) == "true"
    assert browser.value("document.activeElement.closest('tr').dataset.row") == "0"
    press(browser, "#verdicts .opener button")
    assert browser.value("document.querySelector('#verdicts .detail-row')") is None


def test_copied_is_the_command_as_it_is_shown(
    browser: chromium.Browser, office: Audit, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    browser.value(
        "window.kept = null; navigator.clipboard.writeText = async (text) => { kept = text; }; 1"
    )
    press(browser, "#verdicts .opener button")
    press(browser, "#verdicts .copied button")
    assert browser.value("kept") == office.verdicts["tshark"].iloc[0]
    shown = "document.querySelector('#verdicts .copied button').textContent"
    assert browser.value(shown) == "Copied"
    press(browser, "article.remedy details")
    block = browser.value("document.querySelector('.remedy .command')?.textContent")
    if block is not None:
        press(browser, ".remedy .command + button")
        assert browser.value("kept") == block.strip() + "\n"


def test_clipboard_holds_what_was_copied(
    browser: chromium.Browser, office: Audit, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    browser.allow("clipboardReadWrite")
    press(browser, "#verdicts .opener button")
    press(browser, "#verdicts .copied button")
    assert browser.value("navigator.clipboard.readText()") == office.verdicts["tshark"].iloc[0]


def test_address_brings_another_reader_to_the_same_rows(
    browser: chromium.Browser, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    choose(browser, "clients", "Worst finding", "high")
    search(browser, "clients", "192.0.2")
    press(browser, "#clients thead th:nth-child(2) button")
    place = browser.value("location.hash")
    rows = column(browser, "clients", "Client")
    assert rows
    browser.open(office_page, *DESKTOP, place=place)
    assert column(browser, "clients", "Client") == rows
    browser.open(office_page, *DESKTOP, place="#verdicts?row=2")
    assert browser.value("document.querySelectorAll('#verdicts .detail-row').length") == 1
    assert (
        browser.value("document.querySelector('#verdicts .detail-row').previousSibling.dataset.row")
        == "1"
    )
    # An address that somebody made up shows the page, and harms nothing.
    browser.open(office_page, *DESKTOP, place="#clients?is.Nothing=%3Cb%3E&sort=x&row=9e9&q=%00")
    assert "Runtime.exceptionThrown" not in browser.methods()


def test_names_of_the_first_screen_lead_to_their_verdicts(
    browser: chromium.Browser, office: Audit, make_audit: MakeAudit, tmp_path: Path
) -> None:
    rows = [
        handshake_row(number=1, **OLD_VERSION, **OLD_ANSWER),
        handshake_row(number=2, client="192.0.2.11", server_name="old & odd", **OLD_ANSWER),
    ]
    page = make_audit(rows, policy="bcp195").report(tmp_path)
    browser.open(page, *DESKTOP)
    for selector, title, text in (
        (".named a.mono", "Client", str(rows[0]["client"])),
        (".named a.name", "Service", "old & odd:443"),
    ):
        press(browser, selector)
        browser.value("new Promise(done => setTimeout(done, 50))")
        assert set(column(browser, "verdicts", title)) == {text}


def test_client_opens_to_its_verdicts(browser: chromium.Browser, office_page: Path) -> None:
    browser.open(office_page, *DESKTOP)
    press(browser, "#clients .opener button")
    client = column(browser, "clients", "Client")[0]
    related = browser.value(
        "[...document.querySelectorAll('#clients .related a')].map(each => each.textContent)"
    )
    assert related
    assert all(f": {client} at " in each for each in related)


def test_client_whose_verdicts_are_only_in_the_file_is_not_called_well(
    browser: chromium.Browser,
    make_audit: MakeAudit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 2)
    monkeypatch.setattr(listings, "MOST_ROWS", 2)
    rows = [handshake_row(number=n, server_port=400 + n, **OLD_ANSWER) for n in range(4)]
    rows.append(handshake_row(number=4, client="192.0.2.99", server_port=999, **OLD_ANSWER))
    page = make_audit(rows, policy="bcp195").report(tmp_path)
    browser.open(page, *DESKTOP)
    search(browser, "clients", "192.0.2.99")
    press(browser, "#clients .opener button")
    opened = browser.value("document.querySelector('#clients .detail-row').innerText")
    assert "verdicts.csv" in opened
    assert "keeps working" not in opened


def test_print_holds_the_rows_and_the_page_is_as_before(
    browser: chromium.Browser, make_audit: MakeAudit, tmp_path: Path
) -> None:
    rows = [handshake_row(number=n, client=f"10.0.0.{n}", **OLD_ANSWER) for n in range(120)]
    page = make_audit(rows, policy="bcp195").report(tmp_path)
    browser.open(page, *DESKTOP)
    browser.value(
        """window.printed = 0; addEventListener('beforeprint', () => {
            printed = document.querySelectorAll('#clients tr[data-row]').length; }); 1"""
    )
    pdf = browser.pdf()
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 3
    assert browser.value("printed") == 120
    assert len(column(browser, "clients", "Client")) == 50


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_keeps_assistive_technology_out(
    browser: chromium.Browser, office_page: Path, width: int, dark: bool
) -> None:
    browser.open(office_page, width, 900, dark)
    press(browser, "#verdicts .opener button")
    browser.value(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8") + ";1")
    found: list[dict[str, Any]] = browser.value("axe.run().then(each => each.violations)")
    told = [
        (each["id"], each["impact"], [node["target"] for node in each["nodes"]][:3])
        for each in found
    ]
    assert told == []


def test_everything_can_be_reached_by_keyboard(
    browser: chromium.Browser, office_page: Path
) -> None:
    browser.open(office_page, *DESKTOP)
    unreachable = browser.value(
        """[...document.querySelectorAll('a, button, select, input, summary')]
            .filter(each => each.getClientRects().length && each.tabIndex < 0).length"""
    )
    assert unreachable == 0


def test_page_of_many_clients_answers(
    browser: chromium.Browser, make_audit: MakeAudit, tmp_path: Path
) -> None:
    rows = [
        handshake_row(
            number=n,
            client=f"10.{n // 250 % 250}.{n % 250}.1",
            server_name=f"s{n % 100}.example.test",
            **(OLD_ANSWER if n % 5 else TLS13),
        )
        for n in range(5_000)
    ]
    page = make_audit(rows, policy="bcp195").report(tmp_path)
    browser.open(page, *DESKTOP)
    assert status(browser, "clients") == "5,000 rows"
    assert len(column(browser, "clients", "Client")) == 50
    search(browser, "clients", "10.7.11.1 server-limited")
    assert status(browser, "clients").endswith("of 5,000 rows")
    assert "10.7.11.1" in column(browser, "clients", "Client")
    search(browser, "clients", "")
    press(browser, "#clients button.more")
    assert len(column(browser, "clients", "Client")) == 200
