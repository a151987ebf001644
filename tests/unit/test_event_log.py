"""Events of Schannel from files: both generations, every encoding, what is broken or hostile."""

import codecs
import sys
import time

import pytest

from tests.support.event_file import event_file
from tests.support.event_log import completed, event, lines, of_windows_7
from tests.support.tables import HOSTILE
from tlsaudit import ListError
from tlsaudit.events import read_events

AT = "2026-01-05T09:00:00.1234567Z"
NANOSECONDS = 1_767_603_600_123_456_700


def read(tmp_path, text, encoding="utf-8", name="system.xml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_events(path)


def test_fields_are_found_by_name_in_both_generations(tmp_path):
    new = event(36887, AT, record=7, caller=(4242, "ldp"), AlertDesc=70)
    old = event(36887, AT, record=8, AlertDesc=70)
    first, second = read(tmp_path, lines([new, old])).logged
    assert (first.pid, first.process, first.alert) == (4242, "ldp", 70)
    assert (second.pid, second.process, second.alert) == (None, None, 70)
    assert (first.ts, first.record, first.computer) == (NANOSECONDS, 7, "PC7.corp.example.test")


def test_a_completed_handshake_says_version_suite_and_target(tmp_path):
    (found,) = read(tmp_path, completed(AT, "TLS 1.2", 0xC030, "dc01.corp.example.test")).logged
    assert (found.side, found.version, found.cipher_suite) == ("client", 0x0303, 0xC030)
    assert found.text("TargetName") == "dc01.corp.example.test"
    assert found.text("LocalCertSubjectName") is None


def test_windows_7_has_its_fields_elsewhere(tmp_path):
    (found,) = read(tmp_path, of_windows_7(AT, 40, 1205)).logged
    assert (found.event_id, found.alert, found.text("ErrorState")) == (36888, 40, "1205")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_that_windows_writes_is_read(tmp_path, encoding):
    text = lines([completed(AT, "TLS 1.0", 0x2F, "bücher.example.test")] * 1)
    (found,) = read(tmp_path, text, encoding).logged
    assert found.text("TargetName") == "bücher.example.test"


def test_a_big_endian_file_with_a_mark_is_read(tmp_path):
    text = codecs.BOM_UTF16_BE + event(36874, AT, Protocol="TLS 1.0").encode("utf-16-be")
    assert len(read(tmp_path, text).logged) == 1


def test_bytes_of_another_code_page_stay_readable(tmp_path):
    text = completed(AT, "TLS 1.0", 0x2F, "b\u00fccher.example.test").encode("cp850")
    (found,) = read(tmp_path, text).logged
    assert found.text("TargetName") == r"b\x81cher.example.test"


@pytest.mark.parametrize(
    "form",
    [
        "".join,
        "\n\n".join,
        lambda events: f"<Events>{''.join(events)}</Events>",
        lambda events: f'<?xml version="1.0" encoding="utf-8"?><Events>{"".join(events)}</Events>',
        lambda events: "".join(f'<?xml version="1.0"?>\n{each}\n' for each in events),
    ],
)
def test_events_may_have_a_root_or_none(tmp_path, form):
    events = [event(36874, AT, record=number, Protocol="TLS 1.0") for number in range(3)]
    assert [each.record for each in read(tmp_path, form(events)).logged] == [0, 1, 2]


def test_events_on_the_edges_of_blocks_are_whole(tmp_path):
    events = [
        completed(AT, "TLS 1.2", 0xC030, f"{'x' * (number % 97)}.example.test", record=number)
        for number in range(2000)
    ]
    found = read(tmp_path, lines(events), "utf-16")
    assert (len(found.logged), found.broken) == (2000, 0)


def test_other_providers_are_counted_and_left(tmp_path):
    other = event(7036, AT, provider="Service Control Manager").replace("1F678132", "555908D1")
    found = read(tmp_path, lines([other, event(36874, AT)]))
    assert (len(found.logged), found.others, found.broken) == (1, 1, 0)


def test_a_service_called_schannel_is_not_schannel(tmp_path):
    other = event(7036, AT, provider="Other", param1="Schannel").replace("1F678132", "555908D1")
    assert read(tmp_path, other).logged == ()


def test_an_event_in_two_files_counts_once(tmp_path):
    (tmp_path / "a.xml").write_text(event(36874, AT, record=5))
    (tmp_path / "b.xml").write_text(event(36874, AT, record=5) + event(36874, AT, record=6))
    found = read_events(tmp_path / "b.xml", tmp_path / "a.xml")
    assert [each.record for each in found.logged] == [5, 6]


def test_a_broken_event_costs_only_itself(tmp_path):
    good = event(36874, AT)
    found = read(tmp_path, lines(["<Event>Schannel <a></Event>", good, event(36874, AT)[:-60]]))
    assert (len(found.logged), found.broken) == (1, 2)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE Event [<!ENTITY a "Schannel"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE Event [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_no_entity_is_expanded_and_none_is_fetched(tmp_path, head):
    text = event(36874, AT, Protocol="TLS 1.0").replace("TLS 1.0", "&a;")
    found = read(tmp_path, head + text + event(36874, AT))
    assert (len(found.logged), found.broken) == (1, 1)
    assert "passwd" not in repr(found)


def test_a_document_type_inside_an_event_breaks_it(tmp_path):
    inner = event(36874, AT).replace("<System>", '<!DOCTYPE a [<!ENTITY b "c">]><System>')
    assert read(tmp_path, inner).broken == 1


def test_an_event_without_end_is_given_up_in_bounded_memory(tmp_path):
    endless = "<Event>Schannel" + "<a>" * 4_000_000
    started = time.perf_counter()
    found = read(tmp_path, endless + "</Event>" + event(36874, AT))
    assert (len(found.logged), found.broken) == (1, 1)
    assert time.perf_counter() - started < 10


def test_deep_nesting_within_the_bound_is_survived(tmp_path):
    deep = "<Event>Schannel" + "<a>" * 100_000 + "</a>" * 100_000 + "</Event>"
    assert read(tmp_path, deep).broken == 1


def test_long_and_hostile_fields_are_cut_and_made_visible(tmp_path):
    text = completed(AT, "TLS 1.2", 0xC030, HOSTILE + "\u202e" + "x" * 10_000)
    (found,) = read(tmp_path, text).logged
    target = found.text("TargetName")
    assert "\u202e" not in target
    assert "<script>" in target, "text stays text: escaping is for the outputs"
    assert len(target) < 2_100


@pytest.mark.parametrize("number", ["-1", "4294967296", "1e3", "", "٣"])
def test_a_number_that_is_none_is_null(tmp_path, number):
    (found,) = read(tmp_path, event(36887, AT, AlertDesc=number, CallerProcessId=number)).logged
    assert (found.alert, found.pid) == (None, None)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-05T09:00:00Z", "9999999-01-01"])
def test_a_time_that_is_none_is_null(tmp_path, moment):
    (found,) = read(tmp_path, event(36874, moment)).logged
    assert found.ts is None


def test_a_time_with_a_zone_is_utc_in_the_table(tmp_path):
    (found,) = read(tmp_path, event(36874, "2026-01-05T10:00:00.1234567+01:00")).logged
    assert found.ts == NANOSECONDS


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no events"),
        (b'\xef\xbb\xbf [{"id": 1}]', "JSON, which .*`--sign-ins`"),
        ('{"value": []}'.encode("utf-16"), "JSON, which .*`--sign-ins`"),
        (b"Level,Date and Time,Source", "wevtutil qe System"),
        (b"\x30\0\0\0LfLe\x01\0\0\0", "Windows XP"),
    ],
)
def test_a_file_that_is_something_else_says_what_to_do(tmp_path, content, says):
    with pytest.raises(ListError, match=says):
        read(tmp_path, content)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ListError, match=r"nothing\.xml: cannot be read"):
        read_events(tmp_path / "nothing.xml")


