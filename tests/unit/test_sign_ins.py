"""Entra's sign-in log: every form of it, and how far a sign-in can be tied to a handshake."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from tests.support.tables import HOSTILE, OLD_ANSWER, OLD_VERSION, capture_row, handshake_row
from tlsaudit import ListError, schema
from tlsaudit.events import read_sign_ins
from tlsaudit.reports.lines import summary, table_text
from tlsaudit.reports.ticket import ticket

KEY = "Legacy TLS (TLS 1.0, 1.1, 3DES)"
OLD = {**OLD_VERSION, **OLD_ANSWER, "server_name": "login.microsoftonline.com"}


def sign_in(number=1, second=10, legacy="True", address="203.0.113.7", user="ada@example.test"):
    """A sign-in as Microsoft Graph and the portal's download have it."""
    return {
        "id": f"5d8e0b7a-2c41-4f9e-8a63-91c7f2d40e{number:02}",
        "createdDateTime": f"2026-03-02T08:00:{second:02}.1234567Z",
        "userDisplayName": "Ada",
        "userPrincipalName": user,
        "appDisplayName": "Line of business",
        "ipAddress": address,
        "clientAppUsed": "Mobile Apps and Desktop clients",
        "userAgent": "Mozilla/4.0",
        "isInteractive": True,
        "status": {"errorCode": 0, "failureReason": "Other."},
        "deviceDetail": {"deviceId": "", "displayName": "PC7", "operatingSystem": "Windows 7"},
        "authenticationProcessingDetails": [
            {"key": "Login Hint Present", "value": "True"},
            {"key": KEY, "value": legacy},
        ],
    }


def of_log_analytics(entry):
    """The same as Log Analytics has it: capital letters, and text for what is inside."""
    special = {"ipAddress": "IPAddress", "createdDateTime": "CreatedDateTime"}
    row = {special.get(name, name[0].upper() + name[1:]): value for name, value in entry.items()}
    for name in ("AuthenticationProcessingDetails", "DeviceDetail", "Status"):
        row[name] = json.dumps(row[name])
    return row | {"TimeGenerated": "2026-03-02T08:01:00Z", "ResultType": "0"}


def of_a_storage_account(entry):
    """The same as diagnostic settings send it."""
    return {
        "time": entry["createdDateTime"],
        "operationName": "Sign-in activity",
        "category": "SignInLogs",
        "callerIpAddress": entry["ipAddress"],
        "properties": entry,
    }


def tables_of(entries):
    rows = [of_log_analytics(each) for each in entries]
    return {
        "tables": [
            {
                "name": "PrimaryResult",
                "columns": [{"name": name, "type": "string"} for name in rows[0]],
                "rows": [list(row.values()) for row in rows],
            }
        ]
    }


FORMS = {
    "portal": json.dumps,
    "graph": lambda entries: json.dumps({"@odata.context": "x", "value": entries}),
    "event hub": lambda entries: json.dumps({"records": list(map(of_a_storage_account, entries))}),
    "storage": lambda entries: "\r\n".join(
        json.dumps(of_a_storage_account(each)) for each in entries
    ),
    "log analytics": lambda entries: json.dumps(list(map(of_log_analytics, entries))),
    "query": lambda entries: json.dumps(tables_of(entries)),
}


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "signins.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_sign_ins(path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_says_the_same(tmp_path, form, encoding):
    entries = [sign_in(1), sign_in(2, legacy="False"), sign_in(3, second=20)]
    found = read(tmp_path, FORMS[form](entries), encoding)
    assert found.others == 1
    first, last = found.legacy
    assert (first.ts, last.ts - first.ts) == (1_772_438_410_123_456_700, 10_000_000_000)
    assert (first.user, first.app) == ("ada@example.test", "Line of business")
    assert (first.address, first.device) == ("203.0.113.7", "PC7, Windows 7")
    assert (first.client_app, first.error_code) == ("Mobile Apps and Desktop clients", 0)


