"""The table of verdicts put together: whole columns, no sentence or command made row by row."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tlsaudit import schema
from tlsaudit.addresses import in_order
from tlsaudit.forecast.advice import remedy_of
from tlsaudit.forecast.programs import known_program
from tlsaudit.forecast.retries import NO_RETRY
from tlsaudit.forecast.scope import in_scope
from tlsaudit.forecast.sentences import Said, pieces
from tlsaudit.inputs import STANDARD_INPUT_NAME
from tlsaudit.naming import Fingerprints, called_clients, called_servers
from tlsaudit.processes import processes_of
from tlsaudit.safe_text import shell_word
from tlsaudit.schema.verdicts import CAUSES, CONFIDENCES, VERDICTS_WORST_FIRST

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from tlsaudit.forecast.known import KnownList
    from tlsaudit.forecast.outlook import Judged

__all__ = ["place_of_clients", "service_texts", "verdict_table"]

_AS_IN_HANDSHAKES = (
    *("client", "transport", "carrier", "server", "server_port", "server_name", "capture"),
    *("stream", "ja4", "end", "alert_description", "negotiated_cipher_suite"),
)
_OF_EVIDENCE = (
    *_AS_IN_HANDSHAKES,
    *("client_max_version", "negotiated_version", "outcome", "ts", "ja3"),
    *("client_hello_frame", "server_hello_frame", "alert_frame", "end_frame"),
)


def verdict_table(
    judged: Judged,
    names: pd.DataFrame | None = None,
    fingerprints: Fingerprints | None = None,
) -> pd.DataFrame:
    """Give the table of `schema.VERDICTS`, a row per group of `judged`, in its order."""
    import numpy as np
    import pandas as pd

    order = judged.order
    evidence = judged.evidence[order]
    rows = judged.handshakes[list(_OF_EVIDENCE)].iloc[evidence].reset_index(drop=True)
    table = rows[list(_AS_IN_HANDSHAKES)].copy()
    policy = np.zeros(len(table), dtype=np.int64)
    table["policy"] = _words(policy, (judged.policy.name,))
    table["service"] = judged.services.iloc[order].reset_index(drop=True)
    stacks = judged.shapes.stack[evidence]
    spelled = np.concatenate((judged.shapes.names, np.array([None], dtype=object)))
    table["stack"] = pd.Series(spelled[stacks], dtype="str")
    known = [judged.known[group] for group in order.tolist()]
    hints = _hints(known, rows, fingerprints)
    table["stack_hint"] = pd.Series([what for what, _ in hints], dtype="str")
    table["stack_hint_why"] = pd.Series([why for _, why in hints], dtype="str")
    table["verdict"] = _words(judged.verdict[order], VERDICTS_WORST_FIRST, ordered=True)
    table["because"] = _words(judged.cause[order], CAUSES)
    table["confidence"] = _words(judged.confidence[order], CONFIDENCES, ordered=True)
    programs = processes_of(judged.handshakes, judged.group, judged.groups)
    table["processes"] = pd.Series([programs[group] for group in order.tolist()], dtype="object")
    asked = _name(table, rows, judged, names)
    scope = in_scope(rows.assign(server_name=asked), judged.policy)
    table["in_scope"] = pd.array(scope == 1, dtype="boolean")
    table.loc[scope < 0, "in_scope"] = pd.NA
    table["offered"] = rows["client_max_version"]
    table["negotiated"] = rows["negotiated_version"]
    table["handshakes"] = judged.size[order]
    times = judged.handshakes["ts"].groupby(judged.group)
    table["first_seen"] = times.min().iloc[order].reset_index(drop=True)
    table["last_seen"] = times.max().iloc[order].reset_index(drop=True)
    table["captures"] = np.bincount(judged.in_captures["verdict"], minlength=len(table))
    frames = _lists(_frames(judged, rows, order))
    table["frames"] = pd.Series(frames, dtype=pd.ArrowDtype(frames.type))
    table["tshark"] = _commands(rows, frames)
    table["sentence"], table["remedy"] = _sentences(judged, table, order)
    return schema.conform(table, schema.VERDICTS)


def _hints(
    known: list[KnownList | None], rows: pd.DataFrame, fingerprints: Fingerprints | None
) -> list[tuple[str, str] | tuple[None, None]]:
    """Say of each row what its stack probably is, and why: the user's lists, suites, JA3."""

    @cache
    def hint(stack: KnownList | None, ja3: Any, ja4: Any) -> tuple[str, str] | tuple[None, None]:
        mine = None if fingerprints is None else fingerprints.hint(ja3, ja4)
        if mine is not None:
            return f"probably {mine.what}", mine.why
        if stack is not None:
            return f"probably {stack.stack}", stack.why
        seen = known_program(ja3)
        return (None, None) if seen is None else (f"perhaps {seen[0]}", seen[1])

    # Of a million rows a few thousand differ in this.
    ja3s, ja4s = (rows[name].astype("object").to_list() for name in ("ja3", "ja4"))
    return [hint(*each) for each in zip(known, ja3s, ja4s, strict=True)]


