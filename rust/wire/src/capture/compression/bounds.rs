//! How much a compressed file may unpack to.

use std::fmt;

use crate::error::ErrorKind;
use crate::limits::{MAX_UNPACKED, MAX_UNPACKED_RATIO, UNPACKED_FREELY};

/// How much a compressed file may unpack to.
#[derive(Clone, Copy, Debug)]
pub(in crate::capture) struct Bounds {
    /// Bytes in all.
    pub(super) bytes: u64,
    /// Bytes for each byte of the file.
    pub(super) ratio: u64,
    /// Bytes for which the ratio does not count.
    pub(super) freely: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: MAX_UNPACKED, ratio: MAX_UNPACKED_RATIO, freely: UNPACKED_FREELY }
    }
}

impl Bounds {
    /// The bounds of [`crate::limits`], or in their place what the user allows: so many bytes,
    /// whatever the size of the file.
    pub(in crate::capture) fn new(max_unpacked: Option<u64>) -> Self {
        max_unpacked.map_or_else(Self::default, |bytes| Self {
            bytes,
            ratio: u64::MAX,
            freely: bytes,
        })
    }

    /// What to say where a file of `stored` bytes has unpacked to too many; `command` unpacks it,
    /// where one does.
    #[inline]
    pub(in crate::capture) fn broken(
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
