//! All UDP conversations of a capture.

use std::hash::Hash;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::Listener;
use crate::limits::{MAX_FLOWS, MAX_LISTENED};
use crate::packet::Datagram;
use crate::stream::key::{AnyKey, Key, V4, V6, key};
use crate::stream::{Around, Ended, Endpoint, Origin, PerSide, Side, Who};

#[derive(Debug)]
struct Flow<L> {
    number: u32,
    last_frame: u64,
    captured: PerSide<bool>,
    /// Boxed, because few conversations come through a tunnel.
    around: Option<Box<Around>>,
    /// Its rows were handed over; it stays to keep its number.
    closed: bool,
    listener: Option<Box<L>>,
}

impl<L: Listener> Flow<L> {
    fn new(number: u32) -> Self {
        Self {
            number,
            last_frame: 0,
            captured: PerSide::default(),
            around: None,
            closed: false,
            listener: None,
        }
    }

    /// Takes the next datagram; the change in bytes of memory held, before and after.
    fn take(&mut self, datagram: &Datagram<'_>, side: Side, origin: Origin) -> (usize, usize) {
        self.last_frame = origin.frame;
        if !*self.captured.of(side) {
            *self.captured.of_mut(side) = true;
            if !*self.captured.of(side.other()) {
                self.around = Around::of(datagram.outer, side);
            }
        }
        let before = self.buffered();
        if self.closed {
            return (before, before);
        }
        if self.listener.is_none() {
            self.listener = L::opens_with(datagram.payload).map(Box::new);
        }
        if let Some(listener) = &mut self.listener {
            listener.datagram(side, datagram.payload, datagram.payload_length, origin);
            if !listener.is_listening() {
                self.listener = None;
            }
        }
        (before, self.buffered())
    }

    fn buffered(&self) -> usize {
        self.listener.as_ref().map_or(0, |listener| listener.buffered())
    }

    fn close(
        &mut self,
        endpoints: PerSide<Endpoint>,
        evicted: bool,
        done: &mut impl FnMut(Ended<L>),
    ) {
        if let Some(listener) = self.listener.take() {
            self.closed = true;
            done(Ended {
                number: self.number,
                parties: endpoints.map(Who::Endpoint),
                around: self.around.take(),
                captured: self.captured,
                end: None,
                evicted,
                observer: listener,
            });
        }
    }
}

/// The UDP conversations of a capture, each with a listener where its datagrams deserved one.
#[derive(Debug)]
pub struct Flows<L> {
    v4: HashMap<Key<V4>, Flow<L>>,
    v6: HashMap<Key<V6>, Flow<L>>,
    next_number: u32,
    /// Bytes of memory that listeners take.
    buffered: usize,
    /// Conversations with a listener that were let go to bound memory.
    pub evicted: u64,
    /// Conversations without one that had to be forgotten. Datagrams of theirs that come later
    /// begin another.
    pub forgotten: u64,
}

impl<L> Default for Flows<L> {
    fn default() -> Self {
        Self {
            v4: HashMap::new(),
            v6: HashMap::new(),
            next_number: 0,
            buffered: 0,
            evicted: 0,
            forgotten: 0,
        }
    }
}

