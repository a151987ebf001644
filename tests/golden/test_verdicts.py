"""Verdicts of the samples: real stacks and made ones, each the scene of a verdict."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from support.needs import needs_tshark

import tlsaudit

SAMPLES = Path(__file__).parents[2] / "samples"

# The sample; per client and stack the verdict, its confidence or cause, and the remedy.
SCENES = {
    # A client of TLS 1.0 alone, of three libraries and three transports.
    "tls10-openssl.pcap": [("will break", "medium", "find-the-program")],
    "tls10-gnutls.pcap": [("will break", "medium", "find-the-program")],
    "ssl2-format-hello.pcap": [("will break", "medium", "find-the-program")],
    "dtls10-openssl.pcap": [("will break", "medium", "find-the-program")],
    # A client of TLS 1.2 and one of 1.3 at an old server.
    "tls12-offered-tls10-answered.pcap": [("server-limited", "high", "server-version")] * 2,
    # Nothing but 3DES, or nothing that encrypts, in common.
    "tls12-3des.pcap": [("cipher-limited", "high", "cipher-suites-client")],
    "tls12-null-cipher.pcap": [("cipher-limited", "high", "cipher-suites-client")],
    # A ladder: the better hello is refused, a lower one follows on the same connection.
    "second-try-on-one-stream.pcap": [
        ("refused already", "high", "refused"),
        ("fallback", "medium", "fallback"),
    ],
    # Clients that say that they fall back.
    "fallback-scsv.pcap": [("fallback", "high", "fallback")] * 2,
    # The mark of the server clears the server; the client stays below.
    "downgrade-sentinels.pcap": [
        ("will break", "medium", "find-the-program"),
        ("ready", "high", None),
    ],
    # Refused with an alert, a reset, a close; at a port that does not speak TLS.
    "refused-handshake-failure.pcap": [("refused already", "high", "cipher-suites-client")],
    "refused-reset.pcap": [("refused already", "medium", "find-the-program")],
    "tls-to-http-port.pcap": [("refused already", "medium", "refused")],
    # Resumed sessions.
    "tls12-resumed-ticket.pcap": [("ready", "high", None)],
    "tls13-resumed-psk.pcapng.gz": [("ready", "high", None)],
    # One direction, packets cut, no answer.
    "client-side-only.pcap": [("unknown", "one-direction", "capture-better")],
    "server-side-only.pcap": [("ready", "medium", None)],
    "snap-length-cut.pcap": [("unknown", "truncated", "capture-better")],
    "unanswered.pcap": [("unknown", "unanswered", "capture-better")],
    # The imitations of media relays are no clients; the real old one beside them is.
    "media-relay.pcap": [("will break", "medium", "find-the-program")],
    # A certificate that is refused is no matter of the policy.
    "failed-unknown-authority.pcap": [("ready", "high", None)],
}


@pytest.mark.parametrize("name", SCENES)
def test_each_scene_has_its_verdict(name: str) -> None:
    verdicts = tlsaudit.audit(SAMPLES / name).verdicts
    told = verdicts["confidence"].astype("object").fillna(verdicts["because"].astype("object"))
    remedies = [each if isinstance(each, str) else None for each in verdicts["remedy"]]
    found = set(zip(verdicts["verdict"], told, remedies, strict=True))
    assert found == set(SCENES[name])


@pytest.mark.parametrize("name", SCENES)
def test_each_command_selects_the_evidence(name: str) -> None:
    needs_tshark()
    verdicts = tlsaudit.audit(SAMPLES / name).verdicts
    for command, frames in zip(verdicts["tshark"], verdicts["frames"], strict=True):
        words = [*shlex.split(command), "-T", "fields", "-e", "frame.number"]
        shown = subprocess.run(words, capture_output=True, text=True, check=True)
        assert [int(each) for each in shown.stdout.split()] == sorted(frames)
