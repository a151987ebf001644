"""Captures made to hurt, scaled down: memory stays bounded, and the table says what was reached.

Time is not asserted: it is what `make adversaries` prints.
"""

import adversaries
import hostile_packets
import pytest
from support.command import run

SCALES = {
    # Where the full size is reached only by what a bound prevents, a little more than the bound.
    "half-open-streams": 0.06,
    "similar-flows": 0.2,
    "a-million-interfaces": 0.07,
    "a-million-sections": 0.05,
    "zstd-bomb": 0.01,
    "gzip-bomb": 0.01,
    "xz-bomb": 0.01,
}
SCALE = 0.02

SAYS = {
    "half-open-streams": "were forgotten to bound memory",
    "similar-flows": "were forgotten to bound memory",
    "hellos-in-a-row": "were let go early",
    "all-fragments": "fragmented IP packets were given up",
    "blocks-of-4-gb": "it ends in the middle of a block",
    "packets-of-4-gb": "a packet says that it has 4294967040 bytes",
    "a-million-interfaces": "a section describes more than 65536 interfaces",
    "zstd-bomb": "it unpacks to more than 256 times its size",
    "gzip-bomb": "it unpacks to more than 256 times its size",
    "xz-bomb": "it unpacks to more than 256 times its size",
}


@pytest.mark.parametrize("adversary", adversaries.ADVERSARIES, ids=lambda each: each.name)
def test_memory_is_bounded(adversary, tmp_path):
    path = tmp_path / adversary.name
    adversary.write(path, SCALES.get(adversary.name, SCALE))
    result = adversaries.measure(path)
    assert result.megabytes <= adversary.megabytes
    said = adversaries.said(result.capture)
    assert SAYS.get(adversary.name, "") in said
    if adversary.name not in SAYS:
        assert result.capture["error"] is None, said


def test_a_connection_let_go_while_its_answer_waits_is_counted(tmp_path):
    path = tmp_path / "many"
    syns = adversaries.half_open_streams(0.046)
    with path.open("wb") as file:
        file.write(next(syns))
        file.write(hostile_packets.packets(1, b"", flags=hostile_packets.SYN))
        file.write(hostile_packets.answers(1, hostile_packets.SERVER_HELLO, acknowledgement=400))
        file.writelines(syns)
    result = adversaries.measure(path)
    assert result.capture["handshakes"] == 1
    assert "1 connections were let go early" in adversaries.said(result.capture)


def test_a_file_that_grows_is_read_to_an_end_that_it_had(tmp_path):
    result = adversaries.growing_file(tmp_path, 0.2)
    size = (tmp_path / "growing").stat().st_size
    assert 0 < result.capture["bytes_read"] <= size
    assert result.capture["frames"] > 0
    assert result.capture["error_kind"] in (None, "cut")


@pytest.mark.parametrize("command", ["handshakes", "clients", "findings"])
@pytest.mark.parametrize("form", ["table", "csv", "jsonl", "parquet"])
def test_times_at_both_ends_are_in_every_table(command, form, tmp_path):
    path = tmp_path / "times.pcapng"
    next(a for a in adversaries.ADVERSARIES if a.name == "both-ends-of-time").write(path)
    done = run(command, path, "--format", form, "-o", tmp_path / "out")
    assert (done.code, done.messages) == (0, [])
    if form != "parquet":
        text = (tmp_path / "out").read_text(encoding="utf-8")
        assert "2262-04-11" in text
        assert "1677-09-21" in text or command == "clients"


def test_times_at_both_ends_are_in_the_report(tmp_path):
    path = tmp_path / "times.pcapng"
    next(a for a in adversaries.ADVERSARIES if a.name == "both-ends-of-time").write(path)
    done = run("report", path, "-o", tmp_path / "out")
    assert done.code == 0
    assert "1677-09-21 00:12:43 to 2262-04-11 23:47:16 UTC" in done.text


def test_memory_is_measured_whatever_the_starter_took(tmp_path):
    """A bound means nothing where the figure is what this process had taken before."""
    large = b"x" * (400 << 20)
    path = tmp_path / "half-open-streams"
    next(a for a in adversaries.ADVERSARIES if a.name == path.name).write(path, 0.06)
    assert adversaries.measure(path).megabytes > 50
    assert large
