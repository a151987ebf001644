"""The real captures of `TLSAUDIT_CORPUS`, read once for all tests here."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.needs import corpus_folder

from tlsaudit import registry
from tlsaudit._core import write_text


@dataclass(frozen=True)
class Corpus:
    """Captures under `folder`, their rows by name, and what became of each."""

    folder: Path
    truth: Path
    rows: dict[str, list[dict]]
    captures: dict[str, dict]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Every file of the corpus, read by the core in one call."""
    named = corpus_folder()
    folder = named / "dev"
    assert folder.is_dir(), f"there is no corpus in {named}"
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    text = tmp_path_factory.mktemp("corpus") / "handshakes.jsonl"
    captures = write_text(
        [(name, str(folder / name)) for name in names],
        "jsonl",
        str(text),
        registry.names_for_core(),
    )
    rows = defaultdict(list)
    for line in text.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["capture"]].append(row)
    by_name = {capture["capture"]: capture for capture in captures}
    return Corpus(folder, named / "truth", dict(rows), by_name)
