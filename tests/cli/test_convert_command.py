"""`tlsaudit convert` writes what any program reads, and says no before it harms anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.command import SAMPLES, interrupt_while_it_waits, run, started
from support.needs import needs_tshark

import tlsaudit

SAMPLE = SAMPLES / "tls10-3des.pcap"


def test_result_gives_the_same_handshakes_under_the_same_frames(tmp_path: Path) -> None:
    done = run("convert", str(SAMPLE), "-o", str(tmp_path / "out.pcapng"))
    frames = int(tlsaudit.audit(SAMPLE).captures["frames"].iloc[0])
    assert (done.code, done.text) == (0, "")
    assert done.messages == [f"tlsaudit: wrote {tmp_path / 'out.pcapng'}: {frames} frames"]
    ours = tlsaudit.read_handshakes(tmp_path / "out.pcapng").drop(columns="capture")
    assert ours.equals(tlsaudit.read_handshakes(SAMPLE).drop(columns="capture"))


def test_standard_output_takes_it_too(tmp_path: Path) -> None:
    run("convert", str(SAMPLE), "-o", str(tmp_path / "out.pcapng"))
    done = run("convert", str(SAMPLE), "-o", "-")
    assert done.output == (tmp_path / "out.pcapng").read_bytes()
    assert done.messages == []


def test_wireshark_reads_what_was_converted(tmp_path: Path) -> None:
    needs_tshark()
    both = [str(SAMPLE), str(SAMPLES / "link-sll2.pcap")]
    assert run("convert", *both, "-o", str(tmp_path / "out.pcapng")).code == 0
    lines = subprocess.run(
        ["tshark", "-r", str(tmp_path / "out.pcapng"), "-T", "fields", "-e", "frame.number"],
        capture_output=True,
        text=True,
        check=True,
    )
    frames = sum(int(tlsaudit.audit(each).captures["frames"].iloc[0]) for each in both)
    assert lines.stdout.split() == [str(number) for number in range(1, frames + 1)]


def test_capture_is_never_written_over(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(SAMPLE.read_bytes())
    done = run("convert", str(copy), "-o", str(copy))
    assert done.code == 2
    assert "is one of the captures" in done.messages[-1]
    assert copy.read_bytes() == SAMPLE.read_bytes()


def test_what_is_no_capture_leaves_no_file_and_the_old_one_whole(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("just words\n" * 20)
    (tmp_path / "out.pcapng").write_text("old")
    done = run("convert", str(tmp_path / "words.txt"), "-o", str(tmp_path / "out.pcapng"))
    assert done.code == 2
    assert "no packet capture" in done.messages[0]
    assert (tmp_path / "out.pcapng").read_text() == "old"
    assert {each.name for each in tmp_path.iterdir()} == {"words.txt", "out.pcapng"}


@pytest.mark.parametrize("cut", [40, 400])
def test_capture_that_is_cut_gives_what_came_before(tmp_path: Path, cut: int) -> None:
    (tmp_path / "cut.pcap").write_bytes(SAMPLE.read_bytes()[:-cut])
    done = run("convert", str(tmp_path / "cut.pcap"), "-o", str(tmp_path / "out.pcapng"))
    assert done.code == 3
    assert "ends in the middle of a packet" in done.messages[0]
    ours = tlsaudit.audit(tmp_path / "out.pcapng").captures
    assert ours["frames"].equals(tlsaudit.audit(tmp_path / "cut.pcap").captures["frames"])


def cut_before_the_first_frame(ending: str) -> bytes:
    """The beginning of a capture of this format, in which no frame is whole."""
    sys.path.append(str(SAMPLES / "makers"))
    import event_traces
    import other_containers

    frames = event_traces.packets_of_pcap(SAMPLE.read_bytes())
    whole = {
        "pcap": SAMPLE.read_bytes,
        "pcapng": (SAMPLES / "office.pcapng").read_bytes,
        "etl": lambda: b"".join(
            event_traces.trace(map(event_traces.ndiscap, frames), start=frames[0].time)
        ),
        "cap": lambda: other_containers.netmon(frames),
        "matp": lambda: other_containers.matp(frames),
    }[ending]()
    return bytes(whole[: {"pcap": 60, "pcapng": 180}.get(ending, 300)])


@pytest.mark.parametrize("ending", ["pcap", "pcapng", "etl", "cap", "matp"])
def test_capture_that_is_cut_before_its_first_frame_is_one_that_could_not_be_read(
    tmp_path: Path, ending: str
) -> None:
    cut, out = tmp_path / f"cut.{ending}", tmp_path / "out.pcapng"
    cut.write_bytes(cut_before_the_first_frame(ending))
    done = run("convert", cut, "-o", out)
    assert (done.code, len(done.messages), out.exists()) == (2, 1, False)
    assert [run(command, cut).code for command in ("handshakes", "check", "forecast")] == [2, 2, 2]
    assert run("handshakes", cut, "--format", "csv").code == 2
    assert run("handshakes", cut, SAMPLE).code == 3


def test_converted_capture_is_named_for_what_it_is(tmp_path: Path) -> None:
    done = run("convert", SAMPLE, "-o", tmp_path / "n.txt")
    assert done.code == 2
    assert "name a file that ends in .pcapng" in done.messages[-1]
    assert list(tmp_path.iterdir()) == []


# The last is of Network Monitor, which is read to its end before its first frame.
BEGINNINGS = (b"", (SAMPLES / "office.pcapng").read_bytes()[:5000], b"GMBU\0\2\1\0" + bytes(200))


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=("nothing", "pcapng", "netmon"))
def test_interrupt_stops_it_while_it_waits_and_leaves_no_file(
    tmp_path: Path, beginning: bytes
) -> None:
    with started("convert", "-", "-o", tmp_path / "out.pcapng") as process:
        interrupt_while_it_waits(process, beginning)
    assert list(tmp_path.iterdir()) == []
