//! EAP, from EAPOL and from RADIUS, to the TLS of each authentication.
//!
//! The peer is the TLS client; the authenticator, or the RADIUS server behind it, is the TLS
//! server. What carries the packets names both. Authentications are numbered from 0, in the order
//! in which they appear.

mod exchange;
mod message;
pub mod packet;
mod parties;
pub mod radius;

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::HashMap;

use self::exchange::Exchange;
pub use self::exchange::Verdict;
pub use self::packet::Method;
use self::packet::{Code, Content, Packet};
use self::parties::Parties;
use crate::limits::{MAX_AUTHENTICATION_BYTES, MAX_AUTHENTICATIONS};
use crate::packet::{Datagram, Eapol, Mac};
use crate::stream::{Missing, Observer, Origin, PerSide, Side, Who};
use crate::tls::escape::escaped;

/// The side of the peer.
pub const PEER: Side = Side::A;
/// The side of the authenticator.
pub const AUTHENTICATOR: Side = Side::B;

/// The type of an EAPOL packet that holds EAP (IEEE 802.1X section 11.3.2).
const EAP_PACKET: u8 = 0;

/// An authentication in which TLS was heard, and of which nothing more will come.
#[derive(Debug)]
pub struct Ended<O> {
    /// Its number.
    pub number: u32,
    /// The peer and the authenticator.
    pub parties: PerSide<Who>,
    /// The peer's link address, where it is told.
    pub peer_mac: Option<Mac>,
    /// What TLS runs in.
    pub method: Method,
    /// The outer identity.
    pub identity: Option<String>,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Whether the capture holds packets that the side sent.
    pub captured: PerSide<bool>,
    /// It was let go to bound memory.
    pub evicted: bool,
    /// Who listened.
    pub observer: Box<O>,
}

/// By what the authentication of a packet is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// Of the addresses in EAPOL frames one may be that of a group, and then says nothing.
    Link { peer: Option<Mac>, authenticator: Option<Mac> },
    /// A RADIUS request, which its answer repeats.
    Request { client: (IpAddr, u16), server: (IpAddr, u16), identifier: u8 },
    /// What a RADIUS server wants to hear again.
    State { server: IpAddr, state: Box<[u8]> },
    /// A RADIUS client's name for the peer.
    Station { client: IpAddr, server: IpAddr, station: Box<[u8]> },
}

impl Key {
    /// Whether an older key is of no use once there is this one.
    fn replaces(&self, old: &Self) -> bool {
        matches!(
            (self, old),
            (Self::State { .. }, Self::State { .. }) | (Self::Request { .. }, Self::Request { .. })
        )
    }
}

#[derive(Debug)]
struct Authentication<O> {
    exchange: Exchange<O>,
    parties: Parties,
    keys: Vec<Key>,
    /// Bytes of memory that were last counted.
    counted: usize,
}

/// All authentications of a capture. One that has ended stays for a while, to recognise copies of
/// its packets that come late.
#[derive(Debug)]
pub struct Authentications<O> {
    known: BTreeMap<u32, Authentication<O>>,
    index: HashMap<Key, u32>,
    next: u32,
    /// Bytes of memory that all of them take.
    counted: usize,
    /// Authentications that were let go to bound memory before they had ended.
    pub evicted: u64,
}

impl<O> Default for Authentications<O> {
    fn default() -> Self {
        let (known, index) = (BTreeMap::new(), HashMap::new());
        Self { known, index, next: 0, counted: 0, evicted: 0 }
    }
}

