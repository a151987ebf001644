"""What every command does: read and judge, say what failed, print, and give an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tlsaudit.commands.options import EVENTS, FINGERPRINTS, HOSTS, MAX_UNPACKED, SIGN_INS
from tlsaudit.inputs import STANDARD_INPUT, Input, expand, total_bytes
from tlsaudit.progress import progress_bar
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas

    from tlsaudit.auditing import Audit
    from tlsaudit.events import Logged, SignIn
    from tlsaudit.naming import Fingerprints

__all__ = [
    "DONE",
    "FOUND",
    "NOTHING_DONE",
    "PARTLY_DONE",
    "NothingReadError",
    "capture_rows",
    "drop_output",
    "exit_code",
    "inputs_of",
    "is_store",
    "put",
    "put_frame",
    "put_table",
    "read_audit",
    "refuse_binary_on_terminal",
    "require_pcapng",
    "say",
    "say_failures",
]

DONE, FOUND, NOTHING_DONE, PARTLY_DONE = 0, 1, 2, 3

_READ_IN_PART = "tlsaudit.read_in_part"
"""Where the context keeps whether an input beside the captures was not read in full."""


class NothingReadError(Exception):
    """No input could be read, and the reasons have been said."""


def read_audit(
    captures: Iterable[str],
    policy: str,
    engine: str,
    leave_out: str | None = None,
    output: str | None = None,
) -> Audit:
    """Read and judge; say what could not be read, and stop if that is everything."""
    from dataclasses import replace

    from tlsaudit.findings import load_policy
    from tlsaudit.naming import together

    captures = list(captures)
    hosts, known = _said_by_user()
    logged, signed_in = _logged(), _signed_in()
    if any(map(is_store, captures)):
        stored = _audit_of_store(captures, policy, engine)
        names = stored.names if hosts is None else together(hosts, stored.names)
        stored = replace(stored, names=names, fingerprints=known)
        return replace(stored, logged=logged, legacy_sign_ins=signed_in)
    # A mistake in the policy is found before an hour of reading, not after it.
    chosen = load_policy(policy)
    inputs = inputs_of(captures, leave_out, output)

    from tlsaudit.auditing import audit_inputs

    with progress_bar(total_bytes(inputs)) as progress:
        audit = audit_inputs(inputs, chosen, progress, engine, hosts=hosts, fingerprints=known)
    audit = replace(audit, logged=logged, legacy_sign_ins=signed_in)
    rows = capture_rows(audit)
    say_failures(rows)
    if exit_code(rows) == NOTHING_DONE:
        raise NothingReadError
    return audit


def _said_by_user() -> tuple[pandas.DataFrame | None, Fingerprints | None]:
    """Give the names and the fingerprints that the options name; mistakes are found first."""
    from tlsaudit.naming import read_fingerprints, read_hosts

    said = click.get_current_context().meta
    hosts = None if said.get(HOSTS) is None else read_hosts(said[HOSTS])
    known = read_fingerprints(*said[FINGERPRINTS]) if said.get(FINGERPRINTS) else None
    if known is not None and known.left_out:
        say(f"--fingerprints: {known.left_out:,} entries cannot be compared with a JA3 or JA4")
    return hosts, known


def _logged() -> tuple[Logged, ...]:
    """Give the events that the option names; mistakes are found before captures are read."""
    from tlsaudit.events import read_events

    paths = click.get_current_context().meta.get(EVENTS)
    if not paths:
        return ()
    events = read_events(*paths)
    for log, broken in events.broken_in.items():
        say(f"--events: {log}: left out, being broken: {broken:,}")
    click.get_current_context().meta[_READ_IN_PART] = events.broken > 0
    if not events.logged:
        say(f"--events: none of {events.others:,} events is of Schannel")
    return events.logged


def _signed_in() -> tuple[SignIn, ...]:
    """Give the sign-ins that the option names, likewise."""
    from tlsaudit.events import read_sign_ins

    paths = click.get_current_context().meta.get(SIGN_INS)
    if not paths:
        return ()
    sign_ins = read_sign_ins(*paths)
    if not sign_ins.legacy:
        say(f"--sign-ins: none of {sign_ins.others:,} sign-ins is marked as over an old TLS")
    return sign_ins.legacy


def is_store(given: str) -> bool:
    """Whether an argument names a store, which stands for all captures in it."""
    # Looked at without the module of stores, which loads pandas.
    return os.path.isfile(os.path.join(given, "tlsaudit-store.json"))


def _audit_of_store(given: list[str], policy: str, engine: str) -> Audit:
    if len(given) > 1:
        raise click.UsageError("A store is read by itself: name it alone.")
    if engine != "native":
        raise click.UsageError("A store holds what the core has read: leave --engine out.")
    from tlsaudit.store import read_store

    audit = read_store(given[0], policy)
    if audit.captures.empty:
        say(f"{given[0]}: this store holds no captures yet: add some with `tlsaudit batch`")
        raise NothingReadError
    say_failures(capture_rows(audit))
    return audit


def inputs_of(
    captures: Iterable[str], leave_out: str | None = None, output: str | None = None
) -> list[Input]:
    """Expand the arguments; refuse to write over a capture, or to wait for one typed by hand."""
    captures = list(captures)
    for each in filter(is_store, captures):
        raise click.UsageError(f"`{visible(each)}` is a store: this command reads captures.")
    max_unpacked = click.get_current_context().meta[MAX_UNPACKED]
    inputs = expand(captures, leave_out, max_unpacked)
    if output is not None and os.path.realpath(output) in {
        os.path.realpath(each.source) for each in inputs if isinstance(each.source, str)
    }:
        raise click.UsageError(f"`{visible(output)}` is one of the captures: name another file.")
    if any(each.source == STANDARD_INPUT for each in inputs) and sys.stdin.isatty():
        raise click.UsageError("`-` reads a capture from standard input: pipe one into it.")
    return inputs


def capture_rows(audit: Audit) -> list[dict[Any, Any]]:
    """Give what the exit code and the messages need of the captures table."""
    return audit.captures[["capture", "readable", "error"]].to_dict("records")


def say_failures(rows: Iterable[Mapping[Any, Any]]) -> None:
    """Say which inputs could not be read, or not to their end, and why."""
    for row in rows:
        if isinstance(row["error"], str):
            say(row["error"])


def exit_code(rows: Sequence[Mapping[Any, Any]]) -> int:
    """Give the exit code of a run over these rows of the captures table."""
    if not any(row["readable"] for row in rows):
        return NOTHING_DONE
    in_part = click.get_current_context().meta.get(_READ_IN_PART, False)
    return PARTLY_DONE if in_part or any(isinstance(row["error"], str) for row in rows) else DONE


def put_table(audit: Audit, name: str, table_format: str, output: str | None) -> int:
    """Print one table of the audit, or write it to a file; give the exit code."""
    put_frame(name, getattr(audit, name), table_format, output)
    return exit_code(capture_rows(audit))


def put_frame(name: str, frame: pandas.DataFrame, table_format: str, output: str | None) -> None:
    """Print a table whose columns are those of this name, or write it to a file."""
    from pathlib import Path

    from tlsaudit.reports.export import replacing, table_bytes
    from tlsaudit.reports.lines import table_text

    if table_format == "table":
        data = table_text(name, frame).encode("utf-8")
    else:
        data = table_bytes(name, frame, table_format)
    if output is None:
        put(data)
    else:
        with replacing(Path(output)) as place:
            place.write_bytes(data)


def refuse_binary_on_terminal(table_format: str, output: str | None) -> None:
    """Refuse to fill a terminal with bytes, and what cannot be written, before anything is read."""
    if table_format == "table":
        return
    from tlsaudit.reports.export import TABLE_FORMATS

    chosen = TABLE_FORMATS[table_format]
    if not chosen.is_text and output is None and sys.stdout.isatty():
        raise click.UsageError(f"{table_format} is not text: name a file with -o, or pipe it on.")
    chosen.require()


def require_pcapng(output: str) -> None:
    """Refuse to write pcapng into a file whose name says that it is something else."""
    from pathlib import Path

    place = Path(output)
    # What is no file, such as a named pipe, goes by any name.
    if place.suffix.lower() != ".pcapng" and (place.is_file() or not place.exists()):
        raise click.UsageError(
            f"`{visible(output)}`: the packets are written as pcapng: name a file that ends in "
            ".pcapng."
        )


def put(text: str | bytes) -> None:
    """Write data to standard output; a reader that went away has had what it wanted."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output(DONE)


def drop_output(code: int) -> int:
    """Send what is left of standard output nowhere, and give the exit code back."""
    # Python flushes standard output once more when it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def say(sentence: str) -> None:
    """Write a sentence to standard error."""
    sys.stderr.write(f"tlsaudit: {visible(sentence)}\n")
    sys.stderr.flush()
