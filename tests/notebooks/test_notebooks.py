"""Every notebook runs from top to bottom; its cells assert what its text says."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.needs import needs_tshark

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WITH_TSHARK = "03-comparing-two-engines"


def test_there_are_notebooks() -> None:
    assert [path.stem[3:] for path in NOTEBOOKS] == [
        "first-audit-in-five-minutes",
        "who-breaks-and-why",
        "comparing-two-engines",
        "a-fleet-over-a-month",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    if path.stem == WITH_TSHARK:
        needs_tshark()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    for cell in notebook.cells:
        streams = [each for each in cell.get("outputs", ()) if each.get("name") == "stderr"]
        assert streams == [], "a warning was shown"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
