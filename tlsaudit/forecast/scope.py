"""Which handshakes go to a service that the policy speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from tlsaudit.findings import Policy, Service

__all__ = ["in_scope"]


def in_scope(rows: pd.DataFrame, policy: Policy) -> NDArray[np.int8]:
    """1 where the policy speaks of the row's service, 0 where not, -1 where that is not known.

    It is not known where it goes by the server's name, all else fits, and none was asked for.
    """
    import numpy as np

    if not policy.service:
        return np.ones(len(rows), dtype=np.int8)
    known, perhaps = (np.zeros(len(rows), dtype=bool) for _ in range(2))
    for service in policy.service:
        fits, nameless = _fits(rows, service)
        known |= fits
        perhaps |= nameless
    return np.where(known, 1, np.where(perhaps, -1, 0)).astype(np.int8)


def _fits(rows: pd.DataFrame, service: Service) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each row fits the service, and whether only its name is missing to tell."""
    import numpy as np

    rest = np.ones(len(rows), dtype=bool)
    if service.ports:
        rest &= rows["server_port"].isin(service.ports).fillna(False).to_numpy(dtype=bool)
    if service.carriers:
        rest &= rows["carrier"].isin(service.carriers).to_numpy(dtype=bool)
    if service.transports:
        rest &= rows["transport"].isin(service.transports).to_numpy(dtype=bool)
    if not service.server_names:
        return rest, np.zeros(len(rows), dtype=bool)
    names = rows["server_name"]
    exact = {name for name in service.server_names if not name.startswith("*.")}
    endings = tuple(name[1:] for name in service.server_names if name.startswith("*."))
    wanted = [name for name in names.dropna().unique() if name in exact or name.endswith(endings)]
    return rest & names.isin(wanted).to_numpy(dtype=bool), rest & names.isna().to_numpy(dtype=bool)
