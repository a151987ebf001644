//! Captures that have to be read as a whole before their first frame can be given: because the
//! table of the frames lies at the end, or because they are not in the order of time.
//!
//! [`Whole`] holds the bytes of such a file, [`Sorting`] puts frames in order. Both keep up to
//! [`MAX_PREPARED`] bytes in memory and the rest in an unnamed temporary file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::num::NonZeroU32;

use tempfile::SpooledTempFile;

use super::Record;
use super::about::About;
use super::source::Source;
use crate::cursor::Cursor;
use crate::error::{Error, ErrorKind};
use crate::limits::{
    JUMP_BLOCK, MAX_PACKET, MAX_PACKET_LENGTH, MAX_PREPARED, READ_BLOCK, RUN_BLOCK,
};

/// All that is known of a frame but its bytes and its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// As in [`super::Frame`], like all others.
    pub ts: Option<i64>,
    pub link_type: u16,
    pub interface: u32,
    pub sender: Option<NonZeroU32>,
    pub original_length: u32,
}

/// Gives the frames of a prepared capture, in order.
pub(super) trait Frames: Send {
    /// The next frame; its bytes are put into `data`, in place of what is there.
    fn next(&mut self, data: &mut Vec<u8>) -> Result<Option<Head>, ErrorKind>;

    /// Adds what is known only when all frames have been given.
    fn finish(&mut self, _about: &mut About) {}

    /// Why the file was not read to its end, once all frames have been given.
    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Numbers that records without a packet took between the last frame and the one before it.
    fn passed(&self) -> u64 {
        0
    }

    /// Where in the file the reading is, for errors.
    fn place(&self) -> u64 {
        0
    }
}

/// A capture whose frames come from [`Frames`].
pub(super) struct Prepared {
    frames: Box<dyn Frames>,
    data: Vec<u8>,
    number: u64,
    interfaces: u32,
    finished: bool,
    pub about: About,
}

impl Prepared {
    pub(super) fn new(frames: impl Frames + 'static, interfaces: u32, about: About) -> Self {
        Self {
            frames: Box::new(frames),
            data: Vec::new(),
            number: 0,
            interfaces,
            finished: false,
            about,
        }
    }

    pub(super) fn frame_numbers(&self) -> u64 {
        self.number
    }

    pub(super) fn interface_count(&self) -> u32 {
        self.interfaces
    }

    /// The next frame, which is put into the window of `source`.
    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Record>, Error> {
        let next = self.frames.next(&mut self.data);
        let (place, number) = (self.frames.place(), self.number);
        let failed = |kind| Error::at(kind, place, number);
        if !matches!(next, Ok(Some(_))) && !self.finished {
            self.finished = true;
            self.frames.finish(&mut self.about);
        }
        let Some(head) = next.map_err(failed)? else {
            let after_frame = self.number;
            return self
                .frames
                .end()
                .map(|()| None)
                .map_err(|error| Error { after_frame, ..error });
        };
        let end = self.data.len().min(MAX_PACKET);
        let data = self.data.get(..end).unwrap_or_default();
        source.replace(data).map_err(failed)?;
        self.number = self.number.saturating_add(self.frames.passed()).saturating_add(1);
        Ok(Some(Record {
            skip: 0,
            end,
            number: self.number,
            ts: head.ts,
            link_type: head.link_type,
            interface: head.interface,
            fcs_length: 0,
            sender: head.sender,
            original_length: head.original_length,
        }))
    }
}

/// All bytes of a file, unpacked where it was compressed.
pub(super) struct Whole {
    file: SpooledTempFile,
    length: u64,
    /// A piece of it, for what is read in small steps one after the other.
    piece: Vec<u8>,
    piece_at: u64,
    /// Bytes read at a time: the more, the longer the steps go forwards. A file whose tables make
    /// the reader jump about costs little for each jump.
    ahead: usize,
}

/// Bytes that become a [`Whole`].
pub(super) struct Gathering {
    file: SpooledTempFile,
    length: u64,
}

impl Gathering {
    fn new(in_memory: usize) -> Self {
        Self { file: SpooledTempFile::new(in_memory), length: 0 }
    }