@pytest.mark.parametrize("value", ["True", "true", "1", 1, True])
def test_the_mark_may_be_text_or_a_truth_value(tmp_path, value):
    assert len(read(tmp_path, json.dumps([sign_in(legacy=value)])).legacy) == 1


def test_a_sign_in_in_two_files_counts_once(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([sign_in(1), sign_in(2)]))
    assert len(read_sign_ins(path, path).legacy) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Date (UTC),Request ID,User\n", "choose Download, JSON"),
        ("[]", "holds no sign-ins"),
        ('[{"a": 1}]', "holds no sign-ins"),
        ("7", "no list of sign-ins"),
        ("", "this is not JSON"),
        ("[" * 200_000, "nested too deeply|cut or damaged"),
        (json.dumps([sign_in()], indent=1)[:-30], "cut or damaged .*; download it once more"),
        (json.dumps(sign_in()) + "\n" + json.dumps(sign_in())[:-9], r"damaged \(line 2: "),
        ("<Events><Event></Event></Events>", "XML, which .*`--events`"),
        (b"\xff\xfeabc", "no text"),
    ],
)
def test_a_file_that_is_something_else_says_so(tmp_path, content, says):
    with pytest.raises(ListError, match=says):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "change",
    [
        {"createdDateTime": 7, "ipAddress": ["x"], "userPrincipalName": {}, "status": "x"},
        {"deviceDetail": "{", "status": {"errorCode": "x"}, "id": None},
        {"authenticationProcessingDetails": [None, {"key": None}, {"key": KEY, "value": "true"}]},
    ],
)
def test_fields_of_another_kind_are_null(tmp_path, change):
    assert len(read(tmp_path, json.dumps([sign_in() | change])).legacy) == 1


@pytest.fixture
def run(make_audit, tmp_path):
    """A function from handshakes and sign-ins to an audit."""

    def of(rows, entries):
        audit = make_audit(rows, [capture_row()])
        signed_in = read(tmp_path, json.dumps(entries)).legacy
        return replace(audit, legacy_sign_ins=signed_in)

    return of


def only(audit):
    schema.check(audit.sign_ins, schema.SIGN_INS)
    (row,) = audit.sign_ins.to_dict("records")
    return row


def test_behind_address_translation_time_and_name_are_all_that_tell(run):
    audit = run([handshake_row(number=8, **OLD)], [sign_in()])
    row = only(audit)
    assert (row["tie"], row["client"], row["stream"]) == ("time", "192.0.2.10", 8)
    assert "the address could not help" in table_text("sign_ins", audit.sign_ins)


def test_the_same_address_is_the_stronger_reason(run):
    rows = [handshake_row(number=8, **OLD), handshake_row(number=9, client="203.0.113.7", **OLD)]
    row = only(run(rows, [sign_in()]))
    assert (row["tie"], row["client"]) == ("address", "203.0.113.7")


@pytest.mark.parametrize(
    ("spelled", "client"),
    [
        ("2A00:1450:4001:0830:0:0:0:200E", "2a00:1450:4001:830::200e"),
        ("[2a00:1450:4001:830::200e]:50123", "2a00:1450:4001:830::200e"),
        ("[2a00:1450:4001:830::200e]", "2a00:1450:4001:830::200e"),
        ("2a00:1450:4001:830::200e%12", "2a00:1450:4001:830::200e"),
        ("8.8.4.4:50123", "8.8.4.4"),
        ("::ffff:8.8.4.4", "8.8.4.4"),
    ],
)
def test_the_same_address_may_be_spelled_otherwise(run, spelled, client):
    row = only(run([handshake_row(number=8, client=client, **OLD)], [sign_in(address=spelled)]))
    assert (row["tie"], row["address"], row["client"]) == ("address", client, client)


