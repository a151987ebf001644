"""Where the core and scapy's layers differ, and why."""

from __future__ import annotations

from datetime import timedelta

from tlsaudit.engines.comparison import Difference, Row
from tlsaudit.engines.known_differences.pattern import (
    KnownDifference,
    hello_in_part,
    imitation,
    noted,
    row_of_core,
    says_same,
    server_hello_in_unfinished_record,
)

__all__ = ["OF_SCAPY"]


def _container_not_read_by_scapy(difference: Difference) -> bool:
    ours, theirs = difference.our_capture, difference.their_capture
    if difference.kind != "extra" or isinstance(ours["error"], str):
        return False
    if theirs["error_kind"] == "unsupported":
        return True
    # A variant of pcap whose packets' headers are longer than its number says: scapy gets lost.
    return bool(ours["format"] == "pcap" and ours["frames"] != theirs["frames"])


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
    return _behind_other_bytes(difference) and row_of_core(difference)["record_version"] == _TLCP


def _packet_cut_by_end_of_file(difference: Difference) -> bool:
    capture = difference.our_capture
    return (
        difference.kind == "missing"
        and capture["error_kind"] == "cut"
        and difference.frame == capture["frames"] + 1 == difference.their_capture["frames"]
    )


def _not_in_order(difference: Difference) -> bool:
    if difference.column is not None or not noted(difference, "not-in-order", "number-wraps"):
        return False
    if difference.kind == "extra":
        return True
    # What scapy alone has was made whole with zeros, or is what the core has in another frame.
    message = difference.message.removeprefix("second_")
    return noted(difference, "contradiction") or any(
        says_same(row, difference.their_row, message) for row in difference.our_stream
    )


def _message_left_as_bytes(difference: Difference) -> bool:
    return difference.kind == "extra" and noted(difference, "bytes-left", "stumbled")


def _time_of_other_interface(difference: Difference) -> bool:
    if difference.column != "ts" or None in (difference.ours, difference.theirs):
        return False
    # The offset is in seconds, and scapy's times are exact to a microsecond.
    part = (difference.ours - difference.theirs) % timedelta(seconds=1)
    is_whole = min(part, timedelta(seconds=1) - part) < timedelta(microseconds=2)
    return is_whole and bool(difference.our_capture["format"] == "pcapng")


_TLCP = 0x0101
_LEFT_AS_BYTES = (("Raw",), ("Padding",))

OF_SCAPY: tuple[KnownDifference, ...] = (
    KnownDifference(
        "imitation",
        "scapy",
        imitation,
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
        hello_in_part,
        "a part of the ClientHello is not in the capture: the core keeps what is there, scapy "
        "waits for the rest of the record",
        "snap-length-cut.pcap",
    ),
    KnownDifference(
        "server-hello-in-unfinished-record",
        "scapy",
        server_hello_in_unfinished_record,
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
