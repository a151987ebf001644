"""The page in a real browser: it opens from disk, fits the screen, and runs nothing captured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import chromium

if TYPE_CHECKING:
    pass

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_page_fits_the_screen(
    browser: chromium.Browser, office_page: Path, tmp_path: Path, size: str, dark: bool
) -> None:
    width, height = SIZES[size]
    browser.open(office_page, width, height, dark)
    assert browser.value("document.documentElement.scrollWidth") == width
    assert browser.value("getComputedStyle(document.querySelector('h1')).fontSize") != "16px"
    headline = browser.value("document.querySelector('h1').getBoundingClientRect().bottom")
    assert 0 < headline < height, "the answer is on the first screen"
    tables = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert browser.value(f"{tables}.length") == 0, "no table is cut off"
    shot = Path(os.environ.get("TLSAUDIT_SCREENSHOTS", tmp_path)) / f"{size}-{dark}.png"
    browser.screenshot(shot, whole=True)
    assert shot.stat().st_size > 20_000


@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_smaller_than_can_be_read(
    browser: chromium.Browser, office_page: Path, size: str
) -> None:
    browser.open(office_page, *SIZES[size])
    smallest = browser.value(
        """Math.min(...[...document.querySelectorAll('svg.figure text')].map(text => {
            const svg = text.ownerSVGElement;
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            return parseFloat(getComputedStyle(text).fontSize) * scale;
        }))"""
    )
    assert smallest >= 8
    body = browser.value(
        """Math.min(...[...document.querySelectorAll('td, p, li, dd')]
            .filter(each => each.getClientRects().length)
            .map(each => parseFloat(getComputedStyle(each).fontSize)))"""
    )
    assert body >= 13


def test_dark_page_is_dark_and_its_figures_are_readable(
    browser: chromium.Browser, office_page: Path
) -> None:
    browser.open(office_page, *SIZES["desktop"], dark=True)
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    ink = browser.value("getComputedStyle(document.querySelector('svg.figure text')).fill")
    assert ink == "rgb(232, 235, 238)"


def test_page_asks_for_nothing_but_itself(browser: chromium.Browser, office_page: Path) -> None:
    browser.open(office_page, *SIZES["desktop"])
    assert browser.addresses() == [office_page.resolve().as_uri()]
    assert "Log.entryAdded" not in browser.methods(), browser.events


@pytest.mark.parametrize("size", SIZES)
def test_hostile_names_stay_text(browser: chromium.Browser, hostile_page: Path, size: str) -> None:
    width, height = SIZES[size]
    browser.open(hostile_page, width, height)
    own = "[...document.scripts].filter(each => each.type !== 'application/json').length"
    assert browser.value(own) == 1
    assert browser.value("document.images.length") == 0
    assert browser.value("document.body.innerText").count("<script>alert(1)</script>") >= 4
    texts = browser.value(
        "[...document.querySelectorAll('svg.figure text')].map(each => each.textContent)"
    )
    assert any("<script>" in text for text in texts)
    assert "Page.javascriptDialogOpening" not in browser.methods()
    assert browser.addresses() == [hostile_page.resolve().as_uri()]
    assert browser.value("document.documentElement.scrollWidth") == width


def test_every_link_in_the_page_leads_somewhere(
    browser: chromium.Browser, office_page: Path
) -> None:
    browser.open(office_page, *SIZES["desktop"])
    targets = browser.value(
        "[...document.querySelectorAll('a')].map(each => each.getAttribute('href'))"
    )
    for target in targets:
        if target.startswith("#"):
            name = target[1:].partition("?")[0]
            assert browser.value(f"document.getElementById({name!r}) !== null"), target
        else:
            assert (office_page.parent / target).is_file(), target
