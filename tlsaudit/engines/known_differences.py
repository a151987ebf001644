"""Where the core and other engines differ, and why: the one home of every tolerated difference.

An entry names a pattern in the bytes, not files. Each was looked up in the bytes of its example;
who is right is a part of the reason. A test fails where an entry is no longer needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tlsaudit import registry
from tlsaudit.engines.comparison import MESSAGES, Difference, Row

__all__ = ["KNOWN_DIFFERENCES", "LAYERS_NOT_READ", "KnownDifference"]

LAYERS_NOT_READ = {
    "jxta": "carrier: TLS inside JXTA messages",
}
"""What carries a hello that the core does not read, by Wireshark's name of the layer."""


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


def _payload(difference: Difference) -> bytes:
    """What lies in the frame's innermost TCP segment or UDP datagram."""
    fields = difference.fields
    return bytes.fromhex(fields.get("tcp.payload") or fields.get("udp.payload") or "")


def _wrapped(difference: Difference) -> bool:
    return difference.kind == "extra" and (
        "rdpudp" in difference.layers
        or _begins_openvpn(difference, _payload(difference))
        or _begins_turn(_payload(difference))
        or _begins_tds_response(_payload(difference))
    )


def _behind_http_upgrade(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-2:] == ("http", "data")
        and _ours(difference)["carrier"] == "http-upgrade"
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
        return any(_says_same(row, difference.their_row, difference.message) for row in ours)
    theirs = [row for row in difference.their_stream if _frame(row, difference) > difference.frame]
    return any(_says_same(row, difference.our_row, difference.message) for row in theirs)


def _frame(row: Row, difference: Difference) -> int:
    frame: int | None = row[MESSAGES[difference.message]]
    return -1 if frame is None else frame


def _says_same(row: Row, other: Row | None, message: str) -> bool:
    """Whether both rows have this message, with the same content."""
    if other is None or row[MESSAGES[message]] is None:
        return False
    if message == "server_hello":
        return all(row[column] == other[column] for column in _CHOSEN)
    ours, theirs = row["client_cipher_suites"] or [], other["client_cipher_suites"] or []
    if row["client_hello_complete"] is False:
        # Of a part the other engine may have made a whole.
        theirs = theirs[: len(ours)]
    return bool(row["client_legacy_version"] == other["client_legacy_version"] and ours == theirs)


def _imitation(difference: Difference) -> bool:
    row, kind = difference.their_row, difference.set_aside
    if difference.kind != "missing" or row is None or kind is None:
        return False
    # An anonymous suite of RC4 and nothing else, or a hello as in SSL 2.0.
    fixed = row["client_cipher_suites"] == [_DH_ANON_RC4] and row["client_extensions"] is None
    return kind.startswith("pseudo-tls") and (fixed or row["record_version"] == _SSL2)


def _sent_again_in_rdp(difference: Difference) -> bool:
    return (
        difference.kind == "missing"
        and difference.message == "second_client_hello"
        and "rdpudp" in difference.layers
        and any(
            _says_same(row, difference.their_row, "client_hello") for row in difference.our_stream
        )
    )


def _dtls_on_unknown_port(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.transport == "dtls"
        and "dtls" not in difference.layers
        and _payload(difference)[:2] in _DTLS_RECORDS
    )