@pytest.mark.parametrize("text", ["unknown", "[]", "[]:443", "8.8.4", "8.8.4.4:x", "%1", ":"])
def test_what_is_no_address_stays_as_it_is(tmp_path, text):
    assert read(tmp_path, json.dumps([sign_in(address=text)])).legacy[0].address == text


def test_a_public_address_that_entra_did_not_see_is_another_client(run):
    row = only(run([handshake_row(number=8, client="8.8.4.4", **OLD)], [sign_in()]))
    assert row["because"] == "no-connection"


@pytest.mark.parametrize("address", [None, "unknown", ""])
def test_a_sign_in_without_a_readable_address_rules_out_nobody(run, address):
    row = only(run([handshake_row(number=8, client="8.8.4.4", **OLD)], [sign_in(address=address)]))
    assert (row["tie"], row["client"]) == ("time", "8.8.4.4")


def test_two_clients_that_fit_are_not_claimed(run):
    rows = [handshake_row(number=n, client=f"10.0.0.{n}", **OLD) for n in (7, 8)]
    row = only(run(rows, [sign_in()]))
    assert (row["because"], row["candidates"]) == ("several-connections", 2)
    assert pd.isna(row["client"])


def test_several_handshakes_of_one_client_still_tell_the_client(run):
    rows = [handshake_row(number=n, **OLD) for n in (7, 8)]
    row = only(run(rows, [sign_in()]))
    assert (row["because"], row["client"]) == ("several-connections", "192.0.2.10")
    assert pd.isna(row["stream"])


def test_two_users_are_not_both_tied_to_one_handshake(run):
    entries = [sign_in(1), sign_in(2, user="bob@example.test")]
    audit = run([handshake_row(number=8, **OLD)], entries)
    assert audit.sign_ins["because"].tolist() == ["several-events"] * 2


def test_one_user_may_sign_in_twice_over_one_handshake(run):
    audit = run([handshake_row(number=8, **OLD)], [sign_in(1), sign_in(2, second=11)])
    assert audit.sign_ins["tie"].tolist() == ["time", "time"]


@pytest.mark.parametrize(
    "other",
    [
        {"server_name": "intranet.example.test"},
        {"server_name": None},
        {"server_legacy_version": 0x0303, "negotiated_cipher_suite": 0xC02F},
    ],
)
def test_handshakes_that_are_not_old_or_not_to_entra_do_not_count(run, other):
    row = only(run([handshake_row(number=8, **OLD | other)], [sign_in()]))
    assert row["because"] == "no-connection"


def test_an_answer_of_dns_stands_in_for_a_name_that_the_hello_has_not(run):
    audit = run([handshake_row(number=8, **OLD | {"server_name": None})], [sign_in()])
    told = {"capture": "office.pcapng", "address": "198.51.100.1", "times": 1, "kind": "host"}
    told |= {"name": "login.microsoftonline.com", "source": "dns-answer", "frame": 1}
    told |= {"told_to": "192.0.2.10", "first_seen": 100, "last_seen": 100}
    assert only(replace(audit, names=schema.from_rows([told], schema.NAMES)))["tie"] == "time"


def test_a_sign_in_of_another_time_is_outside(run):
    entry = sign_in() | {"createdDateTime": "2026-03-01T08:00:00Z"}
    assert only(run([handshake_row(number=8, **OLD)], [entry]))["because"] == "outside"


def test_the_report_shows_them_and_hostile_users_stay_text(run, tmp_path):
    audit = run([handshake_row(number=8, **OLD)], [sign_in(user=HOSTILE)])
    page = audit.report(tmp_path / "r").read_text("utf-8")
    assert "<script>alert(1)" not in page
    assert 'id="sign_ins"' in page
    assert "signed in over an old TLS: 1 sign-in tied to a handshake\n" in summary(audit)
    assert "### Sign-ins over an old TLS" in ticket(audit)
    assert (tmp_path / "r" / "sign_ins.csv").is_file()
