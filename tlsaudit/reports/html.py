"""The page: one self-contained HTML file, without scripts and without anything from a network.

The template holds the layout; here the tables become rows of text. Jinja2 escapes all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tlsaudit import registry
from tlsaudit.explanations import named
from tlsaudit.findings import RULES, Rule
from tlsaudit.remedies import Remedy, remedies
from tlsaudit.reports import figures
from tlsaudit.reports.evidence import Group, endings_explained, groups_by_client
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.wording import is_null, plural, server_text, version_text, when
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import jinja2
    import pandas

    from tlsaudit.explanations import Explanation

__all__ = ["fragment", "page"]

# What one page can hold and still open at once on a phone; the tables beside it hold the rest.
MOST_CARDS = 200
MOST_GROUPS = 12
MOST_ROWS = 2_000
MOST_LIMITS = 12
MOST_BARS = 20

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
)


@dataclass(frozen=True)
class Link:
    """A text that leads to the explanation of a code further down the page."""

    text: str
    code: str


# What a cell of a listing holds: a text, or a text and a smaller one below it.
Cell: TypeAlias = str | Sequence[str | Link]


@dataclass(frozen=True)
class Head:
    """The head of a column on the page, and how its cells look."""

    title: str
    classes: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the cells stand to the right."""
        return "number" in self.classes

    @property
    def severity(self) -> bool:
        """Whether the cells are shown as a severity badge."""
        return self.classes == "severity"


@dataclass(frozen=True)
class Listing:
    """A table on the page: its heads, the rows shown, and how many there are."""

    columns: tuple[Head, ...]
    rows: list[list[Cell]]
    total: int

    @property
    def shown(self) -> int:
        """The rows on the page."""
        return len(self.rows)

    @property
    def left_out(self) -> int:
        """The rows that are only in the files."""
        return self.total - len(self.rows)


@dataclass(frozen=True)
class Card:
    """One concerned client on the page."""

    client: str
    severity: str
    facts: str
    groups: list[Group]
    left_out: int


@dataclass(frozen=True)
class Cards:
    """The concerned clients shown, and how many there are."""

    cards: list[Card]
    total: int

    @property
    def left_out(self) -> int:
        """The clients that are only in the files."""
        return self.total - len(self.cards)


@dataclass(frozen=True)
class Drawing:
    """A figure on the page and its numbers as text."""

    title: str
    svg: str
    header: tuple[str, ...]
    rows: list[list[str]]


@dataclass(frozen=True)
class RuleText:
    """A rule that something broke, the worst severity that it had, and how often."""

    rule: Rule
    severity: str
    counts: str


@dataclass(frozen=True)
class Explained:
    """The explanation of a code that rows of the page lead to, and how often it was seen."""

    explanation: Explanation
    counts: str


def page(audit: Tables) -> str:
    """Give the whole page as text, the same for the same tables."""
    from tlsaudit._core import __version__

    overview = Overview(audit)
    return (
        _templates()
        .get_template("page.html")
        .render(
            overview=overview,
            policy=audit.policy,
            clean=overview.concerned.empty and len(audit.clients) > 0,
            limits=overview.limits[:MOST_LIMITS],
            limits_left_out=max(0, len(overview.limits) - MOST_LIMITS),
            concerned=_cards(overview),
            figures=_drawings(overview),
            rules=_rules(audit.findings),
            forecast=audit.forecast.headline,
            verdicts=_verdicts(audit.verdicts),
            remedies=_remedies(audit.verdicts),
            findings=_findings(audit.findings),
            captures=_captures(audit.captures),
            refusals=_refusals(audit.refusals),
            set_aside=_set_aside(audit.set_aside),
            explained=_explained(audit),
            clients=_clients(audit.clients),
            files=_FILES,
            version=__version__,
            style=_style(),
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
            listing=_clients(concerned),
            more=len(overview.concerned) - len(concerned),
        )
    )


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
        # Whatever was captured is made visible before it is escaped: no control characters.
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters["plural"] = plural
    environment.filters["with_code"] = _with_code
    environment.filters["anchor"] = _anchor
    environment.filters["join_lines"] = lambda text: " ".join(text.split())
    return environment


