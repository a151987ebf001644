"""What the tests of second engines need: that they are there."""

from __future__ import annotations

import os
import shutil

import pytest


def needs_tshark() -> None:
    """Skip where tshark is not installed; where everything must run, fail."""
    if shutil.which("tshark") is None:
        if os.environ.get("TLSAUDIT_REQUIRE_ALL"):
            pytest.fail("tshark is not installed")
        pytest.skip("tshark is not installed")
