//! DTLS: alone, among STUN and media on one conversation, behind CAPWAP's preamble, or wrapped by a
//! TURN relay.

use std::net::SocketAddr;

use super::Transport;
use super::exchange::{Opening, Reader};
use super::transcript::Transcript;
use crate::carrier::Carrier;
use crate::carrier::turn::{self, Message};
use crate::limits::{MAX_TURN_CHANNELS, MAX_TURN_PEERS};
use crate::stream::{Missing, Origin, PerSide, Side};
use crate::tls::code_point::{ExtensionType, ProtocolVersion};
use crate::tls::dtls::{self, Parser};
use crate::tls::parser::Event;

/// What CAPWAP puts before DTLS (RFC 5415 section 4.2): version 0, type 1, three bytes reserved.
const CAPWAP_PREAMBLE: [u8; 4] = [1, 0, 0, 0];

/// With whom DTLS is spoken on a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// With the other end.
    OtherEnd,
    /// With somebody behind a relay.
    Relayed(SocketAddr),
    /// With whomever this channel was bound to; that was not captured.
    Channel(u16),
}

impl Peer {
    fn name(self) -> Option<String> {
        match self {
            Self::Relayed(address) => Some(address.to_string()),
            Self::OtherEnd | Self::Channel(_) => None,
        }
    }
}

/// The DTLS spoken with one peer.
#[derive(Debug)]
struct Association {
    peer: Peer,
    parsers: PerSide<Parser>,
    /// What was said; of the first peer that is the conversation's own.
    transcript: Option<Transcript>,
}

/// Reads the DTLS of a conversation.
#[derive(Debug)]
struct DtlsReader {
    carrier: Carrier,
    associations: Vec<Association>,
    /// Which peers the relay's channels were bound to.
    channels: Vec<(u16, SocketAddr)>,
    events: Vec<Event>,
}

