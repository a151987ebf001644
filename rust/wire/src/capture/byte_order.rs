//! Captures are written in the byte order of the machine that captured.

use crate::cursor::Cursor;

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// Takes two bytes as a number.
    #[inline]
    pub(super) fn u16(self, cursor: &mut Cursor<'_>) -> Option<u16> {
        cursor.array().map(|bytes| match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    /// Takes four bytes as a number.
    #[inline]
    pub(super) fn u32(self, cursor: &mut Cursor<'_>) -> Option<u32> {
        cursor.array().map(|bytes| match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    /// Takes eight bytes as a number that may be negative.
    #[inline]
    pub(super) fn i64(self, cursor: &mut Cursor<'_>) -> Option<i64> {
        cursor.array().map(|bytes| match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        })
    }
}
