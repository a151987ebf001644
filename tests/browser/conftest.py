"""One browser for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import chromium
from support.needs import without

if TYPE_CHECKING:
    from tlsaudit import Audit


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    program = chromium.find()
    if program is None:
        without("Chromium is not installed")
    with chromium.started(program, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="session")
def office_page(office: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return office.report(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def hostile_page(hostile: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile.report(tmp_path_factory.mktemp("hostile"))
