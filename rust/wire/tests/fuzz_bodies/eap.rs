//! Any packets of EAP over EAPOL and RADIUS: the rows hold together, and copies of packets change
//! nothing.
//!
//! The input is a sequence of packets: flags, identifier, length (2), bytes.

use std::net::{IpAddr, Ipv4Addr};

use tlsaudit_wire::eap::Authentications;
use tlsaudit_wire::handshake::{Conversation, Handshake, Told};
use tlsaudit_wire::packet::{Datagram, Eapol, Mac};
use tlsaudit_wire::stream::Origin;

use crate::rows;

/// Flag: in a RADIUS datagram, not in EAPOL.
const RADIUS: u8 = 0x01;
/// Flag: the bytes are a whole EAPOL packet or datagram, and not what comes behind an EAP header.
const RAW: u8 = 0x02;
/// Flag: from the authenticator, not from the peer.
const FROM_AUTHENTICATOR: u8 = 0x04;
/// Flag: of another peer.
const OTHER_PEER: u8 = 0x08;
/// Flag: to a group address; in RADIUS, without the peer's name.
const UNNAMED: u8 = 0x10;
/// Flag: with a state, in RADIUS.
const STATE: u8 = 0x20;
/// Flag: the last quarter was not captured.
const CUT: u8 = 0x40;

/// One packet of an input.
#[derive(Clone, Debug)]
pub struct Step {
    /// What carries it, and between whom.
    pub flags: u8,
    /// Of the EAP packet; RADIUS identifiers and states are made from it.
    pub identifier: u8,
    /// What is behind the EAP header; nothing: a success or failure.
    pub bytes: Vec<u8>,
}

/// The input that holds these packets.
pub fn encode(steps: &[Step]) -> Vec<u8> {
    let mut input = Vec::new();
    for Step { flags, identifier, bytes } in steps {
        let Ok(length) = u16::try_from(bytes.len()) else { continue };
        input.extend([*flags, *identifier]);
        input.extend(length.to_be_bytes());
        input.extend(bytes);
    }
    input
}

/// The step of an EAP packet as captured; `None` of what is too short for one.
pub fn step(eap: &[u8], radius: bool) -> Option<Step> {
    let (&[code, identifier, _, _], rest) = eap.split_first_chunk::<4>()?;
    let carrier = if radius { RADIUS | STATE } else { 0 };
    let sender = if code == 2 { 0 } else { FROM_AUTHENTICATOR };
    Some(Step { flags: carrier | sender, identifier, bytes: rest.to_vec() })
}

/// The step of a whole EAPOL packet or RADIUS datagram.
pub fn raw_step(payload: &[u8], radius: bool, from_authenticator: bool) -> Step {
    let carrier = if radius { RADIUS } else { 0 };
    let sender = if from_authenticator { FROM_AUTHENTICATOR } else { 0 };
    Step { flags: RAW | carrier | sender, identifier: 0, bytes: payload.to_vec() }
}

fn steps(mut input: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((&[flags, identifier, high, low], rest)) = input.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        steps.push(Step { flags, identifier, bytes: bytes.to_vec() });
        input = rest;
    }
    steps
}

/// The body of the target `eap`.
pub fn check(input: &[u8]) {
    let steps = steps(input);
    let rows = read(&steps, 1);
    let payload: usize = steps.iter().map(|step| step.bytes.len()).sum();
    let bounds = rows::Bounds {
        last_frame: steps.len() as u64,
        streams: steps.len() as u32,
        payload_bytes: payload as u64,
    };
    let mut sorted = rows.clone();
    sorted.sort_by_key(|row| (row.stream, row.handshake));
    rows::check_some(&sorted, &bounds);
    for row in &rows {
        assert!(row.client.port().is_none() && row.server.port().is_none());
        assert!(!row.client.to_string().is_empty() && !row.server.to_string().is_empty());
        assert!(row.end.is_none());
    }
    let twice = read(&steps, 2);
    assert_eq!(rows, twice, "copies of packets change the rows");
}

