"""Rules and a policy applied to the handshake table."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.findings.rules import RULES

if TYPE_CHECKING:
    import pandas as pd

    from tlsaudit.findings.policy import Policy, PolicyException
    from tlsaudit.findings.rules import Rule

__all__ = ["find"]

_FROM_HANDSHAKE = (
    *("capture", "transport", "stream", "handshake", "ts", "client", "client_ip"),
    *("server", "server_ip", "server_port", "server_name"),
    *("tunnel", "outer_client_ip", "outer_server_ip"),
    *("client_hello_frame", "server_hello_frame"),
)


def find(handshakes: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The findings table: one row per handshake and rule that it breaks under the policy.

    `handshakes` is the handshake table with its derived columns. Rows are in its order, and
    within one handshake in the order of the rules. Rules that the policy leaves off and findings
    that it excuses are not there; severity `none` does not occur.
    """
    import pandas as pd

    parts = [
        part
        for order, rule in enumerate(RULES)
        if policy.severity_of(rule.ident) != "none"
        and (part := _findings_of(rule, order, handshakes, policy)) is not None
    ]
    if not parts:
        return schema.empty(schema.FINDINGS)
    found = pd.concat(parts, ignore_index=True).sort_values(["_row", "_order"], kind="stable")
    found = found.drop(columns=["_row", "_order"]).reset_index(drop=True)
    return schema.conform(found, schema.FINDINGS)


def _findings_of(
    rule: Rule, order: int, handshakes: pd.DataFrame, policy: Policy
) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd

    rows = np.flatnonzero(rule.matches(handshakes).to_numpy())
    severity = pd.Series(policy.severity_of(rule.ident), index=rows, dtype="object")
    matching = handshakes.iloc[rows].set_axis(rows)
    # From the last to the first, so that the first exception that fits stands.
    for exception in reversed(policy.exception):
        if exception.rule in (None, rule.ident):
            severity[_fits(exception, matching)] = exception.severity
    kept = matching[severity != "none"]
    if kept.empty:
        return None
    found = kept[list(_FROM_HANDSHAKE)].copy()
    # Captures and transports have other categories in each part; Arrow brings them together.
    for name in ("capture", "transport"):
        found[name] = found[name].astype("str")
    found["rule"] = rule.ident
    found["severity"] = severity[kept.index]
    found["basis"] = rule.basis
    found["evidence_frame"] = kept[rule.evidence]
    found["observed"] = rule.observed(kept)
    found["reference"] = rule.sources[0]
    found["_row"] = kept.index
    found["_order"] = order
    return found


def _fits(exception: PolicyException, frame: pd.DataFrame) -> pd.Series[bool]:
    import pandas as pd

    fits = pd.Series(True, index=frame.index)
    if exception.client is not None:
        network = ipaddress.ip_network(exception.client)
        inside = {client for client in frame["client"].unique() if _is_inside(client, network)}
        fits &= frame["client"].isin(inside)
    if exception.server_name is not None:
        wanted = exception.server_name.lower()
        names = frame["server_name"].fillna("")
        if wanted.startswith("*."):
            fits &= names.str.endswith(wanted[1:])
        else:
            fits &= names == wanted
    if exception.server_port is not None:
        fits &= (frame["server_port"] == exception.server_port).fillna(False).astype(bool)
    return fits


def _is_inside(client: str, network: Any) -> bool:
    try:
        return ipaddress.ip_address(client) in network
    except ValueError:
        # A link address is in no network.
        return False
