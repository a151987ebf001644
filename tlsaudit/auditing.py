"""One run over some captures: its tables, what it says, and its report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tlsaudit.engines.reading import nothing_of
from tlsaudit.errors import CaptureError
from tlsaudit.inputs import STANDARD_INPUT, Input, Source, printable_name
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas

    from tlsaudit.engines.agreement import Agreement
    from tlsaudit.engines.frame import Frame
    from tlsaudit.events import Logged, SignIn
    from tlsaudit.evidence import Evidence
    from tlsaudit.findings import Policy
    from tlsaudit.forecast import Forecast
    from tlsaudit.naming import Fingerprints
    from tlsaudit.reports.plots import Plots
    from tlsaudit.selection import Mask, Moment

__all__ = ["Audit", "audit", "audit_inputs"]


@dataclass(frozen=True, eq=False)
class Audit:
    """The tables of one run, under one policy.

    `handshakes` and `captures` are what was seen, `refusals` and `set_aside` what was told apart
    from handshakes, `names` what packets beside TLS call addresses; `findings`, `clients` and
    `verdicts` are worked out of them when first asked for.
    docs/columns.md describes every column; null means not seen.
    `files` says where the frames are of captures that lie in several files.
    `logged` are the events of Windows that were given, and
    `legacy_sign_ins` those of Entra over an old TLS; `events` and `sign_ins` tie them to
    handshakes.
    `inputs` is where the captures are, for those who want to look again: `verify` and `frame`.
    `part` says what this audit is restricted to, if `where` made it of a `whole`.
    In a notebook an Audit shows its headline and the clients concerned.
    """

    handshakes: pandas.DataFrame
    captures: pandas.DataFrame
    policy: Policy
    inputs: tuple[Input, ...] = ()
    refusals: pandas.DataFrame = field(default_factory=lambda: nothing_of("REFUSALS"))
    set_aside: pandas.DataFrame = field(default_factory=lambda: nothing_of("SET_ASIDE"))
    names: pandas.DataFrame = field(default_factory=lambda: nothing_of("NAMES"))
    files: pandas.DataFrame = field(default_factory=lambda: nothing_of("FILES"))
    fingerprints: Fingerprints | None = None
    logged: tuple[Logged, ...] = ()
    legacy_sign_ins: tuple[SignIn, ...] = ()
    part: str | None = None
    whole: Audit | None = None

    @cached_property
    def findings(self) -> pandas.DataFrame:
        """One row per handshake and rule that the policy enables, with the frame to open."""
        from tlsaudit.findings import find

        return find(self.handshakes, self.policy)

    @cached_property
    def clients(self) -> pandas.DataFrame:
        """One row per client address, with what it negotiated, offered and is concerned by."""
        from tlsaudit.inventory import clients

        return clients(self.handshakes, self.findings, self.names)

    @cached_property
    def coverage(self) -> pandas.DataFrame:
        """What each capture could tell and what not: hours, hellos seen, directions, cuts, gaps.

        Of a part it is that of the whole: it speaks of captures.
        """
        if self.whole is not None:
            return self.whole.coverage
        from tlsaudit.coverage import coverage

        return coverage(self.captures, self.files, self.handshakes, self.clients)

    @cached_property
    def events(self) -> pandas.DataFrame:
        """One row per event of Schannel, with the handshake that it is about, or why there is none.

        Empty where no events were given. Of a part those of the whole that its handshakes have.
        """
        from tlsaudit.events import Spans, event_table

        if self.whole is not None:
            return self._tied_here(self.whole.events)
        spans = Spans(self.captures, self.files)
        return event_table(self.logged, self.handshakes, self.names, spans)

    @cached_property
    def sign_ins(self) -> pandas.DataFrame:
        """One row per sign-in to Entra over an old TLS, with the handshake that it came over.

        Empty where no sign-ins were given. Of a part, as with events.
        """
        from tlsaudit.events import Spans, sign_in_table

        if self.whole is not None:
            return self._tied_here(self.whole.sign_ins)
        spans = Spans(self.captures, self.files)
        return sign_in_table(self.legacy_sign_ins, self.handshakes, self.names, spans)

    def _tied_here(self, table: pandas.DataFrame) -> pandas.DataFrame:
        """Give the rows that are tied to a handshake of this part."""
        key = ["capture", "transport", "stream", "handshake"]
        mine = set(self.handshakes[key].astype("str").itertuples(index=False, name=None))
        named = table[key].astype("str").itertuples(index=False, name=None)
        tied = [row for row, each in enumerate(named) if each in mine]
        return table.iloc[tied].reset_index(drop=True)

    @cached_property
    def forecast(self) -> Forecast:
        """Who stops working once the policy is enforced, whose fault that is, and how sure."""
        return self.what_if(self.policy)

    @property
    def verdicts(self) -> pandas.DataFrame:
        """One row per client, service and TLS stack: what becomes of them under the policy."""
        return self.forecast.verdicts

    @property
    def plot(self) -> Plots:
        """The figures of this audit: `audit.plot.versions_over_time()` and so on."""
        from tlsaudit.reports.plots import Plots

        return Plots(self)

    def where(
        self,
        mask: Mask = None,
        *,
        client: str | Iterable[str] | None = None,
        service: str | Iterable[str] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Audit:
        """Give the audit of a part of the handshakes, as if no others had been captured.

        `client` is an address, or several; `service` is as in the verdicts (`dc01.example:636`), or
        a server's name or address for all its ports, or several; `since` counts and `until` does
        not, both UTC unless they say otherwise, or as `7d` so long before the newest handshake
        (`h`, `d` and `w`). `mask` is a boolean for each row of `handshakes`,
        or a function that gives it from them. All that is named must hold.

        Findings, clients, verdicts and figures are worked out anew from the part alone, so a
        verdict may be another where its reason lies in what was left out: a better hello before a
        fallback, or the same stack elsewhere. Refusals and things set aside are chosen likewise,
        those of a service by its addresses; a mask says nothing of them, so with one there are
        none. What was captured cannot be chosen from: `captures`, `coverage`, `names` and `files`
        stay those of the whole, as do the captures that `verify` and `frame` look at.
        """
        from tlsaudit.selection import Selection

        chosen = Selection.of(client, service, since, until, self.handshakes["ts"])
        words = chosen.words if mask is None else [*chosen.words, "a mask"]
        if not words:
            return self
        handshakes = chosen.handshakes(self.handshakes, mask)
        if mask is None:
            refusals = chosen.others(self.refusals, handshakes)
            set_aside = chosen.others(self.set_aside, handshakes)
        else:
            refusals, set_aside = nothing_of("REFUSALS"), nothing_of("SET_ASIDE")
        before = [] if self.part is None else [self.part]
        return replace(
            self,
            handshakes=handshakes,
            refusals=refusals,
            set_aside=set_aside,
            part=", ".join([*before, *words]),
            whole=self,
        )

    def what_if(self, policy: str | os.PathLike[str] | Policy) -> Forecast:
        """Give the forecast under another policy; no capture is read again.

        `policy` is as for `audit()`. Raises PolicyError for one that cannot be used.
        """
        from tlsaudit.findings import Policy, load_policy
        from tlsaudit.forecast import forecast
        from tlsaudit.places import Places, with_commands

        chosen = policy if isinstance(policy, Policy) else load_policy(policy)
        outlook = forecast(self.handshakes, chosen, self.names, self.fingerprints)
        places = Places(self.files, self.captures)
        return replace(outlook, verdicts=with_commands(outlook.verdicts, places))

    def report(self, folder: str | os.PathLike[str]) -> Path:
        """Write the page and the tables into a folder; give the path of the page.

        The folder is made if need be. Files of an earlier report in it are replaced, any other
        file is left alone. Raises ReportError if something cannot be written.
        """
        from tlsaudit.reports import write_report

        return write_report(self, folder)

    def export(self, path: str | os.PathLike[str], table: str | None = None) -> Path:
        """Write one file, of the format that its name ends in; give its path.

        `.xlsx` is an Excel workbook with a sheet for each table (it needs `tlsaudit[excel]`), `.md`
        a summary for a ticket; `.csv`, `.jsonl` and `.parquet` hold one table, whose name is
        `table`, and so can `.xlsx`. Raises ReportError.
        """
        from tlsaudit.reports.export import write_export

        return write_export(self, path, table)

    def evidence(
        self,
        path: str | os.PathLike[str],
        clients: Sequence[str] | None = None,
        anonymise: bool = False,
        key: bytes | None = None,
    ) -> Evidence:
        """Write the packets of the flagged handshakes as a pcapng file; say what was written.

        These are SYN, hellos, alerts, the rest of the handshake, FIN and RST, each with a comment
        that says what it shows. `clients` are the addresses of the only ones wanted. With
        `anonymise` addresses and names are pseudonyms, and whatever else could name anybody is
        left out (docs/exports.md); they are the same in another file only with the same `key`, at
        least 16 bytes, which is made anew where none is given. The captures are read again, so
        they must still be there and be files: CaptureError where they are not, ReportError where
        nothing was found or the file cannot be written.
        """
        from tlsaudit.evidence import write_evidence

        return write_evidence(
            self, path, self._files(), clients=clients, anonymise=anonymise, key=key
        )

    def verify(self, engine: str = "tshark") -> Agreement:
        """Read the captures once more with another engine; give what both say and what not.

        Both engines read anew, so the captures must still be there and be files. Raises
        CaptureError where they are not, EngineError where the engine cannot run.
        """
        from tlsaudit.engines.agreement import verify

        files = self._files()
        for each in files:
            if each.parts:
                raise CaptureError(
                    f"{each.name}: lies in several files, which other engines do not join; "
                    "put them together with `mergecap -a` to verify them"
                )
        return verify(files, engine)

    def frame(self, number: int, capture: str | None = None) -> Frame:
        """Show one frame as Wireshark sees it: `number` as in the tables, from 1.

        `capture` is its name in the tables; it may be left out where there is one capture.
        Raises CaptureError where there is no such capture or frame, EngineError without tshark.
        """
        from tlsaudit.engines.frame import frame
        from tlsaudit.places import Places

        files = self._files()
        if capture is None and len(files) != 1:
            raise CaptureError("there are several captures: say which, `frame(number, capture)`")
        for each in files:
            if capture in (None, each.name):
                file, place = Places(self.files, self.captures).of(each.name, number)
                for path in each.parts:
                    if printable_name(path) == file:
                        return frame(Input(file, path), place)
                return frame(each, number)
        raise CaptureError(f"{capture}: no capture of this audit")

    def _files(self) -> list[Input]:
        """Give the captures that can be read again."""
        files = [each for each in self.inputs if each.problem is None]
        for each in files:
            if not isinstance(each.source, str) or each.source == STANDARD_INPUT:
                raise CaptureError(f"{each.name}: cannot be read twice; keep it in a file")
        if not files:
            raise CaptureError("this audit does not know where its captures are")
        return files

    def summary(self) -> str:
        """Give at most nine lines of plain text: who is concerned, and what was covered."""
        from tlsaudit.reports.lines import summary

        return summary(self)

    def __repr__(self) -> str:
        from tlsaudit.reports.wording import plural

        handshakes = plural(len(self.handshakes), "handshake")
        captures = plural(len(self.captures), "capture")
        only = "" if self.part is None else f", only {self.part}"
        return visible(f"<Audit: {handshakes} in {captures}, policy {self.policy.name}{only}>")

    def _repr_html_(self) -> str:
        from tlsaudit.reports.page import fragment

        return fragment(self)


def audit(
    *paths: Source,
    policy: str | os.PathLike[str] | Policy = "entra",
    engine: str = "native",
    progress: Callable[[int], None] | None = None,
    max_unpacked: int | None = None,
    hosts: str | os.PathLike[str] | None = None,
    fingerprints: str | os.PathLike[str] | None = None,
    events: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    sign_ins: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
) -> Audit:
    """Read captures and give their Audit.

    `paths` are files, folders, patterns, `-` for standard input, or binary file objects.
    `policy` is the name of a shipped policy, the path of a TOML file, or a Policy. `engine` is
    `native`, `scapy` or `tshark`. `progress` is called with the bytes read so far.
    `max_unpacked` is how many bytes a compressed capture may unpack to, None for the bounds in
    docs/limits.md; it is the core that has them. `hosts` is a file of names of your own
    (docs/names.md), which count before all others; `fingerprints` a list of fingerprints of TLS
    stacks, likewise. `events` are files of Schannel's events, as `.evtx` or XML, and
    `sign_ins` of Entra's sign-in log as JSON (docs/events.md).
    Raises PolicyError for a policy that cannot be used, ListError for such a file, EngineError for
    an engine that cannot run, and CaptureError if no input could be read; an input that fails among
    others is a row of `captures` with `error` set.
    """
    from tlsaudit.engines import raise_if_nothing_was_read
    from tlsaudit.events import read_events, read_sign_ins
    from tlsaudit.findings import Policy, load_policy
    from tlsaudit.inputs import expand
    from tlsaudit.naming import read_fingerprints, read_hosts

    chosen = policy if isinstance(policy, Policy) else load_policy(policy)
    given = None if hosts is None else read_hosts(hosts)
    inputs = expand(paths, max_unpacked=max_unpacked)
    lists = None if fingerprints is None else read_fingerprints(fingerprints)
    logged = read_events(*_several(events)).logged
    signed_in = read_sign_ins(*_several(sign_ins)).legacy
    run = audit_inputs(inputs, chosen, progress, engine, hosts=given, fingerprints=lists)
    run = replace(run, logged=logged, legacy_sign_ins=signed_in)
    raise_if_nothing_was_read(run.captures)
    return run


def audit_inputs(
    inputs: Iterable[Input],
    policy: Policy,
    progress: Callable[[int], None] | None = None,
    engine: str = "native",
    *,
    hosts: pandas.DataFrame | None = None,
    fingerprints: Fingerprints | None = None,
) -> Audit:
    """Read these inputs and give their Audit; inputs that cannot be read raise nothing.

    `hosts` are names that the user gives, as a table of names; `fingerprints` what lists of the
    user's say of stacks.
    """
    from tlsaudit.engines import load
    from tlsaudit.naming import together

    inputs = tuple(inputs)
    reading = load(engine).read(inputs, progress)
    return Audit(
        reading.handshakes,
        reading.captures,
        policy,
        inputs,
        reading.refusals,
        reading.set_aside,
        reading.names if hosts is None else together(hosts, reading.names),
        reading.files,
        fingerprints,
    )


def _several(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> Sequence[str | os.PathLike[str]]:
    """Take one path for a list of one."""
    return [paths] if isinstance(paths, str | os.PathLike) else paths
