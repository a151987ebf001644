"""`tlsaudit forecast`: who stops working once a policy is enforced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    format_options,
    policy_option,
    said_options,
)
from tlsaudit.commands.running import (
    DONE,
    capture_rows,
    exit_code,
    is_store,
    put_frame,
    read_audit,
    refuse_binary_on_terminal,
    say,
)
from tlsaudit.errors import SchemaError

if TYPE_CHECKING:
    from tlsaudit.forecast import Forecast

__all__ = ["forecast"]

_STORED = ("handshakes.parquet", "handshakes.jsonl", "handshakes.csv")


@capture_command(
    "Forecast who stops working once the policy is enforced.",
    "One row per client, service and TLS stack: what becomes of it, whose fault that is, how sure "
    "it is, and the frames that show it. The answer in a sentence goes to standard error, so that "
    "standard output is the table alone.\n\n"
    "With --what-if no capture is read: each CAPTURE is a table of handshakes that tlsaudit wrote "
    "(Parquet, CSV or JSON Lines), or the folder of a report, and the forecast is made under that "
    "policy. The folder of a report needs no --what-if: it is read so under --policy.",
)
@captures_argument
@policy_option
@click.option(
    "--what-if",
    "what_if",
    metavar="POLICY",
    help="Make the forecast of stored tables under this policy, as --policy names them.",
)
@click.option(
    "--by",
    type=click.Choice(["client", "service", "capture"]),
    help="Count the verdicts of each client, service or capture instead.",
)
@said_options
@engine_option
@format_options
def forecast(
    *,
    captures: tuple[str, ...],
    policy: str,
    what_if: str | None,
    by: str | None,
    engine: str,
    table_format: str,
    output: str | None,
) -> int:
    refuse_binary_on_terminal(table_format, output)
    from tlsaudit.coverage import covered

    if what_if is None and all(map(_is_report, captures)):
        what_if = policy
    if what_if is None:
        audit = read_audit(captures, policy, engine, output=output)
        outlook, code = audit.forecast, exit_code(capture_rows(audit))
    else:
        outlook, code = _stored(captures, what_if), DONE
    say(outlook.headline)
    if what_if is None and outlook.verdicts.empty:
        # Nothing was judged; whether nothing was there is another question.
        say("covered: " + covered(audit.captures, audit.files))
    if by is None:
        put_frame("verdicts", outlook.verdicts, table_format, output)
    else:
        put_frame("rollup", getattr(outlook, f"by_{by}"), table_format, output)
    return code


def _stored(given: tuple[str, ...], policy: str) -> Forecast:
    """Make the forecast of tables that were written earlier."""
    from tlsaudit import schema
    from tlsaudit.findings import load_policy
    from tlsaudit.forecast import forecast

    chosen = load_policy(policy)
    if any(map(is_store, given)):
        return read_audit(given, policy, "native").forecast
    try:
        handshakes = schema.read_handshake_tables(*map(_table, given))
    except SchemaError as error:
        raise SchemaError(
            f"{error}; where it is a capture, name the policy with --policy and leave --what-if out"
        ) from None
    return forecast(handshakes, chosen)


def _is_report(given: str) -> bool:
    """Whether an argument is the folder of a report: nothing in it is a capture."""
    path = Path(given)
    return (path / "index.html").is_file() and (path / _STORED[0]).is_file()


def _table(given: str) -> Path:
    """Give the table that is meant: the file, or that of a report's folder."""
    path = Path(given)
    if not path.is_dir():
        return path
    for name in _STORED:
        if (path / name).is_file():
            return path / name
    raise click.UsageError(f"`{given}` holds no table of handshakes that tlsaudit wrote.")
