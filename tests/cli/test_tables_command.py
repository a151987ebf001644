"""`tlsaudit handshakes|clients|findings|check`: one table, or one answer, on standard output."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import COMMAND, SAMPLES, feed, interrupt_while_it_waits, run, started

from tlsaudit import schema
from tlsaudit.reports.export import columns_of

TABLES = ("handshakes", "clients", "findings")


@pytest.mark.parametrize("name", TABLES)
def test_csv_has_the_columns_of_the_schema(name: str) -> None:
    done = run(name, "office.pcapng", "--format", "csv")
    assert (done.code, done.messages) == (0, [])
    heads, *rows = csv.reader(io.StringIO(done.text))
    assert heads == [column.name for column in columns_of(name)]
    assert len(rows) > 20


@pytest.mark.parametrize("name", TABLES)
def test_json_lines_have_the_columns_of_the_schema(name: str) -> None:
    done = run(name, "office.pcapng", "--format", "jsonl")
    assert done.code == 0
    names = [column.name for column in columns_of(name)]
    assert all(list(json.loads(line)) == names for line in done.lines)


@pytest.mark.parametrize("name", TABLES)
def test_parquet_goes_through_a_pipe(name: str) -> None:
    done = run(name, "office.pcapng", "--format", "parquet")
    assert done.code == 0
    frame = schema.read_parquet(io.BytesIO(done.output), columns_of(name))
    schema.check(frame, columns_of(name))
    assert len(frame) > 20


@pytest.mark.parametrize(
    ("name", "table_format"),
    [
        ("handshakes", "table"),
        ("handshakes", "csv"),
        ("handshakes", "parquet"),
        ("clients", "jsonl"),
        ("findings", "csv"),
    ],
)
def test_file_holds_what_standard_output_would(
    name: str, table_format: str, tmp_path: Path
) -> None:
    target = tmp_path / "table"
    done = run(name, "office.pcapng", "--format", table_format, "-o", target)
    assert (done.code, done.output, done.messages) == (0, b"", [])
    assert target.read_bytes() == run(name, "office.pcapng", "--format", table_format).output
    assert list(tmp_path.iterdir()) == [target]


def test_table_is_the_default_and_narrower_than_csv() -> None:
    done = run("handshakes", "tls10-openssl.pcap")
    assert done.code == 0
    assert done.lines[0].split()[:3] == ["capture", "frames", "time"]
    assert "TLS 1.0" in done.lines[1]
    assert len(done.lines) == 2


def test_capture_from_standard_input_gives_the_same_rows() -> None:
    data = (SAMPLES / "office.pcapng").read_bytes()
    piped = run("handshakes", "-", "--format", "csv", given=data)
    named = run("handshakes", "office.pcapng", "--format", "csv")
    assert (piped.code, piped.messages) == (0, [])
    assert piped.lines[0] == named.lines[0]
    assert [line.removeprefix("(standard input),") for line in piped.lines[1:]] == [
        line.removeprefix("office.pcapng,") for line in named.lines[1:]
    ]


def test_compressed_capture_goes_through_standard_input() -> None:
    data = (SAMPLES / "tls12-gnutls-openssl.pcapng.zst").read_bytes()
    assert len(run("handshakes", "-", "--format", "csv", given=data).lines) > 1


def test_rows_come_while_standard_input_is_still_open() -> None:
    with started("handshakes", "-", "--format", "jsonl") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        feed(process, (SAMPLES / "office.pcapng").read_bytes())
        rows = [json.loads(process.stdout.readline()) for _ in range(20)]
        assert {row["capture"] for row in rows} == {"(standard input)"}
        assert process.poll() is None


def test_rows_come_while_connections_follow_each_other_without_a_pause() -> None:
    head, *packets = packets_of("tls10-openssl.pcap")
    ports = range(1024, 1024 + 220)
    with started("handshakes", "-", "--format", "csv") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        process.stdin.write(head)
        text = b""
        for port in ports:
            process.stdin.write(b"".join(with_client_port(packet, port) for packet in packets))
            process.stdin.flush()
            time.sleep(0.01)
            text += process.stdout.read() or b""
            if text.count(b"\n") > 20:
                break
        # Far fewer than are written at a time when nobody waits.
        assert len(text) < 64 * 1024
        assert text.count(b"\n") > 20
        assert process.poll() is None


def packets_of(sample: str) -> list[bytes]:
    """The file's header, and its packets with theirs."""
    rest = (SAMPLES / sample).read_bytes()
    parts, rest = [rest[:24]], rest[24:]
    while rest:
        end = 16 + int.from_bytes(rest[8:12], "little")
        parts.append(rest[:end])
        rest = rest[end:]
    return parts


