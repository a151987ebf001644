//! All connections of a capture.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::hash::Hash;
use std::net::IpAddr;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::connection::{Closed, Stream};
use super::key::{AnyKey, Key, V4, V6, key};
use super::past::Past;
use super::{Ended, Endpoint, Observer, Origin, PerSide, Side};
use crate::limits::{CLOSED_LINGER, MAX_BUFFERED, MAX_STREAMS};
use crate::packet::Segment;

/// The connections of one address family. Those that are over have a map of their own, so that the
/// one that every packet asks for stays small.
#[derive(Debug)]
struct Family<E, O> {
    open: HashMap<Key<E>, Box<Stream<O>>>,
    past: HashMap<Key<E>, Past>,
}

/// A connection that has ended, while late packets are waited for.
#[derive(Debug)]
struct EndedAt {
    key: AnyKey,
    number: u32,
    frame: u64,
}

/// What all connections share.
#[derive(Debug, Default)]
struct Ledger {
    next_number: u32,
    /// Streams that ended, and when; what comes late is waited for.
    closing: VecDeque<EndedAt>,
    /// Bytes of memory that early segments and unfinished messages take.
    buffered: usize,
    /// Connections whose beginning was worth listening to and is not in the capture.
    missed: u32,
}

/// The connections of a capture, each with its observer where its bytes deserved one.
#[derive(Debug)]
pub struct Streams<O> {
    v4: Family<V4, O>,
    v6: Family<V6, O>,
    ledger: Ledger,
    /// Streams let go to bound memory.
    pub evicted: u64,
    /// Streams without an observer that were open and had to be forgotten. Packets of theirs that
    /// come later begin another stream.
    pub forgotten: u64,
}

impl<O> Default for Streams<O> {
    fn default() -> Self {
        Self {
            v4: Family::default(),
            v6: Family::default(),
            ledger: Ledger::default(),
            evicted: 0,
            forgotten: 0,
        }
    }
}

