"""Wireshark's dissectors give the core's table, wherever they are called from."""

import subprocess
import sys
from pathlib import Path
from threading import Thread

import nbformat
import pytest
from nbclient import NotebookClient
from support.command import ROOT, SAMPLES, run
from support.needs import corpus_folder, needs_tshark

import tlsaudit
from tlsaudit import CaptureError, EngineError
from tlsaudit.engines import tshark
from tlsaudit.engines.agreement import verify
from tlsaudit.engines.known_differences import KNOWN_DIFFERENCES
from tlsaudit.inputs import Input, expand

RETRY = SAMPLES / "tls13-retry-request.pcap"


@pytest.fixture(autouse=True)
def _tshark():
    needs_tshark()


@pytest.fixture(scope="module")
def samples():
    """Both engines over every sample."""
    needs_tshark()
    return verify([each for each in expand([SAMPLES]) if _is_sample(each)], "tshark")


def _is_sample(item):
    return Path(item.source).parent == SAMPLES and ".pcap" in item.name


def test_every_sample_gives_what_wireshark_shows(samples):
    assert samples.hellos > 400
    assert samples.lines()[-1] == "unexplained differences: 0"


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


def test_it_works_in_a_script():
    code = (
        "import sys, tlsaudit\n"
        "frame = tlsaudit.read_handshakes(sys.argv[1], engine='tshark')\n"
        "print(len(frame), frame['engine'].iloc[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, RETRY], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 tshark\n"
    assert done.stderr == ""


def test_it_works_in_threads():
    counts = []

    def work():
        counts.append(len(tlsaudit.read_handshakes(RETRY, engine="tshark")))

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1, 1, 1]


def test_it_works_in_a_notebook():
    code = (
        "import tlsaudit\n"
        f"audit = tlsaudit.audit({str(RETRY)!r}, engine='tshark')\n"
        f"assert len(audit.handshakes) == 1\n"
        f"assert audit.verify('tshark').holds\n"
        "audit.frame(4)\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    [output] = notebook.cells[0].outputs
    assert "Client Hello" in output["data"]["text/html"]


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


def test_without_tshark_the_message_says_how_to_install_it(tmp_path):
    done = run("handshakes", RETRY.name, "--engine", "tshark", PATH=str(tmp_path))
    assert done.code == 2
    assert done.output == b""
    [message] = done.messages
    assert "needs Wireshark's tshark" in message
    assert "apt install tshark" in message


def test_without_pyshark_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(tshark, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'tlsaudit\[tshark\]'"):
        tlsaudit.read_handshakes(RETRY, engine="tshark")
