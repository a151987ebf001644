"""The carriers that the core names are those that are documented, and each has its evidence."""

from pathlib import Path

import pytest

from tlsaudit import _core
from tlsaudit.schema.carriers import CARRIERS

ROOT = Path(__file__).parents[2]

# Real captures of them are compared by `tests/corpus`; TEAP's bytes by the core's own tests.
CHECKED_ON_CAPTURES_ONLY = {"anyconnect", "capwap", "dtls-srtp", "quic", "rdp-udp", "teap", "turn"}


def test_the_documented_carriers_are_those_of_the_core():
    assert [carrier.name for carrier in CARRIERS] == _core.carriers()


@pytest.mark.parametrize("carrier", CARRIERS, ids=[carrier.name for carrier in CARRIERS])
def test_sample_and_test_of_a_carrier_exist(carrier):
    assert carrier.sample or carrier.test or carrier.name in CHECKED_ON_CAPTURES_ONLY
    if carrier.sample:
        assert (ROOT / "samples" / carrier.sample).is_file()
    if carrier.test:
        file, _, name = carrier.test.partition("::")
        source = ROOT / "rust/wire/tests/handshakes" / f"{file}.rs"
        assert f"fn {name}()" in source.read_text(encoding="utf-8")
    assert len(carrier.seen_by) == 4
    assert set(carrier.seen_by) <= set("ynp?")
