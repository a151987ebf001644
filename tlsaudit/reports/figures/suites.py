"""Handshakes by negotiated cipher suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit import registry
from tlsaudit.reports.figures.bars import Bar, Part, draw_bars
from tlsaudit.reports.figures.looks import GOOD, OTHERS, WEAK

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["cipher_suites", "counts_of_cipher_suites"]


def counts_of_cipher_suites(handshakes: pandas.DataFrame, limit: int = 12) -> list[Bar]:
    """Give a bar per negotiated cipher suite, most frequent first; the rest in one last bar.

    Suites with 3DES, RC4, NULL or export encryption are never put into the rest, however many they
    are; of the others a third of `limit` at least have a bar.
    """
    counts = handshakes["negotiated_cipher_suite"].dropna().value_counts()
    by_code = {int(code): int(count) for code, count in counts.items()}  # type: ignore[call-overload]
    ordered = sorted(by_code, key=lambda code: (not _is_weak(code), -by_code[code], code))
    weak = sum(_is_weak(code) for code in ordered)
    kept = ordered if len(ordered) <= limit + 1 else ordered[: max(limit, weak + limit // 3)]
    bars = [
        _bar(registry.cipher_suite_name(code), by_code[code], _is_weak(code))
        for code in sorted(kept, key=lambda code: (-by_code[code], code))
    ]
    rest = [code for code in ordered if code not in set(kept)]
    if rest:
        label = f"{len(rest)} other suites"
        bars.append(Bar(label, (Part(label, sum(by_code[code] for code in rest), OTHERS),)))
    return bars


def cipher_suites(
    handshakes: pandas.DataFrame, axes: Axes | None = None, limit: int = 12
) -> Figure:
    """Draw how many handshakes negotiated each cipher suite.

    `handshakes` is the table of handshakes, or any part of it; those without a ServerHello are not
    counted. Of more than `limit` suites the rarest are one bar, but for the weak ones.
    """
    return draw_bars(counts_of_cipher_suites(handshakes, limit), axes)


def _bar(name: str, count: int, weak: bool) -> Bar:
    return Bar(name, (Part(name, count, WEAK if weak else GOOD),))


def _is_weak(code: int) -> bool:
    suite = registry.cipher_suite(code)
    return suite is not None and bool(suite.is_3des or suite.rc4 or suite.null or suite.export)
