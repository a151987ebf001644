//! More than one hello on a connection.

use tlsaudit_wire::carrier::Carrier;
use tlsaudit_wire::handshake::Outcome;

use super::hellos::{
    client_hello, extension, message, record, server_hello, tls10_client, tls13_client,
    tls13_server,
};
use super::network::Connection;

const RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

fn retry_request() -> Vec<u8> {
    let list = [extension(43, &[3, 4]), extension(51, &[0, 23])].concat();
    let length = u16::try_from(list.len()).unwrap().to_be_bytes();
    let body = [&[3, 3][..], &RETRY_RANDOM, &[0, 0x13, 0x01, 0], &length, &list].concat();
    record(22, 0x0303, &message(2, &body))
}

#[test]
fn a_retry_request_and_its_answer_are_one_handshake() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls13_client())
        .send(false, &[retry_request(), record(20, 0x0303, &[1])].concat())
        .send(true, &[record(20, 0x0303, &[1]), tls13_client()].concat())
        .send(false, &tls13_server());
    let row = connection.row();
    assert_eq!(row.offer.unwrap().frame, 4);
    assert_eq!(row.retry_request_frame, Some(5));
    assert_eq!(row.second_client_hello_frame, Some(6));
    assert_eq!(row.choice.unwrap().frame, 7);
}

#[test]
fn a_second_attempt_after_an_alert_is_another_handshake() {
    let mut connection = Connection::opened();
    let second = record(22, 0x0301, &client_hello(0x0301, &[0x0035], &[]));
    connection
        .send(true, &tls10_client())
        .send(false, &record(21, 0x0301, &[2, 40]))
        .send(true, &second)
        .send(false, &record(22, 0x0301, &server_hello(0x0301, 0x0035, &[])));
    let rows = connection.rows();
    let seen: Vec<_> = rows.iter().map(|row| (row.handshake, row.outcome)).collect();
    assert_eq!(seen, [(0, Outcome::Rejected), (1, Outcome::HellosOnly)]);
}

#[test]
fn tls_that_begins_after_unknown_bytes_is_found() {
    let mut connection = Connection::opened();
    connection
        .send(false, b"\x7f\x01 a protocol of our own\r\n")
        .send(true, b"secure please\r\n")
        .send(false, b"go ahead\r\n")
        .send(true, &tls13_client())
        .send(false, &tls13_server());
    let row = connection.row();
    assert_eq!(row.carrier, Carrier::Other);
    assert_eq!((row.offer.unwrap().frame, row.choice.unwrap().frame), (7, 8));
}

#[test]
fn a_repeated_flight_after_the_handshake_is_no_second_one() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls10_client())
        .send(false, &record(22, 0x0301, &server_hello(0x0301, 0x002F, &[])))
        .send(true, &record(23, 0x0301, &[0; 50]))
        .send(false, &record(23, 0x0301, &[0; 50]));
    let again = connection.packets[4].clone();
    connection.packets.push(again);
    assert_eq!(connection.row().outcome, Outcome::Completed);
}

#[test]
fn a_server_that_answers_a_syn_twice_has_one_stream() {
    let mut connection = Connection::opened();
    let mut other_answer = connection.packets[1].clone();
    other_answer.at = other_answer.at.wrapping_sub(5_000);
    connection.packets.insert(1, other_answer);
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    let row = connection.row();
    assert_eq!(row.stream, 0);
    assert!(row.choice.unwrap().hello.complete);
}

#[test]
fn tls_is_read_however_much_the_server_sent_before_it() {
    for (segments, length) in [(50, 1_400), (300, 60_000)] {
        let mut connection = Connection::opened();
        connection.send(true, b"GET http://big.example.test/ HTTP/1.1\r\n\r\n");
        for _ in 0..segments {
            connection.send(false, &vec![b'x'; length]);
        }
        connection
            .send(true, b"CONNECT old.example.test:443 HTTP/1.1\r\n\r\n")
            .send(false, b"HTTP/1.1 200 OK\r\n\r\n")
            .send(true, &tls10_client())
            .send(false, &record(22, 0x0301, &server_hello(0x0301, 0x000A, &[])));
        let row = connection.row();
        assert_eq!(row.choice.unwrap().hello.cipher_suite.unwrap().0, 0x000A);
        assert_eq!((row.defect, row.missed_bytes), (None, 0));
    }
}

#[test]
fn a_retry_request_alone_is_a_row() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &retry_request());
    connection.packets.retain(|packet| !packet.from_client);
    let row = connection.row();
    assert_eq!((row.outcome, row.retry_request_frame), (Outcome::ServerOnly, Some(2)));
}

#[test]
fn an_empty_record_before_the_hello_does_not_hide_it() {
    let mut connection = Connection::opened();
    connection.send(true, &[record(22, 0x0301, &[]), tls10_client()].concat());
    assert!(connection.row().offer.unwrap().hello.complete);
}
