//! One connection: its directions, who listens to it, and how it ended.

use super::direction::{Delivery, Direction};
use super::past::Past;
use super::payload::Payload;
use super::{
    Around, Before, Closing, End, Ended, Endpoint, Interest, Missing, Observer, Origin, PerSide,
    Side, Who,
};
use crate::limits::MAX_LOOKED_AT;
use crate::packet::Segment;

/// A connection of which more may come.
#[derive(Debug)]
pub(super) struct Stream<O> {
    pub number: u32,
    pub last_frame: u64,
    /// The first FIN or RST.
    pub end: Option<End>,
    /// Whose SYN had come by then.
    opened: PerSide<bool>,
    /// Bytes of memory that early segments and unfinished messages take.
    pub held: usize,
    /// What came before the capture, or is missing from it, was worth listening to.
    missed: bool,
    directions: PerSide<Direction>,
    /// Boxed, because few connections come through a tunnel.
    around: Option<Box<Around>>,
    observer: Option<Box<O>>,
}

/// What is left of a connection that was handed over.
pub(super) struct Closed {
    /// Enough to know late packets of it.
    pub past: Past,
    /// Somebody listened, if only to what had been held back.
    pub listened: bool,
    /// Nobody did, and its bytes show that its beginning was worth it.
    pub missed: bool,
}

