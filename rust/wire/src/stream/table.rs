//! All connections of a capture.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::{Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

use super::direction::{Delivery, Direction, Payload};
use super::key::{AnyKey, Key, key};
use super::{Closing, End, Ended, Endpoint, Interest, Observer, Origin, PerSide, Side};
use crate::limits::{CLOSED_LINGER, MAX_BUFFERED, MAX_LOOKED_AT, MAX_STREAMS};
use crate::packet::Segment;

#[derive(Debug)]
struct Stream<O> {
    number: u32,
    last_frame: u64,
    directions: PerSide<Direction>,
    end: Option<End>,
    /// Its rows were handed over; it stays to keep its number and its sequence numbers.
    closed: bool,
    observer: Option<Box<O>>,
}

impl<O: Observer> Stream<O> {
    fn new(number: u32) -> Self {
        Self {
            number,
            last_frame: 0,
            directions: PerSide::default(),
            end: None,
            closed: false,
            observer: None,
        }
    }

    fn buffered(&self) -> usize {
        let observer = self.observer.as_ref().map_or(0, |observer| observer.buffered());
        Side::BOTH
            .iter()
            .fold(observer, |sum, &side| sum.saturating_add(self.directions.of(side).buffered()))
    }

    /// Whether the segment begins another connection between the same ends: a SYN whose sequence
    /// number is not this connection's.
    fn is_reused_by(&self, segment: &Segment<'_>, side: Side) -> bool {
        if !segment.flags.syn() {
            return false;
        }
        let known = self.directions.of(side);
        if !known.seen || known.base == segment.sequence {
            return false;
        }
        // A SYN with ACK answers, it does not begin: another number before any byte was sent is
        // another answer to the same SYN. After that it belongs to a connection whose own SYN was
        // not captured.
        !(segment.flags.ack() && known.at_start())
    }

    /// Takes what the segment says and holds, but for its end.
    fn take(&mut self, segment: &Segment<'_>, side: Side, origin: Origin) {
        if segment.flags.ack() {
            self.directions.of_mut(side.other()).acknowledge(segment.acknowledgement);
        }
        let direction = self.directions.of_mut(side);
        if !direction.seen {
            direction.seen = true;
            direction.base = segment.sequence.wrapping_sub(1);
        }
        let mut sequence = segment.sequence;
        if segment.flags.syn() {
            direction.open(sequence);
            sequence = sequence.wrapping_add(1);
            if self.observer.is_none() {
                // A SYN sent again opens the connection after all: the reset before it refused an
                // earlier attempt, or answered a packet of an older connection.
                self.end = None;
                for side in Side::BOTH {
                    self.directions.of_mut(side).fin = false;
                }
            }
        }
        if segment.payload_length == 0 || self.closed {
            return;
        }
        let payload =
            Payload { sequence, length: segment.payload_length, bytes: segment.payload, origin };
        let was_reset = self.end.is_some_and(|end| end.side == side && end.closing == Closing::Rst);
        if was_reset && !segment.flags.rst() && self.directions.of(side).is_new(payload) {
            // Who resets a connection sends nothing more on it, but for further resets: the reset
            // was not this side's.
            self.end = None;
        }
        self.payload(payload, side);
    }

    fn payload(&mut self, payload: Payload<'_>, side: Side) {
        let direction = self.directions.of_mut(side);
        match &mut self.observer {
            Some(observer) if observer.interest() == Interest::Count => {
                if direction.is_new(payload) && observer.listens_again(payload.bytes) {
                    direction.anchor_again(payload.sequence);
                } else {
                    let count = direction.count(payload);
                    observer.count(side, count);
                    return;
                }
            }
            None if direction.delivered > MAX_LOOKED_AT => {
                // Nobody looks any more, but should TLS begin in the other direction, this one is
                // to be read on from the right place.
                direction.follow(payload);
                return;
            }
            _ => {}
        }
        let mut at_start = direction.at_start();
        let reading = self.observer.is_some();
        let observer = &mut self.observer;
        direction.push(
            payload,
            reading,
            |bytes| O::opens_with(bytes, true),
            |delivery| {
                deliver(observer, side, at_start, delivery);
                at_start = false;
            },
        );
        if self.observer.as_ref().is_some_and(|observer| observer.interest() == Interest::Count) {
            // The others' early segments are no longer put in order, only counted.
            for side in Side::BOTH {
                let count = self.directions.of_mut(side).count_pending();
                if let Some(observer) = &mut self.observer {
                    observer.count(side, count);
                }
            }
        }
    }

    /// Notes a FIN or RST; true when the connection is over.
    #[inline]
    fn note_end(&mut self, segment: &Segment<'_>, side: Side, frame: u64) -> bool {
        let closing = match (segment.flags.rst(), segment.flags.fin()) {
            (true, _) => Closing::Rst,
            (false, true) => Closing::Fin,
            (false, false) => return false,
        };
        self.end.get_or_insert(End { side, closing, frame });
        if closing == Closing::Rst {
            return true;
        }
        self.directions.of_mut(side).fin = true;
        self.directions.of(side.other()).fin
    }

