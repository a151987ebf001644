//! One QUIC connection, as far as its Initial packets tell.

use super::crypto::CryptoStream;
use super::frames::{Frame, Frames};
use super::header::{ConnectionId, LongPacket};
use super::keys::{Keys, Opened};
use super::version::{PacketType, Protection, Version};
use crate::stream::{Missing, Origin, PerSide, Side};
use crate::tls::parser::Event;

/// `CRYPTO_ERROR` (RFC 9001 section 4.8): its low byte is the TLS alert that the sender would have
/// sent.
const CRYPTO_ERROR: u64 = 0x0100;
/// RFC 9846 section 6: QUIC knows fatal alerts only.
const FATAL: u8 = 2;

/// What a side has sent beside Initial packets.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    handshake: bool,
    application: bool,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    /// Who sent the first Initial packet.
    pub client: Side,
    /// The row that it belongs to: another connection's, when it goes on with its hello.
    pub row: usize,
    /// `random` of its ClientHello.
    pub random: Option<[u8; 32]>,
    /// Nothing more of its handshake is to come.
    pub over: bool,
    version: Version,
    /// The ID that the keys come from: the client's first choice, or the one that a Retry gave.
    keyed_by: ConnectionId,
    keys: PerSide<Keys>,
    client_id: ConnectionId,
    /// What the client has to call the server by, once that has said so.
    server_id: Option<ConnectionId>,
    retry_id: Option<ConnectionId>,
    streams: PerSide<CryptoStream>,
    sent: PerSide<Sent>,
    /// The capture cut Initial packets of the side.
    cut: PerSide<bool>,
    hellos: Hellos,
}

/// Which hellos there have been.
#[derive(Clone, Copy, Debug, Default)]
struct Hellos {
    client: u8,
    retry_request: bool,
    server: bool,
}

impl Hellos {
    /// Whether a server has answered.
    fn answered(self) -> bool {
        self.retry_request || self.server
    }
}

impl Connection {
    /// The connection that a client's first Initial packet begins, and what is in the packet;
    /// `None` when it is no such packet.
    #[must_use]
    pub fn begin(client: Side, row: usize, packet: &LongPacket<'_>) -> Option<(Self, Opened)> {
        let attempt = |protection: &Protection| {
            let keys = Keys::of_client(*protection, &packet.destination)?;
            let opened = believed(keys.open(packet)?)?;
            Some((keyed(client, *protection, &packet.destination)?, opened))
        };
        let (keys, opened) = packet.version.protections().iter().find_map(attempt)?;
        let connection = Self {
            client,
            row,
            random: None,
            over: false,
            version: packet.version,
            keyed_by: packet.destination,
            keys,
            client_id: packet.source,
            server_id: None,
            retry_id: None,
            streams: PerSide::default(),
            sent: PerSide::default(),
            cut: PerSide::default(),
            hellos: Hellos::default(),
        };
        Some((connection, opened))
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        Side::BOTH.iter().fold(0, |sum, &side| sum.saturating_add(self.streams.of(side).heap()))
    }

    /// Whether a packet from `side` to `destination` is meant for this connection.
    #[must_use]
    pub fn is_meant(&self, side: Side, destination: &ConnectionId) -> bool {
        if side == self.client {
            let known = [Some(self.keyed_by), self.server_id, self.retry_id];
            known.contains(&Some(*destination))
        } else {
            *destination == self.client_id
        }
    }

    /// Whether a packet with a short header can be of this connection. An ID of ours says so;
    /// where there is none, only the bit that such packets have set.
    #[must_use]
    pub fn is_meant_short(&self, side: Side, bytes: &[u8]) -> bool {
        let id = if side == self.client { self.server_id } else { Some(self.client_id) };
        let (Some(id), Some((first, rest))) = (id, bytes.split_first()) else { return false };
        if id.is_empty() { first & 0x40 != 0 } else { rest.starts_with(id.as_bytes()) }
    }

    /// Whether a packet to an unknown ID can be of this connection. A server may give others as soon
    /// as it has keys, in secret, and clients (quic-go's) use them from their next packet on.
    fn may_rename(&self, side: Side, packet: &LongPacket<'_>) -> bool {
        side == self.client
            && packet.packet_type == Some(PacketType::Handshake)
            && packet.source == self.client_id
            && self.server_id.is_some()
            && !self.over
    }

    /// Takes a packet with a long header; whether it was of this connection.
    pub fn packet(
        &mut self,
        side: Side,
        packet: &LongPacket<'_>,
        origin: Origin,
        events: &mut Vec<Event>,
    ) -> bool {
        if !self.is_meant(side, &packet.destination) {
            if !self.may_rename(side, packet) {
                return false;
            }
            self.server_id = Some(packet.destination);
        }
        match packet.packet_type {
            Some(PacketType::Initial) => {
                if self.over {
                    return true;
                }
                if let Some(opened) = self.open(side, packet) {
                    self.opened(side, packet, &opened, origin, events);
                } else if packet.is_cut() && side != self.client {
                    // Its header alone says that the server answered, and by what ID.
                    self.server_id = self.server_id.or(Some(packet.source));
                    self.encrypted_handshake(side, events);
                } else {
                    return false;
                }
            }
            Some(PacketType::ZeroRtt) => {}
            Some(PacketType::Handshake) => self.encrypted_handshake(side, events),
            Some(PacketType::Retry) => {
                if side != self.client && !self.hellos.answered() {
                    self.retry_id = Some(packet.source);
                }
            }
            None => {
                // A client does not heed one that comes late (RFC 9000 section 6.2).
                if side != self.client && !self.hellos.answered() && packet.source == self.keyed_by
                {
                    events.push(Event::Closed { frame: origin.frame });
                }
            }
        }
        true
    }

