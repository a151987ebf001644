"""Findings: the handshakes that break a rule, and how bad that is under a policy.

    find(handshakes, load_policy("entra"))

gives the findings table; `markdown()` prints docs/rules.md.
"""

from tlsaudit.findings.document import markdown
from tlsaudit.findings.find import find
from tlsaudit.findings.policy import Policy, PolicyException, load_policy, policy_names
from tlsaudit.findings.requirement import Requirement, Service
from tlsaudit.findings.rules import RULES, Rule, rule

__all__ = [
    "RULES",
    "Policy",
    "PolicyException",
    "Requirement",
    "Rule",
    "Service",
    "find",
    "load_policy",
    "markdown",
    "policy_names",
    "rule",
]
