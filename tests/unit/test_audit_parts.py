"""A part of an audit is an audit: its tables follow from the part, and it says that it is one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.command import SAMPLES

import tlsaudit
from tlsaudit import schema

if TYPE_CHECKING:
    from tlsaudit import Audit

OLD = "10.20.30.201"


@pytest.fixture(scope="module")
def whole() -> Audit:
    return tlsaudit.audit(SAMPLES / "office.pcapng")


def test_part_of_a_client_has_that_client_in_every_table(whole: Audit) -> None:
    part = whole.where(client=OLD)
    assert len(part.handshakes) == 3
    for table in (part.handshakes, part.findings, part.clients, part.verdicts):
        assert set(table["client"]) == {OLD}
    assert part.findings["stream"].tolist() == (
        whole.findings.loc[whole.findings["client"] == OLD, "stream"].tolist()
    )
    mine = whole.verdicts["client"] == OLD
    assert part.verdicts["verdict"].tolist() == whole.verdicts.loc[mine, "verdict"].tolist()
    assert part.forecast.headline != whole.forecast.headline


def test_tables_of_a_part_are_those_of_the_schema(whole: Audit) -> None:
    for part in (whole.where(client=OLD), whole.where(client="203.0.113.250")):
        schema.check(part.handshakes, schema.HANDSHAKE_TABLE)
        schema.check(part.findings, schema.FINDINGS)
        schema.check(part.clients, schema.CLIENTS)
        assert part.handshakes.index.tolist() == list(range(len(part.handshakes)))


def test_service_is_a_name_an_address_or_what_verdicts_call_it(whole: Audit) -> None:
    by_name = whole.where(service="erp.example.test")
    assert set(by_name.verdicts["service"]) == {"erp.example.test:8443"}
    for service in ("erp.example.test:8443", "10.20.10.90", ["erp.example.test"]):
        assert whole.where(service=service).handshakes.equals(by_name.handshakes)
    assert len(whole.where(service="10.20.10.90:8443").handshakes) == 0


def test_since_counts_and_until_does_not(whole: Audit) -> None:
    moments = whole.handshakes["ts"].sort_values()
    middle = moments.iloc[80]
    early, late = whole.where(until=middle), whole.where(since=middle)
    assert len(early.handshakes) + len(late.handshakes) == len(whole.handshakes)
    assert late.handshakes["ts"].min() == middle
    assert early.handshakes["ts"].max() < middle
    assert len(whole.where(since="2026-11-22").handshakes) == 0
    local = middle.tz_convert("America/New_York")
    assert whole.where(since=local).handshakes.equals(late.handshakes)


def test_a_moment_may_be_so_long_before_the_newest_handshake(whole: Audit) -> None:
    newest = whole.handshakes["ts"].max()
    middle = newest - pd.Timedelta(hours=1)
    assert whole.where(since="1h").handshakes.equals(whole.where(since=middle).handshakes)
    assert len(whole.where(until="7d").handshakes) == 0
    assert len(whole.where(since="4w").handshakes) == len(whole.handshakes)


@pytest.mark.parametrize("given", ["seven days", "", "7y", float("nan"), pd.NaT, [1], "999999w"])
def test_what_is_no_moment_says_how_moments_are_written(whole: Audit, given: object) -> None:
    with pytest.raises(ValueError, match=r"a day is 2026-03-01, .* before the newest handshake 7d"):
        whole.where(since=given)  # type: ignore[arg-type]


def test_without_times_nothing_is_before_the_newest(whole: Audit) -> None:
    with pytest.raises(ValueError, match="no handshake has a time"):
        whole.where(client="203.0.113.250").where(since="7d")


def test_a_forecast_shows_its_headline(whole: Audit) -> None:
    shown = repr(whole.forecast)
    assert shown.startswith("<Forecast: At what entra speaks of: none of 45 clients breaks; ")
    assert len(shown) < 500


def test_mask_is_an_array_a_series_or_a_function(whole: Audit) -> None:
    mask = whole.handshakes["negotiated_version_name"] < "TLS 1.2"
    by_mask = whole.where(mask)
    assert len(by_mask.handshakes) == int(mask.sum()) > 0
    for other in (mask.to_numpy(), lambda table: table["negotiated_version_name"] < "TLS 1.2"):
        assert whole.where(other).handshakes.equals(by_mask.handshakes)
    # Null is no: nothing was negotiated there.
    nullable = whole.handshakes["negotiated_version"] < 0x0303
    assert nullable.isna().any()
    assert len(whole.where(nullable).handshakes) == int(nullable.sum())


def test_mask_of_other_rows_is_refused(whole: Audit) -> None:
    mask = pd.Series([True, False])
    with pytest.raises(ValueError, match="not of these handshakes"):
        whole.where(mask)
    with pytest.raises(ValueError, match="for each of 165 handshakes"):
        whole.where(mask.to_numpy())
    with pytest.raises(ValueError, match="True or False"):
        whole.where(whole.handshakes["stream"].to_numpy())


def test_conditions_add_up_and_parts_have_parts(whole: Audit) -> None:
    once = whole.where(client=OLD, service="ldaps.example.test")
    twice = whole.where(client=OLD).where(service="ldaps.example.test")
    assert once.handshakes.equals(twice.handshakes)
    assert once.part == twice.part == f"client {OLD}, service ldaps.example.test"
    assert whole.where() is whole


def test_part_says_that_it_is_one_wherever_it_is_shown(whole: Audit, tmp_path: Path) -> None:
    part = whole.where(client="10.20.30.101")
    assert repr(part).endswith(f"policy {part.policy.name}, only client 10.20.30.101>")
    assert "A part only: client 10.20.30.101" in part.summary()
    assert "of 165 TLS connections, in the captures as a whole\n" in part.summary()
    assert "A part only: client 10.20.30.101" in part._repr_html_()
    page = part.report(tmp_path).read_text("utf-8")
    assert "A part only: client 10.20.30.101" in page
    assert 'class="top answer-yes"' not in page


def test_what_was_captured_stays_that_of_the_whole(whole: Audit) -> None:
    part = whole.where(client=OLD)
    assert part.captures is whole.captures
    assert part.coverage is whole.coverage
    assert part.names is whole.names


def test_refusals_are_chosen_by_the_addresses_of_a_service() -> None:
    whole = tlsaudit.audit(SAMPLES / "ldap-starttls.pcap", SAMPLES / "office.pcapng")
    assert len(whole.refusals) == 1
    refused = whole.refusals.iloc[0]
    assert len(whole.where(client=refused["client"]).refusals) == 1
    assert len(whole.where(service=refused["server"]).refusals) == 1
    assert len(whole.where(client=OLD).refusals) == 0
    assert len(whole.where(whole.handshakes["stream"] >= 0).refusals) == 0


def test_evidence_of_a_part_holds_its_packets_only(whole: Audit, tmp_path: Path) -> None:
    one = whole.where(client=OLD).evidence(tmp_path / "part.pcapng")
    assert one.path.is_file()
    assert set(tlsaudit.audit(one.path).clients["client"]) == {OLD}


def test_every_figure_is_drawn_of_the_audit(whole: Audit) -> None:
    from matplotlib.figure import Figure

    plot = whole.plot
    names = [name for name in dir(plot) if not name.startswith("_") and name != "audit"]
    assert names == [
        "cipher_suites",
        "clients_over_time",
        "handshakes_by_version",
        "offered_against_negotiated",
        "versions_by_client",
        "versions_over_time",
        "who_talks_to_whom",
    ]
    for name in names:
        figure = getattr(plot, name)()
        assert isinstance(figure, Figure)
        assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
        axes = Figure().add_subplot()
        assert getattr(plot, name)(axes=axes) is axes.get_figure()


def test_figures_of_nothing_are_drawn_too() -> None:
    nothing = tlsaudit.audit(io.BytesIO((SAMPLES / "no-tls.pcap").read_bytes()))
    for name in ("versions_by_client", "clients_over_time", "who_talks_to_whom"):
        text = [each.get_text() for each in getattr(nothing.plot, name)().axes[0].texts]
        assert text == ["nothing to show"]


def test_events_of_a_part_are_those_that_its_handshakes_have(whole: Audit) -> None:
    from dataclasses import replace

    assert whole.where(client=OLD).events.equals(whole.events)
    shown = whole.handshakes.iloc[[0, 3]]
    columns = {column.name: [None, None] for column in schema.EVENTS}
    columns |= {name: shown[name].tolist() for name in ("capture", "stream", "handshake")}
    columns |= {"transport": ["tcp", "tcp"], "log": ["a.evtx"] * 2, "event_id": [36880] * 2}
    columns |= {"meaning": ["a handshake"] * 2, "candidates": [1, 1], "others": [0, 0]}
    told = replace(whole)
    told.__dict__["events"] = schema.conform(pd.DataFrame(columns), schema.EVENTS)
    part = told.where(client=shown["client"].iloc[1])
    assert len(part.events) == sum(shown["client"] == shown["client"].iloc[1])
    schema.check(part.events, schema.EVENTS)