/// Whether a datagram begins DTLS in one of its wrappings.
pub(super) fn opens_with(payload: &[u8]) -> Option<Opening> {
    let carrier = match payload.first()? {
        22 if dtls::opens_with(payload) => carrier_of(payload),
        0..=3 | 64..=127 => match turn::read(payload)? {
            Message::Bind { .. } => Carrier::Turn,
            Message::Indication { data, .. } | Message::Channel { data, .. }
                if dtls::opens_with(data) =>
            {
                Carrier::Turn
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(opening(carrier))
}

/// Whether a datagram begins DTLS behind CAPWAP's preamble.
pub(super) fn opens_with_capwap(payload: &[u8]) -> Option<Opening> {
    let inner = payload.strip_prefix(&CAPWAP_PREAMBLE)?;
    dtls::opens_with(inner).then(|| opening(Carrier::Capwap))
}

fn opening(carrier: Carrier) -> Opening {
    let reader =
        DtlsReader { carrier, associations: Vec::new(), channels: Vec::new(), events: Vec::new() };
    Opening { transport: Transport::Dtls, carrier, reader: Box::new(reader) }
}

/// Nobody but AnyConnect still speaks the version before RFC 4347.
fn carrier_of(record: &[u8]) -> Carrier {
    match record {
        [_, high, low, ..]
            if u16::from_be_bytes([*high, *low]) == ProtocolVersion::DTLS_BEFORE_10.0 =>
        {
            Carrier::AnyConnect
        }
        _ => Carrier::Tls,
    }
}

impl DtlsReader {
    /// The DTLS in a datagram and with whom it is spoken.
    fn unwrap<'a>(&mut self, payload: &'a [u8]) -> Option<(Peer, &'a [u8])> {
        // RFC 7983, RFC 9443: what shares the conversation is told by the first byte.
        match payload.first()? {
            20..=63 if self.carrier != Carrier::Capwap => Some((Peer::OtherEnd, payload)),
            _ if self.carrier == Carrier::Capwap => {
                payload.strip_prefix(&CAPWAP_PREAMBLE).map(|inner| (Peer::OtherEnd, inner))
            }
            0..=3 | 64..=127 => match turn::read(payload)? {
                Message::Bind { number, peer } => {
                    self.channels.retain(|(known, _)| *known != number);
                    if self.channels.len() < MAX_TURN_CHANNELS {
                        self.channels.push((number, peer));
                    }
                    None
                }
                Message::Indication { peer, data } => {
                    peer.filter(|_| is_dtls(data)).map(|peer| (Peer::Relayed(peer), data))
                }
                Message::Channel { number, data } if is_dtls(data) => {
                    let bound = self.channels.iter().find(|(known, _)| *known == number);
                    let peer =
                        bound.map_or(Peer::Channel(number), |&(_, address)| Peer::Relayed(address));
                    Some((peer, data))
                }
                Message::Channel { .. } => None,
            },
            _ => None,
        }
    }

    /// The association with a peer, a new one if DTLS begins; `None` when it does not.
    fn association(
        &mut self,
        peer: Peer,
        bytes: &[u8],
        transcript: &mut Transcript,
    ) -> Option<&mut Association> {
        let known = self.associations.iter().position(|association| association.peer == peer);
        if known.is_none() {
            if !dtls::opens_with(bytes) || self.associations.len() >= MAX_TURN_PEERS {
                return None;
            }
            let own = if self.associations.is_empty() {
                transcript.target = peer.name();
                None
            } else {
                let mut own = Transcript::new(Transport::Dtls, self.carrier, false);
                own.target = peer.name();
                Some(own)
            };
            let parsers = PerSide::default();
            self.associations.push(Association { peer, parsers, transcript: own });
        }
        let place = known.unwrap_or(self.associations.len().saturating_sub(1));
        self.associations.get_mut(place)
    }
}

impl Reader for DtlsReader {
    fn datagram(
        &mut self,
        side: Side,
        payload: &[u8],
        _length: u32,
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        let Some((peer, bytes)) = self.unwrap(payload) else { return };
        let mut events = std::mem::take(&mut self.events);
        if let Some(association) = self.association(peer, bytes, transcript) {
            association.take(side, bytes, origin, transcript, &mut events);
        }
        self.events = events;
    }

    fn end(&mut self, why: Missing, transcript: &mut Transcript) {
        for mut association in std::mem::take(&mut self.associations) {
            for side in Side::BOTH {
                let mut events = Vec::new();
                association.parsers.of_mut(side).end(why, &mut events);
                let transcript = association.transcript.as_mut().unwrap_or(transcript);
                transcript.take(side, |hear| events.drain(..).for_each(hear));
            }
            transcript.siblings.extend(association.transcript);
        }
    }

    fn buffered(&self) -> usize {
        let events = self.events.capacity().saturating_mul(size_of::<Event>());
        let channels = self.channels.capacity().saturating_mul(size_of::<(u16, SocketAddr)>());
        self.associations
            .iter()
            .map(Association::buffered)
            .fold(size_of::<Self>().saturating_add(events), usize::saturating_add)
            .saturating_add(channels)
    }
}

impl Association {
    fn take(
        &mut self,
        side: Side,
        bytes: &[u8],
        origin: Origin,
        conversation: &mut Transcript,
        events: &mut Vec<Event>,
    ) {
        let transcript = self.transcript.as_mut().unwrap_or(conversation);
        self.parsers.of_mut(side).datagram(bytes, origin, events);
        for event in events.iter() {
            match event {
                // The keys are for media that share the conversation (RFC 5764).
                Event::ClientHello(hello, _)
                    if transcript.carrier == Carrier::Tls && hello.has(ExtensionType::USE_SRTP) =>
                {
                    transcript.carrier = Carrier::DtlsSrtp;
                }
                Event::ServerHello(..) => {
                    // The server answers what it has read whole: what is missing of it was lost
                    // on the way to the capture.
                    let mut unfinished = Vec::new();
                    self.parsers.of_mut(side.other()).end(Missing::Lost, &mut unfinished);
                    transcript.take(side.other(), |hear| unfinished.drain(..).for_each(hear));
                }
                _ => {}
            }
        }
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        transcript.heard(side, count, |hear| events.drain(..).for_each(hear));
    }

    fn buffered(&self) -> usize {
        let transcript = self.transcript.as_ref().map_or(0, Transcript::held);
        Side::BOTH
            .iter()
            .map(|&side| self.parsers.of(side).buffered())
            .fold(size_of::<Self>().saturating_add(transcript), usize::saturating_add)
    }
}

/// Whether what a relay wraps is DTLS, by its first byte.
fn is_dtls(data: &[u8]) -> bool {
    matches!(data.first(), Some(20..=63))
}
