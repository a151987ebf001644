"""What the core takes and gives where no table is made of it: text that is written while it reads.

It stands apart so that `handshakes --format csv` begins without the schema and all that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from tlsaudit.inputs import printable_name

if TYPE_CHECKING:
    from tlsaudit.inputs import Input

__all__ = ["files_of", "max_unpacked", "merged", "readable", "write_text"]


def write_text(
    inputs: Iterable[Input],
    text_format: Literal["csv", "jsonl"],
    output: str | None,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """Write the handshake table as text while reading; give the rows of the captures table.

    `output` is a path, or None for standard output. Rows come in order of completion. Neither
    pandas nor pyarrow is loaded, and memory does not grow with the captures.
    """
    from tlsaudit import registry
    from tlsaudit._core import write_text as write_captures

    inputs = list(inputs)
    rows = write_captures(
        readable(inputs),
        text_format,
        output,
        registry.names_for_core(),
        progress,
        max_unpacked=max_unpacked(inputs),
    )
    return merged(inputs, [_not_cancelled(row) for row in rows])


def readable(inputs: Iterable[Input]) -> list[tuple[str, str | list[str] | BinaryIO]]:
    """Give what the core takes: name and source of each input that can be opened at all."""
    return [(each.name, list(each.parts) or each.source) for each in inputs if each.problem is None]


def max_unpacked(inputs: Iterable[Input]) -> int | None:
    """Give the bound on unpacking: the inputs of a run share one."""
    given = (each.max_unpacked for each in inputs if each.max_unpacked is not None)
    return max(given, default=None)


def merged(inputs: Iterable[Input], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the inputs that never reached the core back among those that did, in input order.

    There are fewer rows than inputs if the reader of the output went away meanwhile.
    """
    rest = iter(rows)
    merged = [
        _of_files(each, next(rest, None)) if each.problem is None else _problem_row(each)
        for each in inputs
    ]
    return [row for row in merged if row is not None]


def files_of(inputs: Iterable[Input], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows of the table of files: those of captures that lie in several."""
    names = {each.name: each.parts for each in inputs}
    return [
        {
            "capture": row["capture"],
            "file": printable_name(path),
            **file,
            "error": None if file["error"] is None else f"{printable_name(path)}: {file['error']}",
        }
        for row in rows
        for path, file in zip(names[row["capture"]], row.get("files", ()), strict=False)
    ]


def _of_files(item: Input, row: dict[str, Any] | None) -> dict[str, Any] | None:
    """Tell in the row of a capture what went wrong in its files."""
    if row is None or "files" not in row:
        return row
    failed = [each for each in files_of([item], [row]) if each["error"] is not None]
    row = {name: value for name, value in row.items() if name != "files"}
    if failed and row["error"] is None:
        first = failed[0]
        more = f"; and {len(failed) - 1:,} more of its files" if len(failed) > 1 else ""
        error = f"{first['error']}{more}"
        row |= {"error_kind": first["error_kind"], "error": error, "readable": row["frames"] > 0}
    return row


def _not_cancelled(row: dict[str, Any]) -> dict[str, Any]:
    """Take back the error of a capture that was left because nobody reads the output any more."""
    if row["error_kind"] != "cancelled":
        return row
    return {**row, "readable": True, "error_kind": None, "error": None}


def _problem_row(item: Input) -> dict[str, Any]:
    counts = (
        "interfaces",
        "frames",
        "bytes_read",
        "truncated_frames",
        "undecoded_frames",
        "opaque_frames",
        "tcp_streams",
        "udp_streams",
        "authentications",
        "tls_streams",
        "one_sided_streams",
        "unheard_streams",
        "handshakes",
        "refusals",
        "set_aside",
        "frames_repeated",
    )
    unknown = (
        *("format", "compression", "first_ts", "last_ts", "limits", "remarks", "windows_build"),
        *("events_lost", "frames_dropped"),
    )
    return {
        "capture": item.name,
        "readable": False,
        "link_types": [],
        "error_kind": item.problem_kind,
        "error": item.problem,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(unknown),
    }
