"""What an audit says, as sentences and counts: shared by the page, the terminal and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from tlsaudit import registry
from tlsaudit.coverage import covered, too_short
from tlsaudit.reports.limits import Limit, limits_of
from tlsaudit.reports.wording import is_null, joined, plural, server_text, when
from tlsaudit.schema.verdicts import BREAKING

if TYPE_CHECKING:
    import pandas

    from tlsaudit.findings import Policy
    from tlsaudit.forecast import Forecast

__all__ = ["Overview", "Tables"]

_BEST_OFFERED = "-is-best-offered"
_NEGOTIATED = "-negotiated"
_SERVICES_NAMED = 2
# Rules are named for their pattern; these are the patterns as a person reads them.
_PATTERNS = {
    "ssl20": "SSL 2.0",
    "ssl30": "SSL 3.0",
    "tls10": "TLS 1.0",
    "tls11": "TLS 1.1",
    "dtls10": "DTLS 1.0",
    "3des": "3DES",
    "rc4": "RC4",
    "null": "NULL encryption",
    "export": "export-grade encryption",
}


class Tables(Protocol):
    """What a report needs of an audit."""

    @property
    def handshakes(self) -> pandas.DataFrame:
        """The handshake table."""

    @property
    def captures(self) -> pandas.DataFrame:
        """The captures table."""

    @property
    def coverage(self) -> pandas.DataFrame:
        """The table of coverage."""

    @property
    def clients(self) -> pandas.DataFrame:
        """The client table."""

    @property
    def findings(self) -> pandas.DataFrame:
        """The findings table."""

    @property
    def refusals(self) -> pandas.DataFrame:
        """The refusals."""

    @property
    def set_aside(self) -> pandas.DataFrame:
        """What looks like TLS and is none."""

    @property
    def names(self) -> pandas.DataFrame:
        """What packets beside TLS call addresses."""

    @property
    def events(self) -> pandas.DataFrame:
        """What Windows logged, and which handshakes that is about."""

    @property
    def sign_ins(self) -> pandas.DataFrame:
        """What Entra logged of old TLS, and which handshakes that came over."""

    @property
    def files(self) -> pandas.DataFrame:
        """Where the frames are of captures that lie in several files."""

    @property
    def forecast(self) -> Forecast:
        """What becomes of whom once the policy is enforced."""

    @property
    def verdicts(self) -> pandas.DataFrame:
        """The table of verdicts."""

    @property
    def policy(self) -> Policy:
        """The policy that the findings are judged under."""

    @property
    def part(self) -> str | None:
        """What the handshakes are restricted to; None for all that were seen."""


@dataclass(frozen=True)
class Answer:
    """The answer in a few words; `kind` is `no`, `unknown` or `yes`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Concerned:
    """A client that does not keep working: its worst verdict, and at which services.

    `in_scope`: at one, at least, that the policy speaks of.
    """

    client: str
    name: str | None
    verdict: str
    hint: str | None
    services: list[str]
    more: int
    in_scope: bool


@dataclass(frozen=True)
class Holding:
    """A service that chooses less than its clients offer, and how many these are."""

    service: str
    clients: int
    in_scope: bool


