//! Connections made of several packets and datagrams.

use tlsaudit_wire::limits::MAX_HANDSHAKES_PER_STREAM;
use tlsaudit_wire::quic::header::LongPacket;

use crate::sealing::{Route, initial, keys};
use crate::{CLIENT, Listener, SERVER, bytes, vectors};

const FIRST: &[u8] = b"first-id";
const CLIENT_ID: &[u8] = b"client";
const SERVER_ID: &[u8] = b"server-id";

/// A CRYPTO frame.
fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![6];
    frame.extend((0x8000_0000 | offset as u32).to_be_bytes());
    frame.extend((0x4000 | bytes.len() as u16).to_be_bytes());
    frame.extend(bytes);
    frame
}

/// What is in the Initial packet of RFC 9001.
fn hello_of_rfc(from_client: bool) -> Vec<u8> {
    let text = if from_client { vectors::CLIENT_V1 } else { vectors::SERVER_V1 };
    let packet = bytes(text);
    let (packet, _) = LongPacket::read(&packet).unwrap();
    let frames = keys(1, &bytes("8394c8f03e515708"), from_client).open(&packet).unwrap().frames;
    // CRYPTO at 0 with a two-byte length; the server's follows an ACK of five bytes.
    let at = if from_client { 4 } else { 9 };
    let length = usize::from(frames[at - 1]) | usize::from(frames[at - 2] & 0x3F) << 8;
    frames[at..at + length].to_vec()
}

/// The RFC's ClientHello with another random.
fn client_hello(random: u8) -> Vec<u8> {
    let mut hello = hello_of_rfc(true);
    hello[6..38].fill(random);
    hello
}

fn server_hello() -> Vec<u8> {
    hello_of_rfc(false)
}

fn retry_request() -> Vec<u8> {
    let mut hello = server_hello();
    hello[6..38].copy_from_slice(&bytes(
        "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
    ));
    hello
}

/// A packet of the client whose keys come from `id`.
fn from_client(id: &[u8], destination: &[u8], number: u8, frames: &[u8]) -> Vec<u8> {
    let route = Route { version: 1, destination, source: CLIENT_ID, token: &[] };
    initial(&keys(1, id, true), route, number, frames)
}

/// A packet of the server to a client whose keys come from `id`.
fn from_server(id: &[u8], frames: &[u8]) -> Vec<u8> {
    let route = Route { version: 1, destination: CLIENT_ID, source: SERVER_ID, token: &[] };
    initial(&keys(1, id, false), route, 0, frames)
}

/// A long header with the type bits of a Handshake packet, and some bytes.
fn handshake(destination: &[u8], source: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xE3, 0, 0, 0, 1, destination.len() as u8];
    packet.extend(destination);
    packet.push(source.len() as u8);
    packet.extend(source);
    packet.extend([30]);
    packet.extend([0x5A; 30]);
    packet
}

fn short(destination: &[u8]) -> Vec<u8> {
    [&[0x55], destination, &[0xA5; 24]].concat()
}

/// Both hellos, and what follows until the handshake is done.
fn exchange(listener: &mut Listener) {
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    let flight = [
        from_server(FIRST, &crypto(0, &server_hello())),
        handshake(CLIENT_ID, SERVER_ID),
        short(CLIENT_ID),
    ];
    listener.datagram(SERVER, &flight.concat());
    let answer = [handshake(SERVER_ID, CLIENT_ID), short(SERVER_ID)];
    listener.datagram(CLIENT, &answer.concat());
}

#[test]
fn coalesced_packets_tell_how_the_handshake_went() {
    let mut listener = Listener::default();
    exchange(&mut listener);
    assert_eq!(
        listener.story(),
        [
            "0 client: hello to example.com in 1",
            "0 server: 1301 in 2",
            "0 server: EncryptedHandshake",
            "0 server: ApplicationKeys",
            "0 client: EncryptedHandshake",
            "0 client: ApplicationKeys",
        ]
    );
    // Later packets are counted for it, and say nothing more.
    assert_eq!(listener.datagram(SERVER, &short(CLIENT_ID)), Some(0));
    assert_eq!(listener.datagram(SERVER, &short(b"secret")), Some(0));
    listener.end();
    assert_eq!(listener.heard.len(), 6);
}

