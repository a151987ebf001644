"""What an error in hand means: codes of sign-in services, Schannel, TLS alerts and refusals.

    answer = tlsaudit.explain("AADSTS1002016")
    print(answer)

The texts are `codes/*.toml`, each with its sources; nothing is looked up anywhere.
"""

from tlsaudit.explanations.entries import KINDS, Explanation, explanations
from tlsaudit.explanations.lookup import Answer, alert_explanation, explain, named

__all__ = [
    "KINDS",
    "Answer",
    "Explanation",
    "alert_explanation",
    "explain",
    "explanations",
    "named",
]