_PARTIES = frozenset(
    {"stream", "client_hello_frame"}
    | {f"{party}{part}" for party in ("client", "server") for part in ("", "_ip", "_port", "_mac")}
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


def _container_not_read_by_scapy(difference: Difference) -> bool:
    ours, theirs = difference.our_capture, difference.their_capture
    if difference.kind != "extra" or isinstance(ours["error"], str):
        return False
    if theirs["error_kind"] == "unsupported":
        return True
    # A variant of pcap whose packets' headers are longer than its number says: scapy gets lost.
    return bool(ours["format"] == "pcap" and ours["frames"] != theirs["frames"])


def _ssl2_hello_lost_by_two_passes(difference: Difference) -> bool:
    payload = _payload(difference)
    return (
        _is_extra(difference, "client_hello")
        and payload[:1] >= b"\x80"
        and payload[2:4] == b"\x01\x03"
        and any((row["server_legacy_version"] or 0) >= _SSL3 for row in difference.their_stream)
    )


def _hello_in_part(difference: Difference) -> bool:
    if difference.message != "client_hello" or difference.our_row is None:
        return False
    if _ours(difference)["client_hello_complete"] is not False:
        return False
    if difference.kind == "extra":
        return _goes_on(difference)
    if not _is_broken(difference):
        return False
    return (
        (difference.column == "ja3" and difference.theirs is None)
        # Nothing is concluded from the part: neither a yes nor an empty list.
        or not (difference.ours or difference.theirs)
        or (difference.column == "client_hello_complete" and difference.theirs is True)
        or (difference.column == "client_extensions" and _begin_alike(difference))
    )


def _begin_alike(difference: Difference) -> bool:
    """Whether of two lists of extensions one begins the other.

    Behind an extension that contradicts itself the core goes on, behind the end of the list it
    does not, and scapy does.
    """
    ours, theirs = difference.ours or [], difference.theirs or []
    longer = max(ours, theirs, key=len)
    return bool(theirs) and longer[: len(ours)] == ours and longer[: len(theirs)] == theirs


def _is_broken(difference: Difference) -> bool:
    """Whether the other engine says that bytes are missing, or contradict each other."""
    if difference.engine == "scapy":
        return _noted(difference, "contradiction", "not-in-order")
    return not {"_ws.short", "_ws.malformed"}.isdisjoint(difference.layers)


def _goes_on(difference: Difference) -> bool:
    """Whether the record or packet in this frame ends behind the captured bytes of the frame."""
    if difference.engine == "scapy":
        return _noted(difference, "waits")
    payload = _payload(difference)
    goes_on = payload[:2] == b"\x16\x03" and int.from_bytes(payload[3:5]) + 5 > len(payload)
    return goes_on or "_ws.short" in difference.layers


def _quic_hello_left_out(difference: Difference) -> bool:
    payload = _payload(difference)
    if difference.kind != "extra" or "quic" not in difference.layers or payload[:1] < b"\xc0":
        return False
    # Versions that are reserved to keep peers tolerant (RFC 9000 section 15).
    is_reserved = all(byte & 0x0F == 0x0A for byte in payload[1:5])
    return is_reserved or any(
        _says_same(row, difference.our_row, difference.message)
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
    if _ours(difference)["server_hello_complete"] is not False:
        return False
    if difference.kind == "extra":
        return _goes_on(difference)
    return difference.column == "server_hello_complete" and _is_broken(difference)


def _server_hello_in_unfinished_record(difference: Difference) -> bool:
    return _is_extra(difference, "server_hello") and _goes_on(difference)


def _behind_hole(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("tcp",)
        and _payload(difference)[:2] == b"\x16\x03"
        and _ours(difference)["defect"] == "gap"
    )


def _taken_for_repeated(difference: Difference) -> bool:
    return (
        difference.kind == "extra"
        and difference.layers[-1:] == ("tcp",)
        and "tcp.analysis.retransmission" in difference.fields
        and _payload(difference)[:2] == b"\x16\x03"
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


def _left_as_bytes_below_tcp(difference: Difference) -> bool:
    if difference.column == "stream":
        # Connections that scapy does not see are missing in its numbers too.
        ours, theirs = (each["tcp_streams"] for each in _captures(difference))
        return bool(0 < difference.ours - difference.theirs <= ours - theirs)
    return (
        difference.kind == "extra"
        and difference.layers[-1:] in _LEFT_AS_BYTES
        and "TCP" not in difference.layers
    )


def _captures(difference: Difference) -> tuple[Row, Row]:
    return difference.our_capture, difference.their_capture


def _behind_other_bytes(difference: Difference) -> bool:
    return difference.kind == "extra" and difference.layers[-2:] == ("TCP", "Raw")


def _tlcp(difference: Difference) -> bool:
    return _behind_other_bytes(difference) and _ours(difference)["record_version"] == _TLCP


def _packet_cut_by_end_of_file(difference: Difference) -> bool:
    capture = difference.our_capture
    return (
        difference.kind == "missing"
        and capture["error_kind"] == "cut"
        and difference.frame == capture["frames"] + 1 == difference.their_capture["frames"]
    )


def _noted(difference: Difference, *words: str) -> bool:
    """Whether scapy came across one of these in the stream before."""
    return any(difference.notes.get(word, _NEVER) <= difference.frame for word in words)


def _not_in_order(difference: Difference) -> bool:
    if difference.column is not None or not _noted(difference, "not-in-order", "number-wraps"):
        return False
    if difference.kind == "extra":
        return True
    # What scapy alone has was made whole with zeros, or is what the core has in another frame.
    message = difference.message.removeprefix("second_")
    return _noted(difference, "contradiction") or any(
        _says_same(row, difference.their_row, message) for row in difference.our_stream
    )


def _message_left_as_bytes(difference: Difference) -> bool:
    return difference.kind == "extra" and _noted(difference, "bytes-left", "stumbled")


def _time_of_other_interface(difference: Difference) -> bool:
    if difference.column != "ts" or None in (difference.ours, difference.theirs):
        return False
    # The offset is in seconds, and scapy's times are exact to a microsecond.
    part = (difference.ours - difference.theirs) % timedelta(seconds=1)
    is_whole = min(part, timedelta(seconds=1) - part) < timedelta(microseconds=2)
    return is_whole and bool(difference.our_capture["format"] == "pcapng")


def _is_extra(difference: Difference, message: str) -> bool:
    return difference.kind == "extra" and difference.message == message


def _ours(difference: Difference) -> Row:
    """The core's row, of a difference that is not missing."""
    assert difference.our_row is not None
    return difference.our_row


_SSL2 = 0x0002
_SSL3 = 0x0300
_DH_ANON_RC4 = 0x0018
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_TURN_CHANNELS = tuple(bytes([first]) for first in range(0x40, 0x50))
# P_CONTROL_V1 and P_CONTROL_WKC_V1; the low three bits are the number of a key.
_OPENVPN_CONTROL = (4, 11)
_DTLS_RECORDS = (b"\x16\xfe", b"\x16\x01")
_CHOSEN = ("server_legacy_version", "negotiated_cipher_suite")
_TLCP = 0x0101
_LEFT_AS_BYTES = (("Raw",), ("Padding",))
_NEVER = 1 << 62
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
    KnownDifference(
        "imitation",
        "scapy",
        _imitation,
        "the fixed hello of a media relay's imitation of TLS 1.0, behind which no TLS comes: scapy "
        "takes it for TLS, the core sets it aside",
        "media-relay.pcap",
    ),
    KnownDifference(
        "tlcp",
        "scapy",
        _tlcp,
        "records of version 0x0101, the Chinese national profile: scapy takes them for encrypted, "
        "the core reads them",
        "tinifish+sniffer/N1-SSL VPN.pcap",
    ),
    KnownDifference(
        "behind-other-bytes",
        "scapy",
        _behind_other_bytes,
        "the segment begins with other bytes, such as the header of a packet of OpenVPN, of SQL "
        "Server's protocol or of a load balancer: scapy is asked where a segment begins with a "
        "record, the core takes the carrier apart",
        "openvpn-tcp.pcap",
    ),
    KnownDifference(
        "container-not-read-by-scapy",
        "scapy",
        _container_not_read_by_scapy,
        "the file is compressed with zstd, xz or lz4, or is a pcap with longer packet headers: "
        "the core reads it, scapy does not",
        "pcap-lz4.pcap.lz4",
    ),
    KnownDifference(
        "packet-cut-by-end-of-file",
        "scapy",
        _packet_cut_by_end_of_file,
        "the file ends in the middle of its last packet: scapy gives what there is of it, the core "
        "stops before it and says so, as Wireshark does",
        "_derived/tls11.cut.pcap",
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
        _not_in_order,
        "segments of the stream are missing, repeated, out of order or pass sequence number 2^32: "
        "scapy fills holes with zeros and takes a record for whole as soon as it is long enough; "
        "the core waits for the segment",
        "segments-out-of-order.pcap",
    ),
    KnownDifference(
        "message-left-as-bytes",
        "scapy",
        _message_left_as_bytes,
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