#[test]
fn an_id_that_was_agreed_on_in_secret_is_learned_from_a_handshake_packet() {
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    // Not before the server has answered, and not from somebody else.
    listener.datagram(CLIENT, &handshake(b"other", CLIENT_ID));
    listener.datagram(SERVER, &from_server(FIRST, &crypto(0, &server_hello())));
    listener.datagram(SERVER, &short(CLIENT_ID));
    listener.datagram(CLIENT, &[handshake(b"other", b"somebody"), short(b"other")].concat());
    assert_eq!(listener.heard.len(), 3);
    listener.datagram(CLIENT, &[handshake(b"other", CLIENT_ID), short(b"other")].concat());
    assert_eq!(
        listener.story()[3..],
        ["0 client: EncryptedHandshake", "0 client: ApplicationKeys"]
    );
}

#[test]
fn short_packets_under_foreign_ids_are_no_evidence() {
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    listener.datagram(SERVER, &from_server(FIRST, &crypto(0, &server_hello())));
    listener.datagram(SERVER, &short(b"stateless reset"));
    listener.datagram(CLIENT, &short(b"stray"));
    assert_eq!(listener.heard.len(), 2);
}

#[test]
fn a_hello_over_several_datagrams_in_any_order() {
    let hello = client_hello(1);
    let piece = |from: usize, to: usize| crypto(from, &hello[from..to]);
    // As Chromium does: shuffled, cut at odd places, PING and PADDING between.
    let first = [piece(200, hello.len()), vec![1, 0, 0], piece(50, 60)].concat();
    let second = [piece(60, 200), vec![1], piece(0, 50)].concat();
    let packets = [from_client(FIRST, FIRST, 0, &first), from_client(FIRST, FIRST, 1, &second)];
    for order in [[0, 1], [1, 0]] {
        let mut listener = Listener::default();
        for at in order {
            listener.datagram(CLIENT, &packets[at]);
        }
        assert_eq!(listener.story(), ["0 client: hello to example.com in 2"]);
    }
    // Both in one datagram, as a network card would cut it, with zeros between.
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &[&packets[0][..], &[0; 99], &packets[1]].concat());
    assert_eq!(listener.story(), ["0 client: hello to example.com in 1"]);
}

#[test]
fn a_lost_datagram_leaves_a_hello_that_is_cut() {
    let hello = client_hello(1);
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &hello[..150])));
    listener.datagram(SERVER, &from_server(FIRST, &crypto(0, &server_hello())));
    listener.datagram(SERVER, &short(CLIENT_ID));
    listener.datagram(CLIENT, &short(SERVER_ID));
    listener.end();
    assert_eq!(
        listener.story(),
        [
            "0 server: 1301 in 2",
            "0 server: ApplicationKeys",
            "0 client: hello to example.com in 1, cut",
            "0 client: ApplicationKeys",
        ]
    );
}

#[test]
fn a_retry_changes_the_keys_and_not_the_handshake() {
    let hello = crypto(0, &client_hello(1));
    let retry =
        [&[0xF0, 0, 0, 0, 1, 6][..], CLIENT_ID, &[5], b"again", b"token", &[9; 16]].concat();
    let route = Route { version: 1, destination: b"again", source: CLIENT_ID, token: b"token" };
    let second = initial(&keys(1, b"again", true), route, 1, &hello);
    for retry_captured in [true, false] {
        let mut listener = Listener::default();
        listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &hello));
        if retry_captured {
            assert_eq!(listener.datagram(SERVER, &retry), Some(0));
        }
        assert_eq!(listener.datagram(CLIENT, &second), Some(0));
        let answer = from_server(b"again", &crypto(0, &server_hello()));
        assert_eq!(listener.datagram(SERVER, &answer), Some(0));
        let frame = 3 + u64::from(retry_captured);
        let server = format!("0 server: 1301 in {frame}");
        assert_eq!(listener.story(), ["0 client: hello to example.com in 1", &*server]);
    }
}

#[test]
fn a_hello_retry_request_is_answered_in_the_same_stream() {
    let hello = client_hello(1);
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &hello)));
    let request = retry_request();
    listener.datagram(SERVER, &from_server(FIRST, &crypto(0, &request)));
    listener.datagram(CLIENT, &from_client(FIRST, SERVER_ID, 1, &crypto(hello.len(), &hello)));
    listener.datagram(SERVER, &from_server(FIRST, &crypto(request.len(), &server_hello())));
    assert_eq!(
        listener.story(),
        [
            "0 client: hello to example.com in 1",
            "0 server: 1301 in 2, retry",
            "0 client: hello to example.com in 3",
            "0 server: 1301 in 4",
        ]
    );
}

