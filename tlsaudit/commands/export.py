"""`tlsaudit export`: an audit as one file, for a spreadsheet, a ticket or another program."""

from __future__ import annotations

import click

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    policy_option,
    said_options,
)
from tlsaudit.commands.running import capture_rows, exit_code, read_audit, say
from tlsaudit.safe_text import visible

__all__ = ["export"]


@capture_command(
    "Write the tables, or a summary for a ticket, as one file.",
    "The ending of FILE says what it is: .xlsx is an Excel workbook with a sheet for each table "
    "(it needs the extra tlsaudit[excel]), .md a summary for a ticket, in Markdown; .csv, .jsonl "
    "and .parquet hold the one table that --table names, and so can .xlsx.",
)
@captures_argument
@click.option("-o", "--output", required=True, metavar="FILE", help="The file to write.")
@click.option(
    "--table",
    metavar="TABLE",
    # The commands are spelled `set-aside`, the tables `set_aside`.
    callback=lambda _context, _option, name: name and name.replace("-", "_"),
    help="The one table to write: clients, verdicts, findings, handshakes, captures, coverage, "
    "refusals, set_aside, names, events, sign_ins or files.",
)
@policy_option
@said_options
@engine_option
def export(
    captures: tuple[str, ...], output: str, table: str | None, policy: str, engine: str
) -> int:
    from tlsaudit.reports.export import export_format

    export_format(output, table)
    audit = read_audit(captures, policy, engine, output=output)
    path = audit.export(output, table)
    say(f"wrote {visible(str(path))}")
    return exit_code(capture_rows(audit))
