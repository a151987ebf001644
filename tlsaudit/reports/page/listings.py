"""The tables of the page: which columns each has, and how a row is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tlsaudit import registry
from tlsaudit.addresses import in_order
from tlsaudit.explanations import alert_explanation
from tlsaudit.reports import logged
from tlsaudit.reports.endings import endings_explained
from tlsaudit.reports.page.hellos import hellos_of
from tlsaudit.reports.page.listing import (
    MOST_ROWS,
    Cell,
    Head,
    Link,
    Listing,
    Row,
    count,
    listing,
    text,
    time,
)
from tlsaudit.reports.wording import is_null, plural, server_text, version_text
from tlsaudit.safe_text import visible
from tlsaudit.schema import SEVERITIES
from tlsaudit.schema.verdicts import CONFIDENCES, VERDICTS_WORST_FIRST

if TYPE_CHECKING:
    import pandas

    from tlsaudit.forecast import Forecast
    from tlsaudit.reports.overview import Tables

__all__ = [
    "captures",
    "clients",
    "coverage",
    "events",
    "findings",
    "missed",
    "names",
    "refusals",
    "services",
    "set_aside",
    "sign_ins",
    "verdicts",
]


def _ranked(*order: str) -> Callable[[Iterable[str]], list[str]]:
    """Sort texts as they stand in `order`; others come behind, by their characters."""
    places = {each: place for place, each in enumerate(order)}

    def in_rank(texts: Iterable[str]) -> list[str]:
        return sorted(texts, key=lambda each: (places.get(each, len(places)), each))

    return in_rank


def _by_number(texts: Iterable[str]) -> list[str]:
    """Sort numbers that are written out; what is none comes first."""
    return sorted(texts, key=lambda each: int(each.replace(",", "") or -1))


_BY_VERDICT = _ranked(*VERDICTS_WORST_FIRST)
_BY_SEVERITY = _ranked(*reversed(SEVERITIES))
_BY_CONFIDENCE = _ranked(*reversed(CONFIDENCES))
_CLIENT = Head("Client", "mono", order=in_order)
_CAPTURE = Head("Capture", "name", choices=True)
_TIME = Head("Time", "time")


def _named_client(row: Row) -> Cell:
    return [str(row["client"]), *_called(row)]


def _called(row: Row) -> list[str]:
    """The client's name and programs, as far as anybody tells."""
    name, programs = row["client_name"], row["processes"]
    return [
        *([] if is_null(name) else [str(name)]),
        *([] if is_null(programs) else map(str, programs)),
    ]


def _applies(row: Row) -> str:
    if is_null(row["in_scope"]):
        return "not known"
    return "yes" if row["in_scope"] else "no"


def verdicts(audit: Tables) -> Listing:
    """Show who does not simply keep working, the worst first; a row opens to its evidence."""
    chosen = audit.verdicts[audit.verdicts["verdict"] != "ready"]
    # What the policy speaks of comes first.
    applies = chosen["in_scope"].fillna(False).astype(bool)
    chosen = chosen.assign(_rank=~applies).sort_values("_rank", kind="stable")
    on_page = endings_explained(audit.handshakes)
    tied = logged.by_connection(audit.events)

    def service(row: Row) -> Cell:
        called = row["server_called"]
        return str(row["service"]) if is_null(called) else [str(row["service"]), str(called)]

    def offered(row: Row) -> Cell:
        version = version_text(row["offered"])
        return version if is_null(row["stack_hint"]) else [version, str(row["stack_hint"])]

    def why(row: Row) -> Cell:
        below: list[str | Link] = []
        key = (str(row["capture"]), str(row["transport"]), str(row["stream"]))
        below += tied.get(key, [])[:_EVENTS_BELOW]
        if not is_null(row["remedy"]):
            below.append(Link(f"what to do: {row['remedy']}", f"remedy {row['remedy']}"))
        alert = row["alert_description"]
        if not is_null(alert):
            explained = alert_explanation(int(alert))
            if explained is not None and explained.code in on_page:
                below.append(Link(f"alert {registry.alert_name(int(alert))}", explained.code))
        elif row["verdict"] == "refused already" and _SILENT in on_page:
            below.append(Link("refused without an alert", _SILENT))
        return [str(row["sentence"]), *below]

    def sure(row: Row) -> str:
        return str(row["because"] if is_null(row["confidence"]) else row["confidence"])

    shown = chosen.head(MOST_ROWS)
    return listing(
        "verdicts",
        chosen,
        [
            (Head("Verdict", choices=True, order=_BY_VERDICT), text("verdict")),
            (Head("Sure", choices=True, order=_BY_CONFIDENCE), sure),
            (Head("Applies", choices=True, order=_ranked("yes", "not known", "no")), _applies),
            (Head("Client", "mono client", order=in_order), _named_client),
            (Head("Service", "name"), service),
            (Head("Why", "why"), why),
            (Head("Offered", choices=True), offered),
            (Head("Handshakes", "number"), count("handshakes")),
        ],
        more={
            "capture": [visible(str(each)) for each in shown["capture"]],
            "frames": [[int(frame) for frame in frames] for frames in shown["frames"]],
            "hellos": hellos_of(audit, shown),
        },
    )


