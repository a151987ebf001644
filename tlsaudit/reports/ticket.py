"""An audit as a summary for a ticket, in Markdown: what is wrong, with whom, and where to see it.

Names are captured and so anybody's: they are code spans, in which neither links nor mentions nor
HTML mean anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tlsaudit.reports import logged
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.wording import is_null, plural, version_text, when
from tlsaudit.safe_text import markdown, markdown_code, shortened
from tlsaudit.schema import BREAKING

if TYPE_CHECKING:
    import pandas

__all__ = ["ticket"]

_ROWS = 20
_COMMANDS = 5
_LONGEST_NAME = 60
_Columns = tuple[tuple[str, Callable[[dict[Any, Any]], str]], ...]


def ticket(audit: Tables) -> str:
    """Give the summary: the answer, who breaks, who holds others back, what was covered, evidence.

    Tables are cut to twenty rows, and say how many there are.
    """
    overview = Overview(audit)
    applies = audit.verdicts["in_scope"].fillna(False).astype(bool)
    verdicts = audit.verdicts[applies]
    worse = audit.verdicts["verdict"].isin([*BREAKING, "server-limited", "refused already"])
    elsewhere = audit.verdicts[~applies & worse]
    breaking = verdicts[verdicts["verdict"].isin(BREAKING)]
    limited = verdicts[verdicts["verdict"] == "server-limited"]
    refused = verdicts[verdicts["verdict"] == "refused already"]
    none = overview.answer.text if audit.verdicts.empty else _NONE
    parts = [
        f"## TLS audit under {markdown(audit.policy.name)}",
        _sentences(overview, audit),
        *_section("Clients that break", breaking, _CLIENTS, none),
        *_section("Servers that hold clients back", _services(limited), _SERVICES),
        *_section("Refused already", refused, _REFUSED),
        *_section(
            f"Elsewhere, were {markdown(audit.policy.name)} enforced there too",
            elsewhere,
            _CLIENTS,
        ),
        *_section("What the capture missed", logged.missed(audit.events), _MISSED, rest="events"),
        *_section("Sign-ins over an old TLS", audit.sign_ins, _SIGN_INS, rest="sign-ins"),
        "### How far this goes",
        _covered(overview),
        *_evidence(breaking, limited, refused, elsewhere),
    ]
    return "\n\n".join(parts) + "\n"


_NONE = "No client was seen that would break at what the policy speaks of."


def _sentences(overview: Overview, audit: Tables) -> str:
    lines = [overview.headline]
    if overview.explanation:
        lines.append(overview.explanation)
    if len(audit.verdicts):
        lines.append(audit.forecast.headline)
    lines.append(f"Policy {audit.policy.name}: {audit.policy.demand}.".replace("..", "."))
    return "\n\n".join(map(markdown, lines))


def _covered(overview: Overview) -> str:
    read = overview.volume + (f", {overview.span}" if overview.span else "")
    lines = [f"Read: {read}.", f"Covered: {overview.covered}."]
    events = logged.counted(overview.audit.events)
    if events:
        lines.append(f"Logged: {events}.")
    sign_ins = logged.counted(overview.audit.sign_ins, "sign-in")
    if sign_ins:
        lines.append(f"Signed in over an old TLS: {sign_ins}.")
    said = [markdown(line) for line in lines]
    # Apart, so that a name at the end of a measure does not take the full stop into its code span.
    said += [
        f"Limit: {markdown(limit.measure)}. {markdown(limit.meaning)}" for limit in overview.limits
    ]
    said.append("An address is not a machine, and what was not captured is not told.")
    return "\n".join(f"- {line}" for line in said)


def _section(
    title: str,
    rows: pandas.DataFrame,
    columns: _Columns,
    none: str = "",
    rest: str = "verdicts",
) -> list[str]:
    """Give a heading and a table; without rows a sentence, or nothing."""
    if rows.empty:
        return [f"### {title}", none] if none else []
    lines = [
        "| " + " | ".join(head for head, _ in columns) + " |",
        "|" + " --- |" * len(columns),
    ]
    lines += [
        "| " + " | ".join(cell(row) for _, cell in columns) + " |"
        for row in rows.head(_ROWS).to_dict("records")
    ]
    parts = [f"### {title}", "\n".join(lines)]
    if len(rows) > _ROWS:
        parts.append(f"And {plural(len(rows) - _ROWS, 'more row')}: the table of {rest} has all.")
    return parts


def _services(limited: pandas.DataFrame) -> pandas.DataFrame:
    """Give one row per service: its clients, and what it chose for the first of them."""
    counts = limited.groupby("service", sort=False)["client"].nunique()
    first = limited[~limited["service"].duplicated()].assign(
        clients=lambda rows: rows["service"].map(counts)
    )
    return first.sort_values(["clients", "service"], ascending=[False, True], kind="stable")


def _evidence(*groups: pandas.DataFrame) -> list[str]:
    """Give the commands that show the first rows of each group in Wireshark's words."""
    commands = [
        str(command)
        for rows in groups
        for command in rows["tshark"].head(_COMMANDS)
        if not is_null(command)
    ]
    if not commands:
        return []
    lines = list(dict.fromkeys(commands))
    fence = "`" * (2 + max(3, *(_longest_run(line) for line in lines)))
    return [
        "### Evidence",
        "The frames that show the first of these:",
        "\n".join([fence, *lines, fence]),
    ]


