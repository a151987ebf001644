"""`docs/rules.md`, printed from the rules and the shipped policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit.findings.policy import load_policy, policy_names
from tlsaudit.findings.rules import RULES

if TYPE_CHECKING:
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
        f"{policy.description} Source: {policy.source}.\n"
        for policy in policies
    ]
    parts.append(
        "\nA policy of your own is a TOML file (`--policy FILE.toml`) with the fields of the "
        "shipped ones, and may have exceptions:\n\n"
        "```toml\n"
        "[[exception]]                   # every condition that is given must hold\n"
        'reason = "Printer, replaced in spring"\n'
        'rule = "tls10-negotiated"       # optional\n'
        'client = "10.1.2.0/24"          # optional: an address or a network\n'
        'server_name = "*.example.org"   # optional: a name, `*.` stands for any subdomain\n'
        "server_port = 636               # optional\n"
        'severity = "info"               # optional: instead of the rule\'s; `none` drops it\n'
        "```\n"
    )
    header = " | ".join(f"`{policy.name}`" for policy in policies)
    parts.append(f"\n| rule | basis | {header} |\n|---|---|{'---|' * len(policies)}\n")
    for rule in RULES:
        severities = " | ".join(policy.severity_of(rule.ident) for policy in policies)
        parts.append(f"| [`{rule.ident}`](#{rule.ident}) | {rule.basis} | {severities} |\n")
    parts += [_section(rule) for rule in RULES]
    return "".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"\n## {rule.ident}\n\n**{rule.title}.** {rule.what}\n\n"
        f"Why it matters: {rule.why}\n\n"
        f"What to do: {rule.remedy}\n\n"
        f"Sources: {', '.join(rule.sources)}.\n"
    )
