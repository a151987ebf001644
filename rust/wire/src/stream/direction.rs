//! One direction of a connection: which byte comes next, and segments that came too early.
//!
//! A segment comes too early before the bytes that precede it, and before the bytes of the other side
//! that it acknowledges: where two interfaces or two clocks made one capture, the answer may stand
//! before the question.

use super::early::{Early, Queue};
use super::past::Beginning;
use super::payload::{Payload, distance};
use super::{Missing, Origin};
use crate::limits::{
    MAX_AHEAD, MAX_HELD_SEGMENTS, MAX_PENDING_BYTES, MAX_PENDING_BYTES_BEFORE_TLS,
    MAX_PENDING_SEGMENTS, MAX_WAITING_SEGMENTS,
};

/// A direction's place in its sequence space.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// Sequence number before the first byte, as Wireshark's `base_seq`.
    pub base: u32,
    /// Sequence number of the next byte.
    next: u32,
    /// Where the sender was when it sent its furthest segment, that included.
    sent: u32,
    /// What the other side has acknowledged of this direction, once `is_acknowledged`: two fields,
    /// because an option of it would make a connection a size larger.
    acknowledged: u32,
    is_acknowledged: bool,
    /// Bytes handed over, missing ones included.
    pub delivered: u32,
    /// A packet of this side was captured.
    pub seen: bool,
    /// None was, and yet the other side tells where it began.
    expected: bool,
    /// Its SYN was captured.
    pub syn: bool,
    /// The other side acknowledged its SYN: another one with another number is a stray.
    agreed: bool,
    /// Its FIN was captured.
    pub fin: bool,
    /// Where its first FIN or RST says that the bytes end.
    pub ends_at: Option<u32>,
    /// `next` is known.
    anchored: bool,
    /// Some early segment waits for bytes of the other side.
    pub waits: bool,
    /// Bytes jumped over while only counting, that may still come.
    holes: u32,
    /// Boxed, because hardly any of the hundreds of thousands of directions has one.
    pending: Option<Box<Queue>>,
}

/// What comes out of a direction, in order.
pub(super) enum Delivery<'a> {
    Bytes(&'a [u8], Origin),
    Missing(u32, Missing, Origin),
}

impl Direction {
    /// The SYN fixes where the bytes begin, unless the other side agreed to another one.
    pub(super) fn open(&mut self, sequence: u32) {
        self.syn = true;
        if self.delivered == 0 && !self.agreed {
            self.base = sequence;
            self.next = sequence.wrapping_add(1);
            self.sent = self.next;
            self.anchored = true;
        }
    }

    /// Whether a SYN with this number is none of this connection: the other side agreed to another.
    pub(super) fn is_stray(&self, sequence: u32) -> bool {
        self.agreed && sequence != self.base
    }

    /// The other side, whose SYN was captured if `from_start`, says that it has everything before
    /// `acknowledgement`.
    #[inline]
    pub(super) fn acknowledge(&mut self, acknowledgement: u32, from_start: bool) {
        if !self.seen && from_start && !self.is_acknowledged {
            self.sent = acknowledgement;
            self.expected = true;
        }
        if !self.anchored {
            self.acknowledged = acknowledgement;
            self.is_acknowledged = true;
        } else if self.delivered == 0 && self.syn && acknowledgement == self.next {
            self.agreed = true;
        }
    }

    /// Its first segment.
    pub(super) fn begin(&mut self, sequence: u32) {
        self.seen = true;
        self.expected = false;
        self.base = sequence.wrapping_sub(1);
        self.sent = sequence;
    }

    /// A segment of this direction ends there.
    #[inline]
    pub(super) fn sends_to(&mut self, end: u32) {
        if distance(self.sent, end) > 0 {
            self.sent = end;
        }
    }

    /// An acknowledgement of bytes that this direction has not been seen to send; the one who
    /// received them was faster in the capture, or they are not in it.
    #[inline]
    pub(super) fn unseen(&self, acknowledgement: u32) -> Option<u32> {
        let ahead = u32::try_from(distance(self.sent, acknowledgement)).ok()?;
        let known = self.seen || self.expected;
        (known && (1..=MAX_AHEAD).contains(&ahead)).then_some(acknowledgement)
    }

