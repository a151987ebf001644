"""scapy gives the core's table where it can read at all."""

from pathlib import Path

from support.command import SAMPLES

from tlsaudit.engines.agreement import verify
from tlsaudit.inputs import expand


def test_every_sample_gives_what_scapy_shows():
    samples = [each for each in expand([SAMPLES]) if Path(each.source).parent == SAMPLES]
    result = verify([each for each in samples if ".pcap" in each.name], "scapy")
    assert result.hellos > 500
    assert result.lines()[-1] == "unexplained differences: 0"
