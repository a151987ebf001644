"""A slice of `make torture`: mutated captures give rows or a sentence, and nothing else."""

from pathlib import Path

import torture
from support.needs import corpus_folder

SAMPLES = Path(__file__).parents[2] / "samples"


def test_mutated_samples_are_survived(tmp_path):
    paths = [path for path in torture.captures_below(SAMPLES) if path.parent == SAMPLES]
    tally = torture.torture(SAMPLES, paths, mutations=4, command_every=60, keep=tmp_path)
    assert tally.problems == []
    assert tally.cases == 4 * len(paths) > 300
    # The mutations do reach the readers: not every capture is refused at its first bytes.
    assert tally.handshakes > 100
    assert {"read to the end", "cut", "damaged", "not_a_capture"} <= set(tally.ends)
    assert sum(tally.commands.values()) >= 5


def test_mutated_real_captures_are_survived(tmp_path):
    folder = corpus_folder() / "dev"
    paths = torture.captures_below(folder)[::25]
    tally = torture.torture(folder, paths, mutations=8, command_every=100, keep=tmp_path)
    assert tally.problems == []
    assert tally.cases == 8 * len(paths) > 400


def test_mutations_are_the_same_everywhere():
    """Hard-coded once: a find that another machine reports can be made again here."""
    data = (SAMPLES / "tls10-openssl.pcap").read_bytes()
    again = [torture.mutated(data, "tls10-openssl.pcap", number) for number in range(20)]
    assert again == [torture.mutated(data, "tls10-openssl.pcap", number) for number in range(20)]
    assert len({changed for _, changed in again}) > 15
    assert len({name for name, _ in again}) > 5


def test_a_problem_is_reported_and_kept(tmp_path, monkeypatch):
    """The net catches: a worker that dies is a problem with the capture that killed it."""
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "one.pcap").write_bytes(b"x")

    def results(cases, _jobs):
        for case, _ in cases:
            yield case, torture.Result("cut", ["the process died with -9"])

    monkeypatch.setattr(torture, "results", results)
    paths = torture.captures_below(folder)
    tally = torture.torture(folder, paths, mutations=2, keep=tmp_path / "kept")
    assert tally.problems == [
        f"one.pcap, mutation {number}: the process died with -9" for number in (0, 1)
    ]
    assert len(list((tmp_path / "kept").iterdir())) == 2
