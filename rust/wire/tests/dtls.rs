//! Datagrams of DTLS to what they say: fragments, loss, what is sent again, versions.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

use tlsaudit_wire::stream::{Missing, Origin};
use tlsaudit_wire::tls::code_point::{CipherSuite, ProtocolVersion};
use tlsaudit_wire::tls::dtls::{Parser, opens_with};
use tlsaudit_wire::tls::lists::Numbers;
use tlsaudit_wire::tls::parser::Event;

/// The body of a ClientHello of DTLS 1.2 with this cookie.
fn client_hello(cookie: &[u8]) -> Vec<u8> {
    let mut body = vec![0xFE, 0xFD]; // legacy_version
    body.extend([0x5A; 32]); // random
    body.push(0); // legacy_session_id
    body.push(cookie.len().try_into().unwrap());
    body.extend(cookie);
    body.extend([0x00, 0x04, 0xC0, 0x2B, 0x00, 0x0A]); // cipher_suites
    body.extend([0x01, 0x00]); // legacy_compression_methods
    body.extend([0x00, 0x0B, 0x00, 0x00, 0x00, 0x07, 0x00, 0x05, 0x00, 0x00, 0x02, b'a', b'b']);
    body
}

/// The body of a ServerHello of DTLS 1.0.
fn server_hello() -> Vec<u8> {
    let mut body = vec![0xFE, 0xFF];
    body.extend([0xA5; 32]);
    body.extend([0x00, 0x00, 0x0A, 0x00]);
    body
}

/// The bytes from..to of a message as a fragment.
fn fragment(kind: u8, sequence: u16, body: &[u8], from: usize, to: usize) -> Vec<u8> {
    let u24 = |n: usize| u32::try_from(n).unwrap().to_be_bytes()[1..].to_vec();
    let mut bytes = vec![kind];
    bytes.extend(u24(body.len()));
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(u24(from));
    bytes.extend(u24(to - from));
    bytes.extend(&body[from..to]);
    bytes
}

fn record(kind: u8, version: u16, epoch: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(version.to_be_bytes());
    bytes.extend(epoch.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0, 0]); // sequence_number
    bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn handshake(sequence: u16, kind: u8, body: &[u8]) -> Vec<u8> {
    record(22, 0xFEFD, 0, &fragment(kind, sequence, body, 0, body.len()))
}

/// What a direction says in these datagrams, each in a frame of its own.
fn events<'a>(datagrams: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for (n, datagram) in (1..).zip(datagrams) {
        parser.datagram(datagram, Origin { frame: n, ..Origin::default() }, &mut events);
    }
    parser.end(Missing::Lost, &mut events);
    events
}

#[test]
fn a_hello_with_a_cookie_is_read() {
    let datagram = handshake(1, 1, &client_hello(&[7; 20]));
    let events = events([&datagram[..]]);
    let [Event::ClientHello(hello, place)] = &events[..] else { panic!("{events:?}") };
    assert!(hello.complete);
    assert_eq!(hello.legacy_version, Some(ProtocolVersion::DTLS12));
    assert!(hello.cipher_suites().unwrap().iter().eq([CipherSuite(0xC02B), CipherSuite(0x000A)]));
    assert_eq!(hello.server_name.as_deref(), Some("ab"));
    assert_eq!((place.frame, place.cut), (1, None));
}

#[test]
fn fragments_in_any_order_and_overlapping_are_put_together() {
    let body = client_hello(&[]);
    let end = body.len();
    let piece = |from, to| record(22, 0xFEFF, 0, &fragment(1, 0, &body, from, to));
    for order in [
        vec![piece(0, 20), piece(20, 40), piece(40, end)],
        vec![piece(40, end), piece(0, 20), piece(20, 40)],
        vec![piece(10, 45), piece(30, end), piece(0, 15)],
        vec![piece(20, 40), piece(20, 40), piece(0, 20), piece(0, 20), piece(40, end)],
    ] {
        let events = events(order.iter().map(Vec::as_slice));
        let [Event::ClientHello(hello, place)] = &events[..] else { panic!("{events:?}") };
        assert!(hello.complete);
        assert_eq!(place.frame, u64::try_from(order.len()).unwrap());
        assert_eq!(place.first.frame, 1);
    }
}

#[test]
fn a_hello_that_is_sent_again_counts_once() {
    let body = client_hello(&[]);
    let whole = handshake(0, 1, &body);
    let half = record(22, 0xFEFD, 0, &fragment(1, 0, &body, 0, 55));
    let events = events([&whole[..], &whole[..], &half[..]]);
    assert_eq!(events.len(), 1, "{events:?}");
}

