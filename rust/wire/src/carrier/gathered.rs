//! The first bytes of a side, up to a bound, wherever segments cut them.

use crate::limits::MAX_DIALOGUE_MESSAGE;

/// Bytes that are not understood yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    /// Bytes of them that came before the last segment.
    earlier: usize,
}

impl Gathered {
    /// Adds the bytes of a segment, as many as there is room for.
    pub(super) fn add(&mut self, segment: &[u8]) {
        self.earlier = self.bytes.len();
        let room = MAX_DIALOGUE_MESSAGE.saturating_sub(self.earlier);
        self.bytes.extend(segment.iter().take(room));
    }

    /// All that there are.
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets all; the first `taken` bytes are understood. How many of them are of the last
    /// segment.
    pub(super) fn take(&mut self, taken: usize) -> usize {
        self.bytes = Vec::new();
        taken.saturating_sub(self.earlier)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether nothing more can be added.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= MAX_DIALOGUE_MESSAGE
    }

    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        self.bytes.capacity()
    }
}
