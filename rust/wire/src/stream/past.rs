//! What stays known of a connection whose rows were handed over: enough to tell its late packets
//! from another connection between the same ends.

use super::{PerSide, Side};
use crate::packet::Segment;

/// How a side of a connection began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beginning {
    /// Sequence number before the first byte, as Wireshark's `base_seq`.
    pub base: u32,
    /// A packet of this side was captured.
    pub seen: bool,
    /// Bytes of it were handed over, missing ones included.
    pub spoke: bool,
}

impl Beginning {
    /// Whether a SYN of this side begins another connection: its sequence number is not this one's.
    /// `peer` is how the other side began.
    pub(super) fn is_not_of(self, syn: &Segment<'_>, peer: Self) -> bool {
        if !self.seen || self.base == syn.sequence {
            return false;
        }
        if !syn.flags.ack() {
            return true;
        }
        // A SYN with ACK answers, it does not begin: another number before any byte was sent, or to
        // the SYN that is known, is another answer. Else it belongs to a connection whose own SYN
        // was not captured.
        let same_syn = peer.seen && syn.acknowledgement == peer.base.wrapping_add(1);
        self.spoke && !same_syn
    }
}

/// A connection that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub last_frame: u64,
    sides: PerSide<Beginning>,
}

impl Past {
    pub(super) fn new(last_frame: u64, sides: PerSide<Beginning>) -> Self {
        Self { last_frame, sides }
    }

    /// Takes a late segment; false when it begins another connection between the same ends.
    pub(super) fn take(&mut self, segment: &Segment<'_>, side: Side, frame: u64) -> bool {
        let peer = *self.sides.of(side.other());
        let beginning = self.sides.of_mut(side);
        let syn = segment.flags.syn();
        if syn && beginning.is_not_of(segment, peer) {
            return false;
        }
        self.last_frame = frame;
        if !beginning.seen {
            beginning.seen = true;
            beginning.base = segment.sequence.wrapping_sub(1);
        }
        if syn && !beginning.spoke {
            beginning.base = segment.sequence;
        }
        true
    }
}
