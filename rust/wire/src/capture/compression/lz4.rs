//! lz4 frames.

use std::io::{ErrorKind as IoErrorKind, Read};

use lz4_flex::frame::FrameDecoder;

use super::{Compression, LOOKAHEAD, cut, damaged, skip_frame, skippable, trailing};
use crate::capture::input::Input;
use crate::error::ErrorKind;

/// lz4 frames one after the other.
pub(super) struct Lz4<R: Read> {
    decoder: Box<FrameDecoder<Input<R>>>,
    in_frame: bool,
    legacy: bool,
}

impl<R: Read> Lz4<R> {
    pub(super) fn new(input: Input<R>) -> Self {
        Self { decoder: Box::new(FrameDecoder::new(input)), in_frame: false, legacy: false }
    }

    /// How many bytes of the file have been read.
    pub(super) fn stored(&self) -> u64 {
        self.decoder.get_ref().stored()
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            match self.decoder.read(out) {
                Ok(0) => {
                    // The decoder calls a file that ends between two blocks a finished frame. Only
                    // the old format ends like that.
                    if self.decoder.get_ref().ended() && !self.legacy {
                        return Err(cut("lz4"));
                    }
                    self.in_frame = false;
                }
                Ok(count) => return Ok(count.min(out.len())),
                Err(error) => {
                    return Err(match self.decoder.get_mut().take_failure() {
                        Some(failure) => failure,
                        None if error.kind() == IoErrorKind::UnexpectedEof => cut("lz4"),
                        None => damaged("lz4"),
                    });
                }
            }
        }
    }

    /// Begins the next frame; false where the file ends.
    fn next_frame(&mut self) -> Result<bool, ErrorKind> {
        let input = self.decoder.get_mut();
        loop {
            let bytes = input.peek(LOOKAHEAD)?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if Compression::recognise(bytes) == Some(Compression::Lz4) {
                self.legacy = bytes.first() == Some(&0x02);
                self.in_frame = true;
                return Ok(true);
            }
            if let Some(length) = skippable(bytes) {
                skip_frame(input, length)?;
                continue;
            }
            match bytes.iter().take_while(|byte| **byte == 0).count() {
                0 => return Err(trailing("lz4")),
                zeros => input.consume(zeros),
            }
        }
    }
}
