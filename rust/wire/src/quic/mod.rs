//! QUIC: datagrams of two addresses and ports to the hellos inside (RFC 9000, RFC 9001, RFC 9369).
//!
//! A ClientHello and its ServerHello travel in Initial packets, whose keys follow from the first
//! connection ID that the client chose. Whoever did not see that packet cannot read them: without
//! the client's direction a connection gives nothing.

mod connection;
mod crypto;
pub mod frames;
pub mod header;
pub mod keys;
pub mod version;

pub use connection::Connection;
pub use crypto::CryptoStream;

use crate::limits::MAX_HANDSHAKES_PER_STREAM;
use crate::stream::{Missing, Origin, Side};
use crate::tls::parser::Event;
use header::LongPacket;
use version::{PacketType, Version};

/// Something that a side of a connection said.
#[derive(Debug)]
pub struct Heard {
    /// Which handshake it belongs to, counted from 0 between these two addresses and ports.
    pub row: usize,
    /// Who said it.
    pub side: Side,
    /// What.
    pub event: Event,
}

/// All connections between two addresses and ports.
#[derive(Debug, Default)]
pub struct Connections {
    connections: Vec<Connection>,
    /// More than are followed were seen.
    overflowed: bool,
    /// Kept to be used again.
    events: Vec<Event>,
}

/// Whether a datagram begins with an Initial packet of a version that is read.
#[inline]
#[must_use]
pub fn opens_with(bytes: &[u8]) -> bool {
    let Some(&[first, a, b, c, d]) = bytes.first_chunk::<5>() else { return false };
    if first & 0x80 == 0 {
        return false;
    }
    let version = Version(u32::from_be_bytes([a, b, c, d]));
    !version.protections().is_empty() && version.packet_type(first) == PacketType::Initial
}

impl Connections {
    /// Whether no connection was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Whether there were more connections than are followed.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Bytes of memory that they take.
    #[must_use]
    pub fn buffered(&self) -> usize {
        let list = self.connections.capacity().saturating_mul(size_of::<Connection>());
        self.connections.iter().map(Connection::heap).fold(list, usize::saturating_add)
    }

    /// Takes a datagram of `side`, of which the capture holds `bytes` and which had `sent` bytes.
    /// Gives the handshake that it belongs to.
    pub fn datagram(
        &mut self,
        side: Side,
        bytes: &[u8],
        sent: usize,
        origin: Origin,
        heard: &mut Vec<Heard>,
    ) -> Option<usize> {
        let mut rest = bytes;
        let mut row = None;
        // Several packets share a datagram, and where the sender's network card cuts them, several
        // datagrams come in one: then each is filled up, by padding inside or by zeros behind.
        while let Some(&first) = rest.first() {
            if first & 0x80 == 0 {
                return self.short(side, rest, heard).or(row);
            }
            let Some((packet, behind)) = LongPacket::read(rest) else { break };
            if packet.is_cut() && bytes.len() >= sent {
                break;
            }
            row = self.long(side, &packet, origin, heard).or(row);
            let padding = behind.iter().take_while(|&&byte| byte == 0).count();
            rest = behind.get(padding..).unwrap_or_default();
        }
        row
    }

    /// No more datagrams come: hellos that were begun are handed over as far as they go.
    pub fn end(&mut self, why: Missing, heard: &mut Vec<Heard>) {
        for at in 0..self.connections.len() {
            let mut events = std::mem::take(&mut self.events);
            if let Some(connection) = self.connections.get_mut(at) {
                connection.end(why, &mut events);
            }
            self.hand_over(at, None, events, heard);
        }
    }

    /// A packet with a short header; it reaches to the end of the datagram.
    fn short(&mut self, side: Side, bytes: &[u8], heard: &mut Vec<Heard>) -> Option<usize> {
        let meant = self.connections.iter().rposition(|known| known.is_meant_short(side, bytes));
        let Some(at) = meant else {
            // Under an ID that was agreed on in secret.
            return self.connections.last().map(|latest| latest.row);
        };
        let mut events = std::mem::take(&mut self.events);
        let connection = self.connections.get_mut(at)?;
        let row = connection.row;
        connection.short(side, &mut events);
        self.hand_over(at, Some(side), events, heard);
        Some(row)
    }

    fn long(
        &mut self,
        side: Side,
        packet: &LongPacket<'_>,
        origin: Origin,
        heard: &mut Vec<Heard>,
    ) -> Option<usize> {
        let mut events = std::mem::take(&mut self.events);
        let taken = |known: &mut Connection| known.packet(side, packet, origin, &mut events);
        // The latest first: it is the one that is being set up.
        let at = match self.connections.iter_mut().rev().position(taken) {
            Some(back) => self.connections.len().checked_sub(back)?.checked_sub(1)?,
            None => self.begin(side, packet, origin, &mut events)?,
        };
        self.hand_over(at, Some(side), events, heard);
        self.connections.get(at).map(|connection| connection.row)
    }

    /// Another connection, if the packet begins one.
    fn begin(
        &mut self,
        side: Side,
        packet: &LongPacket<'_>,
        origin: Origin,
        events: &mut Vec<Event>,
    ) -> Option<usize> {
        if packet.packet_type != Some(PacketType::Initial)
            || self.connections.last().is_some_and(|latest| latest.client != side)
        {
            return None;
        }
        let at = self.connections.len();
        if at >= MAX_HANDSHAKES_PER_STREAM {
            self.overflowed = true;
            return None;
        }
        let (mut connection, opened) = Connection::begin(side, at, packet)?;
        connection.opened(side, packet, &opened, origin, events);
        self.connections.push(connection);
        Some(at)
    }

    /// Hands events of a connection over. `side`: whose they are; else the hellos tell.
    fn hand_over(
        &mut self,
        at: usize,
        side: Option<Side>,
        mut events: Vec<Event>,
        heard: &mut Vec<Heard>,
    ) {
        if !events.is_empty() {
            self.hear(at, side, &mut events, heard);
        }
        self.events = events;
    }

    fn hear(
        &mut self,
        at: usize,
        side: Option<Side>,
        events: &mut Vec<Event>,
        heard: &mut Vec<Heard>,
    ) {
        let known = self.goes_on_with(at);
        let Some(connection) = self.connections.get_mut(at) else { return };
        let repeats = known.is_some() && connection.row == at;
        connection.row = known.unwrap_or(connection.row);
        for event in events.drain(..) {
            let side = match event {
                Event::ClientHello(..) if repeats => continue,
                Event::ClientHello(..) => connection.client,
                Event::ServerHello(..) => connection.client.other(),
                _ => side.unwrap_or(connection.client),
            };
            heard.push(Heard { row: connection.row, side, event });
        }
    }

    /// The row of an earlier connection whose hello this one repeats: the Retry between them was
    /// not captured.
    fn goes_on_with(&mut self, at: usize) -> Option<usize> {
        let random = self.connections.get(at)?.random?;
        let (before, _) = self.connections.split_at_mut_checked(at)?;
        let first = before.iter_mut().find(|other| other.random == Some(random))?;
        first.over = true;
        Some(first.row)
    }
}