#[test]
fn a_fragment_sent_again_is_no_part_of_the_next_hello() {
    let first = client_hello(&[]);
    let mut second = first.clone();
    second[2] ^= 1;
    // The last byte of the server's name.
    let last = second.iter().rposition(|&byte| byte == b'b').unwrap();
    second[last] = b'c';
    let piece = |body: &[u8], from, to| record(22, 0xFEFD, 0, &fragment(1, 0, body, from, to));
    let (head, tail) = ((0, 40), (40, first.len()));
    let datagrams = [
        piece(&first, head.0, head.1),
        piece(&first, tail.0, tail.1),
        piece(&first, tail.0, tail.1),
        piece(&second, head.0, head.1),
        piece(&second, tail.0, tail.1),
    ];
    let events = events(datagrams.iter().map(Vec::as_slice));
    let names: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::ClientHello(hello, place) => (hello.server_name.as_deref(), place.frame),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [(Some("ab"), 2), (Some("ac"), 5)]);
}

#[test]
fn a_hello_with_another_random_is_another() {
    let mut body = client_hello(&[]);
    let first = handshake(0, 1, &body);
    let begun = record(22, 0xFEFD, 0, &fragment(1, 0, &body, 0, 50));
    body[2] ^= 1;
    let second = handshake(0, 1, &body);
    assert_eq!(events([&first[..], &second[..]]).len(), 2);
    // One that contradicts what had been begun takes its place.
    let events = events([&begun[..], &second[..]]);
    let [Event::ClientHello(hello, _)] = &events[..] else { panic!("{events:?}") };
    assert!(hello.complete);
}

#[test]
fn a_cookie_exchange_is_a_retry_request() {
    let verify = handshake(0, 3, &[0xFE, 0xFF, 4, 1, 2, 3, 4]);
    let events = events([&verify[..]]);
    assert!(matches!(events[..], [Event::RetryRequest { frame: 1 }]), "{events:?}");
}

#[test]
fn what_a_lost_fragment_leaves_is_handed_over_at_the_end() {
    let body = client_hello(&[]);
    let piece = |from, to| record(22, 0xFEFD, 0, &fragment(1, 0, &body, from, to));
    let (first, last) = (piece(0, 43), piece(52, body.len()));
    let events = events([&last[..], &first[..]]);
    let [Event::ClientHello(hello, place)] = &events[..] else { panic!("{events:?}") };
    assert!(!hello.complete);
    assert!(hello.cipher_suites().unwrap().iter().eq([CipherSuite(0xC02B), CipherSuite(0x000A)]));
    assert_eq!(place.cut, Some(Missing::Lost));
}

