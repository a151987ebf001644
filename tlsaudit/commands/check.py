"""`tlsaudit check`: whether a policy is broken, for scripts."""

from __future__ import annotations

import click

from tlsaudit.commands.options import (
    capture_command,
    captures_argument,
    engine_option,
    policy_option,
    said_options,
)
from tlsaudit.commands.running import (
    DONE,
    FOUND,
    NOTHING_DONE,
    capture_rows,
    exit_code,
    put,
    read_audit,
    say,
)

__all__ = ["check"]


@capture_command(
    "Say whether a policy is broken: exit code 1 if so.",
    "One line per rule and client, the worst first, or the word clean. Where no TLS handshake was "
    "found there is nothing to judge: exit code 2.",
)
@captures_argument
@policy_option
@click.option(
    "--at-least",
    "threshold",
    type=click.Choice(["info", "low", "medium", "high"]),
    default="low",
    show_default=True,
    help="The lowest severity that counts.",
)
@said_options
@engine_option
def check(captures: tuple[str, ...], policy: str, threshold: str, engine: str) -> int:
    from tlsaudit.coverage import covered
    from tlsaudit.reports.limits import limits_beside_errors
    from tlsaudit.reports.lines import check_lines

    audit = read_audit(captures, policy, engine)
    lines = check_lines(audit, threshold)
    judged = len(audit.handshakes) > 0
    put(lines or ("clean\n" if judged else "nothing to judge: no TLS handshake was found\n"))
    if not lines:
        # What was not seen cannot be found: the two stand together.
        say("covered: " + covered(audit.captures, audit.files))
    limits = limits_beside_errors(audit.captures, audit.handshakes)
    if limits:
        # On standard error: what was found stays what a script reads.
        say("limits: " + "; ".join(limit.line for limit in limits))
    if lines:
        return FOUND
    code = exit_code(capture_rows(audit))
    # A script must not take silence for an answer.
    return code if judged or code != DONE else NOTHING_DONE
