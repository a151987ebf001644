//! Any datagrams as one UDP conversation: DTLS in its wrappings, RDP over UDP, OpenVPN, whatever
//! begins.
//!
//! The input is a list of datagrams, each with a byte for its side and whether it comes twice, and
//! its length in two bytes.

use std::net::{IpAddr, Ipv4Addr};

use tlsaudit_wire::flow::Listener;
use tlsaudit_wire::handshake::{Exchange, Told};
use tlsaudit_wire::limits::MAX_HANDSHAKES_PER_STREAM;
use tlsaudit_wire::stream::{Ended, Endpoint, Missing, Origin, PerSide, Side, Who};
use tlsaudit_wire::tls::dtls::Parser;
use tlsaudit_wire::tls::parser::Event;

use crate::rows::{self, Bounds};

/// Bytes that a conversation may hold for each byte that it was given, and besides.
const HELD_PER_BYTE: usize = 64;
const HELD_BESIDES: usize = 64 * 1024;

/// The input that holds these datagrams, each with whether the client sent it.
pub fn encode<'a>(datagrams: impl IntoIterator<Item = (bool, &'a [u8])>) -> Vec<u8> {
    let mut input = Vec::new();
    for (from_client, datagram) in datagrams {
        input.push(u8::from(from_client));
        input.extend((datagram.len() as u16).to_be_bytes());
        input.extend(datagram);
    }
    input
}

/// The body of the target `datagrams`.
pub fn check(mut input: &[u8]) {
    let mut datagrams = Vec::new();
    while let Some(([flags, high, low], rest)) = input.split_first_chunk::<3>() {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (datagram, after) = rest.split_at(length.min(rest.len()));
        let side = if flags & 1 == 0 { Side::A } else { Side::B };
        datagrams.push((side, flags & 2 != 0, datagram));
        input = after;
    }
    check_conversation(&datagrams);
    for side in Side::BOTH {
        let of_side = datagrams.iter().filter(|(from, ..)| *from == side);
        check_direction(&of_side.map(|(.., datagram)| *datagram).collect::<Vec<_>>());
    }
}

fn check_conversation(datagrams: &[(Side, bool, &[u8])]) {
    let mut listener: Option<Exchange> = None;
    let mut captured = PerSide::new(false, false);
    let (mut frame, mut given) = (0, 0);
    for (side, twice, datagram) in datagrams {
        for _ in 0..=u8::from(*twice) {
            frame += 1;
            given += datagram.len();
            *captured.of_mut(*side) = true;
            if listener.is_none() {
                listener = Exchange::opens_with(datagram);
            }
            let Some(heard) = &mut listener else { continue };
            let origin = Origin { frame, ..Origin::default() };
            heard.datagram(*side, datagram, datagram.len() as u32, origin);
            assert!(heard.buffered() <= given * HELD_PER_BYTE + HELD_BESIDES, "{given}");
            if !heard.is_listening() {
                listener = None;
            }
        }
    }
    let Some(observer) = listener else { return };
    let end = |last| Endpoint { ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port: 443 };
    let mut handshakes = Vec::new();
    let ended = Ended {
        number: 0,
        parties: PerSide::new(end(1), end(2)).map(Who::Endpoint),
        around: None,
        captured,
        end: None,
        evicted: false,
        observer: Box::new(observer),
    };
    Exchange::tell(ended, &mut |told| match told {
        Told::Handshake(row) => handshakes.push(*row),
        Told::Refusal(_) | Told::SetAside(_) | Told::Name(_) => {}
    });
    // Behind a relay every peer has as many.
    handshakes.truncate(MAX_HANDSHAKES_PER_STREAM);
    let bounds = Bounds { last_frame: frame, streams: 1, payload_bytes: given as u64 };
    rows::check_some(&handshakes, &bounds);
}

/// A datagram that comes twice says nothing new of hellos.
fn check_direction(datagrams: &[&[u8]]) {
    let hellos = |times: usize| {
        let (mut parser, mut events) = (Parser::new(), Vec::new());
        for datagram in datagrams {
            for _ in 0..times {
                parser.datagram(datagram, Origin::default(), &mut events);
            }
        }
        parser.end(Missing::Truncated, &mut events);
        let is_hello =
            |event: &&Event| matches!(event, Event::ClientHello(..) | Event::ServerHello(..));
        events.iter().filter(is_hello).count()
    };
    assert_eq!(hellos(1), hellos(2));
}
