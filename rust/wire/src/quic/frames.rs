//! Frames of Initial packets: RFC 9000 sections 12.4 and 19.

use super::header::varint;
use crate::cursor::Cursor;

/// A frame that says something of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Handshake bytes, at their place in the direction's stream of them.
    Crypto {
        /// Where they belong.
        offset: u64,
        /// What they are, as far as captured.
        bytes: &'a [u8],
    },
    /// The sender gives up.
    ConnectionClose {
        /// Why (RFC 9000 section 20).
        error: u64,
    },
}

/// The frames of a packet, in order; what says nothing of the handshake is left out. It ends where
/// something is no frame that an Initial packet can hold.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    cursor: Cursor<'a>,
    google: bool,
}

impl<'a> Frames<'a> {
    /// The frames in the payload of a packet; `google`: numbered as Google's own QUIC had them.
    #[must_use]
    pub fn new(payload: &'a [u8], google: bool) -> Self {
        Self { cursor: Cursor::new(payload), google }
    }

    fn read(&mut self) -> Option<Frame<'a>> {
        loop {
            match varint(&mut self.cursor)? {
                // PADDING, PING.
                0 | 1 => {}
                kind @ (2 | 3) => self.acknowledgement(kind == 3)?,
                6 => return self.crypto(),
                // The second is the application's, which drafts allowed here.
                kind @ (0x1C | 0x1D) => {
                    let error = varint(&mut self.cursor)?;
                    if kind == 0x1C {
                        varint(&mut self.cursor)?;
                    }
                    let reason = usize::try_from(varint(&mut self.cursor)?).ok()?;
                    self.cursor.take_up_to(reason);
                    return Some(Frame::ConnectionClose { error });
                }
                _ => return None,
            }
        }
    }

    /// The same of T050 and T051: PADDING, PING, CRYPTO, and ACK with its lengths in the type.
    fn read_google(&mut self) -> Option<Frame<'a>> {
        loop {
            match self.cursor.u8()? {
                0 | 7 => {}
                8 => return self.crypto(),
                kind @ 0x40..=0x7F => self.google_acknowledgement(kind)?,
                _ => return None,
            }
        }
    }

    fn crypto(&mut self) -> Option<Frame<'a>> {
        let offset = varint(&mut self.cursor)?;
        let length = usize::try_from(varint(&mut self.cursor)?).ok()?;
        Some(Frame::Crypto { offset, bytes: self.cursor.take_up_to(length) })
    }

    /// Passes over an ACK frame of Google's.
    fn google_acknowledgement(&mut self, kind: u8) -> Option<()> {
        let length = |bits: u8| match bits & 0x03 {
            0 => 1_usize,
            1 => 2,
            2 => 4,
            _ => 6,
        };
        let block = length(kind);
        // Largest acknowledged, delay.
        self.cursor.take(length(kind >> 2).saturating_add(2))?;
        let more = if kind & 0x20 == 0 { 0 } else { self.cursor.u8()? };
        self.cursor.take(block)?;
        for _ in 0..more {
            self.cursor.take(block.saturating_add(1))?;
        }
        // Times of arrival: the first has four bytes and the others two, each behind a number.
        let times = usize::from(self.cursor.u8()?);
        self.cursor.take(times.saturating_mul(3).saturating_add(if times > 0 { 2 } else { 0 }))?;
        Some(())
    }

    /// Passes over an ACK frame.
    fn acknowledgement(&mut self, counts_congestion: bool) -> Option<()> {
        // Largest acknowledged, delay.
        varint(&mut self.cursor)?;
        varint(&mut self.cursor)?;
        let ranges = varint(&mut self.cursor)?;
        varint(&mut self.cursor)?;
        for _ in 0..ranges {
            varint(&mut self.cursor)?;
            varint(&mut self.cursor)?;
        }
        if counts_congestion {
            for _ in 0..3 {
                varint(&mut self.cursor)?;
            }
        }
        Some(())
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let frame = if self.google { self.read_google() } else { self.read() };
        if frame.is_none() {
            self.cursor = Cursor::new(&[]);
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_say_nothing_are_passed_over() {
        let payload = [
            &[0, 0, 1][..],                        // PADDING, PADDING, PING
            &[3, 9, 0, 1, 2, 0, 0, 7, 7, 7],       // ACK with a range and ECN counts
            &[6, 0x40, 0x80, 3, 0xAA, 0xBB, 0xCC], // CRYPTO at 128
            &[0x1C, 0x41, 0x28, 6, 2, b'n', b'o'], // CONNECTION_CLOSE
            &[6, 0, 9, 1],                         // CRYPTO, cut
        ]
        .concat();
        let frames: Vec<_> = Frames::new(&payload, false).collect();
        assert_eq!(
            frames,
            [
                Frame::Crypto { offset: 128, bytes: &[0xAA, 0xBB, 0xCC] },
                Frame::ConnectionClose { error: 0x128 },
                Frame::Crypto { offset: 0, bytes: &[1] },
            ]
        );
    }

    #[test]
    fn nothing_is_read_behind_what_is_no_frame() {
        // A STREAM frame has no place in an Initial packet.
        let payload = [8, 0, 0, 6, 0, 1, 1];
        assert_eq!(Frames::new(&payload, false).count(), 0);
    }

    #[test]
    fn frames_of_google_have_other_numbers() {
        let payload = [
            &[0, 7][..],                                             // PADDING, PING
            &[0x40, 1, 0, 0, 1, 0],                                  // ACK
            &[0x65, 0, 1, 0, 0, 1, 0, 1, 9, 0, 1, 1, 0, 0, 0, 0, 0], // ACK: two blocks, a time
            &[8, 0, 2, 0xAA, 0xBB],                                  // CRYPTO at 0
        ]
        .concat();
        let frames: Vec<_> = Frames::new(&payload, true).collect();
        assert_eq!(frames, [Frame::Crypto { offset: 0, bytes: &[0xAA, 0xBB] }]);
    }

    #[test]
    fn an_acknowledgement_of_endless_ranges_ends_with_the_packet() {
        let payload = [2, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
        assert_eq!(Frames::new(&payload, false).count(), 0);
    }
}
