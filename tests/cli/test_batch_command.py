"""`tlsaudit batch`, and the commands that take a store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.command import ROOT, SAMPLES, run

SUMMARY = "captures: 2 read, 0 unchanged, 0 with errors; in the store: 2 captures, 9 handshakes"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with captures, the settings for it, and a store made of it."""
    place = tmp_path_factory.mktemp("batch")
    (place / "captures").mkdir()
    for name in ("tls12-3des.pcap", "ldaps.pcap"):
        shutil.copy(SAMPLES / name, place / "captures")
    settings = 'sources = ["captures"]\nstore = "store"\nreport = "report"\njobs = 2\n'
    (place / "tlsaudit.toml").write_text(settings)
    done = run("batch", "--config", place / "tlsaudit.toml")
    assert done.code == 0, done.messages
    assert done.lines[0] == SUMMARY
    assert done.lines[1] == f"report: {place / 'report' / 'index.html'}"
    assert done.messages == []
    return place


def test_a_second_run_finds_nothing_new(place: Path) -> None:
    done = run("batch", "--config", place / "tlsaudit.toml")
    assert (done.code, done.messages) == (0, [])
    assert done.lines[0].startswith("captures: 0 read, 2 unchanged, 0 with errors;")


@pytest.mark.parametrize(
    "arguments",
    [
        ("handshakes", "--format", "csv"),
        ("check", "--policy", "pci-dss-4"),
    ],
    ids=lambda each: each[0],
)
def test_a_store_gives_what_its_captures_give(arguments: tuple[str, ...], place: Path) -> None:
    command, *rest = arguments
    stored = run(command, place / "store", *rest)
    expected = run(command, place / "captures", *rest)
    assert (stored.code, stored.messages) == (expected.code, expected.messages)
    # Read while they run, rows of captures come in the order in which handshakes end.
    assert sorted(stored.lines) == sorted(expected.lines)
    assert stored.lines


def test_what_if_takes_a_store(place: Path) -> None:
    done = run("forecast", "--what-if", "pci-dss-4", place / "store")
    assert done.code == 0
    assert done.messages[-1].startswith("tlsaudit: Under pci-dss-4")


def test_a_bad_file_is_an_exit_code_of_3_once(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "captures", tmp_path / "captures")
    (tmp_path / "captures" / "bad.pcap").write_bytes(b"nothing")
    done = run("batch", tmp_path / "captures", "-o", tmp_path / "store")
    assert done.code == 3
    assert len(done.messages) == 1
    assert "bad.pcap: " in done.messages[0]
    assert run("batch", tmp_path / "captures", "-o", tmp_path / "store").code == 0
    (tmp_path / "captures" / "bad.pcap").rename(tmp_path / "bad.pcap")
    alone = run("batch", tmp_path / "missing", "-o", tmp_path / "other")
    assert alone.code == 2
    assert "missing: there is no such file" in alone.messages[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("batch", "-o", "s"), "Missing argument 'SOURCE...'"),
        (("batch", "."), "Missing option '-o' / '--store'"),
        (("batch", "-", "-o", "s"), "`-` cannot be read a second time"),
        (("batch", "--config", "none.toml"), "none.toml: there is no such file"),
        (("diff", ".", "--since", "7d"), "this is no store; `tlsaudit batch` makes one"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert said in "\n".join(done.messages)
    assert not (SAMPLES / "s").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources = 1", "sources: Expected `array`, got `int`"),
        ("stoer = 'x'", "Object contains unknown field `stoer`"),
        ("rings = 'some'", "rings: Invalid enum value 'some'"),
        ("jobs = 0", "jobs: 0 is not a number of captures"),
        ("settle = -1", "settle: -1.0 is not a time in seconds"),
        ("sources = [", "not TOML"),
    ],
)
def test_a_mistake_in_the_settings_is_named(text: str, said: str, tmp_path: Path) -> None:
    from tlsaudit.commands.settings import read_settings
    from tlsaudit.errors import ConfigurationError

    path = tmp_path / "tlsaudit.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_settings(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_stores_and_captures_are_not_mixed(place: Path) -> None:
    done = run("clients", place / "store", place / "captures")
    assert done.code == 2
    assert "A store is read by itself" in "\n".join(done.messages)
    done = run("verify", place / "store")
    assert done.code == 2
    assert "is a store: this command reads captures" in "\n".join(done.messages)


def test_the_settings_in_the_documentation_are_understood() -> None:
    from tlsaudit.commands.settings import read_settings

    settings = read_settings(str(ROOT / "docs" / "nightly" / "tlsaudit.toml"))
    assert settings.sources == ("/var/lib/captures",)
    assert settings.settle == 60
    assert settings.report == "/var/lib/tlsaudit/report"


@pytest.mark.parametrize(("since", "side"), [("1999-01-01", "before"), ("2100-01-01", "after")])
def test_diff_says_where_there_is_nothing_to_compare_with(
    since: str, side: str, place: Path
) -> None:
    done = run("diff", place / "store", "--since", since)
    assert done.code == 0
    assert [message for message in done.messages if "nothing to compare with" in message] == [
        f"tlsaudit: the store holds no handshake {side} that: there is nothing to compare with"
    ]
