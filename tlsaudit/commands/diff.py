"""`tlsaudit diff`: what has changed in a store since a moment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tlsaudit.commands.options import format_options, policy_option
from tlsaudit.commands.running import DONE, put_frame, refuse_binary_on_terminal, say

if TYPE_CHECKING:
    import pandas

__all__ = ["diff"]

_HELP = """Say which problems in a store are new, still there, not seen, or fixed.

STORE is what `tlsaudit batch` wrote. Handshakes before and after WHEN are forecast apart; a problem
is a client, a service and a TLS stack whose verdict is not ready. A problem is fixed where the same
stack, or one in its place, is seen to be ready there; where nothing was seen, nothing is said to be
fixed. Times are those of the handshakes, not of the runs.

One row per problem; the counts in a sentence go to standard error."""


@click.command(help=_HELP, short_help="Say which problems are new, still there, not seen or fixed.")
@click.argument("store", metavar="STORE")
@click.option(
    "--since",
    required=True,
    metavar="WHEN",
    help="A day (2026-03-01), a time in UTC (2026-03-01T18:00), or how long before the newest "
    "handshake (24h, 7d, 4w).",
)
@policy_option
@click.option(
    "--figure",
    metavar="FILE",
    help="Draw the clients of each day, and how many are concerned, into this file (.svg or .png).",
)
@format_options
def diff(
    *,
    store: str,
    since: str,
    policy: str,
    figure: str | None,
    table_format: str,
    output: str | None,
) -> int:
    refuse_binary_on_terminal(table_format, output)
    if figure is not None and Path(figure).suffix not in (".svg", ".png"):
        raise click.UsageError("A figure is a file that ends in .svg or .png.")
    from tlsaudit.changes import changes, headline
    from tlsaudit.selection import moment_of
    from tlsaudit.store import read_store

    audit = read_store(store, policy)
    try:
        moment = moment_of(since, audit.handshakes["ts"])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--since'") from None
    table = changes(audit.handshakes, audit.policy, moment, audit.files, audit.captures)
    say(f"since {moment:%Y-%m-%d %H:%M} UTC: {headline(table)}")
    times = audit.handshakes["ts"]
    for there, side in (((times < moment).any(), "before"), ((times >= moment).any(), "after")):
        if not there:
            say(f"the store holds no handshake {side} that: there is nothing to compare with")
    put_frame("changes", table, table_format, output)
    if figure is not None:
        from tlsaudit.changes import trend

        _draw(trend(audit.handshakes, audit.forecast), Path(figure))
    return DONE


def _draw(trend: pandas.DataFrame, path: Path) -> None:
    from tlsaudit.reports.export import replacing
    from tlsaudit.reports.figures import clients_over_time, svg
    from tlsaudit.reports.figures.trend import description

    drawn = clients_over_time(trend)
    with replacing(path) as place:
        if path.suffix == ".svg":
            place.write_text(svg(drawn, description(trend)) + "\n", encoding="utf-8")
        else:
            drawn.savefig(place, format="png", dpi=150, metadata={"Software": None})
