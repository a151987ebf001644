"""Without scapy, pyshark and tshark everything else works, and what needs them says so.

The packages are hidden from the whole process as if they were not installed, tshark by a PATH
without it.
"""

import json
import os
import subprocess
import sys

import pytest
from support.command import SAMPLES, run

HIDDEN = ("scapy", "cryptography", "pyshark", "lxml", "nbclient", "hypothesis")
SCAPY = "pip install 'tlsaudit[scapy]'"
PYSHARK = "pip install 'tlsaudit[tshark]'"

HIDE = f"""\
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def without(name, path=None, target=None):
    return None if name.partition(".")[0] in {HIDDEN!r} else find(name, path, target)

PathFinder.find_spec = without
"""

LIBRARY = """\
import importlib.util, json, sys
import tlsaudit

sample, folder = sys.argv[1:]
assert all(importlib.util.find_spec(name) is None for name in {hidden!r})
audit = tlsaudit.audit(sample)
audit.report(folder)
said = {{}}
for what, ask in (
    ("scapy", lambda: audit.verify("scapy")),
    ("tshark", lambda: audit.verify("tshark")),
    ("frame", lambda: audit.frame(4)),
    ("engine", lambda: tlsaudit.read_handshakes(sample, engine="scapy")),
):
    try:
        ask()
    except tlsaudit.EngineError as error:
        said[what] = str(error)
print(json.dumps([len(audit.findings), said]))
"""


@pytest.fixture
def without(tmp_path):
    """The environment of a process that has none of them."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    (tmp_path / "no-programs").mkdir()
    return {"PYTHONPATH": str(tmp_path), "PATH": str(tmp_path / "no-programs")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("handshakes", "office.pcapng", "--format", "csv"),
        ("clients", "office.pcapng"),
        ("findings", "office.pcapng", "--format", "jsonl"),
        ("refusals", "office.pcapng"),
        ("set-aside", "media-relay.pcap"),
        ("check", "tls13-retry-request.pcap", "--policy", "entra"),
        ("explain", "AADSTS1002016"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_other_command_says_the_same(without, arguments):
    with_all, alone = run(*arguments), run(*arguments, **without)
    assert alone == with_all
    assert alone.code in (0, 1)
    assert alone.output


def test_a_report_is_the_same(without, tmp_path):
    with_all, alone = tmp_path / "with", tmp_path / "alone"
    assert run("report", "office.pcapng", "-o", with_all).code == 0
    assert run("report", "office.pcapng", "-o", alone, **without).code == 0
    page = "index.html"
    assert (alone / page).read_bytes() == (with_all / page).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "needs", "how"),
    [
        (("handshakes", "--engine", "scapy"), "scapy", SCAPY),
        (("verify", "--engine", "scapy"), "scapy", SCAPY),
        (("handshakes", "--engine", "tshark"), "pyshark", PYSHARK),
        (("verify", "--engine", "tshark"), "pyshark", PYSHARK),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(without, arguments, needs, how):
    command, *options = arguments
    done = run(command, "tls13-retry-request.pcap", *options, **without)
    assert (done.code, done.output) == (2, b"")
    [message] = done.messages
    assert f"needs {needs}, which is not installed" in message
    assert how in message


@pytest.mark.parametrize("command", ["handshakes", "verify"])
def test_without_the_program_tshark_too(command, tmp_path):
    done = run(command, "tls13-retry-request.pcap", "--engine", "tshark", PATH=str(tmp_path))
    assert (done.code, done.output) == (2, b"")
    [message] = done.messages
    assert "needs Wireshark's tshark, which is not installed" in message
    assert "apt install tshark" in message


def test_the_library_says_it_too(without, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            LIBRARY.format(hidden=HIDDEN),
            SAMPLES / "tls10-3des.pcap",
            tmp_path / "report",
        ],
        env={**os.environ, **without},
        capture_output=True,
        text=True,
        check=True,
    )
    findings, said = json.loads(done.stdout)
    assert findings > 0
    assert SCAPY in said["scapy"]
    assert SCAPY in said["engine"]
    assert PYSHARK in said["tshark"]
    assert PYSHARK in said["frame"]