def _name(
    table: pd.DataFrame, rows: pd.DataFrame, judged: Judged, names: pd.DataFrame | None
) -> pd.Series[str]:
    """Add who is meant; give the servers' names, those included that the clients went by."""
    import pandas as pd

    if names is None or names.empty:
        return rows["server_name"]
    clients = called_clients(judged.handshakes, names)
    found = [clients.get(client) for client in rows["client"]]
    table["client_name"] = pd.Series([each and each.name for each in found], dtype="str")
    table["client_name_why"] = pd.Series([each and each.why for each in found], dtype="str")
    servers = called_servers(rows, names)
    table["server_called"] = pd.Series([each and each.name for each in servers], dtype="str")
    table["server_called_why"] = pd.Series([each and each.why for each in servers], dtype="str")
    asked = [each.name if each is not None and each.is_asked else None for each in servers]
    return rows["server_name"].fillna(pd.Series(asked, dtype="str"))


def service_texts(rows: pd.DataFrame) -> pd.Series[str]:
    """The name, else the address, with the port: `dc01.example:636`, `[2001:db8::1]:443`."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    host = pa.array(rows["server_name"].fillna(rows["server"]), pa.string())
    bare = pc.if_else(pc.match_substring(host, ":"), _joined("[", host, "]"), host)
    port = pa.array(rows["server_port"]).cast(pa.string())
    text = pc.if_else(pc.is_null(port), host, _joined(bare, ":", port))
    return pd.Series(text.to_pandas(), dtype="str").set_axis(rows.index)


def place_of_clients(clients: pd.Series[str]) -> NDArray[np.int64]:
    """The place of each client in the natural order of addresses."""
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(clients)
    listed = names.tolist()
    places = {name: place for place, name in enumerate(in_order(listed))}
    return np.array([places[name] for name in listed], dtype=np.int64)[codes]


def _words(places: NDArray[np.int64], words: tuple[str, ...], ordered: bool = False) -> Any:
    """A column of fixed words; a place beyond them is null."""
    import numpy as np
    import pandas as pd

    codes = np.where(places < len(words), places, -1).astype(np.int64)
    return pd.Categorical.from_codes(codes, pd.Index(words), ordered=ordered)


def _frames(judged: Judged, rows: pd.DataFrame, order: NDArray[np.int64]) -> list[pd.Series[Any]]:
    """The frames of the evidence, a column for each place in the list; null = none there.

    The hellos; where the client was refused, or the handshake failed, the alert, else the end; of
    a fallback first the better hello and what became of it, if it is in the same capture.
    """
    import numpy as np
    import pandas as pd

    refused = rows["outcome"].isin(["rejected", "failed"])
    better = judged.better[judged.evidence[order]]
    fell = (better != NO_RETRY) & (judged.verdict[order] == VERDICTS_WORST_FIRST.index("fallback"))
    of_better = ["capture", "outcome", "client_hello_frame", "alert_frame", "end_frame"]
    first = judged.handshakes[of_better].iloc[np.where(fell, better, 0)].reset_index(drop=True)
    fell &= (first["capture"] == rows["capture"]).to_numpy()
    kept = pd.Series(fell)
    failed = first["alert_frame"].fillna(first["end_frame"])
    ended = rows["alert_frame"].fillna(rows["end_frame"])
    return [
        first["client_hello_frame"].where(kept),
        failed.where(kept & first["outcome"].isin(["rejected", "failed"])),
        rows["client_hello_frame"],
        rows["server_hello_frame"],
        ended.where(refused),
    ]


def _lists(columns: list[pd.Series[Any]]) -> pa.Array:
    """A list per row of what the columns hold, nulls and repetitions left out."""
    import numpy as np
    import pyarrow as pa

    values = np.stack([column.fillna(0).to_numpy(dtype=np.uint64) for column in columns], axis=1)
    there = values > 0
    for place in range(1, values.shape[1]):
        there[:, place] &= (values[:, :place] != values[:, place : place + 1]).all(axis=1)
    edges = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(edges), pa.array(values[there]))


def _commands(rows: pd.DataFrame, frames: pa.Array) -> pd.Series[str]:
    """The tshark command of each row, as `safe_text.tshark_line` has it."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    captures = rows["capture"].cat
    shell = [
        None if name == STANDARD_INPUT_NAME else f'tshark -2 -r {shell_word(str(name))} -Y "'
        for name in captures.categories
    ]
    begin = pa.array(shell, pa.string()).take(pa.array(captures.codes.to_numpy()))
    each = _joined("frame.number == ", pc.list_flatten(frames).cast(pa.string()))
    conditions = pc.binary_join(pa.ListArray.from_arrays(frames.offsets, each), " || ")
    text = pc.if_else(pc.equal(conditions, ""), None, _joined(begin, conditions, '"'))
    return pd.Series(text.to_pandas(), index=rows.index, dtype="str")


