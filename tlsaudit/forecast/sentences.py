"""The verdict of a row as a sentence that a person can read.

Rows that say the same differ only in client and service, so a sentence is put together once for
all of them: three pieces, the client after the first and the service after the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tlsaudit import registry

__all__ = ["Said", "pieces"]

Pieces: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence depends on, client and service apart.

    `cleared`: the server's mark says that it can do better. `retry`: the better hello that
    failed was seen; `unsure`: of that only the client's side was captured. `better`: the stack
    offers more in another hello. `good`: other handshakes of the row are as they should be.
    `failed`: every handshake of the row failed after the hellos. `suited`: a suite that is
    accepted was offered. `below`: the version that was offered is too old. `known`: a stack
    that can do better has this list of suites, and `known_remedy` is what helps whatever stack
    has it. `applies`: the policy speaks of the service; null where that is not known.
    """

    verdict: str
    because: str | None
    offered: int | None
    negotiated: int | None
    suite: int | None
    alert: int | None
    end: str | None
    heard: bool
    suited: bool
    accepted_version: bool
    cleared: bool
    resumed: bool
    retry: bool
    unsure: bool
    better: bool
    good: bool
    failed: bool
    below: bool
    applies: bool | None
    carrier: str | None
    known: str | None
    known_remedy: str | None
    demanded: str


def pieces(said: Said) -> Pieces:
    """Give the three pieces of the sentence: before the client, before the service, after it."""
    return _SENTENCES[said.verdict](said)


def _once(said: Said) -> str:
    """Say when: nobody enforces a policy at a service that it does not speak of."""
    if said.applies is False:
        return f"if {said.demanded} were enforced there"
    return f"once {said.demanded} is enforced"


def _will_break(said: Said) -> Pieces:
    rest = f": it {'could not' if said.applies is False else 'cannot'} connect there {_once(said)}"
    if not said.heard:
        rest += "; the server's answers were not captured"
    return "", f"{_most(said)} to ", f"{rest}."


def _app_limited(said: Said) -> Pieces:
    reasons = []
    if said.better:
        reasons.append("the same stack offers more in other hellos of this client")
    if said.known:
        reasons.append(f"the order of its suites is that of {said.known}")
    rest = (
        f", though its TLS stack can do better ({'; '.join(reasons)}): a program or a setting "
        f"holds it there, and it {'could not' if said.applies is False else 'cannot'} connect "
        f"{_once(said)}."
    )
    return "", f"{_most(said)} to ", rest


def _cipher_limited(said: Said) -> Pieces:
    chosen = f"; {_suite(said)} was negotiated" if said.suite is not None else ""
    rest = f", but no cipher suite that is accepted {_once(said)}{chosen}."
    return "", f" offers {_version(said.offered)} to ", rest


def _server_limited(said: Said) -> Pieces:
    if said.accepted_version:
        chosen = f"{_suite(said)}, though better suites were offered"
    else:
        chosen = _version(said.negotiated)
    rest = f", and the server chose {chosen}"
    if said.good:
        rest += " in some handshakes, in others not"
    if said.cleared and not said.accepted_version:
        rest += (
            "; yet the server's mark says that it can do better: perhaps a box between them "
            "changes the hello"
        )
    else:
        rest += ": the server is to be changed, not the client"
    if said.resumed:
        rest += "; it took up an earlier session, whose beginning counts"
    return "", f" offers {_version(said.offered)} to ", f"{rest}."


def _refused(said: Said) -> Pieces:
    if said.alert is not None:
        how = f"by alert {registry.alert_name(said.alert)}"
    else:
        how = {"rst-server": "by a reset", "fin-server": "by a close"}.get(
            said.end or "", "without a ServerHello"
        )
    offer = f"offered at most {_version(said.offered)}"
    if not said.below:
        offer = f"offered {_version(said.offered)}"
        if said.suited:
            offer += ", which the policy accepts"
        else:
            offer += " without a suite that the policy accepts"
    return "", " is refused by ", f" already, {how}: it {offer}."


def _fallback(said: Said) -> Pieces:
    why = (
        "after a better hello to it failed"
        if said.retry and not said.unsure
        else "after a better hello to it that led to nothing, as far as the one direction shows "
        "that was captured"
        if said.retry
        else "and says so itself; the attempt before it was not captured"
    )
    rest = f" {why}: the client can do better, and what failed before is to be looked at."
    return "", f" fell back to {_version(said.offered)} with ", rest


def _unknown(said: Said) -> Pieces:
    cause = {
        "one-direction": "only one direction of the connection was captured",
        "truncated": "packets were cut before the end of a hello",
        "lost-packets": "a part of a hello is missing in the capture",
        "malformed": "a hello contradicts itself",
        "reader-limit": "a bound of the reader was reached within a hello",
        "unanswered": "the server said nothing",
        "unknown-version": "its hello names no version that is known",
    }[said.because or "one-direction"]
    rest = f" cannot be told, because {cause}"
    if said.because in ("one-direction", "unanswered") and said.offered is not None:
        rest += f"; its own offer, {_version(said.offered)}, is enough"
    return "What becomes of ", " with ", f"{rest}."


def _scanner(_said: Said) -> Pieces:
    return "", " tries out versions and suites on ", ", as scanners do: not counted."


def _ready(said: Said) -> Pieces:
    text = f" negotiate {_version(said.negotiated)}"
    if said.suite is not None:
        text += f" with {_suite(said)}"
    rest = "they keep working"
    if said.failed:
        rest = "the policy accepts that; every handshake failed afterwards, for another reason"
    return "", " and ", f"{text}: {rest}."


_SENTENCES: dict[str, Callable[[Said], Pieces]] = {
    "will break": _will_break,
    "app-limited": _app_limited,
    "cipher-limited": _cipher_limited,
    "server-limited": _server_limited,
    "refused already": _refused,
    "fallback": _fallback,
    "unknown": _unknown,
    "scanner": _scanner,
    "ready": _ready,
}


def _most(said: Said) -> str:
    return f" offers at most {_version(said.offered)}"


def _version(code: int | None) -> str:
    return "no known version" if code is None else registry.version_name(code)


def _suite(said: Said) -> str:
    return "no suite" if said.suite is None else registry.cipher_suite_name(said.suite)
