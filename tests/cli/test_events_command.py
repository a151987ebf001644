"""`--events` and `--sign-ins` on the commands: what they add, and what they say of bad files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from support.command import SAMPLES, run
from support.event_log import event, lines

import tlsaudit

SAMPLE = "refused-handshake-failure.pcap"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A log with the event of the sample's client and one of nobody's, and a hosts file."""
    first = tlsaudit.audit(SAMPLES / SAMPLE).handshakes["ts"].iloc[0]
    moments = [f"{first + pd.Timedelta(seconds=1):%Y-%m-%dT%H:%M:%S.%fZ}"] * 2
    log = tmp_path / "system.xml"
    log.write_text(
        lines(
            event(36887, moment, record=number, AlertDesc=alert)
            for number, (moment, alert) in enumerate(zip(moments, (40, 48), strict=True))
        ),
        encoding="utf-16",
    )
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.10 pc7.corp.example.test\n")
    return log, hosts


def test_events_are_in_the_report_of_the_command(tmp_path: Path, files: tuple[Path, Path]) -> None:
    log, hosts = files
    folder = str(tmp_path / "report")
    done = run("report", SAMPLE, "--events", str(log), "--hosts", str(hosts), "-o", folder)
    assert done.code == 0
    assert "logged: 1 event tied to a handshake and 1 that the captures missed\n" in done.text
    library = tlsaudit.audit(SAMPLES / SAMPLE, events=log, hosts=hosts).events
    assert library["tie"].tolist()[0] == "alert"
    assert library["because"].tolist()[1] == "no-connection"
    assert "What the capture missed" in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_the_table_of_events_is_exported_alone(tmp_path: Path, files: tuple[Path, Path]) -> None:
    log, hosts = files
    out = tmp_path / "events.csv"
    given = ["--events", str(log), "--hosts", str(hosts), "--table", "events", "-o", str(out)]
    assert run("export", SAMPLE, *given).code == 0
    assert len(pd.read_csv(out)) == 2


def test_an_event_of_an_unknown_computer_says_what_to_give(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    folder = str(tmp_path / "report")
    done = run("report", SAMPLE, "--events", str(files[0]), "-o", folder)
    assert "2 of a computer without a known address\n" in done.text
    assert "give one with --hosts" in (tmp_path / "report" / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--events", "no events", "holds no events; write them with `wevtutil"),
        ("--sign-ins", "a,b", "this is not JSON"),
    ],
)
def test_a_file_that_is_none_ends_before_anything_is_read(
    tmp_path: Path, option: str, content: str, says: str
) -> None:
    path = tmp_path / "bad"
    path.write_text(content)
    done = run("check", SAMPLE, option, str(path))
    assert (done.code, done.text) == (2, "")
    assert says in done.messages[0]


def test_what_is_broken_or_empty_is_said(tmp_path: Path) -> None:
    log, signed = tmp_path / "a.xml", tmp_path / "s.json"
    log.write_text("<Event>Schannel</Event>")
    signed.write_text(json.dumps([{"createdDateTime": "2026-01-01T00:00:00Z"}]))
    done = run("forecast", SAMPLE, "--events", str(log), "--sign-ins", str(signed))
    assert done.code == 3
    assert f"tlsaudit: --events: {log}: left out, being broken: 1" in done.messages
    assert "tlsaudit: --sign-ins: none of 1 sign-ins is marked as over an old TLS" in done.messages
