"""Recipes for capturing: the commands are what was asked for, and what cannot be is refused."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from support.command import SAMPLES
from support.needs import needs_program

from tlsaudit.capturing import KEEPS, TOOLS, recipe
from tlsaudit.capturing.filters import PORTS, handshakes_filter, ports_filter
from tlsaudit.capturing.recipes import MOST_PKTMON_FILTERS
from tlsaudit.errors import RecipeError


def words(line: str) -> list[str]:
    return shlex.split(line)


def after(line: str, option: str) -> str:
    split = words(line)
    return split[split.index(option) + 1]


def test_dumpcap_writes_a_ring_for_some_time_through_the_filter() -> None:
    chosen = recipe("dumpcap", interface="eth 0", hours=0.5, file_megabytes=20, files=7, name="dc")
    line, join = chosen.commands
    assert words(line)[:3] == ["dumpcap", "-i", "eth 0"]
    assert after(line, "-a") == "duration:1800"
    assert ("filesize:20000" in words(line), "files:7" in words(line)) == (True, True)
    assert after(line, "-w") == "dc.pcapng"
    assert after(line, "-f") == chosen.filter == handshakes_filter()
    assert join == "mergecap -w dc-all.pcapng dc_*.pcapng"


def test_tcpdump_reads_the_line_that_is_printed(tmp_path: Path) -> None:
    needs_program("tcpdump")
    chosen = recipe("tcpdump", keep="ports", ports=[443], hours=1, files=2)
    line = words(chosen.commands[0])
    assert line[:3] == ["timeout", "3600", "tcpdump"]
    assert line[-1] == chosen.filter == ports_filter([443])
    # The same line, reading a sample instead of an interface.
    at = line.index("-i")
    line[at : at + 2] = ["-r", str(SAMPLES / "tls12-openssl.pcapng")]
    subprocess.run(line[2:], check=True, cwd=tmp_path, capture_output=True)
    [written] = tmp_path.glob("tls.pcap*")
    assert written.stat().st_size > 1000


def test_windows_programs_keep_whole_packets_and_their_traces_are_read_as_they_are() -> None:
    netsh, pktmon = recipe("netsh"), recipe("pktmon", ports=[636, 443])
    assert any("capture=yes" in line and "fileMode=circular" in line for line in netsh.commands)
    assert netsh.commands[-1] == "netsh trace stop"
    assert pktmon.commands[1:3] == ("pktmon filter add port-443 -p 443",
                                    "pktmon filter add port-636 -p 636")  # fmt: skip
    assert "--pkt-size 0 " in pktmon.commands[3]
    assert pktmon.commands[-2:] == ("pktmon stop", "pktmon filter remove")
    for chosen in (netsh, pktmon):
        assert "reads the .etl as it is" in str(chosen)
        assert "tlsaudit report tls.etl" in str(chosen)
    assert (netsh.filter, pktmon.filter) == (None, None)
    assert not any("filter add" in line for line in recipe("pktmon", keep="all").commands)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_recipe_says_what_is_kept_what_is_missed_and_how_long_to_run(tool: str) -> None:
    text = str(recipe(tool))
    assert text == str(recipe(tool))
    for word in ("# Kept: ", "# Missed: ", "# How long: ", "# Then: tlsaudit capture --check "):
        assert word in text
    assert "circular" in text or "files:" in text or "-W " in text


def test_all_keeps_everything() -> None:
    for tool in ("dumpcap", "tcpdump"):
        chosen = recipe(tool, keep="all")
        assert chosen.filter is None
        assert "'" not in chosen.commands[0]
    assert set(KEEPS) == {"handshakes", "ports", "all"}


def test_pktmon_takes_the_usual_ports() -> None:
    ports = [port for port, _ in PORTS]
    assert ports == sorted(set(ports))
    assert len(ports) <= MOST_PKTMON_FILTERS
    assert {389, 443, 636, 1433, 3268, 3269, 3389, 5986, 9389} <= set(ports)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tool": "wireshark"}, "`wireshark` is not one of dumpcap, tcpdump, netsh, pktmon"),
        ({"keep": "some"}, "`some` is not one of handshakes, ports, all"),
        ({"name": "a b"}, "`a b` is no plain name"),
        ({"name": "../a"}, "is no plain name"),
        ({"hours": 0}, "hours: a number above 0"),
        ({"files": 1}, "a ring needs two files"),
        ({"ports": [0]}, "from 1 to 65535"),
        ({"ports": [443], "keep": "all"}, "ports are for keeping `ports`"),
        ({"vlan": True}, "name the interface"),
        ({"tool": "netsh", "keep": "ports"}, "netsh trace cannot choose"),
        ({"tool": "netsh", "interface": "Ethernet"}, "on all interfaces"),
        ({"tool": "pktmon", "keep": "handshakes"}, "pktmon cannot choose by content"),
        ({"tool": "pktmon", "interface": "Ethernet"}, "the number of a component"),
        ({"tool": "pktmon", "ports": range(1, 34)}, "pktmon takes 32 ports at most"),
    ],
)
def test_what_a_program_cannot_do_is_refused_in_words(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(**options)
