"""The figures of an audit, under one name: `audit.plot`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tlsaudit.reports.overview import Tables

__all__ = ["Plots"]

_MOST_CLIENTS = 20


@dataclass(frozen=True)
class Plots:
    """The figures of one audit: each draws into the Axes given, or gives a Figure of its own.

    They are the functions of `tlsaudit.reports.figures`, called with the tables of the audit.
    """

    audit: Tables

    def handshakes_by_version(self, axes: Axes | None = None) -> Figure:
        """Draw how many handshakes negotiated each version."""
        from tlsaudit.reports import figures

        return figures.handshakes_by_version(self.audit.handshakes, axes)

    def versions_over_time(self, axes: Axes | None = None) -> Figure:
        """Draw how many handshakes negotiated each version in each period of time (UTC)."""
        from tlsaudit.reports import figures

        return figures.versions_over_time(self.audit.handshakes, axes)

    def versions_by_client(
        self, clients: Sequence[str] | None = None, axes: Axes | None = None
    ) -> Figure:
        """Draw how many handshakes of each client negotiated each version.

        `clients` are addresses; without them it is the first twenty clients with a finding, the
        worst first.
        """
        from tlsaudit.reports import figures
        from tlsaudit.reports.overview import Overview

        if clients is None:
            clients = list(Overview(self.audit).concerned["client"].head(_MOST_CLIENTS))
        return figures.versions_by_client(self.audit.handshakes, clients, axes)

    def offered_against_negotiated(self, axes: Axes | None = None) -> Figure:
        """Draw a matrix of the best version offered against the version negotiated."""
        from tlsaudit.reports import figures

        return figures.offered_against_negotiated(self.audit.handshakes, axes)

    def cipher_suites(self, axes: Axes | None = None, limit: int = 12) -> Figure:
        """Draw how many handshakes negotiated each cipher suite, the rarest in one bar."""
        from tlsaudit.reports import figures

        return figures.cipher_suites(self.audit.handshakes, axes, limit)

    def who_talks_to_whom(self, axes: Axes | None = None, limit: int = 10) -> Figure:
        """Draw which clients talk to which services, where that does not keep working."""
        from tlsaudit.reports import figures

        return figures.who_talks_to_whom(self.audit.verdicts, axes, limit)

    def clients_over_time(self, axes: Axes | None = None) -> Figure:
        """Draw the clients of each day, week or month, and how many of them are concerned."""
        from tlsaudit.changes import trend
        from tlsaudit.reports import figures

        return figures.clients_over_time(trend(self.audit.handshakes, self.audit.forecast), axes)
