"""`tlsaudit report`: the main job, as a process, on real captures."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.command import SAMPLES, Done, run
from support.needs import needs_tshark
from support.page import table_of

TRIPLE_DES = {"0x000A", "0xC012", "0xC008", "0x0016", "0x0013"}
OLD = {"0x0002": 0, "0x0300": 0, "0x0301": 1, "0x0302": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report") / "out"


@pytest.fixture(scope="module")
def office(folder: Path) -> Done:
    return run("report", "office.pcapng", "-o", folder)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected_findings() -> set[tuple[str, str, str]]:
    """What must be found in the office, told from the table that tshark gave: rule, client, frame.

    Written here once more, in another way than the rules are, on purpose.
    """
    found = set()
    names = {"0x0300": "ssl30", "0x0301": "tls10", "0x0302": "tls11"}
    for row in rows(SAMPLES / "expected" / "office.csv"):
        offered = (
            row["client_supported_versions"].split(";")
            if row["client_supported_versions"]
            else [row["client_legacy_version"]]
        )
        best = max((each for each in offered if each.startswith("0x03")), default="")
        chosen = row["server_supported_version"] or row["server_legacy_version"]
        if chosen in names:
            found.add((f"{names[chosen]}-negotiated", row["client_ip"], row["server_hello_frame"]))
        if row["negotiated_cipher_suite"] in TRIPLE_DES:
            found.add(("3des-negotiated", row["client_ip"], row["server_hello_frame"]))
        if "0x5600" in row["client_cipher_suites"].split(";"):
            found.add(("fallback-offered", row["client_ip"], row["client_hello_frame"]))
        elif best in names:
            rule = f"{names[best]}-is-best-offered"
            found.add((rule, row["client_ip"], row["client_hello_frame"]))
    return found


def test_report_is_done_and_says_where_it_is(office: Done, folder: Path) -> None:
    assert office.code == 0
    assert office.messages == []
    assert len(office.lines) <= 11
    assert office.lines[-1] == f"report: {folder}/index.html"
    assert (folder / "index.html").is_file()


def test_exactly_the_clients_concerned_are_found_with_their_frames(
    office: Done, folder: Path
) -> None:
    found = {
        (row["rule"], row["client"], row["evidence_frame"])
        for row in rows(folder / "findings.csv")
        if row["severity"] != "info"
    }
    assert found == expected_findings()
    assert len({client for _, client, _ in found}) > 10


def test_page_names_exactly_the_clients_concerned(office: Done, folder: Path) -> None:
    page = (folder / "index.html").read_text("utf-8")
    named = {
        row["Client"]
        for row in table_of(page, "clients")
        if row["Worst finding"] not in ("none", "info")
    }
    assert named == {client for _, client, _ in expected_findings()}
    counted = [row for row in table_of(page, "findings") if row["Severity"] != "info"]
    frames = {(row["Client"], row["Frame"]) for row in counted}
    assert frames == {(client, int(frame)) for _, client, frame in expected_findings()}


def test_summary_and_tables_agree(office: Done, folder: Path) -> None:
    clients = rows(folder / "clients.csv")
    negotiated = {client for rule, client, _ in expected_findings() if rule.endswith("negotiated")}
    assert office.lines[0].startswith(f"{len(negotiated)} of {len(clients)} clients negotiated ")


def test_frames_open_to_the_right_packet_in_tshark(office: Done, folder: Path) -> None:
    needs_tshark()
    fields = ("frame.number", "tls.handshake.type", "ip.src", "ip.dst")
    command = ["tshark", "-2", "-r", "office.pcapng", "-Y", "tls.handshake.type in {1,2}"]
    command += ["-T", "fields", "-E", "separator=/t"]
    for field in fields:
        command += ["-e", field]
    answer = subprocess.run(command, cwd=SAMPLES, capture_output=True, text=True, check=True)
    packets: dict[str, Any] = {}
    for line in answer.stdout.splitlines():
        number, kinds, source, target = line.split("\t")
        packets[number] = (kinds.split(","), source, target)
    for row in rows(folder / "findings.csv"):
        kinds, source, target = packets[row["evidence_frame"]]
        if row["basis"] == "negotiated":
            assert "2" in kinds
            assert (source, target) == (row["server"], row["client"])
        else:
            assert "1" in kinds
            assert (source, target) == (row["client"], row["server"])


def test_command_of_a_verdict_shows_both_hellos(office: Done, folder: Path) -> None:
    needs_tshark()
    lines = [row["tshark"] for row in rows(folder / "verdicts.csv")]
    both = next(line for line in lines if "||" in line)
    answer = subprocess.run(
        ["bash", "-c", both], cwd=SAMPLES, capture_output=True, text=True, check=True
    )
    assert len(answer.stdout.splitlines()) == 2
    assert "Client Hello" in answer.stdout
    assert "Server Hello" in answer.stdout


def test_handshake_table_of_the_report_is_that_of_the_core(office: Done, folder: Path) -> None:
    streamed = run("handshakes", "office.pcapng", "--format", "csv").lines
    written = (folder / "handshakes.csv").read_text("utf-8").split("\n")[:-1]
    assert streamed[0] == written[0]
    assert sorted(streamed) == sorted(written)
    lines = run("handshakes", "office.pcapng", "--format", "jsonl").lines
    assert sorted(lines) == sorted((folder / "handshakes.jsonl").read_text("utf-8").splitlines())


def test_report_is_the_same_whatever_the_hash_seed(folder: Path, tmp_path: Path) -> None:
    run("report", "office.pcapng", "-o", folder)
    run("report", "office.pcapng", "-o", tmp_path, PYTHONHASHSEED="12345")
    for file in folder.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_folder_of_the_report_is_not_read_as_input(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "tls10-openssl.pcap", tmp_path / "a.pcap")
    for _ in range(2):
        done = run("report", tmp_path, "-o", tmp_path / "out")
        assert (done.code, done.messages) == (0, [])


def test_one_bad_file_among_good_ones_is_reported_everywhere(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "tls10-openssl.pcap", tmp_path / "a.pcap")
    (tmp_path / "notes.txt").write_text("These are notes, and no capture.\n")
    done = run("report", tmp_path, "-o", tmp_path / "out")
    assert done.code == 3
    (message,) = done.messages
    assert message.startswith("tlsaudit: ")
    assert "notes.txt" in message
    assert "1 input not read" in done.text
    captures = rows(tmp_path / "out" / "captures.csv")
    assert [row["readable"] for row in captures] == ["true", "false"]
    assert "notes.txt" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_nothing_readable_makes_no_report(tmp_path: Path) -> None:
    done = run("report", "none.pcap", "-o", tmp_path / "out")
    assert done.code == 2
    assert done.output == b""
    (message,) = done.messages
    assert "none.pcap" in message
    assert not (tmp_path / "out" / "index.html").exists()


def test_report_into_a_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = run("report", "office.pcapng", "-o", tmp_path / "out")
    assert done.code == 2
    assert done.messages == [
        f"tlsaudit: {tmp_path}/out: this is a file, so no report can go into it: name a folder"
    ]
    assert (tmp_path / "out").read_text() == "mine"


def test_policy_of_the_user_is_applied(tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(
        'name = "mine"\ntitle = "Mine"\ndemand = "no TLS 1.1"\ndescription = "d"\nsource = "s"\n'
        '[severity]\ntls11-negotiated = "medium"\n'
    )
    done = run("report", "office.pcapng", "-o", tmp_path / "out", "--policy", policy)
    assert done.code == 0
    assert "policy: mine: no TLS 1.1" in done.lines
    findings = rows(tmp_path / "out" / "findings.csv")
    assert {(row["rule"], row["severity"]) for row in findings} == {("tls11-negotiated", "medium")}


def test_capture_without_tls_is_an_answer_not_an_error(tmp_path: Path) -> None:
    done = run("report", "no-tls.pcap", "-o", tmp_path)
    assert done.code == 0
    assert done.lines[0] == "No TLS handshake was found in 1 capture."
    assert rows(tmp_path / "handshakes.csv") == []


def test_csv_of_the_report_is_plain_text(office: Done, folder: Path) -> None:
    for name in ("handshakes", "clients", "findings", "captures"):
        text = (folder / f"{name}.csv").read_text("utf-8")
        assert not text.startswith("\ufeff")
        assert all(len(row) > 5 for row in csv.reader(io.StringIO(text)))