def test_without_the_package_an_evtx_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "evtx", None)
    with pytest.raises(ListError, match=r"tlsaudit\[events\]"):
        read(tmp_path, b"ElfFile\0" + bytes(8192))


def test_a_damaged_evtx_is_one_sentence(tmp_path):
    with pytest.raises(ListError, match=r"(damaged|no events)"):
        read(tmp_path, b"ElfFile\0" + b"\xff" * 70_000)


def test_an_evtx_says_what_the_xml_of_the_same_events_says(tmp_path):
    events = [
        event(36887, AT, record=1, caller=(4242, "ldp"), AlertDesc=70),
        completed(AT, "TLS 1.2", 0xC030, "bücher.example.test", record=2),
        of_windows_7(AT, 40, 1205),
        event(36874, AT, record=4, Protocol=f"{HOSTILE} & <a>".replace("\x1b", "")),
        event(7036, AT, provider="Other").replace("1F678132", "555908D1"),
    ]
    log = read(tmp_path, event_file(events), name="system.evtx")
    text = read(tmp_path, lines(events), name="system.evtx")
    assert (len(log.logged), log.others, log.broken) == (4, 1, 0)
    assert log == text


def test_a_record_that_is_broken_costs_others_nothing(tmp_path):
    whole = event_file([event(36874, AT, record=number) for number in range(3)])
    place = whole.index(b"S\0y\0s\0t\0e\0m\0", whole.index(b"\x2a\x2a\0\0", 5000))
    broken = bytearray(whole)
    broken[place - 12] = 0x7F
    log = read(tmp_path, bytes(broken), name="system.evtx")
    assert len(log.logged) >= 1
    assert len(log.logged) + log.broken >= 2