    /// Hands the connection over, unless that was done.
    fn close(
        &mut self,
        endpoints: PerSide<Endpoint>,
        evicted: bool,
        done: &mut impl FnMut(Ended<O>),
    ) {
        if self.closed {
            return;
        }
        self.closed = true;
        for side in Side::BOTH {
            let direction = self.directions.of_mut(side);
            let mut at_start = direction.at_start();
            let observer = &mut self.observer;
            direction.flush(|delivery| {
                deliver(observer, side, at_start, delivery);
                at_start = false;
            });
        }
        if let Some(observer) = self.observer.take() {
            let captured =
                PerSide::new(self.directions.of(Side::A).seen, self.directions.of(Side::B).seen);
            let (number, end) = (self.number, self.end);
            done(Ended { number, endpoints, captured, end, evicted, observer: *observer });
        }
    }
}

/// Passes on what is in order: to the observer, or to a new one where the bytes deserve it.
fn deliver<O: Observer>(
    observer: &mut Option<Box<O>>,
    side: Side,
    at_start: bool,
    delivery: Delivery<'_>,
) {
    match delivery {
        Delivery::Missing(count, why, origin) => {
            if let Some(observer) = observer {
                observer.missing(side, count, why, origin);
            }
        }
        Delivery::Bytes(bytes, origin) => {
            if let Some(listening) = observer {
                listening.data(side, bytes, origin);
                if listening.interest() != Interest::Nothing {
                    return;
                }
                // It was not what it looked like; this segment may be the real beginning.
                *observer = None;
            }
            if O::opens_with(bytes, at_start) {
                let mut listening = Box::new(O::begin(at_start));
                listening.data(side, bytes, origin);
                if listening.interest() != Interest::Nothing {
                    *observer = Some(listening);
                }
            }
        }
    }
    if observer.as_ref().is_some_and(|observer| observer.interest() == Interest::Nothing) {
        *observer = None;
    }
}

/// A connection that has ended, while late packets are waited for.
#[derive(Debug)]
struct EndedAt {
    slot: usize,
    number: u32,
    frame: u64,
    endpoints: PerSide<Endpoint>,
}

/// The connections of a capture, each with its observer where its bytes deserved one.
#[derive(Debug)]
pub struct Streams<O> {
    v4: HashMap<Key<Ipv4Addr>, usize>,
    v6: HashMap<Key<Ipv6Addr>, usize>,
    streams: Vec<Stream<O>>,
    /// Where in `streams` a new one can go.
    free: Vec<usize>,
    /// Streams that ended, and when; what comes late is waited for.
    closing: VecDeque<EndedAt>,
    /// Bytes of memory that early segments and unfinished messages take.
    buffered: usize,
    next_number: u32,
    /// Streams let go to bound memory.
    pub evicted: u64,
    /// Streams without an observer that were open and had to be forgotten. Packets of theirs that
    /// come later begin another stream.
    pub forgotten: u64,
}

impl<O> Default for Streams<O> {
    fn default() -> Self {
        Self {
            v4: HashMap::new(),
            v6: HashMap::new(),
            streams: Vec::new(),
            free: Vec::new(),
            closing: VecDeque::new(),
            buffered: 0,
            next_number: 0,
            evicted: 0,
            forgotten: 0,
        }
    }
}

