//! Any packets beside TLS: the names that they tell are text that any output can show, within their
//! bounds, and told again by the same packets.
//!
//! The input is a sequence of packets: the protocol, a length (2), bytes.

use std::net::{IpAddr, Ipv4Addr};

use tlsaudit_wire::limits::MAX_NAME;
use tlsaudit_wire::names::{Named, Names};
use tlsaudit_wire::packet::{Datagram, Flags, Segment};

/// The longest that a byte becomes when it is escaped: `\xNN`, and three bytes as `\u{NNNNN}`.
const ESCAPED: usize = 4;

/// Ports of protocols that tell names; the last stands for any.
pub const PORTS: [u16; 8] = [53, 5353, 5355, 137, 67, 68, 88, 80];

/// Over TCP, not UDP.
const TCP: u8 = 0x40;

/// One packet.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The place of the port in [`PORTS`]; the highest bit says that it is the receiver's.
    pub protocol: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

/// The packet of a datagram as captured, if it is of one of the protocols.
pub fn datagram(datagram: &Datagram<'_>) -> Option<Packet> {
    let place = |port| PORTS.iter().position(|known| *known == port).map(|at| at as u8);
    let protocol = place(datagram.source_port)
        .or_else(|| place(datagram.destination_port).map(|at| at | 0x80))?;
    Some(Packet { protocol, payload: datagram.payload.to_vec() })
}

/// The packet of a segment as captured, if one of the protocols may begin with it.
pub fn segment(segment: &Segment<'_>) -> Option<Packet> {
    let [0 | 3 | 5 | 0x30 | b'A'..=b'Z', ..] = segment.payload else { return None };
    let last = PORTS.len() - 1;
    let place = |port| PORTS.iter().position(|known| *known == port).unwrap_or(last) as u8;
    let protocol = place(segment.source_port).min(place(segment.destination_port)) | TCP;
    Some(Packet { protocol, payload: segment.payload.to_vec() })
}

/// The input that holds these packets.
pub fn encode(packets: &[Packet]) -> Vec<u8> {
    let mut input = Vec::new();
    for Packet { protocol, payload } in packets {
        let Ok(length) = u16::try_from(payload.len()) else { continue };
        input.push(*protocol);
        input.extend(length.to_be_bytes());
        input.extend(payload);
    }
    input
}

fn packets(mut input: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    while let Some((&[protocol, high, low], rest)) = input.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        packets.push(Packet { protocol, payload: payload.to_vec() });
        input = rest;
    }
    packets
}

/// The body of the target `names`.
pub fn check(input: &[u8]) {
    let packets = packets(input);
    let once = read(&packets, 1);
    for Named { fact, seen } in &once {
        assert!(!fact.name.is_empty() && !fact.name.contains(char::is_control), "{fact:?}");
        assert!(fact.name.len() <= MAX_NAME * ESCAPED, "{fact:?}");
        assert!((1..=packets.len() as u64).contains(&seen.frame), "{seen:?}");
        assert!(seen.first.is_some_and(|first| Some(first) <= seen.last), "{seen:?}");
        assert!(seen.times > 0);
    }
    assert!(once.is_sorted_by_key(|row| row.seen.frame));
    let twice = read(&packets, 2);
    let facts = |rows: &[Named]| rows.iter().map(|row| row.fact.clone()).collect::<Vec<_>>();
    assert_eq!(facts(&once), facts(&twice), "copies of packets change the names");
    let times = |rows: &[Named]| rows.iter().map(|row| row.seen.times).sum::<u64>();
    assert!(times(&twice) >= times(&once));
}

/// The names, each packet captured so many times.
fn read(packets: &[Packet], copies: usize) -> Vec<Named> {
    let mut names = Names::default();
    for (packet, frame) in packets.iter().zip(1..) {
        for _ in 0..copies {
            send(packet, frame, &mut names);
        }
    }
    names.finish().collect()
}

fn send(packet: &Packet, frame: u64, names: &mut Names) {
    let known = PORTS[usize::from(packet.protocol & 0x3F) % PORTS.len()];
    let (from, to) = if packet.protocol & 0x80 == 0 { (known, 50_000) } else { (50_000, known) };
    let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let destination = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    if packet.protocol & TCP != 0 {
        let segment = Segment {
            source,
            destination,
            source_port: from,
            destination_port: to,
            outer: None,
            source_mac: None,
            destination_mac: None,
            sequence: 1,
            acknowledgement: 1,
            flags: Flags(0x10),
            payload: &packet.payload,
            payload_length: packet.payload.len() as u32,
        };
        return names.segment(&segment, frame, Some(frame as i64));
    }
    let datagram = Datagram {
        source,
        destination,
        source_port: from,
        destination_port: to,
        outer: None,
        source_mac: Some([2, 0, 0, 0, 0, 1]),
        destination_mac: Some([2, 0, 0, 0, 0, 2]),
        payload: &packet.payload,
        payload_length: packet.payload.len() as u32,
    };
    names.datagram(&datagram, frame, Some(frame as i64));
}
