"""The client table: one row per client address, worked out of handshakes and findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit import registry, schema
from tlsaudit.addresses import in_order
from tlsaudit.naming import called_clients
from tlsaudit.processes import processes_of
from tlsaudit.schema.lists import numbers, raw

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["clients"]

_OUTCOMES = (
    *("completed", "failed", "hellos_only", "rejected"),
    *("unanswered", "client_only", "server_only"),
)

_VERSIONS = {0x0300: "ssl30", 0x0301: "tls10", 0x0302: "tls11", 0x0303: "tls12"}

# Extensions that one and the same TLS stack sends in some hellos and not in others: server_name,
# padding, pre_shared_key, early_data, cookie.
_PASSING_EXTENSIONS = frozenset({0, 21, 41, 42, 44})

Shape = tuple[frozenset[int], frozenset[int], frozenset[int]]
"""Cipher suites, cipher kinds of SSL 2.0, extensions."""


def clients(
    handshakes: pd.DataFrame, findings: pd.DataFrame, names: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The client table (`schema.CLIENTS`): the worst severity first, then the most findings.

    `handshakes` is the handshake table with its derived columns, `findings` what was found in it,
    `names` the table of names, if there is one.
    Clients that are equal so far are sorted by address, IPv4 before IPv6 before link addresses.
    """
    import numpy as np
    import pandas as pd

    if handshakes.empty:
        return schema.empty(schema.CLIENTS)
    owners, addresses = pd.factorize(handshakes["client"])
    count = _Counter(owners, len(addresses))
    table = pd.DataFrame({"client": addresses})
    times = handshakes["ts"].groupby(owners)
    table["first_seen"] = times.min()
    table["last_seen"] = times.max()
    table["captures"] = count.distinct(handshakes[["capture"]])
    table["handshakes"] = count.where(np.ones(len(handshakes), dtype=bool))
    for outcome in _OUTCOMES:
        table[outcome] = count.where((handshakes["outcome"] == outcome).to_numpy())
    table["servers"] = count.distinct(handshakes[["server", "server_port"]])
    table["server_names"] = count.distinct(handshakes[["server_name"]])

    kinds = handshakes["negotiated_version"].map(_version_column)
    for column in (*_VERSIONS.values(), "tls13", "other_version"):
        table[column] = count.where(_is_true(kinds == column))
    table["negotiated_3des"] = count.where(_is_true(handshakes["negotiated_3des"]))
    table["offered_3des"] = count.where(_is_true(handshakes["offers_3des"]))
    table["max_offered_version"] = _extreme(handshakes["client_max_version"], owners, "max")
    table["min_negotiated_version"] = _extreme(handshakes["negotiated_version"], owners, "min")
    table["hello_shapes"] = count.distinct(_shapes(handshakes).to_frame())
    table["defects"] = count.where(handshakes["defect"].notna().to_numpy())
    _judge(table, findings)
    called = {} if names is None else called_clients(handshakes, names)
    found = [called.get(client) for client in table["client"]]
    table["client_name"] = pd.Series([each and each.name for each in found], dtype="str")
    programs = processes_of(handshakes, owners, len(addresses))
    table["processes"] = pd.Series(programs, dtype="object")

    table["_address"] = _address_order(table["client"])
    table["_severity"] = [schema.SEVERITIES.index(word) for word in table["worst_severity"]]
    table = table.sort_values(
        ["_severity", "findings", "_address"], ascending=[False, False, True], ignore_index=True
    )
    return schema.conform(table.drop(columns=["_address", "_severity"]), schema.CLIENTS)


