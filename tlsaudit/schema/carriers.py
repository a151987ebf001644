"""What TLS runs inside: the values of the column `carrier`, and `docs/carriers.md`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CARRIERS", "Carrier", "markdown"]

_TOOLS = ("tshark", "Zeek", "Suricata", "mercury")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One of the things that TLS runs inside.

    `recognised` says by which bytes, `sample` is a file of `samples/` and `test` names a test of
    the core; either may be empty. `seen_by` has one letter for each of tshark, Zeek, Suricata and
    mercury: `y` where the tool shows the handshake as it comes, `n` where it does not, `p` where it
    does so in some cases, `?` where that was not looked up.
    """

    name: str
    recognised: str
    sample: str
    test: str
    seen_by: str


CARRIERS = (
    Carrier(
        "tls",
        "nothing around it: a record with a hello, or a hello in the format of SSL 2.0, begins the "
        "connection; on UDP a record of DTLS",
        "tls12-openssl.pcapng",
        "hellos::fields_of_both_hellos_come_back",
        "yyyy",
    ),
    Carrier(
        "ldap-starttls",
        "LDAP's extended request with the object identifier of StartTLS, lengths in the short form "
        "or in the long one of Windows; the response of the same number",
        "ldap-starttls.pcap",
        "carriers::start_tls_is_found_among_other_messages_of_ldap",
        "yyyy",
    ),
    Carrier(
        "rdp",
        "a connection request of X.224 with RDP's cookie or negotiation; the confirmation that "
        "selects a protocol with TLS",
        "rdp.pcap",
        "carriers::rdp_agrees_on_tls",
        "nyyy",
    ),
    Carrier(
        "tds",
        "the two PRELOGIN messages of SQL Server's protocol; TLS is inside packets of the types "
        "0x12 and 0x04, without them once the handshake is over. Where the capture begins later, "
        "the packet that holds a hello",
        "sql-server.pcap",
        "carriers::tls_inside_packets_of_tds_is_unwrapped",
        "ynnn",
    ),
    Carrier(
        "smtp-starttls",
        "the greeting 220 or the client's EHLO, HELO or LHLO; STARTTLS, answered by 220",
        "smtp-postfix.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "yyyy",
    ),
    Carrier(
        "imap-starttls",
        "the greeting `* OK`; STARTTLS behind a tag, answered by the tag and OK",
        "imap-starttls.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "yyny",
    ),
    Carrier(
        "pop3-starttls",
        "the greeting `+OK`; STLS, answered by `+OK`",
        "pop3-starttls.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "yyyy",
    ),
    Carrier(
        "ftp-starttls",
        "the greeting 220; AUTH with TLS, SSL, TLS-C or TLS-P, answered by 234. TLS on the data "
        "connections begins them: its carrier is `tls`",
        "ftp-tls.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "yyyy",
    ),
    Carrier(
        "nntp-starttls",
        "the greeting 200 or 201; STARTTLS, answered by 382",
        "",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "ynny",
    ),
    Carrier(
        "xmpp-starttls",
        "an XML stream; the element `starttls`, answered by `proceed`. The target is the stream's "
        "`to`",
        "xmpp-starttls.pcap",
        "carriers::xmpp_names_the_server_that_the_client_wants",
        "yyny",
    ),
    Carrier(
        "irc-starttls",
        "a client's first command of IRC or a server's message; STARTTLS, answered by the number "
        "670",
        "irc-starttls.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "nyny",
    ),
    Carrier(
        "sieve-starttls",
        "ManageSieve's list of capabilities; STARTTLS, answered by OK",
        "sieve-starttls.pcap",
        "carriers::mail_news_files_and_chat_are_told_by_command_and_answer",
        "nnny",
    ),
    Carrier(
        "postgresql",
        "the eight bytes of SSLRequest, or of the request for GSSAPI before it; the answer is one "
        "byte, S. From PostgreSQL 17 on, clients may begin with TLS: its carrier is `tls`",
        "postgresql.pcap",
        "carriers::databases_agree_on_tls",
        "yyyy",
    ),
    Carrier(
        "mysql",
        "the server's greeting in version 10 of the protocol; the client's packet of 32 bytes with "
        "the capability CLIENT_SSL",
        "mariadb.pcap",
        "carriers::databases_agree_on_tls",
        "yyny",
    ),
    Carrier(
        "amqp",
        "AMQP's header with the protocol number of TLS, from both sides",
        "",
        "carriers::databases_agree_on_tls",
        "nnny",
    ),
    Carrier(
        "http-connect",
        "the method CONNECT, answered by a status of 200 to 299. The target is the one of the "
        "request",
        "http-connect.pcap",
        "carriers::proxies_name_where_the_client_goes",
        "yyyy",
    ),
    Carrier(
        "http-upgrade",
        "a request with `Upgrade: TLS/…`, answered by the status 101",
        "http-upgrade.pcap",
        "carriers::http_is_upgraded",
        "nnny",
    ),
    Carrier(
        "socks4",
        "a CONNECT request of SOCKS 4 or 4a, answered by 0x5A. The target is the one of the "
        "request",
        "socks4.pcap",
        "carriers::proxies_name_where_the_client_goes",
        "yyny",
    ),
    Carrier(
        "socks5",
        "SOCKS 5's list of methods, with user name and password or without; the request CONNECT, "
        "answered by 0. The target is the one of the request",
        "socks5.pcap",
        "carriers::proxies_name_where_the_client_goes",
        "yyny",
    ),
    Carrier(
        "proxy-v1",
        "a first line that begins with `PROXY`. The target is the client that it names",
        "proxy-v1.pcap",
        "carriers::a_load_balancer_names_the_client",
        "ynnn",
    ),
    Carrier(
        "proxy-v2",
        "the twelve bytes of the PROXY protocol's signature. The target is the client that the "
        "header names",
        "proxy-v2.pcap",
        "carriers::a_load_balancer_names_the_client",
        "ynnn",
    ),
    Carrier(
        "openvpn",
        "a first packet that resets the client's session, with a digest of tls-auth or without; "
        "TLS is in the packets of the control channel. With tls-crypt nothing can be read",
        "openvpn-udp.pcap",
        "",
        "pnny",
    ),
    Carrier(
        "anyconnect",
        "DTLS with the version 0x0100 of before the standard",
        "",
        "",
        "ynny",
    ),
    Carrier(
        "capwap",
        "CAPWAP's preamble 01 00 00 00 in front of a record of DTLS",
        "",
        "",
        "ynnn",
    ),
    Carrier(
        "dtls-srtp",
        "DTLS with the extension use_srtp, beside STUN and media on one conversation",
        "",
        "",
        "yyny",
    ),
    Carrier(
        "quic",
        "a datagram that begins with an Initial packet of QUIC version 1, 2 or a draft, which "
        "decrypts",
        "quic.pcapng",
        "",
        "yyyy",
    ),
    Carrier(
        "rdp-udp",
        "the SYN of RDP's own transport over UDP, with the sequence number 0xFFFFFFFF; TLS in "
        "the reliable form, DTLS in the lossy one",
        "",
        "",
        "pnnn",
    ),
    Carrier(
        "turn",
        "ChannelData and STUN indications of a TURN relay, with DTLS inside",
        "",
        "",
        "n???",
    ),
    Carrier(
        "eap-tls",
        "EAP packets of type 13, in EAPOL frames or in RADIUS's attributes EAP-Message",
        "eap-tls-radius.pcap",
        "",
        "ynnn",
    ),
    Carrier(
        "ttls",
        "EAP packets of type 21, in EAPOL frames or in RADIUS's attributes EAP-Message",
        "ttls-radius.pcap",
        "",
        "ynnn",
    ),
    Carrier(
        "peap",
        "EAP packets of type 25, in EAPOL frames or in RADIUS's attributes EAP-Message",
        "peap-radius.pcapng",
        "",
        "ynnn",
    ),
    Carrier(
        "eap-fast",
        "EAP packets of type 43, in EAPOL frames or in RADIUS's attributes EAP-Message",
        "eap-wired.pcap",
        "",
        "ynnn",
    ),
    Carrier(
        "teap",
        "EAP packets of type 55, in EAPOL frames or in RADIUS's attributes EAP-Message",
        "",
        "",
        "ynnn",
    ),
    Carrier(
        "other",
        "other bytes came first, and what they were is not known: a ClientHello at the start of a "
        "segment within the first 64 KiB",
        "",
        "several::tls_that_begins_after_unknown_bytes_is_found",
        "????",
    ),
)

