//! A window onto the decompressed capture: one reused buffer, parsed where it lies.

use std::io::Read;

use super::Record;
use super::ahead::Ahead;
use super::compression::{Bounds, Compression, Decoder};
use super::input::Input;
use crate::error::{Error, ErrorKind};
use crate::limits::READ_BLOCK;

/// The bytes of the capture from the reader's place on, as far as they have been read.
pub(super) struct Source<R: Read> {
    decoder: Decoder<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where in the capture the buffer begins.
    base: u64,
    /// No more bytes will come.
    ended: bool,
    /// Why no more will come, where that is not simply the end.
    failure: Option<ErrorKind>,
    /// Where frames go that another thread takes.
    ahead: Option<Ahead>,
}

impl<R: Read> Source<R> {
    pub(super) fn open(reader: R, bounds: Bounds) -> Result<Self, Error> {
        let decoder = Decoder::open(Input::new(reader), bounds).map_err(Error::new)?;
        let buffer = Vec::new();
        Ok(Self {
            decoder,
            buffer,
            start: 0,
            end: 0,
            base: 0,
            ended: false,
            failure: None,
            ahead: None,
        })
    }

    /// From here on another thread takes the frames, or none does any more.
    pub(super) fn read_ahead(&mut self, ahead: Option<Ahead>) {
        self.ahead = ahead;
    }

    /// A frame for that thread; it lies in the window.
    #[inline]
    pub(super) fn gather(&mut self, record: Record) {
        if let Some(ahead) = &mut self.ahead {
            ahead.gather(record, self.start);
        }
    }

    /// Hands over the frames found so far, so that none waits while the source is waited for.
    pub(super) fn hand_over(&mut self) -> Result<(), ErrorKind> {
        let Some(ahead) = &mut self.ahead else { return Ok(()) };
        if ahead.hand_over(&mut self.buffer, self.start..self.end)? {
            self.base = self.position();
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        Ok(())
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.decoder.compression()
    }

    /// How much the file may unpack to.
    pub(super) fn bounds(&self) -> Bounds {
        self.decoder.bounds()
    }

    /// Whether that many bytes are too much to unpack from what has been read of the file as it is
    /// stored. Formats that are compressed inside ask it, so that one bound holds for all layers.
    pub(super) fn may_unpack(&self, unpacked: u64) -> Result<(), ErrorKind> {
        self.bounds().broken(unpacked, self.stored(), None).map_or(Ok(()), Err)
    }

    /// How many bytes of the file, as it is stored, have been read.
    pub(super) fn stored(&self) -> u64 {
        self.decoder.stored()
    }

    /// What has been read and not been consumed.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the capture the window begins.
    pub(super) fn position(&self) -> u64 {
        self.base.saturating_add(wide(self.start))
    }

    /// Whether the window holds all that is left.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Puts `data` in place of the window: bytes that come from elsewhere than the file. At most
    /// [`crate::limits::MAX_PACKET`] of them.
    pub(super) fn replace(&mut self, data: &[u8]) -> Result<(), ErrorKind> {
        self.consume(self.window().len());
        if self.buffer.len().saturating_sub(self.end) < data.len() {
            self.hand_over()?;
            self.make_room(data.len());
        }
        let end = self.end.saturating_add(data.len());
        if let Some(room) = self.buffer.get_mut(self.end..end) {
            room.copy_from_slice(data);
            self.end = end;
        }
        Ok(())
    }

    /// Moves the window past `count` bytes that it holds.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Makes the window at least `wanted` bytes long; false where the capture has fewer left.
    /// `wanted` is bounded by the callers, each by a constant of [`crate::limits`].
    #[cold]
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        while self.window().len() < wanted {
            if self.ended {
                return false;
            }
            if let Err(failure) = self.hand_over() {
                self.ended = true;
                self.failure = Some(failure);
                return false;
            }
            self.make_room(wanted);
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.decoder.read(free) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end = self.end.saturating_add(count).min(self.buffer.len()),
                Err(failure) => {
                    self.ended = true;
                    self.failure = Some(failure);
                }
            }
        }
        true
    }

    /// Moves the window past `count` bytes, read or not; false where the capture ends before.
    pub(super) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        loop {
            let here = self.window().len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.consume(here);
            left = left.saturating_sub(wide(here));
            if left == 0 {
                return true;
            }
            if !self.fill(1) {
                return false;
            }
        }
    }

    /// The error to report where the capture ends too early: why no more bytes came, or that it is
    /// cut in the middle of `what`.
    #[cold]
    pub(super) fn end(&mut self, what: &str, after_frame: u64) -> Error {
        let kind = self.failure.take().unwrap_or_else(|| ErrorKind::Cut(what.to_owned()));
        Error::at(kind, self.base.saturating_add(wide(self.end)), after_frame)
    }

    /// What to report where the capture may end: nothing, unless something made it end.
    #[cold]
    pub(super) fn clean_end(&mut self, after_frame: u64) -> Result<(), Error> {
        match self.failure.take() {
            Some(kind) => Err(Error::at(kind, self.position(), after_frame)),
            None => Ok(()),
        }
    }

    /// Frees the end of the buffer. The bytes that move are less than one packet; the buffer grows
    /// only for what is larger than a block, and then by whole blocks: callers that ask for one
    /// byte more at a time must not get it by one byte a system call.
    fn make_room(&mut self, wanted: usize) {
        let held = self.window().len();
        if held == 0
            || self.end == self.buffer.len()
            || self.start.saturating_add(wanted) > self.buffer.len()
        {
            self.buffer.copy_within(self.start..self.end, 0);
            self.base = self.position();
            self.start = 0;
            self.end = held;
        }
        if self.buffer.len() < wanted.max(READ_BLOCK) {
            self.buffer.resize(wanted.div_ceil(READ_BLOCK).max(1).saturating_mul(READ_BLOCK), 0);
        }
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
