"""Evidence holds the packets that show what was found, and gives the same findings again."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.command import SAMPLES, run
from support.needs import corpus_folder, needs_tshark
from support.ring import cut_pcap, cut_pcapng, write_ring

import tlsaudit
from tlsaudit import CaptureError, ReportError, read_store
from tlsaudit.evidence import Evidence
from tlsaudit.evidence.chosen import choose
from tlsaudit.places import Places
from tlsaudit.store import batch

KEY = ("capture", "transport", "stream", "handshake")
FRAMES = ("evidence_frame", "client_hello_frame", "server_hello_frame")
SAME = (
    *("rule", "severity", "basis", "transport", "handshake", "ts", "client", "client_ip", "server"),
    *("server_ip", "server_port", "tunnel", "outer_client_ip", "server_name", "observed"),
)

WHO = frozenset(
    ("client", "client_ip", "server", "server_ip", "tunnel", "outer_client_ip", "outer_server_ip")
) | {"server_name"}

# One of each way that handshakes come: carriers, wrappers, fragments, tunnels, cuts, formats.
CAPTURES = (
    "office.pcapng",
    "dtls10-openssl.pcap",
    "eap-tls-radius.pcap",
    "eap-wired.pcap",
    "ftp-tls.pcap",
    "ipv4-fragments.pcap",
    "port-reused.pcap",
    "quic-version-refused.pcap",
    "rdp.pcap",
    "refused-protocol-version.pcap",
    "second-try-on-one-stream.pcap",
    "snap-length-cut.pcap",
    "sql-server.pcap",
    "ssl2-format-hello.pcap",
    "tunnel-fragments.pcap",
)


def value(cell: Any) -> Any:
    return None if pd.isna(cell) else cell


def findings(
    audit: tlsaudit.Audit, origin: Evidence | None, names: Iterable[str] = SAME
) -> Counter[tuple[Any, ...]]:
    """The findings, each frame as that of the first capture."""
    found = []
    for row in audit.findings.to_dict("records"):
        frames = []
        for name in FRAMES:
            number = value(row[name])
            if number is not None and origin is not None:
                number = origin.frames[number - 1][1]
            frames.append(number)
        found.append((*(value(row[name]) for name in names), *frames))
    return Counter(found)


def of_evidence(audit: tlsaudit.Audit) -> tlsaudit.Audit:
    """The same audit with the handshakes only that are evidence."""
    wanted = {
        tuple(value(seen.row[name]) for name in KEY)
        for chosen in choose(audit, None)
        for seen in chosen.handshakes
    }
    rows = [
        tuple(map(value, row)) in wanted
        for row in audit.handshakes[list(KEY)].itertuples(index=False, name=None)
    ]
    return tlsaudit.Audit(
        audit.handshakes[rows].reset_index(drop=True), audit.captures, audit.policy
    )


@pytest.mark.parametrize("name", CAPTURES)
def test_evidence_gives_the_same_findings_again(tmp_path: Path, name: str) -> None:
    audit = tlsaudit.audit(SAMPLES / name)
    if not choose(audit, None):
        pytest.fail("this sample shows nothing: choose another one")
    written = audit.evidence(tmp_path / "evidence.pcapng")
    again = tlsaudit.audit(written.path)
    expected = of_evidence(audit)
    assert findings(again, written) == findings(expected, None)
    assert again.captures["frames"].item() == len(written.frames)
    assert again.captures["error"].isna().all()


def test_evidence_of_a_client_opens_in_tshark_with_its_comments(tmp_path: Path) -> None:
    needs_tshark()
    audit = tlsaudit.audit(SAMPLES / "office.pcapng")
    client = "10.20.30.201"
    written = audit.evidence(tmp_path / "client.pcapng", [client])
    mine = audit.findings[audit.findings["client"] == client]
    assert written.clients == 1
    wanted = {int(frame) for frame in mine["evidence_frame"]}
    assert wanted <= {frame for _, frame in written.frames}
    shown = subprocess.run(
        [
            *("tshark", "-2", "-r", str(written.path), "-Y", 'frame.comment contains "finding" '),
            *("-T", "fields", "-e", "frame.number", "-e", "frame.comment"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    comments = dict(line.split("\t", 1) for line in shown.stdout.splitlines())
    for row in mine.to_dict("records"):
        number = 1 + [frame for _, frame in written.frames].index(int(row["evidence_frame"]))
        comment = comments[str(number)]
        assert f"office.pcapng, frame {row['evidence_frame']}: " in comment
        assert f"finding {row['rule']} ({row['severity']}): {row['observed']}" in comment
        assert client in comment
    addresses = subprocess.run(
        ["tshark", "-r", str(written.path), "-T", "fields", "-e", "ip.addr"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(client in line for line in addresses.stdout.splitlines())


def test_packets_are_those_of_the_capture(tmp_path: Path) -> None:
    needs_tshark()
    source = SAMPLES / "tls10-3des.pcap"
    written = tlsaudit.audit(source).evidence(tmp_path / "evidence.pcapng")

    def frames(path: Path) -> list[str]:
        fields = ("frame.number", "frame.time_epoch", "frame.len", "tcp.checksum", "tcp.seq_raw")
        done = subprocess.run(
            ["tshark", "-r", str(path), "-T", "fields", *(f"-e{each}" for each in fields)],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    before = {line.split("\t")[0]: line.split("\t")[1:] for line in frames(source)}
    after = [line.split("\t")[1:] for line in frames(written.path)]
    assert after == [before[str(frame)] for _, frame in written.frames]


def test_what_was_said_under_protection_is_not_in_it(tmp_path: Path) -> None:
    needs_tshark()
    written = tlsaudit.audit(SAMPLES / "office.pcapng").evidence(tmp_path / "evidence.pcapng")
    done = subprocess.run(
        [
            "tshark",
            "-r",
            str(written.path),
            "-Y",
            "tls.app_data",
            "-T",
            "fields",
            "-e",
            "tls.app_data",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_same_audit_gives_the_same_bytes(tmp_path: Path) -> None:
    audit = tlsaudit.audit(SAMPLES / "curl.pcap")
    first = audit.evidence(tmp_path / "a.pcapng").path.read_bytes()
    assert audit.evidence(tmp_path / "b.pcapng").path.read_bytes() == first


def test_command_writes_what_the_library_writes(tmp_path: Path) -> None:
    done = run("evidence", "curl.pcap", "-o", str(tmp_path / "a.pcapng"))
    assert done.code == 0
    assert done.text == ""
    assert done.messages == [
        f"tlsaudit: wrote {tmp_path / 'a.pcapng'}: 9 packets of 1 handshake of 1 client"
    ]
    assert tlsaudit.audit(tmp_path / "a.pcapng").findings.shape[0] == 2


def test_client_without_findings_is_said(tmp_path: Path) -> None:
    done = run("evidence", "curl.pcap", "-o", str(tmp_path / "a.pcapng"), "--client", "192.0.2.9")
    assert done.code == 2
    assert done.messages[-1] == (
        "tlsaudit: no handshake of 192.0.2.9 is flagged under entra, so there is no evidence to "
        "write"
    )
    assert not (tmp_path / "a.pcapng").exists()


def test_capture_that_changed_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcap"
    shutil.copy(SAMPLES / "tls10-3des.pcap", copy)
    audit = tlsaudit.audit(copy)
    shutil.copy(SAMPLES / "no-tls.pcap", copy)
    with pytest.raises(CaptureError, match=r"it is not what was audited any more"):
        audit.evidence(tmp_path / "evidence.pcapng")
    copy.unlink()
    with pytest.raises(CaptureError, match=r"copy\.pcap: there is no such file"):
        audit.evidence(tmp_path / "evidence.pcapng")
    assert not (tmp_path / "evidence.pcapng").exists()


def test_audit_without_findings_has_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no handshake is flagged under entra, so there is"):
        tlsaudit.audit(SAMPLES / "tls13-openssl.pcapng").evidence(tmp_path / "evidence.pcapng")


ANONYMOUS = (
    "office.pcapng",
    "dtls10-openssl.pcap",
    "hostile-names.pcap",
    "ipv4-fragments.pcap",
    "proxy-v1.pcap",
    "smtp-postfix.pcap",
    "snap-length-cut.pcap",
    "ssl2-format-hello.pcap",
    "tunnel-fragments.pcap",
)
KEY_OF_TESTS = b"sixteen bytes or more"


def names_in(audit: tlsaudit.Audit) -> set[bytes]:
    """Every address, name and capture name of the handshakes that are evidence, as bytes."""
    found: set[bytes] = set()
    for row in of_evidence(audit).handshakes.to_dict("records"):
        for column in ("client", "server", "outer_client_ip", "outer_server_ip"):
            if not pd.isna(row[column]):
                found.add(str(row[column]).encode())
                found.add(ipaddress.ip_address(row[column]).packed)
        if not pd.isna(row["client_mac"]):
            mac = bytes.fromhex(row["client_mac"].replace(":", ""))
            # Loopback has zeros.
            found.update([mac] if any(mac) else [])
        for column in ("server_name", "carrier_target", "capture"):
            if not pd.isna(row[column]):
                name = str(row[column]).lower()
                found.update(part.encode() for part in (name, *name.split(".")) if len(part) > 3)
        for column in ("certificate_subject", "certificate_issuer"):
            if not pd.isna(row[column]):
                parts = str(row[column]).lower().replace(",", "=").split("=")
                found.update(part.strip().encode() for part in parts if len(part.strip()) > 3)
    return found


@pytest.mark.parametrize("name", ANONYMOUS)
def test_anonymous_evidence_gives_the_same_findings_and_no_name(tmp_path: Path, name: str) -> None:
    audit = tlsaudit.audit(SAMPLES / name)
    written = audit.evidence(tmp_path / "anonymous.pcapng", anonymise=True, key=KEY_OF_TESTS)
    assert not written.left_out
    data = written.path.read_bytes().lower()
    # What the file says of itself is not captured.
    head = int.from_bytes(data[4:8], "little")
    names = names_in(audit)
    assert names
    assert not [each for each in names if each.lower() in data[head:]]
    seen_again = [each for each in SAME if each not in WHO]
    again = tlsaudit.audit(written.path)
    assert again.captures["error"].isna().all()
    assert findings(again, written, seen_again) == findings(of_evidence(audit), None, seen_again)


def test_anonymous_packets_are_sound(tmp_path: Path) -> None:
    needs_tshark()
    audit = tlsaudit.audit(SAMPLES / "office.pcapng")
    written = audit.evidence(tmp_path / "anonymous.pcapng", anonymise=True, key=KEY_OF_TESTS)
    checks = ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")
    wrong = "ip.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed"
    done = subprocess.run(
        [
            *("tshark", "-2", "-r", str(written.path), *(f"-o{each}:TRUE" for each in checks)),
            *("-Y", wrong),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""


def test_key_makes_the_same_file_again_and_none_makes_another(tmp_path: Path) -> None:
    audit = tlsaudit.audit(SAMPLES / "curl.pcap")

    def made(name: str, **settings: Any) -> bytes:
        return audit.evidence(tmp_path / name, anonymise=True, **settings).path.read_bytes()

    assert made("a", key=KEY_OF_TESTS) == made("b", key=KEY_OF_TESTS)
    assert made("c") != made("d")
    with pytest.raises(ReportError, match=r"a key for pseudonyms has at least 16 bytes"):
        made("e", key=b"short")


def test_handshakes_that_cannot_be_made_anonymous_are_left_out_and_counted(tmp_path: Path) -> None:
    audit = tlsaudit.audit(SAMPLES / "eap-wired.pcap", SAMPLES / "curl.pcap")
    written = audit.evidence(tmp_path / "anonymous.pcapng", anonymise=True)
    assert written.left_out == {"EAP cannot be made anonymous": 2}
    assert written.handshakes == 1
    with pytest.raises(ReportError, match=r"no packet of the handshakes .* EAP cannot be made"):
        tlsaudit.audit(SAMPLES / "eap-wired.pcap").evidence(tmp_path / "none", anonymise=True)
    assert not (tmp_path / "none").exists()


def stored_ring(folder: Path, name: str, count: int) -> tlsaudit.Audit:
    """A sample cut into the files of a ring, joined by a store."""
    ring = folder / "ring"
    ring.mkdir()
    cut = cut_pcapng if name.endswith("ng") else cut_pcap
    write_ring(ring, cut((SAMPLES / name).read_bytes(), count))
    batch([ring], folder / "store")
    return read_store(folder / "store")


@pytest.mark.parametrize(
    ("name", "count"), [("office.pcapng", 40), ("ipv4-fragments.pcap", 9), ("tls12-3des.pcap", 7)]
)
def test_evidence_of_a_ring_is_that_of_the_whole(tmp_path: Path, name: str, count: int) -> None:
    whole, ring = tlsaudit.audit(SAMPLES / name), stored_ring(tmp_path, name, count)
    expected = whole.evidence(tmp_path / "whole.pcapng")
    written = ring.evidence(tmp_path / "ring.pcapng")
    places = Places(ring.files)
    assert len({places.of(*each)[0] for each in written.frames}) > 1
    assert [frame for _, frame in written.frames] == [frame for _, frame in expected.frames]
    again = tlsaudit.audit(written.path)
    assert findings(again, written) == findings(of_evidence(whole), None)
    # Here comments name no files, so nothing differs.
    pseudonyms = {"anonymise": True, "key": KEY_OF_TESTS}
    alike = [
        each.evidence(tmp_path / "anonymous.pcapng", **pseudonyms).path.read_bytes()
        for each in (whole, ring)
    ]
    assert alike[0] == alike[1]


def test_comments_of_a_ring_name_the_file_and_the_frame_in_it(tmp_path: Path) -> None:
    needs_tshark()
    ring = stored_ring(tmp_path, "tls12-3des.pcap", 7)
    written = ring.evidence(tmp_path / "evidence.pcapng")
    done = subprocess.run(
        ["tshark", "-r", str(written.path), "-T", "fields", "-e", "frame.comment"],
        capture_output=True,
        text=True,
        check=True,
    )
    comments = done.stdout.splitlines()
    places = Places(ring.files)
    for origin, comment in zip(written.frames, comments, strict=True):
        file, place = places.of(*origin)
        assert comment.startswith(f"{file}, frame {place}: ")
    assert any("ClientHello of the client" in each for each in comments)
    assert any("finding" in each for each in comments)


def test_file_of_a_ring_that_is_gone_is_named(tmp_path: Path) -> None:
    ring = stored_ring(tmp_path, "tls12-3des.pcap", 7)
    gone = Path(ring.files["file"][2])
    gone.unlink()
    with pytest.raises(CaptureError, match=rf"{gone.name}: there is no such file"):
        ring.evidence(tmp_path / "evidence.pcapng")
    assert not (tmp_path / "evidence.pcapng").exists()


def test_file_of_a_ring_that_never_could_be_read_is_not_missed(tmp_path: Path) -> None:
    whole = stored_ring(tmp_path, "tls12-3des.pcap", 7)
    damaged = Path(whole.files["file"][6])
    damaged.write_bytes(b"no capture")
    batch([tmp_path / "ring"], tmp_path / "store")
    ring = read_store(tmp_path / "store")
    assert ring.files["error_kind"].notna().tolist() == [False] * 6 + [True]
    written = ring.evidence(tmp_path / "evidence.pcapng")
    assert findings(tlsaudit.audit(written.path), written) == findings(of_evidence(ring), None)


@pytest.mark.parametrize("name", ["tls11.pcap", "dtls2.pcap", "dtls_certificate_fragments.pcap"])
def test_evidence_of_real_captures_gives_the_same_findings(tmp_path: Path, name: str) -> None:
    found = sorted((corpus_folder() / "dev").glob(f"*/**/{name}"))
    assert found, "the corpus has changed"
    audit = tlsaudit.audit(found[0])
    written = audit.evidence(tmp_path / "evidence.pcapng")
    assert findings(tlsaudit.audit(written.path), written) == findings(of_evidence(audit), None)
