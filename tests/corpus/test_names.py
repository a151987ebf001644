"""The table of names against what tshark's fields show, on real captures.

Chosen are captures that together show every source several times, and those in which the two
differ; what they tell otherwise is listed, looked up in the bytes.
"""

import pytest
from support.names_by_tshark import facts
from support.names_told import told
from support.needs import corpus_folder, needs_tshark

CAPTURES = (
    "OISF+suricata-verify/HISTORY/25c0c214/tests/encrypted-traffic-metadata-rdp/input.pcap",
    "OISF+suricata-verify/tests/http-connect/http-connect-simple/input.pcap",
    "ajbanjara+Wireshark/uploads/__moin_import__/attachments/SampleCaptures/Sanaullah.pcap",
    "ajbanjara+Wireshark/uploads/__moin_import__/attachments/SampleCaptures/mgove413_3_5_10.pcap",
    "arkime+arkime/tests/pcap/krb5-udp.pcap",
    "boundary+wireshark/docbook/examples/test.cap",
    "corelight+zeek-agenttesla-detector/testing/Traces/a30789ce-1e1c-4f96-a097-78c34b9fb612.pcap",
    "emanuele-f+PCAPdroid/app/src/main/jni/tests/pcap/http_proxy.pcap",
    "google+testrun/testing/unit/conn/captures/monitor.pcap",
    "idaholab+Malcolm-Test-Artifacts/pcap/protocols/NTLM.pcap",
    "microsoft+prot-od-netcaps/frames/MS-CERSOD_Example3_Win10_X64_WS2016_X64_Domain.pcap",
    "microsoft+prot-od-netcaps/frames/MS-RDSOD_Example_1_Win10_X64_WS2016_X64_Domain.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/6in4tunnel.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/anyconnect-vpn.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/http_connect.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/iphone.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/kerberos.pcap",
    "wireshark+wireshark/test/captures/krb-816.pcap.gz",
)

_FIREFOX = (
    "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; en-US; rv:1.9.2.6) Gecko/20100625 "
    "Firefox/3.6.6"
)
_OPC_UA = "cisagov+icsnpp-opcua-binary/HISTORY/6555d86b/pcaps"
# Why, what only tshark shows, and what only the core tells.
DIFFERING = {
    "appneta+tcpreplay/HISTORY/886a2b3a/test/test.pcap": (
        "requests are cut in the midst of the line: tshark shows what is left of it",
        {
            ("http-user-agent", "216.27.178.155", "M"),
            ("http-user-agent", "216.27.178.155", "Mo"),
            ("http-user-agent", "216.27.178.155", "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:0"),
        },
        set(),
    ),
    "appneta+tcpreplay/test/test2.rewrite_mtutrunc": (
        "packets were cut and their headers say so: tshark takes the head of the request for begun",
        set(),
        {("http-user-agent", "172.16.11.12", _FIREFOX)},
    ),
    f"{_OPC_UA}/open62541_client-server_mainloop-hasInnerDiagInfohasAddlInfo.pcap": (
        "DNS on another port than its own: tshark guesses",
        {("dns", "192.168.65.1", "gateway.docker.internal")},
        set(),
    ),
    "zeek+zeek/testing/btest/Traces/modbus/modbus-and-non-modbus-p502.pcap": (
        "RDP on Modbus' port: tshark knows it by the port",
        set(),
        {("rdp", "62.122.184.123", "admin")},
    ),
}


@pytest.mark.parametrize("name", [*CAPTURES, *DIFFERING])
def test_every_name_that_tshark_shows_is_told_and_none_more(name):
    needs_tshark()
    capture = corpus_folder() / "dev" / name
    shown, mine = facts(capture), told(capture)
    assert mine, "nothing is told: is this the right capture?"
    _, missing, more = DIFFERING.get(name, ("", set(), set()))
    theirs = {fact[1:] for fact in shown}
    ours = {fact[1:] for fact in mine}
    assert (theirs - ours, ours - theirs) == (missing, more)
    # A message over several segments is shown where it ends; its name is told where that is.
    first = {}
    for frame, *fact in sorted(shown):
        first.setdefault(tuple(fact), frame)
    late = {fact for fact in mine - shown if fact[0] > first.get(fact[1:], fact[0])}
    assert not late