def with_client_port(packet: bytes, port: int) -> bytes:
    """The packet with another port in place of the one that is not 443."""
    source = 16 + 34
    at = source + 2 if packet[source : source + 2] == b"\x01\xbb" else source
    return packet[:at] + port.to_bytes(2, "big") + packet[at + 2 :]


@pytest.mark.parametrize("arguments", [(), ("--format", "csv"), ("--format", "jsonl")])
def test_reader_that_goes_away_is_not_an_error(arguments: tuple[str, ...]) -> None:
    captures = ("office.pcapng", "tls10-openssl.pcap")
    with started("handshakes", *captures, *arguments, given=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("arguments", [("handshakes", "-", "--format", "csv"), ("clients", "-")])
def test_interrupt_stops_within_a_second_and_says_so_in_a_line(arguments: tuple[str, ...]) -> None:
    with started(*arguments) as process:
        interrupt_while_it_waits(process, (SAMPLES / "office.pcapng").read_bytes()[:5000])


def test_interrupted_run_leaves_no_half_a_file(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    with started("handshakes", "-", "--format", "csv", "-o", target) as process:
        feed(process, (SAMPLES / "office.pcapng").read_bytes()[:5000])
        time.sleep(2)
        assert [each.name[0] for each in tmp_path.iterdir()] == ["."]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("captures", "code"),
    [
        (["tls13-openssl.pcapng"], 0),
        (["tls10-openssl.pcap"], 1),
        (["tls10-3des.pcap"], 1),
        (["refused-protocol-version.pcap"], 1),
        (["none.pcap"], 2),
        (["tls13-openssl.pcapng", "none.pcap"], 3),
        (["tls10-openssl.pcap", "none.pcap"], 1),
        (["no-tls.pcap"], 2),
    ],
)
def test_check_tells_by_its_exit_code(captures: list[str], code: int) -> None:
    done = run("check", *captures)
    assert done.code == code
    covered = [message for message in done.messages if message.startswith("tlsaudit: covered: ")]
    assert len(done.messages) - len(covered) == captures.count("none.pcap")
    # That nothing was found is worth what was covered.
    judged = captures != ["no-tls.pcap"]
    assert len(covered) == (code in (0, 3) or not judged)
    if covered:
        assert done.text == (
            "clean\n" if judged else "nothing to judge: no TLS handshake was found\n"
        )


def test_check_says_what_limits_its_answer() -> None:
    done = run("check", "snap-length-cut.pcap")
    assert any("limits: " in message and "cut short" in message for message in done.messages)


@pytest.mark.parametrize("command", ["handshakes", "clients"])
def test_table_is_not_written_over_its_capture(command: str, tmp_path: Path) -> None:
    capture = tmp_path / "dc01.pcap"
    capture.write_bytes((SAMPLES / "tls10-openssl.pcap").read_bytes())
    done = run(command, str(capture), "--format", "csv", "-o", str(capture))
    assert done.code == 2
    assert "is one of the captures" in done.messages[-1]
    assert capture.read_bytes() == (SAMPLES / "tls10-openssl.pcap").read_bytes()


def test_check_says_who_and_where() -> None:
    done = run("check", "tls10-openssl.pcap")
    frames = (SAMPLES / "expected" / "tls10-openssl.csv").read_text().splitlines()
    hello = dict(zip(frames[0].split(","), frames[1].split(","), strict=True))
    assert any(
        line.startswith("high  tls10-negotiated ")
        and hello["client_ip"] in line
        and line.endswith(f"tls10-openssl.pcap frame {hello['server_hello_frame']}")
        for line in done.lines
    )


def test_check_counts_from_the_severity_asked_for() -> None:
    assert run("check", "tls12-3des.pcap", "--policy", "bcp195", "--at-least", "high").code == 0
    assert run("check", "tls12-3des.pcap", "--policy", "bcp195", "--at-least", "medium").code == 1


def bad_files(folder: Path) -> dict[str, bytes]:
    office = (SAMPLES / "office.pcapng").read_bytes()
    return {
        "empty.pcap": b"",
        "notes.pcap": b"These are notes, and no capture at all.\n" * 20,
        "page.html": b"<!DOCTYPE html><html></html>",
        "zeros.pcapng": bytes(5000),
        "header.pcap": office[:3],
    }


def test_every_bad_file_gets_one_sentence_that_names_it(tmp_path: Path) -> None:
    files = bad_files(tmp_path)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in files:
        done = run("handshakes", tmp_path / name, "--format", "jsonl")
        assert (done.code, done.output) == (2, b""), name
        (message,) = done.messages
        assert message.startswith("tlsaudit: ")
        assert name in message
        assert message.count(name) == 1


def test_missing_file_pattern_and_empty_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for argument in ("none.pcap", "none*.pcap", str(tmp_path / "empty")):
        done = run("clients", argument)
        assert done.code == 2
        (message,) = done.messages
        assert argument in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret.pcap"
    secret.write_bytes((SAMPLES / "office.pcapng").read_bytes())
    secret.chmod(0)
    done = run("handshakes", secret)
    assert done.code == 2
    assert "secret.pcap" in done.messages[0]


@pytest.mark.parametrize("name", ["office.pcapng", "tls13-resumed-psk.pcapng.gz"])
def test_cut_capture_keeps_what_came_before_the_cut(tmp_path: Path, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 4 // 5])
    whole = run("handshakes", name, "--format", "jsonl")
    cut = run("handshakes", tmp_path / name, "--format", "jsonl")
    assert cut.code == 3
    (message,) = cut.messages
    assert name in message
    hellos = {json.loads(line)["client_hello_frame"] for line in whole.lines}
    kept = {json.loads(line)["client_hello_frame"] for line in cut.lines}
    assert kept
    assert kept <= hellos


@pytest.fixture
def empty_packets(tmp_path: Path) -> Path:
    """40 kB of gzip that unpack to 40 MB, a capture of packets without bytes."""
    header = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
    path = tmp_path / "empty-packets.pcap.gz"
    path.write_bytes(gzip.compress(header + bytes(16 * 2_500_000)))
    return path


@pytest.mark.parametrize(
    "arguments",
    [("handshakes", "--format", "csv"), ("handshakes",), ("clients",), ("findings",), ("check",)],
)
def test_bound_on_unpacking_is_the_one_that_is_given(
    arguments: tuple[str, ...], empty_packets: Path
) -> None:
    done = run(*arguments, empty_packets, "--max-unpacked", "16M")
    assert done.code == 3
    assert "it unpacks to more than 16 MiB" in done.messages[0]
    assert "raise --max-unpacked" in done.messages[0]
    done = run(*arguments, empty_packets, "--max-unpacked", "40000024")
    failures = [message for message in done.messages if "unpacks" in message]
    # It was read to its end; in packets without a byte `check` has nothing to judge.
    assert (done.code, failures) == (2 if arguments == ("check",) else 0, [])


def test_bound_on_unpacking_can_be_raised_above_the_usual_ratio(tmp_path: Path) -> None:
    """gzip reaches 1,000 times; the bound of 256 times begins at 256 MiB."""
    header = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
    path = tmp_path / "empty-packets.pcap.gz"
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(header)
        for _ in range(300):
            file.write(bytes(1 << 20))
    assert path.stat().st_size * 256 < 300 << 20
    done = run("handshakes", path, "--format", "csv")
    assert done.code == 3
    assert "it unpacks to more than 256 times its size" in done.messages[0]
    done = run("handshakes", path, "--format", "csv", "--max-unpacked", "1g")
    assert (done.code, done.messages) == (0, [])


@pytest.mark.parametrize("size", ["", "0", "-1", "1.5G", "20000000T", "G", "5 G", "५"])
def test_bound_on_unpacking_that_is_no_size_is_wrong_usage(size: str) -> None:
    done = run("check", "office.pcapng", "--max-unpacked", size)
    assert done.code == 2
    assert "a size is a number" in done.messages[-1]


def test_policy_that_does_not_exist_is_said_before_reading() -> None:
    done = run("findings", "-", "--policy", "nosuch")
    assert done.code == 2
    (message,) = done.messages
    assert "nosuch" in message
    assert "entra" in message


@pytest.mark.parametrize(
    "arguments",
    [(), ("nosuch",), ("report", "office.pcapng"), ("handshakes",), ("check", "--format", "csv")],
)
def test_wrong_usage_is_code_2_without_output(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.messages


@pytest.mark.parametrize("table_format", ["table", "csv", "jsonl"])
@pytest.mark.parametrize("name", TABLES)
def test_hostile_file_name_reaches_no_output_as_it_is(
    tmp_path: Path, name: str, table_format: str
) -> None:
    path = tmp_path / "=1+1\x1b[2J\n<b>\u202e.pcap"
    path.write_bytes((SAMPLES / "tls10-openssl.pcap").read_bytes())
    (tmp_path / "notes\x1b]0;x\x07.txt").write_text("no capture")
    done = run(name, tmp_path, "--format", table_format)
    assert done.code == 3
    for text in (*done.lines, *done.messages):
        assert text.isprintable(), text
    if name != "clients" and table_format != "table":
        assert r"=1+1\x1b[2J\x0a<b>\u{202e}.pcap" in done.text.replace("\\\\", "\\")
    assert len(done.messages) == 1


def test_hostile_server_names_reach_no_terminal_as_they_are() -> None:
    done = run("handshakes", "hostile-names.pcap")
    assert done.code == 0
    assert all(line.isprintable() for line in done.lines)


def test_progress_is_shown_on_a_terminal_only_and_not_in_the_data() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "clients", "office.pcapng", "--format", "csv"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
        cwd=SAMPLES,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        timeout=60,
    )
    os.set_blocking(ours, False)
    shown = os.read(ours, 100_000)
    os.close(ours)
    os.close(theirs)
    assert b"reading captures" in shown
    quiet = run("clients", "office.pcapng", "--format", "csv")
    assert (quiet.output, quiet.messages) == (done.stdout, [])


def test_standard_input_that_is_a_terminal_is_refused() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "handshakes", "-"], stdin=theirs, capture_output=True, check=False, timeout=60
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert b"standard input" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("handshakes", "--format", "csv"), ("clients",)])
def test_full_disk_is_said_in_one_sentence(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments, "office.pcapng"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            cwd=SAMPLES,
            timeout=60,
        )
    assert done.returncode == 2
    (message,) = done.stderr.decode().splitlines()
    assert message.startswith("tlsaudit: standard output: cannot be written (No space left")


