//! Frames for another thread: while one reads the file and finds the frames in it, the other takes
//! them apart.

use std::sync::mpsc::{Receiver, SyncSender};

use super::{Frame, Record};
use crate::error::ErrorKind;
use crate::limits::READ_BLOCK;

/// Frames and the bytes that they lie in.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

impl Batch {
    /// The frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.records
            .iter()
            .map(|record| record.frame(self.bytes.get(record.skip..record.end).unwrap_or_default()))
    }
}

/// The way to the thread that takes the frames.
pub(super) struct Ahead {
    batches: SyncSender<Batch>,
    /// Batches that are used up, for their room.
    spares: Receiver<Batch>,
    gathered: Vec<Record>,
}

impl Ahead {
    pub(super) fn new(batches: SyncSender<Batch>, spares: Receiver<Batch>) -> Self {
        Self { batches, spares, gathered: Vec::new() }
    }

    /// Adds a frame that lies in the buffer, `before` bytes of which are in front of the window.
    #[inline]
    pub(super) fn gather(&mut self, record: Record, before: usize) {
        self.gathered.push(Record {
            skip: record.skip.saturating_add(before),
            end: record.end.saturating_add(before),
            ..record
        });
    }

    /// Hands over what was gathered and the buffer that it lies in, if there is anything. Gives the
    /// buffer to go on with, which begins with a copy of `rest`, what is left of the old one.
    pub(super) fn hand_over(
        &mut self,
        buffer: &mut Vec<u8>,
        rest: std::ops::Range<usize>,
    ) -> Result<bool, ErrorKind> {
        if self.gathered.is_empty() {
            return Ok(false);
        }
        let Batch { mut bytes, mut records } = self.spares.try_recv().unwrap_or_default();
        let left = buffer.get(rest).unwrap_or_default();
        if bytes.len() < left.len().max(READ_BLOCK) {
            bytes.resize(left.len().max(READ_BLOCK), 0);
        }
        if let Some((room, _)) = bytes.split_at_mut_checked(left.len()) {
            room.copy_from_slice(left);
        }
        records.clear();
        let full = Batch {
            bytes: std::mem::replace(buffer, bytes),
            records: std::mem::replace(&mut self.gathered, records),
        };
        // Nobody takes frames any more.
        self.batches.send(full).map_err(|_| ErrorKind::Cancelled)?;
        Ok(true)
    }
}
