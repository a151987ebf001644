"""Which handshake an event of Schannel is about: real handshakes, set to one time and one machine.

Two processes of one machine do the same at the same time here; so an event of one of them may be
claimed for neither, unless something tells them apart.
"""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.event_log import completed, event, lines, of_windows_7
from tests.support.tables import capture_row
from tlsaudit import audit, schema
from tlsaudit.events import Spans, event_table, read_events

SAMPLES = Path(__file__).parents[2] / "samples"
START = pd.Timestamp("2026-01-05T09:00:00Z")
PC, SERVER = "192.0.2.10", "192.0.2.20"
LDP, SYNC, CURL = (4242, "ldp"), (5150, "AzureADConnect"), (6001, "curl")


@pytest.fixture(scope="module")
def seen():
    """A handshake of each sample by name, as the core reads it."""
    names = {
        "refused 70": "refused-protocol-version.pcap",
        "refused 40": "refused-handshake-failure.pcap",
        "reset": "refused-reset.pcap",
        "tls12": "tls12-openssl.pcapng",
        "tls13": "tls13-openssl.pcapng",
        "unknown authority": "failed-unknown-authority.pcap",
        "encrypted alert": "failed-encrypted-alert.pcap",
        "client only": "client-side-only.pcap",
    }
    return {name: audit(SAMPLES / file).handshakes.iloc[[0]] for name, file in names.items()}


@pytest.fixture
def tie(seen, tmp_path):
    """A function from flows and events to the table of events."""

    def tied(flows, events, called="PC7.corp.example.test", address=PC):
        rows = []
        for stream, (name, second, *caller) in enumerate(flows):
            row = seen[name].copy()
            row["stream"] = pd.array([stream], dtype="UInt32")
            row["ts"] = START + pd.Timedelta(seconds=second)
            row["ts"] = row["ts"].astype("datetime64[ns, UTC]")
            row["capture"] = "pc7.etl"
            if caller:
                (pid, program), *basis = caller
                row["client_pid"] = pd.array([pid], dtype="UInt32")
                row["client_process"] = f"{program}.exe"
                row["client_process_basis"] = basis[0] if basis else "syn"
            rows.append(row)
        table = schema.conform(pd.concat(rows), schema.HANDSHAKE_TABLE)
        path = tmp_path / "system.xml"
        path.write_text(lines(events), encoding="utf-16")
        host = {"address": address, "name": called, "kind": "host", "source": "hosts"}
        names = schema.from_rows([host], schema.NAMES)
        first, last = START.value, START.value + 60_000_000_000
        captures = schema.captures_frame(
            [capture_row(capture="pc7.etl", first_ts=first, last_ts=last)]
        )
        spans = Spans(captures, schema.empty(schema.FILES))
        found = event_table(read_events(path).logged, table, names, spans)
        schema.check(found, schema.EVENTS)
        return found

    return tied


def at(second):
    return f"2026-01-05T09:00:{second:010.7f}Z"


def only(table):
    (row,) = table.to_dict("records")
    return row


def test_the_process_decides_between_two_that_fit(tie):
    """Both are refused with alert 70 in the same second; the newer generation names the process."""
    flows = [("refused 70", 10.0, LDP), ("refused 70", 10.2, SYNC)]
    row = only(tie(flows, [event(36887, at(10.4), caller=SYNC, AlertDesc=70)]))
    assert (row["tie"], row["stream"], row["candidates"]) == ("process", 1, 1)
    assert (row["client"], row["process"], row["pid"]) == (PC, "AzureADConnect", 5150)
    assert row["meaning"] == "a fatal alert was received, protocol_version (70)"


def test_an_event_of_the_older_generation_that_fits_two_processes_is_claimed_for_neither(tie):
    flows = [("refused 70", 10.0, LDP), ("refused 70", 10.2, SYNC)]
    row = only(tie(flows, [event(36887, at(10.4), AlertDesc=70)]))
    assert pd.isna(row["tie"])
    assert (row["because"], row["candidates"]) == ("several-connections", 2)
    assert pd.isna(row["stream"])
    assert pd.isna(row["client"])


