"""`tlsaudit verify`: a second engine reads too."""

from __future__ import annotations

import click

from tlsaudit.commands.options import capture_command, captures_argument
from tlsaudit.commands.running import (
    DONE,
    FOUND,
    PARTLY_DONE,
    NothingReadError,
    inputs_of,
    put,
    say_failures,
)
from tlsaudit.inputs import STANDARD_INPUT, total_bytes
from tlsaudit.progress import progress_bar
from tlsaudit.safe_text import visible

__all__ = ["verify"]


@capture_command(
    "Read captures with a second engine too and say whether it agrees.",
    "Prints how many hellos both have, which differences have a known reason, and which have none: "
    "exit code 1 if there are any. tshark starts once for each capture, so this takes its time.",
    takes_store=False,
)
@captures_argument
@click.option(
    "--engine",
    type=click.Choice(["scapy", "tshark"]),
    default="tshark",
    show_default=True,
    help="What the core is compared with (docs/engines.md).",
)
def verify(captures: tuple[str, ...], engine: str) -> int:
    from tlsaudit.engines.agreement import verify

    inputs = inputs_of(captures)
    for each in inputs:
        if each.source == STANDARD_INPUT:
            raise click.UsageError("standard input cannot be read twice: name a file.")
    with progress_bar(total_bytes(inputs)) as progress:
        agreement = verify(inputs, engine, progress)
    ours, theirs = (
        table[["capture", "readable", "error"]].to_dict("records") for table in agreement.captures
    )
    say_failures(ours)
    told = {row["capture"] for row in ours if isinstance(row["error"], str)}
    say_failures([row for row in theirs if row["capture"] not in told])
    if not any(table["readable"].any() for table in agreement.captures):
        raise NothingReadError
    put("".join(f"{visible(line)}\n" for line in agreement.lines()))
    if not agreement.holds:
        return FOUND
    failed = any(table["error"].notna().any() for table in agreement.captures)
    return PARTLY_DONE if failed else DONE
