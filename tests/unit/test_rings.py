"""Which files are one capture, and that reading them gives what the whole capture gives."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from support.command import SAMPLES
from support.ring import cut_pcap, cut_pcapng, write_ring

from tlsaudit._core import first_time
from tlsaudit.engines import native
from tlsaudit.inputs import Input, expand
from tlsaudit.rings import Rings, join

TABLES = ("handshakes", "refusals", "set_aside", "captures")


def joined(folder: Path, rings: Rings = "auto") -> list[Input]:
    return join(expand([folder]), rings, first_time)


def names(inputs: list[Input]) -> list[list[str]]:
    return [[Path(path).name for path in each.parts or (str(each.source),)] for each in inputs]


def touch(folder: Path, *given: str) -> None:
    for name in given:
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize(
    ("sample", "cut"), [("office.pcapng", cut_pcapng), ("tls12-3des.pcap", cut_pcap)]
)
def test_a_capture_cut_into_40_files_gives_the_tables_of_the_whole(
    sample: str, cut: object, tmp_path: Path
) -> None:
    assert callable(cut)
    whole = native.read([Input("capture", str(SAMPLES / sample))])
    write_ring(tmp_path, cut((SAMPLES / sample).read_bytes(), 40))
    (item,) = joined(tmp_path)
    assert len(item.parts) == 40
    ring = native.read([Input("capture", item.source, parts=item.parts)])
    for name in TABLES:
        expected, found = getattr(whole, name), getattr(ring, name)
        if name == "captures":
            # Every file has a header, so there are more bytes in them.
            expected = expected.drop(columns="bytes_read")
            found = found.drop(columns="bytes_read")
        pd.testing.assert_frame_equal(found, expected)
    assert len(whole.handshakes)
    assert whole.files.empty
    assert ring.files["file"].tolist() == list(item.parts)
    assert ring.files["frames"].sum() == whole.captures["frames"].iloc[0]
    assert ring.files["frames_before"].tolist() == [0, *ring.files["frames"].cumsum()][:-1]


def test_files_read_one_by_one_lose_what_lies_across_a_boundary(tmp_path: Path) -> None:
    whole = native.read([Input("capture", str(SAMPLES / "tls12-3des.pcap"))])
    write_ring(tmp_path, cut_pcap((SAMPLES / "tls12-3des.pcap").read_bytes(), 6))
    apart = native.read(joined(tmp_path, "never"))
    assert whole.handshakes["outcome"].tolist() == ["completed"]
    assert apart.handshakes["outcome"].tolist() != ["completed"]


def test_a_damaged_file_of_a_ring_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    files = cut_pcapng((SAMPLES / "office.pcapng").read_bytes(), 5)
    paths = write_ring(tmp_path, files)
    paths[2].write_bytes(files[2][:-6])
    reading = native.read(joined(tmp_path))
    row = reading.captures.iloc[0]
    assert row["readable"]
    assert row["error_kind"] == "cut"
    assert row["error"].startswith(f"{paths[2]}: it ends in the middle of a packet at byte")
    assert reading.files["error_kind"].isna().tolist() == [True, True, False, True, True]
    assert row["frames"] == reading.files["frames"].sum()


def test_names_of_dumpcap_are_a_ring_by_number_in_both_orders(tmp_path: Path) -> None:
    ring = [f"lan_{number:05}_2026010112000{number}.pcapng" for number in (1, 2, 3)]
    other = [f"wan_2026010112000{number}_{number:05}.pcapng.gz" for number in (7, 8)]
    touch(tmp_path, *ring, *other, "lan.pcapng", "lan_1_2026.pcapng")
    alone = [["lan.pcapng"], ["lan_1_2026.pcapng"]]
    assert sorted(names(joined(tmp_path))) == sorted([*alone, ring, other])


def test_a_missing_number_or_a_new_start_parts_a_ring(tmp_path: Path) -> None:
    first = ["lan_00007_20260101120000.pcap", "lan_00008_20260101120100.pcap"]
    later = ["lan_00010_20260101120300.pcap", "lan_00011_20260101120400.pcap"]
    again = ["lan_00001_20260102080000.pcap", "lan_00002_20260102080100.pcap"]
    touch(tmp_path, *first, *later, *again)
    found = joined(tmp_path)
    assert sorted(names(found)) == sorted([first, later, again])
    assert all(each.name == f"{each.source}+" for each in found)


def test_dumpcap_counts_on_after_99999(tmp_path: Path) -> None:
    ring = ["lan_99999_20260101120000.pcap", "lan_00000_20260101120100.pcap"]
    touch(tmp_path, *ring)
    assert names(joined(tmp_path)) == [ring]


def test_files_of_tcpdump_are_put_in_order_by_their_times(tmp_path: Path) -> None:
    files = cut_pcap((SAMPLES / "tls12-3des.pcap").read_bytes(), 5)
    # -W 5 goes round: the oldest is 2.
    order = ["lan.pcap2", "lan.pcap3", "lan.pcap4", "lan.pcap0", "lan.pcap1"]
    for name, data in zip(order, files, strict=True):
        (tmp_path / name).write_bytes(data)
    assert names(joined(tmp_path)) == [order]
    (tmp_path / "lan.pcap3").unlink()
    assert sorted(names(joined(tmp_path))) == [["lan.pcap2"], ["lan.pcap4", *order[3:]]]


def test_a_folder_is_one_capture_only_when_that_is_said(tmp_path: Path) -> None:
    files = cut_pcap((SAMPLES / "tls12-3des.pcap").read_bytes(), 3)
    for name, data in zip(["c.pcap", "a.pcap", "b.pcap"], files, strict=True):
        (tmp_path / name).write_bytes(data)
    touch(tmp_path, "empty.pcap", "notes.txt")
    assert all(len(each) == 1 for each in names(joined(tmp_path)))
    assert ["c.pcap", "a.pcap", "b.pcap"] in names(joined(tmp_path, "folder"))
    assert ["empty.pcap"] in names(joined(tmp_path, "folder"))


def test_standard_input_and_problems_are_left_as_they_are(tmp_path: Path) -> None:
    inputs = expand(["-", tmp_path / "missing_00001_20260101120000.pcap", os.fspath(tmp_path)])
    assert join(inputs, "auto", first_time) == inputs
    assert join(inputs, "folder", first_time) == inputs
