"""`tlsaudit remedy`: what to change, without a capture and without a network."""

from __future__ import annotations

import click

from tlsaudit.commands.running import DONE, put

__all__ = ["remedy"]


@click.command(
    help="Print what to do: ID is what the column `remedy` of a verdict names.\n\n"
    "Without ID all remedies are listed; each of them is in docs/remedies.md too. Nothing is "
    "looked up anywhere.",
    short_help="Print what to do about a verdict.",
)
@click.argument("idents", nargs=-1, metavar="[ID]...")
def remedy(idents: tuple[str, ...]) -> int:
    from tlsaudit.remedies import remedies, remedy, remedy_text
    from tlsaudit.safe_text import aligned

    if idents:
        put("\n".join(remedy_text(remedy(ident)) for ident in idents))
    else:
        put(aligned([each.id, each.title] for each in remedies()))
    return DONE
