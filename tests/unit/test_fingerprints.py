"""Lists of fingerprints that users bring: what is read of them, and what a mistake is answered."""

import gzip
import hashlib
import json
from pathlib import Path

import pyarrow
import pytest

from tests.support.tables import handshake_row, make_handshakes
from tlsaudit import ListError
from tlsaudit._core import read
from tlsaudit.findings import load_policy
from tlsaudit.forecast import forecast
from tlsaudit.naming import read_fingerprints

SAMPLES = Path(__file__).parents[2] / "samples"
JA3 = "e7d705a3286e19ea42f587b344ee6865"
JA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"


def known(tmp_path, text):
    file = tmp_path / "list"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_fingerprints(file)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{JA3},Tor\n", "Tor"),
        (
            f"# a\n# ja3_md5,Firstseen,Lastseen,Listingreason\n{JA3},2017,2018,Adware\n",
            "Adware",
        ),
        (f'desc,ja3\n"a, b",{JA3.upper()}\n', "a, b"),
    ],
)
def test_csv_with_ja3_is_read(tmp_path, text, what):
    hint = known(tmp_path, text).hint(JA3, None)
    assert hint.what == what
    assert hint.why.startswith("its JA3 is in your list: list, line ")


def test_csv_with_ja4_is_read_and_rows_without_one_are_counted(tmp_path):
    text = "Application,Library,Device,OS,ja4,ja4s,ja4h,ja4x,ja4t,ja4tscan,Notes\n"
    text += f"Chromium Browser,,,,{JA4},,,,,,\n"
    text += "Sliver,,,,,t130200_1301_234ea6891581,,,,,\n"
    lists = known(tmp_path, text)
    assert lists.hint(None, JA4).what == "Chromium Browser"
    assert lists.left_out == 1


def mercury_string(version, suites, extensions):
    spelled = "".join(f"({kind:04x}{data.hex()})" for kind, data in extensions)
    return f"tls/({version:04x})({''.join(f'{each:04x}' for each in suites)})({spelled})"


def test_a_string_of_mercury_has_the_ja3_of_the_hello_that_it_is_of(tmp_path):
    """RFC 8446's order of things: version, suites, extensions, groups, formats, without GREASE."""
    suites = [0x0A0A, 0xC02B, 0xC02F, 0x002F]
    groups, formats = bytes.fromhex("0006 0004 001d 0017"), bytes.fromhex("0002 01 00")
    string = mercury_string(
        0x0303, suites, [(0x0A0A, b""), (0, b""), (10, groups), (11, formats), (35, b"")]
    )
    entry = {
        "str_repr": string,
        "process_info": [
            {"process": "rare.exe", "count": 2},
            {"process": "often.exe", "count": 40},
        ],
    }
    lists = known(tmp_path, gzip.compress((json.dumps(entry) + "\n").encode()))
    text = "771,49195-49199-47,0-10-11-35,29-23,0"
    ja3 = hashlib.md5(text.encode()).hexdigest()
    assert lists.hint(ja3, None).what == "often.exe or rare.exe"


@pytest.mark.parametrize("string", ["tls/1/(0303)(1301)[(0000)]", "quic/(1)(0303)", "tls/(0303)"])
def test_strings_that_have_no_ja3_are_counted_and_not_guessed(tmp_path, string):
    entry = {"str_repr": string, "process_info": [{"process": "a", "count": 1}]}
    lists = known(tmp_path, json.dumps(entry))
    assert (lists.left_out, lists.ja3, lists.ja4) == (1, {}, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ja3,desc\nabc,x\n", "line 2: `abc` is no JA3"),
        ("ja4,desc\nabc,x\n", "line 2: `abc` is no JA4"),
        ("hello\n", "line 1: no JA3 and no JA4"),
        ('{"str_repr": "tls/"}\n{oops\n', "line 2: this is no object of JSON"),
        ('{"a": 1}\n', "line 1: no `str_repr`"),
        ("", "holds no JA3"),
        (b"\x1f\x8bnot", "cannot be read"),
        (b"\xff\xfe", "no text in UTF-8"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path, text, says):
    with pytest.raises(ListError, match=says):
        known(tmp_path, text)


def test_a_list_of_yours_names_the_stack_of_a_verdict(tmp_path):
    lists = known(tmp_path, f"ja3,desc\n{JA3},till software 3\n")
    rows = [handshake_row(ja3=JA3), handshake_row(number=1, client="192.0.2.99", ja3="0" * 32)]
    verdicts = forecast(make_handshakes(rows), load_policy("entra"), fingerprints=lists).verdicts
    by_client = verdicts.set_index("client")
    assert by_client["stack_hint"].notna().sum() == 1
    [row] = verdicts[verdicts["stack_hint"].notna()].to_dict("records")
    assert row["stack_hint"] == "probably till software 3"
    assert row["stack_hint_why"] == "its JA3 is in your list: list, line 2"


def test_the_core_and_the_list_mean_the_same_by_ja3(tmp_path):
    """A hello of a sample, spelled as mercury does, has the JA3 that the core gives it.

    Its only point format is the uncompressed one.
    """
    path = SAMPLES / "chromium.pcapng"
    row = pyarrow.table(read([(path.name, str(path))])).to_pylist()[0]
    groups = b"".join(each.to_bytes(2) for each in row["client_groups"] or [])
    data = {
        10: (len(groups) + 2).to_bytes(2) + len(groups).to_bytes(2) + groups,
        11: bytes.fromhex("0002 01 00"),
    }
    extensions = [(kind, data.get(kind, b"")) for kind in row["client_extensions"] or []]
    string = mercury_string(row["client_legacy_version"], row["client_cipher_suites"], extensions)
    entry = {"str_repr": string, "process_info": [{"process": "a browser", "count": 1}]}
    hint = known(tmp_path, json.dumps(entry)).hint(row["ja3"], None)
    assert hint is not None
    assert hint.what == "a browser"


def test_old_hello_with_a_known_ja3_may_be_of_programs_seen_to_send_it() -> None:
    from support.tables import OLD_ANSWER, OLD_VERSION, handshake_row, make_handshakes

    from tlsaudit.findings import load_policy
    from tlsaudit.forecast import forecast

    rows = [
        handshake_row(
            number=1, ja3="561145462cfc7de1d6a97e93d3264786", **OLD_VERSION, **OLD_ANSWER
        ),
        handshake_row(number=2, client="192.0.2.11", ja3="0" * 32, **OLD_VERSION, **OLD_ANSWER),
        handshake_row(number=3, client="192.0.2.12", ja3=None, **OLD_VERSION, **OLD_ANSWER),
    ]
    verdicts = forecast(make_handshakes(rows), load_policy("bcp195")).verdicts
    hints = verdicts.set_index("client")["stack_hint"]
    why = verdicts.set_index("client")["stack_hint_why"]
    assert hints[str(rows[0]["client"])] == (
        "perhaps a program such as Notes or webdavfs_agent on macOS"
    )
    assert "JA3" in why[str(rows[0]["client"])]
    assert hints[["192.0.2.11", "192.0.2.12"]].isna().all()


def test_table_of_programs_is_well_formed() -> None:
    from tlsaudit.forecast.programs import _programs

    known = _programs()
    assert len(known) > 100
    assert all(len(ja3) == 32 and int(ja3, 16) >= 0 for ja3 in known)
    assert all(what.isascii() and "  " not in what for what in known.values())
