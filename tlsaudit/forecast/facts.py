"""What each handshake shows under a policy: one boolean per row and question, never null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.schema.lists import flat

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.findings import Requirement

    Answers = NDArray[np.bool_]

__all__ = ["Facts", "facts"]


@dataclass(frozen=True)
class Facts:
    """The answers, a row per handshake.

    `whole`: a whole ClientHello was seen. `below`, `able`: its best version is less than, or at
    least, what is demanded; neither if it names no known version. `suited`: it offers a suite that
    is accepted. `good`, `bad`: the server chose version and suite that are accepted, or not;
    neither without a ServerHello. `resumed`: an earlier session was taken up, so the choice was
    made then. `cleared`: the server's mark says that it can do better than it chose. `went_on`: the
    server's hello was not captured, and the client sent more than its own, as it does once it has
    the server's. `ended_by_server`: a close or reset of the server's was captured.
    """

    whole: Answers
    below: Answers
    able: Answers
    suited: Answers
    good: Answers
    bad: Answers
    resumed: Answers
    cleared: Answers
    scsv: Answers
    completed: Answers
    rejected: Answers
    failed: Answers
    unanswered: Answers
    client_only: Answers
    server_only: Answers
    went_on: Answers
    ended_by_server: Answers


def facts(handshakes: pd.DataFrame, requires: Requirement) -> Facts:
    """Ask every row of the handshake table."""
    version_accepted, ranked, tls13 = _version_tables(requires)
    best = handshakes["client_max_version"]
    whole = _yes(handshakes["client_hello_complete"]) & _there(handshakes["client_hello_frame"])
    known = whole & _there(best) & ranked[_codes(best)]
    enough = version_accepted[_codes(best)]
    negotiated, suite = handshakes["negotiated_version"], handshakes["negotiated_cipher_suite"]
    answered = _there(handshakes["server_hello_frame"]) & _there(negotiated)
    # A suite that nobody knows speaks against nobody.
    accepted = (_suite_table(requires) | _unknown_suites())[_codes(suite)]
    good = answered & version_accepted[_codes(negotiated)] & (accepted | ~_there(suite))
    outcome = handshakes["outcome"]
    sent_more = (handshakes["payload_bytes"].fillna(0) > 0).to_numpy(dtype=bool)
    no_alert = ~_there(handshakes["alert_description"])
    return Facts(
        whole=whole,
        below=known & ~enough,
        able=known & enough,
        suited=_suited(handshakes, requires, tls13[_codes(best)]),
        good=good,
        bad=answered & ~good,
        resumed=_yes(handshakes["resumed"]),
        cleared=(handshakes["downgrade_sentinel"] == "tls11-or-below").to_numpy(dtype=bool),
        went_on=(outcome == "client_only").to_numpy(dtype=bool) & sent_more & no_alert,
        ended_by_server=handshakes["end"].isin(["rst-server", "fin-server"]).to_numpy(dtype=bool),
        scsv=known & _yes(handshakes["client_fallback_scsv"]),
        **{
            name: (outcome == name).to_numpy(dtype=bool)
            for name in (
                *("completed", "rejected", "failed", "unanswered"),
                *("client_only", "server_only"),
            )
        },
    )


def _suited(handshakes: pd.DataFrame, requires: Requirement, offers_tls13: Answers) -> Answers:
    """Whether a suite is offered that is accepted and fits a version that is offered."""
    import numpy as np

    table, of_tls13 = _suite_table(requires), _tls13_suites()
    rows, suites = flat(handshakes["client_cipher_suites"])
    older, newer = (np.zeros(len(handshakes), dtype=bool) for _ in range(2))
    accepted = table[suites]
    newest = of_tls13[suites]
    older[rows[accepted & ~newest]] = True
    newer[rows[accepted & newest]] = True
    result: Answers = older | (newer & offers_tls13)
    return result


def _version_tables(requires: Requirement) -> tuple[Answers, Answers, Answers]:
    """For every code point: whether it is accepted, stands on the ladder, and is TLS 1.3."""
    import numpy as np

    accepted, ranked, tls13 = (np.zeros(0x10000, dtype=bool) for _ in range(3))
    for code in registry.VERSIONS:
        accepted[code] = requires.accepts_version(code)
        ranked[code] = registry.version_rank(code) is not None
        tls13[code] = registry.is_tls13(code)
    return accepted, ranked, tls13


def _suite_table(requires: Requirement) -> Answers:
    import numpy as np

    table = np.zeros(0x10000, dtype=bool)
    for code in registry.cipher_suites():
        table[code] = requires.accepts_suite(code)
    return table


def _unknown_suites() -> Answers:
    import numpy as np

    table = np.ones(0x10000, dtype=bool)
    table[list(registry.cipher_suites())] = False
    return table


def _tls13_suites() -> Answers:
    import numpy as np

    table = np.zeros(0x10000, dtype=bool)
    for code, suite in registry.cipher_suites().items():
        # They name no key exchange.
        table[code] = not suite.key_exchange
    return table


def _yes(answers: pd.Series[Any]) -> Answers:
    return answers.fillna(False).to_numpy(dtype=bool)


def _there(values: pd.Series[Any]) -> Answers:
    return values.notna().to_numpy(dtype=bool)


def _codes(values: pd.Series[Any]) -> NDArray[np.uint16]:
    return values.fillna(0).to_numpy(dtype="uint16")
