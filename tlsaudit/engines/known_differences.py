"""Where the core and other engines differ, and why: the one home of every tolerated difference.

An entry names a pattern in the bytes, not files. Each was looked up in the bytes of its example;
who is right is a part of the reason. A test fails where an entry is no longer needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tlsaudit import registry
from tlsaudit.engines.comparison import Difference, Row

__all__ = ["KNOWN_DIFFERENCES", "LAYERS_NOT_READ", "KnownDifference"]

LAYERS_NOT_READ = {
    "jxta": "carrier: TLS inside JXTA messages",
}
"""What carries a hello that the core does not read, by Wireshark's name of the layer."""

_WRAPPERS = ("openvpn", "rdp-udp", "tds", "turn")


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """A difference that is tolerated.

    `explains` is true of the differences meant. `example` is a capture that has one: a sample of
    the repository, or a path in the corpus.
    """

    ident: str
    engine: str
    explains: Callable[[Difference], bool]
    reason: str
    example: str


def _layer_not_read(difference: Difference) -> bool:
    layers = difference.layers
    return difference.kind == "missing" and any(layer in LAYERS_NOT_READ for layer in layers)


def _wrapped(difference: Difference) -> bool:
    row = difference.our_row
    return difference.kind == "extra" and row is not None and row["carrier"] in _WRAPPERS


def _in_openvpn(difference: Difference) -> bool:
    return "openvpn" in difference.layers and (
        difference.kind in ("missing", "extra") or _group(difference)
    )


def _imitation(difference: Difference) -> bool:
    kind = difference.set_aside
    return difference.kind == "missing" and kind is not None and kind.startswith("pseudo-tls")


def _sent_again_in_rdp(difference: Difference) -> bool:
    return (
        difference.kind == "missing"
        and difference.message == "second_client_hello"
        and "rdpudp" in difference.layers
    )


def _dtls_on_unknown_port(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.transport == "dtls"
        and "dtls" not in difference.layers
    )


_PARTIES = frozenset(
    {"stream", "client_hello_frame"}
    | {f"{party}{part}" for party in ("client", "server") for part in ("", "_ip", "_port", "_mac")}
)


def _parties_of_eap(difference: Difference) -> bool:
    return difference.transport == "eap" and difference.column in _PARTIES


def _container_not_read(difference: Difference) -> bool:
    return difference.kind == "missing" and not difference.our_capture.get("readable", True)


def _container_not_read_by_the_other(difference: Difference) -> bool:
    return difference.kind == "extra" and not difference.their_capture.get("readable", True)


def _ssl2_hello_lost_by_two_passes(difference: Difference) -> bool:
    return _is_extra(difference, "client_hello") and _ours(difference)["record_version"] == _SSL2


def _hello_in_part(difference: Difference) -> bool:
    return (
        difference.message == "client_hello"
        and difference.our_row is not None
        and difference.our_row["client_hello_complete"] is False
        and (
            difference.kind == "extra"
            or (difference.column == "ja3" and difference.theirs is None)
            # Nothing is concluded from the part: neither a yes nor an empty list.
            or not (difference.ours or difference.theirs)
            or (difference.column == "client_hello_complete" and difference.theirs is True)
            # Behind an extension that contradicts itself the core goes on.
            or (
                difference.column == "client_extensions"
                and bool(difference.theirs)
                and difference.ours[: len(difference.theirs)] == difference.theirs
            )
        )
    )


def _quic_hello_left_out(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.transport == "quic"
        and "tls" not in difference.layers
    )


def _ipv6_without_length(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("_ws.malformed",)
        and "ipv6" in difference.layers
    )


def _server_hello_in_part(difference: Difference) -> bool:
    return (
        difference.message == "server_hello"
        and difference.our_row is not None
        and difference.our_row["server_hello_complete"] is False
        and (difference.kind == "extra" or difference.column == "server_hello_complete")
    )


def _server_hello_in_unfinished_record(difference: Difference) -> bool:
    if not _is_extra(difference, "server_hello"):
        return False
    row = _ours(difference)
    # Nothing that follows the record was seen, or bytes of it are known to be missing.
    return row["outcome"] in ("hellos_only", "server_only") or row["defect"] in _HOLES


