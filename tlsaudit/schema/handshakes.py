"""The handshake table: one row per handshake seen; what an engine gives, and what is derived."""

from __future__ import annotations

from tlsaudit.schema.column import (
    DEFECTS,
    DOWNGRADES,
    ENDS,
    ENGINES,
    OUTCOMES,
    PROCESS_BASES,
    SIDES,
    TRANSPORTS,
    Column,
)

HANDSHAKE_KEY = ("capture", "transport", "stream", "handshake")
"""What names a row; tables are sorted by it."""

HANDSHAKES: tuple[Column, ...] = (
    # Where it is.
    Column("capture", "dict<str>", False, "The capture file, as the caller named it."),
    Column(
        "transport",
        "dict<str>",
        False,
        "What carries the handshake's bytes; `udp` is TLS over UDP and a protocol above it that "
        "puts its datagrams in order (OpenVPN, RDP).",
        values=TRANSPORTS,
    ),
    Column(
        "stream",
        "uint32",
        True,
        "The number of the connection in the capture, from 0. All connections of that transport "
        "are counted, those without TLS too, so that the number is Wireshark's. Of EAP the number "
        "of the authentication, which Wireshark does not count.",
        "Wireshark `tcp.stream`",
    ),
    Column(
        "handshake",
        "uint16",
        False,
        "The number of the handshake within its stream, from 0. A second one is a renegotiation "
        "or a new attempt on the same connection, or another QUIC connection of the same ports.",
    ),
    Column(
        "ts",
        "timestamp[ns, UTC]",
        True,
        "Time of the first frame of the handshake. Null where the capture has no times.",
        "Zeek `ts`",
    ),
    Column(
        "carrier",
        "dict<str>",
        True,
        "What the TLS runs inside, as `docs/carriers.md` lists it: `tls` is nothing, `other` means "
        "that TLS began after other bytes on the connection, `quic` that hellos come without "
        "records, in QUIC's packets. Null where the engine does not tell it.",
    ),
    Column(
        "carrier_target",
        "str",
        True,
        "The name that the carrier itself gives: of the server; where a load balancer says for "
        "whom it speaks, of the client; of EAP the outer identity of the client. Null where it "
        "gives none.",
    ),
    # Who.
    Column(
        "client",
        "str",
        False,
        "Who sent the ClientHello: the IP address, or the link address where there is no IP. An "
        "address is not a machine: address translation and DHCP come between. Of EAP over RADIUS "
        "it is the calling station, else the outer identity, else `behind` and the address of the "
        "RADIUS client: the client has no address of its own there.",
    ),
    Column(
        "client_ip",
        "str",
        True,
        "The client's IP address. Null where there is no IP.",
        "RFC 5952 spelling",
    ),
    Column("client_port", "uint16", True, "The client's port. Null where there are no ports."),
    Column(
        "client_mac",
        "str",
        True,
        "The link address on the client's side of the capture point: the client's own only when "
        "no router lies between. Null where the link or the tunnel has none.",
    ),
    Column(
        "client_process",
        "str",
        True,
        "The file name of the program that the client is, without its folder, escaped as "
        "`server_name` is. Only captures that Windows made on the client itself tell it. Null "
        "where the capture does not.",
    ),
    Column(
        "client_pid",
        "uint32",
        True,
        "The number of that process. Null where the capture does not tell it.",
    ),
    Column(
        "client_process_basis",
        "dict<str>",
        True,
        "What ties the connection to the process. Certain: `connection-event` (an event of "
        "Windows' network stack that names both), `process-table` (Network Monitor's). Likely: "
        "the thread that handed over the connection's `syn`, the segment in which the "
        "`client-hello` begins, or the first `datagram` was one of that process. Null where "
        "`client_pid` is.",
        values=PROCESS_BASES,
    ),
    Column(
        "server",
        "str",
        False,
        "Who received the ClientHello: the IP address, or the link address where there is no IP. "
        "Of EAP over RADIUS the RADIUS server.",
    ),
    Column(
        "server_ip",
        "str",
        True,
        "The server's IP address. Null where there is no IP.",
        "RFC 5952 spelling",
    ),
    Column("server_port", "uint16", True, "The server's port. Null where there are no ports."),
    Column(
        "tunnel",
        "str",
        True,
        "What carried the connection's first packet inside another IP packet, outermost first, "
        "joined by `+`: `ipip`, `4in6`, `6in4`, `6in6`, `gre` (NVGRE too), `eoip`, `pptp`, "
        "`erspan`, `vxlan`, `geneve`, `gtp`, `teredo`, `l2tp`, `capwap`. The other addresses and "
        "the ports are the innermost ones. Null = no tunnel.",
    ),
    Column(
        "outer_client_ip",
        "str",
        True,
        "The outermost IP address on the client's side of that packet: an end of the tunnel, or "
        "the mirroring switch. Null without a tunnel.",
        "RFC 5952 spelling",
    ),
    Column(
        "outer_server_ip",
        "str",
        True,
        "The outermost IP address on the server's side of that packet. Null without a tunnel.",
        "RFC 5952 spelling",
    ),
    Column(
        "server_name",
        "str",
        True,
        "The host name that the client asked for, lower-case; with encrypted ClientHello the outer "
        "one. Control characters, invisible characters and bytes that are not UTF-8 "
        "are written `\\xNN` or `\\u{NNNN}`. Null = not sent.",
        "RFC 6066 §3; Wireshark `tls.handshake.extensions_server_name`",
    ),
    # Where to look: frame numbers, as Wireshark counts them.
    Column(
        "client_hello_frame",
        "uint64",
        True,
        "The frame that completes the ClientHello; of an incomplete one the last frame that holds "
        "a part of it. Null = no ClientHello was seen.",
        "Wireshark `frame.number`",
    ),
    Column(
        "server_hello_frame",
        "uint64",
        True,
        "Likewise for the ServerHello that is not a HelloRetryRequest. Null = none was seen.",
        "Wireshark `frame.number`",
    ),
    Column(
        "retry_request_frame",
        "uint64",
        True,
        "The frame of the HelloRetryRequest. Null = there was none; a QUIC Retry is none.",
        "Wireshark `frame.number`",
    ),
    Column(
        "second_client_hello_frame",
        "uint64",
        True,
        "The frame of the ClientHello that answers the HelloRetryRequest. The columns of the offer "
        "are those of the first ClientHello.",
        "Wireshark `frame.number`",
    ),
    Column(
        "alert_frame",
        "uint64",
        True,
        "The frame of the alert in `alert_description`. Null = no alert was seen.",
        "Wireshark `frame.number`",
    ),
    Column(
        "end_frame",
        "uint64",
        True,
        "The frame of the FIN or RST in `end`. Null while the connection is open.",
        "Wireshark `frame.number`",
    ),
    # What the client said.
    Column(
        "record_version",
        "uint16",
        True,
        "The version in the header of the first record; 0x0002 for a hello in the format of "
        "SSL 2.0. Evidence of nothing: clients of TLS 1.3 write 0x0301 or 0x0303 here. Null in "
        "QUIC, which has no records.",
        "RFC 8446 §5.1 `legacy_record_version`; Wireshark `tls.record.version`",
        "code point",
    ),
    Column(
        "client_legacy_version",
        "uint16",
        True,
        "The version field of the ClientHello: the highest version offered, but only where "
        "`client_supported_versions` is null.",
        "RFC 8446 §4.1.2 `legacy_version`; Wireshark `tls.handshake.version`; Zeek "
        "`client_version`",
        "code point",
    ),
    Column(
        "client_supported_versions",
        "list<uint16>",
        True,
        "The versions of the supported_versions extension, in the order sent, GREASE kept. Null = "
        "no such extension.",
        "RFC 8446 §4.2.1; Wireshark `tls.handshake.extensions.supported_version`",
        "code point",
    ),
    Column(
        "client_cipher_suites",
        "list<uint16>",
        True,
        "The cipher suites offered, in the order sent, GREASE and signalling values kept. Null = "
        "no ClientHello was seen.",
        "RFC 8446 §4.1.2; Wireshark `tls.handshake.ciphersuite`",
        "code point",
    ),
    Column(
        "client_ssl2_cipher_kinds",
        "list<uint32>",
        True,
        "Of a hello in the format of SSL 2.0: the three-byte cipher kinds that are SSL 2.0's own. "
        "Null for every other hello.",
        "RFC 5246 §E.2; Wireshark `tls.handshake.cipherspec`",
        "ssl2 kind",
    ),
    Column(
        "client_extensions",
        "list<uint16>",
        True,
        "The types of the ClientHello's extensions, in the order sent, GREASE kept. Null = the "
        "hello has no extensions, or none was seen.",
        "RFC 8446 §4.2; Wireshark `tls.handshake.extension.type`",
        "code point",
    ),
    Column(
        "client_groups",
        "list<uint16>",
        True,
        "The named groups offered for key exchange, in the order sent, GREASE kept. Null = no such "
        "extension.",
        "RFC 8446 §4.2.7; Wireshark `tls.handshake.extensions_supported_group`",
        "code point",
    ),
    Column(
        "client_alpn",
        "list<str>",
        True,
        "The application protocols offered, in the order sent, escaped as `server_name` is. Null = "
        "no such extension.",
        "RFC 7301 §3.1; Wireshark `tls.handshake.extensions_alpn_str`",
    ),
    Column(
        "client_ech",
        "bool",
        True,
        "Whether encrypted_client_hello was offered: a real one and a decoy cannot be told apart. "
        "Null = no ClientHello was seen.",
    ),
    Column(
        "client_fallback_scsv",
        "bool",
        True,
        "Whether TLS_FALLBACK_SCSV (0x5600) was offered: the client says that it tries again with "
        "a lower version than it can do. Null = no ClientHello was seen.",
        "RFC 7507",
    ),
    Column(
        "client_hello_complete",
        "bool",
        True,
        "False = only a part of the ClientHello was seen, and its lists hold what was read. Null = "
        "none was seen.",
    ),
    Column(
        "ja3",
        "str",
        True,
        "The JA3 fingerprint of the ClientHello. Null where its definition has no answer: no whole "
        "ClientHello, or one in the format of SSL 2.0.",
        "https://github.com/salesforce/ja3",
    ),
    Column(
        "ja4",
        "str",
        True,
        "The JA4 fingerprint of the ClientHello (the TLS client form only). Null as `ja3`.",
        "https://github.com/FoxIO-LLC/ja4",
    ),
    # What the server answered.
    Column(
        "server_legacy_version",
        "uint16",
        True,
        "The version field of the ServerHello: the version negotiated, but only where "
        "`server_supported_version` is null.",
        "RFC 8446 §4.1.3; Wireshark `tls.handshake.version`; Zeek `server_version`",
        "code point",
    ),
    Column(
        "server_supported_version",
        "uint16",
        True,
        "The version of the ServerHello's supported_versions extension. Null = no such extension.",
        "RFC 8446 §4.2.1; Zeek `server_supported_version`",
        "code point",
    ),
    Column(
        "negotiated_cipher_suite",
        "uint16",
        True,
        "The cipher suite that the server chose. Null = no ServerHello was seen.",
        "RFC 8446 §4.1.3; Wireshark `tls.handshake.ciphersuite`; Zeek `cipher`",
        "code point",
    ),
    Column(
        "compression_method",
        "uint8",
        True,
        "The compression method that the server chose, 0 = none. Null = no ServerHello was seen.",
        "Wireshark `tls.handshake.comp_method`",
    ),
    Column(
        "negotiated_group",
        "uint16",
        True,
        "The group of the key exchange: the ServerHello's key share in TLS 1.3, the named curve of "
        "the ServerKeyExchange before it. Null = none, or not seen.",
        "Zeek `curve`",
        "code point",
    ),
    Column(
        "negotiated_alpn",
        "str",
        True,
        "The application protocol that the server chose, escaped as `server_name` is. Null = none, "
        "or TLS 1.3, where the answer is encrypted.",
        "RFC 7301 §3.1",
    ),
    Column(
        "server_hello_complete",
        "bool",
        True,
        "False = only a part of the ServerHello was seen. Null = none was seen.",
    ),
    Column(
        "ja3s",
        "str",
        True,
        "The JA3S fingerprint of the ServerHello. Null = no whole ServerHello was seen.",
        "https://github.com/salesforce/ja3",
    ),
    Column(
        "certificate_subject",
        "str",
        True,
        "The subject of the server's leaf certificate, its parts in the order of the certificate, "
        "escaped as `server_name` is. Null in TLS 1.3, where certificates are encrypted, in a "
        "resumed session, and where the message was not captured whole.",
        "RFC 5280 §4.1.2.6; Zeek `certificate.subject`",
    ),
    Column(
        "certificate_issuer",
        "str",
        True,
        "The issuer of that certificate, likewise.",
        "RFC 5280 §4.1.2.4; Zeek `certificate.issuer`",
    ),
    Column(
        "certificate_not_after",
        "timestamp[ns, UTC]",
        True,
        "The end of its validity. Null also where that lies beyond the year 2262.",
        "RFC 5280 §4.1.2.5; Zeek `certificate.not_valid_after`",
    ),
    Column(
        "certificate_key",
        "str",
        True,
        "Kind and size of its public key: `RSA 2048`, `EC P-256`.",
        "RFC 5280 §4.1.2.7",
    ),
    Column(
        "certificate_signature",
        "str",
        True,
        "The algorithm that it is signed with: `sha256WithRSAEncryption`.",
        "RFC 5280 §4.1.1.2",
    ),
    Column(
        "downgrade_sentinel",
        "dict<str>",
        True,
        "What the end of the ServerHello's random says: the server can do better than it chose. "
        "`tls12`: it can do TLS 1.3 and chose TLS 1.2; `tls11-or-below`: it can do at least "
        "TLS 1.2 and chose less. Null = no such mark, which proves nothing.",
        "RFC 8446 §4.1.3",
        values=DOWNGRADES,
    ),
    Column(
        "hello_retry_request",
        "bool",
        True,
        "Whether the server asked for a second ClientHello. Null = nothing of the server was seen.",
        "RFC 8446 §4.1.4",
    ),
    Column(
        "resumed",
        "bool",
        True,
        "Whether an earlier session was resumed; inferred. Null = cannot be told.",
    ),
    # How it went.
    Column(
        "outcome",
        "dict<str>",
        False,
        "`completed`: both hellos, then encrypted traffic both ways. `failed`: both hellos, then "
        "a fatal alert, reset or close before that. `hellos_only`: both hellos, the end was not "
        "seen, or bytes before it are missing. `rejected`: a ClientHello, then a fatal alert, "
        "close or reset by the server and no ServerHello. `unanswered`: a ClientHello and nothing "
        "more, though the server's direction was captured. `client_only`, `server_only`: only "
        "that direction was captured, or the capture began late; not a failure. Of EAP a success "
        "completes the handshake, and a failure counts as a close by the server; where TLS was "
        "completed before it, only with `eap-tls`: elsewhere it is about what was said inside.",
        values=OUTCOMES,
    ),
    Column(
        "alert_description",
        "uint8",
        True,
        "The first fatal alert in plain text, else the first warning; in QUIC the alert that a "
        "CONNECTION_CLOSE in an Initial packet stands for. Null = none was seen; in TLS 1.3 most "
        "alerts are encrypted.",
        "RFC 8446 §6; RFC 9001 §4.8; Wireshark `tls.alert_message.desc`",
    ),
    Column(
        "alert_level",
        "uint8",
        True,
        "The level of that alert: 1 warning, 2 fatal.",
        "Wireshark `tls.alert_message.level`",
    ),
    Column("alert_sender", "dict<str>", True, "Who sent that alert.", values=SIDES),
    Column(
        "end",
        "dict<str>",
        True,
        "How the connection ended as far as captured: who sent the first FIN or RST; `open` = "
        "neither was captured. Null where the transport has no such end.",
        values=ENDS,
    ),
    Column(
        "payload_bytes",
        "uint64",
        True,
        "Bytes of the stream after the hellos, both directions together, as far as captured. Null "
        "where the engine does not count them.",
    ),
    Column(
        "missed_bytes",
        "uint64",
        True,
        "Bytes of the stream that are not in the capture, up to the end of the handshake: loss, "
        "packets cut short, or a late start. Null where the engine does not count them.",
        "Zeek `missed_bytes` of a connection",
    ),
    Column(
        "defect",
        "dict<str>",
        True,
        "The first thing wrong with the bytes: `gap` bytes are missing, `truncated` they end too "
        "soon, `malformed` they contradict themselves, `limit` a bound of the reader was reached. "
        "The row still holds what was read. Null = nothing is wrong.",
        values=DEFECTS,
    ),
    Column(
        "defect_at",
        "str",
        True,
        "Where the defect is, for instance `frame 41, ClientHello.cipher_suites`.",
    ),
    Column("engine", "dict<str>", False, "What read the capture.", values=ENGINES),
)

