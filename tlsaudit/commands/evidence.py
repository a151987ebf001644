"""`tlsaudit evidence`: the packets of flagged handshakes as a capture of their own."""

from __future__ import annotations

from pathlib import Path

import click

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    policy_option,
)
from tlsaudit.commands.running import capture_rows, exit_code, read_audit, require_pcapng, say
from tlsaudit.safe_text import visible

__all__ = ["evidence"]


@capture_command(
    "Write the packets of the flagged handshakes as a pcapng file.",
    "Each packet has a comment that says what it shows, and the capture and frame that it is from. "
    "The file holds the connection's beginning and end, what was said before TLS, the hellos, the "
    "alerts and the rest of the handshake; what was said under its protection is left out "
    "(docs/exports.md).",
)
@captures_argument
@click.option("-o", "--output", required=True, metavar="FILE", help="The file to write (.pcapng).")
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="ADDRESS",
    help="Only this client, as the tables name it; may be given several times.",
)
@click.option(
    "--anonymise",
    is_flag=True,
    help="Replace addresses and names by pseudonyms, and leave out whatever else could name "
    "anybody.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="With --anonymise: a file of at least 16 bytes, so that pseudonyms are the same in "
    "every file; without it they are new each time.",
)
@policy_option
@engine_option
def evidence(
    *,
    captures: tuple[str, ...],
    output: str,
    clients: tuple[str, ...],
    anonymise: bool,
    key_file: str | None,
    policy: str,
    engine: str,
) -> int:
    if key_file is not None and not anonymise:
        raise click.UsageError("--key is for --anonymise.")
    require_pcapng(output)
    key = None if key_file is None else Path(key_file).read_bytes()
    audit = read_audit(captures, policy, engine, output=output)
    written = audit.evidence(output, clients or None, anonymise, key)
    say(f"wrote {visible(str(written.path))}: {written.sentence}")
    return exit_code(capture_rows(audit))