    /// One of some members of an archive, which share the memory.
    pub(super) fn of_member() -> Self {
        Self::new(MAX_PREPARED / 8)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        self.file.write_all(bytes).map_err(temporary)?;
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    pub(super) fn finish(self) -> Whole {
        let Self { file, length } = self;
        Whole { file, length, piece: Vec::new(), piece_at: 0, ahead: JUMP_BLOCK }
    }
}

impl Whole {
    /// Takes all that `source` has left. A file that is cut gives what there is, and why it ended.
    pub(super) fn read<R: Read>(
        source: &mut Source<R>,
    ) -> Result<(Self, Result<(), Error>), ErrorKind> {
        let mut gathering = Gathering::new(MAX_PREPARED);
        loop {
            source.fill(READ_BLOCK);
            let count = source.window().len();
            if count == 0 {
                break;
            }
            gathering.push(source.window())?;
            source.consume(count);
        }
        let end = source.clean_end(0);
        if let Err(Error { kind: ErrorKind::Cancelled, .. }) = end {
            return Err(ErrorKind::Cancelled);
        }
        Ok((gathering.finish(), end))
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes from `at` on: `wanted` of them, fewer where the file ends. `wanted` is bounded by
    /// the callers, each by a constant of [`crate::limits`].
    pub(super) fn at(&mut self, at: u64, wanted: usize) -> Result<&[u8], ErrorKind> {
        let end = at.saturating_add(u64::try_from(wanted).unwrap_or(u64::MAX)).min(self.length);
        let wanted = usize::try_from(end.saturating_sub(at)).unwrap_or_default();
        let held =
            self.piece_at.saturating_add(u64::try_from(self.piece.len()).unwrap_or(u64::MAX));
        if at < self.piece_at || end > held {
            let near = self.piece_at..=held.saturating_add(MAX_PACKET_LENGTH.into());
            let ahead = self.ahead.saturating_mul(2).min(READ_BLOCK);
            self.ahead = if near.contains(&at) { ahead } else { JUMP_BLOCK };
            self.piece.resize(wanted.max(self.ahead), 0);
            self.piece_at = at;
            self.file.seek(SeekFrom::Start(at)).map_err(temporary)?;
            let count = fill(&mut self.file, &mut self.piece)?;
            self.piece.truncate(count);
        }
        let skip = usize::try_from(at.saturating_sub(self.piece_at)).unwrap_or(usize::MAX);
        let to = skip.saturating_add(wanted).min(self.piece.len());
        Ok(self.piece.get(skip..to).unwrap_or_default())
    }
}

/// Puts frames in the order of their times; those without one come first, and frames of the same
/// time in the order in which they were pushed.
pub(super) struct Sorting {
    /// Frames of the current run, as records one after the other.
    run: Vec<u8>,
    /// Time and place of each record of the run.
    index: Vec<(Option<i64>, usize)>,
    /// Runs that are full, sorted, each at a place of `file`.
    runs: Vec<std::ops::Range<u64>>,
    file: Option<File>,
    /// Bytes that a run may take.
    room: usize,
}

/// Bytes of a record before the frame: time and whether there is one, link type, interface, sender,
/// original length, captured length.
const RECORD: usize = 8 + 1 + 2 + 4 + 4 + 4 + 4;

impl Sorting {
    pub(super) fn new() -> Self {
        Self::with_room(MAX_PREPARED)
    }

    fn with_room(room: usize) -> Self {
        Self { run: Vec::new(), index: Vec::new(), runs: Vec::new(), file: None, room }
    }

    /// Takes a frame. Of one that is larger than any packet only the beginning is kept.
    pub(super) fn push(&mut self, head: Head, data: &[u8]) -> Result<(), ErrorKind> {
        let data = data.get(..MAX_PACKET).unwrap_or(data);
        let taken = self.run.len().saturating_add(self.index.len().saturating_mul(24));
        if taken.saturating_add(RECORD).saturating_add(data.len()) > self.room
            && !self.index.is_empty()
        {
            self.spill()?;
        }
        self.index.push((head.ts, self.run.len()));
        write_record(&mut self.run, head, data);
        Ok(())
    }

