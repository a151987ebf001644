"""The library: three lines from a capture to a report, and errors that say what to do."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from support.command import SAMPLES

import tlsaudit
from tlsaudit import schema

TLS10 = SAMPLES / "tls10-openssl.pcap"


def test_three_lines_give_a_report(tmp_path: Path) -> None:
    audit = tlsaudit.audit(TLS10)
    assert list(audit.clients["worst_severity"]) == ["high"]
    assert audit.report(tmp_path / "out").is_file()


def test_tables_are_those_of_the_schema() -> None:
    audit = tlsaudit.audit(SAMPLES / "office.pcapng", SAMPLES / "tls13-openssl.pcapng")
    schema.check(audit.handshakes, schema.HANDSHAKE_TABLE)
    schema.check(audit.captures, schema.CAPTURES)
    schema.check(audit.findings, schema.FINDINGS)
    schema.check(audit.clients, schema.CLIENTS)


def test_tables_are_worked_out_once() -> None:
    audit = tlsaudit.audit(TLS10)
    assert audit.clients is audit.clients
    assert audit.findings is audit.findings


def test_file_object_path_and_name_give_the_same_handshakes() -> None:
    with open(TLS10, "rb") as file:
        opened = tlsaudit.audit(file).handshakes.drop(columns="capture")
    for source in (TLS10, str(TLS10), io.BytesIO(TLS10.read_bytes())):
        assert tlsaudit.audit(source).handshakes.drop(columns="capture").equals(opened)


def test_policy_is_a_name_a_file_or_a_policy(tmp_path: Path) -> None:
    from tlsaudit.findings import load_policy

    bcp195 = load_policy("bcp195")
    assert tlsaudit.audit(TLS10, policy="bcp195").policy == bcp195
    assert tlsaudit.audit(TLS10, policy=bcp195).policy == bcp195
    with pytest.raises(tlsaudit.PolicyError, match="nosuch"):
        tlsaudit.audit(TLS10, policy="nosuch")


def test_policy_changes_the_severity_and_nothing_else() -> None:
    capture = SAMPLES / "tls12-3des.pcap"
    entra, bcp195 = (tlsaudit.audit(capture, policy=name) for name in ("entra", "bcp195"))
    assert entra.handshakes.equals(bcp195.handshakes)
    worst = [str(audit.clients["worst_severity"].iloc[0]) for audit in (entra, bcp195)]
    assert worst == ["high", "medium"]


def test_failure_among_good_captures_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no capture")
    audit = tlsaudit.audit(TLS10, tmp_path, tmp_path / "none.pcap", tmp_path / "x*.pcap")
    kinds = audit.captures["error_kind"].astype("object").tolist()
    assert audit.captures["readable"].tolist() == [True, False, False, False]
    assert kinds[1:] == ["not_a_capture", "missing", "missing"]
    assert len(audit.handshakes) == 1


def test_nothing_readable_raises_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(tlsaudit.CaptureError, match=r"no capture could be read: .*none\.pcap"):
        tlsaudit.audit(tmp_path / "none.pcap")
    with pytest.raises(tlsaudit.CaptureError, match="no capture was named"):
        tlsaudit.audit()
    with pytest.raises(tlsaudit.CaptureError, match="and 2 more like these"):
        tlsaudit.audit(*(tmp_path / f"{number}.pcap" for number in range(5)))


def test_progress_is_told_in_bytes_read() -> None:
    told: list[int] = []
    tlsaudit.audit(SAMPLES / "office.pcapng", TLS10, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == sum(path.stat().st_size for path in (SAMPLES / "office.pcapng", TLS10))


def test_exception_in_the_progress_function_reaches_the_caller() -> None:
    def stop(_done: int) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        tlsaudit.audit(SAMPLES / "office.pcapng", progress=stop)


def test_read_handshakes_takes_one_or_many() -> None:
    one = tlsaudit.read_handshakes(TLS10)
    many = tlsaudit.read_handshakes([TLS10, SAMPLES / "tls11-openssl.pcap"])
    schema.check(one, schema.HANDSHAKE_TABLE)
    assert len(many) > len(one) == 1
    assert list(many["negotiated_version_name"].astype("object").unique()) == ["TLS 1.0", "TLS 1.1"]


def test_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no engine `tcpdump`; there are: native"):
        tlsaudit.read_handshakes(TLS10, engine="tcpdump")


def test_audit_shows_its_answer() -> None:
    audit = tlsaudit.audit(TLS10)
    assert repr(audit) == "<Audit: 1 handshake in 1 capture, policy entra>"
    assert "The one client seen negotiated TLS 1.0." in audit._repr_html_()
    assert audit.summary().startswith("The one client seen negotiated TLS 1.0.\n")


def test_public_names_are_sorted_there_and_documented() -> None:
    assert tlsaudit.__all__ == sorted(tlsaudit.__all__)
    for name in tlsaudit.__all__:
        value = getattr(tlsaudit, name)
        assert isinstance(value, str) or value.__doc__
    with pytest.raises(AttributeError, match="nosuch"):
        tlsaudit.nosuch  # noqa: B018