def test_table_into_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    for table_format in ("csv", "table"):
        done = run("handshakes", "office.pcapng", "--format", table_format, "-o", tmp_path / "x/y")
        assert (done.code, done.output) == (2, b"")
        (message,) = done.messages
        assert message.startswith(f"tlsaudit: {tmp_path}/x/y: cannot be written (No such file")


HEAVY = ("numpy", "pandas", "pyarrow", "matplotlib", "scapy", "rich", "jinja2", "msgspec")


def loaded(code: str) -> set[str]:
    """The heavy packages that this program has loaded at its end."""
    report = "\nimport sys; print('loaded:', *sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + report],
        capture_output=True,
        text=True,
        check=True,
        cwd=SAMPLES,
    )
    (line,) = re.findall(r"^loaded: (.*)$", done.stdout, flags=re.MULTILINE)
    return set(HEAVY) & set(line.split())


RUN = """
from tlsaudit.cli import main
try:
    main({})
except SystemExit as end:
    assert end.code == 0
"""


@pytest.mark.parametrize(
    "code",
    [
        "import tlsaudit",
        "import tlsaudit; tlsaudit.__version__",
        "import tlsaudit.schema, tlsaudit.registry",
        RUN.format(["--version"]),
        RUN.format(["--help"]),
        RUN.format(["report", "--help"]),
        RUN.format(["handshakes", "office.pcapng", "--format", "csv"]),
        RUN.format(["handshakes", "office.pcapng", "--format", "jsonl"]),
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded(code) == set()


def test_loading_is_noticed() -> None:
    assert loaded(RUN.format(["clients", "office.pcapng"])) >= {"numpy", "pandas", "pyarrow"}


def loaded_beyond_click(arguments: list[str]) -> set[str]:
    """The modules that a command has loaded at its end and that click alone does not load."""
    begin = "import sys, click; before = set(sys.modules)"
    report = "print('loaded:', *(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", begin + RUN.format(arguments) + report],
        capture_output=True,
        text=True,
        check=True,
        cwd=SAMPLES,
    )
    (line,) = re.findall(r"^loaded: (.*)$", done.stdout, flags=re.MULTILINE)
    return set(line.split())


