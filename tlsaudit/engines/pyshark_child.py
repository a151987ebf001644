"""A program of its own that runs tshark through pyshark and prints what it found.

pyshark drives an event loop, which works dependably in the main thread of a process that has no
loop yet, and not in a notebook or in a thread. So `tshark` starts this as a child process: one
order as JSON on standard input, one JSON object a line on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pyshark
from lxml import etree
from packaging.version import Version
from pyshark.capture.capture import TSharkCrashException
from pyshark.tshark import tshark
from pyshark.tshark.output_parser.tshark_xml import TsharkXmlParser

from tlsaudit.engines import pdml

__all__ = ["main"]

# Control characters that a captured string may hold and XML may not.
_NOT_XML = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})


class _Elements(TsharkXmlParser):  # type: ignore[misc]
    """Gives each packet as the tree that it is; pyshark's own packets have lost the nesting."""

    def _parse_single_packet(self, packet: bytes) -> tuple[etree._Element]:
        parser = etree.XMLParser(
            recover=True, huge_tree=True, resolve_entities=False, no_network=True
        )
        element: etree._Element = etree.fromstring(packet.translate(None, _NOT_XML), parser)
        # pyshark asks whether a packet is true, which an element without children is not.
        return (element,)


class _Capture(pyshark.FileCapture):  # type: ignore[misc]
    """A capture read by tshark, whose exit code and messages are kept."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **options)
        self.ended_with: int | None = None
        self.said: list[str] = []

    def _setup_tshark_output_parser(self) -> _Elements:
        return _Elements()

    def _get_tshark_version(self) -> Version:
        # pyshark would run tshark once more for every capture to ask.
        return _version(self.tshark_path)

    async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
        # pyshark keeps the last line only, and fails on a file name that is not UTF-8.
        async for line in stderr:
            self.said.append(line.decode("utf-8", "backslashreplace").strip())

    async def _cleanup_subprocess(self, process: Any) -> None:
        # Where the output ended by itself, pyshark may kill tshark before it has said how it went.
        if process.stdout.at_eof():
            self.ended_with = await process.wait()
            return
        await super()._cleanup_subprocess(process)


@cache
def _version(path: str) -> Version:
    version: Version = tshark.get_tshark_version(path)
    return version


def main() -> None:
    """Read the order, answer it."""
    order = json.load(sys.stdin)
    options = {
        "keep_packets": False,
        "tshark_path": order["tshark"],
        "override_prefs": order["preferences"],
        "decode_as": order["decode_as"],
        "display_filter": order["display_filter"],
        "custom_parameters": order["parameters"],
    }
    # From 3.12 on the loop that pyshark would make for itself is deprecated, then gone; before
    # that, one that it did not make loses track of its child processes.
    if sys.version_info >= (3, 12):
        options["eventloop"] = asyncio.new_event_loop()
    for number, (path, seconds) in enumerate(order["captures"]):
        _answer(number, path, seconds, order["what"], options)


def _answer(number: int, path: str, seconds: float, what: str, options: dict[str, Any]) -> None:
    describe = _DESCRIPTIONS[what]
    capture = _Capture(path, **options)
    error = None

    def take(packet: tuple[etree._Element]) -> None:
        for line in describe(packet[0]):
            _print({"capture": number, **line})

    try:
        capture.apply_on_packets(take, timeout=seconds)
    except TimeoutError:
        error = f"tshark was not done after {seconds:.0f} seconds"
    except TSharkCrashException as crash:
        error = f"tshark failed: {crash}"
    if capture.ended_with:
        said = [line for line in capture.said if not line.startswith("Running as user")]
        error = " ".join(said) or f"tshark ended with code {capture.ended_with}"
    _print({"capture": number, "done": True, "error": error})


def _messages(packet: etree._Element) -> Iterator[dict[str, Any]]:
    frame, layers = pdml.frame_and_layers(packet)
    messages = [message.as_json() for message in pdml.messages_of(packet)]
    yield {"frame": frame, "layers": layers, "messages": messages}


def _fields(packet: etree._Element) -> Iterator[dict[str, Any]]:
    frame, layers = pdml.frame_and_layers(packet)
    yield {"frame": frame, "layers": layers, "fields": pdml.fields_of(packet)}


def _tree(packet: etree._Element) -> Iterator[dict[str, Any]]:
    yield {"tree": pdml.tree(packet)}


_DESCRIPTIONS = {"messages": _messages, "fields": _fields, "tree": _tree}
"""What can be asked about packets."""


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
