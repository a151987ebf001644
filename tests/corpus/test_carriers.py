"""The carrier of every handshake over TCP against the protocol that tshark saw around it."""

import json

# By tshark's name of the protocol; none of these around it: TLS begins the connection.
CARRIERS = {
    "ftp": {"ftp-starttls"},
    "http": {"http-connect"},
    "imap": {"imap-starttls"},
    "irc": {"irc-starttls"},
    "ldap": {"ldap-starttls"},
    "mysql": {"mysql"},
    "openvpn": {"openvpn"},
    "pgsql": {"postgresql"},
    "pop": {"pop3-starttls"},
    "proxy": {"proxy-v1"},
    "smtp": {"smtp-starttls"},
    "socks": {"socks4", "socks5"},
    "tds": {"tds"},
    "xmpp": {"xmpp-starttls"},
}

_RDP = "tshark does not look into RDP unless it is told to"
_PORT = "tshark knows the protocol by its port, and this is another"
_SAMPLES = "ajbanjara+Wireshark/uploads/__moin_import__/attachments"
_SURICATA = "OISF+suricata-verify"
_ZEEK = "zeek+zeek"

# What tshark shows otherwise, each looked up in the bytes: the carrier that it is, and why.
EXPLAINED = {
    f"{_SURICATA}/HISTORY/25c0c214/tests/encrypted-traffic-metadata-rdp/input.pcap": ("rdp", _RDP),
    f"{_SURICATA}/HISTORY/3ca40343/tests/encrypted-traffic-metadata-rdp/input.pcap": ("rdp", _RDP),
    "microsoft+prot-od-netcaps/frames/MS-RDSOD_Example_1_Win10RS3_x64_WS2016RS1_X64_Domain.pcap": (
        "rdp",
        _RDP,
    ),
    "microsoft+prot-od-netcaps/frames/MS-RDSOD_Example_1_Win10_X64_WS2016_X64_Domain.pcap": (
        "rdp",
        _RDP,
    ),
    "ntop+nDPI/tests/cfgs/default/pcap/rdp_over_tls.pcap": ("rdp", _RDP),
    f"{_ZEEK}/HISTORY/2f5aab5e/testing/btest/Traces/rdp/rdp-rdpeudp-handshake-success.pcap": (
        "rdp",
        _RDP,
    ),
    f"{_ZEEK}/HISTORY/8c25dfa6/testing/btest/Traces/rdp/rdp-rdpeudp-handshake-fail.pcap": (
        "rdp",
        _RDP,
    ),
    f"{_SAMPLES}/SampleCaptures/smtp2525-ssl.pcapng": ("smtp-starttls", _PORT),
    "ntop+nDPI/tests/cfgs/default/pcap/pgsql2.pcapng": ("postgresql", _PORT),
    f"{_ZEEK}/testing/btest/Traces/postgresql/psql-aws-ssl-require-15432.pcap": (
        "postgresql",
        _PORT,
    ),
    f"{_ZEEK}/testing/btest/Traces/tls/ssl-to-http-server.pcap": (
        "tls",
        "TLS spoken to a server of plain HTTP: nothing comes before it",
    ),
    f"{_SURICATA}/tests/firewall/app-layer-protocol-negated-unknown-shortcircuit/input.pcap": (
        "other",
        "made bytes come first",
    ),
    f"{_SAMPLES}/PCP/pcp_ssl_creds.pcap": ("other", "the protocol of Performance Co-Pilot"),
    "awelzel+zeek/HISTORY/0ab12ee6/testing/btest/Traces/trunc/trunc-hdr.pcap": (
        "other",
        "the packet before the hello is damaged",
    ),
    "ntop+nDPI/tests/cfgs/default/pcap/gnutella.pcap": ("other", "Gnutella's upgrade to TLS"),
    "ntop+nDPI/tests/cfgs/default/pcap/nomachine.pcapng": ("other", "NoMachine's greeting"),
}


def _expected(corpus):
    for path in sorted(corpus.truth.rglob("*.jsonl")):
        capture = str(path.relative_to(corpus.truth)).removesuffix(".jsonl")
        for line in path.read_text(encoding="utf-8").splitlines():
            hello = json.loads(line)
            transport, _, stream = (hello.get("stream") or "").partition(":")
            if transport == "tcp" and hello["type"] != "alert":
                around = {name for name in hello.get("stream_protocols") or () if name in CARRIERS}
                carriers = set().union(*(CARRIERS[name] for name in around)) or {"tls"}
                yield (capture, int(stream)), carriers


def test_carriers_are_those_that_tshark_shows(corpus):
    expected = dict(_expected(corpus))
    differing = {}
    for capture, rows in corpus.rows.items():
        for row in rows:
            if row["transport"] != "tcp":
                continue
            # Where tshark shows no hello, it says nothing of what is around it.
            carriers = expected.get((capture, row["stream"]), {row["carrier"]} - {"other"})
            if row["carrier"] not in carriers:
                differing.setdefault(capture, set()).add(row["carrier"])
    assert differing == {capture: {carrier} for capture, (carrier, _) in EXPLAINED.items()}