@dataclass(frozen=True)
class Overview:
    """The counts and sentences of one audit, worked out once."""

    audit: Tables

    @cached_property
    def concerned(self) -> pandas.DataFrame:
        """The clients with a finding above `info`, the worst first, then by address."""
        clients = self.audit.clients
        chosen = clients[clients["worst_severity"] > "info"]
        rank = chosen["worst_severity"].cat.codes
        return (
            chosen.assign(_rank=-rank, _busy=-chosen["findings"].astype("int64"))
            .sort_values(["_rank", "_busy", "client"], kind="stable")
            .drop(columns=["_rank", "_busy"])
        )

    @cached_property
    def counted(self) -> pandas.DataFrame:
        """The findings above `info`."""
        findings = self.audit.findings
        return findings[findings["severity"] > "info"]

    @cached_property
    def negotiated(self) -> list[str]:
        """The clients with whom something was negotiated that the policy counts."""
        rows = self.counted[self.counted["basis"] == "negotiated"]
        return sorted(set(rows["client"]))

    @cached_property
    def nothing_better(self) -> list[str]:
        """Of the other clients, those that once offered nothing better than the policy counts."""
        rules = self.counted["rule"].astype("object")
        rows = self.counted[rules.str.endswith(_BEST_OFFERED)]
        return sorted(set(rows["client"]) - set(self.negotiated))

    @cached_property
    def headline(self) -> str:
        """The answer in one sentence."""
        clients = len(self.audit.clients)
        if clients == 0:
            captures = len(self.audit.captures)
            part = "a part of " if self.audit.part is not None else ""
            return f"No TLS handshake was found in {part}{plural(captures, 'capture')}."
        policy = self.audit.policy.name
        if self.concerned.empty and clients == 1:
            return f"The one client seen keeps the policy {policy}."
        if self.concerned.empty:
            return f"None of {plural(clients, 'client')} broke the policy {policy}."
        others = len(self.concerned) - len(self.negotiated) - len(self.nothing_better)
        clauses = []
        if self.negotiated:
            clauses.append(f"negotiated {self._patterns(_NEGOTIATED, self.negotiated)}")
        if self.nothing_better:
            verb = "offers" if len(self.nothing_better) == 1 else "offer"
            clauses.append(
                f"{verb} nothing better"
                if self.negotiated
                else f"{verb} nothing better than "
                f"{self._patterns(_BEST_OFFERED, self.nothing_better)}"
            )
        if others:
            verb = "has" if others == 1 else "have"
            clauses.append(f"{verb} other findings")
        counts = [n for n in (len(self.negotiated), len(self.nothing_better), others) if n]
        who = [f"{count:,} more" for count in counts]
        who[0] = "The one client seen" if clients == 1 else f"{counts[0]:,} of {clients:,} clients"
        told = zip(who, clauses, strict=True)
        return "; ".join(f"{each} {clause}" for each, clause in told) + "."

    @cached_property
    def forecast(self) -> str:
        """What becomes of them once the policy is enforced, in a sentence or two."""
        return self.audit.forecast.headline

    @cached_property
    def answer(self) -> Answer:
        """Whether the policy can be enforced, as far as the captures tell."""
        verdicts = self.audit.verdicts
        bad = {*BREAKING, "server-limited"}
        applies = verdicts["in_scope"].fillna(False).astype(bool)
        there, elsewhere = set(verdicts["verdict"][applies]), set(verdicts["verdict"][~applies])
        perhaps = set(verdicts["verdict"][verdicts["in_scope"].isna()])
        refused = plural(len(self.refused), "client")
        where = " where it applies" if elsewhere & bad else ""
        clean = f"Nothing that was seen speaks against it{where}"
        answers = (
            (verdicts.empty, "unknown", "Nothing is known yet: no TLS was seen."),
            (there & bad, "no", "Not yet."),
            (
                self.refused,
                "no",
                f"{refused} {'is' if len(self.refused) == 1 else 'are'} refused already.",
            ),
            (not there, "unknown", "Not known: nothing that was seen says that it applies."),
            (
                perhaps & bad,
                "unknown",
                "Not known in full: some services do not say whether it applies to them.",
            ),
            ("unknown" in there, "unknown", "Not known in full."),
            (self.too_short is not None, "unknown", f"{clean}, but that is little."),
            (self.audit.part is not None, "unknown", f"{clean}, but that is a part."),
            (True, "yes", f"{clean}."),
        )
        return next(Answer(kind, text) for holds, kind, text in answers if holds)

    @cached_property
    def too_short(self) -> Limit | None:
        """The limit that lies in how long was captured; None for a working day or more."""
        found = too_short(self.audit.captures, self.audit.files)
        return None if found is None else Limit(f"Captured: {found[0]}", found[1])

    @cached_property
    def breaking(self) -> list[Concerned]:
        """The clients that stop working unless something on their side changes, worst first."""
        verdicts = self.audit.verdicts
        return _concerned(verdicts[verdicts["verdict"].isin(BREAKING)])

    @cached_property
    def refused(self) -> list[Concerned]:
        """The clients that services which the policy speaks of refuse every time today."""
        verdicts = self.audit.verdicts
        applies = verdicts["in_scope"].fillna(False).astype(bool)
        return _concerned(verdicts[applies & (verdicts["verdict"] == "refused already")])

    @cached_property
    def holding(self) -> list[Holding]:
        """The services that chose less than they were offered, those of most clients first."""
        verdicts = self.audit.verdicts
        rows = verdicts[verdicts["verdict"] == "server-limited"]
        rows = rows.assign(_speaks=rows["in_scope"].fillna(False).astype(bool))
        counts = rows.groupby("service", sort=False)["client"].nunique()
        speaks = set(rows.loc[rows["_speaks"], "service"])
        services = [
            Holding(str(service), int(clients), service in speaks)
            for service, clients in counts.items()
        ]
        return sorted(services, key=lambda each: (not each.in_scope, -each.clients, each.service))

    @cached_property
    def explanation(self) -> str | None:
        """How many of the clients that negotiated an old version could do better, and with whom.

        A client counts if it offered TLS 1.2 or newer in each handshake that ended below that.
        None if there is no such client.
        """
        old = self._answered_below_tls12
        better = _reaching_tls12(old["client_max_version"], unknown=False)
        limited = sorted(set(old["client"]) - set(old["client"][~better]))
        if not limited:
            return None
        chosen = old[old["client"].isin(limited)]
        counts: dict[str, set[str]] = {}
        pairs = chosen[["server", "server_port", "client"]].drop_duplicates()
        for address, port, client in pairs.itertuples(index=False):
            counts.setdefault(server_text(address, port), set()).add(client)
        servers = sorted(counts, key=lambda server: (-len(counts[server]), server))
        shown = [f"{server} ({plural(len(counts[server]), 'client')})" for server in servers[:3]]
        if len(servers) > len(shown):
            shown.append(plural(len(servers) - len(shown), "other server"))
        who = f"{len(limited):,} of them" if len(self.negotiated) > 1 else "It"
        return f"{who} offered TLS 1.2 or newer, and the server chose less: {joined(shown)}."

    @property
    def _answered_below_tls12(self) -> pandas.DataFrame:
        """The handshakes, of the clients counted as negotiating, that ended below TLS 1.2."""
        handshakes = self.audit.handshakes
        mine = handshakes[handshakes["client"].isin(self.negotiated)]
        return mine[~_reaching_tls12(mine["negotiated_version"], unknown=True)]

    @cached_property
    def span(self) -> str | None:
        """From when to when frames were captured; None where the captures have no times."""
        first, last = self.audit.captures["first_ts"].min(), self.audit.captures["last_ts"].max()
        return None if is_null(first) else f"{when(first)} to {when(last)} UTC"

    @cached_property
    def volume(self) -> str:
        """What was read, in one phrase."""
        captures = self.audit.captures
        handshakes, clients = len(self.audit.handshakes), len(self.audit.clients)
        return (
            f"{plural(int(captures['readable'].sum()), 'capture')}, "
            f"{plural(int(captures['frames'].sum()), 'frame')}, "
            f"{plural(handshakes, 'TLS handshake')} of {plural(clients, 'client')}"
        )

    @cached_property
    def covered(self) -> str:
        """What was covered, in one phrase: it stands beside every answer."""
        words = covered(self.audit.captures, self.audit.files)
        return words if self.audit.part is None else f"{words}, in the captures as a whole"

    @cached_property
    def apart(self) -> str | None:
        """What was seen beside handshakes, in one phrase; None if there was nothing."""
        refusals, set_aside = len(self.audit.refusals), len(self.audit.set_aside)
        parts = []
        if refusals:
            parts.append(f"{plural(refusals, 'refusal')} of TLS or meetings with plaintext")
        if set_aside:
            verb = "looks" if set_aside == 1 else "look"
            parts.append(f"{plural(set_aside, 'thing')} set aside that {verb} like TLS")
        return joined(parts) or None

    @cached_property
    def limits(self) -> list[Limit]:
        """What limits the answer, in the order of how much it may hide."""
        found = limits_of(self.audit.captures, self.audit.handshakes)
        if self.audit.part is None:
            return found
        part = Limit(
            f"A part only: {self.audit.part}",
            "Verdicts, findings and counts of handshakes follow from this part alone; what was "
            "read and covered is told of the whole captures.",
        )
        return [part, *found]

    def _patterns(self, ending: str, clients: Iterable[str]) -> str:
        """Give the patterns that these clients' findings name, oldest version first."""
        mine = self.counted[self.counted["client"].isin(list(clients))]
        rules = set(mine["rule"].astype("object"))
        known = [text for pattern, text in _PATTERNS.items() if f"{pattern}{ending}" in rules]
        others = sorted(
            rule.removesuffix(ending)
            for rule in rules
            if rule.endswith(ending) and rule.removesuffix(ending) not in _PATTERNS
        )
        return joined(known + others, "or") or "what the policy counts"