def _style() -> Any:
    from markupsafe import Markup

    return Markup((Path(__file__).parent / "templates" / "style.css").read_text("utf-8"))


def _cards(overview: Overview) -> Cards:
    concerned = overview.concerned
    shown = concerned.head(MOST_CARDS)
    groups = groups_by_client(
        overview.counted, overview.audit.handshakes, [str(each) for each in shown["client"]]
    )
    cards = []
    for row in shown.to_dict("records"):
        mine = groups.get(str(row["client"]), [])
        cards.append(
            Card(
                str(row["client"]),
                str(row["worst_severity"]),
                _client_facts(row),
                mine[:MOST_GROUPS],
                max(0, len(mine) - MOST_GROUPS),
            )
        )
    return Cards(cards, len(concerned))


def _client_facts(row: dict[Any, Any]) -> str:
    facts = [plural(int(row["handshakes"]), "handshake")]
    best, worst = version_text(row["max_offered_version"]), row["min_negotiated_version"]
    if best:
        facts.append(f"best version offered: {best}")
    if not is_null(worst):
        facts.append(f"oldest negotiated: {version_text(worst)}")
    if not is_null(row["last_seen"]):
        facts.append(f"last seen {when(row['last_seen'])}")
    if row["hello_shapes"] > 1:
        facts.append(f"{row['hello_shapes']} kinds of hello, so perhaps several programs")
    return " · ".join(facts)


def _drawings(overview: Overview) -> list[Drawing]:
    from markupsafe import Markup

    audit = overview.audit
    flagged = [str(client) for client in overview.concerned["client"].head(MOST_BARS)]
    drawn: list[tuple[str, Any, list[figures.Bar]]] = [
        (
            "Handshakes by negotiated version",
            figures.handshakes_by_version(audit.handshakes),
            figures.counts_of_versions(audit.handshakes),
        ),
    ]
    if flagged:
        title = "Clients concerned, handshakes by negotiated version"
        if len(overview.concerned) > MOST_BARS:
            title += f" (the first {MOST_BARS} of {len(overview.concerned):,})"
        drawn.append(
            (
                title,
                figures.versions_by_client(audit.handshakes, flagged),
                figures.counts_of_versions_by_client(audit.handshakes, flagged),
            )
        )
    drawn.append(
        (
            "Handshakes by negotiated cipher suite",
            figures.cipher_suites(audit.handshakes),
            figures.counts_of_cipher_suites(audit.handshakes),
        )
    )
    drawings = []
    for title, figure, bars in drawn:
        description = f"{title}. {'; '.join(f'{bar.label}: {bar.count:,}' for bar in bars)}."
        header, rows = _numbers(bars)
        drawings.append(Drawing(title, Markup(figures.svg(figure, description)), header, rows))
    return drawings


