"""`tlsaudit capture`: the command that captures what an audit needs."""

from __future__ import annotations

from typing import Any

import click

from tlsaudit.commands.options import MAX_UNPACKED
from tlsaudit.commands.running import DONE, FOUND, capture_rows, exit_code, put, read_audit

__all__ = ["capture"]

_HELP = """Print the command that captures what an audit needs.

Nothing is captured: what is printed is to be typed where the traffic passes. Lines that begin with
# say what is kept, what is missed, and how long to run; docs/capturing.md has all of them. dumpcap
and tcpdump keep handshakes alone unless told otherwise, pktmon whole ports, netsh everything.

With --check a capture is read instead, and a line for each thing that an audit needs says whether
it is there: a working day, the hellos, both directions, whole frames, no gaps, one machine behind
each address. Exit code 1 says that something limits what `none found` is worth."""


@click.command(help=_HELP, short_help="Print the command that captures what an audit needs.")
@click.option(
    "--tool",
    type=click.Choice(["dumpcap", "tcpdump", "netsh", "pktmon"]),
    default="dumpcap",
    show_default=True,
    help="The program that captures; netsh and pktmon are part of Windows.",
)
@click.option(
    "--interface",
    metavar="NAME",
    help="The interface, or for pktmon the number of the component.",
)
@click.option(
    "--keep",
    type=click.Choice(["handshakes", "ports", "all"]),
    help="handshakes: the packets that begin a piece of a handshake, on any port. ports: "
    "everything on the ports where TLS is usual. all: no filter.",
)
@click.option(
    "--port",
    "ports",
    type=int,
    multiple=True,
    metavar="PORT",
    help="A port to keep in place of the usual ones; may be given several times.",
)
@click.option("--vlan", is_flag=True, help="Keep packets with a VLAN tag too.")
@click.option("--hours", type=float, default=24.0, show_default=True, help="How long to run.")
@click.option(
    "--file-megabytes",
    type=int,
    default=100,
    show_default=True,
    help="The size of one file of the ring.",
)
@click.option(
    "--files",
    type=int,
    default=50,
    show_default=True,
    help="The files of the ring; the oldest is overwritten.",
)
@click.option("--name", default="tls", show_default=True, help="What the files' names begin with.")
@click.option(
    "--check",
    "captures",
    multiple=True,
    metavar="CAPTURE",
    help="Print nothing of the above, but whether this capture is good enough for an audit; may be "
    "given several times.",
)
def capture(captures: tuple[str, ...], **options: Any) -> int:
    if captures:
        return _check(captures)
    from tlsaudit.capturing import recipe

    put(str(recipe(**options)))
    return DONE


def _check(captures: tuple[str, ...]) -> int:
    """Print what the captures could tell, a line each; what limits them comes with its meaning."""
    from tlsaudit.safe_text import aligned, visible

    click.get_current_context().meta[MAX_UNPACKED] = None
    audit = read_audit(captures, "entra", "native")
    rows = audit.coverage.astype("object").to_dict("records")
    table = []
    for row in rows:
        name = row["capture"] if isinstance(row["capture"], str) else "all"
        table.append(["limited" if row["limits"] else "good", row["kind"], row["measure"], name])
    text = aligned(table)
    limited = dict.fromkeys(f"{row['kind']}: {row['meaning']}" for row in rows if row["limits"])
    text += "".join(f"{visible(sentence)}\n" for sentence in limited)
    put(text or "nothing was read\n")
    return FOUND if limited else exit_code(capture_rows(audit))
