"""The command: parse, call, print. What it does is in `audit`, `engines` and `reports`.

Standard output is data; everything else goes to standard error. Exit codes: 0 done (`check`:
clean), 1 `check` found something, 2 nothing could be done, 3 done, but some inputs could not be
read or not to their end, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tlsaudit.errors import TlsauditError
from tlsaudit.inputs import STANDARD_INPUT, Input, expand, total_bytes
from tlsaudit.progress import progress_bar

if TYPE_CHECKING:
    from tlsaudit.audit import Audit

__all__ = ["command", "main"]

DONE, FOUND, NOTHING_DONE, PARTLY_DONE, INTERRUPTED = 0, 1, 2, 3, 130

_EXIT_CODES = """\b
Exit codes:
  0    done; for check: clean
  1    check found something
  2    nothing could be done
  3    done, but some inputs could not be read, or not to their end
  130  interrupted"""

_CAPTURES = """CAPTURE is a packet capture (pcap or pcapng, also compressed with gzip, zstd, xz or
lz4), a folder, which stands for every file below it, a pattern such as 'dc*.pcapng', or - for
standard input. A path that exists is taken as it is, whatever characters it holds."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    try:
        code = command.main(args=arguments, prog_name="tlsaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = NOTHING_DONE
    except TlsauditError as error:
        _say(str(error))
        code = NOTHING_DONE
    except (click.exceptions.Abort, KeyboardInterrupt):
        _say("interrupted.")
        code = INTERRUPTED
    except BrokenPipeError:
        code = _reader_went_away(DONE)
    sys.exit(code)


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tlsaudit._core import __version__

        click.echo(f"tlsaudit {__version__}")
        context.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 92},
    epilog=_EXIT_CODES,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and leave.",
)
def command() -> None:
    """Find out from packet captures who still uses TLS 1.0, TLS 1.1 or 3DES.

    Nothing is sent, and nothing is looked up: what is reported is what was captured.
    """


