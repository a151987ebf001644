"""An audit as lines on a terminal: the summary, what `check` says, and the narrow tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.reports import logged
from tlsaudit.reports.overview import Overview, Tables
from tlsaudit.reports.wording import is_null, plural, server_text, version_text, when
from tlsaudit.safe_text import aligned, shortened, visible
from tlsaudit.schema import BREAKING

if TYPE_CHECKING:
    import pandas

__all__ = ["check_lines", "summary", "table_text"]

_CLIENT_LINES = 3
_RULES = 3
_LONGEST_NAME = 48


def summary(audit: Tables) -> str:
    """Give at most fourteen lines: the answer, the worst clients, what was read, what limits it."""
    overview = Overview(audit)
    policy = audit.policy
    lines = [overview.headline]
    if overview.explanation:
        lines.append(overview.explanation)
    if len(audit.verdicts):
        lines.append("forecast: " + audit.forecast.headline)
    lines.append(f"policy: {policy.name}: {policy.demand}")
    lines.append("read: " + overview.volume + (f", {overview.span}" if overview.span else ""))
    lines.append(f"covered: {overview.covered}")
    if overview.apart:
        lines.append(f"beside handshakes: {overview.apart}")
    events = logged.counted(audit.events)
    if events:
        lines.append(f"logged: {events}")
    sign_ins = logged.counted(audit.sign_ins, "sign-in")
    if sign_ins:
        lines.append(f"signed in over an old TLS: {sign_ins}")
    shown = overview.concerned.head(_CLIENT_LINES)
    if len(shown):
        table = aligned(_client_line(overview, row) for row in shown.to_dict("records"))
        lines += [f"  {line}" for line in table.splitlines()]
    more = len(overview.concerned) - len(shown)
    if more:
        lines.append(f"  and {plural(more, 'more client')}")
    if overview.limits:
        measures = [limit.line for limit in overview.limits]
        rest = [f"and {len(measures) - 4:,} more"] if len(measures) > 4 else []
        lines.append("limits: " + "; ".join(measures[:4] + rest))
    return "".join(f"{visible(line)}\n" for line in lines)


def check_lines(audit: Tables, at_least: str = "low") -> str:
    """Give one line per rule and client with findings of this severity or worse, worst first.

    Each names how many handshakes and the frame of the first. An empty text means clean.
    """
    findings = audit.findings
    chosen = findings[findings["severity"] >= at_least]
    if chosen.empty:
        return ""
    keys = [chosen["rule"].astype("object"), chosen["client"]]
    groups = chosen.groupby(keys, sort=False, observed=True)
    in_time = _by_time(chosen)
    first = in_time[~in_time.duplicated(["rule", "client"])]
    counts = groups.size()
    rows = []
    for row, rank in zip(first.to_dict("records"), first["severity"].cat.codes, strict=True):
        count = int(counts[(row["rule"], row["client"])])
        line = (
            str(row["severity"]),
            str(row["rule"]),
            str(row["client"]),
            plural(count, "handshake"),
            f"first: {row['capture']} frame {_text(row['evidence_frame'])}",
        )
        rows.append((-int(rank), row["rule"], row["client"], line))
    return aligned(line for *_, line in sorted(rows))


def table_text(name: str, frame: pandas.DataFrame) -> str:
    """Give the columns of a table that a person wants first, aligned, with a line of heads."""
    columns = _COLUMNS[name]
    if "processes" in frame.columns and frame["processes"].isna().all():
        columns = tuple(each for each in columns if each[0] != "process")
    heads = [[title for title, _, _ in columns]]
    cells = [[cell(row) for _, cell, _ in columns] for row in frame.to_dict("records")]
    numeric = frozenset(index for index, (_, _, right) in enumerate(columns) if right)
    return aligned(heads + cells, numeric)


def _client_line(overview: Overview, row: dict[Any, Any]) -> list[str]:
    mine = overview.counted[overview.counted["client"] == row["client"]]
    first = _by_time(mine[mine["severity"] == row["worst_severity"]]).iloc[0]
    rules = sorted(set(mine["rule"].astype("object")))
    more = [f"and {len(rules) - _RULES:,} more"] if len(rules) > _RULES else []
    where = shortened(str(first["capture"]), _LONGEST_NAME)
    return [
        str(row["worst_severity"]),
        str(row["client"]),
        ", ".join(rules[:_RULES] + more),
        plural(int(mine["handshake"].count()), "finding"),
        f"first: {where} frame {_text(first['evidence_frame'])}",
    ]


def _by_time(findings: pandas.DataFrame) -> pandas.DataFrame:
    """Sort findings by the time of their handshake, else as in the table; without a time last."""
    return findings.sort_values("ts", kind="stable")


def _text(value: Any) -> str:
    return "" if is_null(value) else str(value)


def _column(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: _text(row[name])


def _name(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: shortened(_text(row[name]), _LONGEST_NAME)


def _time(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: when(row[name])


def _version(name: str) -> Callable[[dict[Any, Any]], str]:
    return lambda row: version_text(row[name])


def _server(row: dict[Any, Any]) -> str:
    return server_text(row["server"], row["server_port"])


def _frames(row: dict[Any, Any]) -> str:
    return _pair(row, "client_hello_frame", "server_hello_frame")


def _pair(row: dict[Any, Any], *names: str) -> str:
    both = [_text(row[name]) for name in names]
    return ",".join(frame or "-" for frame in both)


def _suite(row: dict[Any, Any]) -> str:
    code = row["negotiated_cipher_suite"]
    return "" if is_null(code) else registry.cipher_suite_name(int(code))


def _service(row: dict[Any, Any]) -> str:
    """What was asked for; what a server without a name is called stands behind its address."""
    service = shortened(_text(row["service"]), _LONGEST_NAME)
    called = shortened(_text(row["server_called"]), _LONGEST_NAME)
    return f"{service} ({called}?)" if called else service


def _processes(row: dict[Any, Any]) -> str:
    programs = row["processes"]
    return "" if is_null(programs) else shortened(", ".join(programs), _LONGEST_NAME)


def _applies(row: dict[Any, Any]) -> str:
    return "?" if is_null(row["in_scope"]) else "yes" if row["in_scope"] else "no"


def _hint(row: dict[Any, Any]) -> str:
    return _text(row["stack_hint"]).removeprefix("probably ")


_BREAKING = [verdict.replace(" ", "_").replace("-", "_") for verdict in BREAKING]
_Columns = tuple[tuple[str, Callable[[dict[Any, Any]], str], bool], ...]
# Title, how a cell is made of a row, whether it stands to the right.
_COLUMNS: dict[str, _Columns] = {
    "handshakes": (
        ("capture", _name("capture"), False),
        ("frames", _frames, True),
        ("time", _time("ts"), False),
        ("client", _column("client"), False),
        ("server", _server, False),
        ("server name", _name("server_name"), False),
        ("offered", _version("client_max_version"), False),
        ("negotiated", _version("negotiated_version"), False),
        ("cipher suite", _suite, False),
        ("outcome", _column("outcome"), False),
    ),
    "clients": (
        ("client", _column("client"), False),
        ("name", _name("client_name"), False),
        ("process", _processes, False),
        ("worst", _column("worst_severity"), False),
        ("handshakes", _column("handshakes"), True),
        ("ssl30", _column("ssl30"), True),
        ("tls10", _column("tls10"), True),
        ("tls11", _column("tls11"), True),
        ("tls12", _column("tls12"), True),
        ("tls13", _column("tls13"), True),
        ("3des", _column("negotiated_3des"), True),
        ("best offered", _version("max_offered_version"), False),
        ("last seen", _time("last_seen"), False),
        ("rules", lambda row: ", ".join(row["rules"]), False),
    ),
    "refusals": (
        ("kind", _column("kind"), False),
        ("carrier", _column("carrier"), False),
        ("client", _column("client"), False),
        ("server", _server, False),
        ("target", _name("carrier_target"), False),
        ("asked", _name("asked"), False),
        ("answered", _name("answered"), False),
        ("capture", _name("capture"), False),
        ("frames", lambda row: _pair(row, "asked_frame", "answered_frame"), True),
        ("time", _time("ts"), False),
    ),
    "set_aside": (
        ("kind", _column("kind"), False),
        ("client", _column("client"), False),
        ("server", _server, False),
        ("capture", _name("capture"), False),
        ("frames", lambda row: ",".join(str(frame) for frame in row["frames"]), True),
        ("time", _time("ts"), False),
    ),
    "names": (
        ("address", _column("address"), False),
        ("name", _name("name"), False),
        ("kind", _column("kind"), False),
        ("source", _column("source"), False),
        ("told to", _column("told_to"), False),
        ("times", _column("times"), True),
        ("capture", _name("capture"), False),
        ("frame", _column("frame"), True),
        ("first seen", _time("first_seen"), False),
    ),
    "events": (
        ("time", _time("ts"), False),
        ("computer", _name("computer"), False),
        ("event", _column("event_id"), True),
        ("meaning", lambda row: shortened(str(row["meaning"]), 2 * _LONGEST_NAME), False),
        ("process", logged.process, False),
        ("handshake", logged.tied_or_why, False),
        ("client", _column("client"), False),
        ("server", lambda row: "" if is_null(row["server"]) else _server(row), False),
        ("capture", _name("capture"), False),
        ("frame", _column("frame"), True),
    ),
    "sign_ins": (
        ("time", _time("ts"), False),
        ("user", _name("user"), False),
        ("app", _name("app"), False),
        ("address", _column("address"), False),
        ("handshake", logged.signed_in, False),
        ("client", _column("client"), False),
        ("capture", _name("capture"), False),
        ("frame", _column("frame"), True),
    ),
    "verdicts": (
        ("verdict", _column("verdict"), False),
        ("sure", _column("confidence"), False),
        ("applies", _applies, False),
        ("client", _column("client"), False),
        ("name", _name("client_name"), False),
        ("process", _processes, False),
        ("service", _service, False),
        ("handshakes", _column("handshakes"), True),
        ("offered", _version("offered"), False),
        ("negotiated", _version("negotiated"), False),
        ("because", _column("because"), False),
        ("probably", _hint, False),
        ("capture", _name("capture"), False),
        ("frames", lambda row: ",".join(str(frame) for frame in row["frames"]), True),
    ),
    "changes": (
        ("change", _column("change"), False),
        ("client", _column("client"), False),
        ("service", _name("service"), False),
        ("before", _column("verdict_before"), False),
        ("after", _column("verdict_after"), False),
        ("last seen before", _time("last_seen_before"), False),
        ("last seen after", _time("last_seen_after"), False),
        ("capture", _name("capture"), False),
        ("frames", lambda row: ",".join(str(frame) for frame in row["frames"]), True),
    ),
    "rollup": (
        ("name", _name("name"), False),
        ("worst", _column("worst"), False),
        ("handshakes", _column("handshakes"), True),
        ("break", lambda row: str(sum(int(row[name]) for name in _BREAKING)), True),
        ("server-limited", _column("server_limited"), True),
        ("refused", _column("refused_already"), True),
        ("fallback", _column("fallback"), True),
        ("unknown", _column("unknown"), True),
        ("ready", _column("ready"), True),
    ),
    "findings": (
        ("severity", _column("severity"), False),
        ("rule", _column("rule"), False),
        ("client", _column("client"), False),
        ("server", _server, False),
        ("server name", _name("server_name"), False),
        ("observed", _column("observed"), False),
        ("capture", _name("capture"), False),
        ("frame", _column("evidence_frame"), True),
        ("time", _time("ts"), False),
    ),
}
