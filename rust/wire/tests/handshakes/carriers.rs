//! Plaintext dialogues before TLS: the carrier's name, its target, refusals.

use tlsaudit_wire::carrier::RefusalKind::{
    self, EncryptionDeclined, PlaintextToTls, TlsToPlaintext, UpgradeRefused,
};

use super::hellos::{record, tls10_client, tls13_client, tls13_server};
use super::network::{Collected, Connection, told};

/// What a party says: whether it is the client, and its bytes.
type Words<'a> = (bool, &'a [u8]);

const C: bool = true;
const S: bool = false;

fn hold(dialogue: &[Words<'_>]) -> Connection {
    let mut connection = Connection::opened();
    for (from_client, words) in dialogue {
        connection.send(*from_client, words);
    }
    connection
}

/// The carrier and target of TLS that follows this dialogue.
fn carried(dialogue: &[Words<'_>]) -> (String, Option<String>) {
    let mut connection = hold(dialogue);
    connection.send(C, &tls13_client()).send(S, &tls13_server());
    let told = told(&connection.pcap());
    assert_eq!((told.rows.len(), told.refusals.len()), (1, 0), "{:?}", told.refusals);
    let row = &told.rows[0];
    assert!(row.choice.is_some());
    (row.carrier.name().to_owned(), row.carrier_target.clone())
}

/// The same with each segment cut into single bytes, but for the first one.
fn carried_in_bytes(dialogue: &[Words<'_>]) -> (String, Option<String>) {
    let mut cut: Vec<Words<'_>> = dialogue[..1].to_vec();
    for (from_client, words) in &dialogue[1..] {
        cut.extend(words.chunks(1).map(|byte| (*from_client, byte)));
    }
    carried(&cut)
}

fn both(dialogue: &[Words<'_>]) -> (String, Option<String>) {
    let whole = carried(dialogue);
    assert_eq!(carried_in_bytes(dialogue), whole);
    whole
}

fn named(carrier: &str) -> (String, Option<String>) {
    (carrier.to_owned(), None)
}

fn with_target(carrier: &str, target: &str) -> (String, Option<String>) {
    (carrier.to_owned(), Some(target.to_owned()))
}

/// The one refusal of a dialogue: kind, carrier, what was asked and answered, target.
fn refused(dialogue: &[Words<'_>]) -> (RefusalKind, String, String, String, Option<String>) {
    let Collected { rows, mut refusals, .. } = told(&hold(dialogue).pcap());
    assert!(rows.is_empty());
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    let refused = refusals.remove(0);
    assert_eq!((refused.client.port(), refused.server.port()), (Some(50_000), Some(443)));
    let refusal = refused.refusal;
    let asked = refusal.asked.map(|said| said.what).unwrap_or_default();
    let answered = refusal.answered.map(|said| said.what).unwrap_or_default();
    (refusal.kind, refusal.carrier.name().to_owned(), asked, answered, refusal.target)
}

fn refusal(
    kind: RefusalKind,
    carrier: &str,
    asked: &str,
    answered: &str,
) -> (RefusalKind, String, String, String, Option<String>) {
    (kind, carrier.to_owned(), asked.to_owned(), answered.to_owned(), None)
}

fn silent(dialogue: &[Words<'_>]) {
    let Collected { rows, refusals, set_aside } = told(&hold(dialogue).pcap());
    assert_eq!((rows.len(), refusals.len(), set_aside.len()), (0, 0, 0), "{refusals:?}");
}

#[test]
fn mail_news_files_and_chat_are_told_by_command_and_answer() {
    let cases: [(&str, &[Words<'_>]); 7] = [
        (
            "smtp-starttls",
            &[
                (S, b"220-mail.example.test\r\n220 ready\r\n"),
                (C, b"EHLO me\r\n"),
                (S, b"250-mail.example.test\r\n250-STARTTLS\r\n250 HELP\r\n"),
                (C, b"starttls\r\n"),
                (S, b"220 go ahead\r\n"),
            ],
        ),
        (
            "imap-starttls",
            &[
                (S, b"* OK ready\r\n"),
                (C, b"a1 CAPABILITY\r\na2 STARTTLS\r\n"),
                (S, b"* CAPABILITY IMAP4rev1\r\na1 OK done\r\na2 OK begin\r\n"),
            ],
        ),
        (
            "pop3-starttls",
            &[
                (S, b"+OK ready <1@x>\r\n"),
                (C, b"CAPA\r\n"),
                (S, b"+OK list\r\nSTLS\r\nUSER\r\n.\r\n"),
                (C, b"STLS\r\n"),
                (S, b"+OK begin\r\n"),
            ],
        ),
        (
            "ftp-starttls",
            &[(S, b"220 files\r\n"), (C, b"AUTH TLS\r\n"), (S, b"234 AUTH TLS successful\r\n")],
        ),
        (
            "nntp-starttls",
            &[
                (S, b"200 news\r\n"),
                (C, b"CAPABILITIES\r\n"),
                (S, b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"),
                (C, b"STARTTLS\r\n"),
                (S, b"382 go on\r\n"),
            ],
        ),
        (
            "irc-starttls",
            &[
                (C, b"CAP LS 302\r\nSTARTTLS\r\n"),
                (S, b":irc.example.test CAP * LS :tls\r\n:irc.example.test 670 * :go\r\n"),
            ],
        ),
        (
            "sieve-starttls",
            &[
                (S, b"\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n"),
                (C, b"STARTTLS\r\n"),
                (S, b"OK \"begin\"\r\n"),
            ],
        ),
    ];
    for (name, dialogue) in cases {
        assert_eq!(both(dialogue), named(name));
    }
}

#[test]
fn xmpp_names_the_server_that_the_client_wants() {
    let dialogue: &[Words<'_>] = &[
        (C, b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='chat.example.test'>"),
        (S, b"<?xml version='1.0'?><stream:stream from='chat.example.test' id='1'>"),
        (S, b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (S, b"</stream:features>"),
        (C, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (S, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ];
    assert_eq!(both(dialogue), with_target("xmpp-starttls", "chat.example.test"));
}

#[test]
fn upgrades_that_servers_refuse_are_told() {
    let smtp = refused(&[
        (S, b"220 ready\r\n"),
        (C, b"EHLO me\r\n"),
        (S, b"250 hello\r\n"),
        (C, b"STARTTLS\r\n"),
        (S, b"454 TLS not available\r\n"),
    ]);
    let expected = refusal(UpgradeRefused, "smtp-starttls", "STARTTLS", "454 TLS not available");
    assert_eq!(smtp, expected);
    let imap = refused(&[(S, b"* OK x\r\n"), (C, b". STARTTLS\r\n"), (S, b". BAD no\r\n")]);
    assert_eq!(imap, refusal(UpgradeRefused, "imap-starttls", ". STARTTLS", ". BAD no"));
    let pop3 = refused(&[(S, b"+OK x\r\n"), (C, b"STLS\r\n"), (S, b"-ERR no\r\n")]);
    assert_eq!(pop3, refusal(UpgradeRefused, "pop3-starttls", "STLS", "-ERR no"));
    let irc = refused(&[(C, b"STARTTLS\r\n"), (S, b":irc 421 * STARTTLS :Unknown command\r\n")]);
    assert_eq!(irc.1, "irc-starttls");
    let postgresql = refused(&[(C, &SSL_REQUEST), (S, b"N")]);
    assert_eq!(postgresql, refusal(UpgradeRefused, "postgresql", "SSLRequest", "N"));
    let amqp = refused(&[(C, b"AMQP\x02\x01\0\0"), (S, b"AMQP\x03\x01\0\0")]);
    assert_eq!(amqp, refusal(UpgradeRefused, "amqp", "AMQP 2.1.0.0", "AMQP 3.1.0.0"));
}

#[test]
fn a_server_that_says_yes_at_the_second_time_did_not_refuse() {
    let dialogue: &[Words<'_>] = &[
        (S, b"220 files\r\n"),
        (C, b"AUTH TLS\r\n"),
        (S, b"504 unknown mechanism\r\n"),
        (C, b"AUTH SSL\r\n"),
        (S, b"234 proceed\r\n"),
    ];
    assert_eq!(both(dialogue), named("ftp-starttls"));
}

#[test]
fn a_client_that_begins_although_it_was_refused_is_told_with_both_answers() {
    let mut connection = hold(&[
        (S, b"* OK ready\r\n"),
        (C, b". STARTTLS\r\n"),
        (S, b". BAD TLS support isn't enabled.\r\n"),
    ]);
    connection.send(C, &tls13_client()).send(S, b"* BAD Error in IMAP command\r\n");
    let Collected { rows, refusals, set_aside } = told(&connection.pcap());
    assert_eq!((rows.len(), set_aside.len()), (1, 0));
    assert_eq!((rows[0].carrier.name(), rows[0].outcome.name()), ("imap-starttls", "rejected"));
    let kinds: Vec<_> = refusals.iter().map(|refused| refused.refusal.kind).collect();
    assert_eq!(kinds, [TlsToPlaintext, UpgradeRefused]);
}

#[test]
fn the_answer_to_another_command_is_no_refusal() {
    silent(&[
        (S, b"220 ready\r\n"),
        (C, b"EHLO me\r\nVRFY you\r\nSTARTTLS\r\n"),
        (S, b"250 hello\r\n502 no such command\r\n"),
    ]);
    // The command in a message is none.
    silent(&[
        (S, b"220 ready\r\n"),
        (C, b"MAIL FROM:<a@example.test>\r\n"),
        (C, b"STARTTLS\r\n"),
        (S, b"550 no\r\n"),
    ]);
}

/// Request and answer in the short form, and in the long one that Windows writes.
const LDAP_SHORT: [&[u8]; 2] = [
    b"\x30\x1d\x02\x01\x02\x77\x18\x80\x161.3.6.1.4.1.1466.20037",
    b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
];
const LDAP_LONG: [&[u8]; 2] = [
    b"\x30\x84\x00\x00\x00\x21\x02\x01\x02\x77\x84\x00\x00\x00\x18\x80\x161.3.6.1.4.1.1466.20037",
    b"\x30\x84\x00\x00\x00\x10\x02\x01\x02\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00",
];
/// A search of the root, and what it found: longer than what is put together.
const LDAP_SEARCH: &[u8] = b"\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\
    \x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectclass0\x00";

#[test]
fn start_tls_is_found_among_other_messages_of_ldap() {
    for [request, answer] in [LDAP_SHORT, LDAP_LONG] {
        assert_eq!(both(&[(C, request), (S, answer)]), named("ldap-starttls"));
        let found = [&b"\x30\x82\x10\x05\x02\x01\x01\x64\x82\x0f\xfe"[..], &[4; 4_094]].concat();
        let together = [&found[..], answer].concat();
        let dialogue: &[Words<'_>] = &[(C, LDAP_SEARCH), (C, request), (S, &together)];
        assert_eq!(both(dialogue), named("ldap-starttls"));
    }
}

#[test]
fn start_tls_that_ldap_refuses_is_told_with_its_code() {
    let answer = b"\x30\x13\x02\x01\x02\x78\x0e\x0a\x01\x34\x04\x00\x04\x07no cert";
    let expected = refusal(UpgradeRefused, "ldap-starttls", "StartTLS", "resultCode 52: no cert");
    assert_eq!(refused(&[(C, LDAP_LONG[0]), (S, answer)]), expected);
    // An answer to another request.
    let other = b"\x30\x0c\x02\x01\x07\x78\x07\x0a\x01\x02\x04\x00\x04\x00";
    silent(&[(C, LDAP_SHORT[0]), (S, other)]);
}

/// A message of X.224 with what follows its fixed part.
fn x224(kind: u8, rest: &[u8]) -> Vec<u8> {
    let indicated = u8::try_from(6 + rest.len()).unwrap();
    [&[3, 0, 0, indicated + 5, indicated, kind, 0, 0, 0x12, 0x34, 0][..], rest].concat()
}

#[test]
fn rdp_agrees_on_tls() {
    let wants = x224(0xE0, b"Cookie: mstshash=admin\r\n\x01\x00\x08\x00\x0b\x00\x00\x00");
    let agrees = x224(0xD0, b"\x02\x1f\x08\x00\x08\x00\x00\x00");
    assert_eq!(both(&[(C, &wants), (S, &agrees)]), with_target("rdp", "mstshash=admin"));
}

#[test]
fn rdp_without_tls_is_told() {
    let wants = x224(0xE0, b"\x01\x00\x08\x00\x03\x00\x00\x00");
    let asked = "requestedProtocols 0x00000003";
    let old = x224(0xD0, b"\x02\x00\x08\x00\x00\x00\x00\x00");
    let declined = refusal(EncryptionDeclined, "rdp", asked, "selectedProtocol 0x00000000");
    assert_eq!(refused(&[(C, &wants), (S, &old)]), declined);
    let older = x224(0xD0, b"");
    let declined = refusal(EncryptionDeclined, "rdp", asked, "no selectedProtocol");
    assert_eq!(refused(&[(C, &wants), (S, &older)]), declined);
    let failure = x224(0xD0, b"\x03\x00\x08\x00\x02\x00\x00\x00");
    let no = refusal(UpgradeRefused, "rdp", asked, "failureCode 2");
    assert_eq!(refused(&[(C, &wants), (S, &failure)]), no);
}

#[test]
fn x224_alone_is_not_taken_for_rdp() {
    let (request, confirm) = (x224(0xE0, b""), x224(0xD0, b""));
    silent(&[(C, &request), (S, &confirm), (C, b"\x03\x00\x00\x07\x02\xf0\x80")]);
    // With parameters, as an industrial controller is spoken to.
    let parameters = x224(0xE0, b"\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01\x0a");
    silent(&[(C, &parameters), (S, &confirm), (C, b"Duca")]);
    let old_client: &[Words<'_>] =
        &[(C, &request), (S, &confirm), (C, b"\x03\x00\x00\x10\x02\xf0\x80\x7f\x65...Duca")];
    assert_eq!(refused(old_client).0, EncryptionDeclined);
}

/// A packet of TDS.
fn tds(kind: u8, last: bool, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    [&[kind, u8::from(last)][..], &length, &[0, 0, 1, 0], payload].concat()
}

/// A PRELOGIN message with VERSION and ENCRYPTION.
fn prelogin(kind: u8, encryption: u8) -> Vec<u8> {
    let options = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 7, 208, 0, 0, encryption];
    tds(kind, true, &options)
}

#[test]
fn tls_inside_packets_of_tds_is_unwrapped() {
    for (server, size) in [(0x12, 4_096), (0x04, 16), (0x04, 7)] {
        let wrap = |kind, bytes: &[u8]| {
            let pieces = bytes.chunks(size);
            let last = pieces.len();
            let packets = pieces.enumerate().map(|(n, piece)| tds(kind, n + 1 == last, piece));
            packets.collect::<Vec<_>>().concat()
        };
        let mut connection = hold(&[(C, &prelogin(0x12, 1)), (S, &prelogin(4, 1))]);
        let encrypted = record(23, 0x0303, &[7; 60]);
        let server_flight = [tls13_server(), encrypted.clone()].concat();
        for byte in wrap(0x12, &tls13_client()).chunks(3) {
            connection.send(C, byte);
        }
        connection.send(S, &wrap(server, &server_flight)).send(C, &wrap(0x12, &encrypted));
        // From here on without packets.
        connection.send(C, &encrypted).send(S, &encrypted);
        let row = connection.row();
        assert_eq!((row.carrier.name(), row.outcome.name()), ("tds", "completed"));
        assert_eq!(row.defect, None);
    }
}

#[test]
fn tds_is_known_by_the_packet_with_a_hello_where_nothing_was_captured_before() {
    let encrypted = record(23, 0x0303, &[7; 60]);
    let from_client = tds(0x12, true, &tls13_client());
    let from_server = tds(0x12, true, &[tls13_server(), encrypted.clone()].concat());
    let finished = tds(0x12, true, &encrypted);
    let mut connection = hold(&[(C, &from_client), (S, &from_server), (C, &finished)]);
    connection.send(C, &encrypted).send(S, &encrypted);
    let row = connection.row();
    assert_eq!((row.carrier.name(), row.outcome.name()), ("tds", "completed"));
    let row = hold(&[(S, &from_server)]).row();
    assert_eq!((row.carrier.name(), row.outcome.name()), ("tds", "server_only"));
    // Bytes that only look like it.
    let broken = tds(0x12, true, &[22, 3, 1, 0, 40, 1, 0, 0, 36, 9, 9, 9]);
    assert!(hold(&[(C, &broken), (S, b"something else")]).rows().is_empty());
}

#[test]
fn tds_without_encryption_is_told() {
    let asked = |encryption| format!("ENCRYPTION {encryption}");
    for (client, server) in [(1, 2), (0, 2), (2, 0), (2, 3)] {
        let declined = refusal(EncryptionDeclined, "tds", &asked(client), &asked(server));
        let dialogue: &[Words<'_>] = &[(C, &prelogin(0x12, client)), (S, &prelogin(4, server))];
        assert_eq!(refused(dialogue), declined);
    }
}

#[test]
fn tds_may_encrypt_the_login_alone() {
    let mut connection = hold(&[(C, &prelogin(0x12, 0)), (S, &prelogin(4, 0))]);
    let encrypted = record(23, 0x0303, &[7; 60]);
    connection.send(C, &tds(0x12, true, &tls13_client()));
    connection.send(S, &tds(0x12, true, &[tls13_server(), encrypted.clone()].concat()));
    connection.send(C, &tds(0x12, true, &encrypted)).send(C, &encrypted);
    connection.send(S, &tds(4, true, b"\xad\x36\x00\x01 login acknowledged"));
    let row = connection.row();
    assert_eq!((row.carrier.name(), row.outcome.name()), ("tds", "completed"));
}

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x30];

#[test]
fn databases_agree_on_tls() {
    assert_eq!(carried(&[(C, &SSL_REQUEST), (S, b"S")]), named("postgresql"));
    let after_gss: &[Words<'_>] = &[(C, &GSS_REQUEST), (S, b"N"), (C, &SSL_REQUEST), (S, b"S")];
    assert_eq!(carried(after_gss), named("postgresql"));
    let greeting = [&b"\x0d\0\0\0\x0a8.0.36\0"[..], &[1; 5]].concat();
    let request = [&[32, 0, 0, 1, 0x85, 0xAE][..], &[0; 30]].concat();
    assert_eq!(carried(&[(S, &greeting), (C, &request)]), named("mysql"));
    silent(&[(S, &greeting), (C, &[&[32, 0, 0, 1, 0x85, 0xA6][..], &[0; 30]].concat())]);
    assert_eq!(carried(&[(C, b"AMQP\x02\x01\0\0"), (S, b"AMQP\x02\x01\0\0")]), named("amqp"));
}

#[test]
fn proxies_name_where_the_client_goes() {
    let connect: &[Words<'_>] = &[
        (C, b"CONNECT login.example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
        (S, b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"),
    ];
    assert_eq!(both(connect), with_target("http-connect", "login.example.test:443"));
    let socks4: &[Words<'_>] =
        &[(C, b"\x04\x01\x01\xbb\xc0\x00\x02\x01me\0"), (S, b"\0\x5a\0\0\0\0\0\0")];
    assert_eq!(both(socks4), with_target("socks4", "192.0.2.1:443"));
    let socks4a: &[Words<'_>] = &[
        (C, b"\x04\x01\x01\xbb\x00\x00\x00\x01\0login.example.test\0"),
        (S, b"\0\x5a\0\0\0\0\0\0"),
    ];
    assert_eq!(both(socks4a), with_target("socks4", "login.example.test:443"));
    let socks5: &[Words<'_>] = &[
        (C, b"\x05\x02\x00\x02"),
        (S, b"\x05\x02"),
        (C, b"\x01\x02me\x04pass"),
        (S, b"\x01\x00"),
        (C, b"\x05\x01\x00\x03\x12login.example.test\x01\xbb"),
        (S, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
    ];
    assert_eq!(both(socks5), with_target("socks5", "login.example.test:443"));
}

#[test]
fn proxies_that_refuse_are_told_unless_they_agree_later() {
    let connect = b"CONNECT a.example.test:443 HTTP/1.1\r\n\r\n";
    let denied = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let (kind, carrier, asked, answered, target) = refused(&[(C, connect), (S, denied)]);
    assert_eq!((kind, carrier.as_str()), (UpgradeRefused, "http-connect"));
    assert_eq!(asked, "CONNECT a.example.test:443 HTTP/1.1");
    assert_eq!(answered, "HTTP/1.1 403 Forbidden");
    assert_eq!(target.as_deref(), Some("a.example.test:443"));
    let who = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let agreed: &[Words<'_>] =
        &[(C, connect), (S, who), (C, connect), (S, b"HTTP/1.1 200 OK\r\n\r\n")];
    assert_eq!(carried(agreed), with_target("http-connect", "a.example.test:443"));
    let request = b"\x04\x01\x01\xbb\xc0\x00\x02\x01\0";
    let (_, carrier, _, answered, _) = refused(&[(C, request), (S, b"\0\x5b\0\0\0\0\0\0")]);
    assert_eq!((carrier.as_str(), answered.as_str()), ("socks4", "reply 91"));
}

#[test]
fn http_is_upgraded() {
    let request = b"OPTIONS * HTTP/1.1\r\nHost: print.example.test\r\nUpgrade: TLS/1.2\r\n\r\n";
    let yes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n";
    assert_eq!(both(&[(C, request), (S, yes)]), named("http-upgrade"));
    let (kind, carrier, ..) = refused(&[(C, request), (S, b"HTTP/1.1 200 OK\r\n\r\n")]);
    assert_eq!((kind, carrier.as_str()), (UpgradeRefused, "http-upgrade"));
    let demanded: &[Words<'_>] = &[
        (C, b"GET / HTTP/1.1\r\n\r\n"),
        (S, b"HTTP/1.1 426 Upgrade Required\r\n\r\n"),
        (C, request),
        (S, yes),
    ];
    assert_eq!(carried(demanded), named("http-upgrade"));
}

#[test]
fn plain_http_that_a_server_of_tls_answers_is_told_with_what_was_asked() {
    let request = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
    let asked = "GET /admin HTTP/1.1";
    let alert = refused(&[(C, request), (S, &record(21, 0x0303, &[2, 70]))]);
    assert_eq!(alert, refusal(PlaintextToTls, "tls", asked, "alert 70"));
    let page = b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n\
        <h1>400</h1>The plain HTTP request was sent to HTTPS port";
    let bad = refusal(PlaintextToTls, "tls", asked, "HTTP/1.1 400 Bad Request");
    assert_eq!(refused(&[(C, request), (S, page)]), bad);
    let (head, body) = page.split_at(40);
    assert_eq!(refused(&[(C, request), (S, head), (S, body)]), bad);
    silent(&[(C, request), (S, b"HTTP/1.1 400 Bad Request\r\n\r\n")]);
    silent(&[(C, request), (S, b"HTTP/1.1 200 OK\r\n\r\n")]);
}

/// The header in front of what the client says.
fn proxied(header: &[u8], dialogue: &[Words<'_>]) -> Connection {
    let mut connection = Connection::opened();
    for (n, (from_client, words)) in dialogue.iter().enumerate() {
        let header = if n == 0 { header } else { &[] };
        connection.send(*from_client, &[header, words].concat());
    }
    connection
}

#[test]
fn a_load_balancer_names_the_client() {
    let v1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 50001 443\r\n";
    let v2 =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xc3\x51\x01\xbb";
    for (header, carrier) in [(&v1[..], "proxy-v1"), (&v2[..], "proxy-v2")] {
        let hello = tls10_client();
        let row = proxied(header, &[(C, &hello), (S, &tls13_server())]).row();
        assert_eq!(row.carrier.name(), carrier);
        assert_eq!(row.carrier_target.as_deref(), Some("192.0.2.7:50001"));
        // The header alone in its segment.
        let mut connection = hold(&[(C, header)]);
        connection.send(C, &hello);
        assert_eq!(connection.row().carrier.name(), carrier);
    }
}

#[test]
fn a_carrier_inside_another_gives_its_name_and_the_outer_ones_target() {
    let mail: [Words<'_>; 4] =
        [(S, b"220 ready\r\n"), (C, b"STARTTLS\r\n"), (S, b"220 go\r\n"), (C, &tls13_client())];
    let header = b"PROXY TCP4 192.0.2.7 198.51.100.1 50001 25\r\n";
    let mut connection = hold(&[(C, header)]);
    for (from_client, words) in &mail {
        connection.send(*from_client, words);
    }
    let row = connection.row();
    assert_eq!(row.carrier.name(), "smtp-starttls");
    assert_eq!(row.carrier_target.as_deref(), Some("192.0.2.7:50001"));
    let connect = b"CONNECT mail.example.test:25 HTTP/1.1\r\n\r\n";
    let mut connection = hold(&[(C, connect), (S, b"HTTP/1.1 200 OK\r\n\r\n220 ready\r\n")]);
    for (from_client, words) in &mail[1..] {
        connection.send(*from_client, words);
    }
    let row = connection.row();
    assert_eq!(row.carrier.name(), "smtp-starttls");
    assert_eq!(row.carrier_target.as_deref(), Some("mail.example.test:25"));
}

#[test]
fn carriers_inside_one_another_are_bounded() {
    let mut connection = Connection::opened();
    let header = b"PROXY TCP4 192.0.2.7 198.51.100.1 50001 25\r\n".repeat(1_000);
    connection.send(C, &header).send(C, &tls13_client());
    assert_eq!(connection.row().carrier.name(), "proxy-v1");
}

#[test]
fn what_follows_an_upgrade_and_is_no_tls_is_left_alone() {
    silent(&[
        (S, b"220 ready\r\n"),
        (C, b"STARTTLS\r\n"),
        (S, b"220 go\r\n"),
        (C, b"EHLO again\r\n"),
        (S, b"250 hello\r\n"),
    ]);
}

#[test]
fn tls_to_a_server_that_greets_in_plaintext_is_told_as_such() {
    for greeting in [&b"220 ready\r\n"[..], b"+OK\r\n"] {
        let mut connection = hold(&[(S, greeting)]);
        connection.send(C, &tls10_client()).send(S, b"402 what?\r\n");
        let told = told(&connection.pcap());
        assert_eq!(told.rows[0].carrier.name(), "tls");
        assert_eq!(told.refusals[0].refusal.kind, RefusalKind::TlsToPlaintext);
    }
}
