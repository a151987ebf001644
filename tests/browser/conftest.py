"""A real Chromium for the tests of pages, and a watch over what each page does in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.needs import without
from support.watched import watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tlsaudit import Audit

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


# While Playwright runs, its event loop is the thread's: other tests need that for their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        without("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        yield running
        running.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a file in a window of its own.

    At the end of the test every page must have asked for itself alone and made no complaint.
    """
    opened = []

    def open_page(
        path: Path, width: int = 1280, height: int = 900, dark: bool = False, place: str = ""
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            is_mobile=width < 700,
            color_scheme="dark" if dark else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        address = path.resolve().as_uri()
        opened.append((context, address, watch(page)))
        page.goto(address + place)
        return page

    yield open_page
    for context, address, seen in opened:
        context.close()
        assert seen.complaints == []
        assert set(seen.addresses) == {address}


@pytest.fixture(scope="session")
def office_page(office: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return office.report(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def hostile_page(hostile: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile.report(tmp_path_factory.mktemp("hostile"))
