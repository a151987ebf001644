//! The bytes of a file as stored: counted, looked at before they are taken, interruptions retried.

use std::io::{self, ErrorKind as IoErrorKind, Read};

use crate::error::ErrorKind;
use crate::limits::COMPRESSED_BLOCK;

/// Wraps the source that the caller opened.
pub(super) struct Input<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    stored: u64,
    ended: bool,
    failure: Option<ErrorKind>,
}

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            stored: 0,
            ended: false,
            failure: None,
        }
    }

    /// How many bytes the source has given.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// Whether the source has said that it has no more bytes.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// What went wrong below a decoder that reads through [`io::Read`], if that was it.
    pub(super) fn take_failure(&mut self) -> Option<ErrorKind> {
        self.failure.take()
    }

    /// The next bytes without taking them: at least `wanted`, fewer only where the source ends.
    pub(super) fn peek(&mut self, wanted: usize) -> Result<&[u8], ErrorKind> {
        while self.end.saturating_sub(self.start) < wanted && !self.ended {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end = self.end.saturating_sub(self.start);
                self.start = 0;
            }
            let room = wanted.max(COMPRESSED_BLOCK);
            if self.buffer.len() < room {
                self.buffer.resize(room, 0);
            }
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            let count = read(&mut self.reader, &mut self.stored, &mut self.ended, free)?;
            self.end = self.end.saturating_add(count).min(self.buffer.len());
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// Takes `count` of the bytes that were looked at.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Takes up to `out.len()` bytes; 0 at the end. What was looked at comes first, then the source
    /// fills `out` itself, without a copy in between.
    pub(super) fn read_into(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        if waiting.is_empty() {
            return read(&mut self.reader, &mut self.stored, &mut self.ended, out);
        }
        let count = waiting.len().min(out.len());
        if let (Some(from), Some(to)) = (waiting.get(..count), out.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_into(out).map_err(|failure| {
            self.failure = Some(failure);
            io::Error::other("the source could not be read")
        })
    }
}

/// One read of the source. An interruption is no answer: the source gets the chance to say that the
/// caller wants to stop, and is asked again.
fn read<R: Read>(
    reader: &mut R,
    stored: &mut u64,
    ended: &mut bool,
    out: &mut [u8],
) -> Result<usize, ErrorKind> {
    if *ended || out.is_empty() {
        return Ok(0);
    }
    loop {
        match reader.read(out) {
            Ok(count) => {
                // A reader that claims more than it was given room for has broken its contract.
                let count = count.min(out.len());
                *ended = count == 0;
                *stored = stored.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                return Ok(count);
            }
            Err(error) if error.kind() == IoErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
