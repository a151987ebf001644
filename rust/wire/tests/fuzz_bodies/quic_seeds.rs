//! Inputs of the target `quic`, made from captures.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use tlsaudit_wire::packet::Datagram;
use tlsaudit_wire::quic::header::LongPacket;
use tlsaudit_wire::quic::opens_with;
use tlsaudit_wire::quic::version::PacketType;

use crate::quic::{FROM_CLIENT, Step, encode};
use crate::sealing;

/// Datagrams of a conversation that make an input: the handshake and a little more.
const DATAGRAMS: usize = 12;

/// An address and a port.
type End = (IpAddr, u16);

/// The conversations of a capture that begin as QUIC does.
#[derive(Default)]
pub struct Conversations(BTreeMap<[End; 2], Conversation>);

struct Conversation {
    client: End,
    version: u32,
    id: Vec<u8>,
    /// The datagrams as they are.
    whole: Vec<Step>,
    /// The frames of their Initial packets.
    opened: Vec<Step>,
}

impl Conversations {
    pub fn add(&mut self, datagram: &Datagram<'_>) {
        let from = (datagram.source, datagram.source_port);
        let to = (datagram.destination, datagram.destination_port);
        let key = if from < to { [from, to] } else { [to, from] };
        let conversation = match self.0.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let first = LongPacket::read(datagram.payload);
                let first = first.filter(|_| opens_with(datagram.payload));
                let Some((packet, _)) = first else { return };
                free.insert(Conversation {
                    client: from,
                    version: packet.version.0,
                    id: packet.destination.as_bytes().to_vec(),
                    whole: Vec::new(),
                    opened: Vec::new(),
                })
            }
        };
        if conversation.whole.len() < DATAGRAMS {
            conversation.add(from, datagram.payload);
        }
    }

    pub fn inputs(self) -> impl Iterator<Item = Vec<u8>> {
        self.0.into_values().flat_map(|conversation| {
            let kinds = [(0, conversation.whole), (1, conversation.opened)];
            kinds.into_iter().flat_map(|(kind, steps)| {
                let alone = steps.iter().map(|step| encode(kind, std::slice::from_ref(step)));
                let alone: Vec<_> = alone.collect();
                [encode(kind, &steps)].into_iter().chain(alone)
            })
        })
    }
}

impl Conversation {
    fn add(&mut self, from: End, payload: &[u8]) {
        let from_client = from == self.client;
        let flags = if from_client { FROM_CLIENT } else { 0 };
        self.whole.push(Step { flags, bytes: payload.to_vec() });
        let mut rest = payload;
        while let Some((packet, behind)) = LongPacket::read(rest) {
            rest = behind;
            if packet.packet_type == Some(PacketType::Initial) {
                let keys = sealing::keys(self.version, &self.id, from_client);
                let opened = keys.open(&packet);
                self.opened.extend(opened.map(|opened| Step { flags, bytes: opened.frames }));
            }
        }
    }
}
