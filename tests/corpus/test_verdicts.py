"""Verdicts on real captures: what must hold whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas
import pytest
from support.needs import corpus_folder

import tlsaudit

if TYPE_CHECKING:
    from tlsaudit import Audit


@pytest.fixture(scope="module")
def audit() -> Audit:
    return tlsaudit.audit(corpus_folder() / "dev")


def test_every_handshake_has_a_verdict_and_every_client_with_it(audit: Audit) -> None:
    forecast = audit.forecast
    assert len(forecast.verdict_of) == len(audit.handshakes) > 1000
    told = forecast.verdicts["client"].to_numpy()[forecast.verdict_of]
    assert (told == audit.handshakes["client"]).all()
    assert set(forecast.by_client["name"]) == set(audit.clients["client"])


def test_unknown_has_a_cause_and_is_never_said_of_a_whole_exchange(audit: Audit) -> None:
    verdicts, handshakes = audit.verdicts, audit.handshakes
    unknown = verdicts["verdict"] == "unknown"
    assert unknown.sum() > 10
    assert (verdicts["because"].notna() == unknown).all()
    both = (
        handshakes["client_hello_complete"].fillna(False).astype(bool)
        & handshakes["server_hello_complete"].fillna(False).astype(bool)
        & ~handshakes["outcome"].isin(["client_only", "server_only"])
    )
    assert not (both & unknown.to_numpy()[audit.forecast.verdict_of]).any()


def test_no_stack_that_offers_enough_will_break(audit: Audit) -> None:
    verdicts, accepts = audit.verdicts, audit.policy.requires.accepts_version
    enough = verdicts["offered"].map(lambda code: not pandas.isna(code) and accepts(int(code)))
    broken = verdicts["verdict"] == "will break"
    assert broken.sum() > 100
    assert not (enough & broken).any()
    stacks = {
        name: set(zip(rows["client"], rows["stack"], strict=True))
        for name, rows in (("enough", verdicts[enough]), ("broken", verdicts[broken]))
    }
    assert not stacks["enough"] & stacks["broken"]