@pytest.mark.parametrize("table_format", ["csv", "jsonl"])
def test_handshakes_as_text_begin_with_few_modules(table_format: str) -> None:
    """Nothing is read while modules load, and small captures take less time than that."""
    found = loaded_beyond_click(["handshakes", "office.pcapng", "--format", table_format])
    assert {name for name in found if name.startswith("tlsaudit.")} == {
        "tlsaudit._core",
        "tlsaudit.cli",
        "tlsaudit.commands",
        "tlsaudit.commands.options",
        "tlsaudit.commands.running",
        "tlsaudit.commands.tables",
        "tlsaudit.engines",
        "tlsaudit.engines.native_text",
        "tlsaudit.errors",
        "tlsaudit.inputs",
        "tlsaudit.progress",
        "tlsaudit.registry",
        "tlsaudit.safe_text",
    }
    assert found.isdisjoint({"dataclasses", "glob", "ipaddress", "json", "pathlib", "urllib"})


def test_what_a_file_and_a_pattern_need_is_loaded_for_them(tmp_path: Path) -> None:
    written = str(tmp_path / "table.csv")
    found = loaded_beyond_click(["handshakes", "offi?e.pcapng", "--format", "csv", "-o", written])
    assert found >= {"glob", "pathlib", "tlsaudit.reports.export"}


def test_version_is_that_of_the_core() -> None:
    from tlsaudit import _core

    done = run("--version")
    assert (done.code, done.text) == (0, f"tlsaudit {_core.__version__}\n")


def test_help_names_every_shipped_policy() -> None:
    from tlsaudit.findings import policy_names

    # Lines of help may break behind a hyphen.
    text = re.sub(r"-\n +", "-", run("report", "--help").text)
    assert all(name in text for name in policy_names())


def test_docs_cli_is_fresh() -> None:
    from tlsaudit.cli import markdown

    page = SAMPLES.parent / "docs" / "cli.md"
    assert page.read_text("utf-8") == markdown(), "run python scripts/generate_docs.py"