impl<O: Observer> Streams<O> {
    /// How many connections there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.ledger.next_number
    }

    /// How many of those that are over have bytes that show that their beginning was worth listening
    /// to, and is not in the capture.
    #[must_use]
    pub fn missed(&self) -> u32 {
        self.ledger.missed
    }

    /// Takes the next segment of the capture; `done` receives connections that nothing more will
    /// come of.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        frame: u64,
        ts: Option<i64>,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let from = (segment.source, segment.source_port);
        let to = (segment.destination, segment.destination_port);
        let Some((key, side)) = key(from, to) else { return };
        self.finish_closed(frame, done);
        let origin = Origin {
            frame,
            ts,
            source_mac: segment.source_mac,
            destination_mac: segment.destination_mac,
        };
        let ledger = &mut self.ledger;
        let numbered = ledger.next_number;
        match key {
            AnyKey::V4(key) => self.v4.segment(key, segment, side, origin, ledger, done),
            AnyKey::V6(key) => self.v6.segment(key, segment, side, origin, ledger, done),
        }
        if self.ledger.buffered > MAX_BUFFERED {
            self.close_the_largest(done);
        }
        if self.ledger.next_number != numbered {
            self.bound_number(done);
        }
    }

    /// A connection that a frame tells of without bringing a segment of it: it has a number, should
    /// nothing else be seen of it.
    pub fn mention(
        &mut self,
        from: (IpAddr, u16),
        to: (IpAddr, u16),
        frame: u64,
        done: &mut impl FnMut(Ended<O>),
    ) {
        match key(from, to) {
            Some((AnyKey::V4(key), _)) => self.v4.mention(key, frame, &mut self.ledger),
            Some((AnyKey::V6(key), _)) => self.v6.mention(key, frame, &mut self.ledger),
            None => {}
        }
        self.bound_number(done);
    }

    #[inline]
    fn bound_number(&mut self, done: &mut impl FnMut(Ended<O>)) {
        if self.v4.len().saturating_add(self.v6.len()) > MAX_STREAMS {
            self.evict_older_half(done);
        }
    }

    /// The capture has ended: everything that is left is handed over, in order of stream.
    pub fn finish(&mut self, done: &mut impl FnMut(Ended<O>)) {
        let v4 = self.v4.open.drain().map(|(key, stream)| (key.endpoints(), stream));
        let v6 = self.v6.open.drain().map(|(key, stream)| (key.endpoints(), stream));
        let mut left: Vec<(PerSide<Endpoint>, Box<Stream<O>>)> = v4.chain(v6).collect();
        left.sort_unstable_by_key(|(_, stream)| stream.number);
        for (endpoints, mut stream) in left {
            self.ledger.note(&stream.close(endpoints, false, done));
        }
    }

    /// Hands over the connections that ended long enough ago.
    #[inline]
    fn finish_closed(&mut self, frame: u64, done: &mut impl FnMut(Ended<O>)) {
        while let Some(first) = self.ledger.closing.front() {
            if frame.saturating_sub(first.frame) < CLOSED_LINGER {
                return;
            }
            let Some(EndedAt { key, number, .. }) = self.ledger.closing.pop_front() else { return };
            let is_over = |stream: &Stream<O>| stream.number == number && stream.end.is_some();
            self.close(key, is_over, false, done);
        }
    }

    /// Hands over the connections that hold the most bytes, until half the bound is free.
    fn close_the_largest(&mut self, done: &mut impl FnMut(Ended<O>)) {
        for stream in self.v4.open.values_mut().chain(self.v6.open.values_mut()) {
            if stream.waits() {
                let before = stream.held;
                stream.wait_no_more();
                self.ledger.buffered =
                    self.ledger.buffered.saturating_add(stream.held).saturating_sub(before);
            }
        }
        if self.ledger.buffered <= MAX_BUFFERED {
            return;
        }
        let v4 = self.v4.open.iter().map(|(&key, stream)| (AnyKey::V4(key), stream));
        let v6 = self.v6.open.iter().map(|(&key, stream)| (AnyKey::V6(key), stream));
        let mut holders: Vec<(usize, u32, AnyKey)> = v4
            .chain(v6)
            .filter(|(_, stream)| stream.held > 0)
            .map(|(key, stream)| (stream.held, stream.number, key))
            .collect();
        holders.sort_unstable_by_key(|&(held, number, _)| (Reverse(held), number));
        for (_, _, key) in holders {
            if self.ledger.buffered <= MAX_BUFFERED / 2 {
                return;
            }
            self.close(key, |_| true, true, done);
        }
    }

    /// Hands a connection over if `when` says so; from then on it is past.
    fn close(
        &mut self,
        key: AnyKey,
        when: impl Fn(&Stream<O>) -> bool,
        evicted: bool,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let stream = match key {
            AnyKey::V4(key) => self.v4.close(key, when, evicted, done),
            AnyKey::V6(key) => self.v6.close(key, when, evicted, done),
        };
        let Some((held, closed)) = stream else { return };
        self.ledger.note(&closed);
        self.ledger.buffered = self.ledger.buffered.saturating_sub(held);
        self.evicted = self.evicted.saturating_add(u64::from(evicted && closed.listened));
    }

    /// Lets go of the half of the connections that has been silent longest.
    fn evict_older_half(&mut self, done: &mut impl FnMut(Ended<O>)) {
        let mut frames: Vec<u64> = self.v4.last_frames().chain(self.v6.last_frames()).collect();
        let middle = frames.len() / 2;
        if middle == 0 {
            return;
        }
        let (_, &mut limit, _) = frames.select_nth_unstable(middle);
        let mut old = self.v4.extract_older(limit);
        old.extend(self.v6.extract_older(limit));
        old.sort_unstable_by_key(|(_, stream)| stream.number);
        for (endpoints, mut stream) in old {
            let (held, open) = (stream.held, stream.end.is_none());
            let closed = stream.close(endpoints, true, done);
            self.ledger.note(&closed);
            self.ledger.buffered = self.ledger.buffered.saturating_sub(held);
            self.evicted = self.evicted.saturating_add(u64::from(closed.listened));
            self.forgotten = self.forgotten.saturating_add(u64::from(open && !closed.listened));
        }
    }
}

