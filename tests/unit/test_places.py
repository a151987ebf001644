"""Where the frames of a capture are that lies in several files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

from support.command import SAMPLES
from support.needs import needs_tshark
from support.ring import cut_pcapng, write_ring

from tlsaudit import Audit, schema
from tlsaudit.auditing import audit_inputs
from tlsaudit.engines.reading import nothing_of
from tlsaudit.findings import load_policy
from tlsaudit.inputs import expand
from tlsaudit.places import Places
from tlsaudit.rings import join
from tlsaudit.safe_text import shell_word


def ring(folder: Path) -> Audit:
    write_ring(folder, cut_pcapng((SAMPLES / "office.pcapng").read_bytes(), 40), "it's a ring")
    inputs = join(expand([folder]), "auto", lambda path: None)
    return audit_inputs(inputs, load_policy("entra"))


def test_frames_are_found_in_their_files_also_beside_files_without_any() -> None:
    rows = [("a", 0, 5), ("b", 5, 0), ("c", 5, 4), ("d", 9, 1)]
    names = ("file", "frames_before", "frames")
    files = [dict(zip(names, row, strict=True), capture="a+", bytes_read=1) for row in rows]
    places = Places(schema.from_rows(files, schema.FILES))
    assert [places.of("a+", frame) for frame in (1, 5, 6, 9, 10)] == [
        ("a", 1),
        ("a", 5),
        ("c", 1),
        ("c", 4),
        ("d", 1),
    ]
    assert places.of("other", 7) == ("other", 7)
    assert places.command("a+", [5, 6, 7]) == (
        'tshark -2 -r a -Y "frame.number == 5" && '
        'tshark -2 -r c -Y "frame.number == 1 || frame.number == 2"'
    )
    assert places.command("a+", []) is None
    assert Places(nothing_of("FILES")).of("a+", 1) == ("a+", 1)


def test_the_commands_of_verdicts_show_the_frames_of_the_ring(tmp_path: Path) -> None:
    needs_tshark()
    audit = ring(tmp_path)
    assert audit.verdicts["tshark"].notna().all()
    across = audit.verdicts[audit.verdicts["tshark"].str.contains(" && ")]
    assert len(across), "a hello and its answer are in different files"
    row = across.iloc[0]
    numbers: list[tuple[str, int]] = []
    for command in row["tshark"].split(" && "):
        words = shlex.split(command)
        shown = subprocess.run(
            [*words, "-T", "fields", "-e", "frame.number"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        numbers += [(words[words.index("-r") + 1], int(number)) for number in shown.split()]
    places = Places(audit.files)
    assert numbers == [places.of(row["capture"], int(frame)) for frame in row["frames"]]
    frame = audit.frame(int(row["frames"][0]), row["capture"])
    assert (frame.capture, frame.number) == numbers[0]


def test_the_page_knows_the_files_of_a_ring(tmp_path: Path) -> None:
    (tmp_path / "ring").mkdir()
    audit = ring(tmp_path / "ring")
    page = audit.report(tmp_path / "report").read_text(encoding="utf-8")
    data = re.search(r'id="capture-words">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    words = json.loads(data[1])
    (capture,) = audit.captures["capture"]
    files = audit.files[["frames_before", "file"]].itertuples(index=False)
    assert words == {capture: [[before, shell_word(file)] for before, file in files]}
    assert len(words[capture]) == 40
