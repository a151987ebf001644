"""Every capture of the corpus against what tshark found in it."""

import pytest
from support.needs import needs_tshark
from support.truth import Table, reading

from tlsaudit.engines import native
from tlsaudit.engines.agreement import agreement, sentence, verify
from tlsaudit.inputs import Input

_SNAP = "its frames are cut at 96 bytes, each hello among them: tshark drops what is cut"
_ONE_SEGMENT = (
    "it is one segment, and the record in it goes on behind the segment's end: tshark waits for "
    "the rest and shows nothing"
)

# Captures in which the bytes show a hello and tshark reports none, one by one: why, and what the
# core makes of it, a row each: transport, carrier, frames of the hellos, outcome, defect.
HELLOS_THAT_TSHARK_DOES_NOT_REPORT = {
    "_derived/tls11.snap96.pcap": (
        _SNAP,
        [("tcp", "tls", 4, 6, "hellos_only", "truncated")],
    ),
    "_derived/xpie7-3des.snap96.pcap": (
        _SNAP,
        [
            ("tcp", "tls", 4, 6, "completed", "truncated"),
            ("tcp", "tls", 27, 40, "hellos_only", "truncated"),
            ("tcp", "tls", 43, 45, "hellos_only", "truncated"),
        ],
    ),
    "cisco+mercury/test/afl_data/multi_handshake_cert.pcap": (
        f"{_ONE_SEGMENT}; the ServerHello is whole, its Certificate is not",
        [("tcp", "tls", None, 1, "server_only", None)],
    ),
    "cisco+mercury/test/afl_data/server_hello_no_ext.pcap": (
        f"{_ONE_SEGMENT}; the ServerHello is whole, its Certificate is not",
        [("tcp", "tls", None, 1, "server_only", None)],
    ),
    "cisco+mercury/unit_tests/pcaps/tls_cnsa2_psk_mode_psk_ke_truncated.pcap": (
        f"{_ONE_SEGMENT}; of the ClientHello's 1,694 bytes 994 are there",
        [("tcp", "tls", 1, None, "client_only", "truncated")],
    ),
    "nfstream+nfstream/tests/pcaps/openvpn.pcap": (
        "OpenVPN with tls-auth, over TCP on port 443 and over UDP: tshark takes the first for "
        "broken TLS and does not know of the second that digests of 20 bytes are in its packets",
        [
            ("tcp", "openvpn", 10, 12, "completed", None),
            ("udp", "openvpn", 99, 100, "completed", None),
            ("udp", "openvpn", 183, 185, "completed", None),
        ],
    ),
    "seladb+PcapPlusPlus/Tests/Fuzzers/RegressionTests/regression_samples/"
    "crash-81dba690a3f67ee41a41390a625db732fa1413a1": (
        "the header of its twelfth record was damaged by a fuzzer: the record claims 19,200 bytes "
        "where 8,928 follow, and the hellos lie somewhere in those, where no frame begins",
        [],
    ),
    "zeek+zeek/testing/btest/Traces/rdp/rdpeudp-handshake-success.pcap": (
        "RDP over UDP in its first version: tshark shows what is behind the headers as TLS that "
        "goes on, and no hello in it",
        [("udp", "rdp-udp", 3, 4, "completed", None)],
    ),
}


@pytest.fixture(scope="session")
def agreement_with_table(corpus):
    """The core's tables of the corpus, compared with what tshark found in it."""
    inputs = [Input(name, str(corpus.folder / name)) for name in sorted(corpus.captures)]
    theirs = reading(corpus.truth, inputs)
    return agreement(native.read(inputs), theirs, "tshark", Table)


def test_no_hello_is_missing_or_invented_and_every_field_is_equal(corpus, agreement_with_table):
    assert agreement_with_table.hellos > 4_500
    # The table holds only some of the alerts.
    rest = [each for each in agreement_with_table.unexplained if each.message != "alert"]
    in_question = {each.capture for each in rest}
    # What the table is too coarse to explain (it has replaced bytes that are not UTF-8, lists every
    # fragment of a hello of DTLS, counts connections inside SOCKS, and tells neither of frames
    # without hellos nor of what Wireshark found broken) is asked of tshark itself.
    assert len(in_question) < 75, [sentence(each) for each in rest]
    needs_tshark()
    inputs = [Input(name, str(corpus.folder / name)) for name in sorted(in_question)]
    assert [sentence(each) for each in verify(inputs, "tshark").unexplained] == []


def _without_truth(corpus):
    with_truth = {
        str(path.relative_to(corpus.truth)).removesuffix(".jsonl")
        for path in corpus.truth.rglob("*.jsonl")
    }
    return set(corpus.captures) - with_truth


def test_captures_without_tls_give_no_row(corpus):
    without = _without_truth(corpus) - set(HELLOS_THAT_TSHARK_DOES_NOT_REPORT)
    assert len(without) == 776
    assert without & set(corpus.rows) == set()


@pytest.mark.parametrize("name", HELLOS_THAT_TSHARK_DOES_NOT_REPORT)
def test_hellos_that_tshark_does_not_report_are_explained(corpus, name):
    why, expected = HELLOS_THAT_TSHARK_DOES_NOT_REPORT[name]
    assert why
    assert name in _without_truth(corpus), "tshark reports it"
    columns = ("transport", "carrier", "client_hello_frame", "server_hello_frame", "outcome")
    rows = [
        (*(row[column] for column in columns), row["defect"]) for row in corpus.rows.get(name, [])
    ]
    # A stream is written once it is over.
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_every_file_is_read_or_answered_with_a_sentence(corpus):
    assert len(corpus.captures) > 1_900
    for name, capture in corpus.captures.items():
        if capture["error"] is None:
            assert capture["readable"], name
            assert capture["error_kind"] is None, name
            continue
        assert capture["error"].startswith(f"{name}: "), name
        kind = capture["error_kind"]
        assert kind in {"cut", "damaged", "unsupported", "not_a_capture", "empty"}, name
        assert capture["readable"] == (capture["frames"] > 0), name
        assert "\n" not in capture["error"].removeprefix(name)


def test_no_row_contradicts_itself(corpus):
    for name, rows in corpus.rows.items():
        keys = [(row["transport"], row["stream"], row["handshake"]) for row in rows]
        assert len(set(keys)) == len(keys), name
        for row in rows:
            where = name, row["stream"], row["handshake"]
            hellos_seen = ("client_hello_frame", "server_hello_frame", "retry_request_frame")
            assert any(row[frame] for frame in hellos_seen), where
            if row["missed_bytes"]:
                assert row["defect"], where
            if row["outcome"] == "completed":
                assert row["client_hello_frame"], where
                assert row["server_hello_frame"], where
            if row["server_hello_frame"] is None:
                assert row["negotiated_version"] is None, where
                assert row["negotiated_cipher_suite"] is None, where
            if row["client_hello_frame"] is None:
                assert row["outcome"] == "server_only", where
                assert row["client_cipher_suites"] is None, where
            if row["client_hello_complete"] is False:
                assert row["defect"], where
