"""The tshark engine: Wireshark's dissectors, through pyshark, as a second opinion.

It needs the extra `tlsaudit[tshark]` and the program tshark. Every capture is read by a tshark of
its own, some hundred times slower than the core reads it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from tlsaudit.engines.messages import Message
from tlsaudit.engines.reading import Found, Reading, Seen, as_file, problem_of, reading_of
from tlsaudit.errors import EngineError
from tlsaudit.inputs import STANDARD_INPUT, Input
from tlsaudit.schema.column import TRANSPORTS as ALL_TRANSPORTS

__all__ = ["LACKS", "TRANSPORTS", "frame_tree", "look", "program", "read"]

TRANSPORTS = frozenset(ALL_TRANSPORTS)
"""Wireshark reads them all."""

LACKS = {
    "carrier": "Wireshark names the layers of a frame, not how a connection began",
    "carrier_target": "as `carrier`",
    "client_process": "no engine but the core reads what captures tell of processes",
    "client_pid": "as `client_process`",
    "client_process_basis": "as `client_process`",
    "tunnel": "Wireshark names the layers of a frame, not which of them are tunnels",
    "outer_client_ip": "of several addresses in a frame the innermost are asked for",
    "outer_server_ip": "as `outer_client_ip`",
    "end": "only frames with handshake messages and alerts are asked for",
    "end_frame": "as `end`",
    "outcome": "completion shows in frames that are not asked for: hellos and alerts alone decide",
    "resumed": "inferred from messages behind the hellos",
    "payload_bytes": "only frames with handshake messages and alerts are asked for",
    "missed_bytes": "as `payload_bytes`",
    "defect": "Wireshark shows whole messages, or none",
    "defect_at": "as `defect`",
    "ja4": "Wireshark computes it from 4.2 on",
    "certificate_subject": "Wireshark writes names in a form of its own",
    "certificate_issuer": "as `certificate_subject`",
    "certificate_not_after": "certificates are not asked for",
    "certificate_key": "as `certificate_not_after`",
    "certificate_signature": "as `certificate_not_after`",
}
"""Columns that this engine does not fill as the core does, and why."""

PREFERENCES = {
    # Segments that overtook each other are put in order; off by default.
    "tcp.reassemble_out_of_order": "TRUE",
    # TLS is recognised by its bytes before a port is believed: else TLS on a port of another
    # protocol (IRC, 80, 8080) does not show.
    "tcp.try_heuristic_first": "TRUE",
}

# Wireshark 4.0 sees no TLS behind the negotiation of RDP, whose first bytes it takes for all.
DECODE_AS = {"tcp.port==3389": "tls"}

# Two at a time: each takes a processor, and 150 MB before it has read a byte.
_AT_ONCE = 2

# tshark reads some 10 MB a second; one that takes so much longer hangs.
_SECONDS, _BYTES_A_SECOND = 120.0, 200_000

_INSTALL = {
    "linux": "`apt install tshark` (Debian, Ubuntu) or `dnf install wireshark-cli` (Fedora)",
    "darwin": "`brew install wireshark`",
    "win32": "`winget install WiresharkFoundation.Wireshark`",
}
READS = frozenset({"pcap", "pcapng", "netmon", "snoop"})
"""The formats that Wireshark reads by itself; captures of others are converted first."""
_COMPLAINTS = {
    "cut short": "cut",
    "damaged or corrupt": "damaged",
    "isn't a capture": "not_a_capture",
}
"""What tshark says of a file that it could not read to its end, and our word for it."""
_ELSEWHERE = (
    "/Applications/Wireshark.app/Contents/MacOS/tshark",
    r"C:\Program Files\Wireshark\tshark.exe",
)


def read(inputs: Iterable[Input], progress: Callable[[int], None] | None = None) -> Reading:
    """Give the tables of these inputs as Wireshark sees them.

    Raises EngineError where tshark or pyshark is missing; an input that cannot be read raises
    nothing.
    """
    inputs = list(inputs)
    found = [problem_of(item) for item in inputs]
    name = program()
    with _folder() as folder:
        open_ones = [
            _Open(item.name, as_file(item, folder, READS), each)
            for item, each in zip(inputs, found, strict=True)
            if each.error is None
        ]
        count = _Progress(progress)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            shares = [open_ones[start::_AT_ONCE] for start in range(_AT_ONCE)]
            for job in [pool.submit(_read_share, each, folder, count) for each in shares if each]:
                job.result()
    return reading_of(inputs, found, "tshark", name)


def look(inputs: Iterable[Input], frames: Mapping[str, Set[int]]) -> Seen:
    """Give layers and fields of frames, by capture; of a stream, which is read by now, nothing."""
    layers: dict[tuple[str, int], str] = {}
    fields: dict[tuple[str, int], Mapping[str, str]] = {}
    with _folder() as folder:
        for item in inputs:
            numbers = frames.get(item.name)
            if not numbers or not isinstance(item.source, str) or item.source == STANDARD_INPUT:
                continue
            wanted = f"frame.number in {{{', '.join(map(str, sorted(numbers)))}}}"
            for line in _ask("fields", [as_file(item, folder, READS)], folder, wanted):
                if "fields" in line:
                    layers[item.name, line["frame"]] = line["layers"]
                    fields[item.name, line["frame"]] = line["fields"]
    return layers, fields


def frame_tree(capture: Input, frame: int) -> list[Any] | None:
    """Give the details of one frame, nested as Wireshark shows them; None if there is no such."""
    with _folder() as folder:
        path = as_file(capture, folder, READS)
        for line in _ask("tree", [path], folder, f"frame.number == {frame}", limit=frame):
            if "tree" in line:
                tree: list[Any] = line["tree"]
                return tree
            if line.get("error"):
                raise EngineError(f"tshark: {line['error']}")
    return None


def program() -> str:
    """Give the name and version of the tshark that is used; EngineError without one."""
    path = _tshark()
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    words = done.stdout.split("\n", 1)[0].split()
    number = next((word for word in words if word[:1].isdigit()), "of unknown version")
    return f"tshark {number}"


def _tshark() -> str:
    if find_spec("pyshark") is None:
        raise EngineError(
            "the tshark engine needs pyshark, which is not installed: "
            "run `pip install 'tlsaudit[tshark]'`"
        )
    found = shutil.which("tshark") or next(filter(os.path.exists, _ELSEWHERE), None)
    if found is None:
        how = _INSTALL.get(sys.platform, _INSTALL["linux"])
        raise EngineError(
            f"the tshark engine needs Wireshark's tshark, which is not installed: run {how}"
        )
    return found


@dataclass(frozen=True)
class _Open:
    """A capture that is being read."""

    name: str
    path: str
    found: Found


def _read_share(share: Sequence[_Open], folder: Path, progress: _Progress) -> None:
    from tlsaudit.engines.pdml import DISPLAY_FILTER

    rest = list(range(len(share)))
    for line in _ask("messages", [each.path for each in share], folder, DISPLAY_FILTER):
        capture = share[line["capture"]]
        if "messages" in line:
            capture.found.messages.extend(map(Message.from_json, line["messages"]))
            capture.found.layers[line["frame"]] = line["layers"]
            continue
        rest.remove(line["capture"])
        if line["error"] is not None:
            _note_error(capture, line["error"])
        progress.add(capture.path)
    for number in rest:
        _note_error(share[number], "tshark's process ended before this file")


def _note_error(capture: _Open, says: str) -> None:
    """Tell a file that is cut or damaged, and was read up to there, from one not read at all."""
    kind = next((kind for words, kind in _COMPLAINTS.items() if words in says), "unsupported")
    found = capture.found
    found.error_kind = kind
    found.readable = kind in ("cut", "damaged") or bool(found.messages)
    found.error = f"{capture.name}: {says}"


def _ask(
    what: str, paths: Sequence[str], folder: Path, display_filter: str, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Run the child process over these files and give its answers as they come."""
    order = {
        "what": what,
        "tshark": _tshark(),
        "preferences": PREFERENCES,
        "decode_as": DECODE_AS,
        # Two passes: what a later frame tells of an earlier one shows there.
        "parameters": ["-2"] if limit is None else ["-2", "-c", str(limit)],
        "display_filter": display_filter,
        "captures": [(path, _seconds_for(path)) for path in paths],
    }
    package = Path(__file__).parents[2]
    environment = {
        **os.environ,
        # The user's own settings of Wireshark would change what it shows.
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "WIRESHARK_CONFIG_DIR": str(folder),
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH")))),
    }
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "tlsaudit.engines.pyshark_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=folder,
            env=environment,
        ) as child,
    ):
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(order).encode())
            child.stdin.close()
            for line in child.stdout:
                yield json.loads(line)
        except BaseException:
            # Nobody listens any more: Ctrl-C, or the answer was found.
            child.terminate()
            raise
        if child.wait() != 0:
            complaints.seek(0)
            last = complaints.read().decode("utf-8", "backslashreplace").strip().split("\n")[-1]
            raise EngineError(f"pyshark could not be run: {last}")


def _seconds_for(path: str) -> float:
    try:
        size = os.path.getsize(path)
    except OSError:
        size = 0
    return _SECONDS + size / _BYTES_A_SECOND


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tlsaudit-") as name:
        yield Path(name)


class _Progress:
    """Adds up the bytes of finished files, from several threads."""

    def __init__(self, report: Callable[[int], None] | None) -> None:
        self._report = report
        self._done = 0
        self._lock = Lock()

    def add(self, path: str) -> None:
        with self._lock:
            try:
                self._done += os.path.getsize(path)
            except OSError:
                return
            if self._report is not None:
                self._report(self._done)
