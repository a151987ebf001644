"""Policies: how bad each pattern is here, and for whom it is excused.

A policy is a TOML file:

    name = "office"
    title = "Our office network"
    demand = "TLS 1.2 or newer, no 3DES"
    description = "What the office network must keep to."
    source = "Security handbook, chapter 4"

    extends = "entra"               # optional: a shipped policy that this one adds to

    [severity]                      # a rule that is not named is off
    tls10-negotiated = "high"       # none (off), info, low, medium or high
    3des-offered = "info"

    [requires]                      # what a service that enforces it still accepts
    version = "TLS 1.2"             # and the rest as in `requirement.py`
    refused = ["3des"]

    [[service]]                     # which services it speaks of; none = all
    title = "Sign-in"
    server_names = ["login.example.org"]

    [[exception]]                   # every condition that is given must hold
    reason = "Printer, replaced in spring"
    rule = "tls10-negotiated"       # optional
    client = "10.1.2.0/24"          # optional: an address or a network
    server_name = "*.example.org"   # optional: a name, `*.` stands for any subdomain
    server_port = 636               # optional
    severity = "info"               # optional: instead of the rule's; `none` drops the finding

The first exception that fits a finding applies. A policy that extends another one takes over every
field that it does not give, rule by rule and requirement by requirement; its services and
exceptions stand before those of the other.
"""

from __future__ import annotations

import ipaddress
import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tlsaudit.errors import PolicyError
from tlsaudit.findings.requirement import (
    Requirement,
    Service,
    check_requirement,
    check_service,
)
from tlsaudit.findings.rules import RULES
from tlsaudit.schema import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Policy", "PolicyException", "load_policy", "policy_names"]

_HIGHEST_PORT = 65535


class PolicyException(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Findings that are excused, or judged otherwise; null = that condition is not set."""

    reason: str
    rule: str | None = None
    client: str | None = None
    server_name: str | None = None
    server_port: int | None = None
    severity: str = "none"


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is demanded: of whom, how bad each rule is (not named = off), and exceptions."""

    name: str
    title: str
    demand: str
    description: str
    source: str
    severity: dict[str, str]
    requires: Requirement = Requirement()
    service: tuple[Service, ...] = ()
    exception: tuple[PolicyException, ...] = ()

    def severity_of(self, rule: str) -> str:
        """The severity of a rule, exceptions apart; `none` if it is off."""
        return self.severity.get(rule, "none")


def policy_names() -> tuple[str, ...]:
    """The names of the shipped policies, sorted."""
    return tuple(sorted(_shipped()))


def load_policy(name_or_path: str | os.PathLike[str]) -> Policy:
    """The shipped policy of that name, or the policy in a TOML file.

    Raises PolicyError, naming the file and the field, for one that is missing or wrong.
    """
    given = os.fspath(name_or_path)
    shipped = _shipped()
    if isinstance(name_or_path, str) and given in shipped:
        return _parse(shipped[given], given)
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        names = ", ".join(sorted(shipped))
        raise PolicyError(
            f"{given}: there is no such file, and no policy of that name is shipped ({names})"
        ) from None
    except UnicodeDecodeError:
        raise PolicyError(f"{given}: the file is not UTF-8 text") from None
    except OSError as error:
        raise PolicyError(f"{given}: cannot be read: {error.strerror}") from None
    return _parse(text, given)


def _shipped() -> Mapping[str, str]:
    folder = resources.files("tlsaudit.findings").joinpath("policies")
    return {
        file.name.removesuffix(".toml"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


def _parse(text: str, where: str) -> Policy:
    try:
        given = _merged(msgspec.toml.decode(text), where)
        policy = msgspec.convert(given, Policy)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        field = f"{path.removesuffix('`')}: " if path else ""
        raise PolicyError(f"{where}: {field}{message}") from None
    except msgspec.DecodeError as error:
        raise PolicyError(f"{where}: not TOML: {error}") from None
    _check(policy, where)
    return policy


def _merged(given: dict[str, Any], where: str) -> dict[str, Any]:
    """Give the fields of a policy with those of the shipped one that it extends."""
    if "extends" not in given:
        return given
    name, shipped = given.pop("extends"), _shipped()
    if name not in shipped:
        names = ", ".join(sorted(shipped))
        raise PolicyError(f"{where}: extends: `{name}` is not a shipped policy ({names})")
    merged: dict[str, Any] = msgspec.toml.decode(shipped[name])
    for field, value in given.items():
        below = merged.get(field)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[field] = below | value
        elif isinstance(value, list) and isinstance(below, list):
            merged[field] = value + below
        else:
            merged[field] = value
    return merged


def _check(policy: Policy, where: str) -> None:
    for rule, severity in policy.severity.items():
        _check_rule(rule, f"{where}: severity")
        _check_severity(severity, f"{where}: severity.{rule}")
    check_requirement(policy.requires, f"{where}: requires")
    for number, service in enumerate(policy.service):
        check_service(service, f"{where}: service[{number}]")
    for number, exception in enumerate(policy.exception):
        field = f"{where}: exception[{number}]"
        _check_severity(exception.severity, f"{field}.severity")
        if exception.rule is not None:
            _check_rule(exception.rule, f"{field}.rule")
        if exception.client is not None:
            try:
                ipaddress.ip_network(exception.client)
            except ValueError as error:
                raise PolicyError(f"{field}.client: {error}") from None
        port = exception.server_port
        if port is not None and not 0 <= port <= _HIGHEST_PORT:
            raise PolicyError(f"{field}.server_port: {port} is not a port")
        if not exception.reason.strip():
            raise PolicyError(f"{field}.reason: an exception needs a reason")
        if (exception.rule, exception.client, exception.server_name, port) == (None,) * 4:
            raise PolicyError(
                f"{field}: one of rule, client, server_name and server_port must be given"
            )


def _check_rule(rule: str, field: str) -> None:
    if all(rule != known.ident for known in RULES):
        names = ", ".join(known.ident for known in RULES)
        raise PolicyError(f"{field}: `{rule}` is not a rule; the rules are {names}")


def _check_severity(severity: str, field: str) -> None:
    if severity not in SEVERITIES:
        raise PolicyError(f"{field}: `{severity}` is not one of {', '.join(SEVERITIES)}")
