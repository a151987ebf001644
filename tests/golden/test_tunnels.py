"""The samples of tunnels tell the innermost addresses from the outermost ones.

That the hellos inside are found, and under which number, stands in `samples/expected`.
"""

from pathlib import Path

import pytest

from tlsaudit import engines, inputs
from tlsaudit.engines import native

SAMPLES = Path(__file__).parents[2] / "samples"
CLIENTS = {"192.0.2.10", "2001:db8::10", "198.51.100.10", "2001:0:cb00:7102:0:3cdf:34ff:8efe"}
ENDS = ("203.0.113.1", "203.0.113.2")
ENDS6 = ("2001:db8:ff::1", "2001:db8:ff::2")

# By sample: the tunnel of each connection, as the maker built it.
TUNNELS = {
    "tunnel-capwap": ["capwap"],
    "tunnel-erspan": ["erspan"] * 3,
    "tunnel-fragments": ["gre"],
    "tunnel-geneve": ["geneve"] * 2,
    "tunnel-gre": ["gre", "gre", "gre", "pptp"],
    "tunnel-gtp": ["gtp"] * 3,
    "tunnel-ip-in-ip": ["ipip", "6in4", "4in6", "6in6"],
    "tunnel-l2tp": ["l2tp"] * 2,
    "tunnel-nested": ["gre+vxlan"],
    "tunnel-teredo": ["teredo"],
    "tunnel-vxlan": ["vxlan"],
}


def rows_of(name):
    return engines.read_handshakes(str(SAMPLES / f"{name}.pcap")).sort_values("stream")


@pytest.mark.parametrize("name", TUNNELS)
def test_row_names_the_tunnel_and_both_pairs_of_addresses(name):
    rows = rows_of(name)
    assert list(rows["tunnel"]) == TUNNELS[name]
    assert set(rows["client"]) <= CLIENTS
    assert list(rows["client"]) == list(rows["client_ip"])
    for row in rows.to_dict("records"):
        ends = ENDS6 if row["tunnel"] in ("4in6", "6in6") else ENDS
        if name == "tunnel-vxlan":
            ends = ("192.0.2.10", "192.0.2.20")
        assert (row["outer_client_ip"], row["outer_server_ip"]) == ends


def test_link_address_is_that_of_a_frame_inside_the_tunnel_or_null():
    macs = rows_of("tunnel-gre")["client_mac"]
    # Of plain GRE, GRE, NVGRE and PPTP only NVGRE carries frames.
    assert list(macs.notna()) == [False, False, True, False]


@pytest.mark.parametrize(("name", "hidden"), [("ipsec", 1), ("wlan-radiotap", 1), ("wlan", 0)])
def test_frames_encrypted_below_tcp_are_counted(name, hidden):
    captures = native.read(inputs.expand([SAMPLES / f"{name}.pcap"])).captures
    assert list(captures["opaque_frames"]) == [hidden]


@pytest.mark.parametrize("name", ["link-vlan", "link-pppoe", "wlan", "ipsec", "tls12-openssl"])
def test_what_comes_through_no_tunnel_has_null_there(name):
    file = next(SAMPLES.glob(f"{name}.pcap*"))
    rows = engines.read_handshakes(str(file))
    assert len(rows)
    assert rows[["tunnel", "outer_client_ip", "outer_server_ip"]].isna().all().all()
