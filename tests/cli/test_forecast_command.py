"""`tlsaudit forecast`: the verdicts of captures, and of stored tables under another policy."""

from __future__ import annotations

import csv
import io
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.command import SAMPLES, run
from support.needs import needs_tshark

from tlsaudit import schema

if TYPE_CHECKING:
    from pathlib import Path


def table(*arguments: object) -> list[dict[str, str]]:
    done = run("forecast", *arguments, "--format", "csv")
    assert done.code == 0
    return list(csv.DictReader(io.StringIO(done.text)))


def test_the_answer_is_a_message_and_the_table_is_the_output() -> None:
    done = run("forecast", "office.pcapng", "--policy", "bcp195")
    assert done.code == 0
    assert len(done.messages) == 1
    assert "of 72 clients break; 1 server holds back 12 more" in done.messages[0]
    assert done.lines[0].split()[:3] == ["verdict", "sure", "applies"]
    assert done.lines[1].startswith("will break")


def test_csv_has_the_columns_of_the_schema() -> None:
    (first, *_) = table("office.pcapng")
    assert list(first) == [column.name for column in schema.VERDICTS]


@pytest.mark.parametrize(("by", "name"), [("client", "10.20.30.201"), ("service", ":")])
def test_verdicts_are_counted_by_what_is_asked_for(by: str, name: str) -> None:
    (first, *rest) = table("office.pcapng", "--by", by)
    assert name in first["name"]
    assert first["worst"] == "will break"
    assert rest


def test_each_command_selects_the_frames_that_are_the_evidence() -> None:
    needs_tshark()
    rows = {row["verdict"]: row for row in table("office.pcapng")}
    assert len(rows) >= 6
    for row in rows.values():
        words = [*shlex.split(row["tshark"]), "-T", "fields", "-e", "frame.number"]
        shown = subprocess.run(words, cwd=SAMPLES, capture_output=True, text=True, check=True)
        assert sorted(shown.stdout.split(), key=int) == sorted(row["frames"].split(";"), key=int)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_what_if_reads_stored_tables_and_no_capture(form: str, tmp_path: Path) -> None:
    stored = tmp_path / "handshakes.stored"
    assert run("handshakes", "office.pcapng", "--format", form, "-o", stored).code == 0
    for policy in ("nist-800-52r2", "entra"):
        assert table("--what-if", policy, stored) == table("office.pcapng", "--policy", policy)


def test_what_if_takes_the_folder_of_a_report(tmp_path: Path) -> None:
    assert run("report", "tls10-openssl.pcap", "-o", tmp_path / "out").code == 0
    done = run("forecast", "--what-if", "pci-dss-4", tmp_path / "out")
    assert (done.code, len(done.lines)) == (0, 2)
    assert run("forecast", "--what-if", "pci-dss-4", tmp_path).code == 2
    again = run("forecast", "--policy", "pci-dss-4", tmp_path / "out")
    assert (again.code, again.output, again.messages) == (0, done.output, done.messages)


def test_what_is_no_stored_table_is_said() -> None:
    done = run("forecast", "--what-if", "entra", "office.pcapng")
    assert done.code == 2
    assert done.messages == [
        "tlsaudit: office.pcapng: not a table of handshakes: no Parquet, CSV or JSON Lines as "
        "tlsaudit writes them; where it is a capture, name the policy with --policy and leave "
        "--what-if out"
    ]


def test_without_a_handshake_it_says_what_was_there() -> None:
    done = run("forecast", "begins-after-hellos.pcap")
    assert done.code == 0
    assert done.messages[0].startswith("tlsaudit: No TLS handshake was found")
    assert done.messages[1:] == [
        "tlsaudit: covered: 0 seconds, the hello of 0 of 1 TLS connections"
    ]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_what_if_of_another_table_says_which_it_is(form: str, tmp_path: Path) -> None:
    assert run("report", "tls12-3des.pcap", "-o", tmp_path).code == 0
    done = run("forecast", "--what-if", "entra", tmp_path / f"verdicts.{form}")
    assert done.code == 2
    assert "it is the table of verdicts; that of handshakes lies beside it" in done.messages[0]
