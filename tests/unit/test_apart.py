"""Refusals and things set aside: from the core to the tables, the page and the terminal."""

from pathlib import Path

from tests.support.tables import HOSTILE
from tlsaudit import audit, schema

SAMPLES = Path(__file__).parents[2] / "samples"


def test_only_the_real_client_is_flagged_beside_imitations():
    run = audit(SAMPLES / "media-relay.pcap")
    assert list(run.clients["client"]) == ["192.0.2.10"]
    assert set(run.findings["client"]) == {"192.0.2.10"}
    schema.check(run.set_aside, schema.SET_ASIDE)
    assert list(run.set_aside["kind"].astype("object")) == [
        "pseudo-tls-microsoft",
        "pseudo-tls-microsoft",
        "pseudo-tls-google",
    ]
    assert list(run.set_aside["client"]) == ["192.0.2.11"] * 3
    assert [list(frames) for frames in run.set_aside["frames"]] == [[4, 5], [14, 15], [24, 25]]
    assert "3 things set aside that look like TLS" in run.summary()


def test_tls_that_met_plaintext_is_a_refusal():
    run = audit(SAMPLES / "tls-to-http-port.pcap")
    schema.check(run.refusals, schema.REFUSALS)
    assert set(run.refusals["kind"].astype("object")) == {"tls-to-plaintext"}
    first = run.refusals.iloc[0]
    assert first["asked"] == "ClientHello"
    assert first["answered"].startswith("HTTP/1.")
    assert first["answered_frame"] > first["asked_frame"]


def test_both_are_on_the_page_and_in_the_files(tmp_path):
    run = audit(SAMPLES / "media-relay.pcap", SAMPLES / "tls-to-http-port.pcap")
    page = run.report(tmp_path).read_text(encoding="utf-8")
    assert 'id="refusals"' in page
    assert "tls-to-plaintext" in page
    assert 'id="set_aside"' in page
    assert "pseudo-tls-google" in page
    for name in ("refusals", "set_aside"):
        for ending in ("csv", "jsonl", "parquet"):
            assert (tmp_path / f"{name}.{ending}").stat().st_size > 0
    back = schema.read_parquet(tmp_path / "set_aside.parquet", schema.SET_ASIDE)
    schema.check(back, schema.SET_ASIDE)
    assert len(back) == 3


def test_without_any_there_is_no_such_section(tmp_path):
    page = audit(SAMPLES / "tls10-3des.pcap").report(tmp_path).read_text(encoding="utf-8")
    assert 'id="refusals"' not in page
    assert 'id="set_aside"' not in page
    assert (tmp_path / "refusals.csv").read_text(encoding="utf-8").startswith("capture,")


def test_an_answer_that_is_an_attack_stays_text(tmp_path, make_audit):
    run = make_audit([])
    row = dict.fromkeys(column.name for column in schema.REFUSALS)
    row |= {"capture": "a.pcap", "transport": "tcp", "stream": 0, "kind": "upgrade-refused"}
    row |= {"carrier": "smtp-starttls", "client": "192.0.2.1", "server": "192.0.2.2"}
    row |= {"answered": HOSTILE, "answered_frame": 7, "carrier_target": HOSTILE}
    hostile = type(run)(
        run.handshakes,
        run.captures,
        run.policy,
        refusals=schema.from_rows([row], schema.REFUSALS),
    )
    page = hostile.report(tmp_path).read_text(encoding="utf-8")
    assert 'id="refusals"' in page
    assert HOSTILE not in page


def test_frames_are_the_same_in_every_form(tmp_path):
    audit(SAMPLES / "media-relay.pcap").report(tmp_path)
    lines = (tmp_path / "set_aside.csv").read_text("utf-8").splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["frames", "4;5", "14;15", "24;25"]
    assert '"frames":[14,15]' in (tmp_path / "set_aside.jsonl").read_text("utf-8")
