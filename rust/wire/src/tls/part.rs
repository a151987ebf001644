//! A cursor over a message that may not have been captured whole. It knows how long the message
//! says it is, so it can tell a cut message from a wrong one.

use crate::cursor::Cursor;

/// Why a field could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes were not captured.
    Cut,
    /// The lengths contradict each other.
    Malformed,
}

/// Bytes of a message or of a vector in it: what was captured, and what its length promises.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    cursor: Cursor<'a>,
    /// Bytes that follow the captured ones by the promised length, but were not captured.
    absent: usize,
}

impl<'a> Part<'a> {
    /// The message `bytes`, of which `promised` bytes are said to exist.
    #[must_use]
    pub fn new(bytes: &'a [u8], promised: usize) -> Self {
        let mut cursor = Cursor::new(bytes);
        let captured = cursor.take_up_to(promised);
        Self { cursor: Cursor::new(captured), absent: promised.saturating_sub(captured.len()) }
    }

    /// Whether nothing is left, neither captured nor promised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty() && self.absent == 0
    }

    /// Captured bytes that are left.
    #[must_use]
    pub fn captured(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    /// Whether all of it was captured.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.absent == 0
    }

    fn fault(&self, wanted: usize) -> Fault {
        if wanted <= self.cursor.len().saturating_add(self.absent) {
            Fault::Cut
        } else {
            Fault::Malformed
        }
    }

    /// Takes `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let fault = self.fault(n);
        self.cursor.take(n).ok_or(fault)
    }

    /// Takes `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let fault = self.fault(N);
        self.cursor.array().ok_or(fault)
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Takes two bytes.
    pub fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes a vector of `length` bytes: the part of it that was captured. Fails only when the
    /// vector promises more than its surroundings hold.
    pub fn vector(&mut self, length: usize) -> Result<Part<'a>, Fault> {
        let captured = self.cursor.len();
        if length > captured.saturating_add(self.absent) {
            return Err(Fault::Malformed);
        }
        let part = Part::new(self.cursor.take_up_to(length), length);
        self.absent = self.absent.saturating_sub(part.absent);
        Ok(part)
    }

    /// Takes a vector with a one-byte length.
    pub fn vector8(&mut self) -> Result<Part<'a>, Fault> {
        let length = self.u8()?;
        self.vector(usize::from(length))
    }

    /// Takes a vector with a two-byte length.
    pub fn vector16(&mut self) -> Result<Part<'a>, Fault> {
        let length = self.u16()?;
        self.vector(usize::from(length))
    }

    /// All of a list of two-byte numbers, as far as captured, and what is wrong with the rest.
    #[must_use]
    pub fn numbers(self) -> (&'a [u8], Option<Fault>) {
        let captured = self.cursor.rest();
        let odd = captured.len() % 2;
        let whole = captured.len().saturating_sub(odd);
        let numbers = captured.split_at_checked(whole).map_or(captured, |(numbers, _)| numbers);
        let fault = match odd.saturating_add(self.absent) {
            0 => None,
            1 => Some(Fault::Malformed),
            _ => Some(Fault::Cut),
        };
        (numbers, fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_list_gives_what_was_captured() {
        let mut part = Part::new(&[0, 6, 0, 1, 0, 2, 0], 8);
        let list = part.vector16().unwrap();
        assert_eq!(list.numbers(), (&[0, 1, 0, 2][..], Some(Fault::Cut)));
    }

    #[test]
    fn a_list_of_odd_length_is_malformed_but_read() {
        let mut part = Part::new(&[0, 3, 0, 1, 0], 5);
        let list = part.vector16().unwrap();
        assert_eq!(list.numbers(), (&[0, 1][..], Some(Fault::Malformed)));
    }

    #[test]
    fn a_vector_longer_than_its_surroundings_is_malformed() {
        assert_eq!(Part::new(&[9, 0], 2).vector8().err(), Some(Fault::Malformed));
        assert_eq!(Part::new(&[], 2).vector8().err(), Some(Fault::Cut));
    }
}