def _nonce_taken_for_server_hello(difference: Difference) -> bool:
    row = difference.their_row
    return (
        difference.kind == "missing"
        and difference.message == "server_hello"
        and row is not None
        and row["server_legacy_version"] == 0
    )


def _group_of_password_exchange(difference: Difference) -> bool:
    return (
        difference.column == "negotiated_group"
        and difference.ours is None
        and _ours(difference)["negotiated_cipher_suite"] == _ECJPAKE
    )


def _group(difference: Difference) -> bool:
    return difference.column == "negotiated_group" and difference.theirs is None


def _group_of_unknown_suite(difference: Difference) -> bool:
    if not _group(difference):
        return False
    suite = registry.cipher_suite(_ours(difference)["negotiated_cipher_suite"])
    return (
        suite is None
        or not suite.registered
        or suite.cipher.startswith("ARIA")
        or suite.key_exchange == "ECDHE_PSK"
    )


def _group_behind_hole(difference: Difference) -> bool:
    return _group(difference) and _ours(difference)["defect"] in _HOLES


def _group_behind_broken_certificate(difference: Difference) -> bool:
    return _group(difference) and "_ws.malformed" in difference.layers


def _frames_counted_differently(difference: Difference) -> bool:
    """Whether the other engine has the same moment of the stream in another frame."""
    row, others = difference.our_row, difference.their_stream
    if row is None:
        row, others = difference.their_row, difference.our_stream
    return (
        difference.column is None
        and row is not None
        and difference.our_capture.get("format") == "pcapng"
        and row["ts"] is not None
        and any(
            other["ts"] == row["ts"] and other["client_hello_frame"] != row["client_hello_frame"]
            for other in others
        )
    )


def _left_as_bytes_below_tcp(difference: Difference) -> bool:
    return (difference.kind == "extra" and difference.layers[-1:] in (("Raw",), ("Padding",))) or (
        # Connections that scapy does not see are missing in its numbers too.
        difference.column == "stream"
        and difference.theirs < difference.ours
        and not difference.layers_of_capture.isdisjoint(("Raw", "Padding"))
    )


def _noted(*words: str) -> Callable[[Difference], bool]:
    """Whether scapy came across one of these in the stream, and lost a message over it."""
    return lambda difference: difference.column is None and not difference.notes.isdisjoint(words)


def _time_of_other_interface(difference: Difference) -> bool:
    return difference.column == "ts" and difference.our_capture.get("format") == "pcapng"


def _is_extra(difference: Difference, message: str) -> bool:
    return difference.kind == "extra" and difference.message == message


def _ours(difference: Difference) -> Row:
    """The core's row, of a difference that is not missing."""
    assert difference.our_row is not None
    return difference.our_row


_SSL2 = 0x0002
_ECJPAKE = 0xC0FF
_HOLES = ("gap", "truncated")

KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "container-not-read",
        "tshark",
        _container_not_read,
        "the file begins as no pcap or pcapng does: the core says what it is and how to convert "
        "it, Wireshark reads it",
        "_derived/tls11.snoop",
    ),
    KnownDifference(
        "container-not-read-by-wireshark",
        "tshark",
        _container_not_read_by_the_other,
        "the file is a pcap that is compressed with xz: the core reads it, Wireshark does not",
        "pcap-xz.pcap.xz",
    ),
    KnownDifference(
        "parties-of-eap",
        "tshark",
        _parties_of_eap,
        "Wireshark doesn't follow an authentication by EAP from packet to packet: it has no number "
        "for it, and names those between whom the packet went. The core names the peer by its link "
        "address or calling station, and knows which hello a ServerHello answers",
        "eap-wired.pcap",
    ),
    KnownDifference(
        "layer-not-read",
        "tshark",
        _layer_not_read,
        "a carrier that the core does not read lies around the hello: Wireshark is right",
        "ajbanjara+Wireshark/uploads/__moin_import__/attachments/SampleCaptures/jxta-sample.pcap",
    ),
    KnownDifference(
        "imitation",
        "tshark",
        _imitation,
        "the fixed hello of a media relay's imitation of TLS 1.0, behind which no TLS comes: "
        "Wireshark takes it for TLS, the core sets it aside",
        "media-relay.pcap",
    ),
    KnownDifference(
        "flight-in-openvpn",
        "tshark",
        _in_openvpn,
        "Wireshark shows a hello in OpenVPN's control channel in the packet that ends the flight, "
        "or once more there, and of a message behind it nothing; the core where its record ends",
        "corelight+zeek-spicy-openvpn/tests/traces/openvpn_tcp_nontlsauth.pcap",
    ),
    KnownDifference(
        "wrapped-in-datagrams",
        "tshark",
        _wrapped,
        "TLS or DTLS inside OpenVPN with tls-auth or on another port, RDP over UDP, a TURN relay, "
        "or a SQL Server's packets of the type of responses: Wireshark does not look there of "
        "itself, the core does",
        "openvpn-udp-tls-auth.pcap",
    ),
    KnownDifference(
        "sent-again-in-rdp-udp",
        "tshark",
        _sent_again_in_rdp,
        "a packet of RDP's own transport over UDP that was sent again: Wireshark shows its "
        "ClientHello once more, the core reads the stream that the packets make",
        "ntop+nDPI/tests/cfgs/default/pcap/rdp2.pcap",
    ),
    KnownDifference(
        "dtls-on-unknown-port",
        "tshark",
        _dtls_on_unknown_port,
        "a datagram of DTLS on a port that Wireshark does not know for it: the core goes by the "
        "bytes",
        "AdaCore+RecordFlux/tests/examples/data/tls/dtls13-1.pcap",
    ),
    KnownDifference(
        "ssl2-format-hello-in-two-passes",
        "tshark",
        _ssl2_hello_lost_by_two_passes,
        "a ClientHello in the format of SSL 2.0 (80 xx 01 03) that is answered with TLS: in its "
        "second pass Wireshark knows the connection as TLS and calls the record unknown; in one "
        "pass it shows the hello that the core has",
        "HatBoy+Pcap-Analyzer/pcaps/web_get2.pcap",
    ),
    KnownDifference(
        "client-hello-in-part",
        "tshark",
        _hello_in_part,
        "a part of the ClientHello is not in the capture, or its lengths contradict each other: "
        "the core keeps what is there and says that it is a part, Wireshark shows nothing or shows "
        "the part as if it were all",
        "snap-length-cut.pcap",
    ),
    KnownDifference(
        "server-hello-in-part",
        "tshark",
        _server_hello_in_part,
        "a part of the ServerHello is not in the capture: the core says so, Wireshark shows "
        "nothing, or the part as if it were all",
        "_derived/tls11.snap96.pcap",
    ),
    KnownDifference(
        "server-hello-in-unfinished-record",
        "tshark",
        _server_hello_in_unfinished_record,
        "the ServerHello is whole, but the record that it begins goes on in bytes that are not in "
        "the capture: Wireshark waits for the whole record, the core reads the hello",
        "cisco+mercury/test/afl_data/corner-cases.pcap",
    ),
    KnownDifference(
        "quic-hello-left-out",
        "tshark",
        _quic_hello_left_out,
        "Wireshark shows a packet of QUIC and no hello in it: it shows each hello of a connection "
        "once, however many conversations its packets come on, and tries the keys of draft 29 "
        "alone on a reserved version; the core reads every packet whose tag its keys fit",
        "the-tcpdump-group+tcpdump/tests/quic_vn.pcap",
    ),
    KnownDifference(
        "ipv6-length-zero",
        "tshark",
        _ipv6_without_length,
        "an IPv6 packet with TCP whose payload length is 0, as it is captured where the network "
        "card cuts segments: Wireshark calls it malformed, the core believes the frame's length",
        "microsoft+prot-od-netcaps/frames/MS-CERSOD_Example3_Win10_X64_WS2016_X64_Domain.pcap",
    ),
    KnownDifference(
        "nonce-taken-for-server-hello",
        "tshark",
        _nonce_taken_for_server_hello,
        "an encrypted handshake record whose first byte is 02, the explicit nonce of a Finished: "
        "Wireshark takes it for a ServerHello of version 0x0000",
        "cisco+mercury/test/afl_data/corner-cases.pcap",
    ),
    KnownDifference(
        "group-of-suite-unknown-to-wireshark",
        "tshark",
        _group_of_unknown_suite,
        "Wireshark 4.0 takes a ServerKeyExchange apart by the suite's key exchange, which it does "
        "not know for ARIA, ECDHE_PSK, the old ChaCha20 and unregistered suites; the core reads a "
        "named curve where every length of the message fits one",
        "HatBoy+Pcap-Analyzer/pcaps/tomcat.pcap",
    ),
    KnownDifference(
        "group-behind-hole",
        "tshark",
        _group_behind_hole,
        "bytes between ServerHello and ServerKeyExchange are not in the capture: the core finds "
        "the next record behind the hole, Wireshark does not",
        "CESNET+ipfixprobe/tests/functional/inputs/tls.pcap",
    ),
    KnownDifference(
        "group-behind-broken-certificate",
        "tshark",
        _group_behind_broken_certificate,
        "a certificate that is no DER comes before the ServerKeyExchange in the frame: Wireshark "
        "calls the packet malformed and stops there",
        "CESNET+FlowTest/pcap/tls_malformed_cert.pcap",
    ),
    KnownDifference(
        "group-of-password-exchange",
        "tshark",
        _group_of_password_exchange,
        "the ServerKeyExchange of ECJPAKE (suite 0xC0FF) names a curve in front of its two proofs: "
        "Wireshark shows it, the core takes no message for a key exchange that does not end as one",
        "ajbanjara+Wireshark/uploads/__moin_import__/attachments/SampleCaptures/"
        "ThreadCommissioning-JPAKE-DTLS-2.pcapng",
    ),
    KnownDifference(
        "imitation",
        "scapy",
        _imitation,
        "the fixed hello of a media relay's imitation of TLS 1.0, behind which no TLS comes: scapy "
        "takes it for TLS, the core sets it aside",
        "media-relay.pcap",
    ),
    KnownDifference(
        "wrapped-in-packets",
        "scapy",
        _wrapped,
        "TLS inside the packets of OpenVPN or of SQL Server's protocol: scapy does not look there, "
        "the core does",
        "openvpn-tcp.pcap",
    ),
    KnownDifference(
        "container-not-read-by-scapy",
        "scapy",
        _container_not_read_by_the_other,
        "the file is compressed with zstd, xz or lz4, or is a pcap with longer packet headers: "
        "the core reads it, scapy does not",
        "pcap-lz4.pcap.lz4",
    ),
    KnownDifference(
        "frames-counted-differently",
        "scapy",
        _frames_counted_differently,
        "the pcapng file has blocks that are no packets but take a number (a systemd journal "
        "entry): scapy passes over them, the core counts as Wireshark does",
        "pcapng-blocks.pcapng",
    ),
    KnownDifference(
        "left-as-bytes-below-tcp",
        "scapy",
        _left_as_bytes_below_tcp,
        "a link layer, tag or fragment that scapy leaves as bytes lies around the segment, so that "
        "it sees no TCP there and numbers connections without it; the core takes it apart",
        "link-mpls.pcap",
    ),
    KnownDifference(
        "segments-not-in-order",
        "scapy",
        _noted("not-in-order", "number-wraps"),
        "segments of the stream are missing, repeated, out of order or pass sequence number 2^32: "
        "scapy fills holes with zeros and takes a record for whole as soon as it is long enough; "
        "the core waits for the segment",
        "segments-out-of-order.pcap",
    ),
    KnownDifference(
        "message-left-as-bytes",
        "scapy",
        _noted("bytes-left", "stumbled"),
        "a hello that goes over several records, a HelloRetryRequest, or one whose lengths "
        "contradict each other: scapy takes apart records one by one and leaves such a one as "
        "bytes; the core joins records and keeps what can be read",
        "hello-over-many-records.pcap",
    ),
    KnownDifference(
        "client-hello-in-part",
        "scapy",
        _hello_in_part,
        "a part of the ClientHello is not in the capture: the core keeps what is there, scapy "
        "waits for the rest of the record",
        "snap-length-cut.pcap",
    ),
    KnownDifference(
        "server-hello-in-unfinished-record",
        "scapy",
        _server_hello_in_unfinished_record,
        "the ServerHello is whole, but the record that it begins goes on in bytes that are not in "
        "the capture: scapy waits for the whole record, the core reads the hello",
        "snap-length-cut.pcap",
    ),
    KnownDifference(
        "time-offset-of-interface",
        "scapy",
        _time_of_other_interface,
        "an interface of the pcapng file has an if_tsoffset, which scapy does not add: the core "
        "has the time that Wireshark shows",
        "pcapng-time-resolutions.pcapng",
    ),
)
