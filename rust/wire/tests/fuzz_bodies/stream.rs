//! Any sequence of segments: rows that hold together, and the same ones where every segment comes
//! twice.
//!
//! The input is a sequence of [`Step`]s; `encode` writes one, `decode` reads it.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tlsaudit_wire::handshake::{Conversation, Handshake, Told};
use tlsaudit_wire::packet::{Flags, Segment};
use tlsaudit_wire::stream::Streams;

use crate::rows::{self, Bounds};

/// One segment, as the input gives it.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub from_client: bool,
    pub flags: u8,
    /// Which of [`CONNECTIONS`], and in the upper bits what happens to the frame numbers.
    pub connection: u8,
    /// How far its sequence number is from where the sender's last segment ended.
    pub jump: i32,
    /// Bytes of payload that were not captured.
    pub cut: u8,
    /// How often it is sent again, each time with the sequence number that follows.
    pub repeat: u8,
    pub payload: Vec<u8>,
}

/// Connections that an input can speak of.
const CONNECTIONS: u8 = 6;

/// In [`Step::connection`]: many frames of other connections lie before this one.
const LATER: u8 = 0x80;

mod control {
    pub const FROM_CLIENT: u8 = 0x01;
    pub const ACK: u8 = 0x10;
    /// FIN, SYN and RST where TCP has them, but one bit further up.
    pub const FLAGS: u8 = 0x0E;
    pub const JUMP: u8 = 0x20;
    pub const CUT_OR_REPEAT: u8 = 0x40;
    pub const CONNECTION: u8 = 0x80;
}

/// The input that holds these steps.
pub fn encode(steps: &[Step]) -> Vec<u8> {
    let mut input = Vec::new();
    for step in steps {
        let mut first = u8::from(step.from_client) | (step.flags & 0x07) << 1 | step.flags & 0x10;
        let mut fields = Vec::new();
        if step.jump != 0 {
            first |= control::JUMP;
            fields.extend(step.jump.to_be_bytes());
        }
        if step.cut != 0 || step.repeat != 0 {
            first |= control::CUT_OR_REPEAT;
            fields.extend([step.cut, step.repeat]);
        }
        if step.connection != 0 {
            first |= control::CONNECTION;
            fields.push(step.connection);
        }
        input.push(first);
        input.extend(fields);
        input.extend((step.payload.len() as u16).to_be_bytes());
        input.extend(&step.payload);
    }
    input
}

fn decode(mut input: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(step) = decode_one(&mut input) {
        steps.push(step);
    }
    steps
}

fn decode_one(input: &mut &[u8]) -> Option<Step> {
    let [first] = take(input)?;
    let has = |bit: u8| first & bit != 0;
    let jump = if has(control::JUMP) { i32::from_be_bytes(take(input)?) } else { 0 };
    let [cut, repeat] = if has(control::CUT_OR_REPEAT) { take(input)? } else { [0, 0] };
    let [connection] = if has(control::CONNECTION) { take(input)? } else { [0] };
    let length = usize::from(u16::from_be_bytes(take(input)?)).min(input.len());
    let (payload, rest) = input.split_at(length);
    *input = rest;
    Some(Step {
        from_client: has(control::FROM_CLIENT),
        flags: (first & control::FLAGS) >> 1 | first & control::ACK,
        connection,
        jump,
        cut,
        repeat,
        payload: payload.to_vec(),
    })
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*bytes)
}

/// The body of the target `stream`.
pub fn check(input: &[u8]) {
    let steps = decode(input);
    let (rows, bounds) = read(&steps, 1);
    rows::check(&rows, &bounds);
    let (again, _) = read(&steps, 2);
    assert_eq!(rows.len(), again.len(), "repeated segments change the number of rows");
    for (once, twice) in rows.iter().zip(&again) {
        assert_eq!(told(once), told(twice), "repeated segments change the row");
    }
}

/// What a row says, apart from the bytes after the handshake: those are counted only, and then a
/// repeated segment can fill a hole.
fn told(row: &Handshake) -> impl PartialEq + Debug {
    let offer = row.offer.as_ref().map(|o| (&o.hello, o.frame, o.record_version));
    let choice = row.choice.as_ref().map(|c| (&c.hello, c.frame, c.record_version));
    let frames = (row.retry_request_frame, row.second_client_hello_frame, row.end_frame);
    let how = (row.outcome, row.alert, row.end, row.resumed, row.negotiated_group);
    let wrong = (row.missed_bytes, &row.defect, row.one_sided);
    (row.stream, row.handshake, row.ts, row.carrier, offer, choice, frames, how, wrong)
}

/// Reads the steps, each segment `times` times.
fn read(steps: &[Step], times: usize) -> (Vec<Handshake>, Bounds) {
    let mut streams: Streams<Conversation> = Streams::default();
    let mut rows = Vec::new();
    let mut done = |ended| {
        Conversation::tell(ended, &mut |told| {
            if let Told::Handshake(row) = told {
                rows.push(*row);
            }
        });
    };
    let mut next = [[u32::MAX - 300, 1_000]; CONNECTIONS as usize];
    let (mut frame, mut payload_bytes) = (0, 0);
    for step in steps {
        let connection = step.connection & !LATER;
        let connection = connection % CONNECTIONS;
        if step.connection & LATER != 0 {
            frame += 4_096;
        }
        let side = usize::from(step.from_client);
        for _ in 0..=step.repeat {
            frame += 1;
            let place = &mut next[usize::from(connection)];
            let sequence = place[side].wrapping_add_signed(step.jump);
            let segment = segment(step, connection, sequence, place[1 - side]);
            place[side] = sequence
                .wrapping_add(segment.payload_length)
                .wrapping_add(u32::from(segment.flags.syn()));
            payload_bytes += segment.payload.len() as u64;
            for _ in 0..times {
                streams.segment(&segment, frame, Some(1_000 * frame as i64), &mut done);
            }
        }
    }
    streams.finish(&mut done);
    (rows, Bounds { last_frame: frame, streams: streams.count(), payload_bytes })
}

fn segment(step: &Step, connection: u8, sequence: u32, acknowledgement: u32) -> Segment<'_> {
    let host = |last: u8| match connection % 2 {
        0 => IpAddr::V4(Ipv4Addr::new(10, 0, connection, last)),
        _ => IpAddr::V6(Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, connection.into(), last.into())),
    };
    let (client, server) = ((host(9), 50_000), (host(1), 443));
    let (from, to) = if step.from_client { (client, server) } else { (server, client) };
    Segment {
        source: from.0,
        destination: to.0,
        source_port: from.1,
        destination_port: to.1,
        outer: None,
        source_mac: None,
        destination_mac: None,
        sequence,
        acknowledgement,
        flags: Flags(step.flags),
        payload: &step.payload,
        payload_length: step.payload.len() as u32 + u32::from(step.cut),
    }
}
