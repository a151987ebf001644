"""Real event traces of Windows: packets of one, and clear sentences for those without."""

import subprocess

import pytest
from support.command import run
from support.needs import corpus_folder, needs_tshark

import tlsaudit


@pytest.fixture(scope="module")
def traces():
    """The folder of the real traces."""
    return corpus_folder() / "windows/etl"


def test_a_compressed_trace_of_pktmon_gives_each_packet_once(traces):
    """Server 2022 pinged: 19 requests at two components each, 19 replies at four."""
    capture = tlsaudit.audit(traces / "pktmon_demikernel.etl").captures.iloc[0]
    assert (capture["frames"], capture["frames_repeated"]) == (38, 76)
    assert (capture["windows_build"], capture["undecoded_frames"]) == (20348, 0)
    assert "eth3, 00:22:48:7b:b3:80" in capture["remarks"]


def test_a_trace_of_ndiscap_gives_its_handshake(traces):
    """Made from a capture of TLS 1.2 by pre-shared key: split packets, two processors."""
    audit = tlsaudit.audit(traces / "synth_ndiscap.etl")
    assert audit.captures.iloc[0]["frames"] == 9
    row = audit.handshakes.iloc[0]
    assert (row["server_name"], row["outcome"]) == ("localhost", "completed")
    assert row["negotiated_cipher_suite"] == 0x00A9
    assert (row["client_pid"], row["client_process_basis"]) == (4242, "client-hello")


@pytest.mark.parametrize("name", ["airbus_AMSITrace", "airbus_Shutdown", "airbus_lxcore"])
def test_a_trace_without_packets_says_so(traces, name):
    with pytest.raises(tlsaudit.CaptureError) as caught:
        tlsaudit.audit(traces / f"{name}.etl")
    assert "event trace of Windows (.etl) without packets" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "layers", "frames"),
    [
        ("pktmon_demikernel", "eth:ethertype:ip:icmp:data", 38),
        ("synth_ndiscap", "eth:ethertype:ip:tcp:tls", 9),
    ],
)
def test_tshark_dissects_what_a_trace_converts_to(traces, tmp_path, name, layers, frames):
    needs_tshark()
    target = tmp_path / "out.pcapng"
    done = run("convert", str(traces / f"{name}.etl"), "-o", str(target))
    assert done.code == 0, done.messages
    command = ["tshark", "-r", str(target), "-T", "fields", "-e", "frame.protocols"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == frames
    assert all(layers in line for line in lines)
