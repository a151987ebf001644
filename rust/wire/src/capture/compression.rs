//! Compression around a capture, recognised by its first bytes: gzip, zstd, xz and lz4, each with
//! any number of members, frames or streams one after the other.

use std::fmt;
use std::io::{Error as IoError, ErrorKind as IoErrorKind, Read};

use flate2::{Decompress, FlushDecompress};
use liblzma::stream::{Action, Error as XzError, Stream as XzStream};
use lz4_flex::frame::FrameDecoder;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use super::input::Input;
use crate::error::ErrorKind;
use crate::limits::{
    COMPRESSED_BLOCK, MAX_UNPACKED, MAX_UNPACKED_RATIO, UNPACKED_FREELY, XZ_MEMORY, ZSTD_PIECE,
    ZSTD_WINDOW_LOG,
};

/// How a capture is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// xz.
    Xz,
    /// lz4 frames, the old format of `lz4 -l` too.
    Lz4,
}

impl Compression {
    /// The name that tables use: `gzip`, `zstd`, `xz`, `lz4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
        }
    }

    /// The command that unpacks it.
    fn command(self) -> &'static str {
        match self {
            Self::Gzip => "gzip -d",
            Self::Zstd => "zstd -d",
            Self::Xz => "xz -d",
            Self::Lz4 => "lz4 -d",
        }
    }

    /// What the bytes at the start of a file, or of a further member, begin.
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // The third byte is the method, and deflate the only one that was ever defined.
            [0x1F, 0x8B, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            [0xFD, b'7', b'z', b'X', b'Z', 0x00, ..] => Some(Self::Xz),
            [0x04, 0x22, 0x4D, 0x18, ..] | [0x02, 0x21, 0x4C, 0x18, ..] => Some(Self::Lz4),
            _ => None,
        }
    }
}

/// The longest of the magic numbers above, and the header of a skippable frame.
const LOOKAHEAD: usize = 8;

/// What a skippable frame of zstd and lz4 holds after its header, `None` where none begins.
fn skippable(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, ..] => {
            usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()
        }
        _ => None,
    }
}

/// How much a compressed file may unpack to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes in all.
    bytes: u64,
    /// Bytes for each byte of the file.
    ratio: u64,
    /// Bytes for which the ratio does not count.
    freely: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: MAX_UNPACKED, ratio: MAX_UNPACKED_RATIO, freely: UNPACKED_FREELY }
    }
}

impl Bounds {
    /// The bounds of [`crate::limits`], or in their place what the user allows: so many bytes,
    /// whatever the size of the file.
    pub(super) fn new(max_unpacked: Option<u64>) -> Self {
        max_unpacked.map_or_else(Self::default, |bytes| Self {
            bytes,
            ratio: u64::MAX,
            freely: bytes,
        })
    }

    /// What to say where a file of `stored` bytes has unpacked to too many; `command` unpacks it,
    /// where one does.
    #[inline]
    pub(super) fn broken(
        &self,
        unpacked: u64,
        stored: u64,
        command: Option<&str>,
    ) -> Option<ErrorKind> {
        if unpacked <= self.freely.min(self.bytes) {
            return None;
        }
        self.judge(unpacked, stored, command)
    }

    #[cold]
    fn judge(&self, unpacked: u64, stored: u64, command: Option<&str>) -> Option<ErrorKind> {
        let how_much = if unpacked > self.bytes {
            format!("it unpacks to more than {}", Size(self.bytes))
        } else if unpacked > stored.saturating_mul(self.ratio).max(self.freely) {
            format!("it unpacks to more than {} times its size", self.ratio)
        } else {
            return None;
        };
        let or_first = command
            .map(|command| format!(", or unpack it first with `{command}`"))
            .unwrap_or_default();
        Some(ErrorKind::Limit(format!(
            "{how_much}, which captures of traffic hardly do, and it was not read further: if it is \
             no attack, raise --max-unpacked{or_first}"
        )))
    }
}

