"""The packets of samples in containers of other formats give the rows of the samples."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import needs_tshark

import tlsaudit

SAMPLES = Path(__file__).parents[2] / "samples"
sys.path.append(str(SAMPLES / "makers"))

import event_traces  # noqa: E402
import other_containers  # noqa: E402

NAMES = ["tls10-3des.pcap", "tls12-resumed-ticket.pcap", "post-quantum.pcap", "small-segments.pcap"]
# What depends on the container and not on the packets.
OWN = ["capture", "client_process", "client_pid", "client_process_basis"]
VERSIONS = [(2, 0), (2, 1), (2, 2), (2, 3)]


def frames_of(name):
    return event_traces.packets_of_pcap((SAMPLES / name).read_bytes())


def rows(audit):
    return audit.handshakes.drop(columns=OWN)


def read(path, data):
    path.write_bytes(data)
    return tlsaudit.audit(path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["snoop", "netmon", "matp"])
def test_rows_are_those_of_the_sample(tmp_path, form, name):
    data = getattr(other_containers, form)(frames_of(name))
    # Formats are told by content.
    found = read(tmp_path / "capture.bin", data)
    assert list(found.captures["format"]) == [form]
    assert found.captures["error"].isna().all()
    assert rows(found).equals(rows(tlsaudit.audit(SAMPLES / name)))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_network_monitor_gives_the_rows(tmp_path, version):
    data = other_containers.netmon(frames_of(NAMES[0]), version=version)
    found = read(tmp_path / "capture.cap", data)
    assert rows(found).equals(rows(tlsaudit.audit(SAMPLES / NAMES[0])))
    remarks = found.captures["remarks"].iloc[0]
    assert (version == (2, 3)) == (not isinstance(remarks, str))


def test_version_1_has_milliseconds_since_the_start(tmp_path):
    sample = frames_of(NAMES[0])
    start = 1_767_225_600 * 10**9
    frames = [
        event_traces.Frame(start + 10**6 * place, frame.data, frame.length)
        for place, frame in enumerate(sample)
    ]
    found = read(tmp_path / "capture.cap", other_containers.netmon(frames, version=(1, 1)))
    assert list(found.captures["frames"]) == [len(sample)]
    times = found.captures.iloc[0][["first_ts", "last_ts"]]
    assert [each.value for each in times] == [frames[0].time, frames[-1].time]
    told = [each for each in rows(found) if "version" in each or "frame" in each]
    assert len(told) > 5
    expected = tlsaudit.audit(SAMPLES / NAMES[0])
    assert rows(found)[told].equals(rows(expected)[told])


def test_process_table_names_the_program_behind_a_client(tmp_path):
    row = tlsaudit.audit(SAMPLES / NAMES[0]).handshakes.iloc[0]
    local = (str(row["client_ip"]), int(row["client_port"]))
    remote = (str(row["server_ip"]), int(row["server_port"]))
    process = (4242, "C:\\Programs\\old client.exe", local, remote)
    data = other_containers.netmon(frames_of(NAMES[0]), process=process)
    found = read(tmp_path / "capture.cap", data).handshakes.iloc[0]
    assert tuple(found[each] for each in OWN[1:]) == ("old client.exe", 4242, "process-table")
    # The other end's process is no client's.
    data = other_containers.netmon(frames_of(NAMES[0]), process=(*process[:2], remote, local))
    found = read(tmp_path / "capture.cap", data).handshakes.iloc[0]
    assert all(found.isna()[each] for each in OWN[1:])


def test_command_that_shows_the_frames_converts_what_wireshark_cannot_read(tmp_path):
    needs_tshark()
    capture = tmp_path / "old client's.matp"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    audit = read(capture, other_containers.matp(frames_of(NAMES[0])))
    row = audit.verdicts.iloc[0]
    assert row["tshark"].startswith("tlsaudit convert ")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", row["tshark"]],
        capture_output=True,
        text=True,
        check=True,
        cwd=elsewhere,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
    )
    assert [each.name for each in elsewhere.iterdir()] == [f"{capture.name}.pcapng"]
    shown = [int(line.split()[0]) for line in done.stdout.splitlines()]
    assert shown == sorted(row["frames"])
    page = audit.report(tmp_path / "report").read_text("utf-8")
    assert '"before":"tlsaudit convert ' in page


def test_commands_for_what_wireshark_reads_are_as_they_were(tmp_path):
    audit = read(tmp_path / "capture.cap", other_containers.netmon(frames_of(NAMES[0])))
    assert audit.verdicts["tshark"].str.startswith("tshark -2 -r ").all()


def test_evidence_is_made_of_any_format(tmp_path):
    audit = read(tmp_path / "capture.matp", other_containers.matp(frames_of(NAMES[0])))
    written = audit.evidence(tmp_path / "evidence.pcapng")
    again = tlsaudit.audit(written.path)
    assert list(again.findings["rule"]) == list(audit.findings["rule"])
