"""Two tables are compared hello by hello, and a mistake in one of them is found."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from support.command import SAMPLES
from support.needs import needs_tshark
from support.tables import handshake_row

from tlsaudit import schema
from tlsaudit.cli import command
from tlsaudit.engines import load, native
from tlsaudit.engines.agreement import agreement
from tlsaudit.engines.comparison import MESSAGES
from tlsaudit.engines.known_differences import KNOWN_DIFFERENCES
from tlsaudit.engines.reading import Reading
from tlsaudit.inputs import Input

OFFICE = [Input("office.pcapng", str(SAMPLES / "office.pcapng"))]


def reading(rows):
    handshakes = schema.from_arrow(schema.handshakes_table(rows))
    captures = [{"capture": "office.pcapng", "readable": True, "tls_streams": 0, "handshakes": 0}]
    return Reading(handshakes, schema.captures_frame(captures), "a program")


def compared(ours, theirs, lacks=()):
    other = SimpleNamespace(LACKS=dict.fromkeys(lacks, "a reason"), TRANSPORTS={"tcp"})
    return agreement(reading(ours), reading(theirs), "tshark", other)


def test_equal_tables_agree():
    rows = [handshake_row(number=number) for number in range(3)]
    result = compared(rows, rows)
    assert result.holds
    assert result.hellos == 6
    assert result.differences.empty


def test_a_hello_that_only_the_other_has_is_missing():
    rows = [handshake_row(number=number) for number in range(2)]
    result = compared(rows[:1], rows)
    assert [(each.kind, each.message) for each in result.unexplained] == [
        ("missing", "client_hello"),
        ("missing", "server_hello"),
    ]
    assert "seen by tshark only" in result.lines()[-1]


def test_a_hello_that_only_the_core_has_is_extra():
    whole = handshake_row()
    half = {**whole, "server_hello_frame": None}
    [difference] = compared([whole], [half]).unexplained
    assert (difference.kind, difference.message, difference.frame) == (
        "extra",
        "server_hello",
        whole["server_hello_frame"],
    )


def test_a_cell_that_differs_is_named_with_both_values():
    ours = handshake_row(negotiated_cipher_suite=0x002F)
    theirs = handshake_row(negotiated_cipher_suite=0x000A)
    result = compared([ours], [theirs])
    [difference] = result.unexplained
    assert (difference.column, difference.ours, difference.theirs) == (
        "negotiated_cipher_suite",
        0x002F,
        0x000A,
    )
    [row] = result.differences.to_dict("records")
    assert (row["ours"], row["theirs"]) == ("47", "10")


def test_a_column_that_the_other_lacks_is_not_compared():
    ours, theirs = handshake_row(ja3="a"), handshake_row(ja3=None)
    assert not compared([ours], [theirs]).holds
    assert compared([ours], [theirs], lacks=["ja3"]).holds


def test_a_transport_that_the_other_does_not_read_is_not_compared():
    assert compared([handshake_row(transport="dtls")], []).holds


def test_a_hello_that_belongs_to_another_answer_is_a_difference():
    first, second = handshake_row(number=0), handshake_row(number=0, handshake=1)
    second.update(client_hello_frame=50, server_hello_frame=51)
    swapped = [
        {**first, "server_hello_frame": second["server_hello_frame"]},
        {**second, "server_hello_frame": first["server_hello_frame"]},
    ]
    columns = {each.column for each in compared([first, second], swapped).unexplained}
    assert "client_hello_frame" in columns


def test_hostile_names_stay_text_in_every_output():
    ours = handshake_row(server_name="<b>\x1b[31m")
    result = compared([ours], [handshake_row(server_name="a")])
    assert "<b>" not in result._repr_html_()
    assert "\x1b" not in "".join(result.lines())


@pytest.mark.parametrize("name", ["tshark", "scapy"])
def test_every_column_is_given_or_lacked_for_a_reason(name):
    columns = {column.name for column in schema.HANDSHAKES}
    lacks = load(name).LACKS
    assert set(lacks) <= columns - set(MESSAGES.values())
    assert all(lacks.values())


def test_every_known_difference_has_a_name_of_its_own_and_a_reason():
    idents = [(entry.engine, entry.ident) for entry in KNOWN_DIFFERENCES]
    assert len(set(idents)) == len(idents)
    assert all(len(entry.reason) > 40 for entry in KNOWN_DIFFERENCES)


def wrong_suite(rows):
    rows.loc[rows.index[3], "negotiated_cipher_suite"] = 0x1337
    return rows


def dropped_hello(rows):
    return rows.drop(rows.index[3]).reset_index(drop=True)


def wrong_frame(rows):
    rows.loc[rows.index[3], "client_hello_frame"] += 1
    return rows


@pytest.mark.parametrize("mistake", [wrong_suite, dropped_hello, wrong_frame])
def test_verify_catches_a_mistake_of_the_core(mistake, monkeypatch):
    """What the core gives is falsified on its way; the other engine is the real one."""
    needs_tshark()
    honest = native.read

    def mistaken(inputs, progress=None):
        read = honest(inputs, progress)
        return Reading(mistake(read.handshakes), read.captures, read.program)

    path = str(SAMPLES / "office.pcapng")
    monkeypatch.setattr(native, "read", mistaken)
    result = CliRunner().invoke(command, ["verify", path], standalone_mode=False)
    assert result.return_value == 1
    assert "unexplained differences: 0" not in result.output
