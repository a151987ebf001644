"""Names of addresses: from the core to the tables, the page and the terminal."""

from pathlib import Path

import pytest

from tests.support.tables import HOSTILE, handshake_row, make_handshakes
from tlsaudit import ListError, audit, schema
from tlsaudit.naming import called_clients, called_servers, read_hosts, together

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


def told(address, name, source, **more):
    row = {"capture": "a.pcap", "address": address, "name": name, "kind": "host", "times": 1}
    return row | {"source": source, "frame": 7, "first_seen": 100, "last_seen": 100} | more


def table(*rows):
    return schema.from_rows(rows, schema.NAMES)


CLIENT, SERVER = "192.0.2.10", "192.0.2.20"


def shaken(**values):
    row = {"client": CLIENT, "client_ip": CLIENT, "server": SERVER, "server_ip": SERVER}
    return make_handshakes([handshake_row(**row, **values)])


def test_what_a_machine_says_of_itself_counts_before_what_dns_says():
    names = table(
        told(CLIENT, "old.example.test", "dns-pointer", times=9),
        told(CLIENT, "KIOSK-3", "dhcp"),
        told(CLIENT, "alice@EXAMPLE.TEST", "kerberos", kind="user", times=99),
    )
    called = called_clients(shaken(), names)[CLIENT]
    assert (called.name, called.why) == ("KIOSK-3", "DHCP, frame 7 of a.pcap")


def test_a_link_address_names_the_only_client_that_has_it():
    mac = "02:00:5e:10:00:01"
    names = table(told(mac, "KIOSK-3", "dhcp"))
    one = shaken(client_mac=mac)
    assert called_clients(one, names)[CLIENT].name == "KIOSK-3"
    rows = [handshake_row(number=n, client=f"192.0.2.{n}", client_mac=mac) for n in (1, 2)]
    assert called_clients(make_handshakes(rows), names) == {}


def test_a_server_without_a_name_is_what_its_client_was_told_last_before():
    names = table(
        told(SERVER, "a.example.test", "dns-answer", told_to=CLIENT, first_seen=10, last_seen=10),
        told(SERVER, "b.example.test", "dns-answer", told_to=CLIENT, first_seen=20, last_seen=20),
        told(SERVER, "c.example.test", "dns-answer", told_to=CLIENT, first_seen=90, last_seen=90),
        told(SERVER, "d.example.test", "dns-answer", told_to="192.0.2.11", times=5),
    )
    [called] = called_servers(shaken(server_name=None, ts=50), names)
    assert called.name == "b.example.test"
    assert called.why == (
        "DNS to this client, the last of 2 names of this address, frame 7 of a.pcap"
    )
    [named] = called_servers(shaken(server_name="x.example.test", ts=50), names)
    assert named is None
    [other] = called_servers(shaken(server_name=None, ts=5), names)
    assert (other.name, other.is_asked) == ("d.example.test", False)


def test_your_own_file_counts_before_all_else(tmp_path):
    file = tmp_path / "hosts"
    file.write_text(f"# ours\n{CLIENT} till-1.example.test till-1\n{SERVER}\tdc01\n")
    names = together(read_hosts(file), table(told(CLIENT, "KIOSK-3", "dhcp", times=99)))
    schema.check(names, schema.NAMES)
    called = called_clients(shaken(), names)[CLIENT]
    assert (called.name, called.why) == ("till-1.example.test", "your file")
    [server] = called_servers(shaken(server_name=None), names)
    assert (server.name, server.is_asked) == ("dc01", True)


def test_csv_and_link_addresses_are_taken_too(tmp_path):
    file = tmp_path / "names.csv"
    file.write_text('address,name\n2001:DB8::0:1,"till, 1"\n02-00-5E-10-00-01,kiosk\n')
    rows = read_hosts(file)[["address", "name"]].to_numpy().tolist()
    assert rows == [["2001:db8::1", "till, 1"], ["02:00:5e:10:00:01", "kiosk"]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("192.0.2.1 a\n192.0.2.300 b\n", "line 2: `192.0.2.300` is no address"),
        ("192.0.2.1\n", "line 1: there is no name behind the address"),
        ("192.0.2.1,\n", "line 1: there is no name behind the address"),
    ],
)
def test_a_mistake_in_such_a_file_is_said_with_its_line(tmp_path, text, says):
    file = tmp_path / "hosts"
    file.write_text(text)
    with pytest.raises(ListError, match=says):
        read_hosts(file)


def test_a_file_that_is_no_text_or_not_there_is_said(tmp_path):
    with pytest.raises(ListError, match="cannot be read"):
        read_hosts(tmp_path / "none")
    file = tmp_path / "hosts"
    file.write_bytes(b"\xff\xfe1")
    with pytest.raises(ListError, match="no text in UTF-8"):
        read_hosts(file)


def test_verdicts_say_who_is_meant(make_audit):
    run = make_audit([handshake_row(client=CLIENT, server=SERVER, server_name=None, ts=50)])
    names = table(
        told(CLIENT, HOSTILE, "dhcp"),
        told(SERVER, "dc01.example.test", "dns-answer", told_to=CLIENT, first_seen=10),
    )
    named = type(run)(run.handshakes, run.captures, run.policy, names=names)
    schema.check(named.verdicts, schema.VERDICTS)
    [row] = named.verdicts.to_dict("records")
    assert (row["client_name"], row["client_name_why"]) == (HOSTILE, "DHCP, frame 7 of a.pcap")
    assert row["server_called"] == "dc01.example.test"
    assert row["service"].startswith(SERVER)
    assert list(named.clients["client_name"]) == [HOSTILE]
    assert named.what_if("pci-dss-4").verdicts["client_name"].tolist() == [HOSTILE]
