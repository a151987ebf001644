"""The tables made from the handshake table, and the table of the inputs."""

from __future__ import annotations

from tlsaudit.schema.column import (
    BASES,
    CAPTURE_ERRORS,
    COMPRESSIONS,
    FORMATS,
    OUTCOMES,
    SEVERITIES,
    TRANSPORTS,
    Column,
)

CLIENTS: tuple[Column, ...] = (
    Column(
        "client",
        "str",
        False,
        "The client's address. An address is not a machine: address translation and DHCP come "
        "between.",
    ),
    Column(
        "client_name",
        "str",
        True,
        "What the client is called, by the rule in `docs/names.md`: a file of the user's first, "
        "then what packets beside TLS say; never looked up. Null = nobody says.",
    ),
    Column("processes", "list<str>", True, "As in the table of verdicts, of all its handshakes."),
    Column("first_seen", "timestamp[ns, UTC]", True, "Time of its first handshake."),
    Column("last_seen", "timestamp[ns, UTC]", True, "Time of its last handshake."),
    Column("captures", "uint32", False, "Captures in which it appears."),
    Column("handshakes", "uint32", False, "Its rows in the handshake table."),
    *(
        Column(outcome, "uint32", False, f"Of these, handshakes with the outcome `{outcome}`.")
        for outcome in OUTCOMES
    ),
    Column("servers", "uint32", False, "Distinct servers (address and port)."),
    Column("server_names", "uint32", False, "Distinct server names asked for."),
    Column("ssl30", "uint32", False, "Handshakes that negotiated SSL 3.0."),
    Column("tls10", "uint32", False, "Handshakes that negotiated TLS 1.0."),
    Column("tls11", "uint32", False, "Handshakes that negotiated TLS 1.1."),
    Column("tls12", "uint32", False, "Handshakes that negotiated TLS 1.2."),
    Column("tls13", "uint32", False, "Handshakes that negotiated TLS 1.3 or a draft of it."),
    Column(
        "other_version",
        "uint32",
        False,
        "Handshakes that negotiated anything else: SSL 2.0, a version of DTLS, a number unknown. "
        "Handshakes without a negotiated version are in none of these columns.",
    ),
    Column("negotiated_3des", "uint32", False, "Handshakes that negotiated a Triple DES suite."),
    Column("offered_3des", "uint32", False, "Handshakes in which it offered a Triple DES suite."),
    Column(
        "max_offered_version",
        "uint16",
        True,
        "The best version that it ever offered: tells an old client from an old server. Null = no "
        "ClientHello shows it.",
        text="code point",
    ),
    Column(
        "min_negotiated_version",
        "uint16",
        True,
        "The oldest version that was ever negotiated with it. Null = no ServerHello was seen.",
        text="code point",
    ),
    Column(
        "hello_shapes",
        "uint32",
        False,
        "Distinct sets of offered suites and extensions over whole hellos: several TLS stacks "
        "behind one address show as several shapes. Apart from order, GREASE, signalling suites, "
        "and the extensions that one stack sends at times only: server_name, padding, "
        "pre_shared_key, early_data, cookie.",
    ),
    Column("findings", "uint32", False, "Its rows in the findings table."),
    Column(
        "worst_severity",
        "dict<str>",
        False,
        "The highest severity among its findings; `none` without findings.",
        values=SEVERITIES,
        ordered=True,
    ),
    Column("rules", "list<str>", False, "The rules that it breaks, sorted."),
    Column("defects", "uint32", False, "Handshakes with a defect: how far to trust the rest."),
)

FINDINGS: tuple[Column, ...] = (
    Column("rule", "dict<str>", False, "The rule, as `docs/rules.md` names it."),
    Column(
        "severity",
        "dict<str>",
        False,
        "How bad it is under the policy of the run.",
        values=SEVERITIES,
        ordered=True,
    ),
    Column(
        "basis",
        "dict<str>",
        False,
        "`negotiated`: the server's answer proves it; `offered`: the client's offer does.",
        values=BASES,
    ),
    Column("capture", "dict<str>", False, "The capture file, as the caller named it."),
    Column("transport", "dict<str>", False, "As in the handshake table.", values=TRANSPORTS),
    Column("stream", "uint32", True, "As in the handshake table."),
    Column("handshake", "uint16", False, "As in the handshake table."),
    Column("ts", "timestamp[ns, UTC]", True, "As in the handshake table."),
    Column("client", "str", False, "As in the handshake table."),
    Column("client_ip", "str", True, "As in the handshake table."),
    Column("server", "str", False, "As in the handshake table."),
    Column("server_ip", "str", True, "As in the handshake table."),
    Column("server_port", "uint16", True, "As in the handshake table."),
    Column("tunnel", "str", True, "As in the handshake table."),
    Column("outer_client_ip", "str", True, "As in the handshake table."),
    Column("outer_server_ip", "str", True, "As in the handshake table."),
    Column("server_name", "str", True, "As in the handshake table."),
    Column(
        "evidence_frame",
        "uint64",
        True,
        "The frame to open: that of the ServerHello for the basis `negotiated`, of the ClientHello "
        "for `offered`.",
        "Wireshark `frame.number`",
    ),
    Column("client_hello_frame", "uint64", True, "As in the handshake table."),
    Column("server_hello_frame", "uint64", True, "As in the handshake table."),
    Column(
        "observed",
        "str",
        False,
        "What was seen, for instance `TLS 1.0` or `TLS_RSA_WITH_3DES_EDE_CBC_SHA (0x000A)`.",
    ),
    Column("reference", "str", False, "The first source of the rule, for instance `RFC 8996`."),
)

