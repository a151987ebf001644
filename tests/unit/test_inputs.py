"""What the user names becomes a list of captures to read, each once, in a fixed order."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tlsaudit.inputs import Input, expand, printable_name, total_bytes


@pytest.fixture
def captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with captures in it, and one in a subfolder."""
    monkeypatch.chdir(tmp_path)
    for name in ("dc02.pcap", "dc01.pcap", "notes.txt", ".hidden.pcap", "sub/dc03.pcap.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"0123456789")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"")
    return tmp_path


def names(*sources: str, leave_out: str | None = None) -> list[str]:
    return [each.name for each in expand(sources, leave_out)]


def test_files_keep_the_order_in_which_they_were_named(captures: Path) -> None:
    assert names("dc02.pcap", "dc01.pcap") == ["dc02.pcap", "dc01.pcap"]


def test_folder_stands_for_every_visible_file_below_it_sorted(captures: Path) -> None:
    assert names(".") == ["./dc01.pcap", "./dc02.pcap", "./notes.txt", "./sub/dc03.pcap.gz"]


def test_hidden_file_is_read_when_named(captures: Path) -> None:
    assert names(".hidden.pcap") == [".hidden.pcap"]


def test_pattern_matches_sorted(captures: Path) -> None:
    assert names("dc*.pcap") == ["dc01.pcap", "dc02.pcap"]


def test_pattern_reaches_into_subfolders(captures: Path) -> None:
    assert names("**/*.gz") == ["sub/dc03.pcap.gz"]


def test_folder_that_a_pattern_matches_is_walked(captures: Path) -> None:
    assert names("su?") == ["sub/dc03.pcap.gz"]


def test_existing_path_is_literal_even_with_pattern_characters(captures: Path) -> None:
    (captures / "dc0[12].pcap").write_bytes(b"")
    assert names("dc0[12].pcap") == ["dc0[12].pcap"]


def test_pattern_without_a_match_says_so(captures: Path) -> None:
    (item,) = expand(["gw*.pcap"])
    assert item.problem_kind == "missing"
    assert "gw*.pcap" in str(item.problem)


def test_missing_file_is_left_for_the_core_to_report(captures: Path) -> None:
    assert expand(["none.pcap"]) == [Input("none.pcap", "none.pcap")]


def test_empty_folder_is_a_problem_of_its_own(captures: Path) -> None:
    (captures / "empty").mkdir()
    (item,) = expand(["empty"])
    assert (item.name, item.problem_kind) == ("empty", "missing")


def test_file_reached_twice_is_read_once(captures: Path) -> None:
    (captures / "latest.pcap").symlink_to("dc01.pcap")
    assert names("dc01.pcap", "./dc01.pcap", "latest.pcap", "dc*.pcap") == [
        "dc01.pcap",
        "dc02.pcap",
    ]


def test_standard_input_is_read_once(captures: Path) -> None:
    assert expand(["-", "-"]) == [Input("(standard input)", "-")]


def test_file_called_minus_can_be_named_by_its_path(captures: Path) -> None:
    (captures / "-").write_bytes(b"")
    assert [each.source for each in expand(["-", "./-"])] == ["-", "./-"]


def test_folder_of_the_report_is_not_walked(captures: Path) -> None:
    (captures / "sub" / "index.html").write_bytes(b"")
    assert names(".", leave_out="sub") == ["./dc01.pcap", "./dc02.pcap", "./notes.txt"]


def test_link_to_a_folder_above_makes_no_loop(captures: Path) -> None:
    (captures / "sub" / "up").symlink_to("..", target_is_directory=True)
    assert names("sub") == ["sub/dc03.pcap.gz"]


def test_pipe_inside_a_folder_is_left_alone(captures: Path) -> None:
    os.mkfifo(captures / "sub" / "pipe")
    assert names("sub") == ["sub/dc03.pcap.gz"]
    assert names("sub/pipe") == ["sub/pipe"]


def test_broken_link_in_a_folder_is_kept_to_be_reported(captures: Path) -> None:
    (captures / "sub" / "gone.pcap").symlink_to("nowhere.pcap")
    assert names("sub") == ["sub/dc03.pcap.gz", "sub/gone.pcap"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_folder_that_may_not_be_listed_is_a_problem(captures: Path) -> None:
    (captures / "sub").chmod(0)
    try:
        kinds = [each.problem_kind for each in expand(["sub"])]
    finally:
        (captures / "sub").chmod(0o755)
    assert "permission" in kinds


def test_binary_file_objects_are_taken_and_two_never_share_a_name(captures: Path) -> None:
    first, second = io.BytesIO(b"1"), io.BytesIO(b"2")
    with open("dc01.pcap", "rb") as third:
        inputs = expand([first, second, third])
    assert [each.name for each in inputs] == ["stream", "stream (2)", "dc01.pcap"]
    assert [each.source for each in inputs] == [first, second, third]


def test_empty_name_is_said_to_be_empty(captures: Path) -> None:
    (item,) = expand([""])
    assert (item.name, item.problem_kind) == ("(empty name)", "missing")
    assert item.problem == ("a capture was named by an empty text: check where the name comes from")


def test_bound_on_unpacking_goes_into_every_input(captures: Path) -> None:
    inputs = expand(["sub", io.BytesIO(b"1")], max_unpacked=1_000)
    assert {each.max_unpacked for each in inputs} == {1_000}
    assert {each.max_unpacked for each in expand(["sub"])} == {None}


def test_path_objects_are_taken(captures: Path) -> None:
    assert expand([Path("dc01.pcap")]) == [Input("dc01.pcap", "dc01.pcap")]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such file names")
def test_file_name_that_is_not_text_is_read_and_shown_escaped(captures: Path) -> None:
    raw = os.fsencode(captures) + b"/sub/\xff\n\x1b[31m.pcap"
    with open(raw, "wb"):
        pass
    (item,) = [each for each in expand(["sub"]) if "dc03" not in each.name]
    assert item.name == r"sub/\xff\x0a\x1b[31m.pcap"
    assert os.fsencode(str(item.source)).endswith(b"/\xff\n\x1b[31m.pcap")


def test_printable_name_leaves_ordinary_names_alone() -> None:
    assert printable_name("Köln 2026/dc01 [1].pcap") == "Köln 2026/dc01 [1].pcap"


def test_total_is_the_size_of_the_files(captures: Path) -> None:
    assert total_bytes(expand(["dc01.pcap", "sub"])) == 20


def test_total_is_unknown_with_standard_input(captures: Path) -> None:
    assert total_bytes(expand(["dc01.pcap", "-"])) is None


def test_list_of_captures_is_read_like_its_elements(captures: Path) -> None:
    assert names(["dc01.pcap", "dc02.pcap"]) == names("dc01.pcap", "dc02.pcap")  # type: ignore[arg-type]


def test_what_is_no_capture_is_named() -> None:
    with pytest.raises(TypeError, match="binary file object, not int"):
        names(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary file object, not Input"):
        names(Input("a", None))  # type: ignore[arg-type]
