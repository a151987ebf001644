"""A store holds what its captures hold, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from support.command import SAMPLES
from support.ring import cut_pcap, cut_pcapng, write_ring

import tlsaudit
from tlsaudit import StoreError, read_store
from tlsaudit.store import Outcome, batch, is_store
from tlsaudit.store.locking import locked
from tlsaudit.store.manifest import MANIFEST, Manifest
from tlsaudit.store.parts import TABLES

SOME = ("tls12-3des.pcap", "office.pcapng", "media-relay.pcap", "ftp-tls.pcap")


def some_captures(folder: Path) -> Path:
    folder.mkdir()
    for name in SOME:
        shutil.copy(SAMPLES / name, folder / name)
    return folder


def files_in(store: Path) -> dict[str, bytes]:
    """Everything in a store that counts."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.read, outcome.unchanged, len(outcome.failed)


def assert_tables_are_those_of(store: Path, *sources: Path) -> None:
    stored, expected = read_store(store), tlsaudit.audit(*sources)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(stored, name), getattr(expected, name))
    assert len(expected.handshakes)


def test_a_store_gives_the_tables_of_its_captures(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    outcome = batch([captures], store)
    assert counts(outcome) == (len(list(captures.iterdir())), 0, 0)
    assert_tables_are_those_of(store, captures)
    assert all(len(getattr(read_store(store), name)) for name in TABLES if name != "files")
    assert is_store(store)


def test_the_same_captures_give_the_same_bytes_with_any_number_of_jobs(tmp_path: Path) -> None:
    captures = some_captures(tmp_path / "in")
    batch([captures], tmp_path / "one", jobs=1)
    batch([captures], tmp_path / "many", jobs=7)
    assert files_in(tmp_path / "one") == files_in(tmp_path / "many")


def test_only_what_is_new_or_changed_is_read(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    count = len(list(captures.iterdir()))
    batch([captures], store)
    before = files_in(store)
    assert counts(batch([captures], store)) == (0, count, 0)
    assert files_in(store) == before
    shutil.copy(SAMPLES / "curl.pcap", captures / "new.pcap")
    assert counts(batch([captures], store)) == (1, count, 0)
    shutil.copy(SAMPLES / "ldaps.pcap", captures / "new.pcap")
    assert counts(batch([captures], store)) == (1, count, 0)
    assert_tables_are_those_of(store, captures)


def test_a_file_with_another_time_and_the_same_bytes_is_not_read_again(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    parts = {name: data for name, data in files_in(store).items() if name != MANIFEST}
    os.utime(captures / "office.pcapng", ns=(1, 1))
    batch([captures], store)
    after = {name: data for name, data in files_in(store).items() if name != MANIFEST}
    assert after == parts
    modified = {
        Path(file.path).name: file.modified
        for entry in Manifest.load(store)
        for file in entry.files
    }
    assert modified["office.pcapng"] == 1
    assert batch([captures], store).read == 0


def test_what_is_gone_from_the_folder_stays_in_the_store(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    before = files_in(store)
    (captures / "office.pcapng").unlink()
    batch([captures], store)
    assert files_in(store) == before


def test_what_tlsaudit_wrote_into_the_folder_is_no_capture(tmp_path: Path) -> None:
    captures = some_captures(tmp_path / "in")
    count = len(list(captures.iterdir()))
    batch([captures], captures / "one" / "store")
    read_store(captures / "one" / "store").report(captures / "report")
    outcome = batch([captures], tmp_path / "other")
    assert counts(outcome) == (count, 0, 0)
    # A capture among the pages of a report is one all the same.
    shutil.copy(SAMPLES / "curl.pcap", captures / "report")
    assert counts(batch([captures], tmp_path / "other"))[0] == 1
    (only,) = batch([captures / "one"], tmp_path / "third").problems
    assert "holds no captures" in only


def test_a_bad_file_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    (captures / "a-text.pcap").write_text("no capture")
    whole = (captures / "office.pcapng").read_bytes()
    (captures / "cut.pcapng").write_bytes(whole[: len(whole) // 2 + 1])
    outcome = batch([captures, tmp_path / "missing.pcap"], store)
    assert outcome.read == len(list(captures.iterdir())) - 1
    assert len(outcome.failed) == 2
    assert "a-text.pcap" in outcome.failed[0]
    assert "cut.pcapng: it ends in the middle" in outcome.failed[1]
    assert_tables_are_those_of(store, captures)
    assert len(outcome.problems) == 1
    assert "missing.pcap: there is no such file" in outcome.problems[0]
    again = batch([captures, tmp_path / "missing.pcap"], store)
    assert counts(again) == (0, len(list(captures.iterdir())), 0)
    assert again.problems == outcome.problems
    errors = [entry.error for entry in Manifest.load(store) if entry.error is not None]
    assert len(errors) == 2


def test_files_that_may_still_be_written_to_are_left(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    hour_ago = time.time() - 3600
    for path in captures.iterdir():
        os.utime(path, (hour_ago, hour_ago))
    os.utime(captures / "office.pcapng")
    outcome = batch([captures], store, settle=60)
    assert outcome.waiting == 1
    assert outcome.read == len(list(captures.iterdir())) - 1
    assert batch([captures], store).read == 1


def test_a_stopped_run_leaves_what_the_next_one_clears_away(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    expected = files_in(store)
    # As a kill leaves it: a part that is not whole, and one that nothing names.
    (store / "handshakes" / "0.parquet.partial").write_bytes(b"PAR1")
    (store / "handshakes" / "0.parquet").write_bytes(b"PAR1")
    (store / f"{MANIFEST}.partial").write_bytes(b"{")
    assert len(read_store(store).captures) == len(list(captures.iterdir()))
    batch([captures], store)
    assert files_in(store) == expected


def test_an_interrupted_run_keeps_what_it_has_finished(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"

    def interrupt(_: int) -> None:
        if Manifest.load(store).entries:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch([captures], store, jobs=1, progress=interrupt)
    finished = len(Manifest.load(store).entries)
    assert 0 < finished < len(list(captures.iterdir()))
    assert batch([captures], store).unchanged == finished
    batch([captures], tmp_path / "undisturbed")
    assert files_in(store) == files_in(tmp_path / "undisturbed")


def test_a_second_run_at_the_same_time_is_refused_with_a_sentence(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    with locked(store):
        with pytest.raises(StoreError, match=rf"another run .* \(process {os.getpid()}\)"):
            batch([captures], store)
        # Who reads needs no lock.
        assert len(read_store(store).handshakes)


def test_other_formats_and_folders_with_other_files_are_refused(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    with pytest.raises(StoreError, match=r"holds other files \(`.*`\) and is no store"):
        batch([captures], captures)
    with pytest.raises(StoreError, match="this is no store; `tlsaudit batch` makes one"):
        read_store(captures)
    batch([captures], store)
    manifest = json.loads((store / MANIFEST).read_text())
    (store / MANIFEST).write_text(json.dumps(manifest | {"tlsaudit_store": 0}))
    for use in (read_store, lambda store: batch([captures], store)):
        with pytest.raises(StoreError, match="this store has format 0, and this version"):
            use(store)
    (store / MANIFEST).write_text("{}")
    with pytest.raises(StoreError, match="not the manifest of a store"):
        read_store(store)


def test_a_lost_part_is_named(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    part = next((store / "handshakes").iterdir())
    part.unlink()
    with pytest.raises(StoreError, match=f"a part of this store is missing .*{part.name}"):
        read_store(store)


def test_a_store_made_by_another_version_is_read_again_when_asked_for(tmp_path: Path) -> None:
    captures, store = some_captures(tmp_path / "in"), tmp_path / "store"
    batch([captures], store)
    expected = files_in(store)
    manifest = json.loads((store / MANIFEST).read_text())
    manifest["captures"][0]["tlsaudit"] = "0.0.1"
    (store / MANIFEST).write_text(json.dumps(manifest))
    assert batch([captures], store).read == 0
    assert batch([captures], store, again=True).read == 1
    assert files_in(store) == expected


def test_a_ring_that_grows_gives_the_tables_of_the_whole(tmp_path: Path) -> None:
    captures, store = tmp_path / "in", tmp_path / "store"
    captures.mkdir()
    files = cut_pcapng((SAMPLES / "office.pcapng").read_bytes(), 12)
    for upto in (1, 2, 7, 12):
        write_ring(captures, files[:upto])
        batch([captures], store)
    whole = tlsaudit.audit(SAMPLES / "office.pcapng")
    stored = read_store(store)
    pd.testing.assert_frame_equal(
        stored.handshakes.drop(columns="capture"), whole.handshakes.drop(columns="capture")
    )
    assert stored.captures["capture"].tolist() == [f"{captures}/lan_00001_20260101100010.pcapng+"]
    assert len(stored.files) == 12


def test_a_ring_that_loses_its_oldest_files_keeps_what_they_held_once(tmp_path: Path) -> None:
    captures, store = tmp_path / "in", tmp_path / "store"
    captures.mkdir()
    files = cut_pcapng((SAMPLES / "office.pcapng").read_bytes(), 12)
    paths = write_ring(captures, files)
    for path in paths[8:]:
        path.unlink()
    batch([captures], store)
    for path in paths[:5]:
        path.unlink()
    for path, data in zip(paths[8:], files[8:], strict=True):
        path.write_bytes(data)
    batch([captures], store)
    whole = tlsaudit.audit(SAMPLES / "office.pcapng").handshakes
    stored = read_store(store)
    key = ["client", "client_port", "server", "server_port", "ts"]
    found = stored.handshakes[stored.handshakes["client_hello_frame"].notna()]
    expected = whole[whole["client_hello_frame"].notna()]
    assert sorted(map(str, found[key].values.tolist())) == sorted(
        map(str, expected[key].values.tolist())
    )
    assert stored.captures["capture"].tolist() == [f"{paths[0]}+", f"{paths[5]}+"]
    assert stored.captures["handshakes"].sum() == len(stored.handshakes)
    # What the store says does not depend on how often it is asked.
    before = files_in(store)
    assert batch([captures], store).read == 0
    assert files_in(store) == before


def test_a_handshake_that_lies_across_the_lost_files_is_there_once(tmp_path: Path) -> None:
    captures, store = tmp_path / "in", tmp_path / "store"
    captures.mkdir()
    files = cut_pcap((SAMPLES / "tls12-3des.pcap").read_bytes(), 3)
    whole = tlsaudit.audit(SAMPLES / "tls12-3des.pcap").handshakes
    # The ClientHello is in the first file, the ServerHello in the second.
    paths = write_ring(captures, files)
    paths[2].unlink()
    batch([captures], store)
    paths[0].unlink()
    paths[2].write_bytes(files[2])
    batch([captures], store)
    stored = read_store(store).handshakes
    assert len(stored) == len(whole) == 1
    assert stored["negotiated_version"].tolist() == whole["negotiated_version"].tolist()


def test_rings_read_apart_and_then_joined_are_counted_once(tmp_path: Path) -> None:
    captures, store = tmp_path / "in", tmp_path / "store"
    captures.mkdir()
    write_ring(captures, cut_pcapng((SAMPLES / "office.pcapng").read_bytes(), 4))
    assert batch([captures], store, rings="never").captures == 4
    assert batch([captures], store).captures == 1
    whole = tlsaudit.audit(SAMPLES / "office.pcapng")
    pd.testing.assert_frame_equal(
        read_store(store).handshakes.drop(columns="capture"),
        whole.handshakes.drop(columns="capture"),
    )
