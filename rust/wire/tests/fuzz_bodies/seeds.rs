//! Inputs of the fuzz targets, made from captures.

use std::collections::HashMap;
use std::net::IpAddr;

use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::eap::radius;
use tlsaudit_wire::packet::{self, Datagram, Eapol, Fragments, Packet, Scratch, Segment};
use tlsaudit_wire::tls::record::HEADER_LENGTH;
use tlsaudit_wire::tls::ssl2;

use crate::stream::Step;
use crate::{
    datagrams, eap, etl, hello, matp, names, netmon, packet as frames, quic_seeds, stream,
};

/// Larger inputs are slow to mutate and teach nothing more.
const LARGEST: usize = 16 * 1024;
/// Frames of one input for the target `packet`: a fragmented datagram takes some.
const FRAMES: usize = 6;
/// Segments of a connection that make an input for `stream`: the handshake and a little more.
const SEGMENTS: usize = 40;
/// Datagrams of a capture that make an input for `datagrams`.
const DATAGRAMS: usize = 24;
/// Packets of one input for `eap`: about an authentication.
const PACKETS: usize = 12;

/// Packets of one input for `names`.
const TELLING: usize = 2;

/// The inputs that a capture gives, each with the name of its target.
pub fn of_capture(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = vec![("capture", bytes[..bytes.len().min(LARGEST)].to_vec())];
    let Ok(mut reader) = CaptureReader::open(bytes) else { return seeds };
    seeds.push(("etl", event_trace(bytes)));
    let (mut fragments, mut scratch) = (Fragments::default(), Scratch::default());
    let mut connections = Connections::default();
    let mut conversations = quic_seeds::Conversations::default();
    let mut authentications = Authentications::default();
    let mut group: Vec<(u16, Vec<u8>)> = Vec::new();
    // One capture in each of the containers is enough.
    let mut contained = false;
    let mut said: Vec<(bool, Vec<u8>)> = Vec::new();
    let mut telling: Vec<names::Packet> = Vec::new();
    while let Ok(Some(frame)) = reader.next_frame() {
        group.push((frame.link_type, frame.data.to_vec()));
        if group.len() == FRAMES {
            if !contained {
                contained = true;
                seeds.push(("netmon", netmon::encode(&group)));
                seeds.push(("matp", matp::encode(&group)));
            }
            seeds.push(("packet", packet_input(&group)));
            group.clear();
        }
        match packet::decode(&frame, &mut fragments, &mut scratch, &mut |_| {}) {
            Packet::Tcp(segment) => {
                seeds.extend(hellos(segment.payload).map(|input| ("hello", input)));
                telling.extend(names::segment(&segment));
                seeds.extend(connections.add(&segment).map(|body| ("certificate", body)));
            }
            Packet::Udp(datagram) => {
                let from_client = datagram.destination_port < datagram.source_port;
                said.push((from_client, datagram.payload.to_vec()));
                conversations.add(&datagram);
                telling.extend(names::datagram(&datagram));
                authentications.radius(&datagram);
            }
            Packet::Eapol(eapol) => authentications.eapol(&eapol),
            _ => {}
        }
    }
    seeds.extend(telling.chunks(TELLING).map(|packets| ("names", names::encode(packets))));
    seeds.extend(authentications.inputs().map(|input| ("eap", input)));
    seeds.push(("packet", packet_input(&group)));
    // The whole conversation, and its beginnings.
    for count in [DATAGRAMS, DATAGRAMS / 2, DATAGRAMS / 4, 3, 2, 1] {
        let begun = said.iter().take(count).map(|(side, bytes)| (*side, bytes.as_slice()));
        seeds.extend((!said.is_empty()).then(|| ("datagrams", datagrams::encode(begun))));
    }
    seeds.extend(connections.dialogues().map(|input| ("carrier", input)));
    seeds.extend(connections.inputs().map(|input| ("stream", input)));
    seeds.extend(conversations.inputs().map(|input| ("quic", input)));
    seeds
}

/// The first packets as events.
fn event_trace(bytes: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    let Ok(mut reader) = CaptureReader::open(bytes) else { return frames };
    while let Ok(Some(frame)) = reader.next_frame() {
        frames.extend(etl::encode(frame).into_iter().skip(usize::from(!frames.is_empty())));
        if frame.number >= 12 {
            break;
        }
    }
    frames
}

fn packet_input(group: &[(u16, Vec<u8>)]) -> Vec<u8> {
    frames::encode(group.iter().map(|(link, data)| (*link, data.as_slice())))
}