    /// Takes what was in an Initial packet.
    pub fn opened(
        &mut self,
        side: Side,
        packet: &LongPacket<'_>,
        opened: &Opened,
        origin: Origin,
        events: &mut Vec<Event>,
    ) {
        *self.cut.of_mut(side) |= packet.is_cut();
        if side != self.client {
            self.server_id = Some(packet.source);
        }
        for frame in Frames::new(&opened.frames, opened.google_frames) {
            match frame {
                Frame::Crypto { offset, bytes } => {
                    self.streams.of_mut(side).piece(offset, bytes, origin, events);
                }
                Frame::ConnectionClose { error } => {
                    let alert =
                        error.checked_sub(CRYPTO_ERROR).and_then(|it| u8::try_from(it).ok());
                    let frame = origin.frame;
                    events.push(match alert {
                        Some(description) => Event::Alert { level: FATAL, description, frame },
                        None => Event::Closed { frame },
                    });
                }
            }
        }
        self.note(events);
    }

    /// Notes that a side sent something of the handshake that cannot be read.
    fn encrypted_handshake(&mut self, side: Side, events: &mut Vec<Event>) {
        if !self.sent.of(side).handshake {
            self.sent.of_mut(side).handshake = true;
            events.push(Event::EncryptedHandshake);
        }
    }

    /// Takes a packet with a short header.
    pub fn short(&mut self, side: Side, events: &mut Vec<Event>) {
        if self.over || self.sent.of(side).application {
            return;
        }
        self.sent.of_mut(side).application = true;
        if self.sent.of(side.other()).application {
            // What is missing of the hellos now will not come.
            self.end(Missing::Lost, events);
            self.over = true;
        }
        events.push(Event::ApplicationKeys);
    }

    /// Hands over what the sides left unfinished.
    pub fn end(&mut self, why: Missing, events: &mut Vec<Event>) {
        for side in Side::BOTH {
            let why = if *self.cut.of(side) { Missing::Truncated } else { why };
            self.streams.of_mut(side).end(side == self.client, why, events);
        }
        self.note(events);
    }

    /// Notes the hellos among the events. A connection has one of each side, and where one was
    /// asked for another that keeps the first one's random (RFC 9846 section 4.1.2); what else
    /// looks like one is left out.
    fn note(&mut self, events: &mut Vec<Event>) {
        events.retain(|event| match event {
            Event::ClientHello(hello, _) => {
                let again = self.hellos.client == 1 && self.random == hello.random;
                let fits = self.hellos.client == 0 || again;
                self.hellos.client = self.hellos.client.saturating_add(1);
                self.random = self.random.or(hello.random);
                fits
            }
            Event::ServerHello(hello, _) if hello.is_retry_request() => {
                !self.hellos.answered() && !std::mem::replace(&mut self.hellos.retry_request, true)
            }
            Event::ServerHello(..) => !std::mem::replace(&mut self.hellos.server, true),
            _ => true,
        });
    }

    /// Removes the protection of an Initial packet.
    fn open(&mut self, side: Side, packet: &LongPacket<'_>) -> Option<Opened> {
        if packet.version == self.version {
            let opened = self.keys.of(side).open(packet).and_then(believed);
            if opened.is_some() {
                return opened;
            }
        } else if let Some(opened) = self.open_anew(side, packet, self.keyed_by) {
            // The server chose another version (RFC 9368).
            return Some(opened);
        }
        if side == self.client && self.retry_id == Some(packet.destination) {
            let opened = self.open_anew(side, packet, packet.destination)?;
            self.keyed_by = packet.destination;
            self.server_id = None;
            return Some(opened);
        }
        None
    }

    /// Removes the protection with keys of the packet's version and of `id`, and keeps them when
    /// they fit.
    fn open_anew(
        &mut self,
        side: Side,
        packet: &LongPacket<'_>,
        id: ConnectionId,
    ) -> Option<Opened> {
        packet.version.protections().iter().find_map(|protection| {
            let keys = keyed(self.client, *protection, &id)?;
            let opened = believed(keys.of(side).open(packet)?)?;
            self.version = packet.version;
            self.keys = keys;
            Some(opened)
        })
    }
}

/// The keys of both sides.
fn keyed(client: Side, protection: Protection, id: &ConnectionId) -> Option<PerSide<Keys>> {
    let of_client = Keys::of_client(protection, id)?;
    let of_server = Keys::of_server(protection, id)?;
    Some(match client {
        Side::A => PerSide::new(of_client, of_server),
        Side::B => PerSide::new(of_server, of_client),
    })
}

/// A packet whose tag was not captured is believed only when it begins a hello: other bytes look
/// so once in 2^40.
fn believed(opened: Opened) -> Option<Opened> {
    let begins_hello = |frame| {
        let Frame::Crypto { offset: 0, bytes } = frame else { return false };
        matches!(bytes, [1 | 2, 0, _, _, 3, 3, ..])
    };
    (opened.authentic || Frames::new(&opened.frames, opened.google_frames).any(begins_hello))
        .then_some(opened)
}