impl<O: Observer> Streams<O> {
    /// How many connections there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.next_number
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
        let Some((key, side)) = key(segment) else { return };
        self.finish_closed(frame, done);
        let slot = match key {
            AnyKey::V4(key) => self.slot(|this| &mut this.v4, key, side, segment, done),
            AnyKey::V6(key) => self.slot(|this| &mut this.v6, key, side, segment, done),
        };
        let Some(stream) = self.streams.get_mut(slot) else { return };
        stream.last_frame = frame;
        let before = stream.buffered();
        let origin = Origin {
            frame,
            ts,
            source_mac: segment.source_mac,
            destination_mac: segment.destination_mac,
        };
        stream.take(segment, side, origin);
        let after = stream.buffered();
        if stream.note_end(segment, side, frame) && stream.observer.is_some() {
            let endpoints = key.endpoints();
            self.closing.push_back(EndedAt { slot, number: stream.number, frame, endpoints });
        }
        self.buffered = self.buffered.saturating_add(after).saturating_sub(before);
        if self.buffered > MAX_BUFFERED {
            self.close_the_largest(done);
        }
        if self.v4.len().saturating_add(self.v6.len()) > MAX_STREAMS {
            self.evict_older_half(done);
        }
    }

    /// The capture has ended: everything that is left is handed over, in order of stream.
    pub fn finish(&mut self, done: &mut impl FnMut(Ended<O>)) {
        let mut left: Vec<(u32, usize, PerSide<Endpoint>)> = Vec::new();
        for (key, &slot) in &self.v4 {
            left.extend(self.streams.get(slot).map(|s| (s.number, slot, key.endpoints())));
        }
        for (key, &slot) in &self.v6 {
            left.extend(self.streams.get(slot).map(|s| (s.number, slot, key.endpoints())));
        }
        left.sort_unstable_by_key(|&(number, ..)| number);
        for (_, slot, endpoints) in left {
            if let Some(stream) = self.streams.get_mut(slot) {
                stream.close(endpoints, false, done);
            }
        }
    }

    /// The slot of the segment's connection; a new one where it begins one.
    fn slot<A>(
        &mut self,
        map: impl Fn(&mut Self) -> &mut HashMap<Key<A>, usize>,
        key: Key<A>,
        side: Side,
        segment: &Segment<'_>,
        done: &mut impl FnMut(Ended<O>),
    ) -> usize
    where
        A: Copy + Eq + Hash + Ord + Into<std::net::IpAddr>,
    {
        if let Some(&slot) = map(self).get(&key) {
            let reused = self.streams.get(slot).is_some_and(|s| s.is_reused_by(segment, side));
            if !reused {
                return slot;
            }
            // The ports are used again: the old connection is over.
            if let Some(stream) = self.streams.get_mut(slot) {
                let before = stream.buffered();
                stream.close(key.endpoints(), false, done);
                self.buffered = self.buffered.saturating_sub(before);
                *stream = Stream::new(self.next_number);
                self.next_number = self.next_number.saturating_add(1);
            }
            return slot;
        }
        let stream = Stream::new(self.next_number);
        self.next_number = self.next_number.saturating_add(1);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => self.streams.len(),
        };
        match self.streams.get_mut(slot) {
            Some(place) => *place = stream,
            None => self.streams.push(stream),
        }
        map(self).insert(key, slot);
        slot
    }

    /// Hands over the connections that ended long enough ago.
    #[inline]
    fn finish_closed(&mut self, frame: u64, done: &mut impl FnMut(Ended<O>)) {
        while let Some(first) = self.closing.front() {
            if frame.saturating_sub(first.frame) < CLOSED_LINGER {
                return;
            }
            let Some(first) = self.closing.pop_front() else { return };
            let ended = self
                .streams
                .get_mut(first.slot)
                .filter(|s| s.number == first.number && s.end.is_some());
            if let Some(stream) = ended {
                let before = stream.buffered();
                stream.close(first.endpoints, false, done);
                self.buffered = self.buffered.saturating_sub(before);
            }
        }
    }

    /// Hands over the connections that hold the most bytes, until half the bound is free.
    fn close_the_largest(&mut self, done: &mut impl FnMut(Ended<O>)) {
        let keys = self.v4.iter().map(|(key, &slot)| (slot, key.endpoints()));
        let keys = keys.chain(self.v6.iter().map(|(key, &slot)| (slot, key.endpoints())));
        let mut holders: Vec<(usize, u32, usize, PerSide<Endpoint>)> = keys
            .filter_map(|(slot, endpoints)| {
                let stream = self.streams.get(slot)?;
                let held = stream.buffered();
                (held > 0).then_some((held, stream.number, slot, endpoints))
            })
            .collect();
        holders.sort_unstable_by_key(|&(held, number, ..)| (std::cmp::Reverse(held), number));
        for (held, _, slot, endpoints) in holders {
            if self.buffered <= MAX_BUFFERED / 2 {
                return;
            }
            if let Some(stream) = self.streams.get_mut(slot) {
                self.evicted = self.evicted.saturating_add(u64::from(stream.observer.is_some()));
                stream.close(endpoints, true, done);
                self.buffered = self.buffered.saturating_sub(held);
            }
        }
    }

    /// Lets go of the half of the connections that has been silent longest.
    fn evict_older_half(&mut self, done: &mut impl FnMut(Ended<O>)) {
        let mut frames: Vec<u64> =
            self.v4.values().chain(self.v6.values()).filter_map(|&slot| self.last(slot)).collect();
        let middle = frames.len() / 2;
        if middle == 0 {
            return;
        }
        let (_, &mut limit, _) = frames.select_nth_unstable(middle);
        let mut old = Vec::new();
        let streams = &self.streams;
        let is_old = |slot: usize| streams.get(slot).is_some_and(|s| s.last_frame < limit);
        self.v4.retain(|key, &mut slot| {
            let evict = is_old(slot);
            if evict {
                old.push((slot, key.endpoints()));
            }
            !evict
        });
        self.v6.retain(|key, &mut slot| {
            let evict = is_old(slot);
            if evict {
                old.push((slot, key.endpoints()));
            }
            !evict
        });
        old.sort_unstable_by_key(|&(slot, _)| streams.get(slot).map(|s| s.number));
        for (slot, endpoints) in old {
            if let Some(stream) = self.streams.get_mut(slot) {
                let before = stream.buffered();
                let listened = stream.observer.is_some();
                let open = !stream.closed && stream.end.is_none();
                self.evicted = self.evicted.saturating_add(u64::from(listened));
                self.forgotten = self.forgotten.saturating_add(u64::from(open && !listened));
                stream.close(endpoints, true, done);
                self.buffered = self.buffered.saturating_sub(before);
                self.free.push(slot);
            }
        }
    }

    fn last(&self, slot: usize) -> Option<u64> {
        self.streams.get(slot).map(|stream| stream.last_frame)
    }
}