DERIVED: tuple[Column, ...] = (
    Column(
        "negotiated_version",
        "uint16",
        True,
        "`server_supported_version` if present, else `server_legacy_version`. Null without a "
        "ServerHello, and where only a part of it was seen and TLS 1.2 and 1.3 cannot be told "
        "apart.",
        "RFC 8446 §4.2.1",
        "code point",
    ),
    Column(
        "negotiated_version_name",
        "dict<str>",
        True,
        "The name of `negotiated_version`, ranked from oldest to newest; `0x1234` for a number "
        "without a name (ranked last).",
        ordered=True,
    ),
    Column(
        "client_max_version",
        "uint16",
        True,
        "The highest version that the client offered: of `client_supported_versions` where "
        "present, without GREASE and unknown numbers, else `client_legacy_version`. Highest by "
        "age, not by number: drafts are below TLS 1.3. Null = not seen, or only a part of the "
        "hello was seen and the extension may be missing.",
        "RFC 8446 §4.2.1",
        "code point",
    ),
    Column(
        "client_min_version",
        "uint16",
        True,
        "The lowest version of `client_supported_versions`, likewise. Null without the extension: "
        "a lower bound is not on the wire then.",
        "RFC 8446 §4.2.1",
        "code point",
    ),
    Column(
        "negotiated_cipher_suite_name",
        "dict<str>",
        True,
        "The registered name of `negotiated_cipher_suite`; `0xABCD` for a number without one.",
        "IANA TLS Cipher Suites",
    ),
    Column(
        "offers_3des",
        "bool",
        True,
        "Whether the client offered a suite with Triple DES. Null = no ClientHello was seen, or a "
        "part of one that shows none.",
    ),
    Column(
        "negotiated_3des",
        "bool",
        True,
        "Whether the negotiated suite uses Triple DES. Null = no ServerHello was seen.",
    ),
)

HANDSHAKE_TABLE: tuple[Column, ...] = HANDSHAKES + DERIVED
"""All columns of the handshake table, as `schema.from_arrow()` gives it."""