#[test]
fn another_connection_of_the_same_ports_is_another_handshake() {
    let mut listener = Listener::default();
    exchange(&mut listener);
    let second = from_client(b"second", b"second", 0, &crypto(0, &client_hello(2)));
    assert_eq!(listener.datagram(CLIENT, &second), Some(1));
    let answer = from_server(b"second", &crypto(0, &server_hello()));
    assert_eq!(listener.datagram(SERVER, &answer), Some(1));
    let story = listener.story();
    assert_eq!(story[6..], ["1 client: hello to example.com in 4", "1 server: 1301 in 5"]);
}

#[test]
fn connections_are_bounded_and_the_bound_shows() {
    let mut listener = Listener::default();
    for id in 0..=MAX_HANDSHAKES_PER_STREAM as u8 {
        assert!(!listener.connections.overflowed());
        let hello = crypto(0, &client_hello(id));
        listener.datagram(CLIENT, &from_client(&[id; 8], &[id; 8], 0, &hello));
    }
    assert!(listener.connections.overflowed());
    assert_eq!(listener.heard.len(), MAX_HANDSHAKES_PER_STREAM);
}

#[test]
fn another_version_in_the_answer_is_read_with_its_keys() {
    // RFC 9368: the keys of version 2 come from the same connection ID.
    const V2: u32 = 0x6B33_43CF;
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    let route = Route { version: V2, destination: CLIENT_ID, source: SERVER_ID, token: &[] };
    let answer = initial(&keys(V2, FIRST, false), route, 0, &crypto(0, &server_hello()));
    assert_eq!(listener.datagram(SERVER, &answer), Some(0));
    assert_eq!(listener.story()[1], "0 server: 1301 in 2");
}

#[test]
fn a_version_negotiation_is_an_answer_and_no_alert() {
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    let offer = |destination: &[u8], source: &[u8]| {
        let ids = [&[destination.len() as u8], destination, &[source.len() as u8], source].concat();
        [&[0x80, 0, 0, 0, 0][..], &ids, &[0x6B, 0x33, 0x43, 0xCF]].concat()
    };
    // Somebody else's.
    listener.datagram(SERVER, &offer(CLIENT_ID, b"other"));
    listener.datagram(SERVER, &offer(b"other", FIRST));
    assert_eq!(listener.heard.len(), 1);
    listener.datagram(SERVER, &offer(CLIENT_ID, FIRST));
    assert_eq!(listener.story()[1..], ["0 server: Closed { frame: 4 }"]);
}

#[test]
fn a_connection_close_with_a_crypto_error_is_an_alert() {
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    let refused = from_server(FIRST, &[0x1C, 0x41, 0x28, 0, 0]);
    listener.datagram(SERVER, &refused);
    let gone = from_client(FIRST, FIRST, 1, &[0x1C, 0x02, 0, 0]);
    listener.datagram(CLIENT, &gone);
    assert_eq!(
        listener.story()[1..],
        [
            "0 server: Alert { level: 2, description: 40, frame: 2 }",
            "0 client: Closed { frame: 3 }",
        ]
    );
}

#[test]
fn a_server_whose_packets_are_cut_has_answered() {
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    // Nothing but the header was captured.
    let answer = from_server(FIRST, &[&[2, 0, 0, 0, 0][..], &crypto(0, &server_hello())].concat());
    listener.cut_datagram(SERVER, &answer[..40], answer.len());
    assert_eq!(listener.story()[1..], ["0 server: EncryptedHandshake"]);
    // Damaged, it says nothing.
    let mut damaged = answer;
    damaged[60] ^= 1;
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client_hello(1))));
    assert_eq!(listener.datagram(SERVER, &damaged), None);
    assert_eq!(listener.heard.len(), 1);
}

#[test]
fn a_connection_has_no_more_hellos_than_tls_has() {
    let mut listener = Listener::default();
    let client: Vec<u8> = (1..9).flat_map(client_hello).collect();
    listener.datagram(CLIENT, &from_client(FIRST, FIRST, 0, &crypto(0, &client)));
    let server = [server_hello(), retry_request(), server_hello()].concat();
    listener.datagram(SERVER, &from_server(FIRST, &crypto(0, &server)));
    assert_eq!(listener.story(), ["0 client: hello to example.com in 1", "0 server: 1301 in 2"]);
}