def _numbers(bars: Sequence[figures.Bar]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Give the numbers of a figure: one column if bars have one part each, else one per part."""
    if all(len(bar.parts) == 1 and bar.parts[0].name == bar.label for bar in bars):
        return ("", "handshakes"), [[bar.label, f"{bar.count:,}"] for bar in bars]
    names = figures.in_order({part.name: part for bar in bars for part in bar.parts})
    rows = []
    for bar in bars:
        counts = {part.name: part.count for part in bar.parts}
        rows.append([bar.label, *(f"{counts.get(name, 0):,}" for name in names)])
    return ("client", *names), rows


def _listing(
    frame: pandas.DataFrame,
    columns: Sequence[tuple[Head, Callable[[dict[Any, Any]], Cell]]],
) -> Listing:
    rows = [[cell(row) for _, cell in columns] for row in frame.head(MOST_ROWS).to_dict("records")]
    return Listing(tuple(head for head, _ in columns), rows, len(frame))


def _text(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: "" if is_null(row[name]) else str(row[name])


def _count(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: "" if is_null(row[name]) else f"{row[name]:,}"


def _time(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: when(row[name])


def _server(row: dict[Any, Any]) -> Cell:
    address = server_text(row["server"], row["server_port"])
    return address if is_null(row["server_name"]) else [row["server_name"], address]


def _client(row: dict[Any, Any]) -> Cell:
    client = str(row["client"])
    if is_null(row["tunnel"]):
        return client
    return [client, f"by {row['tunnel']} from {row['outer_client_ip']}"]


def _findings(findings: pandas.DataFrame) -> Listing:
    rank = findings["severity"].cat.codes
    ordered = findings.assign(_rank=-rank).sort_values("_rank", kind="stable")
    return _listing(
        ordered,
        [
            (Head("Severity", "severity"), _text("severity")),
            (Head("Client", "mono"), _client),
            (Head("Observed", "name"), lambda row: [row["observed"], row["rule"]]),
            (Head("Server", "name"), _server),
            (Head("Time"), _time("ts")),
            (Head("Capture", "name"), _text("capture")),
            (Head("Frame", "number"), _text("evidence_frame")),
        ],
    )


def _verdicts(verdicts: pandas.DataFrame) -> Listing:
    """Show who does not simply keep working, the worst first."""
    chosen = verdicts[verdicts["verdict"] != "ready"]

    def verdict(row: dict[Any, Any]) -> Cell:
        sure = row["because"] if is_null(row["confidence"]) else f"{row['confidence']} confidence"
        return [str(row["verdict"]), str(sure)]

    def stack(row: dict[Any, Any]) -> Cell:
        offered = version_text(row["offered"])
        return offered if is_null(row["stack_hint"]) else [offered, str(row["stack_hint"])]

    def why(row: dict[Any, Any]) -> Cell:
        if is_null(row["remedy"]):
            return str(row["sentence"])
        return [row["sentence"], Link(f"what to do: {row['remedy']}", f"remedy {row['remedy']}")]

    def evidence(row: dict[Any, Any]) -> Cell:
        frames = ", ".join(str(frame) for frame in row["frames"])
        return [str(row["capture"]), f"frames {frames}"]

    return _listing(
        chosen,
        [
            (Head("Verdict"), verdict),
            (Head("Client", "mono"), _text("client")),
            (Head("Service", "name"), _text("service")),
            (Head("Why", "name"), why),
            (Head("Offered"), stack),
            (Head("Handshakes", "number"), _count("handshakes")),
            (Head("Evidence", "name"), evidence),
        ],
    )


def _remedies(verdicts: pandas.DataFrame) -> list[Remedy]:
    """Give what the verdicts lead to, each once, in the order of the documentation."""
    wanted = set(verdicts["remedy"].dropna())
    return [each for each in remedies() if each.id in wanted]


def _captures(captures: pandas.DataFrame) -> Listing:
    ordered = captures.assign(_good=captures["error"].isna()).sort_values("_good", kind="stable")

    def named(row: dict[Any, Any]) -> Cell:
        if is_null(row["error"]):
            return str(row["capture"])
        return [row["capture"], row["error"].removeprefix(f"{row['capture']}: ")]

    def kind(row: dict[Any, Any]) -> str:
        return " ".join(str(row[n]) for n in ("format", "compression") if not is_null(row[n]))

    def links(row: dict[Any, Any]) -> str:
        if is_null(row["link_types"]):
            return ""
        return ", ".join(registry.link_type_name(int(number)) for number in row["link_types"])

    return _listing(
        ordered,
        [
            (Head("Capture", "name"), named),
            (Head("Kind"), kind),
            (Head("Links"), links),
            (Head("Frames", "number"), _count("frames")),
            (Head("TCP streams", "number"), _count("tcp_streams")),
            (Head("TLS handshakes", "number"), _count("handshakes")),
            (Head("From"), _time("first_ts")),
            (Head("To"), _time("last_ts")),
        ],
    )


def _refusals(refusals: pandas.DataFrame) -> Listing:
    def said(what: str) -> Callable[[dict[Any, Any]], Cell]:
        def cell(row: dict[Any, Any]) -> Cell:
            if is_null(row[what]):
                return ""
            return [str(row[what]), f"frame {row[f'{what}_frame']}"]

        return cell

    def server(row: dict[Any, Any]) -> Cell:
        address = server_text(row["server"], row["server_port"])
        return address if is_null(row["carrier_target"]) else [row["carrier_target"], address]

    return _listing(
        refusals,
        [
            (Head("What"), lambda row: [Link(row["kind"], row["kind"]), str(row["carrier"])]),
            (Head("Client", "mono"), _text("client")),
            (Head("Server", "name"), server),
            (Head("Asked", "name"), said("asked")),
            (Head("Answered", "name"), said("answered")),
            (Head("Time"), _time("ts")),
            (Head("Capture", "name"), _text("capture")),
        ],
    )


def _set_aside(set_aside: pandas.DataFrame) -> Listing:
    return _listing(
        set_aside,
        [
            (Head("What"), _text("kind")),
            (Head("Client", "mono"), _text("client")),
            (
                Head("Server", "mono"),
                lambda row: server_text(row["server"], row["server_port"]),
            ),
            (Head("Frames", "number"), lambda row: ", ".join(str(n) for n in row["frames"])),
            (Head("Time"), _time("ts")),
            (Head("Capture", "name"), _text("capture")),
        ],
    )


def _clients(clients: pandas.DataFrame) -> Listing:
    def versions(row: dict[Any, Any]) -> str:
        counted = (
            ("SSL 3.0", "ssl30"),
            ("TLS 1.0", "tls10"),
            ("TLS 1.1", "tls11"),
            ("TLS 1.2", "tls12"),
            ("TLS 1.3", "tls13"),
            ("other", "other_version"),
        )
        return ", ".join(f"{name}: {row[column]:,}" for name, column in counted if row[column])

    return _listing(
        clients,
        [
            (Head("Client", "mono"), _text("client")),
            (Head("Worst", "severity"), _text("worst_severity")),
            (Head("Handshakes", "number"), _count("handshakes")),
            (Head("Negotiated"), versions),
            (Head("3DES", "number"), _count("negotiated_3des")),
            (Head("Best offered"), lambda row: version_text(row["max_offered_version"])),
            (Head("Servers", "number"), _count("servers")),
            (Head("Last seen"), _time("last_seen")),
        ],
    )


def _rules(findings: pandas.DataFrame) -> list[RuleText]:
    """Explain what was broken, the worst first, then in the order of the rules."""
    ranks = findings["severity"].cat.codes
    texts = []
    for order, rule in enumerate(RULES):
        mine = findings["rule"] == rule.ident
        if not mine.any():
            continue
        chosen = findings[mine]
        worst = int(ranks[mine].max())
        handshakes, clients = len(chosen), chosen["client"].nunique()
        text = RuleText(
            rule,
            str(findings["severity"].cat.categories[worst]),
            f"{plural(handshakes, 'handshake')} of {plural(clients, 'client')}",
        )
        texts.append((-worst, order, text))
    return [text for *_, text in sorted(texts, key=lambda each: each[:2])]


def _explained(audit: Tables) -> list[Explained]:
    """Explain how handshakes were refused or failed, then what became of upgrades to TLS."""
    endings = [
        Explained(named(code), plural(count, "handshake"))
        for code, count in endings_explained(audit.handshakes).items()
    ]
    kinds = audit.refusals["kind"].astype("object").value_counts()
    return endings + [
        Explained(named(kind), plural(int(kinds[kind]), "time")) for kind in sorted(kinds.index)
    ]


def _anchor(code: str) -> str:
    """Give the name of a code's place on the page."""
    return code.replace(" ", "-")


def _with_code(text: str) -> list[tuple[bool, str]]:
    """Split a text with `code` in it into parts: whether each is code, and its words."""
    return [(position % 2 == 1, part) for position, part in enumerate(text.split("`")) if part]
