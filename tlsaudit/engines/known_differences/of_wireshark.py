"""Where the core and Wireshark's dissectors differ, and why."""

from __future__ import annotations

from tlsaudit import registry
from tlsaudit.engines.comparison import MESSAGES, Difference, Row
from tlsaudit.engines.known_differences.pattern import (
    KnownDifference,
    goes_on,
    hello_in_part,
    imitation,
    is_broken,
    is_extra,
    payload_of,
    row_of_core,
    says_same,
    server_hello_in_unfinished_record,
)

__all__ = ["LAYERS_NOT_READ", "OF_WIRESHARK"]

LAYERS_NOT_READ = {
    "jxta": "carrier: TLS inside JXTA messages",
}
"""What carries a hello that the core does not read, by Wireshark's name of the layer."""


def _layer_not_read(difference: Difference) -> bool:
    layers = difference.layers
    return difference.kind == "missing" and any(layer in LAYERS_NOT_READ for layer in layers)


def _wrapped(difference: Difference) -> bool:
    return difference.kind == "extra" and (
        "rdpudp" in difference.layers
        or _begins_openvpn(difference, payload_of(difference))
        or _begins_turn(payload_of(difference))
        or _begins_tds_response(payload_of(difference))
    )


def _behind_http_upgrade(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-2:] == ("http", "data")
        and row_of_core(difference)["carrier"] == "http-upgrade"
    )


def _begins_openvpn(difference: Difference, payload: bytes) -> bool:
    if "tcp.payload" in difference.fields:
        # Over TCP each packet comes behind its length; several may lie in one segment.
        if int.from_bytes(payload[:2]) > len(payload) - 2:
            return False
        payload = payload[2:]
    return payload[:1] != b"" and payload[0] >> 3 in _OPENVPN_CONTROL


def _begins_turn(payload: bytes) -> bool:
    if payload[4:8] == _STUN_COOKIE:
        return int.from_bytes(payload[2:4]) + 20 == len(payload)
    # A number from 0x4000 on and a length: bytes of a channel (RFC 8656 section 12.4).
    return payload[:1] in _TURN_CHANNELS and int.from_bytes(payload[2:4]) <= len(payload) - 4


def _begins_tds_response(payload: bytes) -> bool:
    # Behind the header of eight bytes begins a record.
    return payload[:1] == b"\x04" and payload[8:10] in (b"\x16\x03", b"\x15\x03")


def _in_openvpn(difference: Difference) -> bool:
    if "openvpn" not in difference.layers:
        return False
    if difference.kind == "cell":
        return _group(difference)
    if difference.kind == "missing":
        ours = [row for row in difference.our_stream if _frame(row, difference) < difference.frame]
        return any(says_same(row, difference.their_row, difference.message) for row in ours)
    theirs = [row for row in difference.their_stream if _frame(row, difference) > difference.frame]
    return any(says_same(row, difference.our_row, difference.message) for row in theirs)


def _frame(row: Row, difference: Difference) -> int:
    frame: int | None = row[MESSAGES[difference.message]]
    return -1 if frame is None else frame


def _sent_again_in_rdp(difference: Difference) -> bool:
    return (
        difference.kind == "missing"
        and difference.message == "second_client_hello"
        and "rdpudp" in difference.layers
        and any(
            says_same(row, difference.their_row, "client_hello") for row in difference.our_stream
        )
    )


def _dtls_on_unknown_port(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.transport == "dtls"
        and "dtls" not in difference.layers
        and payload_of(difference)[:2] in _DTLS_RECORDS
    )


def _parties_of_eap(difference: Difference) -> bool:
    return difference.transport == "eap" and difference.column in _PARTIES


def _container_not_read(difference: Difference) -> bool:
    capture = difference.our_capture
    # No other sentence of ours tells how a file is converted.
    return (
        difference.kind == "missing"
        and capture["error_kind"] == "unsupported"
        and "convert it with" in capture["error"]
    )


def _container_not_read_by_wireshark(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.their_capture["error_kind"] == "not_a_capture"
        and bool(difference.our_capture["compression"] in ("xz", "lz4", "zstd"))
    )


def _ssl2_hello_lost_by_two_passes(difference: Difference) -> bool:
    payload = payload_of(difference)
    return (
        is_extra(difference, "client_hello")
        and payload[:1] >= b"\x80"
        and payload[2:4] == b"\x01\x03"
        and any((row["server_legacy_version"] or 0) >= _SSL3 for row in difference.their_stream)
    )


