"""Figures: words and numbers, in the right order, and text that stays text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.dom import minidom

import pytest
from support.tables import HOSTILE, TLS13, handshake_row, make_handshakes

from tlsaudit import registry, schema
from tlsaudit.reports import figures
from tlsaudit.reports.figures import looks as figures_looks
from tlsaudit.reports.figures.looks import in_order, look_of
from tlsaudit.reports.figures.matrix import _short
from tlsaudit.safe_text import shortened

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tlsaudit import Audit

SUITES = [0xC02F, 0xC030, 0xC013, 0xC014, 0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def heights(figure: Figure) -> list[float]:
    return [bar.get_width() for bar in figure.axes[0].patches]  # type: ignore[attr-defined]


def test_versions_stand_from_old_to_new_with_their_numbers(office: Audit) -> None:
    figure = figures.handshakes_by_version(office.handshakes)
    assert words(figure) == ["TLS 1.0", "4", "TLS 1.2", "2", "TLS 1.3", "8", "none seen", "1"]
    assert heights(figure) == [4, 2, 8, 1]


def test_figure_and_numbers_as_text_agree(office: Audit) -> None:
    for figure, bars in (
        (
            figures.handshakes_by_version(office.handshakes),
            figures.counts_of_versions(office.handshakes),
        ),
        (
            figures.cipher_suites(office.handshakes),
            figures.counts_of_cipher_suites(office.handshakes),
        ),
    ):
        assert words(figure) == [word for bar in bars for word in (bar.label, f"{bar.count:,}")]


def test_deprecated_versions_are_told_apart_without_colour(office: Audit) -> None:
    hatched = {
        bar.label: bool(bar.parts[0].look.hatch)
        for bar in figures.counts_of_versions(office.handshakes)
    }
    assert hatched == {"TLS 1.0": True, "TLS 1.2": False, "TLS 1.3": False, "none seen": False}


def test_neighbouring_versions_differ_in_lightness() -> None:
    names = ["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    rows = [
        handshake_row(number=number, server_legacy_version=0x0300 + number) for number in range(5)
    ]
    rows[4]["server_supported_version"] = 0x0304
    bars = figures.counts_of_versions(make_handshakes(rows))
    assert [bar.label for bar in bars] == names
    greys = []
    for bar in bars:
        red, green, blue = (int(bar.parts[0].look.shade[at : at + 2], 16) for at in (1, 3, 5))
        greys.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    assert all(after - before > 15 for before, after in pairwise(greys))


def test_clients_stand_in_the_order_given_and_are_parted_by_version(office: Audit) -> None:
    figure = figures.versions_by_client(office.handshakes, ["192.0.2.13", "192.0.2.11"])
    assert words(figure) == ["192.0.2.13", "1", "192.0.2.11", "3"]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["TLS 1.0", "none seen"]


def test_rest_of_the_suites_is_one_bar_but_never_hides_a_weak_one() -> None:
    rows = [handshake_row(number=n, negotiated_cipher_suite=s) for n, s in enumerate(SUITES * 2)]
    rows.append(handshake_row(number=90, negotiated_cipher_suite=0x000A))
    bars = figures.counts_of_cipher_suites(make_handshakes(rows), limit=4)
    assert [bar.label for bar in bars][-2:] == ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "7 other suites"]
    assert sum(bar.count for bar in bars) == len(rows)
    assert bars[-2].parts[0].look.hatch


def test_unknown_suite_and_version_are_shown_by_number() -> None:
    rows = [handshake_row(server_legacy_version=0x1234, negotiated_cipher_suite=0xEEEE)]
    table = make_handshakes(rows)
    assert [bar.label for bar in figures.counts_of_versions(table)] == ["0x1234"]
    assert [bar.label for bar in figures.counts_of_cipher_suites(table)] == ["0xEEEE"]


def test_empty_table_gives_a_figure_that_says_so() -> None:
    table = schema.empty(schema.HANDSHAKE_TABLE)
    assert words(figures.handshakes_by_version(table)) == ["nothing to show"]
    assert words(figures.versions_by_client(table, [])) == ["nothing to show"]
    assert words(figures.cipher_suites(table)) == ["nothing to show"]
    assert words(figures.versions_over_time(table)) == ["nothing to show"]
    assert words(figures.offered_against_negotiated(table)) == ["nothing to show"]
    verdicts = schema.empty(schema.VERDICTS)
    assert words(figures.who_talks_to_whom(verdicts)) == ["nothing to show"]


def test_given_axes_are_drawn_into(office: Audit) -> None:
    from matplotlib.figure import Figure

    mine = Figure()
    axes = mine.add_subplot()
    assert figures.handshakes_by_version(office.handshakes, axes) is mine
    assert len(axes.patches) == 4


def test_drawing_leaves_matplotlib_as_it_was(office: Audit) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.svg(figures.handshakes_by_version(office.handshakes), "versions")
    assert dict(matplotlib.rcParams) == before


def test_same_table_gives_the_same_svg(office: Audit) -> None:
    first, second = (
        figures.svg(figures.cipher_suites(office.handshakes), "suites") for _ in range(2)
    )
    assert first == second
    assert "date" not in first.lower()


@pytest.mark.parametrize(
    "name", [HOSTILE, "$\\frac{$", "$x$ ]]> --> <svg/onload=alert(1)>", "\x00\x1b\ufffe"]
)
def test_hostile_client_stays_text_in_the_svg(name: str) -> None:
    table = make_handshakes([handshake_row()])
    table["client"] = name
    text = figures.svg(figures.versions_by_client(table, [name]), name)
    root = minidom.parseString(text.encode()).documentElement
    assert root is not None
    kinds = {each.tagName for each in root.getElementsByTagName("*")}
    assert kinds <= {"g", "path", "text", "defs", "clipPath", "rect", "pattern", "use"}
    assert not any(
        attribute.startswith("on")
        for each in root.getElementsByTagName("*")
        for attribute in dict(each.attributes.items())
    )
    labels = [each.firstChild.data for each in root.getElementsByTagName("text")]  # type: ignore[union-attr]
    assert any(shortened(name, 46) == label for label in labels)


def test_svg_has_no_ids_that_two_figures_share(office: Audit) -> None:
    one = figures.svg(figures.handshakes_by_version(office.handshakes), "a")
    other = figures.svg(figures.versions_by_client(office.handshakes, ["192.0.2.11"]), "b")
    ids = [
        {each.getAttribute("id") for each in minidom.parseString(text).getElementsByTagName("g")}
        for text in (one, other)
    ]
    assert ids == [{""}, {""}]


# Machado, Oliveira and Fernandes 2009, severity 1.0: what is seen without one kind of cone, as a
# matrix over linear RGB.
SEEN_WITHOUT = {
    "red (protanopia)": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green (deuteranopia)": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
NOBODY_MISSING = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def lightness(shade: str, matrix: list[list[float]]) -> float:
    """CIE L* of a shade, 0 to 100, as somebody sees it."""
    channels = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    seen = [sum(f * c for f, c in zip(row, linear, strict=True)) for row in matrix]
    weights = (0.2126, 0.7152, 0.0722)
    grey = sum(w * min(max(c, 0.0), 1.0) for w, c in zip(weights, seen, strict=True))
    return 116 * grey ** (1 / 3) - 16


@pytest.mark.parametrize("missing", ["none", *SEEN_WITHOUT])
def test_shades_are_told_apart_by_lightness_whatever_colours_are_seen(missing: str) -> None:
    matrix = SEEN_WITHOUT.get(missing, NOBODY_MISSING)
    names = ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    seen = [lightness(look_of(name).shade, matrix) for name in names]
    assert all(after - before > 6 for before, after in pairwise(seen))
    # What is deprecated is far from what is not.
    assert seen[4] - seen[3] > 9


def test_versions_of_one_shade_differ_in_their_hatch() -> None:
    looks = [look_of(name) for name in in_order([*registry.VERSION_NAMES, "0x1234", "none seen"])]
    named = {look for look in looks if look.shade != figures_looks.OTHERS.shade}
    by_name = {look_of(name): name for name in registry.VERSION_NAMES if " draft " not in name}
    assert len(named) >= 10
    for shade in {look.shade for look in named}:
        hatches = [look.hatch for look in by_name if look.shade == shade]
        assert len(hatches) == len(set(hatches))


def test_datagram_tls_below_1_2_is_hatched_as_deprecated_too() -> None:
    rows = [
        handshake_row(server_legacy_version=0xFEFF),
        handshake_row(server_legacy_version=0xFEFD),
    ]
    old, new = figures.counts_of_versions(make_handshakes(rows))
    assert (old.label, new.label) == ("DTLS 1.0", "DTLS 1.2")
    assert old.parts[0].look.shade == look_of("TLS 1.1").shade
    assert new.parts[0].look.shade == look_of("TLS 1.2").shade


def test_drafts_and_unknown_versions_are_gathered() -> None:
    rows = [handshake_row(server_supported_version=each) for each in (0x7F17, 0x7F1C)]
    rows += [handshake_row(server_legacy_version=0x1000 + each) for each in range(9)]
    bars = figures.counts_of_versions(make_handshakes(rows))
    assert [(bar.label, bar.count) for bar in bars] == [("TLS 1.3 drafts", 2), ("other numbers", 9)]


HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("apart", "labels"),
    [
        (HOUR // 3600, ["2026-03-02 08:00:00", "2026-03-02 08:00:01", "2026-03-02 08:00:02"]),
        (HOUR, ["2026-03-02 08:00", "2026-03-02 09:00", "2026-03-02 10:00"]),
        (24 * HOUR, ["2026-03-02", "2026-03-03", "2026-03-04"]),
        (24 * 7 * HOUR, ["2026-03-02", "2026-03-09", "2026-03-16"]),
        (24 * 365 * HOUR, ["2026", "2027", "2028"]),
    ],
)
def test_time_is_parted_into_round_periods(apart: int, labels: list[str]) -> None:
    start = handshake_row()["ts"]
    rows = [handshake_row(number=n, ts=start + apart * n) for n in range(3)]
    bars = figures.counts_of_versions_over_time(make_handshakes(rows))
    busy = [bar.label for bar in bars if bar.count]
    assert len(bars) <= 40
    assert sum(bar.count for bar in bars) == 3
    assert len(busy) == 3
    assert all(any(each.startswith(label) for each in busy) for label in labels)


def test_longest_time_there_can_be_fits_the_figure() -> None:
    rows = [handshake_row(ts=0), handshake_row(number=1, ts=2**63 - 1), handshake_row(ts=None)]
    table = make_handshakes(rows)
    bars = figures.counts_of_versions_over_time(table)
    assert [bar.count for bar in bars if bar.count] == [1, 1]
    assert len(bars) <= 40
    assert len(heights(figures.versions_over_time(table))) == 2


def test_versions_over_time_are_stacked_with_their_numbers(office: Audit) -> None:
    figure = figures.versions_over_time(office.handshakes)
    bars = figures.counts_of_versions_over_time(office.handshakes)
    stacked = [patch.get_height() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert stacked == [part.count for bar in bars for part in bar.parts]
    assert bars[0].label in words(figure)


def test_matrix_says_what_was_offered_and_what_was_chosen() -> None:
    rows = [
        handshake_row(number=0, **TLS13),
        handshake_row(number=1, **TLS13),
        handshake_row(number=2, client_supported_versions=[0x0304]),
        handshake_row(number=3, server_legacy_version=0x0301),
        handshake_row(number=4, client_hello_frame=None, client_legacy_version=None),
    ]
    table = make_handshakes(rows)
    counts = {
        (bar.label, part.name): part.count
        for bar in figures.counts_of_offered_and_negotiated(table)
        for part in bar.parts
    }
    assert counts == {
        ("TLS 1.2", "TLS 1.0"): 1,
        ("TLS 1.3", "TLS 1.2"): 1,
        ("TLS 1.3", "TLS 1.3"): 2,
        ("no hello seen", "TLS 1.2"): 1,
    }
    figure = figures.offered_against_negotiated(table)
    assert words(figure)[:3] == ["TLS 1.0", "TLS 1.2", "TLS 1.3"]
    # A cell each, and a frame around the one in which the best was given.
    assert len(figure.axes[0].patches) == 5


def test_numbers_of_the_matrix_fit_their_cells() -> None:
    said = {count: _short(count, 4) for count in (7, 9999, 10_049, 999_499, 999_999, 25_000_000)}
    assert list(said.values()) == ["7", "10k", "10k", "999k", "1.0M", "25M"]
    assert _short(1234, 4) == "1.2k"
    assert _short(1234, 5) == "1,234"


def verdict_rows(count: int) -> pd.DataFrame:
    import pandas as pd

    faults = ["will break", "server-limited", "refused already", "fallback", "ready", "unknown"]
    rows = [
        (f"10.0.{n // 250}.{n % 250}", f"server{n % 37}.test:443", faults[n % 6], n + 1)
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=["client", "service", "verdict", "handshakes"])


def test_who_talks_to_whom_leaves_out_what_keeps_working() -> None:
    lines = figures.talks(verdict_rows(6))
    assert [(each.fault, each.handshakes) for each in lines] == [
        ("client breaks", 1),
        ("server holds back", 2),
        ("refused", 3),
        ("falls back", 4),
    ]
    legend = figures.who_talks_to_whom(verdict_rows(6)).axes[0].get_legend()
    assert legend is not None
    dashes = [line.get_linestyle() for line in legend.get_lines()]
    assert len({str(each) for each in dashes}) >= 2


def test_large_network_stays_a_drawing_of_eleven_on_a_side() -> None:
    lines = figures.talks(verdict_rows(5000))
    clients, services = ({getattr(e, side) for e in lines} for side in ("client", "service"))
    assert len(clients) == len(services) == 11
    assert any(each.endswith(" other clients") for each in clients)
    table = verdict_rows(5000)
    wrong = ~table["verdict"].isin(["ready", "unknown"])
    assert sum(each.handshakes for each in lines) == table.loc[wrong, "handshakes"].sum()


def test_hostile_names_stay_text_in_who_talks_to_whom() -> None:
    table = verdict_rows(3)
    table["client"] = [HOSTILE, "$\\frac{$", "\x00\x1b\ufffe名前"]
    table["service"] = ["x" * 5000, "$x$" * 200, HOSTILE]
    text = figures.svg(figures.who_talks_to_whom(table), HOSTILE)
    root = minidom.parseString(text.encode()).documentElement
    assert root is not None
    labels = [each.firstChild.data for each in root.getElementsByTagName("text")]  # type: ignore[union-attr]
    assert all(len(label) <= 30 for label in labels)
    assert "$\\frac{$" in labels
    assert figures.who_talks_to_whom(table)._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_text_on_a_shade_keeps_its_colour_on_a_dark_page(office: Audit) -> None:
    text = figures.svg(figures.offered_against_negotiated(office.handshakes), "matrix")
    assert 'class="on-light"' in text
    assert 'class="on-dark"' in text
