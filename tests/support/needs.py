"""What some tests need beside the project, and what becomes of them where it is not there.

Not everybody has the corpus of real captures or may install programs, so such a test is skipped
there. With `TLSAUDIT_REQUIRE_ALL` nothing may be missing, and it fails.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def needs_tshark() -> None:
    """Skip or fail where tshark is not installed."""
    needs_program("tshark")


def needs_program(name: str) -> None:
    """Skip or fail where a program is not installed."""
    if shutil.which(name) is None:
        without(f"{name} is not installed")


def corpus_folder() -> Path:
    """Give the folder that `TLSAUDIT_CORPUS` names; skip or fail where it names none."""
    named = os.environ.get("TLSAUDIT_CORPUS")
    if not named:
        without("TLSAUDIT_CORPUS names no corpus of captures")
    return Path(named)


def without(what: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be missing."""
    if os.environ.get("TLSAUDIT_REQUIRE_ALL"):
        pytest.fail(what)
    pytest.skip(what)
