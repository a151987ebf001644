//! What is told apart from handshakes: imitations, refusals, mismatches.

use tlsaudit_wire::carrier::RefusalKind;
use tlsaudit_wire::handshake::SetAsideKind;

use super::hellos::{client_hello, message, record, tls10_client};
use super::network::{Connection, told};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// What Microsoft's relays and their clients send first, the same every time.
fn microsoft() -> (Vec<u8>, Vec<u8>) {
    let client = hex(
        "16 03 01 00 2d 01 00 00 29 03 01 c1 fc d5 a3 6d 93 dd 7e 0b 45 67 3f ec 79 85 fb bc 3f d6 \
         60 c2 ce 84 85 08 1b 81 21 bc aa 10 fb 00 00 02 00 18 01 00",
    );
    assert_eq!(client.len(), 50);
    let hello = [&[3, 1][..], &[0; 32], &[32], &[0; 32], &[0, 0x18, 0]].concat();
    let server = record(22, 0x0301, &[message(2, &hello), message(14, &[])].concat());
    assert_eq!(server.len(), 83);
    (client, server)
}

#[test]
fn microsofts_imitation_is_no_handshake() {
    let (mut client, server) = microsoft();
    for changed in [false, true] {
        if changed {
            // Another program puts a time, and other bytes, where the random should be.
            client[11..43].fill(9);
        }
        let mut connection = Connection::opened();
        connection.send(true, &client).send(false, &server);
        connection.send(true, b"\x00\x03\x00\x54\x21\x12\xa4\x42");
        let told = told(&connection.pcap());
        assert!(told.rows.is_empty(), "{:?}", told.rows);
        let aside = &told.set_aside[0];
        assert_eq!(aside.kind, SetAsideKind::PseudoTlsMicrosoft);
        assert_eq!(aside.frames, [4, 5]);
        assert_eq!(aside.client.port(), Some(50_000));
    }
}

#[test]
fn an_anonymous_client_that_is_refused_is_a_handshake() {
    let mut connection = Connection::opened();
    connection.send(true, &record(22, 0x0301, &client_hello(0x0301, &[0x0018], &[])));
    connection.send(false, &record(21, 0x0301, &[2, 40]));
    let told = told(&connection.pcap());
    assert_eq!((told.rows.len(), told.set_aside.len()), (1, 0));
}

#[test]
fn googles_imitation_is_no_handshake() {
    let client = hex(
        "80 46 01 03 01 00 2d 00 00 00 10 01 00 80 03 00 80 07 00 c0 06 00 40 02 00 80 04 00 80 \
         00 00 04 00 fe ff 00 00 0a 00 fe fe 00 00 09 00 00 64 00 00 62 00 00 03 00 00 06 \
         1f 17 0c a6 2f 00 78 fc 46 55 2e b1 83 39 f1 ea",
    );
    assert_eq!(client.len(), 72);
    let mut connection = Connection::opened();
    connection.send(true, &client);
    let imitated = told(&connection.pcap());
    assert!(imitated.rows.is_empty());
    assert_eq!(imitated.set_aside[0].kind, SetAsideKind::PseudoTlsGoogle);
    // The same list with a challenge of its own is an old client.
    let mut real = client;
    *real.last_mut().unwrap() ^= 1;
    let mut connection = Connection::opened();
    connection.send(true, &real);
    let told = told(&connection.pcap());
    assert_eq!((told.rows.len(), told.set_aside.len()), (1, 0));
}

#[test]
fn bytes_that_only_begin_as_a_hello_are_set_aside() {
    let mut connection = Connection::opened();
    connection.send(true, b"some other protocol");
    let mut broken = tls10_client();
    broken[43] = 200; // the length of the session identifier
    connection.send(true, &broken);
    connection.send(true, b"more of it");
    let told = told(&connection.pcap());
    assert!(told.rows.is_empty());
    assert_eq!(told.set_aside.len(), 1);
    assert_eq!(told.set_aside[0].kind, SetAsideKind::NotAHello);
    assert_eq!(told.set_aside[0].frames, [5]);
}

#[test]
fn a_hello_amid_other_bytes_needs_an_answer_in_tls() {
    let mut connection = Connection::opened();
    connection.send(true, b"PUT /capture HTTP/1.1\r\n\r\n");
    connection.send(true, &tls10_client());
    let unanswered = told(&connection.pcap());
    assert_eq!((unanswered.rows.len(), unanswered.set_aside.len()), (1, 0));
    connection.send(false, b"HTTP/1.1 204 No Content\r\n\r\n");
    let answered = told(&connection.pcap());
    assert!(answered.rows.is_empty());
    assert_eq!(answered.set_aside[0].kind, SetAsideKind::NotAnsweredAsTls);
    assert_eq!(answered.set_aside[0].frames, [5, 6]);
}

#[test]
fn tls_to_a_plaintext_service_is_a_handshake_and_a_refusal() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client());
    connection.send(false, b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n");
    let told = told(&connection.pcap());
    assert_eq!(told.rows.len(), 1);
    let refusal = &told.refusals[0].refusal;
    assert_eq!(refusal.kind, RefusalKind::TlsToPlaintext);
    let answered = refusal.answered.as_ref().unwrap();
    assert_eq!((answered.what.as_str(), answered.frame), ("HTTP/1.1 400 Bad Request", 5));
}

#[test]
fn plaintext_to_a_tls_service_is_a_refusal() {
    let mut connection = Connection::opened();
    connection.send(true, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.send(false, &record(21, 0x0303, &[2, 70]));
    let told = told(&connection.pcap());
    assert!(told.rows.is_empty());
    assert_eq!(told.refusals.len(), 1);
    let refused = &told.refusals[0];
    assert_eq!(refused.refusal.kind, RefusalKind::PlaintextToTls);
    assert_eq!((refused.client.port(), refused.server.port()), (Some(50_000), Some(443)));
}
