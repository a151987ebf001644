//! Elements of BER and DER: a tag, a length, what is inside.

use crate::cursor::Cursor;

/// The next element; of one that is not all there, what there is of it.
pub(super) fn begun<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    let (tag, length) = head(cursor)?;
    Some((tag, cursor.take_up_to(length)))
}

/// What is in the next element with this tag, others before it left out; nothing if it is not all
/// there.
pub(super) fn whole(inside: &[u8], tag: u8) -> Option<&[u8]> {
    let mut cursor = Cursor::new(inside);
    loop {
        let (found, length) = head(&mut cursor)?;
        let content = cursor.take(length)?;
        if found == tag {
            return Some(content);
        }
    }
}

/// A tag of one byte and a length.
fn head(cursor: &mut Cursor<'_>) -> Option<(u8, usize)> {
    let tag = cursor.u8()?;
    let length = match cursor.u8()? {
        short @ 0..=0x7F => usize::from(short),
        long @ 0x81..=0x84 => {
            let bytes = cursor.take(usize::from(long & 0x7F))?;
            let length = bytes.iter().fold(0_u32, |length, &byte| length << 8 | u32::from(byte));
            usize::try_from(length).ok()?
        }
        _ => return None,
    };
    Some((tag, length))
}