def _concerned(rows: pandas.DataFrame) -> list[Concerned]:
    """Gather rows of the table of verdicts by client."""
    rows = rows.assign(_speaks=rows["in_scope"].fillna(False).astype(bool))
    # Those of services that the policy speaks of come first.
    rows = rows.sort_values("_speaks", ascending=False, kind="stable")
    found: dict[str, list[Any]] = {}
    columns = ["client", "verdict", "service", "stack_hint", "_speaks", "client_name"]
    for client, *each in rows[columns].itertuples(index=False, name=None):
        found.setdefault(client, []).append(each)
    clients = []
    for client, all_of_it in found.items():
        services = list(dict.fromkeys(service for _, service, *_ in all_of_it))
        verdict, _, hint, speaks, called = all_of_it[0]
        named = services[:_SERVICES_NAMED]
        known = None if is_null(hint) else str(hint)
        more = len(services) - len(named)
        name = None if is_null(called) else str(called)
        clients.append(Concerned(client, name, verdict, known, named, more, speaks))
    return clients


def _reaching_tls12(versions: pandas.Series[Any], unknown: bool) -> pandas.Series[bool]:
    """Say of each version whether it is TLS 1.2 or newer; `unknown` for null and odd numbers."""
    least = registry.version_rank(0x0303)
    assert least is not None
    codes = [int(code) for code in versions.dropna().unique()]
    ranks = {code: registry.version_rank(code) for code in codes}
    wanted = [code for code, rank in ranks.items() if rank is not None and rank >= least]
    answers = versions.isin(wanted).astype(bool)
    if unknown:
        answers |= versions.isna() | versions.isin([c for c in codes if ranks[c] is None])
    return answers.astype(bool)
