"""The table of coverage: what a capture could tell, and what it could not."""

from __future__ import annotations

from tlsaudit.schema.column import Column

COVERAGE_KINDS = (
    "time",
    "hellos",
    "directions",
    "whole-frames",
    "gaps",
    "readable-frames",
    "end",
    "addresses",
    "remarks",
)

COVERAGE: tuple[Column, ...] = (
    Column(
        "capture",
        "str",
        True,
        "The input, as the caller named it. Null = all of them together.",
    ),
    Column(
        "kind",
        "dict<str>",
        False,
        "`time`: seconds from the first frame to the last, of each file by itself where several "
        "are one capture; `hellos`: TLS connections whose hello was seen; `directions`: of these "
        "the ones captured in both directions; `whole-frames`: frames that the snap length left "
        "whole; `gaps`: handshakes without missing bytes; `readable-frames`: frames of a known "
        "link type that are not encrypted below TCP; `end`: whether the input was read to its end; "
        "`addresses`: clients that look like one machine, and not like address translation, a "
        "proxy or a load balancer; `remarks`: what the capture tells of itself that limits it, for "
        "instance events lost.",
        values=COVERAGE_KINDS,
    ),
    Column(
        "limits",
        "bool",
        False,
        "Whether this limits what `none found` is worth: less than a working day, anything "
        "missing, or none at all.",
    ),
    Column("count", "uint64", True, "How many are covered. Null = not known."),
    Column("total", "uint64", True, "Out of how many. Null = without a total, or not known."),
    Column("measure", "str", False, "The same in a few words."),
    Column("meaning", "str", True, "What it means and what to do. Null = it limits nothing."),
)
