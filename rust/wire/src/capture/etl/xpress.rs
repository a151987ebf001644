//! Plain LZ77 of [MS-XCA], which Windows calls XPRESS: section 2.4.

use crate::cursor::Cursor;

/// Unpacks `input` into `out`, in place of what is there, up to `wanted` bytes. `None` where it is
/// damaged or ends before; what came until then is in `out`.
pub(super) fn unpack(input: &[u8], wanted: usize, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let mut cursor = Cursor::new(input);
    let mut lengths = Lengths { half: None };
    // Of 32 tokens one bit each, from the highest: whether it is a match or a byte as it is.
    let (mut flags, mut left) = (0_u32, 0_u32);
    while out.len() < wanted {
        if left == 0 {
            flags = u32::from_le_bytes(cursor.array()?);
            left = 32;
        }
        let room = wanted.saturating_sub(out.len());
        let literals = flags.leading_zeros().min(left);
        if literals > 0 {
            flags = flags.checked_shl(literals).unwrap_or(0);
            left = left.saturating_sub(literals);
            let count = usize::try_from(literals).unwrap_or(usize::MAX).min(room);
            let bytes = cursor.take_up_to(count);
            out.extend_from_slice(bytes);
            (bytes.len() == count).then_some(())?;
            continue;
        }
        flags <<= 1;
        left = left.saturating_sub(1);
        let token = u16::from_le_bytes(cursor.array()?);
        let distance = usize::from(token >> 3).saturating_add(1);
        let length = lengths.read(token, &mut cursor)?;
        repeat(out, distance, length.min(room))?;
    }
    Some(())
}

/// Appends what stands `distance` before the end, `length` bytes that may overlap the end.
fn repeat(out: &mut Vec<u8>, distance: usize, length: usize) -> Option<()> {
    let start = out.len().checked_sub(distance)?;
    let mut left = length;
    while left > 0 {
        // Twice as much each time: what was appended continues the pattern.
        let count = left.min(out.len().saturating_sub(start));
        out.extend_from_within(start..start.saturating_add(count));
        left = left.saturating_sub(count);
    }
    Some(())
}

/// The lengths of matches: two that don't fit their tokens share a byte.
struct Lengths {
    /// The upper half of a byte whose lower half has been used.
    half: Option<u8>,
}

impl Lengths {
    fn read(&mut self, token: u16, cursor: &mut Cursor<'_>) -> Option<usize> {
        let mut length = usize::from(token & 7);
        if length == 7 {
            let nibble = match self.half.take() {
                Some(half) => half,
                None => {
                    let byte = cursor.u8()?;
                    self.half = Some(byte >> 4);
                    byte & 15
                }
            };
            length = usize::from(nibble);
            if length == 15 {
                length = longer(cursor)?.saturating_add(15);
            }
            length = length.saturating_add(7);
        }
        Some(length.saturating_add(3))
    }
}

/// What a length has beyond 25, in one byte, in two, or in four.
fn longer(cursor: &mut Cursor<'_>) -> Option<usize> {
    match cursor.u8()? {
        255 => {
            let length = match u16::from_le_bytes(cursor.array()?) {
                0 => u32::from_le_bytes(cursor.array()?),
                length => u32::from(length),
            };
            usize::try_from(length).ok()?.checked_sub(22)
        }
        length => Some(usize::from(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(input: &[u8], wanted: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        unpack(input, wanted, &mut out).map(|()| out)
    }

    /// [MS-XCA] section 3.1.
    #[test]
    fn the_examples_of_the_specification_are_unpacked() {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz";
        let input = [&[0x3F, 0, 0, 0][..], alphabet].concat();
        assert_eq!(unpacked(&input, 26).as_deref(), Some(&alphabet[..]));
        let input = [0xFF, 0xFF, 0xFF, 0x1F, 0x61, 0x62, 0x63, 0x17, 0x00, 0x0F, 0xFF, 0x26, 0x01];
        assert_eq!(unpacked(&input, 300), Some(b"abc".repeat(100)));
    }

    #[test]
    fn two_lengths_share_a_byte() {
        // One byte as it is, then two matches of 10 + 1 and 10 + 2 bytes at distance 1.
        let input = [0x00, 0x00, 0x00, 0x60, b'a', 0x07, 0x00, 0x21, 0x07, 0x00];
        assert_eq!(unpacked(&input, 24), Some(vec![b'a'; 24]));
    }

    #[test]
    fn damage_is_told_and_what_came_before_is_kept() {
        let mut out = Vec::new();
        // A match before the beginning.
        assert_eq!(unpack(&[0, 0, 0, 0x40, b'a', 0x08, 0x00], 9, &mut out), None);
        assert_eq!(out, b"a");
        // A length in four bytes that is below what two would hold.
        assert_eq!(
            unpack(&[0, 0, 0, 0x40, b'a', 0x07, 0x00, 0x0F, 0xFF, 0, 0, 1, 0, 0, 0], 9, &mut out),
            None
        );
        // No more input.
        assert_eq!(unpack(&[0, 0, 0, 0, b'a', b'b'], 9, &mut out), None);
        assert_eq!(out, b"ab");
        assert_eq!(unpack(&[], 1, &mut out), None);
    }

    #[test]
    fn no_more_is_unpacked_than_wanted() {
        // A match of 4 GiB.
        let input = [0, 0, 0, 0x40, b'a', 0x07, 0x00, 0x0F, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(unpacked(&input, 1_000).map(|out| out.len()), Some(1_000));
    }
}
