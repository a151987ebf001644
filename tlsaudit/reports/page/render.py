"""From an audit to the text of the page. Jinja2 escapes all of it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit.places import Places
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.page import listings
from tlsaudit.reports.page.listing import anchor, as_data
from tlsaudit.reports.page.sections import drawings, explained, remedies_of, rules
from tlsaudit.reports.wording import plural, version_text, when
from tlsaudit.safe_text import conversion, shell_word, visible

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

__all__ = ["fragment", "page"]

# What the first screen shows of those who break, and of the servers that hold others back.
MOST_NAMED = 8
MOST_LIMITS = 12

_TEMPLATES = Path(__file__).parent.parent / "templates"
_FILES = (
    ("handshakes", "Handshakes, one row each"),
    ("clients", "Clients, one row per address"),
    ("verdicts", "Verdicts, one row per client, service and TLS stack"),
    ("findings", "Findings, one row per handshake and rule"),
    ("captures", "Captures, one row per input"),
    ("coverage", "Coverage, one row per capture and what it could tell"),
    ("refusals", "Refusals, one row each"),
    ("set_aside", "Set aside, one row per thing"),
    ("names", "Names of addresses, one row each"),
    ("events", "Events of Windows, one row each"),
    ("sign_ins", "Sign-ins to Entra over an old TLS, one row each"),
)


def page(audit: Tables) -> str:
    """Give the whole page as text, the same for the same tables."""
    from tlsaudit._core import __version__

    overview = Overview(audit)
    short = [] if overview.too_short is None else [overview.too_short]
    limits = short + overview.limits
    return (
        _templates()
        .get_template("page.html")
        .render(
            overview=overview,
            policy=audit.policy,
            limits=limits[:MOST_LIMITS],
            limits_left_out=max(0, len(limits) - MOST_LIMITS),
            breaking=overview.breaking,
            holding=overview.holding,
            refused=overview.refused,
            most_named=MOST_NAMED,
            figures=drawings(overview),
            rules=rules(audit.findings),
            remedies=remedies_of(audit.verdicts),
            explained=explained(audit),
            verdicts=listings.verdicts(audit),
            clients=listings.clients(audit),
            services=listings.services(audit.forecast),
            findings=listings.findings(audit.findings),
            refusals=listings.refusals(audit.refusals),
            set_aside=listings.set_aside(audit.set_aside),
            names=listings.names(audit.names),
            events=listings.events(audit.events),
            missed=listings.missed(audit.events),
            sign_ins=listings.sign_ins(audit.sign_ins),
            captures=listings.captures(audit.captures),
            coverage=listings.coverage(audit.coverage),
            words=_shell_words(audit),
            files=_FILES,
            version=__version__,
            style=_file("style.css"),
            script=_file("page.js"),
            script_hash=_hash(_file("page.js")),
        )
    )


def fragment(audit: Tables) -> str:
    """Give what a notebook shows of an audit: the headline and the clients concerned."""
    overview = Overview(audit)
    concerned = overview.concerned.head(10)
    return (
        _templates()
        .get_template("fragment.html")
        .render(
            overview=overview,
            policy=audit.policy,
            concerned=concerned.to_dict("records"),
            more=len(overview.concerned) - len(concerned),
            tables=[(name, len(getattr(audit, name))) for name, _ in _FILES],
        )
    )


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
        # Whatever was captured is made visible before it is escaped: no control characters.
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters["plural"] = plural
    environment.filters["version"] = version_text
    environment.filters["when"] = when
    environment.filters["with_code"] = _with_code
    environment.filters["anchor"] = anchor
    environment.filters["join_lines"] = lambda text: " ".join(text.split())
    return environment


def _shell_words(audit: Tables) -> Markup:
    """Give the captures by name, as a shell takes them; standard input cannot be named again.

    Of a capture in several files these are given, each with the frames before it; of one that
    Wireshark can't read the command that converts it, and the file that this makes.
    """
    from tlsaudit.inputs import STANDARD_INPUT_NAME

    words: dict[str, str | list[tuple[int, str]] | dict[str, str] | None] = {
        visible(name): None if name == STANDARD_INPUT_NAME else shell_word(name)
        for name in sorted({str(name) for name in audit.captures["capture"]})
    }
    places = Places(audit.files, audit.captures)
    for name in places.not_read:
        if name != STANDARD_INPUT_NAME:
            before, made = conversion(name)
            words[visible(name)] = {"before": before, "file": made}
    for name, files in places.files().items():
        words[visible(name)] = [(before, shell_word(file)) for before, file in files]
    return as_data(words)


def _file(name: str) -> Markup:
    from markupsafe import Markup

    return Markup((_TEMPLATES / name).read_text("utf-8"))


def _hash(script: str) -> str:
    """Give what the page's policy allows to run: this script, and nothing else."""
    # The element holds the script between two line ends.
    digest = hashlib.sha256(f"\n{script}\n".encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _with_code(text: str) -> list[tuple[bool, str]]:
    """Split a text with `code` in it into parts: whether each is code, and its words."""
    return [(position % 2 == 1, part) for position, part in enumerate(text.split("`")) if part]
