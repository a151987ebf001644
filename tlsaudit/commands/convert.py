"""`tlsaudit convert`: any capture that tlsaudit reads, as pcapng for other programs."""

from __future__ import annotations

import sys
from typing import Any

import click

from tlsaudit.commands.options import capture_command, captures_argument
from tlsaudit.commands.running import (
    NOTHING_DONE,
    NothingReadError,
    exit_code,
    inputs_of,
    require_pcapng,
    say,
    say_failures,
)
from tlsaudit.inputs import Input, total_bytes
from tlsaudit.progress import progress_bar
from tlsaudit.safe_text import visible

__all__ = ["convert"]


@capture_command(
    "Write captures of any format as pcapng, which other programs read.",
    "Frames keep their order, and those of one capture the numbers that the tables name them by; "
    "several captures follow each other. Where a capture knows the process that a packet belongs "
    "to, the packet's comment says it.",
    takes_store=False,
)
@captures_argument
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="The file to write; - is standard output.",
)
def convert(*, captures: tuple[str, ...], output: str) -> int:
    to_standard_output = output == "-"
    if to_standard_output and sys.stdout.isatty():
        raise click.UsageError("pcapng is not text: name a file with -o, or pipe it on.")
    inputs = inputs_of(captures, output=None if to_standard_output else output)
    if not to_standard_output:
        require_pcapng(output)
    if to_standard_output:
        rows = _converted(inputs, None)
    else:
        from pathlib import Path

        from tlsaudit.reports.export import replacing

        with replacing(Path(output)) as place:
            rows = _converted(inputs, str(place))
            if exit_code(rows) == NOTHING_DONE:
                place.unlink(missing_ok=True)
    if exit_code(rows) == NOTHING_DONE:
        raise NothingReadError
    if not to_standard_output:
        frames = sum(row["frames"] for row in rows)
        say(f"wrote {visible(output)}: {frames:,} frames")
    return exit_code(rows)


def _converted(inputs: list[Input], output: str | None) -> list[dict[str, Any]]:
    from tlsaudit.engines.conversion import convert as convert_inputs

    with progress_bar(total_bytes(inputs)) as progress:
        rows = convert_inputs(inputs, output, progress)
    say_failures(rows)
    return rows
