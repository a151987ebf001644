//! What a segment brings, and how far sequence numbers are apart.

use super::Origin;

/// A segment's payload on its way in.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a> {
    pub sequence: u32,
    pub length: u32,
    pub bytes: &'a [u8],
    pub origin: Origin,
    /// What it acknowledges, where the other side has not been seen to send so much.
    pub answers: Option<u32>,
}

impl Payload<'_> {
    /// The sequence number behind it.
    pub(super) fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.length)
    }
}

/// How far `to` is ahead of `from`; negative when it lies behind. Sequence numbers wrap.
#[inline]
pub(super) fn distance(from: u32, to: u32) -> i32 {
    i32::from_ne_bytes(to.wrapping_sub(from).to_ne_bytes())
}