    /// Hands over what waited for the other side to send all before `sent`. If that side has
    /// acknowledged what waits without sending so much, the bytes are not in the capture. False where
    /// nothing can be handed over yet.
    pub(super) fn release(
        &mut self,
        sent: u32,
        acknowledged: Option<u32>,
        mut deliver: impl FnMut(Delivery<'_>),
    ) -> bool {
        if let Some(head) = self.pending.as_ref().and_then(|pending| pending.first()) {
            let came = head.answers.is_none_or(|answers| distance(sent, answers) <= 0);
            let has = acknowledged.is_some_and(|it| distance(head.sequence, it) > 0);
            if self.anchored && (distance(self.next, head.sequence) > 0 || !came && !has) {
                return false;
            }
        }
        self.waits = false;
        for early in self.pending.iter_mut().flat_map(|pending| pending.iter_mut()) {
            let came = early.answers.is_some_and(|answers| distance(sent, answers) <= 0);
            let has = |acknowledged| distance(early.sequence, acknowledged) > 0;
            if came || acknowledged.is_some_and(has) {
                early.answers = None;
            }
            self.waits |= early.answers.is_some();
        }
        if self.anchored {
            self.drain(&mut deliver);
        }
        true
    }

    /// Bytes before its early segments are still to come.
    pub(super) fn has_hole(&self) -> bool {
        let first = self.pending.as_ref().and_then(|pending| pending.first());
        first.is_some_and(|early| distance(self.next, early.sequence) > 0)
    }

    /// Hands over what waits for the other side, whatever comes of that.
    pub(super) fn wait_no_more(&mut self, mut deliver: impl FnMut(Delivery<'_>)) {
        for early in self.pending.iter_mut().flat_map(|pending| pending.iter_mut()) {
            early.answers = None;
        }
        self.waits = false;
        if self.anchored {
            self.drain(&mut deliver);
        }
    }

    /// Hands over what waits for a side that nothing has been seen of, if that is much.
    pub(super) fn stop_waiting(&mut self, deliver: impl FnMut(Delivery<'_>)) {
        let waiting = self.pending.as_ref().map_or(0, |pending| pending.len());
        if waiting > MAX_WAITING_SEGMENTS {
            self.wait_no_more(deliver);
        }
    }

    /// How it began.
    pub(super) fn beginning(&self) -> Beginning {
        Beginning { base: self.base, seen: self.seen, spoke: self.delivered > 0 || self.waits }
    }

    /// Nothing was handed over yet, so the next bytes are the first that we know.
    pub(super) fn at_start(&self) -> bool {
        self.delivered == 0
    }

    /// Bytes of memory that early segments take.
    pub(super) fn buffered(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.memory())
    }

    /// Takes a segment's payload and hands over what is in order now. `opens` tells whether bytes
    /// look like a beginning; `reading` whether somebody is listening already.
    pub(super) fn push(
        &mut self,
        payload: Payload<'_>,
        reading: bool,
        opens: impl Fn(&[u8]) -> bool,
        mut deliver: impl FnMut(Delivery<'_>),
    ) {
        if !self.anchored && !self.anchor(payload, opens) {
            self.hold(payload);
            let held = self.pending.as_ref().map_or(0, |pending| pending.len());
            if held >= MAX_HELD_SEGMENTS {
                self.anchor_at_lowest();
                self.drain(&mut deliver);
            }
            return;
        }
        let ahead = distance(self.next, payload.sequence);
        if ahead > 0 {
            if u32::try_from(ahead).is_ok_and(|ahead| ahead <= MAX_AHEAD) {
                self.hold(payload);
                self.bound(reading, &mut deliver);
            }
            return;
        }
        if payload.answers.is_some() && distance(self.next, payload.end()) > 0 {
            self.hold(payload);
            self.bound(reading, &mut deliver);
            return;
        }
        self.in_order(payload, &mut deliver);
        self.drain(&mut deliver);
    }

    /// Hands over what came too early: the bytes before it are not in the capture.
    pub(super) fn flush(&mut self, mut deliver: impl FnMut(Delivery<'_>)) {
        if !self.anchored {
            self.anchor_at_lowest();
        }
        while self.skip_hole(&mut deliver) {
            self.drain(&mut deliver);
        }
    }

    /// Bytes that should have come before the end of the direction and are not in the capture.
    /// Nothing shows such a hole but the number of the FIN or RST behind it.
    pub(super) fn missing_at_end(&mut self) -> Option<u32> {
        let ends_at = self.ends_at.filter(|_| self.anchored)?;
        let hole = u32::try_from(distance(self.next, ends_at)).ok();
        let hole = hole.filter(|hole| (1..=MAX_AHEAD).contains(hole))?;
        self.next = ends_at;
        Some(hole)
    }

    /// Whether nothing of the payload was there before.
    pub(super) fn is_new(&self, payload: Payload<'_>) -> bool {
        !self.anchored || distance(self.next, payload.sequence) >= 0
    }

    /// Counts a segment's captured bytes that were not there before, without putting them in
    /// order. Exact but for a retransmission that arrives while an earlier hole is open.
    pub(super) fn count(&mut self, payload: Payload<'_>) -> u32 {
        let captured = u32::try_from(payload.bytes.len()).unwrap_or(u32::MAX);
        let ahead = distance(self.next, payload.sequence);
        let end = payload.end();
        let beyond = distance(self.next, end);
        match (u32::try_from(ahead), u32::try_from(beyond)) {
            (Ok(hole), Ok(_)) => {
                if hole <= MAX_AHEAD {
                    self.holes = self.holes.saturating_add(hole);
                    self.next = end;
                }
                captured
            }
            (Err(_), Ok(beyond)) if beyond > 0 => {
                self.next = end;
                let known = payload.length.saturating_sub(beyond);
                captured.saturating_sub(known)
            }
            _ => {
                let filled = captured.min(self.holes);
                self.holes = self.holes.saturating_sub(filled);
                filled
            }
        }
    }

    /// Keeps up with a direction that nobody looks at.
    pub(super) fn follow(&mut self, payload: Payload<'_>) {
        self.pending = None;
        self.count(payload);
        self.holes = 0;
    }

    /// From here on only numbers matter: forgets what came too early and counts it.
    pub(super) fn count_pending(&mut self) -> u32 {
        let Some(pending) = self.pending.take() else { return 0 };
        pending.iter().fold(0, |sum, early| sum.saturating_add(self.count(early.payload())))
    }

    /// Bytes matter again, from this sequence number on.
    pub(super) fn anchor_again(&mut self, sequence: u32) {
        self.next = sequence;
        self.anchored = true;
        self.holes = 0;
    }

    /// Without a SYN: the first byte is where the peer's acknowledgement says, or where something
    /// begins that looks like a beginning. False when that can't be told yet.
    fn anchor(&mut self, payload: Payload<'_>, opens: impl Fn(&[u8]) -> bool) -> bool {
        let acknowledged = self.is_acknowledged.then_some(self.acknowledged);
        let near = acknowledged.filter(|&acknowledged| {
            let ahead = distance(acknowledged, payload.sequence);
            u32::try_from(ahead).is_ok_and(|ahead| ahead <= MAX_AHEAD)
        });
        self.next = match near {
            Some(acknowledged) => acknowledged,
            None if opens(payload.bytes) => payload.sequence,
            None => return false,
        };
        // What is held already may lie before. One byte right before is a keep-alive probe, which
        // repeats the last byte of what came before the capture.
        if let Some(first) = self.pending.as_ref().and_then(|pending| pending.first()) {
            let before = distance(first.sequence, self.next);
            let keep_alive = before == 1 && first.length == 1;
            if before > 0 && !keep_alive {
                self.next = first.sequence;
            }
        }
        self.anchored = true;
        true
    }

    fn anchor_at_lowest(&mut self) {
        if let Some(first) = self.pending.as_ref().and_then(|pending| pending.first()) {
            self.next = first.sequence;
            self.anchored = true;
        }
    }

    fn hold(&mut self, payload: Payload<'_>) {
        if self.pending.get_or_insert_default().insert(payload) {
            self.waits |= payload.answers.is_some();
        }
    }

    /// Keeps the early segments within bounds: a hole that stays open so long was never captured.
    fn bound(&mut self, reading: bool, deliver: &mut impl FnMut(Delivery<'_>)) {
        let most = if reading { MAX_PENDING_BYTES } else { MAX_PENDING_BYTES_BEFORE_TLS };
        while self.pending.as_ref().is_some_and(|pending| pending.len() > MAX_PENDING_SEGMENTS)
            || self.buffered() > most
        {
            if !self.skip_hole(deliver) {
                return;
            }
            self.drain(deliver);
        }
    }

    /// Moves over what the first early segment waits for; false when there is none.
    fn skip_hole(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) -> bool {
        let Some(first) = self.pending.as_mut().and_then(|pending| pending.first_mut()) else {
            return false;
        };
        first.answers = None;
        let (sequence, origin) = (first.sequence, first.origin);
        if let Ok(hole @ 1..) = u32::try_from(distance(self.next, sequence)) {
            self.next = sequence;
            self.delivered = self.delivered.saturating_add(hole);
            deliver(Delivery::Missing(hole, Missing::Lost, origin));
        }
        true
    }

    /// Hands over early segments whose turn has come.
    fn drain(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        let Some(mut pending) = self.pending.take() else { return };
        let ready = |next: u32| {
            move |early: &Early| distance(next, early.sequence) <= 0 && early.answers.is_none()
        };
        while let Some(early) = pending.pop_if(ready(self.next)) {
            self.in_order(early.payload(), deliver);
        }
        if pending.first().is_some() {
            self.pending = Some(pending);
        }
    }

    /// Hands over the part of a payload that is new; it begins at the next byte or before it.
    fn in_order(&mut self, payload: Payload<'_>, deliver: &mut impl FnMut(Delivery<'_>)) {
        let known = self.next.wrapping_sub(payload.sequence);
        let Some(new @ 1..) = payload.length.checked_sub(known) else { return };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let bytes = payload.bytes.get(known..).unwrap_or(&[]);
        self.next = self.next.wrapping_add(new);
        self.delivered = self.delivered.saturating_add(new);
        if !bytes.is_empty() {
            deliver(Delivery::Bytes(bytes, payload.origin));
        }
        let absent = new.saturating_sub(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if absent > 0 {
            deliver(Delivery::Missing(absent, Missing::Truncated, payload.origin));
        }
    }
}