def clients(audit: Tables) -> Listing:
    """Show every client, those that break first; a row opens to its verdicts."""
    worst = audit.forecast.by_client.set_index("name")["worst"].astype("object")
    table = audit.clients.assign(_verdict=audit.clients["client"].map(worst))
    rank = {verdict: place for place, verdict in enumerate(VERDICTS_WORST_FIRST)}
    ordered = table.assign(
        _rank=table["_verdict"].map(rank), _severity=-table["worst_severity"].cat.codes
    ).sort_values(["_rank", "_severity"], kind="stable")

    def versions(row: Row) -> str:
        counted = (
            ("SSL 3.0", "ssl30"),
            ("TLS 1.0", "tls10"),
            ("TLS 1.1", "tls11"),
            ("TLS 1.2", "tls12"),
            ("TLS 1.3", "tls13"),
            ("other", "other_version"),
        )
        return ", ".join(f"{name}: {row[column]:,}" for name, column in counted if row[column])

    def client(row: Row) -> Cell:
        below = _called(row)
        if row["hello_shapes"] > 1:
            below.append(f"{row['hello_shapes']:,} kinds of hello, so perhaps several programs")
        return [str(row["client"]), *below]

    return listing(
        "clients",
        ordered,
        [
            (Head("Client", "mono client", order=in_order), client),
            (Head("Worst verdict", choices=True, order=_BY_VERDICT), text("_verdict")),
            (
                Head("Worst finding", "badges", choices=True, order=_BY_SEVERITY),
                text("worst_severity"),
            ),
            (Head("Handshakes", "number"), count("handshakes")),
            (Head("Negotiated"), versions),
            (Head("3DES", "number"), count("negotiated_3des")),
            (Head("Best offered", choices=True), lambda row: version_text(row[_BEST])),
            (Head("Servers", "number"), count("servers")),
            (Head("Last seen", "time"), time("last_seen")),
        ],
        opens=("verdicts", "Client"),
    )


_SILENT = "refused-without-alert"
_EVENTS_BELOW = 3
_BEST = "max_offered_version"


def services(forecast: Forecast) -> Listing:
    """Show every service, those with clients that break first; a row opens to its verdicts."""
    return listing(
        "services",
        forecast.by_service,
        [
            (Head("Service", "name"), text("name")),
            (Head("Worst verdict", choices=True, order=_BY_VERDICT), text("worst")),
            (Head("Clients", "number"), count("others")),
            (Head("Handshakes", "number"), count("handshakes")),
            (
                Head("Break", "number"),
                lambda row: int(row["will_break"] + row["app_limited"] + row["cipher_limited"]),
            ),
            (Head("Held back by it", "number"), count("server_limited")),
            (Head("Refused", "number"), count("refused_already")),
            (Head("Unknown", "number"), count("unknown")),
            (Head("Ready", "number"), count("ready")),
        ],
        opens=("verdicts", "Service"),
    )