impl<O: Observer> Stream<O> {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            last_frame: 0,
            end: None,
            opened: PerSide::default(),
            held: 0,
            missed: false,
            directions: PerSide::default(),
            around: None,
            observer: None,
        }
    }

    /// Whether somebody listens.
    pub(super) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    /// Whether the segment begins another connection between the same ends.
    #[inline]
    pub(super) fn is_reused_by(&self, segment: &Segment<'_>, side: Side) -> bool {
        segment.flags.syn() && {
            let peer = self.directions.of(side.other()).beginning();
            self.directions.of(side).beginning().is_not_of(segment, peer)
        }
    }

    /// Takes what the segment says and holds, but for its end.
    pub(super) fn take(&mut self, segment: &Segment<'_>, side: Side, origin: Origin) {
        if segment.flags.ack() {
            let from_start = self.directions.of(side).syn || segment.flags.syn();
            self.directions.of_mut(side.other()).acknowledge(segment.acknowledgement, from_start);
        }
        let direction = self.directions.of_mut(side);
        if !direction.seen {
            direction.begin(segment.sequence);
            if !self.directions.of(side.other()).seen {
                self.around = Around::of(segment.outer, side);
            }
        }
        let direction = self.directions.of_mut(side);
        let mut sequence = segment.sequence;
        if segment.flags.syn() {
            let again = direction.syn && *self.opened.of(side);
            direction.open(sequence);
            sequence = sequence.wrapping_add(1);
            let answered = self.directions.of(side.other()).syn;
            if self.observer.is_none() && !self.waits() && (again || !answered) {
                // A SYN sent again after a reset opens the connection after all: that refused an
                // earlier attempt, or answered a packet of an older connection.
                self.end = None;
                for side in Side::BOTH {
                    let direction = self.directions.of_mut(side);
                    direction.fin = false;
                    direction.ends_at = None;
                }
            }
        }
        let acknowledged = segment.flags.ack().then_some(segment.acknowledgement);
        self.answered(side, sequence, acknowledged);
        let end = segment.end();
        self.directions.of_mut(side).sends_to(end);
        self.segment_payload(segment, side, sequence, origin);
        if !self.directions.of(side).has_hole() {
            self.answered(side, end, None);
        }
    }

    /// Takes the bytes of a segment, the first of which has that number.
    #[inline]
    fn segment_payload(
        &mut self,
        segment: &Segment<'_>,
        side: Side,
        sequence: u32,
        origin: Origin,
    ) {
        if segment.payload_length == 0 {
            return;
        }
        if segment.flags.syn() && self.directions.of(side).is_stray(segment.sequence) {
            return;
        }
        let answers = match segment.flags.ack() {
            true => self.directions.of(side.other()).unseen(segment.acknowledgement),
            false => None,
        };
        let (length, bytes) = (segment.payload_length, segment.payload);
        let payload = Payload { sequence, length, bytes, origin, answers };
        let was_reset = self.end.is_some_and(|end| end.side == side && end.closing == Closing::Rst);
        if was_reset && !segment.flags.rst() && self.directions.of(side).is_new(payload) {
            // Who resets a connection sends nothing more on it, but for further resets: the reset
            // was not this side's.
            self.end = None;
            self.directions.of_mut(side).ends_at = None;
        }
        self.payload(payload, side);
    }

    /// What the other side said in answer to a side that has been seen to send all before `sent`
    /// has its turn now.
    #[inline]
    fn answered(&mut self, by: Side, sent: u32, acknowledged: Option<u32>) {
        let side = by.other();
        if !self.directions.of(side).waits {
            return;
        }
        let released =
            self.held_back(side, |direction, pass| direction.release(sent, acknowledged, pass));
        if released {
            self.settle();
        }
    }

    /// Whether something waits for bytes of the other side.
    pub(super) fn waits(&self) -> bool {
        Side::BOTH.iter().any(|&side| self.directions.of(side).waits)
    }

    /// Hands over what waits for bytes of the other side.
    pub(super) fn wait_no_more(&mut self) {
        for side in Side::BOTH {
            self.held_back(side, |direction, pass| direction.wait_no_more(pass));
        }
        self.settle();
    }

    /// Passes on what `give` takes of a direction that had held it back.
    fn held_back<T>(
        &mut self,
        side: Side,
        give: impl FnOnce(&mut Direction, &mut dyn FnMut(Delivery<'_>)) -> T,
    ) -> T {
        let peer_spoke = !self.directions.of(side.other()).at_start();
        let direction = self.directions.of_mut(side);
        let mut before = Before { at_start: direction.at_start(), peer_spoke };
        let (observer, missed) = (&mut self.observer, &mut self.missed);
        give(direction, &mut |delivery| {
            deliver(observer, missed, side, before, delivery);
            before.at_start = false;
        })
    }

    fn payload(&mut self, payload: Payload<'_>, side: Side) {
        let peer = self.directions.of(side.other());
        let (peer_seen, peer_spoke) = (peer.seen, !peer.at_start());
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
                self.held = self.measure();
                return;
            }
            _ => {}
        }
        let mut before = Before { at_start: direction.at_start(), peer_spoke };
        let reading = self.observer.is_some();
        let (observer, missed) = (&mut self.observer, &mut self.missed);
        let mut take = |delivery: Delivery<'_>| {
            deliver(observer, missed, side, before, delivery);
            before.at_start = false;
        };
        direction.push(payload, reading, |bytes| O::opens_with(bytes, true), &mut take);
        if direction.waits && !peer_seen {
            direction.stop_waiting(take);
        }
        self.settle();
    }

    /// After bytes were handed over.
    fn settle(&mut self) {
        if self.observer.as_ref().is_some_and(|observer| observer.interest() == Interest::Count) {
            // The others' early segments are no longer put in order, only counted.
            for side in Side::BOTH {
                let count = self.directions.of_mut(side).count_pending();
                if let Some(observer) = &mut self.observer {
                    observer.count(side, count);
                }
            }
        }
        self.held = self.measure();
    }

    /// Bytes of memory that early segments and unfinished messages take.
    fn measure(&self) -> usize {
        let observer = self.observer.as_ref().map_or(0, |observer| observer.buffered());
        Side::BOTH
            .iter()
            .fold(observer, |sum, &side| sum.saturating_add(self.directions.of(side).buffered()))
    }

    /// Notes a FIN or RST; true when the connection is over.
    #[inline]
    pub(super) fn note_end(&mut self, segment: &Segment<'_>, side: Side, frame: u64) -> bool {
        let closing = match (segment.flags.rst(), segment.flags.fin()) {
            (true, _) => Closing::Rst,
            (false, true) => Closing::Fin,
            (false, false) => return false,
        };
        if self.end.is_none() {
            self.end = Some(End { side, closing, frame });
            self.opened =
                PerSide::new(self.directions.of(Side::A).syn, self.directions.of(Side::B).syn);
        }
        self.directions
            .of_mut(side)
            .ends_at
            .get_or_insert(segment.sequence.wrapping_add(segment.payload_length));
        if closing == Closing::Rst {
            return true;
        }
        self.directions.of_mut(side).fin = true;
        self.directions.of(side.other()).fin
    }

    /// Hands the connection over.
    pub(super) fn close(
        &mut self,
        endpoints: PerSide<Endpoint>,
        evicted: bool,
        done: &mut impl FnMut(Ended<O>),
    ) -> Closed {
        let frame = self.end.map_or(self.last_frame, |end| end.frame);
        let origin = Origin { frame, ..Origin::default() };
        for side in Side::BOTH {
            self.held_back(side, |direction, pass| {
                direction.flush(&mut *pass);
                if let Some(hole) = direction.missing_at_end() {
                    pass(Delivery::Missing(hole, Missing::Lost, origin));
                }
            });
        }
        let listened = self.observer.is_some();
        let missed = self.missed && !listened;
        if let Some(observer) = self.observer.take() {
            let captured =
                PerSide::new(self.directions.of(Side::A).seen, self.directions.of(Side::B).seen);
            let (number, end, around) = (self.number, self.end, self.around.take());
            let parties = endpoints.map(Who::Endpoint);
            done(Ended { number, parties, around, captured, end, evicted, observer });
        }
        let beginning = |side| self.directions.of(side).beginning();
        let beginnings = PerSide::new(beginning(Side::A), beginning(Side::B));
        Closed { past: Past::new(self.last_frame, beginnings), listened, missed }
    }
}

/// Passes on what is in order: to the observer, or to a new one where the bytes deserve it.
fn deliver<O: Observer>(
    observer: &mut Option<Box<O>>,
    missed: &mut bool,
    side: Side,
    before: Before,
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
                if listening.interest() == Interest::Count && !listening.listens_again(bytes) {
                    listening.count(side, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                    return;
                }
                listening.data(side, bytes, origin);
                if listening.interest() != Interest::Nothing {
                    return;
                }
                // It was not what it looked like; this segment may be the real beginning.
                *observer = None;
            }
            if let Some(listening) = O::open(side, bytes, origin, before) {
                let mut listening = Box::new(listening);
                listening.data(side, bytes, origin);
                if listening.interest() != Interest::Nothing {
                    *observer = Some(listening);
                }
            }
            *missed = *missed || observer.is_none() && O::was_missed(bytes);
        }
    }
    if observer.as_ref().is_some_and(|observer| observer.interest() == Interest::Nothing) {
        *observer = None;
    }
}