CAPTURES: tuple[Column, ...] = (
    Column("capture", "str", False, "The input, as the caller named it."),
    Column(
        "readable",
        "bool",
        False,
        "Whether it is a capture and could be read, at least in part: to its end, or some frames.",
    ),
    Column("format", "dict<str>", True, "The file format. Null = not known.", values=FORMATS),
    Column(
        "compression",
        "dict<str>",
        True,
        "What the file is compressed with. Null = nothing.",
        values=COMPRESSIONS,
    ),
    Column(
        "link_types",
        "list<uint16>",
        True,
        "The link types of its interfaces, each once, in the order found.",
        "https://www.tcpdump.org/linktypes.html",
    ),
    Column("interfaces", "uint32", True, "Interfaces described in the file."),
    Column("frames", "uint64", True, "Frames read."),
    Column(
        "first_ts", "timestamp[ns, UTC]", True, "The earliest time of a frame; null = no times."
    ),
    Column("last_ts", "timestamp[ns, UTC]", True, "The latest time of a frame; null = no times."),
    Column("bytes_read", "uint64", True, "Bytes of the file read, as stored."),
    Column("truncated_frames", "uint64", True, "Frames cut by the snap length."),
    Column("undecoded_frames", "uint64", True, "Frames of a link type that is not read."),
    Column(
        "opaque_frames",
        "uint64",
        True,
        "Frames encrypted below TCP: by IPsec (ESP), Wi-Fi, MACsec or PPP.",
    ),
    Column("tcp_streams", "uint32", True, "TCP connections."),
    Column("udp_streams", "uint32", True, "UDP conversations."),
    Column("authentications", "uint32", True, "Authentications by EAP."),
    Column(
        "tls_streams",
        "uint32",
        False,
        "Connections, conversations and authentications with at least one handshake.",
    ),
    Column(
        "one_sided_streams",
        "uint32",
        True,
        "TLS connections of which only one direction was captured.",
    ),
    Column(
        "unheard_streams",
        "uint32",
        True,
        "TCP connections that carry TLS of which no hello was captured, mostly because they are "
        "older than the capture: what was negotiated there is not known.",
    ),
    Column("handshakes", "uint64", False, "Rows in the handshake table."),
    Column("refusals", "uint64", True, "Rows in the table of refusals."),
    Column("set_aside", "uint64", True, "Things that look like TLS and are not counted."),
    Column(
        "error_kind",
        "dict<str>",
        True,
        "Why the input could not be read, or not to its end. Null = it was read to its end.",
        values=CAPTURE_ERRORS,
    ),
    Column("error", "str", True, "The same in one sentence that says what to do."),
    Column("limits", "str", True, "The bounds of the reader that were reached, in one sentence."),
    Column(
        "remarks",
        "str",
        True,
        "What the capture tells of itself that limits what it is worth: events lost, a filter in "
        "force, packets cut short. Null = nothing.",
    ),
    Column(
        "windows_build",
        "uint32",
        True,
        "The build number of the Windows that captured. Null = not told.",
    ),
    Column(
        "events_lost",
        "uint64",
        True,
        "Events that Windows lost while it captured. Null = the capture does not tell: 0 is said "
        "by an event trace alone, that was closed and bears no mark of losses.",
    ),
    Column(
        "frames_dropped",
        "uint64",
        True,
        "Packets that Windows dropped before they went anywhere; they are kept out. Null = the "
        "capture does not tell: 0 is said by an event trace alone.",
    ),
    Column(
        "frames_repeated",
        "uint64",
        True,
        "Packets that were kept out because Windows captured them once more at another component "
        "of its network stack.",
    ),
)
