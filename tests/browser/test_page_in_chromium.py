"""The page in a real browser: it opens from disk, fits the screen, and runs nothing captured."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.watched import watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
Show = Callable[..., "Page"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_page_fits_the_screen(
    show: Show, office_page: Path, tmp_path: Path, size: str, dark: bool
) -> None:
    width, height = SIZES[size]
    page = show(office_page, width, height, dark)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    headline = page.locator("h1")
    assert headline.evaluate("each => getComputedStyle(each).fontSize") != "16px"
    bottom = headline.evaluate("each => each.getBoundingClientRect().bottom")
    assert 0 < bottom < height, "the answer is on the first screen"
    cut_off = page.locator(".scroll").evaluate_all(
        "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert cut_off == 0, "no table is cut off"
    shot = Path(os.environ.get("TLSAUDIT_SCREENSHOTS", tmp_path)) / f"{size}-{dark}.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 20_000


@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_smaller_than_can_be_read(show: Show, office_page: Path, size: str) -> None:
    page = show(office_page, *SIZES[size])
    in_figures = page.locator("svg.figure text").evaluate_all(
        """all => all.map(text => {
            const svg = text.ownerSVGElement;
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            return parseFloat(getComputedStyle(text).fontSize) * scale;
        })"""
    )
    assert min(in_figures) >= 8
    in_body = page.locator("td, p, li, dd").evaluate_all(
        """all => all.filter(each => each.getClientRects().length)
            .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    )
    assert min(in_body) >= 13


def test_dark_page_is_dark_and_its_figures_are_readable(show: Show, office_page: Path) -> None:
    page = show(office_page, dark=True)
    ground = page.locator("body").evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == "rgb(20, 23, 27)"
    ink = page.locator("svg.figure text").first.evaluate("each => getComputedStyle(each).fill")
    assert ink == "rgb(232, 235, 238)"


@pytest.mark.parametrize("size", SIZES)
def test_hostile_names_stay_text(show: Show, hostile_page: Path, size: str) -> None:
    width, height = SIZES[size]
    page = show(hostile_page, width, height)
    assert page.locator("script:not([type='application/json'])").count() == 1
    assert page.locator("img").count() == 0
    assert page.locator("body").inner_text().count("<script>alert(1)</script>") >= 4
    texts = page.locator("svg.figure text").all_text_contents()
    assert any("<script>" in text for text in texts)
    for button in page.locator(".opener button").all():
        button.press("Enter")
    assert page.locator(".detail-row").count() >= 3
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_link_in_the_page_leads_somewhere(show: Show, office_page: Path) -> None:
    page = show(office_page)
    targets = page.locator("a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert targets
    for target in targets:
        if target.startswith("#"):
            name = target[1:].partition("?")[0]
            assert page.locator(f"[id='{name}']").count() == 1, target
        else:
            assert (office_page.parent / target).is_file(), target


def test_page_that_does_more_is_noticed(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<img src=none.png><script>alert(1); console.error(2); nothing()</script>")
    page = browser.new_page()
    seen = watch(page)
    page.goto(bad.as_uri())
    page.close()
    assert seen.addresses == [bad.as_uri(), (tmp_path / "none.png").as_uri()]
    kinds = sorted(each.partition(":")[0] for each in seen.complaints)
    assert kinds == ["console", "console", "dialog", "error", "failed"]
