"""The samples of carriers: what each handshake runs inside, whom that names, and what was refused.

By the programs' configuration and what they were told; the hellos stand in `samples/expected`.
"""

from pathlib import Path

import pytest

from tlsaudit import inputs
from tlsaudit.engines import native
from tlsaudit.schema.carriers import CARRIERS

SAMPLES = Path(__file__).parents[2] / "samples"
SERVER = "192.0.2.20"
SERVER6 = "[2001:db8::20]"
VERSIONS = [0x0301, 0x0302, 0x0303, 0x0304]
OLD_AND_NEW = [0x0301, 0x0304]
WITH_OLDER_ADDRESSES = [0x0301, 0x0304, 0x0303]

# By sample: the carriers, and the versions that were negotiated.
HANDSHAKES = {
    "ftp-tls": (["ftp-starttls", "tls"] * 5, [v for v in [*VERSIONS, 0x0304] for _ in range(2)]),
    "http-connect": (["http-connect"] * 2, OLD_AND_NEW),
    "http-upgrade": (["http-upgrade"] * 3, [0x0301, 0x0303, 0x0304]),
    "imap-starttls": (["imap-starttls"] * 4, VERSIONS),
    "irc-starttls": (["irc-starttls"] * 4, VERSIONS),
    "ldap-starttls": (["ldap-starttls"] * 4, VERSIONS),
    "ldaps": (["tls"] * 8, VERSIONS * 2),
    "mariadb": (["mysql"] * 4, VERSIONS),
    "pop3-starttls": (["pop3-starttls"] * 4, VERSIONS),
    "postgresql": (["postgresql"] * 4, VERSIONS),
    "proxy-v1": (["proxy-v1"] * 3, WITH_OLDER_ADDRESSES),
    "proxy-v2": (["proxy-v2"] * 3, WITH_OLDER_ADDRESSES),
    "rdp": (["rdp"] * 4, VERSIONS),
    "sieve-starttls": (["sieve-starttls"] * 4, VERSIONS),
    "smtp-postfix": (["smtp-starttls"] * 4, VERSIONS),
    "socks4": (["socks4"] * 2, OLD_AND_NEW),
    "socks5": (["socks5"] * 2, OLD_AND_NEW),
    "sql-server": (["tds"] * 4, [0x0301, 0x0302, 0x0303, 0x0303]),
    "xmpp-starttls": (["xmpp-starttls"] * 4, VERSIONS),
}

# By sample: the target that every handshake has, as far as the maker knows it.
TARGETS = {
    "http-connect": f"{SERVER}:443",
    "rdp": "mstshash=anna",
    "socks4": f"{SERVER}:443",
    "socks5": f"{SERVER}:443",
    "xmpp-starttls": "chat.example.test",
}

# By sample: carrier, target, what was asked and what was answered.
UPGRADES_REFUSED = {
    "ftp-tls": ("ftp-starttls", None, "AUTH TLS", "530 Please login with USER and PASS."),
    "http-connect": (
        "http-connect",
        f"{SERVER}:8443",
        f"CONNECT {SERVER}:8443 HTTP/1.1",
        "HTTP/1.1 403 Access violation",
    ),
    "imap-starttls": (
        "imap-starttls",
        None,
        ". STARTTLS",
        ". BAD TLS support isn't enabled.",
    ),
    "ldap-starttls": (
        "ldap-starttls",
        None,
        "StartTLS",
        "resultCode 2: unsupported extended operation",
    ),
    "pop3-starttls": ("pop3-starttls", None, "STLS", "-ERR TLS support isn't enabled."),
    "postgresql": ("postgresql", None, "SSLRequest", "N"),
    "sieve-starttls": (
        "sieve-starttls",
        None,
        "STARTTLS",
        'NO "TLS support isn\'t enabled."',
    ),
    "smtp-postfix": ("smtp-starttls", None, "STARTTLS", "502 5.5.1 Error: command not implemented"),
    "socks5": ("socks5", f"{SERVER}:8443", f"CONNECT {SERVER}:8443", "reply 5"),
}


def tables_of(name):
    [file] = SAMPLES.glob(f"{name}.pcap*")
    return native.read(inputs.expand([file]))


# The same where the parties agreed on no encryption, or on another.
DECLINED = {
    "rdp": [
        ("rdp", "mstshash=anna", "requestedProtocols 0x00000001", "selectedProtocol 0x00000000"),
        ("rdp", "mstshash=anna", "no requestedProtocols", "no selectedProtocol"),
    ],
    "sql-server": [("tds", None, "ENCRYPTION 0", "ENCRYPTION 2")],
}

# What Dante refused: a port, and a name that it does not know.
SOCKS4_REFUSED = [
    ("socks4", target, f"CONNECT {target}", "reply 91")
    for target in (f"{SERVER}:8443", "www.example.test:443")
]

# Whose client sends its hello after the server's no as well, and what the server says to that.
GOES_ON = {
    "ftp-tls": "530 Please login with USER and PASS.",
    "imap-starttls": "* BAD Error in IMAP command received by server.",
    "pop3-starttls": "-ERR Unknown command.",
    "smtp-postfix": "500 5.5.2 Error: bad UTF-8 syntax",
}


def of(table, *columns):
    """The cells of the columns, None for null."""
    cells = table[list(columns)].astype(object)
    return [tuple(row) for row in cells.where(cells.notna(), None).itertuples(index=False)]


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshakes_have_the_carrier_and_target_that_were_there(name):
    rows = tables_of(name).handshakes.sort_values(["stream", "handshake"])
    carriers, versions = HANDSHAKES[name]
    expected = [(*pair, "completed") for pair in zip(carriers, versions, strict=True)]
    if name in GOES_ON:
        expected.append((carriers[0], None, "rejected"))
    assert of(rows, "carrier", "negotiated_version", "outcome") == expected
    assert rows["defect"].isna().all()
    targets = [target for (target,) in of(rows, "carrier_target")]
    if name.startswith("proxy"):
        assert [target.rpartition(":")[0] for target in targets] == [SERVER, SERVER, SERVER6]
    else:
        assert set(targets) == {TARGETS.get(name)}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_what_was_refused_is_told_in_the_words_that_were_said(name):
    expected = [("encryption-declined", *declined) for declined in DECLINED.get(name, ())]
    if name in UPGRADES_REFUSED:
        expected.append(("upgrade-refused", *UPGRADES_REFUSED[name]))
    if name == "socks4":
        expected += [("upgrade-refused", *refused) for refused in SOCKS4_REFUSED]
    if name in GOES_ON:
        carrier = UPGRADES_REFUSED[name][0]
        expected.insert(0, ("tls-to-plaintext", carrier, None, "ClientHello", GOES_ON[name]))
    tables = tables_of(name)
    columns = ("kind", "carrier", "carrier_target", "asked", "answered")
    assert of(tables.refusals, *columns) == expected
    assert len(tables.set_aside) == 0


@pytest.mark.parametrize("carrier", [c for c in CARRIERS if c.sample], ids=lambda c: c.name)
def test_sample_of_the_table_of_carriers_shows_the_carrier(carrier):
    rows = tables_of(carrier.sample.partition(".pcap")[0]).handshakes
    assert carrier.name in set(rows["carrier"])
