"""The example for every night: systemd takes the unit, and its command runs with nothing around."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import ROOT, SAMPLES
from support.needs import needs_program

NIGHTLY = ROOT / "docs" / "nightly"
COMMAND = Path(sys.executable).with_name("tlsaudit")
INSTALLED = "/usr/local/bin/tlsaudit"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(NIGHTLY / name)
    return parser


def test_systemd_accepts_the_unit_and_the_timer(tmp_path: Path) -> None:
    needs_program("systemd-analyze")
    # It looks whether the command is there; where it is installed is for whoever installs it.
    text = (NIGHTLY / "tlsaudit-batch.service").read_text()
    assert text.count(INSTALLED) == 1
    (tmp_path / "tlsaudit-batch.service").write_text(text.replace(INSTALLED, str(COMMAND)))
    shutil.copy(NIGHTLY / "tlsaudit-batch.timer", tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    # Other units of the machine may have warnings of their own.
    assert (done.returncode, "tlsaudit" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("scheduler", ["systemd", "cron"])
def test_the_command_runs_twice_in_a_bare_environment_with_a_clean_log(
    scheduler: str, tmp_path: Path
) -> None:
    place = tmp_path / "var"
    (place / "captures").mkdir(parents=True)
    for name in ("tls12-3des.pcap", "tls13-retry-request.pcap"):
        shutil.copy(SAMPLES / name, place / "captures")
    settings = tmp_path / "tlsaudit.toml"
    text = (NIGHTLY / "tlsaudit.toml").read_text()
    settings.write_text(text.replace("/var/lib", str(place)).replace("settle = 60", "settle = 0"))
    if scheduler == "systemd":
        line = unit("tlsaudit-batch.service")["Service"]["ExecStart"]
        variable, _, value = unit("tlsaudit-batch.service")["Service"]["Environment"].partition("=")
        environment = {"PATH": "/usr/bin:/bin", variable: value.replace("/var", str(place))}
    else:
        line = (NIGHTLY / "crontab").read_text().splitlines()[-1].split(maxsplit=5)[5]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(place), "SHELL": "/bin/sh"}
    words = [
        {INSTALLED: str(COMMAND), "/etc/tlsaudit.toml": str(settings)}.get(word, word)
        for word in shlex.split(line)
    ]
    assert words[:2] == [str(COMMAND), "batch"]
    assert words[-1] == str(settings)
    logs = []
    for _ in range(2):
        done = subprocess.run(
            ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, "")
        logs.append(done.stdout.splitlines())
    page = place / "tlsaudit" / "report" / "index.html"
    rest = f"0 with errors; in the store: 2 captures, 2 handshakes|report: {page}"
    assert "|".join(logs[0]) == f"captures: 2 read, 0 unchanged, {rest}"
    assert "|".join(logs[1]) == f"captures: 0 read, 2 unchanged, {rest}"
    assert page.is_file()


def test_the_exit_code_for_bad_captures_is_a_success_of_the_unit() -> None:
    from tlsaudit.commands.running import PARTLY_DONE

    assert unit("tlsaudit-batch.service")["Service"]["SuccessExitStatus"] == str(PARTLY_DONE)
