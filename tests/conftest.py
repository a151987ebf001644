"""Audits for tests, made of literal rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.tables import (
    HOSTILE,
    HOSTILE_CAPTURE,
    HOSTILE_FORMULA,
    OLD_ANSWER,
    OLD_VERSION,
    capture_row,
    handshake_row,
    make_handshakes,
    office_rows,
)

if TYPE_CHECKING:
    from tlsaudit import Audit


@pytest.fixture(scope="session")
def make_audit() -> Callable[..., Audit]:
    """A function from rows of handshakes and captures to an Audit."""
    from tlsaudit import Audit, schema
    from tlsaudit.findings import load_policy

    def make(
        rows: list[dict[str, Any]],
        captures: list[dict[str, Any]] | None = None,
        policy: str = "entra",
    ) -> Audit:
        return Audit(
            make_handshakes(rows),
            schema.captures_frame([capture_row()] if captures is None else captures),
            load_policy(policy),
        )

    return make


@pytest.fixture(scope="session")
def office(make_audit: Callable[..., Audit]) -> Audit:
    """The audit of `office_rows`."""
    return make_audit(office_rows())


@pytest.fixture(scope="session")
def hostile(make_audit: Callable[..., Audit]) -> Audit:
    """An audit in which every string that was captured, named or logged is an attack."""
    from tlsaudit import schema
    from tlsaudit.events import Logged, SignIn

    old = {**OLD_VERSION, **OLD_ANSWER, "capture": HOSTILE_CAPTURE}
    program = {"client_process": HOSTILE, "client_pid": 4242, "client_process_basis": "syn"}
    rows = [
        handshake_row(number=0, server_name=HOSTILE, client_alpn=[HOSTILE], **program, **old),
        handshake_row(number=1, server_name=HOSTILE_FORMULA, negotiated_alpn=HOSTILE, **old),
        handshake_row(number=2, client=HOSTILE, server_name="$\\frac{$", **old),
    ]
    failed = capture_row(
        capture=HOSTILE_CAPTURE + ".txt",
        readable=False,
        format=None,
        error_kind="not_a_capture",
        error=f"{HOSTILE_CAPTURE}.txt: it is a text and no packet capture",
    )
    audit = make_audit(rows, [capture_row(capture=HOSTILE_CAPTURE, limits=HOSTILE), failed])
    names = [{"address": "192.0.2.10", "name": HOSTILE, "kind": "host", "source": "hosts"}]
    said = {"Type": "client", "TargetName": HOSTILE_FORMULA, "CallerProcessImageName": HOSTILE}
    at = int(rows[0]["ts"])
    logged = [Logged(HOSTILE_CAPTURE, number, at, HOSTILE, 1, said) for number in (36871, 36888)]
    signed_in = SignIn(HOSTILE_CAPTURE, HOSTILE, at, HOSTILE, HOSTILE, HOSTILE_FORMULA, HOSTILE)
    return replace(
        audit,
        names=schema.from_rows(names, schema.NAMES),
        logged=tuple(logged),
        legacy_sign_ins=(signed_in,),
    )