def _said(judged: Judged, table: pd.DataFrame, order: NDArray[np.int64]) -> pd.DataFrame:
    """What the sentences depend on, client and service apart."""
    import numpy as np
    import pandas as pd

    evidence, seen = judged.evidence[order], judged.seen
    known = [judged.known[group] for group in order.tolist()]
    return pd.DataFrame(
        {
            "verdict": table["verdict"],
            "because": table["because"],
            "offered": table["offered"],
            "negotiated": table["negotiated"],
            "suite": table["negotiated_cipher_suite"],
            "alert": table["alert_description"],
            "end": table["end"],
            "heard": judged.any(seen.good | seen.bad | seen.rejected)[order],
            "suited": judged.any(seen.suited)[order],
            "cleared": seen.cleared[evidence],
            "resumed": seen.resumed[evidence],
            "retry": judged.better[evidence] != NO_RETRY,
            "unsure": judged.unsure[evidence],
            "better": judged.elsewhere[order],
            "good": judged.any(seen.good)[order],
            "failed": judged.every(seen.failed)[order],
            "below": judged.any(seen.below)[order],
            "applies": table["in_scope"],
            "carrier": table["carrier"],
            "known": np.array([each.stack if each and each.tls12 else None for each in known]),
            "known_remedy": np.array([each and each.remedy for each in known]),
        }
    )


def _sentences(
    judged: Judged, table: pd.DataFrame, order: NDArray[np.int64]
) -> tuple[pd.Series[str], pd.Series[str]]:
    """The sentence of each row, and the remedy; what says the same is worked out once."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    requires, said = judged.policy.requires, _said(judged, table, order)
    codes = np.zeros(len(said), dtype=np.int64)
    for column in said:
        mine = pd.factorize(said[column], use_na_sentinel=False)[0]
        codes = pd.factorize(codes * (int(mine.max()) + 1) + mine)[0].astype(np.int64)
    first = np.unique(codes, return_index=True)[1]
    texts, advice = [], []
    for row in said.iloc[first].to_dict("records"):
        values: dict[str, Any] = {
            str(name): None if pd.isna(value) else value for name, value in row.items()
        }
        version = values["negotiated"] if values["negotiated"] is not None else values["offered"]
        one = Said(
            **values,
            accepted_version=version is not None and requires.accepts_version(int(version)),
            demanded=f"{judged.policy.name} ({judged.policy.demand})",
        )
        texts.append(pieces(one))
        advice.append(remedy_of(one))
    which = pa.array(codes)
    begin, middle, end = (
        pa.array(part, pa.string()).take(which) for part in zip(*texts, strict=True)
    )
    client, service = (pa.array(table[name], pa.string()) for name in ("client", "service"))
    sentences = _joined(begin, client, middle, service, end).to_pandas()
    remedies = pa.array(advice, pa.string()).take(which).to_pandas()
    return pd.Series(sentences, dtype="str"), pd.Series(remedies, dtype="str")


def _joined(*parts: Any) -> Any:
    """Texts put together, row by row; null if one is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(
        *(pa.scalar(part) if isinstance(part, str) else part for part in parts), ""
    )
