"""Event traces of Windows around the packets of samples give the rows of the samples."""

import struct
import sys
from pathlib import Path

import pytest

import tlsaudit

SAMPLES = Path(__file__).parents[2] / "samples"
sys.path.append(str(SAMPLES / "makers"))

import event_traces  # noqa: E402

NAMES = ["tls10-3des.pcap", "tls12-resumed-ticket.pcap", "post-quantum.pcap", "small-segments.pcap"]
# What depends on the container and not on the packets.
OWN = ["capture", "client_process", "client_pid", "client_process_basis"]


def frames_of(name):
    return event_traces.packets_of_pcap((SAMPLES / name).read_bytes())


def written(path, events, **options):
    path.write_bytes(b"".join(event_traces.trace(events, **options)))
    return tlsaudit.audit(path)


def is_syn(frame):
    """Whether an Ethernet frame of IPv4 is a SYN that nobody answered yet."""
    return frame.data[12:14] == b"\x08\x00" and frame.data[47] & 0x12 == 0x02


def ends(frame):
    """The source and the destination of a frame of IPv4."""
    source, target = (".".join(map(str, frame.data[at : at + 4])) for at in (26, 30))
    ports = struct.unpack_from(">HH", frame.data, 34)
    return (source, ports[0]), (target, ports[1])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_packets_of_ndiscap_give_the_same_rows(tmp_path, name, compressed):
    frames = frames_of(name)
    events = [event_traces.ndiscap(frame) for frame in frames]
    found = written(tmp_path / "a.etl", events, start=frames[0].time, compressed=compressed)
    expected = tlsaudit.audit(SAMPLES / name)
    assert list(found.captures["format"]) == ["etl"]
    assert found.captures["remarks"].isna().all()
    assert len(found.handshakes) > 0
    left, right = (audit.handshakes.drop(columns=OWN) for audit in (found, expected))
    assert left.to_dict("records") == right.to_dict("records") or left.equals(right)


def test_processes_come_from_connection_events_else_from_the_syn(tmp_path):
    frames = frames_of("tls10-3des.pcap")
    syn = next(frame for frame in frames if is_syn(frame))
    client, server = ends(syn)
    start = frames[0].time
    packets = [
        event_traces.ndiscap(frame, sender=4242 if ends(frame)[0] == client else None)
        for frame in frames
    ]
    program = event_traces.started(4242, r"\Device\HarddiskVolume3\Old\ledger.exe", start)
    likely = written(tmp_path / "likely.etl", [program, *packets], start=start).handshakes.iloc[0]
    assert likely["client_process"] == "ledger.exe"
    assert (likely["client_pid"], likely["client_process_basis"]) == (4242, "syn")
    certain = [event_traces.connected(client, server, 77, syn.time), program, *packets]
    row = written(tmp_path / "certain.etl", certain, start=start).handshakes.iloc[0]
    assert (row["client_pid"], row["client_process_basis"]) == (77, "connection-event")


def test_pktmon_gives_each_packet_once_and_says_what_is_cut(tmp_path):
    frames = frames_of("tls10-3des.pcap")
    events = []
    for frame in frames:
        events += [event_traces.pktmon(frame, component) for component in (3, 7, 12)]
        events.append(event_traces.pktmon(frame, 3, dropped=True))
    audit = written(tmp_path / "a.etl", events, start=frames[0].time, compressed=True, lost=9)
    capture = audit.captures.iloc[0]
    long = sum(len(frame.data) > 128 for frame in frames)
    assert long > 0
    assert (capture["frames"], capture["truncated_frames"]) == (len(frames), long)
    assert capture["frames_repeated"] == 2 * len(frames)
    assert (capture["frames_dropped"], capture["events_lost"]) == (len(frames), 9)
    assert capture["windows_build"] == 22621
    assert "Windows lost 9 events" in capture["remarks"]
    assert f"{long} packets were cut to 128 bytes" in capture["remarks"]
    assert "`pktmon start --capture --pkt-size 0`" in capture["remarks"]
