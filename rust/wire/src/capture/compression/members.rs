//! gzip, zstd and xz: members, frames or streams one after the other.

use std::io::{Error as IoError, Read};

use flate2::{Decompress, FlushDecompress};
use liblzma::stream::{Action, Error as XzError, Stream as XzStream};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use super::{Compression, LOOKAHEAD, cut, damaged, skip_frame, skippable, trailing};
use crate::capture::input::Input;
use crate::error::ErrorKind;
use crate::limits::{COMPRESSED_BLOCK, XZ_MEMORY, ZSTD_PIECE, ZSTD_WINDOW_LOG};

/// A decompressor that is given input and output a piece at a time.
pub(super) enum Codec {
    Gzip(Decompress),
    Zstd(ZstdDecoder<'static>),
    Xz(XzStream),
}

/// What one call of a decompressor did.
#[derive(Default)]
struct Step {
    taken: usize,
    given: usize,
    finished: bool,
    failure: Option<ErrorKind>,
}

impl Codec {
    pub(super) fn gzip() -> Self {
        Self::Gzip(Decompress::new_gzip(15))
    }

    pub(super) fn zstd() -> Result<Self, ErrorKind> {
        let mut decoder = ZstdDecoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self::Zstd(decoder))
    }

    pub(super) fn xz() -> Result<Self, ErrorKind> {
        match XzStream::new_stream_decoder(XZ_MEMORY, 0) {
            Ok(stream) => Ok(Self::Xz(stream)),
            Err(error) => Err(IoError::from(error).into()),
        }
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
            Self::Xz(_) => Compression::Xz,
        }
    }

    /// Bytes to ask for at a time. zstd does not say how much of its output is good where it fails,
    /// so that all of it is lost: the pieces are small.
    fn piece(&self) -> usize {
        match self {
            Self::Zstd(_) => ZSTD_PIECE,
            Self::Gzip(_) | Self::Xz(_) => COMPRESSED_BLOCK,
        }
    }

    /// Gets ready for a further member.
    fn restart(&mut self) -> Result<(), ErrorKind> {
        match self {
            // zstd starts afresh by itself after the end of a frame.
            Self::Zstd(_) => {}
            Self::Gzip(_) => *self = Self::gzip(),
            Self::Xz(_) => *self = Self::xz()?,
        }
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let name = self.compression().name();
        match self {
            Self::Gzip(inflate) => {
                let (taken, given) = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(input, out, FlushDecompress::None);
                Step {
                    taken: since(inflate.total_in(), taken),
                    given: since(inflate.total_out(), given),
                    finished: matches!(status, Ok(flate2::Status::StreamEnd)),
                    failure: status.err().map(|_| damaged(name)),
                }
            }
            Self::Xz(stream) => {
                let (taken, given) = (stream.total_in(), stream.total_out());
                let status = stream.process(input, out, Action::Run);
                Step {
                    taken: since(stream.total_in(), taken),
                    given: since(stream.total_out(), given),
                    finished: matches!(status, Ok(liblzma::stream::Status::StreamEnd)),
                    failure: status.err().map(|error| match error {
                        XzError::MemLimit => too_much_memory("xz", "xz -d"),
                        _ => damaged(name),
                    }),
                }
            }
            Self::Zstd(decoder) => {
                let mut from = InBuffer::around(input);
                let mut to = OutBuffer::around(out);
                let status = decoder.run(&mut from, &mut to);
                Step {
                    taken: from.pos(),
                    given: to.pos(),
                    finished: matches!(status, Ok(0)),
                    failure: status.err().map(|error| {
                        if error.to_string().contains("memory") {
                            too_much_memory("zstd", "zstd -d --long=31")
                        } else {
                            damaged(name)
                        }
                    }),
                }
            }
        }
    }
}

fn since(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

fn too_much_memory(name: &str, command: &str) -> ErrorKind {
    ErrorKind::Unsupported(format!(
        "its {name} data needs more memory than is allowed here: decompress it first with \
         `{command}`"
    ))
}

/// gzip members, zstd frames or xz streams one after the other.
pub(super) struct Members<R> {
    input: Input<R>,
    codec: Codec,
    /// Whether the last member has ended and no other has begun.
    between: bool,
    /// What went wrong after bytes that had to be given first.
    failure: Option<ErrorKind>,
}

impl<R: Read> Members<R> {
    pub(super) fn new(input: Input<R>, codec: Codec) -> Self {
        Self { input, codec, between: false, failure: None }
    }

    pub(super) fn compression(&self) -> Compression {
        self.codec.compression()
    }

    /// How many bytes of the file have been read.
    pub(super) fn stored(&self) -> u64 {
        self.input.stored()
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        let room = out.len().min(self.codec.piece());
        let out = out.get_mut(..room).unwrap_or_default();
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.between && !self.next_member()? {
                return Ok(0);
            }
            let name = self.codec.compression().name();
            let input = self.input.peek(1)?;
            let step = self.codec.step(input, out);
            let stuck = step.taken == 0 && step.given == 0 && !step.finished;
            self.failure = step.failure.or_else(|| match (stuck, input.is_empty()) {
                (false, _) => None,
                (true, true) => Some(cut(name)),
                (true, false) => Some(damaged(name)),
            });
            self.between = step.finished;
            self.input.consume(step.taken);
            if step.given > 0 {
                return Ok(step.given.min(room));
            }
        }
    }

    /// Begins the next member; false where the file ends.
    fn next_member(&mut self) -> Result<bool, ErrorKind> {
        let compression = self.codec.compression();
        loop {
            let bytes = self.input.peek(LOOKAHEAD)?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if Compression::recognise(bytes) == Some(compression) {
                self.codec.restart()?;
                self.between = false;
                return Ok(true);
            }
            if compression == Compression::Zstd {
                if let Some(length) = skippable(bytes) {
                    skip_frame(&mut self.input, length)?;
                    continue;
                }
            }
            // xz defines zeros as padding, and tapes and block copies add them to anything.
            match bytes.iter().take_while(|byte| **byte == 0).count() {
                0 => return Err(trailing(compression.name())),
                zeros => self.input.consume(zeros),
            }
        }
    }
}
