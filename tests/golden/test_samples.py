"""Every sample gives the handshake table that stands beside it.

The expected tables come from tshark or from the maker of the capture, never from tlsaudit.
"""

import csv
import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from tlsaudit import engines, registry, schema
from tlsaudit._core import write_text

SAMPLES = Path(__file__).parents[2] / "samples"
MANIFEST = tomllib.loads((SAMPLES / "manifest.toml").read_text(encoding="utf-8"))["sample"]
IDS = [sample["id"] for sample in MANIFEST]


def path_of(sample):
    return SAMPLES / sample["file"]


def text_of(sample, form, folder):
    target = folder / f"{sample['id']}.{form}"
    names = registry.names_for_core()
    [capture] = write_text(
        [(sample["file"], str(path_of(sample)))], form, str(target), names, None, False
    )
    return target.read_text(encoding="utf-8"), capture


@pytest.mark.parametrize("sample", MANIFEST, ids=IDS)
def test_sample_gives_its_expected_table(sample, tmp_path):
    with (SAMPLES / "expected" / f"{sample['id']}.csv").open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    text, _ = text_of(sample, "csv", tmp_path)
    rows = list(csv.DictReader(text.splitlines()))
    rows.sort(key=lambda row: (int(row["stream"]), int(row["handshake"])))
    columns = expected[0].keys() if expected else []
    assert [{name: row[name] for name in columns} for row in rows] == expected


@pytest.mark.parametrize("sample", MANIFEST, ids=IDS)
def test_sample_is_the_one_the_manifest_names(sample):
    assert hashlib.sha256(path_of(sample).read_bytes()).hexdigest() == sample["sha256"]


def test_the_folder_holds_what_the_manifest_names():
    known = {sample["file"] for sample in MANIFEST}
    present = {path.name for path in SAMPLES.iterdir() if path.is_file()}
    assert present - known == {"README.md", "manifest.toml"}
    assert known <= present


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_core_and_tables_write_the_same_text(form, tmp_path):
    """The core derives columns and writes text by itself; both must equal what schema does."""
    core, table = tmp_path / "core", tmp_path / "table"
    write = schema.to_csv if form == "csv" else schema.to_jsonl
    for sample in MANIFEST:
        path = str(path_of(sample))
        write_text([(path, path)], form, str(core), registry.names_for_core())
        write(engines.read_handshakes(path), schema.HANDSHAKE_TABLE, table)
        # The core writes in order of completion, the table is sorted.
        assert sorted(core.read_text(encoding="utf-8").splitlines()) == sorted(
            table.read_text(encoding="utf-8").splitlines()
        ), sample["id"]


def test_rows_are_valid_json(tmp_path):
    for sample in MANIFEST:
        text, capture = text_of(sample, "jsonl", tmp_path)
        rows = [json.loads(line) for line in text.splitlines()]
        assert len(rows) == capture["handshakes"]
        assert all(list(row) == [column.name for column in schema.HANDSHAKE_TABLE] for row in rows)


@pytest.mark.parametrize("name", ["post-quantum", "post-quantum-chromium"])
def test_post_quantum_group_is_agreed_upon(name, tmp_path):
    """X25519MLKEM768 (0x11EC). With its share the hello takes two segments, frames 4 and 5."""
    sample = next(sample for sample in MANIFEST if sample["id"] == name)
    text, _ = text_of(sample, "csv", tmp_path)
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["negotiated_group"] for row in rows} == {"0x11EC"}
    assert rows[0]["client_hello_frame"] == "5"
