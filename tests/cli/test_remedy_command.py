"""`tlsaudit remedy`: what to do, on standard output."""

from __future__ import annotations

from support.command import run


def test_all_are_listed() -> None:
    done = run("remedy")
    assert done.code == 0
    assert any(line.startswith("dotnet-framework ") for line in done.lines)


def test_one_is_printed_with_snippets_as_they_are_copied() -> None:
    done = run("remedy", "dotnet-framework")
    assert done.code == 0
    assert '"SchUseStrongCrypto"=dword:00000001' in done.lines


def test_one_that_is_not_known_is_said() -> None:
    done = run("remedy", "javva")
    assert done.code == 2
    assert "there is no such remedy" in done.messages[0]