/// A round number of bytes in the largest unit that it is a multiple of.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u32, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let fits = |(shift, _): &(u32, &str)| self.0.trailing_zeros() >= *shift;
        match UNITS.into_iter().find(fits) {
            Some((shift, unit)) => write!(f, "{} {unit}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// Gives the bytes of the capture, whatever is around it.
pub(super) struct Decoder<R: Read> {
    kind: Kind<R>,
    unpacked: u64,
    bounds: Bounds,
}

enum Kind<R: Read> {
    Plain(Input<R>),
    Members(Members<R>),
    Lz4(Lz4<R>),
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes and chooses.
    pub(super) fn open(input: Input<R>, bounds: Bounds) -> Result<Self, ErrorKind> {
        Ok(Self { kind: Kind::open(input)?, unpacked: 0, bounds })
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.kind.compression()
    }

    /// How much the file may unpack to.
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How many bytes of the file, as it is stored, have been read.
    pub(super) fn stored(&self) -> u64 {
        self.kind.stored()
    }

    /// Fills up to `out.len()` bytes; 0 at the end. What comes before a cut or a damaged place is
    /// given first, and the error by the call after it.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        if let Some(compression) = self.kind.compression() {
            if let Some(error) =
                self.bounds.broken(self.unpacked, self.stored(), Some(compression.command()))
            {
                return Err(error);
            }
        }
        let count = self.kind.read(out)?;
        self.unpacked = self.unpacked.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl<R: Read> Kind<R> {
    fn open(mut input: Input<R>) -> Result<Self, ErrorKind> {
        let mut skipped = false;
        while let Some(length) = skippable(input.peek(LOOKAHEAD)?) {
            skip_frame(&mut input, length)?;
            skipped = true;
        }
        Ok(match Compression::recognise(input.peek(LOOKAHEAD)?) {
            Some(Compression::Gzip) => Self::Members(Members::new(input, Codec::gzip())),
            Some(Compression::Zstd) => Self::Members(Members::new(input, Codec::zstd()?)),
            Some(Compression::Xz) => Self::Members(Members::new(input, Codec::xz()?)),
            Some(Compression::Lz4) => Self::Lz4(Lz4::new(input)),
            None if skipped => {
                return Err(ErrorKind::NotACapture(
                    "it begins like zstd or lz4, but no compressed capture follows: check how it \
                     was written"
                        .to_owned(),
                ));
            }
            None => Self::Plain(input),
        })
    }

    fn compression(&self) -> Option<Compression> {
        match self {
            Self::Plain(_) => None,
            Self::Members(members) => Some(members.codec.compression()),
            Self::Lz4(_) => Some(Compression::Lz4),
        }
    }

    fn stored(&self) -> u64 {
        match self {
            Self::Plain(input) => input.stored(),
            Self::Members(members) => members.input.stored(),
            Self::Lz4(lz4) => lz4.decoder.get_ref().stored(),
        }
    }

    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        match self {
            Self::Plain(input) => input.read_into(out),
            Self::Members(members) => members.read(out),
            Self::Lz4(lz4) => lz4.read(out),
        }
    }
}

fn skip_frame<R: Read>(input: &mut Input<R>, length: usize) -> Result<(), ErrorKind> {
    let mut left = length.saturating_add(LOOKAHEAD);
    while left > 0 {
        let count = input.peek(1)?.len().min(left);
        if count == 0 {
            return Err(cut("skippable"));
        }
        input.consume(count);
        left = left.saturating_sub(count);
    }
    Ok(())
}

fn cut(name: &str) -> ErrorKind {
    ErrorKind::Cut(format!("the {name} data"))
}

fn damaged(name: &str) -> ErrorKind {
    ErrorKind::Damaged(format!("the {name} data around the capture is corrupt"))
}

fn trailing(name: &str) -> ErrorKind {
    ErrorKind::Damaged(format!("what follows the {name} data is no further {name} data"))
}

/// A decompressor that is given input and output a piece at a time.
enum Codec {
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
    fn gzip() -> Self {
        Self::Gzip(Decompress::new_gzip(15))
    }

    fn zstd() -> Result<Self, ErrorKind> {
        let mut decoder = ZstdDecoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self::Zstd(decoder))
    }

    fn xz() -> Result<Self, ErrorKind> {
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
    fn new(input: Input<R>, codec: Codec) -> Self {
        Self { input, codec, between: false, failure: None }
    }

    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
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

/// lz4 frames one after the other.
pub(super) struct Lz4<R: Read> {
    decoder: Box<FrameDecoder<Input<R>>>,
    in_frame: bool,
    legacy: bool,
}

impl<R: Read> Lz4<R> {
    fn new(input: Input<R>) -> Self {
        Self { decoder: Box::new(FrameDecoder::new(input)), in_frame: false, legacy: false }
    }

    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 1 << 20, ratio: 100, freely: 1 << 18 };

    /// What a file unpacks to, and the sentence at the end.
    fn unpacked(file: &[u8]) -> (usize, Option<String>) {
        let mut decoder = Decoder::open(Input::new(file), BOUNDS).unwrap();
        let (mut count, mut out) = (0_usize, vec![0; 1 << 16]);
        loop {
            match decoder.read(&mut out) {
                Ok(0) => return (count, None),
                Ok(more) => count = count.saturating_add(more),
                Err(ErrorKind::Limit(what)) => return (count, Some(what)),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that hardly compress.
    fn noise(count: u32) -> Vec<u8> {
        (0..count).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
    }

    #[test]
    fn a_file_that_unpacks_to_far_more_than_its_size_is_left() {
        for file in [zstd(&vec![0; 1 << 20]), gzip(&vec![0; 1 << 20])] {
            let (count, what) = unpacked(&file);
            assert!((1 << 18..1 << 19).contains(&count), "{count}");
            assert!(what.unwrap().starts_with("it unpacks to more than 100 times its size"));
        }
    }

    #[test]
    fn a_small_file_may_unpack_to_many_times_its_size() {
        assert_eq!(unpacked(&zstd(&vec![0; 1 << 18])), (1 << 18, None));
    }

    #[test]
    fn a_file_that_unpacks_to_too_much_is_left_whatever_its_size() {
        let (count, what) = unpacked(&gzip(&noise(3 << 19)));
        assert!((1 << 20..(1 << 20) + (1 << 17)).contains(&count), "{count}");
        assert!(what.unwrap().starts_with("it unpacks to more than 1 MiB, "));
        assert_eq!(unpacked(&gzip(&noise(1 << 20))), (1 << 20, None));
    }

    #[test]
    fn what_is_not_compressed_has_no_bound() {
        assert_eq!(unpacked(&vec![0; 3 << 20]), (3 << 20, None));
    }
}