def findings(table: pandas.DataFrame) -> Listing:
    """Show what breaks a rule, the worst first; a row opens to its frame."""
    ordered = table.assign(_rank=-table["severity"].cat.codes).sort_values("_rank", kind="stable")
    shown = ordered.head(MOST_ROWS)

    def client(row: Row) -> Cell:
        if is_null(row["tunnel"]):
            return str(row["client"])
        return [str(row["client"]), f"by {row['tunnel']} from {row['outer_client_ip']}"]

    def server(row: Row) -> Cell:
        address = server_text(row["server"], row["server_port"])
        return address if is_null(row["server_name"]) else [str(row["server_name"]), address]

    return listing(
        "findings",
        ordered,
        [
            (Head("Severity", "badges", choices=True, order=_BY_SEVERITY), text("severity")),
            (_CLIENT, client),
            (
                Head("Observed", "name", choices=True),
                lambda row: [str(row["observed"]), str(row["rule"])],
            ),
            (Head("Server", "name"), server),
            (_TIME, time("ts")),
            (_CAPTURE, text("capture")),
            (Head("Frame", "number"), count("evidence_frame")),
        ],
        more={
            "capture": [visible(str(each)) for each in shown["capture"]],
            "frames": [[] if is_null(each) else [int(each)] for each in shown["evidence_frame"]],
        },
    )


def captures(table: pandas.DataFrame) -> Listing:
    """Show what was read, and first of all what could not be."""
    ordered = table.assign(_good=table["error"].isna()).sort_values("_good", kind="stable")

    def named(row: Row) -> Cell:
        if is_null(row["error"]):
            return str(row["capture"])
        return [str(row["capture"]), str(row["error"]).removeprefix(f"{row['capture']}: ")]

    def kind(row: Row) -> str:
        return " ".join(str(row[n]) for n in ("format", "compression") if not is_null(row[n]))

    def links(row: Row) -> str:
        if is_null(row["link_types"]):
            return ""
        return ", ".join(registry.link_type_name(int(number)) for number in row["link_types"])

    def frames(row: Row) -> Cell:
        counted, repeated = row["frames"], row["frames_repeated"]
        if is_null(counted) or is_null(repeated) or not repeated:
            return count("frames")(row)
        return [f"{counted:,}", f"({plural(int(repeated), 'repeat')} left out)"]

    return listing(
        "captures",
        ordered,
        [
            (Head("Capture", "name"), named),
            (Head("Kind", choices=True), kind),
            (Head("Links", choices=True), links),
            (Head("Frames", "number", order=_by_number), frames),
            (Head("TCP streams", "number"), count("tcp_streams")),
            (Head("TLS handshakes", "number"), count("handshakes")),
            (Head("From", "time"), time("first_ts")),
            (Head("To", "time"), time("last_ts")),
        ],
    )


def coverage(table: pandas.DataFrame) -> Listing:
    """Show what the captures could tell and what not, first of all what limits the answer."""
    ordered = table.assign(_free=~table["limits"]).sort_values("_free", kind="stable")

    def measure(row: Row) -> Cell:
        meaning = [] if is_null(row["meaning"]) else [str(row["meaning"]).replace("`", "")]
        return [str(row["measure"]), *meaning]

    return listing(
        "coverage",
        ordered,
        [
            (Head("About", choices=True), lambda row: str(row["kind"]).replace("-", " ")),
            (
                Head("Limits the answer", choices=True, order=_ranked("yes", "no")),
                lambda row: "yes" if row["limits"] else "no",
            ),
            (Head("Measure", "name"), measure),
            (
                Head("Capture", "name", choices=True),
                lambda row: "all together" if is_null(row["capture"]) else str(row["capture"]),
            ),
        ],
    )


def names(table: pandas.DataFrame) -> Listing:
    """Show what packets beside TLS call addresses; a row opens to its frame."""
    shown = table.head(MOST_ROWS)
    return listing(
        "names",
        table,
        [
            (Head("Address", "mono", order=in_order), text("address")),
            (Head("Name", "name"), text("name")),
            (Head("What it is", choices=True), text("kind")),
            (Head("Told by", choices=True), text("source")),
            (Head("Told to", "mono", order=in_order), text("told_to")),
            (Head("Times", "number"), count("times")),
            (_CAPTURE, text("capture")),
            (Head("Frame", "number"), count("frame")),
        ],
        more={
            "capture": ["" if is_null(each) else visible(str(each)) for each in shown["capture"]],
            "frames": [[] if is_null(each) else [int(each)] for each in shown["frame"]],
        },
    )


