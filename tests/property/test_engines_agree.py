"""Whatever scapy makes, in whatever framing, the engines read alike, and as it was made."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.crafting import Answer, Framing, Hello, Talk, write
from support.needs import needs_tshark

from tlsaudit.engines.agreement import verify
from tlsaudit.engines.native import read
from tlsaudit.inputs import Input

# Extension types that no engine takes apart, GREASE among them.
UNKNOWN = st.sampled_from([0x0A0A, 0xFAFA, 0x1234, 0xEDED])
code_points = st.integers(0x0001, 0xFFFF)
names = st.from_regex(r"[a-z]{1,12}(\.[a-z0-9-]{1,20}){0,3}", fullmatch=True)
# The randoms of a HelloRetryRequest and of a downgrade are not made by chance.
randoms = st.binary(min_size=32, max_size=32)

hellos = st.builds(
    Hello,
    record_version=st.sampled_from([0x0300, 0x0301, 0x0302, 0x0303]),
    version=st.sampled_from([0x0300, 0x0301, 0x0302, 0x0303]),
    random=randoms,
    session_id=st.binary(max_size=32),
    suites=st.lists(code_points, min_size=1, max_size=60),
    name=st.none() | names,
    versions=st.none() | st.lists(st.sampled_from([0x0304, 0x0303, 0x0302, 0x0301, 0x2A2A])),
    groups=st.none() | st.lists(code_points, min_size=1, max_size=8),
    protocols=st.none()
    | st.lists(st.sampled_from([b"h2", b"http/1.1", b"\xba\xad"]), min_size=1, max_size=3),
    unknown=st.lists(st.tuples(UNKNOWN, st.binary(max_size=300)), max_size=3),
)
answers = st.builds(
    Answer,
    version=st.sampled_from([0x0300, 0x0301, 0x0302, 0x0303]),
    random=randoms,
    suite=code_points,
    selected=st.none() | st.just(0x0304),
)
framings = st.builds(
    Framing,
    record=st.sampled_from([1 << 14, 1 << 14, 200, 37]),
    segment=st.sampled_from([1448, 1448, 536, 61]),
    swapped=st.booleans(),
    repeated=st.booleans(),
)
talks = st.lists(st.builds(Talk, hellos, st.none() | answers, framings), min_size=4, max_size=10)

several = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    # Every example starts tshark: what fails is shown as it is.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def reading(conversations, folder):
    path = Path(folder, "made.pcap")
    write(conversations, path)
    return [Input("made.pcap", str(path))]


@several
@given(talks)
def test_the_core_reads_what_was_made(conversations):
    with tempfile.TemporaryDirectory() as folder:
        rows = read(reading(conversations, folder)).handshakes.to_dict("records")
    assert len(rows) == len(conversations)
    for row, talk in zip(rows, conversations, strict=True):
        assert list(row["client_cipher_suites"]) == talk.hello.suites
        assert row["client_legacy_version"] == talk.hello.version
        assert row["record_version"] == talk.hello.record_version
        if talk.hello.name is not None:
            assert row["server_name"] == talk.hello.name
        if talk.hello.versions is not None:
            assert list(row["client_supported_versions"]) == talk.hello.versions
        if talk.answer is not None:
            assert row["negotiated_cipher_suite"] == talk.answer.suite
            assert row["server_legacy_version"] == talk.answer.version


@several
@given(talks)
def test_wireshark_reads_what_the_core_reads(conversations):
    needs_tshark()
    with tempfile.TemporaryDirectory() as folder:
        agreement = verify(reading(conversations, folder), "tshark")
    assert agreement.hellos >= len(conversations)
    assert agreement.holds, agreement.lines()


@several
@given(talks)
def test_scapy_reads_what_the_core_reads(conversations):
    with tempfile.TemporaryDirectory() as folder:
        agreement = verify(reading(conversations, folder), "scapy")
    # It joins neither records nor what overtook each other.
    plain = [talk for talk in conversations if talk.framing.is_plain]
    assert agreement.hellos >= len(plain)
    assert agreement.holds, agreement.lines()
