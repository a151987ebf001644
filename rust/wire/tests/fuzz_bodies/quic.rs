//! Any datagrams of two ports as QUIC: what is read is text that any output can show, memory stays
//! bounded, and it does not matter whether packets share a datagram.
//!
//! The input is a kind and steps. Of kind 0 each step holds a datagram as it is. Else it holds the
//! frames of an Initial packet, which is then protected with the keys that its receiver has: so the
//! search gets behind the decryption.

use tlsaudit_wire::limits::MAX_HANDSHAKES_PER_STREAM;
use tlsaudit_wire::quic::Connections;
use tlsaudit_wire::stream::{Missing, Origin, Side};
use tlsaudit_wire::tls::client_hello::ClientHello;
use tlsaudit_wire::tls::parser::Event;
use tlsaudit_wire::tls::server_hello::ServerHello;

use crate::hello::{check_client, check_server};
use crate::sealing::{Route, initial, keys};

/// Datagrams of one input.
const STEPS: usize = 24;
/// The client's own ID, and what the server calls itself.
const CLIENT_ID: &[u8] = b"cli";
const SERVER_ID: &[u8] = b"server";

/// Bits of a step's first byte.
pub const FROM_CLIENT: u8 = 0x01;
/// The keys come from the second connection's ID instead of the first's.
const SECOND: u8 = 0x02;
const VERSION_2: u8 = 0x04;
/// The client calls the server by the ID that it gave.
const KNOWN: u8 = 0x08;
/// A packet with a short header follows in the datagram.
const SHORT: u8 = 0x10;
/// The capture cut the datagram in the middle.
const CUT: u8 = 0x20;

/// One datagram.
pub struct Step {
    pub flags: u8,
    pub bytes: Vec<u8>,
}

/// The input of a kind with these steps.
pub fn encode(kind: u8, steps: &[Step]) -> Vec<u8> {
    let mut input = vec![kind];
    for step in steps {
        input.push(step.flags);
        input.extend((step.bytes.len() as u16).to_be_bytes());
        input.extend(&step.bytes);
    }
    input
}

fn decode(mut input: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let ([flags, a, b, rest @ ..], true) = (input, steps.len() < STEPS) {
        let length = usize::from(u16::from_be_bytes([*a, *b])).min(rest.len());
        let (bytes, behind) = rest.split_at(length);
        steps.push(Step { flags: *flags, bytes: bytes.to_vec() });
        input = behind;
    }
    steps
}

/// The body of the target `quic`.
pub fn check(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else { return };
    let mut steps = decode(rest);
    if *kind == 0 {
        story(&steps);
        return;
    }
    for step in &mut steps {
        step.bytes = sealed(step);
    }
    let apart = story(&steps);
    if steps.iter().any(|step| step.flags & (SHORT | CUT) != 0) {
        return;
    }
    let mut together: Vec<Step> = Vec::new();
    for step in steps {
        match together.last_mut().filter(|last| (last.flags ^ step.flags) & FROM_CLIENT == 0) {
            Some(last) => last.bytes.extend(step.bytes),
            None => together.push(step),
        }
    }
    assert_eq!(apart, story(&together));
}

fn sealed(step: &Step) -> Vec<u8> {
    let from_client = step.flags & FROM_CLIENT != 0;
    let version = if step.flags & VERSION_2 != 0 { 0x6B33_43CF } else { 1 };
    let first: &[u8] = if step.flags & SECOND != 0 { b"second-id" } else { b"first-id" };
    let (destination, source) = match (from_client, step.flags & KNOWN != 0) {
        (true, true) => (SERVER_ID, CLIENT_ID),
        (true, false) => (first, CLIENT_ID),
        (false, _) => (CLIENT_ID, SERVER_ID),
    };
    let route = Route { version, destination, source, token: &[] };
    let mut datagram = initial(&keys(version, first, from_client), route, 0, &step.bytes);
    if step.flags & SHORT != 0 {
        datagram.push(0x40);
        datagram.extend(if from_client { SERVER_ID } else { CLIENT_ID });
        datagram.extend([0; 20]);
    }
    datagram
}

/// What is heard of datagrams: frames apart, which depend on how packets were put together.
fn story(steps: &[Step]) -> Vec<(usize, Side, Said)> {
    let mut connections = Connections::default();
    let mut heard = Vec::new();
    for (frame, step) in (1..).zip(steps) {
        let side = if step.flags & FROM_CLIENT != 0 { Side::A } else { Side::B };
        let cut = step.bytes.len() / if step.flags & CUT != 0 { 2 } else { 1 };
        let origin = Origin { frame, ..Origin::default() };
        let row =
            connections.datagram(side, &step.bytes[..cut], step.bytes.len(), origin, &mut heard);
        assert!(row.is_none_or(|row| row < MAX_HANDSHAKES_PER_STREAM));
        assert!(connections.buffered() < 512 * 1024 * (frame as usize + 1));
    }
    connections.end(Missing::Truncated, &mut heard);
    let after = heard.len();
    connections.end(Missing::Truncated, &mut heard);
    assert_eq!(after, heard.len(), "what was handed over is not handed over again");
    let told = |heard: tlsaudit_wire::quic::Heard| {
        assert!(heard.row < MAX_HANDSHAKES_PER_STREAM);
        let said = match heard.event {
            Event::ClientHello(hello, place) => {
                check_client(&hello, usize::MAX);
                assert!(place.first.frame <= place.frame && place.frame > 0);
                Said::Client(hello, place.cut)
            }
            Event::ServerHello(hello, place) => {
                check_server(&hello);
                assert!(place.first.frame <= place.frame && place.frame > 0);
                Said::Server(hello, place.cut)
            }
            Event::Alert { level, description, .. } => Said::Alert(level, description),
            Event::Closed { .. } => Said::Closed,
            other => Said::Other(format!("{other:?}")),
        };
        (heard.row, heard.side, said)
    };
    heard.into_iter().map(told).collect()
}

/// What was said, frames apart.
#[derive(Debug, PartialEq)]
enum Said {
    Client(Box<ClientHello>, Option<Missing>),
    Server(Box<ServerHello>, Option<Missing>),
    Alert(u8, u8),
    Closed,
    Other(String),
}
