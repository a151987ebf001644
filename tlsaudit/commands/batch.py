"""`tlsaudit batch`: what is new in folders that grow, into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tlsaudit.commands.options import MAX_UNPACKED, max_unpacked_option
from tlsaudit.commands.running import DONE, NOTHING_DONE, PARTLY_DONE, put, say
from tlsaudit.progress import progress_bar
from tlsaudit.rings import MODES
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from tlsaudit.commands.settings import Settings
    from tlsaudit.store import Outcome

__all__ = ["batch"]

_HELP = """Read what is new or changed in folders that grow into a store.

SOURCE is a capture, a folder, which stands for every file below it, or a pattern such as
'/captures/dc*.pcapng'. STORE is a folder of its own, made if need be; report, forecast, check,
clients and the other tables take it in place of captures, and diff says what has changed.

A run that is stopped, however it is stopped, loses nothing that it has finished, and the next one
goes on. A capture that cannot be read is reported and does not stop the rest. Files of a ring
buffer, told by the names that dumpcap and tcpdump give them, are read as one capture.

All options can stand in a file: --config FILE, in TOML, as docs/batch.md shows; what is given here
comes first."""


@click.command(help=_HELP, short_help="Read what is new in folders that grow into a store.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("-o", "--store", metavar="STORE", help="The folder of the store.")
@click.option(
    "--config", "configuration", metavar="FILE", help="Take what is not given here from this file."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="How many captures to read at a time; as many as there are cores if not given.",
)
@click.option(
    "--rings",
    type=click.Choice(MODES),
    help="Which files are one capture: auto goes by the names of dumpcap and tcpdump, folder takes "
    "all of a folder that end alike, never takes each for itself.  [default: auto]",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Leave files that were modified less than so long ago for the next run: they may still be "
    "written to.  [default: 0]",
)
@click.option(
    "--again",
    is_flag=True,
    help="Read again what another version of tlsaudit has read.",
)
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    help="Then write the report of the whole store into this folder.",
)
@click.option(
    "--policy",
    metavar="POLICY",
    help="The policy of that report, as for `tlsaudit report`.  [default: entra]",
)
@max_unpacked_option
def batch(sources: tuple[str, ...], configuration: str | None, again: bool, **given: Any) -> int:
    from tlsaudit.commands.settings import Settings, read_settings

    settings = Settings() if configuration is None else read_settings(configuration)
    settings = settings.with_options(sources=sources, report=given.pop("folder"), **given)
    if settings.store is None:
        raise click.UsageError("Missing option '-o' / '--store': name the folder of the store.")
    if not settings.sources:
        raise click.UsageError("Missing argument 'SOURCE...': name a folder with captures.")
    if "-" in settings.sources:
        raise click.UsageError("`-` cannot be read a second time: write it to a file first.")
    if settings.report is not None:
        from tlsaudit.findings import load_policy

        # A mistake in the policy is found before an hour of reading, not after it.
        load_policy(settings.policy)
    outcome = _run(settings, again)
    for sentence in (*outcome.problems, *outcome.failed):
        say(sentence)
    put(_summary(outcome))
    if settings.report is not None and outcome.captures:
        put(_report(settings))
    failed = len(outcome.problems) + len(outcome.failed)
    if not failed:
        return DONE
    return PARTLY_DONE if outcome.captures else NOTHING_DONE


def _run(settings: Settings, again: bool) -> Outcome:
    from tlsaudit import store

    with progress_bar(None) as progress:
        return store.batch(
            settings.sources,
            str(settings.store),
            jobs=settings.jobs,
            rings=settings.rings,
            settle=settings.settle,
            again=again,
            max_unpacked=click.get_current_context().meta[MAX_UNPACKED],
            progress=progress,
        )


def _summary(outcome: Outcome) -> str:
    parts = [
        f"{outcome.read:,} read",
        f"{outcome.unchanged:,} unchanged",
        f"{len(outcome.problems) + len(outcome.failed):,} with errors",
    ]
    if outcome.waiting:
        parts.append(f"{outcome.waiting:,} left for the next run")
    return (
        f"captures: {', '.join(parts)}; in the store: {outcome.captures:,} captures, "
        f"{outcome.handshakes:,} handshakes\n"
    )


def _report(settings: Settings) -> str:
    import logging

    from tlsaudit.reports.export import make_folder
    from tlsaudit.store import read_store

    # On its first night it builds a cache of fonts, and says so in the log where that takes long.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    folder = make_folder(str(settings.report))
    audit = read_store(Path(str(settings.store)), settings.policy)
    return f"report: {visible(str(audit.report(folder)))}\n"
