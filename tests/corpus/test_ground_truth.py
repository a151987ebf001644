"""Every capture of the corpus against what tshark found in it."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from support.truth import code, codes, hellos

# Captures in which the bytes show a hello and tshark reports none (cut or fuzzed).
HELLOS_THAT_TSHARK_DOES_NOT_REPORT = {
    "_derived/tls11.snap96.pcap",
    "_derived/xpie7-3des.snap96.pcap",
    "cisco+mercury/test/afl_data/multi_handshake_cert.pcap",
    "cisco+mercury/test/afl_data/server_hello_no_ext.pcap",
    "cisco+mercury/unit_tests/pcaps/tls_cnsa2_psk_mode_psk_ke_truncated.pcap",
}


def written(table):
    """The single entries of a table in exceptions.toml, each of which has a reason."""
    entries = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text())[table]
    keys = [(entry["capture"], entry["frame"], entry["what"]) for entry in entries]
    assert len(set(keys)) == len(keys)
    assert all(entry["reason"] for entry in entries)
    return set(keys)


@pytest.fixture(scope="session")
def exceptions():
    return written("entry")


@pytest.fixture(scope="session")
def comparison(corpus):
    """Differences as (capture, frame, what), and how many hellos were compared or set apart."""
    differences, counts = set(), Counter()
    for hello in hellos(corpus.truth):
        if corpus.captures[hello.capture]["error_kind"] in ("unsupported", "not_a_capture"):
            counts["in a container that is not read"] += 1
            continue
        rows = corpus.rows.get(hello.capture, [])
        found = _found(hello, rows)
        if hello.layer_not_read:
            counts["behind a layer that is not read"] += 1
            counts["… found all the same"] += found is not None
            continue
        counts[hello.kind] += 1
        what = [hello.kind] if found is None else _differing(hello, *found)
        differences.update((hello.capture, hello.frame, each) for each in what)
    return differences, counts


def _found(hello, rows):
    """The row that has this hello, and which of its two hellos of that side it is."""
    client = "client_hello" in hello.kind
    side = "client" if client else "server"
    frames = (
        ("client_hello_frame", "second_client_hello_frame")
        if client
        else ("server_hello_frame", "retry_request_frame")
    )
    for row in rows:
        if (row[f"{side}_ip"], row[f"{side}_port"]) != hello.source:
            continue
        for frame in frames:
            if row[frame] == hello.frame and (
                frame != "retry_request_frame" or hello.fields["hrr"]
            ):
                return row, frame
    return None


def _differing(hello, row, frame):
    ours, theirs = {}, {}
    fields = hello.fields
    if frame == "client_hello_frame" and hello.kind == "ssl2_client_hello":
        ours = {"version": code(row["client_legacy_version"]), "suites": _specs(row)}
        theirs = {"version": code(fields["version"]), "suites": sorted(codes(fields["ciphers"]))}
    elif frame == "client_hello_frame":
        ours = {
            "record_version": code(row["record_version"]),
            "client_legacy_version": code(row["client_legacy_version"]),
            "client_supported_versions": codes(row["client_supported_versions"]),
            "client_cipher_suites": codes(row["client_cipher_suites"]),
            "client_extensions": codes(row["client_extensions"]),
            "client_groups": codes(row["client_groups"]),
            "client_alpn": row["client_alpn"] or [],
            "server_name": row["server_name"] or None,
            "ja3": row["ja3"] if fields["ja3"] else None,
        }
        theirs = {
            "record_version": code(fields["record_version"]),
            "client_legacy_version": code(fields["version"]),
            "client_supported_versions": codes(fields["supported_versions"]),
            "client_cipher_suites": codes(fields["ciphers"]),
            "client_extensions": fields["extensions"],
            "client_groups": codes(fields["groups"]),
            "client_alpn": fields["alpn"],
            "server_name": (fields["sni"] or "").lower() or None,
            "ja3": fields["ja3"],
        }
    elif frame == "server_hello_frame" and hello.kind == "server_hello":
        ours = {
            "server_legacy_version": code(row["server_legacy_version"]),
            "server_supported_version": code(row["server_supported_version"]),
            "negotiated_cipher_suite": code(row["negotiated_cipher_suite"]),
            "ja3s": row["ja3s"],
        }
        theirs = {
            "server_legacy_version": code(fields["version"]),
            "server_supported_version": code(fields["selected_version"]),
            "negotiated_cipher_suite": code(fields["cipher"]),
            "ja3s": fields["ja3s"],
        }
    ours["stream"], theirs["stream"] = f"tcp:{row['stream']}", hello.stream
    return [name for name, value in ours.items() if value != theirs[name]]


def _specs(row):
    kinds = codes(row["client_ssl2_cipher_kinds"])
    return sorted(codes(row["client_cipher_suites"]) + kinds)


def test_no_hello_is_missing_and_every_field_is_equal(comparison, exceptions):
    differences, counts = comparison
    assert counts["client_hello"] + counts["server_hello"] + counts["ssl2_client_hello"] > 4_500
    assert differences - exceptions == set()


def test_every_exception_is_still_needed(comparison, exceptions):
    differences, _ = comparison
    assert exceptions - differences == set()


def test_no_hello_is_invented(corpus):
    """What tshark does not report is written down one by one, each looked up in the bytes."""
    reported = {(hello.capture, hello.frame) for hello in hellos(corpus.truth)}
    seen = {
        (name, row[side], side.removesuffix("_frame"))
        for name in {capture for capture, _ in reported}
        for row in corpus.rows.get(name, [])
        for side in (
            "client_hello_frame",
            "second_client_hello_frame",
            "server_hello_frame",
            "retry_request_frame",
        )
        if row[side] is not None
    }
    extra = {(name, frame, side) for name, frame, side in seen if (name, frame) not in reported}
    assert extra == written("extra")


def test_captures_without_tls_give_no_row(corpus):
    with_truth = {
        str(path.relative_to(corpus.truth)).removesuffix(".jsonl")
        for path in corpus.truth.rglob("*.jsonl")
    }
    unexpected = set(corpus.rows) - with_truth
    assert unexpected == HELLOS_THAT_TSHARK_DOES_NOT_REPORT


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
        assert capture["readable"] or kind not in {"cut", "damaged"}, name
        assert capture["readable"] or capture["frames"] == 0, name
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
