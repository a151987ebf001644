"""The verdicts, judged all at once: a group of handshakes is a number, a question a column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.forecast.facts import Facts, facts
from tlsaudit.forecast.known import KnownList, known_list
from tlsaudit.forecast.retries import NO_RETRY, failed_before
from tlsaudit.forecast.scanners import scanning
from tlsaudit.forecast.shapes import NONE, Shapes, shapes
from tlsaudit.processes import PROCESS_COLUMNS
from tlsaudit.safe_text import visible
from tlsaudit.schema.lists import numbers, raw
from tlsaudit.schema.verdicts import CAUSES, VERDICTS_WORST_FIRST

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.findings import Policy
    from tlsaudit.naming import Fingerprints

    Answers = NDArray[np.bool_]

__all__ = ["Forecast", "Judged", "forecast"]

_RANK = {verdict: rank for rank, verdict in enumerate(VERDICTS_WORST_FIRST)}
_NO_CAUSE = len(CAUSES)
_PORTS = 0x10000
_LOW, _MEDIUM, _HIGH, _NOT_SAID = 0, 1, 2, 3
_COLUMNS = (
    *("capture", "transport", "stream", "ts", "carrier", "client", "client_mac"),
    *("server", "server_port"),
    *("server_name", "client_hello_frame", "server_hello_frame", "alert_frame", "end_frame"),
    *("client_cipher_suites", "client_ssl2_cipher_kinds", "client_extensions"),
    *("client_hello_complete", "server_hello_complete", "client_fallback_scsv", "ja3", "ja4"),
    *("client_max_version", "negotiated_version", "negotiated_cipher_suite"),
    *("downgrade_sentinel", "resumed", "outcome", "alert_description", "end", "defect"),
    *PROCESS_COLUMNS,
)
# Alerts that say that the offer was not enough: handshake_failure, protocol_version,
# insufficient_security, inappropriate_fallback.
_ABOUT_THE_OFFER = (40, 70, 71, 86)
_CAUSE_OF_DEFECT = {
    "truncated": "truncated",
    "gap": "lost-packets",
    "malformed": "malformed",
    "limit": "reader-limit",
}


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """What becomes of whom under a policy.

    `verdicts` is the table of `schema.VERDICTS`, the worst first. `by_client`, `by_service` and
    `by_capture` roll it up (`schema.ROLLUP`); `headline` is the answer in a sentence.
    """

    policy: Policy
    verdicts: pd.DataFrame
    verdict_of: NDArray[np.int64]
    """For each handshake its row in `verdicts`."""
    in_captures: pd.DataFrame
    """Which row of `verdicts` (`verdict`) has handshakes in which capture (`capture`)."""

    def __repr__(self) -> str:
        return visible(f"<Forecast: {self.headline} In full: .verdicts, .by_client, .by_service>")

    @cached_property
    def by_client(self) -> pd.DataFrame:
        """One row per client, the worst first."""
        from tlsaudit.forecast.rollup import by_client

        return by_client(self.verdicts)

    @cached_property
    def by_service(self) -> pd.DataFrame:
        """One row per service, the worst first."""
        from tlsaudit.forecast.rollup import by_service

        return by_service(self.verdicts)

    @cached_property
    def by_capture(self) -> pd.DataFrame:
        """One row per capture with handshakes, the worst first."""
        from tlsaudit.forecast.rollup import by_capture

        return by_capture(self.verdicts, self.in_captures)

    @cached_property
    def headline(self) -> str:
        """The answer in one sentence, or two where the policy speaks of some services only."""
        from tlsaudit.forecast.rollup import headline

        return headline(self.verdicts, self.policy)


def forecast(
    handshakes: pd.DataFrame,
    policy: Policy,
    names: pd.DataFrame | None = None,
    fingerprints: Fingerprints | None = None,
) -> Forecast:
    """Give every client, service and stack of a handshake table its verdict under a policy.

    `names` is the table of names, if there is one: who is meant stands beside the verdict.
    `fingerprints` is what the user's lists say: it counts before what is known here.
    """
    import numpy as np
    import pandas as pd

    from tlsaudit.forecast.table import verdict_table

    if handshakes.empty:
        nothing = pd.DataFrame({"verdict": pd.Series(dtype="int64"), "capture": []})
        rows = np.zeros(0, dtype=np.int64)
        return Forecast(policy, schema.empty(schema.VERDICTS), rows, nothing)
    judged = Judged(handshakes, policy)
    return Forecast(
        policy, verdict_table(judged, names, fingerprints), judged.verdict_of, judged.in_captures
    )


class Judged:
    """One table of handshakes under one policy; arrays with a value per row, or per group."""

    def __init__(self, handshakes: pd.DataFrame, policy: Policy) -> None:
        import numpy as np

        self.handshakes = handshakes[list(_COLUMNS)]
        self.policy = policy
        self.shapes: Shapes = shapes(handshakes)
        self.seen: Facts = facts(handshakes, policy.requires)
        self.client = _numbers(handshakes["client"])
        port = _ports(handshakes)
        server = _numbers(handshakes["server"]) * _PORTS + port
        named = handshakes["server_name"].notna().to_numpy()
        name = _numbers(handshakes["server_name"]) * _PORTS + port
        self.service = _again(np.where(named, name * 2, server * 2 + 1))
        self.conversation = _pairs(self.client, server)
        self.group = _pairs(_pairs(self.client, self.service), self.shapes.stack + 1)
        self.groups = int(self.group.max()) + 1
        self.better = failed_before(handshakes, self.conversation, self.seen)
        self.scan = scanning(handshakes, self.conversation, self.shapes, self.seen)
        self._judge()

    def any(self, rows: Answers) -> Answers:
        """For each group whether one of its rows is among these."""
        found: Answers = self.count(rows) > 0
        return found

    def every(self, rows: Answers) -> Answers:
        """For each group whether all of its rows are among these."""
        found: Answers = self.count(rows) == self.size
        return found

    def count(self, rows: Answers) -> NDArray[np.int64]:
        """For each group how many of its rows are among these."""
        import numpy as np

        return np.bincount(self.group[rows], minlength=self.groups)

    @cached_property
    def size(self) -> NDArray[np.int64]:
        """How many rows each group has."""
        import numpy as np

        return np.bincount(self.group, minlength=self.groups)

    def _judge(self) -> None:
        import numpy as np

        seen = self.seen
        below, able = self.any(seen.below), self.any(seen.able)
        good, bad, suited = self.any(seen.good), self.any(seen.bad), self.any(seen.suited)
        told_apart = self.any(seen.whole)
        refused = self.every(seen.rejected | seen.unanswered) & self.any(seen.rejected)
        self.retry = seen.below & (seen.scsv | (self.better != NO_RETRY))
        # Of the better hello only the client's side was captured: it may have been answered.
        half_seen = seen.client_only & ~seen.ended_by_server
        self.unsure = self.retry & (self.better != NO_RETRY) & half_seen[self.better]
        self.elsewhere, self.near, self.here = self._does_better()
        known = self._known()
        held = self.elsewhere | np.array([each is not None and each.tls12 for each in known])
        self.known = known
        order: list[tuple[Answers, str]] = [
            (self.any(self.scan), "scanner"),
            (below & self.any(self.retry), "fallback"),
            (below & refused, "refused already"),
            (below & held, "app-limited"),
            (below, "will break"),
            (able & refused, "refused already"),
            (able & ~suited & ~good, "cipher-limited"),
            (able & bad, "server-limited"),
            (able & good, "ready"),
            # Hellos that were not seen whole, or name no known version: the answer has to tell.
            (~below & ~able & good & ~bad, "ready"),
            (told_apart & bad, "will break"),
        ]
        self.verdict = np.select(
            [chosen for chosen, _ in order],
            [_RANK[verdict] for _, verdict in order],
            _RANK["unknown"],
        )
        self.evidence = self._evidence()
        self.cause = self._cause()
        self.confidence = self._confidence(good, bad)

    def _does_better(self) -> tuple[Answers, Answers, Answers]:
        """For each group: whether its client's stack offers enough in another hello.

        Wherever; in one of the same captures, since an address may be another machine's in
        another one; and at the same service.
        """
        import numpy as np

        family, seen = self.shapes.family, self.seen
        has = family != NONE
        mine = _pairs(self.client, family + 1)
        captures = self.handshakes["capture"].cat.codes.to_numpy()
        found = []
        for key in (mine, _pairs(mine, captures.astype(np.int64)), _pairs(mine, self.service)):
            answer = np.zeros(self.groups, dtype=bool)
            answer[self.group[seen.below & has & _among(key, seen.able & has)]] = True
            found.append(answer)
        wherever, near, here = found
        return wherever, near, here

    def _known(self) -> list[KnownList | None]:
        """For each group below the policy the stack whose list of suites it has."""
        import numpy as np

        found: list[KnownList | None] = [None] * self.groups
        first = self._first(np.zeros(len(self.group), dtype=np.int64))
        chosen = np.flatnonzero(self.seen.below[first])
        known: dict[bytes | None, KnownList | None] = {}
        lists = raw(self.handshakes["client_cipher_suites"].iloc[first[chosen]])
        for group, suites in zip(chosen.tolist(), lists, strict=True):
            if suites not in known:
                known[suites] = known_list(numbers(suites, 2))
            found[group] = known[suites]
        return found

    def _evidence(self) -> NDArray[np.int64]:
        """For each group the row that shows its verdict best: the first of the most telling."""
        import numpy as np

        seen = self.seen
        verdict = self.verdict[self.group]
        telling = {
            "will break": seen.good | seen.bad,
            "app-limited": seen.good | seen.bad,
            "cipher-limited": seen.bad,
            "server-limited": seen.bad,
            "refused already": seen.rejected,
            "fallback": self.retry & (self.better != NO_RETRY) & ~self.unsure,
            "ready": seen.good & ~seen.failed,
        }
        less = np.ones(len(verdict), dtype=np.int64)
        for name, rows in telling.items():
            less[(verdict == _RANK[name]) & rows] = 0
        less[(verdict == _RANK["ready"]) & ~seen.good] = 2
        # Of fallbacks whose failed attempt was not seen to fail those that say so themselves.
        less[(verdict == _RANK["fallback"]) & (less == 1) & ~self.retry] = 2
        return self._first(less)

    def _first(self, less: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each group its first row among those that are least."""
        import numpy as np

        key = less * len(less) + np.arange(len(less))
        lowest = np.full(self.groups, np.iinfo(np.int64).max)
        np.minimum.at(lowest, self.group, key)
        first: NDArray[np.int64] = lowest % len(less)
        return first

    def _cause(self) -> NDArray[np.int64]:
        """For each group without an answer why there is none, as a place in `CAUSES`."""
        import numpy as np

        seen, defect = self.seen, self.handshakes["defect"].astype("object")
        offered = self.handshakes["client_hello_frame"].notna().to_numpy()
        answered = self.handshakes["server_hello_frame"].notna().to_numpy()
        one_direction = seen.client_only | seen.server_only
        order = [
            (self.any(seen.whole & ~seen.below & ~seen.able), "unknown-version"),
            *(
                (self.any(self._is_in_part(offered, answered) & (defect == word)), cause)
                for word, cause in _CAUSE_OF_DEFECT.items()
            ),
            (self.any(self._is_in_part(offered, answered)), "truncated"),
            (self.any(seen.client_only & seen.ended_by_server), "lost-packets"),
            (self.any(one_direction), "one-direction"),
            (self.any(seen.unanswered), "unanswered"),
        ]
        causes = np.select(
            [chosen for chosen, _ in order],
            [CAUSES.index(cause) for _, cause in order],
            CAUSES.index("one-direction"),
        )
        result: NDArray[np.int64] = np.where(self.verdict == _RANK["unknown"], causes, _NO_CAUSE)
        return result

    def _is_in_part(self, offered: Answers, answered: Answers) -> Answers:
        """Whether a hello was seen, and not all of it."""
        whole = (
            self.handshakes[f"{side}_hello_complete"].fillna(False).to_numpy(dtype=bool)
            for side in ("client", "server")
        )
        client, server = whole
        in_part: Answers = (offered & ~client) | (answered & ~server)
        return in_part

    def _confidence(self, good: Answers, bad: Answers) -> NDArray[np.int64]:
        import numpy as np

        seen, verdict = self.seen, self.verdict
        answered = good | bad
        several = self.size > 1
        alerts = self.handshakes["alert_description"].isin(_ABOUT_THE_OFFER)
        about_the_offer = self.any(alerts.fillna(False).to_numpy(dtype=bool) & seen.rejected)
        unheard = ~answered & ~self.any(seen.rejected | seen.went_on)
        held = np.array([each is not None and each.tls12 for each in self.known])
        server_only_resumed = ~self.any(seen.bad & ~seen.resumed)
        rules: dict[str, tuple[Any, Any]] = {
            # Where it is high, where it is low; medium everywhere else.
            "will break": (answered & several & self.any(seen.below), unheard),
            "app-limited": (
                self.near & ~self.here & held,
                (self.here | ~self.near) & ~held,
            ),
            "cipher-limited": (bad, np.zeros(self.groups, dtype=bool)),
            "server-limited": (
                ~good & ~server_only_resumed & ~self.any(seen.bad & seen.cleared),
                self.any(seen.bad & seen.cleared & seen.able),
            ),
            "refused already": (about_the_offer, ~answered & ~self.any(seen.rejected)),
            "fallback": (self.any(seen.scsv & seen.below), ~self.any(self.retry & ~self.unsure)),
            "ready": (self.any(seen.able), np.zeros(self.groups, dtype=bool)),
        }
        confidence = np.full(self.groups, _MEDIUM)
        for name, (high, low) in rules.items():
            mine = verdict == _RANK[name]
            confidence[mine & high] = _HIGH
            confidence[mine & low] = _LOW
        confidence[verdict == _RANK["unknown"]] = _NOT_SAID
        return confidence

    @cached_property
    def in_captures(self) -> pd.DataFrame:
        """Which row of the table has handshakes in which capture."""
        import pandas as pd

        captures = self.handshakes["capture"].cat
        count = len(captures.categories)
        pairs = pd.unique(self.verdict_of * count + captures.codes.to_numpy())
        return pd.DataFrame(
            {
                "verdict": pairs // count,
                "capture": captures.categories.to_numpy()[pairs % count],
            }
        )

    @cached_property
    def verdict_of(self) -> NDArray[np.int64]:
        """For each handshake its row in the table."""
        import numpy as np

        place = np.empty(self.groups, dtype=np.int64)
        place[self.order] = np.arange(self.groups)
        of_row: NDArray[np.int64] = place[self.group]
        return of_row

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The groups in the order of the table."""
        import numpy as np

        from tlsaudit.forecast.table import place_of_clients

        # The stacks' names are sorted once, not for every group.
        places = np.append(np.argsort(np.argsort(self.shapes.names, kind="stable")), -1)
        return np.lexsort(
            (
                places[self.shapes.stack[self.evidence]],
                _places(self.services),
                place_of_clients(self.handshakes["client"].iloc[self.evidence]),
                self.verdict,
            )
        )

    @cached_property
    def services(self) -> pd.Series[str]:
        """For each group its service as text."""
        from tlsaudit.forecast.table import service_texts

        columns = ["server", "server_name", "server_port"]
        return service_texts(self.handshakes[columns].iloc[self.evidence])


def _numbers(values: pd.Series[Any]) -> NDArray[np.int64]:
    """The values numbered from 0, null included."""
    import numpy as np
    import pandas as pd

    return pd.factorize(values, use_na_sentinel=False)[0].astype(np.int64)


def _ports(handshakes: pd.DataFrame) -> NDArray[np.int64]:
    return handshakes["server_port"].fillna(0).to_numpy(dtype="int64")


def _pairs(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of numbers numbered from 0."""
    return _again(one * (int(other.max()) + 1) + other)


def _again(numbers_: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np
    import pandas as pd

    return pd.factorize(numbers_)[0].astype(np.int64)


def _among(values: NDArray[np.int64], rows: Answers) -> Answers:
    """Whether each value is that of one of these rows; values are numbered from 0."""
    import numpy as np

    present = np.zeros(int(values.max()) + 1, dtype=bool)
    present[values[rows]] = True
    result: Answers = present[values]
    return result


def _places(texts: Any) -> NDArray[np.int64]:
    """The place of each text among the sorted ones."""
    import numpy as np
    import pandas as pd

    return pd.factorize(pd.Series(texts, dtype="str"), sort=True)[0].astype(np.int64)
