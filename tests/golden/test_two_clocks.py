"""One capture of two interfaces whose clocks differ: the answer stands before its question.

Every sample of plain Ethernet and TCP is written anew with the frames of one side of each
connection some places late, as if their clock were behind; what the rows mean stays the same.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter, RawPcapReader

from tlsaudit import engines

SAMPLES = Path(__file__).parents[2] / "samples"
# A connection begins right behind another one on its ports: the sides of the two mix.
MIXED = "port-reused"
LONGEST = 150  # frames; the largest samples say nothing that the others don't
ETHERNET = 1
PCAP = b"\xd4\xc3\xb2\xa1"  # little-endian, microseconds

# What a row means, as opposed to where and when it was seen.
MEANING = [
    "carrier", "client", "client_port", "server", "server_port", "server_name", "ja3", "ja3s",
    "negotiated_version", "negotiated_cipher_suite", "hello_retry_request", "outcome",
    "alert_description", "handshake", "payload_bytes", "end",
]  # fmt: skip

# Whether the server hung up on the hello or the client on the silence is told by the order of the
# frames alone.
NO_ANSWER = {"rejected": "no answer", "unanswered": "no answer"}


def frames_of(path):
    """Frames and their times, or nothing where the sample is no short pcap of Ethernet."""
    if path.read_bytes()[:4] != PCAP:
        return []
    with RawPcapReader(str(path)) as reader:
        if reader.linktype != ETHERNET:
            return []
        frames = [(bytes(data), (meta.sec, meta.usec)) for data, meta in reader]
    return frames if len(frames) <= LONGEST else []


def connections_of(frames):
    """Places of the frames of each connection, and whether the one who began it sent them."""
    connections = defaultdict(list)
    first = {}
    for place, (data, _) in enumerate(frames):
        packet = Ether(data)
        ip = packet.getlayer(IP) or packet.getlayer(IPv6)
        if ip is None or not isinstance(ip.payload, TCP):
            continue
        source, destination = (ip.src, ip[TCP].sport), (ip.dst, ip[TCP].dport)
        key = tuple(sorted((source, destination)))
        if ip[TCP].flags.S and not ip[TCP].flags.A:
            first.setdefault(key, source)
        connections[key].append((place, source))
    return {
        key: [(place, source == first[key]) for place, source in places]
        for key, places in connections.items()
        if key in first
    }


def late(frames, connections, by, client):
    """The frames with those of one side `by` places late in each connection; times ascend."""
    moved = list(frames)
    for places in connections.values():
        sides = [is_client for _, is_client in places]
        turns = [at + (by + 0.5) * (side == client) for at, side in enumerate(sides)]
        order = sorted(range(len(places)), key=turns.__getitem__)
        for (place, _), at in zip(places, order, strict=True):
            moved[place] = frames[places[at][0]]
    return [(data, ts) for (data, _), (_, ts) in zip(moved, frames, strict=True)]


def write(path, frames):
    with PcapWriter(str(path), linktype=ETHERNET, nano=False) as writer:
        writer.write_header(None)
        for data, (second, part) in frames:
            writer.write_packet(data, sec=second, usec=part)


def meaning(path):
    table = engines.read_handshakes(str(path))
    rows = table.loc[table["transport"] == "tcp", MEANING].astype({"outcome": str, "end": str})
    # Who ended it first is told by the order of the frames, that it ended is not.
    ended = rows["end"].where(rows["end"] == "open", "ended")
    rows = rows.assign(outcome=rows["outcome"].replace(NO_ANSWER), end=ended)
    return sorted(map(str, rows.itertuples(index=False, name=None)))


SAMPLES_TRIED = [path for path in sorted(SAMPLES.glob("*.pcap")) if path.stem != MIXED]
SHORT = {
    path.stem: (frames, connections)
    for path in SAMPLES_TRIED
    if (frames := frames_of(path)) and (connections := connections_of(frames))
}


def test_there_are_samples_to_try():
    assert len(SHORT) > 30


@pytest.mark.parametrize("client", [True, False], ids=["client-late", "server-late"])
@pytest.mark.parametrize("by", [2, 40])
def test_the_order_between_the_sides_changes_no_row(by, client, tmp_path):
    differ = {}
    for name, (frames, connections) in SHORT.items():
        path = tmp_path / f"{name}.pcap"
        write(path, frames)
        expected = meaning(path)
        write(path, late(frames, connections, by, client))
        found = meaning(path)
        if found != expected:
            differ[name] = (sorted(set(expected) - set(found)), sorted(set(found) - set(expected)))
    assert not differ


def one_side(name, client):
    """The frames of one side of the first connection of a sample."""
    frames, connections = SHORT[name]
    places = next(iter(connections.values()))
    return [frames[place] for place, is_client in places if is_client == client]


def renumbered(frames, sequence, acknowledgement):
    """The same segments with other sequence numbers: another connection on the same ports."""
    changed = []
    for data, ts in frames:
        packet = Ether(data)
        packet[TCP].seq = (packet[TCP].seq + sequence) % 2**32
        packet[TCP].ack = (packet[TCP].ack + acknowledgement) % 2**32
        changed.append((bytes(packet), ts))
    return changed


@pytest.mark.parametrize("sequence", [900_000, -900_000])
@pytest.mark.parametrize("client", [True, False], ids=["client-only", "server-only"])
def test_one_side_alone_gives_a_row_for_each_connection_on_the_same_ports(
    sequence, client, tmp_path
):
    first = one_side("smtp-starttls", client)
    path = tmp_path / "one-side.pcap"
    write(path, first)
    expected = meaning(path)
    assert len(expected) == 1
    write(path, first + renumbered(first, sequence, 90_000))
    assert meaning(path) == expected * 2
