"""The command: parse, call, print. What it does is in `audit`, `engines` and `reports`.

Standard output is data; everything else goes to standard error. Exit codes: 0 done (`check`:
clean; `verify`: the engines agree), 1 `check` or `verify` found something, 2 nothing could be done,
3 done, but some inputs could not be read or not to their end, 130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from tlsaudit.errors import ReportError, TlsauditError
from tlsaudit.inputs import STANDARD_INPUT, Input, expand, total_bytes
from tlsaudit.progress import progress_bar

if TYPE_CHECKING:
    from tlsaudit.audit import Audit

__all__ = ["command", "main", "markdown"]

DONE, FOUND, NOTHING_DONE, PARTLY_DONE, INTERRUPTED = 0, 1, 2, 3, 130

_MAX_UNPACKED = "tlsaudit.max_unpacked"
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}

_EXIT_CODES = """\b
Exit codes:
  0    done; for check: clean; for verify: the engines agree
  1    check or verify found something
  2    nothing could be done
  3    done, but some inputs could not be read, or not to their end
  130  interrupted"""

_CAPTURES = """CAPTURE is a packet capture (pcap or pcapng, also compressed with gzip, zstd, xz or
lz4), a folder, which stands for every file below it, a pattern such as 'dc*.pcapng', or - for
standard input. A path that exists is taken as it is, whatever characters it holds."""


class _InterruptedError(Exception):
    """The user pressed Ctrl-C."""


class _NothingReadError(Exception):
    """No input could be read, and the reasons have been said."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    try:
        code = command.main(args=arguments, prog_name="tlsaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = NOTHING_DONE
    except _NothingReadError:
        code = NOTHING_DONE
    except TlsauditError as error:
        _say(str(error))
        code = NOTHING_DONE
    except (_InterruptedError, KeyboardInterrupt):
        _say("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:
        code = _drop_output(DONE)
    sys.exit(code)


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tlsaudit._core import __version__

        click.echo(f"tlsaudit {__version__}")
        context.exit()


class _Commands(click.Group):
    """The commands in the order in which they are written here: the main job first."""

    def invoke(self, ctx: click.Context) -> Any:
        # click would say more than a line about an interrupt, and fail on a closed pipe.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _InterruptedError from None
        except BrokenPipeError:
            return _drop_output(DONE)
        except OSError as error:
            _drop_output(NOTHING_DONE)
            raise ReportError(
                f"standard output: cannot be written ({error.strerror or error})"
            ) from None

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Commands,
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
    function = click.option(
        "--max-unpacked",
        metavar="SIZE",
        expose_value=False,
        callback=_remember_max_unpacked,
        help="What a compressed capture may unpack to, for instance 500G, in place of the bounds "
        "that protect from files made to unpack without end (docs/limits.md).",
    )(function)
    return click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")(function)


def _remember_max_unpacked(
    context: click.Context, _option: click.Parameter, size: str | None
) -> None:
    """Keep the option for `_inputs`: it is about how captures are read, whatever the command."""
    context.meta[_MAX_UNPACKED] = None if size is None else _bytes(size)


def _bytes(size: str) -> int:
    """Give the bytes of `500G`: a number and K, M, G or T, powers of 1,024."""
    match = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", size, re.IGNORECASE)
    number = int(match[1]) << _UNITS[match[2].upper()] if match else 0
    if not 0 < number < 1 << 64:
        raise click.BadParameter("a size is a number, with K, M, G or T if need be: 500G.")
    return number


def _policy(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--policy",
        default="entra",
        show_default=True,
        metavar="POLICY",
        help="A shipped policy (entra, bcp195) or the path of a policy file in TOML.",
    )(function)


def _engine(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--engine",
        type=click.Choice(["native", "scapy", "tshark"]),
        default="native",
        show_default=True,
        help="What reads the captures: the core, or scapy or tshark for a second opinion "
        "(docs/engines.md).",
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


def _command(summary: str, rest: str = "") -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of a function; its help is this text, then what CAPTURE may be."""
    paragraphs = [summary, rest, _CAPTURES] if rest else [summary, _CAPTURES]
    return command.command(help="\n\n".join(paragraphs), short_help=summary)


@_command(
    "Write a report: one page, and the tables behind it.",
    "DIR/index.html is one page that opens without a network. Beside it lie the tables "
    "handshakes, clients, findings and captures, each as CSV, JSON Lines and Parquet.",
)
@_captures
@click.option(
    "-o", "--output", "folder", required=True, metavar="DIR", help="The folder to write into."
)
@_policy
@_engine
def report(captures: tuple[str, ...], folder: str, policy: str, engine: str) -> int:
    from tlsaudit.reports.export import make_folder

    make_folder(folder)
    audit = _audit(captures, policy, engine, leave_out=folder)
    page = audit.report(folder)
    _print(audit.summary() + f"report: {_visible(str(page))}\n")
    return _code(_rows(audit))


@_command(
    "Say whether a policy is broken: exit code 1 if so.",
    "One line per rule and client, the worst first, or the word clean.",
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
@_engine
def check(captures: tuple[str, ...], policy: str, threshold: str, engine: str) -> int:
    from tlsaudit.reports.limits import limits_beside_errors
    from tlsaudit.reports.lines import check_lines

    audit = _audit(captures, policy, engine)
    lines = check_lines(audit, threshold)
    judged = len(audit.handshakes) > 0
    _print(lines or ("clean\n" if judged else "nothing to judge: no TLS handshake was found\n"))
    limits = limits_beside_errors(audit.captures, audit.handshakes)
    if limits:
        # On standard error: what was found stays what a script reads.
        _say("limits: " + "; ".join(limit.measure for limit in limits))
    return FOUND if lines else _code(_rows(audit))


@_command("Print the handshake table: one row per TLS handshake.")
@_captures
@_engine
@_format
def handshakes(
    captures: tuple[str, ...], engine: str, table_format: str, output: str | None
) -> int:
    if engine == "native" and table_format in ("csv", "jsonl"):
        return _stream_handshakes(captures, table_format, output)
    _refuse_binary_on_terminal(table_format, output)
    audit = _audit(captures, "entra", engine, output=output)
    return _one_table(audit, "handshakes", table_format, output)


@_command("Print the client table: one row per client address.")
@_captures
@_policy
@_engine
@_format
def clients(
    captures: tuple[str, ...], policy: str, engine: str, table_format: str, output: str | None
) -> int:
    _refuse_binary_on_terminal(table_format, output)
    audit = _audit(captures, policy, engine, output=output)
    return _one_table(audit, "clients", table_format, output)


@_command("Print the findings table: one row per handshake and rule.")
@_captures
@_policy
@_engine
@_format
def findings(
    captures: tuple[str, ...], policy: str, engine: str, table_format: str, output: str | None
) -> int:
    _refuse_binary_on_terminal(table_format, output)
    audit = _audit(captures, policy, engine, output=output)
    return _one_table(audit, "findings", table_format, output)


@_command("Print the refusals: TLS that was asked for and declined, or met plaintext.")
@_captures
@_format
def refusals(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    return _apart("refusals", captures, table_format, output)


@_command("Print what was set aside: it looks like TLS and is none.")
@_captures
@_format
def set_aside(captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    return _apart("set_aside", captures, table_format, output)


def _apart(name: str, captures: tuple[str, ...], table_format: str, output: str | None) -> int:
    """Print a table that only the core fills, whatever the policy."""
    _refuse_binary_on_terminal(table_format, output)
    return _one_table(
        _audit(captures, "entra", "native", output=output), name, table_format, output
    )


@_command(
    "Read captures with a second engine too and say whether it agrees.",
    "Prints how many hellos both have, which differences have a known reason, and which have none: "
    "exit code 1 if there are any. tshark starts once for each capture, so this takes its time.",
)
@_captures
@click.option(
    "--engine",
    type=click.Choice(["scapy", "tshark"]),
    default="tshark",
    show_default=True,
    help="What the core is compared with (docs/engines.md).",
)
def verify(captures: tuple[str, ...], engine: str) -> int:
    from tlsaudit.engines.agreement import verify

    inputs = _inputs(captures)
    for each in inputs:
        if each.source == STANDARD_INPUT:
            raise click.UsageError("standard input cannot be read twice: name a file.")
    with progress_bar(total_bytes(inputs)) as progress:
        agreement = verify(inputs, engine, progress)
    for captures_table in agreement.captures:
        rows = captures_table[["capture", "readable", "error"]].to_dict("records")
        _say_failures(rows)
    if not any(table["readable"].any() for table in agreement.captures):
        raise _NothingReadError
    _print("".join(f"{_visible(line)}\n" for line in agreement.lines()))
    if not agreement.holds:
        return FOUND
    failed = any(table["error"].notna().any() for table in agreement.captures)
    return PARTLY_DONE if failed else DONE


def _stream_handshakes(captures: Iterable[str], table_format: str, output: str | None) -> int:
    """Let the core write while it reads: no pandas, and memory does not grow with the input."""
    from tlsaudit.engines.native import write_text
    from tlsaudit.reports.export import replacing

    inputs = _inputs(captures, output=output)
    chosen: Literal["csv", "jsonl"] = "csv" if table_format == "csv" else "jsonl"
    if output is None:
        sys.stdout.flush()
        # On one terminal the rows and the bar would write over each other.
        with progress_bar(total_bytes(inputs), not sys.stdout.isatty()) as progress:
            rows = write_text(inputs, chosen, None, progress)
    else:
        with replacing(Path(output)) as place:
            with progress_bar(total_bytes(inputs)) as progress:
                rows = write_text(inputs, chosen, str(place), progress)
            if _code(rows) == NOTHING_DONE:
                place.unlink(missing_ok=True)
    _say_failures(rows)
    return _code(rows)


def _one_table(audit: Audit, name: str, table_format: str, output: str | None) -> int:
    from tlsaudit.reports.export import replacing, table_bytes
    from tlsaudit.reports.lines import table_text

    frame = getattr(audit, name)
    if table_format == "table":
        data = table_text(name, frame).encode("utf-8")
    else:
        data = table_bytes(name, frame, table_format)
    if output is None:
        _print(data)
    else:
        with replacing(Path(output)) as place:
            place.write_bytes(data)
    return _code(_rows(audit))


def _audit(
    captures: Iterable[str],
    policy: str,
    engine: str,
    leave_out: str | None = None,
    output: str | None = None,
) -> Audit:
    """Read and judge; say what could not be read, and stop if that is everything."""
    from tlsaudit.findings import load_policy

    # A mistake in the policy is found before an hour of reading, not after it.
    chosen = load_policy(policy)
    inputs = _inputs(captures, leave_out, output)

    from tlsaudit.audit import audit_inputs

    with progress_bar(total_bytes(inputs)) as progress:
        audit = audit_inputs(inputs, chosen, progress, engine)
    rows = _rows(audit)
    _say_failures(rows)
    if _code(rows) == NOTHING_DONE:
        raise _NothingReadError
    return audit


def _inputs(
    captures: Iterable[str], leave_out: str | None = None, output: str | None = None
) -> list[Input]:
    max_unpacked = click.get_current_context().meta[_MAX_UNPACKED]
    inputs = expand(captures, leave_out, max_unpacked)
    if output is not None and os.path.realpath(output) in {
        os.path.realpath(each.source) for each in inputs if isinstance(each.source, str)
    }:
        raise click.UsageError(f"`{_visible(output)}` is one of the captures: name another file.")
    if any(each.source == STANDARD_INPUT for each in inputs) and sys.stdin.isatty():
        raise click.UsageError("`-` reads a capture from standard input: pipe one into it.")
    return inputs


def _rows(audit: Audit) -> list[dict[Any, Any]]:
    return audit.captures[["capture", "readable", "error"]].to_dict("records")


def _say_failures(rows: Iterable[Mapping[Any, Any]]) -> None:
    for row in rows:
        if isinstance(row["error"], str):
            _say(row["error"])


def _code(rows: Sequence[Mapping[Any, Any]]) -> int:
    """Give the exit code of a run over these rows of the captures table."""
    if not any(row["readable"] for row in rows):
        return NOTHING_DONE
    return PARTLY_DONE if any(isinstance(row["error"], str) for row in rows) else DONE


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
        _drop_output(DONE)


def _drop_output(code: int) -> int:
    """Send what is left of standard output nowhere, and give the exit code back."""
    # Python flushes standard output once more when it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _say(sentence: str) -> None:
    sys.stderr.write(f"tlsaudit: {_visible(sentence)}\n")
    sys.stderr.flush()


def _visible(text: str) -> str:
    from tlsaudit.safe_text import visible

    return visible(text)


def markdown() -> str:
    """Give the text of docs/cli.md: the help of every command, 80 columns wide."""
    settings = {**command.context_settings, "terminal_width": 80}
    top = click.Context(command, info_name="tlsaudit", **settings)
    head = (
        "# The command\n\n"
        "Generated from `tlsaudit --help` by `python scripts/generate_docs.py`; do not edit.\n\n"
        "Standard output is data; messages, and a progress bar on a terminal, go to standard "
        "error.\n[columns.md](columns.md) describes every column, [rules.md](rules.md) every rule "
        "and policy.\n"
    )
    parts = [
        head,
        f"## tlsaudit\n\n```text\n{command.get_help(top)}\n```\n",
    ]
    for name in command.list_commands(top):
        each = command.commands[name]
        context = click.Context(each, info_name=name, parent=top, **settings)
        parts.append(f"## tlsaudit {name}\n\n```text\n{each.get_help(context)}\n```\n")
    return "\n".join(parts)
