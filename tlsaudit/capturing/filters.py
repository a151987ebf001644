"""Capture filters, in the language of libpcap that dumpcap and tcpdump share.

A filter sees one packet at a time and cannot remember a connection. So the filter for handshakes
keeps the packets in which a piece of a handshake begins, in any connection on any port, and the
filter for ports keeps everything on some ports. A packet that ends before a byte that is asked for
is dropped on the spot, whatever comes after; hence the order of the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["PORTS", "handshakes_filter", "ports_filter"]

PORTS: tuple[tuple[int, str], ...] = (
    (21, "FTP"),
    (25, "SMTP"),
    (80, "HTTP and proxies"),
    (110, "POP3"),
    (143, "IMAP"),
    (389, "LDAP"),
    (443, "HTTPS, QUIC and much else"),
    (465, "mail submission over TLS"),
    (587, "mail submission"),
    (636, "LDAP over TLS"),
    (853, "DNS over TLS"),
    (993, "IMAP over TLS"),
    (995, "POP3 over TLS"),
    (1194, "OpenVPN"),
    (1433, "SQL Server"),
    (1645, "RADIUS, which carries EAP (older port)"),
    (1812, "RADIUS, which carries EAP"),
    (3128, "proxies"),
    (3268, "global catalog"),
    (3269, "global catalog over TLS"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (3478, "TURN"),
    (5061, "SIP over TLS"),
    (5349, "TURN over TLS and DTLS"),
    (5432, "PostgreSQL"),
    (5671, "AMQP over TLS"),
    (5986, "WinRM over TLS"),
    (8080, "proxies"),
    (8443, "HTTPS"),
    (8883, "MQTT over TLS"),
    (9389, "Active Directory Web Services"),
)
"""Ports on which TLS is usual in offices, and what it belongs to there. Pktmon takes no more."""

_Byte = Callable[[int], str]
"""Gives the expression for the byte of a payload at an offset."""


def handshakes_filter(vlan: bool = False) -> str:
    """Give the filter for the packets that begin a piece of a handshake, on any port.

    That is: the beginnings and ends of TCP connections; segments that begin with a TLS record other
    than application data, a hello in the format of SSL 2.0, RDP's negotiation, SQL Server's, or a
    packet of SQL Server around TLS; datagrams that begin with such a record of DTLS or are long
    QUIC packets; EAP over EAPOL and RADIUS; later IP fragments. `vlan` asks for packets with one
    VLAN tag too.
    """
    ipv4 = _either(
        "tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0",
        _tcp(lambda at: f"tcp[((tcp[12] & 0xf0) >> 2) + {at}]"),
        _udp(lambda at: f"udp[{8 + at}]"),
        "ip[6:2] & 0x1fff != 0",
    )
    # The flags, the payload: libpcap's words for TCP and UDP know IPv4 alone.
    ipv6 = _either(
        _all("ip6[6] = 6", "ip6[53] & 7 != 0"),
        _all("ip6[6] = 6", _tcp(lambda at: f"ip6[((ip6[52] & 0xf0) >> 2) + {40 + at}]")),
        _all("ip6[6] = 17", _udp(lambda at: f"ip6[{48 + at}]")),
        _IPV6_EXTENDED,
    )
    whole = _either(_RADIUS, ipv4, ipv6, "ether proto 0x888e")
    return _with_tags(whole, vlan)


def ports_filter(ports: Iterable[int] = (), vlan: bool = False) -> str:
    """Give the filter for everything on these ports (without any: on `PORTS`).

    Later IP fragments, which show no port, and EAPOL, which has none, are kept too.
    """
    chosen = sorted(set(ports)) or [port for port, _ in PORTS]
    kept = [f"port {port}" for port in chosen]
    whole = _either(*kept, "ip[6:2] & 0x1fff != 0", _IPV6_EXTENDED, "ether proto 0x888e")
    return _with_tags(whole, vlan)


# Hop-by-hop, routing, fragment and destination headers: TCP is behind them, nobody knows where.
_IPV6_EXTENDED = "(ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60)"
_RADIUS = "udp port 1812 or udp port 1645"


def _tcp(byte: _Byte) -> str:
    return _either(
        # ChangeCipherSpec, alert and handshake records, SSL 3.0 and later.
        _all(f"{byte(0)} >= 20", f"{byte(0)} <= 22", f"{byte(1)} = 3"),
        # SSL 2.0: a length of two bytes, then ClientHello (1) with version 3.x or 0.2, or
        # ServerHello (4).
        _all(f"{byte(0)} & 0x80 != 0", f"{byte(2)} = 1", f"({byte(3)} = 3 or {byte(3)} = 0)"),
        _all(f"{byte(0)} & 0x80 != 0", f"{byte(2)} = 4", f"{byte(5)} = 0"),
        # TPKT: RDP before TLS.
        _all(f"{byte(0)} = 3", f"{byte(1)} = 0"),
        # TDS: PRELOGIN and its answer, whose list of options begins with the token 0 and an offset
        # below 256, and TDS around TLS.
        _all(f"({byte(0)} = 18 or {byte(0)} = 4)", f"{byte(8)} = 0", f"{byte(9)} = 0"),
        _all(f"({byte(0)} = 18 or {byte(0)} = 4)", f"{byte(8)} >= 20", f"{byte(8)} <= 22",
             f"{byte(9)} = 3"),
    )  # fmt: skip


def _udp(byte: _Byte) -> str:
    return _either(
        # The records of DTLS 1.0 to 1.2, and of the version before 1.0.
        _all(f"{byte(0)} >= 20", f"{byte(0)} <= 22", f"({byte(1)} = 0xfe or {byte(1)} = 1)"),
        # QUIC's long header: version 1, 2, drafts, and version negotiation.
        _all(f"{byte(0)} & 0x80 != 0", f"{byte(1)} = 0", f"{byte(2)} = 0", f"{byte(3)} = 0",
             f"{byte(4)} <= 1"),
        _all(f"{byte(0)} & 0x80 != 0", f"{byte(1)} = 0x6b", f"{byte(2)} = 0x33"),
        _all(f"{byte(0)} & 0x80 != 0", f"{byte(1)} = 0xff", f"{byte(2)} = 0"),
    )  # fmt: skip


def _with_tags(whole: str, vlan: bool) -> str:
    # After the word `vlan` libpcap counts from behind the tag, so the rest is said once more.
    return f"{whole} or (vlan and {whole})" if vlan else whole[1:-1]


def _either(*parts: str) -> str:
    return f"({' or '.join(parts)})"


def _all(*parts: str) -> str:
    return f"({' and '.join(parts)})"