_SEEN = {"y": "yes", "n": "no", "p": "in part", "?": "not looked up"}

_INTRODUCTION = """\
# Carriers

Generated from `tlsaudit/schema/carriers.py` by `python scripts/generate_docs.py`; do not edit.

The column `carrier` says what TLS runs inside, and `carrier_target` whom the carrier names. TLS is
found by its own bytes wherever it begins; a carrier that is not known, or whose beginning was not
captured, is `other`. Where one carrier is inside another (mail through a proxy), the name is the
inner one's, and so is the target if it gives one.

Whether another tool shows the handshake is said of it as it comes, without being told the port:
tshark 4.0.17, and Zeek, Suricata and mercury of summer 2026 by their source and captures.

"""


def markdown() -> str:
    """The text of `docs/carriers.md`: one row for each carrier."""
    head = ("carrier", "how it is recognised", "sample", "test", *_TOOLS)
    lines = ["| " + " | ".join(head) + " |\n", "|---" * len(head) + "|\n"]
    for carrier in CARRIERS:
        cells = (
            f"`{carrier.name}`",
            carrier.recognised,
            f"`{carrier.sample}`" if carrier.sample else "",
            f"`{carrier.test}`" if carrier.test else "",
            *(_SEEN[letter] for letter in carrier.seen_by),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return _INTRODUCTION + "".join(lines)