impl<O: Observer> Authentications<O> {
    /// Takes an EAPOL packet.
    pub fn eapol(&mut self, eapol: &Eapol<'_>, origin: Origin, done: &mut impl FnMut(Ended<O>)) {
        let Some((&[1..=3, EAP_PACKET, high, low], body)) = eapol.payload.split_first_chunk()
        else {
            return;
        };
        let sent = usize::from(u16::from_be_bytes([high, low]));
        let body = body.split_at_checked(sent).map_or(body, |(body, _)| body);
        let Some(packet) = Packet::read(body, sent) else { return };
        let seen = Parties::on_link(eapol, packet.code == Code::Response);
        let found = self.on_link(&seen, &packet);
        let Some(number) = self.or_another(found, &packet, seen, done) else { return };
        let Some(known) = self.known.get(&number) else { return };
        let Parties::Link { peer, authenticator, .. } = known.parties else { return };
        for key in [(peer, authenticator), (peer, None), (None, authenticator)] {
            self.name(number, Key::Link { peer: key.0, authenticator: key.1 });
        }
        self.take(number, &packet, origin, done);
    }

    /// Takes a UDP datagram. Nothing comes of it unless it is RADIUS that carries EAP.
    #[inline]
    pub fn datagram(
        &mut self,
        udp: &Datagram<'_>,
        origin: Origin,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let sent = usize::try_from(udp.payload_length).unwrap_or(usize::MAX);
        if let Some(radius) = radius::Datagram::read(udp.payload, sent) {
            self.radius(udp, &radius, origin, done);
        }
    }

    fn radius(
        &mut self,
        udp: &Datagram<'_>,
        radius: &radius::Datagram<'_>,
        origin: Origin,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let Some(packet) = Packet::read(&radius.eap, radius.eap_sent) else { return };
        let asks = radius.code == radius::Code::AccessRequest;
        if asks != (packet.code == Code::Response) {
            return;
        }
        let (source, destination) =
            ((udp.source, udp.source_port), (udp.destination, udp.destination_port));
        let (client, server) = if asks { (source, destination) } else { (destination, source) };
        let request = Key::Request { client, server, identifier: radius.identifier };
        let (client, server) = (client.0, server.0);
        let state = radius.state.map(|state| Key::State { server, state: state.into() });
        let station = radius.calling_station.map(|station| Key::Station {
            client,
            server,
            station: station.into(),
        });
        let found = if asks {
            self.asking(&request, state.as_ref(), station.as_ref(), &packet)
        } else {
            self.index.get(&request).copied()
        };
        let seen = Parties::radius(client, server, radius);
        let Some(number) = self.or_another(found, &packet, seen, done) else { return };
        for key in [Some(request), state, station].into_iter().flatten() {
            self.name(number, key);
        }
        self.take(number, &packet, origin, done);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.next
    }

    /// Ends all authentications.
    pub fn finish(&mut self, done: &mut impl FnMut(Ended<O>)) {
        self.index.clear();
        self.counted = 0;
        while let Some((number, mut known)) = self.known.pop_first() {
            known.end(number, Missing::Truncated, done);
        }
    }

    /// The authentication that an EAPOL packet belongs to.
    fn on_link(&self, seen: &Parties, packet: &Packet<'_>) -> Option<u32> {
        let Parties::Link { peer, authenticator, .. } = *seen else { return None };
        // The last: requests to a group address of an authenticator that knows no peer yet.
        let keys = [(peer, authenticator), (peer, None), (None, authenticator), (None, None)];
        keys.into_iter().find_map(|(peer, authenticator)| {
            let number = *self.index.get(&Key::Link { peer, authenticator })?;
            let known = self.known.get(&number)?;
            let fits = match known.parties.same_link(seen) {
                None => false,
                Some(certainly) => certainly || known.exchange.awaits(packet),
            };
            fits.then_some(number)
        })
    }

    /// The authentication that an Access-Request belongs to.
    fn asking(
        &self,
        request: &Key,
        state: Option<&Key>,
        station: Option<&Key>,
        packet: &Packet<'_>,
    ) -> Option<u32> {
        let find = |key: Option<&Key>, fits: fn(&Exchange<O>, &Packet<'_>) -> bool| {
            let number = *self.index.get(key?)?;
            fits(&self.known.get(&number)?.exchange, packet).then_some(number)
        };
        find(Some(request), Exchange::repeats)
            .or_else(|| find(state, |_, _| true))
            // A server need not give a state, and the challenge that gave it may be lost.
            .or_else(|| find(station, |exchange, packet| !exchange.is_over_with(packet)))
    }

