"""JA4 as its authors publish it, on captures that they published too."""

import tomllib
from pathlib import Path

import pytest

PUBLISHED = tomllib.loads(
    Path(__file__).with_name("ja4_published.toml").read_text(encoding="utf-8")
)["capture"]


@pytest.mark.parametrize("published", PUBLISHED, ids=[each["name"] for each in PUBLISHED])
def test_ja4_is_the_published_one(published, corpus):
    """Every published stream has its fingerprint; of TCP, because those of QUIC begin with q."""
    rows = corpus.rows[published["name"]]
    found = {row["stream"]: row["ja4"] for row in rows if (row["ja4"] or "").startswith("t")}
    streams = {stream: ja4 for ja4, numbers in published["streams"].items() for stream in numbers}
    assert {stream: found.get(stream) for stream in streams} == streams