def test_two_connections_of_the_same_process_are_several_too(tie):
    flows = [("refused 70", 10.0, LDP), ("refused 70", 10.2, LDP)]
    row = only(tie(flows, [event(36887, at(10.4), caller=LDP, AlertDesc=70)]))
    assert (row["because"], row["candidates"]) == ("several-connections", 2)


def test_another_process_is_ruled_out(tie):
    row = only(
        tie([("refused 70", 10.0, SYNC)], [event(36887, at(10.1), caller=LDP, AlertDesc=70)])
    )
    assert row["because"] == "no-connection"


def test_a_number_that_another_program_has_now_is_ruled_out(tie):
    caller = (LDP[0], "svchost")
    row = only(tie([("refused 70", 10, LDP)], [event(36887, at(10), caller=caller, AlertDesc=70)]))
    assert row["because"] == "no-connection"


def test_an_event_that_no_connection_fits_is_what_the_capture_missed(tie):
    row = only(tie([("tls12", 10.0, LDP)], [event(36887, at(40.0), caller=CURL, AlertDesc=48)]))
    assert (row["because"], row["candidates"], row["others"]) == ("no-connection", 0, 0)
    assert (row["host"], row["host_why"]) == (PC, "your file")


def test_nothing_is_missed_before_the_capture_began(tie):
    row = only(tie([("tls12", 10.0)], [event(36887, "2026-01-05T08:00:00Z", AlertDesc=48)]))
    assert row["because"] == "outside"


@pytest.mark.parametrize(
    ("flow", "logged", "host", "tied"),
    [
        ("refused 70", (36887, 70), PC, True),
        ("refused 70", (36888, 70), PC, False),
        ("refused 70", (36888, 70), SERVER, True),
        ("refused 70", (36887, 70), SERVER, False),
        ("refused 70", (36887, 40), PC, False),
        ("unknown authority", (36888, 48), PC, True),
        ("unknown authority", (36887, 48), SERVER, True),
        ("unknown authority", (36887, 48), PC, False),
    ],
)
def test_an_alert_counts_in_its_direction(tie, flow, logged, host, tied):
    flows = [(flow, 10.0), ("tls12", 10.1)]
    row = only(tie(flows, [event(logged[0], at(10.3), AlertDesc=logged[1])], address=host))
    assert (row["tie"] == "alert") is tied
    assert pd.notna(row["frame"]) is tied


def test_a_server_that_resets_is_tied_by_time_alone_and_only_if_it_is_alone(tie):
    sent = [event(36888, at(10.1), AlertDesc=40, ErrorState=1205)]
    row = only(tie([("reset", 10.0)], sent, address=SERVER))
    assert (row["tie"], row["stream"]) == ("time", 0)
    assert "probably no cipher suite in common" in row["meaning"]
    row = only(tie([("reset", 10.0), ("reset", 10.5)], sent, address=SERVER))
    assert (row["because"], row["candidates"]) == ("several-connections", 2)


def test_windows_7_is_tied_as_well(tie):
    row = only(tie([("refused 40", 10.0)], [of_windows_7(at(10.0), 40, 1205)], address=SERVER))
    assert (row["tie"], row["error_state"]) == ("alert", "1205")


def test_36874_is_a_refusal_by_this_server(tie):
    logged = [event(36874, at(10.2), Protocol="TLS 1.2")]
    flows = [("refused 40", 10.0), ("tls12", 10.0)]
    assert only(tie(flows, logged, address=SERVER))["tie"] == "time"
    row = only(tie([("refused 40", 10.0)], logged, address=PC))
    assert row["because"] == "no-connection", "the client does not log it"


def test_a_completed_handshake_is_told_by_name_version_and_suite(tie):
    flows = [("tls12", 10.0, LDP), ("tls13", 10.0, SYNC)]
    row = only(tie(flows, [completed(at(10.3), "TLS 1.2", 0xC030, "WWW.example.test")]))
    assert (row["tie"], row["stream"]) == ("name", 0)
    assert pd.isna(row["process"]), "36880 never names one"