    /// Writes the run to the file, in order.
    fn spill(&mut self) -> Result<(), ErrorKind> {
        self.index.sort_by_key(|(ts, _)| *ts);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(temporary)?),
        };
        let start = file.stream_position().map_err(temporary)?;
        let mut out = BufWriter::with_capacity(READ_BLOCK, file);
        for (_, at) in &self.index {
            out.write_all(record_at(&self.run, *at)).map_err(temporary)?;
        }
        out.flush().map_err(temporary)?;
        drop(out);
        let end = match &mut self.file {
            Some(file) => file.stream_position().map_err(temporary)?,
            None => start,
        };
        self.runs.push(start..end);
        self.index.clear();
        self.run.clear();
        Ok(())
    }

    /// The frames in order.
    pub(super) fn finish(mut self) -> Result<Sorted, ErrorKind> {
        self.index.sort_by_key(|(ts, _)| *ts);
        let share = MAX_PREPARED.checked_div(self.runs.len()).unwrap_or(RUN_BLOCK);
        let mut runs: Vec<Run> = Vec::new();
        for place in std::mem::take(&mut self.runs) {
            runs.push(Run { place, block: Vec::new(), at: 0, share: share.min(RUN_BLOCK) });
        }
        let mut sorted = Sorted {
            run: self.run,
            index: self.index.into_iter(),
            runs,
            file: self.file,
            heads: BinaryHeap::new(),
        };
        for n in 0..=sorted.runs.len() {
            sorted.look_at(n)?;
        }
        Ok(sorted)
    }
}

/// A sorted run in the file.
struct Run {
    /// What has not been read of it.
    place: std::ops::Range<u64>,
    block: Vec<u8>,
    /// Where the next record is in the block.
    at: usize,
    /// Bytes read at a time.
    share: usize,
}

impl Run {
    /// Makes the block hold `wanted` bytes from the next record on, if there are so many.
    fn fill(&mut self, file: &mut File, wanted: usize) -> Result<bool, ErrorKind> {
        if self.block.len().saturating_sub(self.at) >= wanted {
            return Ok(true);
        }
        self.block.drain(..self.at.min(self.block.len()));
        self.at = 0;
        let held = self.block.len();
        let left = self.place.end.saturating_sub(self.place.start);
        let ask = self.share.max(wanted).saturating_sub(held);
        let ask = ask.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.block.resize(held.saturating_add(ask), 0);
        file.seek(SeekFrom::Start(self.place.start)).map_err(temporary)?;
        file.read_exact(self.block.get_mut(held..).unwrap_or_default()).map_err(temporary)?;
        self.place.start = self.place.start.saturating_add(u64::try_from(ask).unwrap_or(u64::MAX));
        Ok(self.block.len() >= wanted)
    }
}

/// Frames in order: the runs of the file and the last one, which lies in memory, merged.
pub(super) struct Sorted {
    run: Vec<u8>,
    index: std::vec::IntoIter<(Option<i64>, usize)>,
    runs: Vec<Run>,
    file: Option<File>,
    /// Time of the next frame of each run, and which one; the run in memory, pushed last, is the
    /// last one.
    heads: BinaryHeap<Reverse<(Option<i64>, usize)>>,
}

impl Sorted {
    /// Notes the time of the next frame of a run.
    fn look_at(&mut self, n: usize) -> Result<(), ErrorKind> {
        let ts = match (self.runs.get_mut(n), &mut self.file) {
            (Some(run), Some(file)) => {
                if !run.fill(file, RECORD)? {
                    return Ok(());
                }
                let record = run.block.get(run.at..).unwrap_or_default();
                read_head(record).map(|(head, _)| head.ts)
            }
            _ => self.index.as_slice().first().map(|(ts, _)| *ts),
        };
        if let Some(ts) = ts {
            self.heads.push(Reverse((ts, n)));
        }
        Ok(())
    }
}