#[test]
fn a_datagram_cut_by_the_snap_length_gives_what_it_holds_at_once() {
    let datagram = handshake(0, 1, &client_hello(&[]));
    let events = events([&datagram[..13 + 12 + 44], &datagram[..]]);
    let [Event::ClientHello(hello, place)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(hello.cipher_suites().map(Numbers::len), Some(2));
    assert_eq!((place.frame, place.cut), (1, Some(Missing::Truncated)));
}

#[test]
fn a_flight_in_one_datagram_is_read_to_its_end() {
    let mut datagram = handshake(1, 2, &server_hello());
    datagram.extend(handshake(2, 14, &[]));
    datagram.extend(record(20, 0xFEFF, 0, &[1]));
    datagram.extend(record(22, 0xFEFF, 1, &[0x77; 40]));
    datagram.extend(record(23, 0xFEFF, 1, &[0x77; 50]));
    datagram.extend(record(21, 0xFEFF, 1, &[0x77; 30]));
    let events = events([&datagram[..]]);
    let [Event::ServerHello(hello, place), rest @ ..] = &events[..] else { panic!("{events:?}") };
    assert_eq!(hello.version(), Some(ProtocolVersion::DTLS10));
    assert_eq!(place.bytes_behind, u64::try_from(datagram.len()).unwrap() - 13 - 12 - 38);
    let [
        Event::ServerHelloDone,
        Event::ChangeCipherSpec,
        Event::EncryptedHandshake,
        Event::ApplicationData(50),
    ] = rest
    else {
        panic!("{rest:?}")
    };
}

#[test]
fn an_alert_in_clear_is_read_and_an_encrypted_one_is_not() {
    let mut datagram = record(21, 0xFEFD, 0, &[2, 40]);
    datagram.extend(record(21, 0xFEFD, 1, &[2, 40]));
    let events = events([&datagram[..]]);
    let [Event::Alert { level: 2, description: 40, frame: 1 }] = events[..] else {
        panic!("{events:?}")
    };
}

#[test]
fn a_connection_id_hides_a_finished_and_then_data() {
    let hidden = record(25, 0xFEFD, 1, &[9; 60]);
    let events = events([&hidden[..], &hidden[..]]);
    let [Event::EncryptedHandshake, Event::ApplicationData(_)] = events[..] else {
        panic!("{events:?}")
    };
}

#[test]
fn short_headers_of_dtls13_tell_the_handshake_from_what_comes_then() {
    // 001CSLEE: sequence number of two bytes, a length, epoch 2 or 3.
    let short = |epoch: u8, length: u8| {
        let mut bytes = vec![0x2C | epoch, 1, 2, 0, length];
        bytes.extend(vec![0x66; usize::from(length)]);
        bytes
    };
    let mut acknowledged = short(2, 33); // Too short for a Finished.
    acknowledged.extend(short(2, 60));
    let again = short(2, 60);
    let data = short(3, 20);
    let without_length = [0x2B, 1, 2, 0x66, 0x66];
    let with_connection_id = [0x3B, 9, 9, 9, 9, 9, 9, 9];
    let events =
        events([&acknowledged[..], &again[..], &data[..], &without_length, &with_connection_id]);
    let [
        Event::ApplicationData(60),
        Event::ApplicationData(20),
        Event::ApplicationData(2),
        Event::ApplicationData(5),
    ] = events[..]
    else {
        panic!("{events:?}")
    };
}

#[test]
fn the_version_before_rfc_4347_is_read() {
    let mut body = client_hello(&[]);
    body[..2].copy_from_slice(&[0x01, 0x00]);
    let datagram = record(22, 0x0100, 0, &fragment(1, 0, &body, 0, body.len()));
    assert!(opens_with(&datagram));
    let events = events([&datagram[..]]);
    let [Event::ClientHello(hello, _)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(hello.legacy_version, Some(ProtocolVersion::DTLS_BEFORE_10));
}

#[test]
fn a_whole_hello_is_in_clear_whatever_its_epoch() {
    let body = client_hello(&[]);
    let whole = record(22, 0xFEFD, 1, &fragment(1, 0, &body, 0, body.len()));
    assert!(opens_with(&whole));
    let half = record(22, 0xFEFD, 1, &fragment(1, 1, &body, 0, 40));
    let events = events([&whole[..], &half[..]]);
    let [Event::ClientHello(..), Event::EncryptedHandshake] = events[..] else {
        panic!("{events:?}")
    };
}

#[test]
fn opens_with_hellos_and_nothing_else() {
    let body = client_hello(&[]);
    assert!(opens_with(&handshake(0, 1, &body)));
    assert!(opens_with(&handshake(0, 2, &server_hello())));
    assert!(opens_with(&handshake(0, 3, &[0xFE, 0xFF, 4, 1, 2, 3, 4])));
    let middle = record(22, 0xFEFD, 0, &fragment(1, 0, &body, 9, 20));
    assert!(opens_with(&middle));
    assert!(opens_with(&handshake(0, 1, &body)[..60]));

    let mut odd_version = body.clone();
    odd_version[0] = 3;
    assert!(!opens_with(&handshake(0, 1, &odd_version)));
    assert!(!opens_with(&handshake(0, 11, &[0; 60])), "a certificate begins nothing");
    assert!(!opens_with(&record(22, 0xFEFD, 1, &fragment(1, 0, &body, 0, 55))), "encrypted");
    assert!(!opens_with(&record(22, 0x0303, 0, &fragment(1, 0, &body, 0, 55))), "TLS");
    let mut contradictory = fragment(1, 0, &body, 0, 55);
    contradictory[3] = 50; // length
    assert!(!opens_with(&record(22, 0xFEFD, 0, &contradictory)));
    assert!(!opens_with(&[0x16, 0xFE, 0xFD]));
    assert!(!opens_with(&[]));
}

#[test]
fn what_waits_is_bounded() {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    let body = vec![0x11; 100_000];
    for n in 0..5_000_u16 {
        let from = 1 + usize::from(n) * 19;
        let piece = record(22, 0xFEFD, 0, &fragment(11, n % 9, &body, from, from + 19));
        parser.datagram(&piece, Origin::default(), &mut events);
    }
    assert!(parser.buffered() < 100_000, "{}", parser.buffered());
}
