"""The scenes of the forecast: real stacks, an address each, and what each is to be told.

`scenarios.toml` holds the verdicts, written by hand, with the reason for each. Where tshark is
installed it judges the evidence: the command of a verdict is run as it stands.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.needs import needs_tshark

import tlsaudit

if TYPE_CHECKING:
    from tlsaudit import Audit

SAMPLES = Path(__file__).parents[2] / "samples"
TEXT = Path(__file__).with_name("scenarios.toml").read_text(encoding="utf-8")
SCANNERS: dict[str, list[str]] = tomllib.loads(TEXT)["scanners"]
EXPECTED: list[dict[str, Any]] = tomllib.loads(TEXT)["verdict"]
SCENES = sorted({each["sample"] for each in EXPECTED})

# What tshark is to say of a frame.
FIELDS = (
    *("frame.number", "tls.handshake.type", "tls.handshake.version", "tls.alert_message.desc"),
    *("tcp.flags.reset", "tcp.flags.fin"),
)
MESSAGES = {"1": "ClientHello", "2": "ServerHello"}

Told = dict[str, Any]


@cache
def audit(scene: str) -> Audit:
    [path] = SAMPLES.glob(f"{scene}.pcap*")
    return tlsaudit.audit(path)


@cache
def told(scene: str) -> list[Told]:
    """The verdicts of a scene without null values, those of scanners apart."""
    rows = audit(scene).verdicts
    rows = rows[~rows["client"].isin(SCANNERS.get(scene, []))]
    there = rows.notna().to_dict("records")
    return [
        {name: value for name, value in row.items() if has[name]}
        for row, has in zip(rows.to_dict("records"), there, strict=True)
    ]


def mine(expected: Told) -> Told:
    """The verdict of the client, service and stack that is meant."""
    found = [
        row
        for row in told(expected["sample"])
        if (row["client"], row["server_port"]) == (expected["client"], expected["port"])
        and row.get("offered") == expected.get("offered")
    ]
    assert len(found) == 1, found
    return found[0]


def name_of(expected: Told) -> str:
    parts = (expected[key] for key in ("sample", "client", "port"))
    return "-".join([*map(str, parts), f"{expected.get('offered', 0):04x}"])


@pytest.mark.parametrize("expected", EXPECTED, ids=name_of)
def test_a_client_is_told_what_was_decided_by_hand(expected: Told) -> None:
    row = mine(expected)
    for column in ("verdict", "confidence", "because", "remedy"):
        assert row.get(column) == expected.get(column), column
    assert sorted(row["frames"]) == sorted(int(each.split()[0]) for each in expected["evidence"])
    assert expected["why"].strip()


@pytest.mark.parametrize("scene", SCENES)
def test_nobody_else_is_told_anything(scene: str) -> None:
    """So the imitations of media relays are no clients."""
    assert len(told(scene)) == sum(each["sample"] == scene for each in EXPECTED)


@pytest.mark.parametrize("scene", SCANNERS)
def test_scanners_are_not_counted(scene: str) -> None:
    verdicts = audit(scene).verdicts
    scans = verdicts[verdicts["verdict"] == "scanner"]
    assert sorted(set(scans["client"])) == SCANNERS[scene]
    assert sorted(set(verdicts["client"])) != SCANNERS[scene]
    every = verdicts[verdicts["client"].isin(SCANNERS[scene])]
    assert len(every) == len(scans) > 30
    assert set(scans["confidence"]) == {"medium"}
    assert scans["remedy"].isna().all()
    assert audit(scene).forecast.headline.endswith("2 are scanners.")


@pytest.mark.parametrize("scene", SCENES)
def test_each_command_selects_the_evidence(scene: str) -> None:
    needs_tshark()
    expected = [each for each in EXPECTED if each["sample"] == scene]
    commands = [mine(each)["tshark"] for each in expected]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        shown = list(pool.map(selected, commands))
    assert shown == [each["evidence"] for each in expected]


@pytest.mark.parametrize("scene", SCANNERS)
def test_the_command_selects_the_evidence_of_scanners_too(scene: str) -> None:
    needs_tshark()
    verdicts = audit(scene).verdicts
    for client in SCANNERS[scene]:
        row = verdicts[verdicts["client"] == client].iloc[-1]
        frames = [int(each.split()[0]) for each in selected(row["tshark"])]
        assert frames == sorted(row["frames"])


def selected(command: str) -> list[str]:
    """Run the command and say of each frame that it selects what tshark sees in it."""
    words = [*shlex.split(command), "-T", "fields", "-E", "separator=/t"]
    for field in FIELDS:
        words += ["-e", field]
    shown = subprocess.run(words, capture_output=True, text=True, check=True)
    return [_described(line.split("\t")) for line in shown.stdout.splitlines()]


def _described(values: list[str]) -> str:
    frame, kinds, version, alert, reset, fin = values
    message = MESSAGES.get(kinds.partition(",")[0])
    if message:
        return f"{frame} {message} {version}"
    if alert:
        return f"{frame} alert {alert}"
    closing = "reset" if reset == "1" else "close" if fin == "1" else "nothing whole"
    return f"{frame} {closing}"


def test_hellos_of_windows_are_those_that_it_is_known_by() -> None:
    crafted = [each for each in EXPECTED if each["sample"] == "scenario-windows"]
    handshakes = audit("scenario-windows").handshakes
    known = dict(zip(handshakes["client_hello_frame"], handshakes["ja3"], strict=True))
    for each in crafted:
        hello = [part for part in each["evidence"] if "ClientHello" in part][-1]
        assert known[int(hello.split()[0])] == each["ja3"], each["why"]
