"""The table of names against what tshark's fields show, on samples."""

from pathlib import Path

import pytest
from support.names_by_tshark import facts
from support.names_told import told
from support.needs import needs_tshark

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("name", ["http-connect.pcap", "office.pcapng", "rdp.pcap"])
def test_every_name_that_tshark_shows_is_told_and_none_more(name):
    needs_tshark()
    shown = facts(SAMPLES / name)
    assert shown
    mine = told(SAMPLES / name)
    assert {fact[1:] for fact in mine} == {fact[1:] for fact in shown}
    assert mine <= shown, "a frame in which tshark does not show it"