def _longest_run(text: str) -> int:
    longest = run = 0
    for each in text:
        run = run + 1 if each == "`" else 0
        longest = max(longest, run)
    return longest


def _name(name: str) -> Callable[[dict[Any, Any]], str]:
    def cell(row: dict[Any, Any]) -> str:
        value = row[name]
        return "" if is_null(value) else markdown_code(shortened(str(value), _LONGEST_NAME))

    return cell


def _code(text: str) -> str:
    return markdown_code(shortened(text, _LONGEST_NAME)) if text else ""


def _plain(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: "" if is_null(row[name]) else markdown(str(row[name]))


def _version(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: markdown(version_text(row[name]))


def _hint(row: dict[Any, Any]) -> str:
    hint = row["stack_hint"]
    return "" if is_null(hint) else markdown(str(hint).removeprefix("probably "))


def _where(row: dict[Any, Any]) -> str:
    capture = markdown_code(shortened(str(row["capture"]), _LONGEST_NAME))
    return f"{capture} frame {_numbers(row['frames'])}"


def _numbers(frames: Iterable[Any]) -> str:
    return ", ".join(str(frame) for frame in frames)


def _client(row: dict[Any, Any]) -> str:
    programs = row["processes"]
    shown = [] if is_null(programs) else [", ".join(programs)]
    parts = [str(row["client"]), *shown]
    return " ".join(markdown_code(shortened(each, _LONGEST_NAME)) for each in parts)


_CLIENTS: _Columns = (
    ("client", _client),
    ("service", _name("service")),
    ("verdict", _plain("verdict")),
    ("sure", _plain("confidence")),
    ("offered", _version("offered")),
    ("probably", _hint),
    ("handshakes", _plain("handshakes")),
    ("remedy", _plain("remedy")),
    ("evidence", _where),
)
_SERVICES: _Columns = (
    ("service", _name("service")),
    ("clients", _plain("clients")),
    ("chose", _version("negotiated")),
    ("remedy", _plain("remedy")),
    ("evidence", _where),
)
_REFUSED: _Columns = (
    ("client", _name("client")),
    ("service", _name("service")),
    ("offered", _version("offered")),
    ("handshakes", _plain("handshakes")),
    ("evidence", _where),
)
_MISSED: _Columns = (
    ("time", lambda row: markdown(when(row["ts"]))),
    ("computer", _name("computer")),
    ("event", _plain("event_id")),
    ("what it says", _name("meaning")),
    ("process", lambda row: _code(logged.process(row))),
)
_SIGN_INS: _Columns = (
    ("time", lambda row: markdown(when(row["ts"]))),
    ("user", _name("user")),
    ("app", _name("app")),
    ("address", _name("address")),
    ("handshake", lambda row: markdown(logged.signed_in(row))),
    ("client", _name("client")),
)