/// A segment that begins with TLS or an SSL 2.0-format hello, as a direction; the hello in its
/// first record, as a body.
fn hellos(payload: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut inputs = Vec::new();
    let is_tls = matches!(payload, [20..=24, 3, ..]);
    let is_ssl2 = matches!(ssl2::opening(payload), ssl2::Opening::ClientHello(_));
    if is_tls || is_ssl2 {
        inputs.push(hello::encode(2, &payload[..payload.len().min(LARGEST)]));
    }
    let record = payload.get(HEADER_LENGTH..).unwrap_or_default();
    if let (true, [kind @ 1..=2, a, b, c, body @ ..]) = (payload.starts_with(&[22, 3]), record) {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        inputs.push(hello::encode(kind - 1, &body[..body.len().min(length)]));
    }
    inputs.into_iter()
}

/// An address and a port.
type End = (IpAddr, u16);

/// The connections of a capture as steps.
#[derive(Default)]
struct Connections {
    connections: Vec<Connection>,
    known: HashMap<[End; 2], usize>,
}

/// One of them, and the sequence number that each end should use next.
#[derive(Default)]
struct Connection {
    next: HashMap<End, u32>,
    steps: Vec<Step>,
    said: HashMap<End, Vec<u8>>,
}

impl Connections {
    /// Adds a segment; gives the body of a Certificate message when it completes one.
    fn add(&mut self, segment: &Segment<'_>) -> Option<Vec<u8>> {
        let from = (segment.source, segment.source_port);
        let to = (segment.destination, segment.destination_port);
        let key = if from < to { [from, to] } else { [to, from] };
        let at = *self.known.entry(key).or_insert_with(|| {
            self.connections.push(Connection::default());
            self.connections.len() - 1
        });
        let Connection { next, steps, said } = &mut self.connections[at];
        if steps.len() >= SEGMENTS {
            return None;
        }
        let said = said.entry(from).or_default();
        let had = certificate_message(said);
        said.extend(segment.payload);
        let has = certificate_message(said).filter(|_| had.is_none());
        let expected = next.entry(from).or_insert(segment.sequence);
        let length = segment.payload.len().min(2_048);
        let absent = segment.payload_length as usize - segment.payload.len();
        steps.push(Step {
            from_client: segment.destination_port < segment.source_port,
            flags: segment.flags.0 & 0x17,
            connection: 0,
            jump: segment.sequence.wrapping_sub(*expected) as i32,
            cut: absent.min(255) as u8,
            repeat: 0,
            payload: segment.payload[..length].to_vec(),
        });
        *expected = segment
            .sequence
            .wrapping_add(length as u32 + absent.min(255) as u32)
            .wrapping_add(u32::from(segment.flags.syn()));
        has
    }

    /// What the sides of each connection say, a segment at a time.
    fn dialogues(&self) -> impl Iterator<Item = Vec<u8>> {
        self.connections.iter().map(|connection| {
            let said = connection.steps.iter().filter(|step| !step.payload.is_empty());
            let mut input =
                datagrams::encode(said.map(|step| (step.from_client, step.payload.as_slice())));
            input.truncate(LARGEST);
            input
        })
    }

    fn inputs(self) -> impl Iterator<Item = Vec<u8>> {
        self.connections.into_iter().map(|connection| {
            let mut input = stream::encode(&connection.steps);
            input.truncate(LARGEST);
            input
        })
    }
}

/// The packets of EAP in a capture, as they are and without what carries them.
#[derive(Default)]
struct Authentications {
    raw: Vec<eap::Step>,
    bare: Vec<eap::Step>,
}

impl Authentications {
    fn radius(&mut self, udp: &Datagram<'_>) {
        let Some(datagram) = radius::Datagram::read(udp.payload, udp.payload.len()) else { return };
        let asks = datagram.code == radius::Code::AccessRequest;
        self.raw.push(eap::raw_step(udp.payload, true, !asks));
        self.bare.extend(eap::step(&datagram.eap, true));
    }

    fn eapol(&mut self, packet: &Eapol<'_>) {
        let Some((&[_, 0, high, low], body)) = packet.payload.split_first_chunk::<4>() else {
            return;
        };
        let length = usize::from(u16::from_be_bytes([high, low])).min(body.len());
        self.raw.push(eap::raw_step(packet.payload, false, body.first() != Some(&2)));
        self.bare.extend(eap::step(&body[..length], false));
    }

    fn inputs(self) -> impl Iterator<Item = Vec<u8>> {
        [self.raw, self.bare].into_iter().flat_map(|steps| {
            let inputs: Vec<_> = steps.chunks(PACKETS).map(eap::encode).collect();
            inputs
        })
    }
}

/// The body of the first Certificate message in what a side said, if it came in order.
fn certificate_message(mut said: &[u8]) -> Option<Vec<u8>> {
    let mut messages = Vec::new();
    while let [22, 3, _, high, low, rest @ ..] = said {
        let (record, after) = rest.split_at_checked(usize::from(*high) << 8 | usize::from(*low))?;
        messages.extend(record);
        said = after;
    }
    let mut messages = messages.as_slice();
    while let [kind, a, b, c, rest @ ..] = messages {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (body, after) = rest.split_at_checked(length)?;
        if *kind == 11 {
            return Some(body.to_vec());
        }
        messages = after;
    }
    None
}
