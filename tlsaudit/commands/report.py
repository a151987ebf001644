"""`tlsaudit report`: one page, and the tables behind it."""

from __future__ import annotations

import click

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    policy_option,
    said_options,
)
from tlsaudit.commands.running import capture_rows, exit_code, put, read_audit
from tlsaudit.safe_text import visible

__all__ = ["report"]


@capture_command(
    "Write a report: one page, and the tables behind it.",
    "DIR/index.html is one page that opens without a network. Beside it lie the tables (clients, "
    "verdicts, findings, handshakes, captures and more), each as CSV, JSON Lines and Parquet, and "
    "summary.md, a summary for a ticket.",
)
@captures_argument
@click.option(
    "-o", "--output", "folder", required=True, metavar="DIR", help="The folder to write into."
)
@policy_option
@said_options
@engine_option
def report(captures: tuple[str, ...], folder: str, policy: str, engine: str) -> int:
    from tlsaudit.reports.export import make_folder

    make_folder(folder)
    audit = read_audit(captures, policy, engine, leave_out=folder)
    page = audit.report(folder)
    put(audit.summary() + f"report: {visible(str(page))}\n")
    return exit_code(capture_rows(audit))