def _quic_hello_left_out(difference: Difference) -> bool:
    payload = payload_of(difference)
    if difference.kind != "extra" or "quic" not in difference.layers or payload[:1] < b"\xc0":
        return False
    # Versions that are reserved to keep peers tolerant (RFC 9000 section 15).
    is_reserved = all(byte & 0x0F == 0x0A for byte in payload[1:5])
    return is_reserved or any(
        says_same(row, difference.our_row, difference.message)
        and row["stream"] != difference.stream
        for row in difference.our_rows
    )


def _ipv6_without_length(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("_ws.malformed",)
        and difference.fields.get("ipv6.plen") == "0000"
    )


def _server_hello_in_part(difference: Difference) -> bool:
    if difference.message != "server_hello" or difference.our_row is None:
        return False
    if row_of_core(difference)["server_hello_complete"] is not False:
        return False
    if difference.kind == "extra":
        return goes_on(difference)
    return difference.column == "server_hello_complete" and is_broken(difference)


def _behind_hole(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("tcp",)
        and payload_of(difference)[:2] == b"\x16\x03"
        and row_of_core(difference)["defect"] == "gap"
    )


def _taken_for_repeated(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("tcp",)
        and "tcp.analysis.retransmission" in difference.fields
        and payload_of(difference)[:2] == b"\x16\x03"
    )


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
        and row_of_core(difference)["negotiated_cipher_suite"] == _ECJPAKE
    )


def _group(difference: Difference) -> bool:
    return difference.column == "negotiated_group" and difference.theirs is None


def _group_of_unknown_suite(difference: Difference) -> bool:
    if not _group(difference):
        return False
    suite = registry.cipher_suite(row_of_core(difference)["negotiated_cipher_suite"])
    return (
        suite is None
        or not suite.registered
        or suite.cipher.startswith("ARIA")
        or suite.key_exchange == "ECDHE_PSK"
    )


def _group_behind_hole(difference: Difference) -> bool:
    return _group(difference) and row_of_core(difference)["defect"] in _HOLES


def _group_behind_broken_certificate(difference: Difference) -> bool:
    return _group(difference) and "_ws.malformed" in difference.layers


_PARTIES = frozenset(
    {"stream", "client_hello_frame"}
    | {f"{party}{part}" for party in ("client", "server") for part in ("", "_ip", "_port", "_mac")}
)
_SSL3 = 0x0300
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_TURN_CHANNELS = tuple(bytes([first]) for first in range(0x40, 0x50))
# P_CONTROL_V1 and P_CONTROL_WKC_V1; the low three bits are the number of a key.
_OPENVPN_CONTROL = (4, 11)
_DTLS_RECORDS = (b"\x16\xfe", b"\x16\x01")
_ECJPAKE = 0xC0FF
_HOLES = ("gap", "truncated")

OF_WIRESHARK: tuple[KnownDifference, ...] = (
    KnownDifference(
        "container-not-read",
        "tshark",
        _container_not_read,
        "the file is of a format that the core does not read: it says what it is and how to "
        "convert it, Wireshark reads it",
        "_derived/tls11.ngsniffer",
    ),
    KnownDifference(
        "container-not-read-by-wireshark",
        "tshark",
        _container_not_read_by_wireshark,
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
        imitation,
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
        "behind-http-upgrade",
        "tshark",
        _behind_http_upgrade,
        "TLS that HTTP was upgraded to: Wireshark shows it as bytes of the HTTP connection, the "
        "core follows the upgrade",
        "http-upgrade.pcap",
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
        hello_in_part,
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
        server_hello_in_unfinished_record,
        "the ServerHello is whole, but the record that it begins goes on in bytes that are not in "
        "the capture: Wireshark waits for the whole record, the core reads the hello",
        "cisco+mercury/test/afl_data/corner-cases.pcap",
    ),
    KnownDifference(
        "hello-behind-hole",
        "tshark",
        _behind_hole,
        "the segment with the hello comes behind one that is not in the capture: Wireshark, which "
        "is told to put segments in order, waits for that one, the core goes on behind the hole",
        "google+testrun/testing/unit/tls/captures/multi_page_monitor.pcap",
    ),
    KnownDifference(
        "taken-for-repeated",
        "tshark",
        _taken_for_repeated,
        "the server answers the SYN once more with another sequence number, after the client "
        "acknowledged the first: Wireshark counts from the second and takes all that the server "
        "sends for repeated, the core goes by the one that was acknowledged",
        "ntop+nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
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
)