    /// The authentication found, or a new one where the packet begins another; `None` when the
    /// packet says nothing new.
    fn or_another(
        &mut self,
        found: Option<u32>,
        packet: &Packet<'_>,
        seen: Parties,
        done: &mut impl FnMut(Ended<O>),
    ) -> Option<u32> {
        if let Some((number, known)) =
            found.and_then(|number| Some((number, self.known.get_mut(&number)?)))
        {
            if !known.exchange.is_over_with(packet) {
                known.parties.learn(seen);
                return (!known.exchange.has_seen(packet)).then_some(number);
            }
            known.end(number, Missing::Truncated, done);
            self.forget(number);
        }
        if matches!(packet.content, Content::Nothing) {
            return None;
        }
        let number = self.next;
        self.next = self.next.checked_add(1)?;
        let exchange = Exchange::default();
        let fresh = Authentication { exchange, parties: seen, keys: Vec::new(), counted: 0 };
        self.known.insert(number, fresh);
        Some(number)
    }

    /// Lets the authentication be found by `key`, and no other any more.
    fn name(&mut self, number: u32, key: Key) {
        let Some(known) = self.known.get_mut(&number) else { return };
        if self.index.get(&key) == Some(&number) {
            return;
        }
        known.keys.retain(|old| {
            let keep = !key.replaces(old) && key != *old;
            if !keep && self.index.get(old) == Some(&number) {
                self.index.remove(old);
            }
            keep
        });
        known.keys.push(key.clone());
        self.index.insert(key, number);
    }

    fn take(
        &mut self,
        number: u32,
        packet: &Packet<'_>,
        origin: Origin,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let Some(known) = self.known.get_mut(&number) else { return };
        known.exchange.take(packet, origin);
        if known.exchange.verdict.is_some() {
            known.end(number, Missing::Lost, done);
        }
        let now = known.buffered();
        let before = std::mem::replace(&mut known.counted, now);
        self.counted = self.counted.saturating_sub(before).saturating_add(known.counted);
        while self.counted > MAX_AUTHENTICATION_BYTES || self.known.len() > MAX_AUTHENTICATIONS {
            // An authentication lasts seconds: the oldest is the first to have been given up.
            let Some((&oldest, known)) = self.known.iter_mut().next() else { return };
            if known.exchange.verdict.is_none() {
                self.evicted = self.evicted.saturating_add(1);
            }
            known.end(oldest, Missing::Limit, done);
            self.forget(oldest);
        }
    }

    fn forget(&mut self, number: u32) {
        let Some(known) = self.known.remove(&number) else { return };
        self.counted = self.counted.saturating_sub(known.counted);
        for key in &known.keys {
            if self.index.get(key) == Some(&number) {
                self.index.remove(key);
            }
        }
    }
}

impl<O: Observer> Authentication<O> {
    /// Bytes of memory that it takes.
    fn buffered(&self) -> usize {
        // Names of RADIUS are at most 253 bytes long.
        const KEY: usize = 2 * size_of::<Key>() + 64;
        size_of::<Self>()
            .saturating_add(self.keys.len().saturating_mul(KEY))
            .saturating_add(self.parties.buffered())
            .saturating_add(self.exchange.buffered())
    }

    /// Hands over what was heard, unless that was done.
    fn end(&mut self, number: u32, why: Missing, done: &mut impl FnMut(Ended<O>)) {
        self.exchange.finish(why);
        let (Some(observer), Some(method)) = (self.exchange.observer.take(), self.exchange.method)
        else {
            return;
        };
        let identity = self.exchange.identity.as_deref().or(self.parties.user());
        let identity = identity.filter(|name| !name.is_empty()).map(escaped);
        done(Ended {
            number,
            parties: self.parties.names(identity.as_deref()),
            peer_mac: self.parties.peer_mac(),
            method,
            identity,
            verdict: self.exchange.verdict,
            captured: self.exchange.captured,
            evicted: why == Missing::Limit,
            observer,
        });
    }
}
