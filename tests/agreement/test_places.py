"""Wireshark can be asked from anywhere, and every time: in a script, a thread, a notebook.

`TLSAUDIT_TIMES` says how often; `make places` asks twenty times.
"""

import os
import subprocess
import sys
from threading import Thread

import nbformat
import pytest
from nbclient import NotebookClient
from support.command import SAMPLES
from support.needs import needs_tshark

import tlsaudit

RETRY = SAMPLES / "tls13-retry-request.pcap"
TIMES = int(os.environ.get("TLSAUDIT_TIMES", "3"))


@pytest.fixture(autouse=True)
def _tshark():
    needs_tshark()


def test_it_works_in_a_script():
    code = (
        "import sys, tlsaudit\n"
        "frame = tlsaudit.read_handshakes(sys.argv[1], engine='tshark')\n"
        "print(len(frame), frame['engine'].iloc[0])\n"
    )
    for _ in range(TIMES):
        done = subprocess.run(
            [sys.executable, "-c", code, RETRY], capture_output=True, text=True, check=True
        )
        assert done.stdout == "1 tshark\n"
        assert done.stderr == ""


def test_it_works_in_threads():
    counts = []

    def work():
        counts.append(len(tlsaudit.read_handshakes(RETRY, engine="tshark")))

    # Two at a time, as processors are.
    for _ in range(0, TIMES, 2):
        threads = [Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(counts) >= TIMES
    assert set(counts) == {1}


def test_it_works_in_a_notebook():
    code = (
        "import tlsaudit\n"
        f"for _ in range({TIMES}):\n"
        f"    audit = tlsaudit.audit({str(RETRY)!r}, engine='tshark')\n"
        "    assert len(audit.handshakes) == 1\n"
        "assert audit.verify('tshark').holds\n"
        "audit.frame(4)\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    [output] = notebook.cells[0].outputs
    assert "Client Hello" in output["data"]["text/html"]
