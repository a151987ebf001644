//! Segments of one direction that came before their turn, in the order of their sequence numbers.

use std::collections::VecDeque;

use super::Origin;
use super::payload::{Payload, distance};

/// A segment that came too early.
#[derive(Debug)]
pub(super) struct Early {
    pub sequence: u32,
    /// Length as sent; more than `bytes` when the packet was cut.
    pub length: u32,
    bytes: Box<[u8]>,
    pub origin: Origin,
    /// Where the other side's bytes have to be before its turn comes.
    pub answers: Option<u32>,
}

impl Early {
    pub(super) fn payload(&self) -> Payload<'_> {
        Payload {
            sequence: self.sequence,
            length: self.length,
            bytes: &self.bytes,
            origin: self.origin,
            answers: self.answers,
        }
    }

    /// Bytes of memory that it takes.
    fn memory(&self) -> usize {
        size_of::<Self>().saturating_add(self.bytes.len())
    }
}

/// All of them. What is asked of every segment, the first of them and the memory of all, takes the same
/// time however many wait: somebody may send thousands to make each more expensive than the one before.
#[derive(Debug, Default)]
pub(super) struct Queue {
    segments: VecDeque<Early>,
    /// Bytes of memory that they take.
    memory: usize,
}

impl Queue {
    pub(super) fn first(&self) -> Option<&Early> {
        self.segments.front()
    }

    pub(super) fn first_mut(&mut self) -> Option<&mut Early> {
        self.segments.front_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Early> {
        self.segments.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Early> {
        self.segments.iter_mut()
    }

    /// Keeps a segment in its place; false where it is a repetition of one that is there.
    pub(super) fn insert(&mut self, payload: Payload<'_>) -> bool {
        let goes_before = |early: &Early| distance(early.sequence, payload.sequence) >= 0;
        let at = self.segments.partition_point(goes_before);
        let before = at.checked_sub(1).and_then(|before| self.segments.get(before));
        if before.is_some_and(|early| {
            early.sequence == payload.sequence && early.length >= payload.length
        }) {
            return false;
        }
        let early = Early {
            sequence: payload.sequence,
            length: payload.length,
            bytes: payload.bytes.into(),
            origin: payload.origin,
            answers: payload.answers,
        };
        self.memory = self.memory.saturating_add(early.memory());
        self.segments.insert(at, early);
        true
    }

    /// The first one, if `ready` says that its turn has come.
    pub(super) fn pop_if(&mut self, ready: impl Fn(&Early) -> bool) -> Option<Early> {
        self.first().filter(|early| ready(early))?;
        let early = self.segments.pop_front()?;
        self.memory = self.memory.saturating_sub(early.memory());
        Some(early)
    }
}
