"""`docs/rules.md`, printed from the rules and the shipped policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit.findings.policy import load_policy, policy_names
from tlsaudit.findings.requirement import SUITE_KINDS
from tlsaudit.findings.rules import RULES

if TYPE_CHECKING:
    from tlsaudit.findings.policy import Policy
    from tlsaudit.findings.requirement import Service
    from tlsaudit.findings.rules import Rule

__all__ = ["markdown"]

_INTRODUCTION = """\
# Rules and policies

Generated from `tlsaudit/findings/` by `python scripts/generate_docs.py`; do not edit.

A rule names a pattern; a policy says how bad it is: `none` (off), `info`, `low`, `medium` or
`high`. *Negotiated* patterns are proved by the ServerHello, *offered* ones by the ClientHello; a
finding gives the frame of that hello. The version in the record header is evidence of nothing.
What was not seen is not flagged, and neither is a version that a hello seen only in part cannot
settle. Whether such a hello says that it is a fallback (0x5600) may be in the part not seen.
"""


def markdown() -> str:
    """The text of `docs/rules.md`: the policies, then every rule."""
    policies = [load_policy(name) for name in policy_names()]
    parts = [_INTRODUCTION, "\n## Policies\n"]
    parts += [
        f"\n**`{policy.name}`** ({policy.title}): {policy.demand}. "
        f"{policy.description} {_requirement(policy)} Source: {policy.source}.\n"
        for policy in policies
    ]
    parts.append(
        "\nA policy of your own is a TOML file (`--policy FILE.toml`) with the fields of the "
        "shipped ones. With `extends` it has to hold no more than what is other than in a shipped "
        "one; its services and exceptions are added before those. Services tell which verdicts "
        "the forecast counts first; findings and their severities are the same everywhere. For "
        "instance:\n\n"
        "```toml\n"
        'extends = "entra"\n'
        'name = "our-sign-in"\n\n'
        "[requires]\n"
        'version = "TLS 1.2"             # the least version\n'
        'refused = ["3des", "cbc"]       # kinds of cipher suites\n'
        "refused_suites = []             # single ones, by IANA's name\n"
        'only_ciphers = ["AES"]          # suites with other ciphers are refused\n\n'
        "[severity]\n"
        'fallback-offered = "medium"     # none (off), info, low, medium or high\n\n'
        "[[service]]                     # which services it speaks of; without any: all\n"
        'title = "Our federation server"\n'
        'server_names = ["sts.example.org", "*.login.example.org"]\n'
        "ports = [443]                   # every condition that is given must hold\n"
        'carriers = ["tls"]              # as docs/carriers.md lists them\n'
        'transports = ["tcp"]            # as the handshake table has them\n\n'
        "[[exception]]                   # every condition that is given must hold\n"
        'reason = "Printer, replaced in spring"\n'
        'rule = "tls10-negotiated"       # optional\n'
        'client = "10.1.2.0/24"          # optional: an address or a network\n'
        'server_name = "*.example.org"   # optional: a name, `*.` stands for any subdomain\n'
        "server_port = 636               # optional\n"
        'severity = "info"               # optional: instead of the rule\'s; `none` drops it\n'
        "```\n"
    )
    parts.append(
        "\nThe kinds of cipher suites that `refused` may list:\n\n| kind | suites with |\n"
    )
    parts.append("|---|---|\n")
    parts += [f"| `{kind}` | {says} |\n" for kind, (says, _) in SUITE_KINDS.items()]
    header = " | ".join(f"`{policy.name}`" for policy in policies)
    parts.append(f"\n| rule | basis | {header} |\n|---|---|{'---|' * len(policies)}\n")
    for rule in RULES:
        severities = " | ".join(policy.severity_of(rule.ident) for policy in policies)
        parts.append(f"| [`{rule.ident}`](#{rule.ident}) | {rule.basis} | {severities} |\n")
    parts += [_section(rule) for rule in RULES]
    return "".join(parts)


def _requirement(policy: Policy) -> str:
    requires = policy.requires
    refused = [SUITE_KINDS[kind][0] for kind in requires.refused]
    text = f"What it accepts: {requires.version} or newer"
    if requires.only_ciphers:
        text += f", suites with {' or '.join(requires.only_ciphers)}"
    text += f"; refused: {', '.join(refused)}." if refused else "."
    if policy.service:
        text += f" It speaks of: {'; '.join(_service(each) for each in policy.service)}."
    return text


def _service(service: Service) -> str:
    where = [f"`{name}`" for name in service.server_names]
    where += [f"port {port}" for port in service.ports]
    where += [f"carrier `{carrier}`" for carrier in service.carriers]
    where += [f"transport `{transport}`" for transport in service.transports]
    return f"{service.title} ({', '.join(where)})"


def _section(rule: Rule) -> str:
    return (
        f"\n## {rule.ident}\n\n**{rule.title}.** {rule.what}\n\n"
        f"Why it matters: {rule.why}\n\n"
        f"What to do: {rule.remedy}\n\n"
        f"Sources: {', '.join(rule.sources)}.\n"
    )