impl<E, O> Default for Family<E, O> {
    fn default() -> Self {
        Self { open: HashMap::new(), past: HashMap::new() }
    }
}

impl<E, O: Observer> Family<E, O>
where
    E: Copy + Eq + Hash + Ord + Into<Endpoint>,
    AnyKey: From<Key<E>>,
{
    fn len(&self) -> usize {
        self.open.len().saturating_add(self.past.len())
    }

    /// Takes a segment of the connection `key`.
    #[inline]
    fn segment(
        &mut self,
        key: Key<E>,
        segment: &Segment<'_>,
        side: Side,
        origin: Origin,
        ledger: &mut Ledger,
        done: &mut impl FnMut(Ended<O>),
    ) {
        let Some(stream) = self.open.get_mut(&key) else {
            if let Some(past) = self.past.get_mut(&key) {
                if past.take(segment, side, origin.frame) {
                    return;
                }
                self.past.remove(&key);
            }
            let mut stream = Box::new(Stream::new(ledger.number()));
            Self::take(&mut stream, key, segment, side, origin, ledger);
            self.open.insert(key, stream);
            return;
        };
        if stream.is_reused_by(segment, side) {
            // The ports are used again: the old connection is over.
            ledger.buffered = ledger.buffered.saturating_sub(stream.held);
            ledger.note(&stream.close(key.endpoints(), false, done));
            **stream = Stream::new(ledger.number());
        }
        Self::take(stream, key, segment, side, origin, ledger);
    }

    #[inline]
    fn take(
        stream: &mut Stream<O>,
        key: Key<E>,
        segment: &Segment<'_>,
        side: Side,
        origin: Origin,
        ledger: &mut Ledger,
    ) {
        stream.last_frame = origin.frame;
        let before = stream.held;
        stream.take(segment, side, origin);
        ledger.buffered = ledger.buffered.saturating_add(stream.held).saturating_sub(before);
        if stream.note_end(segment, side, origin.frame) && (stream.is_observed() || stream.waits())
        {
            let ended = EndedAt { key: key.into(), number: stream.number, frame: origin.frame };
            ledger.closing.push_back(ended);
        }
    }

    /// Gives a connection that is not known a number.
    fn mention(&mut self, key: Key<E>, frame: u64, ledger: &mut Ledger) {
        if self.past.contains_key(&key) {
            return;
        }
        if let Entry::Vacant(place) = self.open.entry(key) {
            let mut stream = Stream::new(ledger.number());
            stream.last_frame = frame;
            place.insert(Box::new(stream));
        }
    }

    /// Hands a connection over if `when` says so. Gives what it held and what is left.
    fn close(
        &mut self,
        key: Key<E>,
        when: impl Fn(&Stream<O>) -> bool,
        evicted: bool,
        done: &mut impl FnMut(Ended<O>),
    ) -> Option<(usize, Closed)> {
        let Entry::Occupied(place) = self.open.entry(key) else { return None };
        if !when(place.get()) {
            return None;
        }
        let mut stream = place.remove();
        let held = stream.held;
        let closed = stream.close(key.endpoints(), evicted, done);
        self.past.insert(key, closed.past);
        Some((held, closed))
    }

    fn last_frames(&self) -> impl Iterator<Item = u64> {
        let open = self.open.values().map(|stream| stream.last_frame);
        open.chain(self.past.values().map(|past| past.last_frame))
    }

    /// Takes out what has been silent since before the frame `limit`; of what is past nothing is
    /// left.
    fn extract_older(&mut self, limit: u64) -> Vec<(PerSide<Endpoint>, Box<Stream<O>>)> {
        self.past.retain(|_, past| past.last_frame >= limit);
        let old = self.open.extract_if(|_, stream| stream.last_frame < limit);
        old.map(|(key, stream)| (key.endpoints(), stream)).collect()
    }
}

impl Ledger {
    /// Counts a connection that is over.
    fn note(&mut self, closed: &Closed) {
        self.missed = self.missed.saturating_add(u32::from(closed.missed));
    }

    /// The number of a new connection.
    fn number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        number
    }
}
