"""Verdicts on real captures: what must hold whatever they are, and those checked by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas
import pytest
from support.needs import corpus_folder

import tlsaudit
from tlsaudit.forecast import forecast

if TYPE_CHECKING:
    from tlsaudit import Audit


BY_HAND = tomllib.loads(Path(__file__).with_name("verdicts.toml").read_text("utf-8"))["verdict"]


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


def test_at_least_forty_verdicts_were_checked_by_hand_of_each_kind_some() -> None:
    assert len(BY_HAND) >= 40
    assert all(each["why"].strip() for each in BY_HAND)
    kinds = {each["verdict"] for each in BY_HAND}
    assert kinds >= {"will break", "app-limited", "cipher-limited", "server-limited", "ready"}
    assert kinds >= {"refused already", "fallback", "unknown"}


@pytest.mark.parametrize(
    "expected", [pytest.param(each, id=f"{n}-{each['verdict']}") for n, each in enumerate(BY_HAND)]
)
def test_what_was_checked_by_hand_agrees(expected: dict[str, Any], audit: Audit) -> None:
    name = str(corpus_folder() / "dev" / expected["capture"])
    alone = audit.handshakes[audit.handshakes["capture"] == name]
    assert len(alone) > 0
    verdicts = forecast(alone.reset_index(drop=True), audit.policy).verdicts
    mine = verdicts[verdicts["service"] == expected["service"]]
    for column, key in (("offered", "offered"), ("negotiated_cipher_suite", "suites")):
        if key in expected:
            wanted = expected[key] if key == "suites" else [expected[key]]
            mine = mine[mine[column].isin(wanted)]
    assert set(mine["verdict"]) == {expected["verdict"]}
    for column in ("because", "confidence"):
        if column in expected:
            assert set(mine[column]) == {expected[column]}
