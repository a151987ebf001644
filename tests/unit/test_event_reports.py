"""What was logged, in every output: the page, the terminal, the ticket and the workbook."""

import io
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from tests.support.event_log import completed, event, lines
from tests.support.tables import (
    HOSTILE,
    NO_ANSWER,
    OLD_VERSION,
    capture_row,
    handshake_row,
    make_handshakes,
)
from tlsaudit import schema
from tlsaudit.events import read_events
from tlsaudit.processes import MOST_PROCESSES, processes_of
from tlsaudit.reports.export import TABLE_FORMATS
from tlsaudit.reports.lines import summary, table_text
from tlsaudit.reports.ticket import ticket

REFUSED = {
    **OLD_VERSION,
    **NO_ANSWER,
    "outcome": "rejected",
    "alert_description": 70,
    "alert_level": 2,
    "alert_sender": "server",
    "alert_frame": 6,
    "client_pid": 4242,
    "client_process_basis": "syn",
}


@pytest.fixture
def logged(make_audit, tmp_path):
    """A function from a program's name to an audit of one refused client and two events."""

    def of(program):
        rows = [
            handshake_row(number=0, client_process=f"{program}.exe", **REFUSED),
            handshake_row(number=1, client="192.0.2.11", **REFUSED | {"client_pid": None}),
        ]
        path = tmp_path / "events.xml"
        said = {"Type": "client", "ErrorState": 10013}
        path.write_text(
            lines(
                [
                    event(36887, "2026-03-02T08:00:00.5Z", caller=(4242, program), AlertDesc=70),
                    event(36871, "2026-03-02T08:01:00Z", record=2, caller=(77, program), **said),
                    completed("2026-03-02T08:02:00Z", "TLS 1.2", 0xC02F, program, record=3),
                ]
            ),
            encoding="utf-8",
        )
        host = {"address": "192.0.2.10", "name": "pc7", "kind": "host", "source": "hosts"}
        run = make_audit(rows, [capture_row()])
        names = schema.from_rows([host], schema.NAMES)
        return replace(run, names=names, logged=read_events(path).logged)

    return of


def test_the_page_shows_the_process_the_event_and_what_was_missed(logged, tmp_path):
    page = logged("ldp").report(tmp_path / "r").read_text("utf-8")
    assert "ldp.exe (PID 4242, likely)" in page
    assert "event 36887, 2026-03-02 08:00:00, ldp (PID 4242): a fatal alert was received" in page
    assert "tied by its process" in page
    missed = page[page.index('<section id="missed">') : page.index('<section id="events">')]
    assert "no TLS credential could be made, as a client" in missed
    assert "it failed before anything was sent" in missed
    assert "36887" not in missed
    assert (tmp_path / "r" / "events.csv").read_text("utf-8").count("\n") == 4


def test_a_page_without_events_says_nothing_of_them(make_audit, tmp_path):
    page = make_audit([handshake_row()]).report(tmp_path).read_text("utf-8")
    assert 'id="missed"' not in page
    assert 'href="#events"' not in page


def test_the_summary_counts_what_became_of_the_events(logged):
    assert "logged: 1 event tied to a handshake and 2 that the captures missed\n" in summary(
        logged("ldp")
    )


def test_the_ticket_names_the_process_and_what_was_missed(logged):
    text = ticket(logged("ldp"))
    assert "`ldp.exe (PID 4242, likely)`" in text
    assert "### What the capture missed" in text
    assert "`ldp (PID 77)`" in text


def test_the_tables_of_a_terminal_have_a_process_only_where_one_is_known(logged, make_audit):
    run = logged("ldp")
    assert "ldp.exe (PID 4242, likely)" in table_text("verdicts", run.verdicts)
    assert "ldp.exe (PID 4242, likely)" in table_text("clients", run.clients)
    assert "process" not in table_text("verdicts", make_audit([handshake_row()]).verdicts)
    assert "tied by its process" in table_text("events", run.events)


def test_hostile_names_of_programs_stay_text_everywhere(logged, tmp_path):
    run = logged(HOSTILE)
    page = run.report(tmp_path / "r").read_text("utf-8")
    assert "<script>alert(1)" not in page
    assert "\x1b" not in page + ticket(run) + summary(run) + table_text("events", run.events)
    for line in ticket(run).splitlines():
        assert "<script>" not in line.replace(f"`{line.partition('`')[2]}", "")
    target = io.BytesIO()
    TABLE_FORMATS["xlsx"].write(run.events, schema.EVENTS, target)
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"]


def test_processes_are_told_with_their_number_and_how_sure_that_is():
    rows = make_handshakes(
        [
            handshake_row(number=n, client_process=name, client_pid=pid, client_process_basis=basis)
            for n, (name, pid, basis) in enumerate(
                [
                    ("ldp.exe", 4242, "syn"),
                    ("ldp.exe", 4242, "connection-event"),
                    ("curl.exe", 9, "client-hello"),
                    (None, 4, "process-table"),
                    (None, None, None),
                ]
            )
        ]
    )
    import numpy as np

    assert processes_of(rows, np.array([0, 0, 0, 1, 2]), 3) == [
        ["ldp.exe (PID 4242, certain)", "curl.exe (PID 9, likely)"],
        ["PID 4 (certain)"],
        None,
    ]


def test_of_many_processes_the_rest_is_counted():
    import numpy as np

    rows = make_handshakes(
        [
            handshake_row(
                number=n, client_process="a", client_pid=n + 1, client_process_basis="syn"
            )
            for n in range(MOST_PROCESSES + 3)
        ]
    )
    (found,) = processes_of(rows, np.zeros(len(rows), dtype=int), 1)
    assert found[-1] == "and 3 more"
    assert len(found) == MOST_PROCESSES + 1


def test_an_audit_without_events_has_an_empty_table(make_audit):
    run = make_audit([handshake_row()])
    schema.check(run.events, schema.EVENTS)
    assert run.events.empty
    assert pd.isna(run.verdicts["processes"].iloc[0])
