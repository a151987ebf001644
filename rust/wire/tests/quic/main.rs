//! QUIC, from datagrams to hellos.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

mod connections;
mod packets;
#[path = "../fuzz_bodies/sealing.rs"]
mod sealing;
mod vectors;

use tlsaudit_wire::quic::{Connections, Heard};
use tlsaudit_wire::stream::{Missing, Origin, Side};
use tlsaudit_wire::tls::parser::Event;

/// The client is side A throughout.
const CLIENT: Side = Side::A;
const SERVER: Side = Side::B;

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Takes datagrams, and writes down what was heard.
#[derive(Default)]
struct Listener {
    connections: Connections,
    frame: u64,
    heard: Vec<Heard>,
}

impl Listener {
    fn datagram(&mut self, side: Side, bytes: &[u8]) -> Option<usize> {
        self.cut_datagram(side, bytes, bytes.len())
    }

    fn cut_datagram(&mut self, side: Side, bytes: &[u8], sent: usize) -> Option<usize> {
        self.frame += 1;
        let origin = Origin { frame: self.frame, ..Origin::default() };
        self.connections.datagram(side, bytes, sent, origin, &mut self.heard)
    }

    fn end(&mut self) {
        self.connections.end(Missing::Truncated, &mut self.heard);
    }

    /// Everything heard, a line each.
    fn story(&self) -> Vec<String> {
        let line = |heard: &Heard| {
            let who = if heard.side == CLIENT { "client" } else { "server" };
            let what = match &heard.event {
                Event::ClientHello(hello, place) => {
                    let whole = if hello.complete { "" } else { ", cut" };
                    let name = hello.server_name.as_deref().unwrap_or("nobody");
                    format!("hello to {name} in {}{whole}", place.frame)
                }
                Event::ServerHello(hello, place) => {
                    let retry = if hello.is_retry_request() { ", retry" } else { "" };
                    format!("{:04X} in {}{retry}", hello.cipher_suite.unwrap().0, place.frame)
                }
                other => format!("{other:?}"),
            };
            format!("{} {who}: {what}", heard.row)
        };
        self.heard.iter().map(line).collect()
    }
}
