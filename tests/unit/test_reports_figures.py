"""Figures: words and numbers, in the right order, and text that stays text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from xml.dom import minidom

import pytest
from support.tables import HOSTILE, handshake_row, make_handshakes

from tlsaudit import schema
from tlsaudit.reports import figures

if TYPE_CHECKING:
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
        bar.label: bar.parts[0].hatched for bar in figures.counts_of_versions(office.handshakes)
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
        red, green, blue = (int(bar.parts[0].shade[at : at + 2], 16) for at in (1, 3, 5))
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
    assert bars[-2].parts[0].hatched


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
    assert any(figures.shortened(name, 46) == label for label in labels)


def test_svg_has_no_ids_that_two_figures_share(office: Audit) -> None:
    one = figures.svg(figures.handshakes_by_version(office.handshakes), "a")
    other = figures.svg(figures.versions_by_client(office.handshakes, ["192.0.2.11"]), "b")
    ids = [
        {each.getAttribute("id") for each in minidom.parseString(text).getElementsByTagName("g")}
        for text in (one, other)
    ]
    assert ids == [{""}, {""}]
