"""Figures of an audit: each is a function from a table to a matplotlib Figure.

All of them take an Axes to draw into, and else make a Figure of their own, without pyplot: no
global state is touched. A table without rows gives a figure that says so; of long tables the
figures show what counts most and gather the rest, so that each stays readable. Labels are captured
text: they are never read as mathematics, control characters are spelled out, and long ones are cut
in the middle.

`counts_of_*` (and `talks`) give the numbers of each figure, from which the page makes its tables.
Shades differ in lightness, and what is deprecated is hatched, so that a greyscale print and the
colour-blind are told the same.
"""

from tlsaudit.reports.figures.bars import Bar, Part
from tlsaudit.reports.figures.canvas import svg
from tlsaudit.reports.figures.looks import in_order
from tlsaudit.reports.figures.matrix import (
    counts_of_offered_and_negotiated,
    offered_against_negotiated,
)
from tlsaudit.reports.figures.over_time import counts_of_versions_over_time, versions_over_time
from tlsaudit.reports.figures.suites import cipher_suites, counts_of_cipher_suites
from tlsaudit.reports.figures.talks import Talk, talks, who_talks_to_whom
from tlsaudit.reports.figures.trend import clients_over_time
from tlsaudit.reports.figures.versions import (
    counts_of_versions,
    counts_of_versions_by_client,
    handshakes_by_version,
    versions_by_client,
)

__all__ = [
    "Bar",
    "Part",
    "Talk",
    "cipher_suites",
    "clients_over_time",
    "counts_of_cipher_suites",
    "counts_of_offered_and_negotiated",
    "counts_of_versions",
    "counts_of_versions_by_client",
    "counts_of_versions_over_time",
    "handshakes_by_version",
    "in_order",
    "offered_against_negotiated",
    "svg",
    "talks",
    "versions_by_client",
    "versions_over_time",
    "who_talks_to_whom",
]
