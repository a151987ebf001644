"""The commands that print one table, as handshakes, clients and findings."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Literal

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    format_options,
    hosts_option,
    policy_option,
)
from tlsaudit.commands.running import (
    NOTHING_DONE,
    exit_code,
    inputs_of,
    is_store,
    put_table,
    read_audit,
    refuse_binary_on_terminal,
    say_failures,
)
from tlsaudit.inputs import total_bytes
from tlsaudit.progress import progress_bar

__all__ = ["clients", "findings", "handshakes", "names", "refusals", "set_aside"]


@capture_command("Print the handshake table: one row per TLS handshake.")
@captures_argument
@engine_option
@format_options
def handshakes(
    captures: tuple[str, ...], engine: str, table_format: str, output: str | None
) -> int:
    if engine == "native" and table_format in ("csv", "jsonl") and not any(map(is_store, captures)):
        return _stream_handshakes(captures, table_format, output)
    refuse_binary_on_terminal(table_format, output)
    audit = read_audit(captures, "entra", engine, output=output)
    return put_table(audit, "handshakes", table_format, output)


@capture_command("Print the client table: one row per client address.")
@captures_argument
@policy_option
@hosts_option
@engine_option
@format_options
def clients(
    captures: tuple[str, ...], policy: str, engine: str, table_format: str, output: str | None
) -> int:
    refuse_binary_on_terminal(table_format, output)
    audit = read_audit(captures, policy, engine, output=output)
    return put_table(audit, "clients", table_format, output)


@capture_command("Print the findings table: one row per handshake and rule.")
@captures_argument
@policy_option
@engine_option
@format_options
def findings(
    captures: tuple[str, ...], policy: str, engine: str, table_format: str, output: str | None
) -> int:
    refuse_binary_on_terminal(table_format, output)
    audit = read_audit(captures, policy, engine, output=output)
    return put_table(audit, "findings", table_format, output)


@capture_command("Print the refusals: TLS that was asked for and declined, or met plaintext.")
@captures_argument
@format_options
def refusals(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    return _apart("refusals", captures, table_format, output)


@capture_command("Print what was set aside: it looks like TLS and is none.")
@captures_argument
@format_options
def set_aside(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    return _apart("set_aside", captures, table_format, output)


@capture_command(
    "Print the names of addresses that packets beside TLS tell: answers of DNS and the like.",
    "Nobody is asked anything. One row per name of an address and whoever was told it, with the "
    "first frame that tells it.",
)
@captures_argument
@hosts_option
@format_options
def names(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    return _apart("names", captures, table_format, output)


def _apart(name: str, captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    """Print a table that only the core fills, whatever the policy."""
    refuse_binary_on_terminal(table_format, output)
    return put_table(
        read_audit(captures, "entra", "native", output=output), name, table_format, output
    )


def _stream_handshakes(captures: Iterable[str], table_format: str, output: str | None) -> int:
    """Let the core write while it reads: no pandas, and memory does not grow with the input."""
    from tlsaudit.engines.native_text import write_text

    inputs = inputs_of(captures, output=output)
    chosen: Literal["csv", "jsonl"] = "csv" if table_format == "csv" else "jsonl"
    if output is None:
        sys.stdout.flush()
        # On one terminal the rows and the bar would write over each other.
        with progress_bar(total_bytes(inputs), not sys.stdout.isatty()) as progress:
            rows = write_text(inputs, chosen, None, progress)
    else:
        from pathlib import Path

        from tlsaudit.reports.export import replacing

        with replacing(Path(output)) as place:
            with progress_bar(total_bytes(inputs)) as progress:
                rows = write_text(inputs, chosen, str(place), progress)
            if exit_code(rows) == NOTHING_DONE:
                place.unlink(missing_ok=True)
    say_failures(rows)
    return exit_code(rows)
