//! Compression around a capture, recognised by its first bytes: gzip, zstd, xz and lz4, each with
//! any number of members, frames or streams one after the other.

mod bounds;
mod lz4;
mod members;

use std::io::Read;

pub(super) use bounds::Bounds;
use lz4::Lz4;
use members::{Codec, Members};

use super::input::Input;
use crate::error::ErrorKind;

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
            Self::Members(members) => Some(members.compression()),
            Self::Lz4(_) => Some(Compression::Lz4),
        }
    }

    fn stored(&self) -> u64 {
        match self {
            Self::Plain(input) => input.stored(),
            Self::Members(members) => members.stored(),
            Self::Lz4(lz4) => lz4.stored(),
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
