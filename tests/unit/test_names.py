"""Names of addresses: from the core to the tables, the page and the terminal."""

from pathlib import Path

from tests.support.tables import HOSTILE
from tlsaudit import audit, schema

SAMPLES = Path(__file__).parents[2] / "samples"


def test_answers_of_dns_say_who_was_told_what():
    run = audit(SAMPLES / "office.pcapng")
    schema.check(run.names, schema.NAMES)
    first = run.names.iloc[0]
    assert (first["address"], first["name"]) == ("10.20.10.80", "intranet.example.test")
    assert (first["kind"], first["source"], first["frame"]) == ("host", "dns-answer", 4)
    assert first["told_to"] == "10.20.30.143"
    assert run.names["frame"].is_monotonic_increasing


def test_a_capture_without_names_has_an_empty_table():
    run = audit(SAMPLES / "tls10-3des.pcap")
    assert run.names.empty
    schema.check(run.names, schema.NAMES)


def test_an_engine_that_tells_no_names_has_an_empty_table():
    run = audit(SAMPLES / "tls10-3des.pcap", engine="scapy")
    assert run.names.empty
    schema.check(run.names, schema.NAMES)


def test_a_name_that_is_an_attack_stays_text(tmp_path, make_audit):
    run = make_audit([])
    row = dict.fromkeys(column.name for column in schema.NAMES)
    row |= {"capture": HOSTILE, "address": "192.0.2.1", "name": HOSTILE, "kind": "host"}
    row |= {"source": "dns-answer"}
    hostile = type(run)(
        run.handshakes, run.captures, run.policy, names=schema.from_rows([row], schema.NAMES)
    )
    page = hostile.report(tmp_path).read_text(encoding="utf-8")
    assert HOSTILE not in page
    text = (tmp_path / "names.csv").read_text("utf-8")
    assert text.startswith("capture,address,name,")
    assert f"192.0.2.1,{HOSTILE}" not in text, "quotes in a cell are doubled"
