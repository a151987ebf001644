"""What a snap length leaves of a hello is told, wherever in its connection the hello stands."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tlsaudit import engines

SAMPLES = Path(__file__).parents[2] / "samples"
PCAP = b"\xd4\xc3\xb2\xa1"  # little-endian, microseconds


def cut(whole, length):
    """A pcap file whose frames were captured up to so many bytes."""
    parts, at = [whole[:24]], 24
    while at < len(whole):
        time, captured, original = struct.unpack_from("<8sII", whole, at)
        kept = min(captured, length)
        parts += [struct.pack("<8sII", time, kept, original), whole[at + 16 : at + 16 + kept]]
        at += 16 + captured
    return b"".join(parts)


def hellos(path):
    rows = engines.read_handshakes(str(path))
    rows = rows[rows["transport"] == "tcp"].dropna(subset=["client_hello_frame"])
    return rows.set_index("client_hello_frame")


# Samples whose first hello stands behind a dialogue, and whether its segments fit in 170 bytes.
DIALOGUES = {
    "smtp-starttls": True,
    "imap-starttls": False,
    "pop3-starttls": True,
    "ldap-starttls": True,
    "postgresql": True,
    "ftp-tls": True,
    "http-connect": False,
    "xmpp-starttls": False,
}


@pytest.mark.parametrize("name", DIALOGUES)
@pytest.mark.parametrize("length", [170, 200])
def test_a_hello_behind_a_dialogue_is_told_when_cut(name, length, tmp_path):
    path = SAMPLES / f"{name}.pcap"
    whole = path.read_bytes()
    assert whole[:4] == PCAP
    (tmp_path / "cut.pcap").write_bytes(cut(whole, length))
    # What a server does not answer as TLS may be none, where the dialogue before it was cut.
    expected = hellos(path).dropna(subset=["server_hello_frame"])
    found = hellos(tmp_path / "cut.pcap").reindex(expected.index)
    assert found["client_legacy_version"].equals(expected["client_legacy_version"])
    for frame, suites in found["client_cipher_suites"].items():
        assert list(suites) == list(expected.at[frame, "client_cipher_suites"])[: len(suites)]
        assert len(suites) > 0
    if DIALOGUES[name]:
        assert found["carrier"].equals(expected["carrier"])
