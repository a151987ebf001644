"""Wireshark's dissectors give the core's table."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.command import ROOT, SAMPLES, run
from support.needs import corpus_folder, needs_tshark

import tlsaudit
from tlsaudit import CaptureError
from tlsaudit.engines import tshark
from tlsaudit.engines.agreement import agreement, read_both, verify
from tlsaudit.engines.known_differences import KNOWN_DIFFERENCES
from tlsaudit.inputs import Input, expand

RETRY = SAMPLES / "tls13-retry-request.pcap"


@pytest.fixture(autouse=True)
def _tshark():
    needs_tshark()


@pytest.fixture(scope="module")
def samples():
    """The core's reading of every sample, and Wireshark's."""
    needs_tshark()
    return read_both([each for each in expand([SAMPLES]) if _is_sample(each)], "tshark", tshark)


def _is_sample(item):
    return Path(item.source).parent == SAMPLES and ".pcap" in item.name


def test_every_sample_gives_what_wireshark_shows(samples):
    result = agreement(*samples, "tshark", tshark)
    assert result.hellos > 400
    assert result.lines()[-1] == "unexplained differences: 0"


def another_suite(rows):
    return rows.assign(negotiated_cipher_suite=rows["negotiated_cipher_suite"] + 1)


def another_frame(rows):
    return rows.assign(client_hello_frame=rows["client_hello_frame"] + 1)


def another_stream(rows):
    return rows.assign(stream=rows["stream"] + 1)


def all_in_part(rows):
    return rows.assign(client_hello_complete=False)


def nothing(rows):
    return rows.iloc[:0]


@pytest.mark.parametrize(
    "mistake", [another_suite, another_frame, another_stream, all_in_part, nothing]
)
def test_no_known_difference_explains_a_mistake(samples, mistake):
    """Each in every row of every sample, so that none is seen past where something is odd."""
    ours, theirs = samples
    honest = agreement(ours, theirs, "tshark", tshark)
    mistaken = replace(ours, handshakes=mistake(ours.handshakes))
    result = agreement(mistaken, theirs, "tshark", tshark)
    # One hello is complete although a length in it is odd, which Wireshark calls malformed.
    assert len(result.explained) <= len(honest.explained) + 1
    assert len(result.unexplained) > 200


@pytest.mark.parametrize("entry", KNOWN_DIFFERENCES, ids=lambda e: f"{e.engine}-{e.ident}")
def test_every_known_difference_is_still_needed(entry):
    path = SAMPLES / entry.example
    if not path.exists():
        path = corpus_folder() / "dev" / entry.example
    result = verify([Input(entry.example, str(path))], entry.engine)
    assert entry in [known for _, known in result.explained]


def test_several_messages_in_one_frame_are_kept_apart():
    [row] = tlsaudit.read_handshakes(
        SAMPLES / "messages-in-one-record.pcap", engine="tshark"
    ).to_dict("records")
    assert row["negotiated_cipher_suite"] == 0xC02F
    assert len(row["client_cipher_suites"]) == 8


def test_a_stream_is_read_as_a_file_is():
    with RETRY.open("rb") as file:
        frame = tlsaudit.read_handshakes(file, engine="tshark")
    assert len(frame) == 1


def test_the_user_settings_of_wireshark_change_nothing(tmp_path, monkeypatch):
    """Here they switch TLS off."""
    folder = tmp_path / "wireshark"
    folder.mkdir()
    (folder / "disabled_protos").write_text("tls\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert len(tlsaudit.read_handshakes(RETRY, engine="tshark")) == 1


def test_what_is_no_capture_is_a_row_with_an_error():
    audit = tlsaudit.audit(RETRY, ROOT / "README.md", engine="tshark")
    [error] = audit.captures["error"].dropna()
    assert "isn't a capture file" in error
    assert list(audit.captures["readable"]) == [True, False]


def test_a_report_can_be_made_of_its_tables(tmp_path):
    page = tlsaudit.audit(SAMPLES / "tls10-3des.pcap", engine="tshark").report(tmp_path)
    assert "TLS 1.0" in page.read_text(encoding="utf-8")


def test_a_frame_is_shown_with_its_details():
    frame = tlsaudit.audit(RETRY).frame(4)
    assert "Transport Layer Security" in str(frame)
    assert "Handshake Type: Client Hello (1)" in str(frame)
    assert str(frame).count("\n") > 50


def test_a_frame_that_is_not_there_is_an_error():
    audit = tlsaudit.audit(RETRY)
    for number in (0, 4_000):
        with pytest.raises(CaptureError, match="no frame"):
            audit.frame(number)
    with pytest.raises(CaptureError, match="no capture of this audit"):
        audit.frame(1, "other.pcap")


def test_verify_prints_the_agreement():
    done = run("verify", RETRY.name)
    assert done.code == 0
    assert done.lines[0].startswith("tlsaudit ")
    assert "tshark 4" in done.lines[0]
    assert done.lines[-1] == "unexplained differences: 0"


@pytest.mark.parametrize("engine", ["tshark", "scapy"])
def test_verify_says_once_that_a_file_is_not_there(engine):
    done = run("verify", "nosuch.pcap", "--engine", engine)
    assert done.code == 2
    assert done.messages == ["tlsaudit: nosuch.pcap: there is no such file"]
    assert done.output == b""
