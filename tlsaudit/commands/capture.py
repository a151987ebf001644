"""`tlsaudit capture`: the command that captures what an audit needs."""

from __future__ import annotations

from typing import Any

import click

from tlsaudit.commands.running import DONE, put

__all__ = ["capture"]

_HELP = """Print the command that captures what an audit needs.

Nothing is captured: what is printed is to be typed where the traffic passes. Lines that begin with
# say what is kept, what is missed, and how long to run; docs/capturing.md has all of them. dumpcap
and tcpdump keep handshakes alone unless told otherwise, pktmon whole ports, netsh everything."""


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
def capture(**options: Any) -> int:
    from tlsaudit.capturing import recipe

    put(str(recipe(**options)))
    return DONE
