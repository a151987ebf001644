"""The commands that are measured."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from captures import PROGRAMS
from measure import Job

TSHARK_ROUNDS = 3
HOP, CAT, TCPDUMP, TSHARK = "hop", "cat", "tcpdump -w /dev/null", "tshark"
CORE, HANDSHAKES = "tlsaudit._core.read", "tlsaudit handshakes"
# Out-of-order reassembly, without which tshark loses hellos; it costs no time.
TSHARK_FIELDS = (
    "frame.number",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "tls.handshake.type",
    "tls.handshake.version",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.ciphersuite",
)
READ = "import sys; from tlsaudit import _core; _core.read([(sys.argv[1], sys.argv[1])])"


def job(tool: str, capture: Path, rounds: int, keep: Path | None = None) -> Job | None:
    """Give the job of a tool on a capture, None where the tool is not installed."""
    command = _command(tool, str(capture))
    if shutil.which(command[0]) is None:
        return None
    size = capture.stat().st_size
    return Job(tool, str(capture), size, command, rounds, keep, discard=tool == CAT)


def job_of_several(named: Sequence[Path], rounds: int) -> Job:
    """Give the job of the command on several captures at once."""
    size = sum(path.stat().st_size for path in named)
    command = [*_command(HANDSHAKES, str(named[0])), *map(str, named[1:])]
    return Job(f"{HANDSHAKES}, {len(named)} captures", str(named[0]), size, command, rounds)


def _command(tool: str, capture: str) -> list[str]:
    if tool == HOP:
        return [str(PROGRAMS / "hop"), capture]
    if tool == CAT:
        return ["cat", capture]
    if tool == TCPDUMP:
        return ["tcpdump", "-r", capture, "-w", "/dev/null"]
    if tool == CORE:
        return [sys.executable, "-c", READ, capture]
    if tool == HANDSHAKES:
        return [str(_beside("tlsaudit")), "handshakes", "--format", "csv", capture]
    return [
        "tshark",
        *("-n", "-r", capture, "-Y", "tls.handshake.type in {1,2}"),
        *("-o", "tcp.reassemble_out_of_order:TRUE"),
        *("-T", "fields", "-E", "separator=,", "-E", "aggregator=;"),
        *(part for field in TSHARK_FIELDS for part in ("-e", field)),
    ]


def _beside(program: str) -> Path:
    """A program of the environment that this Python belongs to."""
    return Path(sys.executable).with_name(program)
