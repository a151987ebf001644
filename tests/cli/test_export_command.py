"""`tlsaudit export` writes what the library writes, and says no before it reads."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from support.command import SAMPLES, run

import tlsaudit

SAMPLE = "tls10-3des.pcap"


@pytest.mark.parametrize("arguments", [["out.xlsx"], ["out.md"], ["out.csv", "--table", "clients"]])
def test_file_is_that_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    name, *rest = arguments
    done = run("export", SAMPLE, "-o", str(tmp_path / name), *rest)
    assert (done.code, done.text) == (0, "")
    assert done.messages == [f"tlsaudit: wrote {tmp_path / name}"]
    monkeypatch.chdir(SAMPLES)
    here = tlsaudit.audit(SAMPLE).export(tmp_path / f"library-{name}", *rest[1:])
    assert here.read_bytes() == (tmp_path / name).read_bytes()


def test_a_table_goes_by_the_name_of_its_command_too(tmp_path: Path) -> None:
    for name in ("set-aside", "set_aside"):
        done = run("export", "media-relay.pcap", "-o", tmp_path / f"{name}.csv", "--table", name)
        assert done.code == 0
    written = [(tmp_path / f"{name}.csv").read_bytes() for name in ("set-aside", "set_aside")]
    assert written[0] == written[1] != b""


def test_lists_of_fingerprints_count_in_the_verdicts_that_are_exported(tmp_path: Path) -> None:
    ja3 = tlsaudit.audit(SAMPLES / SAMPLE).handshakes["ja3"].iloc[0]
    known, out = tmp_path / "known.csv", tmp_path / "out.csv"
    known.write_text(f"ja3,name\n{ja3},Our printer\n")
    given = ["--fingerprints", known, "--table", "verdicts", "-o", out]
    assert run("export", SAMPLE, *given).code == 0
    assert "probably Our printer" in out.read_text()


def test_table_can_be_printed_as_a_workbook(tmp_path: Path) -> None:
    done = run("findings", SAMPLE, "--format", "xlsx", "-o", str(tmp_path / "findings.xlsx"))
    assert done.code == 0
    sheet = openpyxl.load_workbook(tmp_path / "findings.xlsx").active
    assert sheet.max_row == 1 + len(tlsaudit.audit(SAMPLES / SAMPLE).findings)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "out.docx"], "out.docx: no ending of an export; the endings are .md, .csv, "),
        (
            ["-o", "out.csv"],
            "out.csv: a file of this kind holds one table: name it with `--table`: clients, ",
        ),
        (["-o", "out.csv", "--table", "x"], "x: no table of an audit; there are clients, "),
    ],
)
def test_impossible_export_is_refused_before_anything_is_read(
    arguments: list[str], says: str
) -> None:
    done = run("export", "no-such-file.pcap", *arguments)
    assert done.code == 2
    assert says in done.messages[0]
    assert not [line for line in done.messages if "no-such-file" in line]


def test_evidence_is_named_for_what_it_is(tmp_path: Path) -> None:
    done = run("evidence", "tls12-3des.pcap", "-o", tmp_path / "a.txt")
    assert done.code == 2
    assert "name a file that ends in .pcapng" in done.messages[-1]
    assert list(tmp_path.iterdir()) == []
