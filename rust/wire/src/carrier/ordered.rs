//! Numbered packets in order, each once: what the reliability layers of OpenVPN and RDP-UDP do.

use std::collections::BTreeMap;

use crate::limits::MAX_EARLY_PACKETS;
use crate::stream::Origin;

/// Packets of one direction that are handed on in the order of their numbers.
#[derive(Debug)]
pub struct Ordered {
    next: u32,
    early: BTreeMap<u32, (Vec<u8>, Origin)>,
}

/// What comes next of a direction.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Its next bytes, and where they came from.
    Bytes(Vec<u8>, Origin),
    /// Packets that are not in the capture; where the one behind them came from.
    Lost(Origin),
}

impl Ordered {
    /// The first packet has the number `next`.
    #[must_use]
    pub fn new(next: u32) -> Self {
        Self { next, early: BTreeMap::new() }
    }

    /// Takes a packet. Of one that comes twice the first counts.
    pub fn add(&mut self, number: u32, bytes: &[u8], origin: Origin) {
        // Numbers may wrap; the farther half of them lies behind.
        let ahead = number.wrapping_sub(self.next);
        if ahead < u32::MAX / 2 {
            self.early.entry(ahead).or_insert_with(|| (bytes.to_vec(), origin));
        }
    }

    /// What can be handed on now. A hole that stays open while [`MAX_EARLY_PACKETS`] wait is taken
    /// for lost.
    pub fn pop(&mut self) -> Option<Next> {
        if let Some((bytes, origin)) = self.early.remove(&0) {
            self.advance(1);
            return Some(Next::Bytes(bytes, origin));
        }
        (self.early.len() >= MAX_EARLY_PACKETS).then(|| self.skip()).flatten()
    }

    /// No more packets come: passes over the hole before those that wait.
    pub fn skip(&mut self) -> Option<Next> {
        let (&hole, (_, origin)) = self.early.first_key_value()?;
        let behind = *origin;
        self.advance(hole);
        Some(Next::Lost(behind))
    }

    fn advance(&mut self, by: u32) {
        self.next = self.next.wrapping_add(by);
        let early = std::mem::take(&mut self.early);
        self.early =
            early.into_iter().map(|(at, packet)| (at.saturating_sub(by), packet)).collect();
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.early
            .values()
            .map(|(bytes, _)| bytes.capacity().saturating_add(size_of::<(u32, Vec<u8>, Origin)>()))
            .fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(ordered: &mut Ordered) -> Vec<Next> {
        std::iter::from_fn(|| ordered.pop()).collect()
    }

    #[test]
    fn packets_come_out_in_order_and_once() {
        let mut ordered = Ordered::new(u32::MAX);
        ordered.add(1, b"c", Origin::default());
        ordered.add(0, b"b", Origin::default());
        assert_eq!(all(&mut ordered), []);
        ordered.add(u32::MAX, b"a", Origin::default());
        ordered.add(0, b"x", Origin::default());
        let bytes = |text: &[u8]| Next::Bytes(text.to_vec(), Origin::default());
        assert_eq!(all(&mut ordered), [bytes(b"a"), bytes(b"b"), bytes(b"c")]);
        ordered.add(0, b"b", Origin::default());
        assert_eq!(all(&mut ordered), []);
    }

    #[test]
    fn a_hole_that_stays_open_is_lost() {
        let mut ordered = Ordered::new(1);
        for number in 2..1_000 {
            ordered.add(number, b"later", Origin::default());
            if let Some(next) = ordered.pop() {
                assert_eq!(next, Next::Lost(Origin::default()));
                assert_eq!(usize::try_from(number).unwrap(), MAX_EARLY_PACKETS + 1);
                assert_eq!(all(&mut ordered).len(), MAX_EARLY_PACKETS);
                return;
            }
        }
        panic!("the hole was waited for");
    }
}
