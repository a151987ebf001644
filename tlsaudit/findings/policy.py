"""Policies: how bad each pattern is here, and for whom it is excused.

A policy is a TOML file:

    name = "office"
    title = "Our office network"
    demand = "TLS 1.2 or newer, no 3DES"
    description = "What the office network must keep to."
    source = "Security handbook, chapter 4"

    [severity]                      # a rule that is not named is off
    tls10-negotiated = "high"       # none (off), info, low, medium or high
    3des-offered = "info"

    [[exception]]                   # every condition that is given must hold
    reason = "Printer, replaced in spring"
    rule = "tls10-negotiated"       # optional
    client = "10.1.2.0/24"          # optional: an address or a network
    server_name = "*.example.org"   # optional: a name, `*.` stands for any subdomain
    server_port = 636               # optional
    severity = "info"               # optional: instead of the rule's; `none` drops the finding

The first exception that fits a finding applies.
"""

from __future__ import annotations

import ipaddress
import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tlsaudit.errors import PolicyError
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
    """What is demanded: a severity per rule (not named = off), and exceptions."""

    name: str
    title: str
    demand: str
    description: str
    source: str
    severity: dict[str, str]
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
        policy = msgspec.toml.decode(text, type=Policy)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        field = f"{path.removesuffix('`')}: " if path else ""
        raise PolicyError(f"{where}: {field}{message}") from None
    except msgspec.DecodeError as error:
        raise PolicyError(f"{where}: not TOML: {error}") from None
    _check(policy, where)
    return policy


def _check(policy: Policy, where: str) -> None:
    for rule, severity in policy.severity.items():
        _check_rule(rule, f"{where}: severity")
        _check_severity(severity, f"{where}: severity.{rule}")
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
