"""The tables of the page in a real browser: searched, filtered, sorted, opened, sent, printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tables import OLD_ANSWER, OLD_VERSION, TLS13, handshake_row

from tlsaudit.reports.page import listing, listings

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tlsaudit import Audit

Show = Callable[..., "Page"]
MakeAudit = Callable[..., "Audit"]


def column(page: Page, name: str, title: str) -> list[str]:
    """The texts that a table shows in a column."""
    cells = page.locator(f"#{name} tr[data-row] [data-label='{title}']")
    return [text.strip() for text in cells.all_inner_texts()]


def status(page: Page, name: str) -> str:
    return page.locator(f"#{name}").get_by_role("status").inner_text()


def search(page: Page, name: str, words: str) -> None:
    page.locator(f"#{name}").get_by_label("Search").fill(words)


def choose(page: Page, name: str, title: str, value: str) -> None:
    page.locator(f"#{name} .controls").get_by_label(title).select_option(value)


def sort(page: Page, name: str, title: str) -> None:
    page.locator(f"#{name} thead").get_by_text(title, exact=True).click()


def open_first(page: Page, name: str) -> Locator:
    """Open the first row of a table, and give what it shows then."""
    page.locator(f"#{name} .opener button").first.click()
    return page.locator(f"#{name} .detail-row")


def test_search_and_filter_show_the_rows_that_the_table_has(
    show: Show, office: Audit, office_page: Path
) -> None:
    page = show(office_page)
    clients = office.clients
    assert sorted(column(page, "clients", "Client")) == sorted(clients["client"])
    search(page, "clients", "2001:DB8")
    wanted = sorted(each for each in clients["client"] if each.startswith("2001:db8"))
    assert sorted(column(page, "clients", "Client")) == wanted
    assert status(page, "clients") == f"{len(wanted)} of {len(clients)} rows"
    search(page, "clients", "")
    choose(page, "clients", "Worst finding", "high")
    high = clients[clients["worst_severity"] == "high"]
    assert sorted(column(page, "clients", "Client")) == sorted(high["client"])
    search(page, "clients", "nobody is called this")
    assert column(page, "clients", "Client") == []


def test_columns_are_sorted_as_their_values_are(
    show: Show, office: Audit, office_page: Path
) -> None:
    from tlsaudit.addresses import in_order

    page = show(office_page)
    sort(page, "clients", "Client")
    assert column(page, "clients", "Client") == in_order(office.clients["client"])
    sort(page, "clients", "Client")
    assert column(page, "clients", "Client") == in_order(office.clients["client"])[::-1]
    told = page.locator("#clients [aria-sort]")
    assert told.get_attribute("aria-sort") == "descending"
    assert told.inner_text().strip() == "Client"
    sort(page, "clients", "Handshakes")
    numbers = [int(each) for each in column(page, "clients", "Handshakes")]
    assert numbers == sorted(numbers, reverse=True)


def test_verdict_opens_to_its_frames_and_both_hellos(
    show: Show, office: Audit, office_page: Path
) -> None:
    page = show(office_page)
    opened = open_first(page, "verdicts").inner_text()
    assert str(office.verdicts["tshark"].iloc[0]) in opened
    assert "Offered: ClientHello" in opened
    assert "Chosen: ServerHello" in opened
    button = page.locator("#verdicts .opener button").first
    assert button.get_attribute("aria-expanded") == "true"
    assert button.evaluate("each => each === document.activeElement")
    button.press("Enter")
    assert page.locator("#verdicts .detail-row").count() == 0


def test_clipboard_holds_the_command_as_it_is_shown(
    show: Show, office: Audit, office_page: Path
) -> None:
    page = show(office_page)
    opened = open_first(page, "verdicts")
    opened.get_by_role("button", name="Copy", exact=True).click()
    opened.get_by_role("button", name="Copied", exact=True).wait_for()
    read = "navigator.clipboard.readText()"
    assert page.evaluate(read) == office.verdicts["tshark"].iloc[0]
    remedies = page.locator("article.remedy details")
    remedies.evaluate_all("all => all.forEach(each => { each.open = true; })")
    block = page.locator(".remedy .command").first
    beside = page.locator(".remedy .command + button").first
    beside.click()
    page.locator(".remedy").get_by_role("button", name="Copied").wait_for()
    assert page.evaluate(read) == block.inner_text().strip() + "\n"


def test_browser_without_a_clipboard_for_pages_copies_all_the_same(
    show: Show, office: Audit, office_page: Path
) -> None:
    page = show(office_page)
    page.evaluate(
        """() => {
            navigator.clipboard.writeText = () => Promise.reject(new Error("not from disk"));
            document.addEventListener("copy", () => { window.kept = getSelection().toString(); });
        }"""
    )
    opened = open_first(page, "verdicts")
    opened.get_by_role("button", name="Copy", exact=True).click()
    opened.get_by_role("button", name="Copied", exact=True).wait_for()
    assert page.evaluate("kept") == office.verdicts["tshark"].iloc[0]


def test_address_brings_another_reader_to_the_same_rows(show: Show, office_page: Path) -> None:
    page = show(office_page)
    choose(page, "clients", "Worst finding", "high")
    search(page, "clients", "192.0.2")
    sort(page, "clients", "Client")
    place = page.evaluate("location.hash")
    rows = column(page, "clients", "Client")
    assert rows
    other = show(office_page, place=place)
    assert column(other, "clients", "Client") == rows
    other = show(office_page, place="#verdicts?row=2")
    assert other.locator("#verdicts .detail-row").count() == 1
    assert other.locator("#verdicts tr[data-row='1'] + .detail-row").count() == 1
    # An address that somebody made up shows the page, and harms nothing.
    other = show(office_page, place="#clients?is.Nothing=%3Cb%3E&sort=x&row=9e9&q=%00")
    assert status(other, "clients").startswith("0 of ")


def test_names_of_the_first_screen_lead_to_their_verdicts(
    show: Show, make_audit: MakeAudit, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    rows = [
        handshake_row(number=1, **OLD_VERSION, **OLD_ANSWER),
        handshake_row(number=2, client="192.0.2.11", server_name="old & odd", **OLD_ANSWER),
    ]
    page = show(make_audit(rows, policy="bcp195").report(tmp_path))
    for selector, title, text in (
        (".named a.mono", "Client", str(rows[0]["client"])),
        (".named a.name", "Service", "old & odd:443"),
    ):
        page.locator(selector).first.click()
        expect(page.locator("#verdicts").get_by_role("status")).to_have_text("1 of 2 rows")
        assert set(column(page, "verdicts", title)) == {text}


def test_client_opens_to_its_verdicts(show: Show, office_page: Path) -> None:
    page = show(office_page)
    related = open_first(page, "clients").locator(".related a").all_inner_texts()
    client = column(page, "clients", "Client")[0]
    assert related
    assert all(f": {client} at " in each for each in related)


def test_client_whose_verdicts_are_only_in_the_file_is_not_called_well(
    show: Show, make_audit: MakeAudit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 2)
    monkeypatch.setattr(listings, "MOST_ROWS", 2)
    rows = [handshake_row(number=n, server_port=400 + n, **OLD_ANSWER) for n in range(4)]
    rows.append(handshake_row(number=4, client="192.0.2.99", server_port=999, **OLD_ANSWER))
    page = show(make_audit(rows, policy="bcp195").report(tmp_path))
    search(page, "clients", "192.0.2.99")
    opened = open_first(page, "clients").inner_text()
    assert "verdicts.csv" in opened
    assert "keeps working" not in opened


def test_print_holds_the_rows_and_the_page_is_as_before(
    show: Show, make_audit: MakeAudit, tmp_path: Path
) -> None:
    rows = [handshake_row(number=n, client=f"10.0.0.{n}", **OLD_ANSWER) for n in range(120)]
    page = show(make_audit(rows, policy="bcp195").report(tmp_path))
    page.evaluate(
        """addEventListener("beforeprint", () => {
            window.printed = document.querySelectorAll("#clients tr[data-row]").length;
        })"""
    )
    pdf = page.pdf(print_background=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 3
    assert page.evaluate("printed") == 120
    assert len(column(page, "clients", "Client")) == 50


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_keeps_assistive_technology_out(
    show: Show, office_page: Path, width: int, dark: bool
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = show(office_page, width, dark=dark)
    open_first(page, "verdicts")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_everything_can_be_reached_by_keyboard(show: Show, office_page: Path) -> None:
    page = show(office_page)
    unreachable = page.locator("a, button, select, input, summary").evaluate_all(
        "all => all.filter(each => each.getClientRects().length && each.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_page_of_many_clients_answers(show: Show, make_audit: MakeAudit, tmp_path: Path) -> None:
    rows = [
        handshake_row(
            number=n,
            client=f"10.{n // 250 % 250}.{n % 250}.1",
            server_name=f"s{n % 100}.example.test",
            **(OLD_ANSWER if n % 5 else TLS13),
        )
        for n in range(5_000)
    ]
    page = show(make_audit(rows, policy="bcp195").report(tmp_path))
    assert status(page, "clients") == "5,000 rows"
    assert len(column(page, "clients", "Client")) == 50
    search(page, "clients", "10.7.11.1 server-limited")
    assert status(page, "clients").endswith("of 5,000 rows")
    assert "10.7.11.1" in column(page, "clients", "Client")
    search(page, "clients", "")
    page.locator("#clients button.more").click()
    assert len(column(page, "clients", "Client")) == 200