def _captures(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")(function)


def _policy(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--policy",
        default="entra",
        show_default=True,
        metavar="POLICY",
        help="A shipped policy (entra, bcp195) or the path of a policy file in TOML.",
    )(function)


def _format(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to this file instead of standard output.",
    )(function)
    return click.option(
        "--format",
        "table_format",
        type=click.Choice(["table", "csv", "jsonl", "parquet"]),
        default="table",
        show_default=True,
        help="table: the columns that a person wants first, aligned. "
        "The others hold every column (docs/columns.md).",
    )(function)


def _command(summary: str) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of a function; its help is this summary, then what CAPTURE may be."""
    return command.command(help=f"{summary}\n\n{_CAPTURES}")


@_command(
    "Write a report about captures: a page, and the tables behind it.\n\n"
    "DIR/index.html is one page that opens without a network. Beside it lie the tables "
    "handshakes, clients, findings and captures, each as CSV, JSON Lines and Parquet."
)
@_captures
@click.option(
    "-o", "--output", "folder", required=True, metavar="DIR", help="The folder to write into."
)
@_policy
def report(captures: tuple[str, ...], folder: str, policy: str) -> int:
    from tlsaudit.reports.export import make_folder

    make_folder(folder)
    audit = _audit(captures, policy, leave_out=folder)
    page = audit.report(folder)
    _print(audit.summary() + f"report: {_visible(str(page))}\n")
    return _done(audit)


@_command("Print the handshake table: one row per TLS handshake.")
@_captures
@_format
def handshakes(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    if table_format in ("csv", "jsonl"):
        return _stream_handshakes(captures, table_format, output)
    _refuse_binary_on_terminal(table_format, output)
    return _one_table("handshakes", captures, "entra", table_format, output)


@_command("Print the client table: one row per client address.")
@_captures
@_policy
@_format
def clients(
    captures: tuple[str, ...], policy: str, table_format: str, output: str | None
) -> int:
    _refuse_binary_on_terminal(table_format, output)
    return _one_table("clients", captures, policy, table_format, output)


@_command("Print the findings table: one row per handshake and rule.")
@_captures
@_policy
@_format
def findings(
    captures: tuple[str, ...], policy: str, table_format: str, output: str | None
) -> int:
    _refuse_binary_on_terminal(table_format, output)
    return _one_table("findings", captures, policy, table_format, output)


@_command(
    "Say whether anything in the captures breaks a policy: exit code 1 if so.\n\n"
    "One line per rule and client, the worst first, or the word clean."
)
@_captures
@_policy
@click.option(
    "--at-least",
    "threshold",
    type=click.Choice(["info", "low", "medium", "high"]),
    default="low",
    show_default=True,
    help="The lowest severity that counts.",
)
def check(captures: tuple[str, ...], policy: str, threshold: str) -> int:
    from tlsaudit.reports.lines import check_lines

    audit = _audit(captures, policy)
    lines = check_lines(audit, threshold)
    code = _done(audit)
    _print(lines or "clean\n")
    return FOUND if lines else code


def _stream_handshakes(
    captures: Iterable[str], table_format: str, output: str | None
) -> int:
    """Let the core write while it reads: no pandas, and memory does not grow with the input."""
    from tlsaudit.engines.native import write_text
    from tlsaudit.reports.export import replacing

    inputs = _inputs(captures)
    chosen = "csv" if table_format == "csv" else "jsonl"
    if output is None:
        sys.stdout.flush()
        wanted = not sys.stdout.isatty()
        with progress_bar(total_bytes(inputs), wanted) as progress:
            rows = write_text(inputs, chosen, None, progress)
        return _outcome(rows)
    with replacing(Path(output)) as place, progress_bar(total_bytes(inputs)) as progress:
        rows = write_text(inputs, chosen, str(place), progress)
        code = _outcome(rows)
        if code == NOTHING_DONE:
            place.unlink(missing_ok=True)
    return code


def _one_table(
    name: str, captures: Iterable[str], policy: str, table_format: str, output: str | None
) -> int:
    from tlsaudit.reports.export import table_bytes, write_table
    from tlsaudit.reports.lines import table_text

    audit = _audit(captures, policy)
    frame = getattr(audit, name)
    code = _done(audit)
    if table_format == "table":
        text = table_text(name, frame)
        if output is None:
            _print(text)
        else:
            write_table(name, frame, Path(output), "table")
    elif output is None:
        _print(table_bytes(name, frame, table_format))
    else:
        write_table(name, frame, Path(output), table_format)
    return code


def _audit(captures: Iterable[str], policy: str, leave_out: str | None = None) -> Audit:
    from tlsaudit.audit import audit_of
    from tlsaudit.findings import load_policy

    # A mistake in the policy is found before an hour of reading, not after it.
    chosen = load_policy(policy)
    inputs = _inputs(captures, leave_out)
    with progress_bar(total_bytes(inputs)) as progress:
        return audit_of(inputs, chosen, progress)


def _inputs(captures: Iterable[str], leave_out: str | None = None) -> list[Input]:
    inputs = expand(captures, leave_out)
    if any(each.source == STANDARD_INPUT for each in inputs) and sys.stdin.isatty():
        raise click.UsageError("`-` reads a capture from standard input: pipe one into it.")
    return inputs


def _done(audit: Audit) -> int:
    return _outcome(audit.captures[["capture", "readable", "error"]].to_dict("records"))


def _outcome(rows: Sequence[Mapping[Any, Any]]) -> int:
    """Say what could not be read, one sentence each, and give the exit code."""
    failed = 0
    for row in rows:
        if isinstance(row["error"], str):
            failed += 1
            _say(row["error"])
    if not any(row["readable"] for row in rows):
        return NOTHING_DONE
    return PARTLY_DONE if failed else DONE


def _refuse_binary_on_terminal(table_format: str, output: str | None) -> None:
    if table_format == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not text: name a file with -o, or pipe it on.")


def _print(text: str | bytes) -> None:
    """Write data to standard output; a reader that went away has had what it wanted."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _reader_went_away(DONE)


def _reader_went_away(code: int) -> int:
    # Python flushes standard output once more when it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _say(sentence: str) -> None:
    sys.stderr.write(f"tlsaudit: {_visible(sentence)}\n")
    sys.stderr.flush()


def _visible(text: str) -> str:
    from tlsaudit.safe_text import visible

    return visible(text)
