"""Captures that Windows' own programs wrote, of which several come in two formats."""

import subprocess

import pytest
from support.command import run
from support.needs import corpus_folder, needs_tshark

import tlsaudit
from tlsaudit._core import convert

PAIRS = 9


@pytest.fixture(scope="module")
def windows():
    folder = corpus_folder() / "windows"
    assert folder.is_dir(), f"there are no captures of Windows in {folder}"
    return folder


def pairs(windows):
    return [
        (cap, windows / "matp" / f"{cap.stem}.matp")
        for cap in sorted((windows / "netmon").glob("*.cap"))
        if (windows / "matp" / f"{cap.stem}.matp").exists()
    ]


def frames(capture, folder):
    """Each frame's time, length on the wire and bytes, in order, without anything of the format."""
    output = folder / "frames.pcapng"
    output.unlink(missing_ok=True)
    (told,) = convert([(capture.name, str(capture))], str(output))
    assert told["error"] is None
    found = list(packets(output.read_bytes()))
    assert len(found) == told["frames"]
    return found


def packets(data):
    """The packet blocks of a pcapng file with times in nanoseconds."""
    place = 0
    while place < len(data):
        kind = int.from_bytes(data[place : place + 4], "little")
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        if kind == 6:
            high, low, captured, original = (
                int.from_bytes(data[at : at + 4], "little")
                for at in range(place + 12, place + 28, 4)
            )
            yield high << 32 | low, original, data[place + 28 : place + 28 + captured]
        place += length


def test_captures_that_come_in_both_formats_hold_the_same_frames_at_the_same_times(
    windows, tmp_path
):
    found = pairs(windows)
    assert len(found) == PAIRS
    for cap, matp in found:
        of_netmon, of_analyzer = frames(cap, tmp_path), frames(matp, tmp_path)
        assert of_netmon
        # Frames of the same 100 ns have no order that both keep.
        assert sorted(of_analyzer) == sorted(of_netmon), cap.stem
        times = [ts for ts, _, _ in of_analyzer]
        assert times == [ts for ts, _, _ in of_netmon] == sorted(times), cap.stem
        assert all(ts % 100 == 0 for ts in times)


def test_ad_fs_in_message_analyzer_was_recorded_after_the_hellos(windows):
    """The two files are two recordings of one scenario: the second begins in open connections."""
    (matp,) = (windows / "adfs").glob("*.matp")
    (pcapng,) = (windows / "adfs").glob("*.pcapng")
    with_hellos = tlsaudit.read_handshakes(str(pcapng))
    assert len(with_hellos) == 11
    audit = tlsaudit.audit(str(matp))
    assert audit.handshakes.empty
    found = audit.captures.iloc[0]
    assert (found["frames"], found["tcp_streams"], found["unheard_streams"]) == (155, 6, 6)


def test_remote_desktop_sessions_show_their_handshakes(windows):
    for matp in sorted((windows / "matp").glob("MS-RDSOD*.matp")):
        table = tlsaudit.read_handshakes(str(matp))
        assert "rdp" in set(table["carrier"]), matp.name
        assert table["negotiated_cipher_suite"].notna().any(), matp.name


def test_every_version_of_network_monitor_holds_the_same_frames(windows, tmp_path):
    files = sorted((windows / "netmon").glob("synth_netmon2.?.cap"))
    assert len(files) == 4
    one, *others = [[rest for _, *rest in frames(each, tmp_path)] for each in files]
    assert len(one) == 9
    assert all(each == one for each in others)


def segments(capture):
    """The frames of TCP as tshark numbers them, with the sequence numbers in them."""
    listed = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "fields", "-e", "frame.number", "-e", "tcp.seq_raw"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.split("\t") for line in listed.stdout.splitlines())
    return [(number, sequence) for number, sequence in lines if sequence]


def test_frames_of_network_monitor_have_the_numbers_that_wireshark_gives_them(windows, tmp_path):
    needs_tshark()
    count = 0
    for cap in sorted((windows / "netmon").glob("*.cap")):
        converted = tmp_path / "converted.pcapng"
        assert run("convert", str(cap), "-o", str(converted)).code == 0
        found = segments(converted)
        assert found == segments(cap), cap.name
        count += len(found)
    assert count > 1_000


def test_wireshark_finds_the_same_handshakes_in_what_it_cannot_read_by_itself(windows):
    needs_tshark()
    matp = windows / "matp" / "MS-RDSOD_Example_1_Win2016RS1_x64_Win10RS4_x64.matp"
    audit = tlsaudit.audit(str(matp))
    agreement = audit.verify("tshark")
    assert agreement.hellos > 0
    assert agreement.lines()[-1] == "unexplained differences: 0"
    row = audit.handshakes.iloc[0]
    assert "TLS" in str(audit.frame(int(row["client_hello_frame"])))
    assert all("tlsaudit convert" in line for line in audit.verdicts["tshark"])
