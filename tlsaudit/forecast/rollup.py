"""The verdicts counted: per client, per service, per capture, and in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit import schema
from tlsaudit.addresses import in_order
from tlsaudit.schema.verdicts import BREAKING, VERDICTS_WORST_FIRST

if TYPE_CHECKING:
    import pandas as pd

    from tlsaudit.findings import Policy

__all__ = ["by_capture", "by_client", "by_service", "headline"]


def by_client(verdicts: pd.DataFrame) -> pd.DataFrame:
    """One row per client, the worst first, then by address (`schema.ROLLUP`)."""
    return _rolled_up(verdicts, "client", "service")


def by_service(verdicts: pd.DataFrame) -> pd.DataFrame:
    """One row per service, the worst first, then by name (`schema.ROLLUP`)."""
    return _rolled_up(verdicts, "service", "client")


def by_capture(verdicts: pd.DataFrame, in_captures: pd.DataFrame) -> pd.DataFrame:
    """One row per capture, the worst first, then by name (`schema.ROLLUP`).

    `in_captures` has a row for each row of `verdicts` (`verdict`) and `capture` with handshakes
    of it. A verdict counts in each of them, with all its handshakes.
    """
    rows = verdicts.iloc[in_captures["verdict"]].drop(columns="capture").reset_index(drop=True)
    rows["capture"] = in_captures["capture"].to_numpy()
    return _rolled_up(rows, "capture", "client")


def _rolled_up(rows: pd.DataFrame, name: str, other: str) -> pd.DataFrame:
    import pandas as pd

    if rows.empty:
        return schema.empty(schema.ROLLUP)
    codes, names = pd.factorize(rows[name].astype("str"))
    table = pd.DataFrame({"name": names})
    ranks = rows["verdict"].cat.codes
    worst = ranks.groupby(codes).min()
    table["worst"] = [VERDICTS_WORST_FIRST[rank] for rank in worst]
    table["verdicts"] = rows["verdict"].groupby(codes).size()
    table["handshakes"] = rows["handshakes"].groupby(codes).sum()
    table["others"] = rows[other].groupby(codes).nunique()
    for rank, verdict in enumerate(VERDICTS_WORST_FIRST):
        column = verdict.replace(" ", "_").replace("-", "_")
        table[column] = (ranks == rank).groupby(codes).sum()
    places = {each: place for place, each in enumerate(in_order(names.tolist()))}
    table["_place"] = table["name"].map(places)
    table["_worst"] = worst
    table = table.sort_values(["_worst", "_place"], ignore_index=True)
    return schema.conform(table.drop(columns=["_place", "_worst"]), schema.ROLLUP)


def headline(verdicts: pd.DataFrame, policy: Policy) -> str:
    """Say who breaks and who holds whom back, first of the services that the policy speaks of."""
    if verdicts.empty:
        return f"No TLS handshake was found, so nothing is known of the policy {policy.name}."
    if not policy.service:
        return f"Under {policy.name}: {_counted(verdicts)}."
    titles = " and ".join(dict.fromkeys(service.title for service in policy.service))
    mine = verdicts[verdicts["in_scope"].fillna(False).astype(bool)]
    everywhere = f"Enforced everywhere, each client counted once: {_counted(verdicts)}."
    if mine.empty:
        return f"No handshake names what {policy.name} speaks of ({titles}). {everywhere}"
    if len(mine) == len(verdicts):
        return f"Under {policy.name}: {_counted(verdicts)}."
    return f"At what {policy.name} speaks of: {_counted(mine)}. {everywhere}"


def _counted(rows: pd.DataFrame) -> str:
    """Count the clients by the worst that happens to them, each once; scanners by themselves."""
    verdict = rows["verdict"].astype("object")
    left = set(rows["client"][verdict != "scanner"])
    scanners = len(set(rows["client"]) - left)
    told: set[str] = set()

    def more(*verdicts: str) -> set[str]:
        """Give the clients with such a verdict that have not been told."""
        found = set(rows["client"][verdict.isin(verdicts)]) - told
        told.update(found)
        return found

    breaking, held = len(more(*BREAKING)), more("server-limited")
    limited = rows[(verdict == "server-limited") & rows["client"].isin(held)]
    servers = limited["service"].nunique()
    back = f"{servers:,} {'server holds' if servers == 1 else 'servers hold'} back"
    rest = (
        (len(more("refused already")), "is refused already", "are refused already"),
        (len(more("fallback")), "falls back after a failure", "fall back after a failure"),
        (len(more("unknown")), "cannot be judged in full", "cannot be judged in full"),
    )
    parts = []
    if len(left) == 1:
        who = "1 client" if scanners else "the one client"
        parts += [f"{who} breaks"] if breaking else [f"{back} {who}"] if held else []
        parts += [f"{who} {one}" for count, one, _ in rest if count]
        parts = parts or [f"{who} keeps working"]
    elif left:
        verb = "breaks" if breaking < 2 else "break"
        parts.append(f"{f'{breaking:,}' if breaking else 'none'} of {len(left):,} clients {verb}")
        if held:
            parts.append(f"{back} {f'{len(held):,} more' if breaking else _clients(len(held))}")
        others = " more" if breaking or held else ""
        for count, one, several in rest:
            if count:
                parts.append(f"{count:,}{others} {one if count == 1 else several}")
                others = " more"
    if scanners:
        who = f"{scanners:,}" if left else _clients(scanners)
        parts.append(f"{who} {'is a scanner' if scanners == 1 else 'are scanners'}")
    return "; ".join(parts)


def _clients(count: int) -> str:
    return f"{count:,} client" if count == 1 else f"{count:,} clients"