@pytest.mark.parametrize(
    ("version", "suite", "target"),
    [
        ("TLS 1.2", 0xC02F, "www.example.test"),
        ("TLS 1.1", 0xC030, "www.example.test"),
        ("TLS 1.2", 0xC030, "other.example.test"),
        ("TLS 1.2", 0xC030, "192.0.2.99"),
    ],
)
def test_a_completed_handshake_that_differs_in_one_thing_is_another(tie, version, suite, target):
    row = only(tie([("tls12", 10.0)], [completed(at(10.1), version, suite, target)]))
    assert row["because"] == "no-connection"


def test_a_server_logs_no_name_so_two_alike_are_several(tie):
    logged = [completed(at(10.3), "TLS 1.2", 0xC030, "", side="server")]
    assert only(tie([("tls12", 10.0)], logged, address=SERVER))["tie"] == "time"
    row = only(tie([("tls12", 10.0), ("tls12", 10.1)], logged, address=SERVER))
    assert row["because"] == "several-connections"


def test_what_was_captured_in_part_may_be_it(tie):
    logged = [completed(at(10.3), "TLS 1.2", 0xC030, "", side="server")]
    row = only(tie([("tls12", 10.0), ("client only", 10.1)], logged, address=SERVER))
    assert row["because"] == "several-connections"
    row = only(tie([("client only", 10.1)], logged, address=SERVER))
    assert (row["because"], row["others"]) == ("unclear", 1)


def test_an_encrypted_alert_may_be_it(tie):
    row = only(tie([("encrypted alert", 10.0)], [event(36887, at(10.2), AlertDesc=48)]))
    assert row["because"] == "unclear"


def test_two_events_that_one_handshake_fits_claim_it_for_neither(tie):
    logged = [event(36887, at(10.1 + n / 10), record=n, AlertDesc=70) for n in range(2)]
    table = tie([("refused 70", 10.0)], logged)
    assert table["because"].tolist() == ["several-events"] * 2
    assert table["tie"].isna().all()


def test_two_kinds_of_event_may_be_about_one_handshake(tie):
    logged = [
        event(36874, at(10.1), record=1, Protocol="TLS 1.2"),
        event(36888, at(10.1), record=2, AlertDesc=40, ErrorState=1205),
    ]
    table = tie([("refused 40", 10.0)], logged, address=SERVER)
    assert table["tie"].tolist() == ["time", "alert"]


def test_a_client_without_credential_sends_nothing_so_only_its_process_is_told(tie):
    said = {"Type": "client", "ErrorState": 10013}
    row = only(tie([("refused 70", 10.0)], [event(36871, at(10.0), **said)]))
    assert row["because"] == "never-sent"
    row = only(tie([("refused 70", 10.0, LDP)], [event(36871, at(9.5), caller=LDP, **said)]))
    assert (row["tie"], row["stream"]) == ("process", 0)
    assert "no version or suite is left that Windows allows" in row["meaning"]


def test_a_computer_that_nobody_names_is_never_guessed(tie):
    logged = [event(36887, at(10.1), caller=LDP, AlertDesc=70)]
    row = only(tie([("refused 70", 10.0, LDP)], logged, called="pc8"))
    assert row["because"] == "no-host"
    assert pd.isna(row["host"])


def test_a_computer_is_known_by_its_first_label(tie):
    row = only(tie([("refused 70", 10)], [event(36887, at(10), AlertDesc=70)], called="pc7"))
    assert row["tie"] == "alert"


def test_kinds_that_say_too_little_are_listed_and_not_compared(tie):
    row = only(tie([("refused 70", 10.0)], [event(36882, at(10.0), caller=LDP)]))
    assert (row["because"], row["process"]) == ("not-compared", "ldp")


def test_order_of_files_and_events_does_not_matter(tie):
    flows = [("refused 70", 10.0, LDP), ("tls12", 12.0, SYNC), ("refused 40", 14.0)]
    logged = [
        event(36887, at(10.1), record=1, AlertDesc=70),
        completed(at(12.1), "TLS 1.2", 0xC030, "www.example.test", record=2),
        event(36887, at(14.1), record=3, AlertDesc=40),
    ]
    table = tie(flows, logged)
    assert table["tie"].tolist() == ["alert", "name", "alert"]
    pd.testing.assert_frame_equal(tie(flows, logged[::-1]), table)