impl Frames for Sorted {
    fn next(&mut self, data: &mut Vec<u8>) -> Result<Option<Head>, ErrorKind> {
        let Some(Reverse((_, n))) = self.heads.pop() else { return Ok(None) };
        data.clear();
        let head = match (self.runs.get_mut(n), &mut self.file) {
            (Some(run), Some(file)) => {
                let start = run.block.get(run.at..).unwrap_or_default();
                let Some((head, length)) = read_head(start) else { return Ok(None) };
                let record = RECORD.saturating_add(length);
                run.fill(file, record)?;
                let end = run.at.saturating_add(record);
                let from = run.at.saturating_add(RECORD);
                data.extend_from_slice(run.block.get(from..end).unwrap_or_default());
                run.at = end;
                head
            }
            _ => {
                let Some((_, at)) = self.index.next() else { return Ok(None) };
                let record = record_at(&self.run, at);
                let Some((head, _)) = read_head(record) else { return Ok(None) };
                data.extend_from_slice(record.get(RECORD..).unwrap_or_default());
                head
            }
        };
        self.look_at(n)?;
        Ok(Some(head))
    }
}

fn write_record(out: &mut Vec<u8>, head: Head, data: &[u8]) {
    let number = |sender: Option<NonZeroU32>| sender.map_or(0, NonZeroU32::get);
    out.extend_from_slice(&head.ts.unwrap_or_default().to_be_bytes());
    out.push(u8::from(head.ts.is_some()));
    out.extend_from_slice(&head.link_type.to_be_bytes());
    out.extend_from_slice(&head.interface.to_be_bytes());
    out.extend_from_slice(&number(head.sender).to_be_bytes());
    out.extend_from_slice(&head.original_length.to_be_bytes());
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(data);
}

/// The head of the record that `bytes` begin with, and how many bytes of frame follow it.
fn read_head(bytes: &[u8]) -> Option<(Head, usize)> {
    let mut cursor = Cursor::new(bytes);
    let ts = i64::from_be_bytes(cursor.array()?);
    let has_ts = cursor.u8()? != 0;
    let head = Head {
        ts: has_ts.then_some(ts),
        link_type: cursor.u16()?,
        interface: u32::from_be_bytes(cursor.array()?),
        sender: NonZeroU32::new(u32::from_be_bytes(cursor.array()?)),
        original_length: u32::from_be_bytes(cursor.array()?),
    };
    let length = u32::from_be_bytes(cursor.array()?);
    Some((head, usize::try_from(length).unwrap_or(usize::MAX)))
}

/// The record at that place, head and frame.
fn record_at(run: &[u8], at: usize) -> &[u8] {
    let bytes = run.get(at..).unwrap_or_default();
    let length = read_head(bytes).map_or(0, |(_, length)| length.saturating_add(RECORD));
    bytes.get(..length).unwrap_or(bytes)
}

/// Fills `room` as far as there are bytes.
fn fill(file: &mut impl Read, room: &mut [u8]) -> Result<usize, ErrorKind> {
    let mut count = 0_usize;
    while let Some(rest) = room.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => count = count.saturating_add(more),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(temporary(error)),
        }
    }
    Ok(count)
}

/// What to say where the temporary file fails: it is not the capture that cannot be read.
fn temporary(error: std::io::Error) -> ErrorKind {
    let kind = error.kind();
    ErrorKind::Io(std::io::Error::new(
        kind,
        format!("the temporary file beside it: {error} (TMPDIR says where such files go)"),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_in_order_of_time_and_keep_what_they_are(
            frames in prop::collection::vec(
                (prop::option::of(-5_i64..5), any::<(u16, u32, u32, u32)>(),
                 prop::collection::vec(any::<u8>(), 0..80)), 0..60),
            room in 1_usize..4_000,
        ) {
            let mut sorting = Sorting::with_room(room);
            let mut expected = Vec::new();
            for (ts, (link_type, interface, sender, original_length), data) in frames {
                let sender = NonZeroU32::new(sender);
                let head = Head { ts, link_type, interface, sender, original_length };
                sorting.push(head, &data).map_err(|_| TestCaseError::fail("no room"))?;
                expected.push((head, data));
            }
            expected.sort_by_key(|(head, _)| head.ts);
            let mut sorted = sorting.finish().map_err(|_| TestCaseError::fail("no merge"))?;
            let mut data = Vec::new();
            let mut found = Vec::new();
            while let Some(head) =
                sorted.next(&mut data).map_err(|_| TestCaseError::fail("no frame"))?
            {
                found.push((head, data.clone()));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
