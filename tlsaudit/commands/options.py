"""The options that several commands have, spelled once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

__all__ = [
    "EVENTS",
    "FINGERPRINTS",
    "HOSTS",
    "MAX_UNPACKED",
    "SIGN_INS",
    "capture_command",
    "captures_argument",
    "engine_option",
    "format_options",
    "hosts_option",
    "max_unpacked_option",
    "policy_option",
    "said_options",
]

MAX_UNPACKED = "tlsaudit.max_unpacked"
"""Where the context keeps `--max-unpacked`: it is about how captures are read."""

FINGERPRINTS = "tlsaudit.fingerprints"
"""Where the context keeps `--fingerprints`."""

EVENTS = "tlsaudit.events"
"""Where the context keeps `--events`."""

SIGN_INS = "tlsaudit.sign_ins"
"""Where the context keeps `--sign-ins`."""

HOSTS = "tlsaudit.hosts"
"""Where the context keeps `--hosts`."""

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}

_CAPTURES = """CAPTURE is a packet capture (pcap, pcapng, snoop, or Windows' .etl, .cap and .matp,
also compressed with gzip, zstd, xz or lz4), a folder, which stands for every file below it, a
pattern such as 'dc*.pcapng', or - for standard input. A path that exists is taken as it is,
whatever characters it holds."""

_OR_A_STORE = """ Where tables are asked for, the store of `tlsaudit batch` may stand in their
place."""


def capture_command(
    summary: str, rest: str = "", takes_store: bool = True
) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of a function; its help is this text, then what CAPTURE may be.

    `takes_store` says whether a store may stand in the place of captures.
    """
    captures = _CAPTURES + _OR_A_STORE if takes_store else _CAPTURES
    paragraphs = [summary, rest, captures] if rest else [summary, captures]
    return click.command(help="\n\n".join(paragraphs), short_help=summary)


def captures_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument `captures`, and what a compressed one may unpack to."""
    function = max_unpacked_option(function)
    return click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")(function)


def max_unpacked_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that says what a compressed capture may unpack to."""
    return click.option(
        "--max-unpacked",
        metavar="SIZE",
        expose_value=False,
        callback=_remember_max_unpacked,
        help="What a compressed capture may unpack to, for instance 500G, in place of the bounds "
        "that protect from files made to unpack without end (docs/limits.md).",
    )(function)


def _remember_max_unpacked(
    context: click.Context, _option: click.Parameter, size: str | None
) -> None:
    context.meta[MAX_UNPACKED] = None if size is None else _bytes(size)


def _bytes(size: str) -> int:
    """Give the bytes of `500G`: a number and K, M, G or T, powers of 1,024."""
    match = re.fullmatch(r"([0-9]{1,18})([KMGT]?)", size, re.IGNORECASE)
    number = int(match[1]) << _UNITS[match[2].upper()] if match else 0
    if not 0 < number < 1 << 64:
        raise click.BadParameter("a size is a number, with K, M, G or T if need be: 500G.")
    return number


def policy_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `policy`."""
    return click.option(
        "--policy",
        default="entra",
        show_default=True,
        metavar="POLICY",
        help="A shipped policy (entra, entra-domain-services, bcp195, nist-800-52r2, pci-dss-4) "
        "or the path of a policy file in TOML (docs/rules.md).",
    )(function)


def hosts_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--hosts`; whoever reads an audit finds it in the context."""
    return click.option(
        "--hosts",
        metavar="FILE",
        expose_value=False,
        callback=_remember_hosts,
        help="Names of your own, which count before those in the captures: a hosts file, or CSV "
        "with an address and a name (docs/names.md).",
    )(function)


def said_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what the user knows beside the captures: names, fingerprints, events, sign-ins.

    Whoever reads an audit finds it in the context.
    """
    for option, key, text in reversed(_LISTS):
        function = click.option(
            option,
            metavar="FILE",
            multiple=True,
            expose_value=False,
            callback=_remember(key),
            help=text,
        )(function)
    return hosts_option(function)


_LISTS = (
    (
        "--fingerprints",
        FINGERPRINTS,
        "A list of your own of what sends which hello, several times if need be: CSV with JA3 or "
        "JA4, or a database of joy or mercury (docs/names.md).",
    ),
    (
        "--events",
        EVENTS,
        "Events of Schannel, which are tied to the handshakes that they are about, several times "
        "if need be: the System log as .evtx (it needs the extra tlsaudit[events]), or as XML from "
        "wevtutil (docs/events.md).",
    ),
    (
        "--sign-ins",
        SIGN_INS,
        "Entra's sign-in log as JSON, of which those over an old TLS are tied to handshakes as far "
        "as time and server name tell, several times if need be (docs/events.md).",
    ),
)


def _remember(key: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], None]:
    """Keep what an option says in the context, under this name."""

    def keep(context: click.Context, _option: click.Parameter, paths: tuple[str, ...]) -> None:
        context.meta[key] = paths

    return keep


def _remember_hosts(context: click.Context, _option: click.Parameter, path: str | None) -> None:
    context.meta[HOSTS] = path


def engine_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `engine`."""
    return click.option(
        "--engine",
        type=click.Choice(["native", "scapy", "tshark"]),
        default="native",
        show_default=True,
        help="What reads the captures: the core, or scapy or tshark for a second opinion "
        "(docs/engines.md).",
    )(function)


def format_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options `table_format` and `output`."""
    function = click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to this file instead of standard output.",
    )(function)
    return click.option(
        "--format",
        "table_format",
        type=click.Choice(["table", "csv", "jsonl", "parquet", "xlsx"]),
        default="table",
        show_default=True,
        help="table: the columns that a person wants first, aligned. "
        "The others hold every column (docs/columns.md).",
    )(function)