class _Counter:
    """Counts rows of the handshake table by client; `owners` is the client's number of each row."""

    def __init__(self, owners: NDArray[np.intp], clients: int) -> None:
        self.owners = owners
        self.clients = clients

    def where(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """How many of the chosen rows each client has."""
        import numpy as np

        return np.bincount(self.owners[chosen], minlength=self.clients)

    def distinct(self, values: pd.DataFrame) -> NDArray[np.intp]:
        """How many distinct rows of values each client has, rows that are all null apart."""
        import numpy as np

        pairs = values.assign(_client=self.owners)[values.notna().any(axis=1).to_numpy()]
        mine = pairs.drop_duplicates()["_client"].to_numpy()
        return np.bincount(mine, minlength=self.clients)


def _judge(table: pd.DataFrame, findings: pd.DataFrame) -> None:
    """Add the columns that come from the findings."""
    found = findings["client"].value_counts()
    table["findings"] = table["client"].map(found).fillna(0).astype("uint32")
    worst = findings["severity"].cat.codes.groupby(findings["client"]).max()
    codes = table["client"].map(worst).fillna(0).astype("int64")
    table["worst_severity"] = [schema.SEVERITIES[code] for code in codes]
    rules: dict[str, set[str]] = {}
    pairs = findings[["client", "rule"]].drop_duplicates()
    for client, rule in zip(pairs["client"], pairs["rule"], strict=True):
        rules.setdefault(client, set()).add(rule)
    table["rules"] = [sorted(rules.get(client, ())) for client in table["client"]]


def _version_column(code_point: Any) -> str | None:
    import pandas as pd

    if pd.isna(code_point):
        return None
    code = int(code_point)
    if code in _VERSIONS:
        return _VERSIONS[code]
    # DTLS 1.3 is is_tls13() too, but DTLS has no column of its own.
    is_tls13 = registry.is_tls13(code) and not registry.version_name(code).startswith("DTLS")
    return "tls13" if is_tls13 else "other_version"


def _extreme(versions: pd.Series[Any], owners: NDArray[np.intp], which: str) -> pd.Series[Any]:
    """The newest (`max`) or oldest (`min`) ranked version of each client; null without one."""
    import pandas as pd

    codes = {
        rank: code
        for code in registry.VERSIONS
        if (rank := registry.version_rank(code)) is not None
    }
    ranks = versions.map({code: rank for rank, code in codes.items()}).astype("Int32")
    extreme = ranks.groupby(owners).agg(which)
    return extreme.map(codes).astype(pd.UInt16Dtype())


def _shapes(handshakes: pd.DataFrame) -> pd.Series[Any]:
    """A number per whole hello, equal for equal sets of suites and extensions; null without one."""
    import pandas as pd

    whole = _is_true(handshakes["client_hello_complete"])
    hellos = zip(
        raw(handshakes["client_cipher_suites"]),
        raw(handshakes["client_ssl2_cipher_kinds"]),
        raw(handshakes["client_extensions"]),
        strict=True,
    )
    shapes: dict[Shape, int] = {}
    # Most hellos repeat one that was seen before, byte for byte.
    known: dict[tuple[bytes | None, bytes | None, bytes | None], int] = {}
    found: list[int | None] = []
    for is_whole, hello in zip(whole, hellos, strict=True):
        if is_whole and hello not in known:
            known[hello] = shapes.setdefault(_shape(*hello), len(shapes))
        found.append(known[hello] if is_whole else None)
    return pd.Series(found, index=handshakes.index, dtype="Int64", name="shape")


def _shape(suites: bytes | None, kinds: bytes | None, extensions: bytes | None) -> Shape:
    """What stays the same from one hello of a TLS stack to the next."""
    return (
        frozenset(
            code
            for code in numbers(suites, 2)
            if not registry.is_grease(code) and not registry.is_signalling(code)
        ),
        frozenset(numbers(kinds, 4)),
        frozenset(
            code
            for code in numbers(extensions, 2)
            if not registry.is_grease(code) and code not in _PASSING_EXTENSIONS
        ),
    )


def _address_order(addresses: pd.Series[str]) -> list[int]:
    """The place of each address in natural order."""
    places = {address: place for place, address in enumerate(in_order(addresses))}
    return [places[address] for address in addresses]


def _is_true(answers: pd.Series[Any]) -> NDArray[np.bool_]:
    return answers.fillna(False).to_numpy(dtype=bool)