/// The rows, each packet captured so many times.
fn read(steps: &[Step], copies: usize) -> Vec<Handshake> {
    let mut rows = Vec::new();
    let mut known: Authentications<Conversation> = Authentications::default();
    let mut tell = |ended| {
        Conversation::tell_authentication(ended, &mut |told| {
            if let Told::Handshake(row) = told {
                rows.push(*row);
            }
        });
    };
    for (n, step) in steps.iter().enumerate() {
        for _ in 0..copies {
            send(step, n as u64 + 1, &mut known, &mut tell);
        }
    }
    known.finish(&mut tell);
    rows
}

fn send<F: FnMut(tlsaudit_wire::eap::Ended<Conversation>)>(
    step: &Step,
    frame: u64,
    known: &mut Authentications<Conversation>,
    tell: &mut F,
) {
    let flag = |flag: u8| step.flags & flag != 0;
    let from_authenticator = flag(FROM_AUTHENTICATOR);
    let peer: Mac = [2, 0, 0, 0, 0, u8::from(flag(OTHER_PEER))];
    let payload = payload(step, peer);
    let captured = if flag(CUT) { payload.len() * 3 / 4 } else { payload.len() };
    let bytes = &payload[..captured];
    let origin = Origin { frame, ..Origin::default() };
    if flag(RADIUS) {
        let client = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 50_000);
        let server = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 1_812);
        let (from, to) = if from_authenticator { (server, client) } else { (client, server) };
        let datagram = Datagram {
            source: from.0,
            source_port: from.1,
            destination: to.0,
            destination_port: to.1,
            outer: None,
            source_mac: None,
            destination_mac: None,
            payload: bytes,
            payload_length: payload.len() as u32,
        };
        known.datagram(&datagram, origin, tell);
    } else {
        let authenticator: Mac = [2, 0, 0, 0, 1, 0];
        let (from, to) =
            if from_authenticator { (authenticator, peer) } else { (peer, authenticator) };
        let to = if flag(UNNAMED) { [1, 0x80, 0xC2, 0, 0, 3] } else { to };
        let eapol = Eapol { source_mac: Some(from), destination_mac: Some(to), payload: bytes };
        known.eapol(&eapol, origin, tell);
    }
}

/// The packet as sent.
fn payload(step: &Step, peer: Mac) -> Vec<u8> {
    let flag = |flag: u8| step.flags & flag != 0;
    if flag(RAW) {
        return step.bytes.clone();
    }
    let identifier = step.identifier;
    let code = match (flag(FROM_AUTHENTICATOR), step.bytes.is_empty()) {
        (false, _) => 2,
        (true, false) => 1,
        (true, true) => 3 + (identifier & 1),
    };
    let mut eap = vec![code, identifier];
    eap.extend((step.bytes.len() as u16).saturating_add(4).to_be_bytes());
    eap.extend(&step.bytes);
    if !flag(RADIUS) {
        let mut packet = vec![2, 0];
        packet.extend((eap.len() as u16).to_be_bytes());
        packet.extend(eap);
        return packet;
    }
    let code = match code {
        2 => 1,
        1 => 11,
        3 => 2,
        _ => 3,
    };
    let mut attributes: Vec<(u8, Vec<u8>)> =
        eap.chunks(253).map(|part| (79, part.to_vec())).collect();
    if flag(STATE) {
        attributes.push((24, vec![identifier >> 6]));
    }
    if !flag(UNNAMED) {
        attributes.push((31, format!("{peer:02X?}").into_bytes()));
    }
    // A challenge answers the request before it.
    let asked = identifier.wrapping_sub(u8::from(code == 11));
    let mut datagram = vec![code, asked & 0x0F, 0, 0];
    datagram.extend([0; 16]);
    for (kind, value) in attributes {
        datagram.extend([kind, value.len() as u8 + 2]);
        datagram.extend(value);
    }
    let length = (datagram.len() as u16).to_be_bytes();
    datagram[2..4].copy_from_slice(&length);
    datagram
}