def events(table: pandas.DataFrame) -> Listing:
    """Show every event that was given, with what it was tied to; a row opens to its frame."""
    return _events("events", table)


def missed(table: pandas.DataFrame) -> Listing:
    """Show the events that no handshake in the captures is about."""
    return _events("missed", logged.missed(table))


def _events(name: str, table: pandas.DataFrame) -> Listing:
    shown = table.head(MOST_ROWS)

    def what(row: Row) -> Cell:
        return [f"{row['event_id']}", str(row["meaning"])]

    def tied(row: Row) -> Cell:
        if is_null(row["tie"]):
            return logged.tied_or_why(row)
        where = f"{row['client']} to {server_text(row['server'], row['server_port'])}"
        return [logged.tied_or_why(row), where]

    return listing(
        name,
        table,
        [
            (_TIME, time("ts")),
            (Head("Computer", "name", choices=True), text("computer")),
            (Head("Event", "why", choices=True), what),
            (Head("Process", "name", choices=True), logged.process),
            (Head("Handshake", choices=True), tied),
            (_CAPTURE, text("capture")),
            (Head("Frame", "number"), count("frame")),
        ],
        more={
            "capture": ["" if is_null(each) else visible(str(each)) for each in shown["capture"]],
            "frames": [[] if is_null(each) else [int(each)] for each in shown["frame"]],
        },
    )


def sign_ins(table: pandas.DataFrame) -> Listing:
    """Show the sign-ins to Entra over an old TLS; a row opens to its frame."""
    shown = table.head(MOST_ROWS)

    def with_below(*names: str) -> Callable[[Row], Cell]:
        return lambda row: [text(name)(row) for name in names]

    return listing(
        "sign_ins",
        table,
        [
            (_TIME, time("ts")),
            (Head("User", "name", choices=True), text("user")),
            (Head("Application", "name", choices=True), with_below("app", "client_app")),
            (Head("Address at Entra", "mono", order=in_order), with_below("address", "device")),
            (Head("Handshake", choices=True), logged.signed_in),
            (Head("Client", "mono", order=in_order), text("client")),
            (_CAPTURE, text("capture")),
            (Head("Frame", "number"), count("frame")),
        ],
        more={
            "capture": ["" if is_null(each) else visible(str(each)) for each in shown["capture"]],
            "frames": [[] if is_null(each) else [int(each)] for each in shown["frame"]],
        },
    )


def refusals(table: pandas.DataFrame) -> Listing:
    """Show upgrades that were refused, and meetings of TLS and plaintext."""

    def said(what: str) -> Callable[[Row], Cell]:
        def cell(row: Row) -> Cell:
            if is_null(row[what]):
                return ""
            return [str(row[what]), f"frame {row[f'{what}_frame']}"]

        return cell

    def server(row: Row) -> Cell:
        address = server_text(row["server"], row["server_port"])
        target = row["carrier_target"]
        return address if is_null(target) else [str(target), address]

    return listing(
        "refusals",
        table,
        [
            (
                Head("What", choices=True),
                lambda row: [Link(str(row["kind"]), str(row["kind"])), str(row["carrier"])],
            ),
            (_CLIENT, text("client")),
            (Head("Server", "name"), server),
            (Head("Asked", "name"), said("asked")),
            (Head("Answered", "name"), said("answered")),
            (_TIME, time("ts")),
            (_CAPTURE, text("capture")),
        ],
    )


def set_aside(table: pandas.DataFrame) -> Listing:
    """Show what looks like TLS and is none; a row opens to its frames."""
    shown = table.head(MOST_ROWS)
    return listing(
        "set_aside",
        table,
        [
            (Head("What", choices=True), text("kind")),
            (_CLIENT, text("client")),
            (
                Head("Server", "mono"),
                lambda row: server_text(row["server"], row["server_port"]),
            ),
            (
                Head("Frames"),
                lambda row: ", ".join(str(n) for n in row["frames"]),
            ),
            (_TIME, time("ts")),
            (_CAPTURE, text("capture")),
        ],
        more={
            "capture": [visible(str(each)) for each in shown["capture"]],
            "frames": [[int(frame) for frame in frames] for frames in shown["frames"]],
        },
    )
