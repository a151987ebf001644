"""scapy gives the core's table where it can read at all."""

from pathlib import Path
from struct import pack, unpack_from

from support.command import SAMPLES

from tlsaudit.engines.agreement import verify
from tlsaudit.inputs import expand


def test_every_sample_gives_what_scapy_shows():
    samples = [each for each in expand([SAMPLES]) if Path(each.source).parent == SAMPLES]
    result = verify([each for each in samples if ".pcap" in each.name], "scapy")
    assert result.hellos > 500
    assert result.lines()[-1] == "unexplained differences: 0"


def test_hellos_that_the_snap_length_cut_on_both_sides_are_explained(tmp_path):
    # The client's record is still waited for when the server's has already been given up.
    capture = tmp_path / "cut.pcap"
    whole = (SAMPLES / "tls13-draft-28.pcap").read_bytes()
    written, at = bytearray(whole[:24]), 24
    while at < len(whole):
        seconds, fraction, captured, original = unpack_from("<4I", whole, at)
        kept = min(captured, 96)
        written += pack("<4I", seconds, fraction, kept, original)
        written += whole[at + 16 : at + 16 + kept]
        at += 16 + captured
    capture.write_bytes(written)
    result = verify([*expand([capture])], "scapy")
    assert result.lines()[-1] == "unexplained differences: 0"
    assert any("client-hello-in-part" in line for line in result.lines())
