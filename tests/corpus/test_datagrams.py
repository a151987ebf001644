"""DTLS, and TLS over UDP, against what tshark found in every capture of the corpus."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

# What makes two hellos of one conversation the same.
SAID = ("type", "version", "ciphers", "cipher", "ja3_full", "ja3s_full", "length", "cookie_len")
# Where a row says that a hello of this kind is.
FRAMES = {
    "client_hello": ("client_hello_frame", "second_client_hello_frame"),
    "server_hello": ("server_hello_frame", "retry_request_frame"),
    "hello_verify_request": ("retry_request_frame",),
}


def written(table):
    """The single entries of datagrams.toml, each of which has a reason."""
    entries = tomllib.loads((Path(__file__).parent / "datagrams.toml").read_text())[table]
    keys = [(entry["capture"], entry["frame"], entry["what"]) for entry in entries]
    assert len(set(keys)) == len(keys)
    assert all(entry["reason"] for entry in entries)
    return set(keys)


@pytest.fixture(scope="session")
def truth(corpus):
    """Hellos of DTLS and of TLS over UDP by capture, each with whether it was sent again.

    A packet that an ICMP message quotes has no conversation. QUIC is not compared here.
    """
    found = {}
    for path in sorted(corpus.truth.rglob("*.jsonl")):
        name = str(path.relative_to(corpus.truth)).removesuffix(".jsonl")
        seen = set()
        for hello in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            is_datagram = (hello["stream"] or "").startswith("udp:") and hello["proto"] != "quic"
            if not is_datagram or hello["type"] not in FRAMES:
                continue
            said = hello["stream"], hello["src"], *(str(hello.get(name)) for name in SAID)
            # tshark lists a fragment without its message, too.
            again = said in seen or hello["version"] is None
            seen.add(said)
            found.setdefault(name, []).append((hello, again))
    return found


def datagram_rows(corpus, name):
    return [row for row in corpus.rows.get(name, []) if row["transport"] in ("dtls", "udp")]


def test_no_hello_is_missing_and_every_field_is_equal(corpus, truth):
    missing, differing, counts = set(), [], Counter()
    for name, hellos in truth.items():
        if corpus.captures[name]["error_kind"] in ("unsupported", "not_a_capture"):
            continue
        for hello, again in hellos:
            places = [
                (row, place)
                for row in datagram_rows(corpus, name)
                for place in FRAMES[hello["type"]]
                if row[place] == hello["frame"] and f"udp:{row['stream']}" == hello["stream"]
            ]
            if places:
                counts[hello["proto"]] += 1
                differing += difference(hello, *places[0])
            elif again:
                counts["sent again"] += 1
            else:
                missing.add((name, hello["frame"], hello["type"]))
    assert differing == []
    assert missing == written("missing")
    assert counts["dtls"] >= 340
    assert counts["tls"] >= 20


def difference(hello, row, place):
    """The columns in which a row differs from a hello, with both values."""
    number = {"client_hello_frame": "client", "server_hello_frame": "server"}.get(place)
    if number == "client":
        pairs = {
            "record_version": (row["record_version"], code(hello["record_version"])),
            "legacy_version": (row["client_legacy_version"], code(hello["version"])),
            "suites": (row["client_cipher_suites"], [code(each) for each in hello["ciphers"]]),
            "versions": (
                row["client_supported_versions"] or [],
                [code(each) for each in hello["supported_versions"]],
            ),
            "groups": (row["client_groups"] or [], [code(each) for each in hello["groups"]]),
            "alpn": (row["client_alpn"] or [], hello["alpn"]),
            "server_name": (row["server_name"], (hello["sni"] or "").lower() or None),
            "ja3": (row["ja3"], hello["ja3"]),
        }
    elif number == "server":
        pairs = {
            "legacy_version": (row["server_legacy_version"], code(hello["version"])),
            "version": (row["server_supported_version"], code(hello["selected_version"])),
            "suite": (row["negotiated_cipher_suite"], code(hello["cipher"])),
            "ja3s": (row["ja3s"], hello["ja3s"]),
        }
    else:
        return []
    where = row["capture"], hello["frame"]
    return [(where, name, pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def code(value):
    """A code point as the rows write it."""
    return None if value is None else f"0x{int(value, 16):04X}"


def test_no_hello_is_invented(corpus, truth):
    """What tshark does not report is written down one by one, each looked up in the bytes."""
    extra = set()
    for name in corpus.rows:
        reported = {hello["frame"] for hello, _ in truth.get(name, [])}
        for row in datagram_rows(corpus, name):
            places = {place for places in FRAMES.values() for place in places}
            extra |= {
                (name, row[place], place.removesuffix("_frame"))
                for place in places
                if row[place] is not None and row[place] not in reported
            }
    assert extra == written("extra")