impl<L: Listener> Flows<L> {
    /// How many conversations there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.next_number
    }

    /// Takes the next datagram of the capture; `done` receives conversations that had to be let
    /// go.
    pub fn datagram(
        &mut self,
        datagram: &Datagram<'_>,
        origin: Origin,
        done: &mut impl FnMut(Ended<L>),
    ) {
        let from = (datagram.source, datagram.source_port);
        let to = (datagram.destination, datagram.destination_port);
        let Some((key, side)) = key(from, to) else { return };
        let next = &mut self.next_number;
        let (before, after) = match key {
            AnyKey::V4(key) => flow(&mut self.v4, key, next).take(datagram, side, origin),
            AnyKey::V6(key) => flow(&mut self.v6, key, next).take(datagram, side, origin),
        };
        self.buffered = self.buffered.saturating_add(after).saturating_sub(before);
        if self.buffered > MAX_LISTENED {
            self.close_older_half(done);
        }
        self.bound_number(done);
    }

    /// A conversation that a frame tells of without bringing a datagram to listen to: it has a
    /// number, should nothing else be seen of it.
    pub fn mention(
        &mut self,
        from: (IpAddr, u16),
        to: (IpAddr, u16),
        frame: u64,
        done: &mut impl FnMut(Ended<L>),
    ) {
        let next = &mut self.next_number;
        match key(from, to) {
            Some((AnyKey::V4(key), _)) => flow(&mut self.v4, key, next).last_frame = frame,
            Some((AnyKey::V6(key), _)) => flow(&mut self.v6, key, next).last_frame = frame,
            None => {}
        }
        self.bound_number(done);
    }

    #[inline]
    fn bound_number(&mut self, done: &mut impl FnMut(Ended<L>)) {
        if self.v4.len().saturating_add(self.v6.len()) > MAX_FLOWS {
            self.forget_older_half(done);
        }
    }

    /// The capture has ended: everything that is left is handed over, in order of conversation.
    pub fn finish(&mut self, done: &mut impl FnMut(Ended<L>)) {
        self.close_up_to(u64::MAX, false, done);
    }

    /// Hands over the conversations listened to that were last heard of at `frame` or before.
    fn close_up_to(&mut self, frame: u64, evicted: bool, done: &mut impl FnMut(Ended<L>)) {
        let mut old: Vec<(PerSide<Endpoint>, &mut Flow<L>)> = Vec::new();
        let wanted = |flow: &Flow<L>| flow.listener.is_some() && flow.last_frame <= frame;
        for (key, flow) in self.v4.iter_mut().filter(|(_, flow)| wanted(flow)) {
            old.push((key.endpoints(), flow));
        }
        for (key, flow) in self.v6.iter_mut().filter(|(_, flow)| wanted(flow)) {
            old.push((key.endpoints(), flow));
        }
        old.sort_unstable_by_key(|(_, flow)| flow.number);
        for (endpoints, flow) in old {
            self.evicted = self.evicted.saturating_add(u64::from(evicted));
            self.buffered = self.buffered.saturating_sub(flow.buffered());
            flow.close(endpoints, evicted, done);
        }
    }

    fn close_older_half(&mut self, done: &mut impl FnMut(Ended<L>)) {
        let listened = |flow: &&Flow<L>| flow.listener.is_some();
        let v4 = self.v4.values().filter(listened).map(|flow| flow.last_frame);
        let v6 = self.v6.values().filter(listened).map(|flow| flow.last_frame);
        if let Some(middle) = median(v4.chain(v6).collect()) {
            self.close_up_to(middle, true, done);
        }
    }

    fn forget_older_half(&mut self, done: &mut impl FnMut(Ended<L>)) {
        let v4 = self.v4.values().map(|flow| flow.last_frame);
        let v6 = self.v6.values().map(|flow| flow.last_frame);
        let Some(middle) = median(v4.chain(v6).collect()) else { return };
        self.close_up_to(middle, true, done);
        let before = self.v4.len().saturating_add(self.v6.len());
        self.v4.retain(|_, flow| flow.last_frame > middle);
        self.v6.retain(|_, flow| flow.last_frame > middle);
        let gone = before.saturating_sub(self.v4.len().saturating_add(self.v6.len()));
        self.forgotten = self.forgotten.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
    }
}

/// The conversation of a key, a new one where it is the first time.
#[inline]
fn flow<'a, A: Eq + Hash, L: Listener>(
    map: &'a mut HashMap<Key<A>, Flow<L>>,
    key: Key<A>,
    next_number: &mut u32,
) -> &'a mut Flow<L> {
    map.entry(key).or_insert_with(|| {
        let number = *next_number;
        *next_number = next_number.saturating_add(1);
        Flow::new(number)
    })
}

fn median(mut frames: Vec<u64>) -> Option<u64> {
    let middle = frames.len() / 2;
    (middle < frames.len()).then(|| *frames.select_nth_unstable(middle).1)
}
