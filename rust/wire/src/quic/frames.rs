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
}

impl<'a> Frames<'a> {
    /// The frames in the payload of a packet.
    #[must_use]
    pub fn new(payload: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(payload) }
    }

    fn read(&mut self) -> Option<Frame<'a>> {
        loop {
            match varint(&mut self.cursor)? {
                // PADDING, PING.
                0 | 1 => {}
                kind @ (2 | 3) => self.acknowledgement(kind == 3)?,
                6 => {
                    let offset = varint(&mut self.cursor)?;
                    let length = usize::try_from(varint(&mut self.cursor)?).ok()?;
                    let bytes = self.cursor.take_up_to(length);
                    return Some(Frame::Crypto { offset, bytes });
                }
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
        let frame = self.read();
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
        let frames: Vec<_> = Frames::new(&payload).collect();
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
        assert_eq!(Frames::new(&payload).count(), 0);
    }

    #[test]
    fn an_acknowledgement_of_endless_ranges_ends_with_the_packet() {
        let payload = [2, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
        assert_eq!(Frames::new(&payload).count(), 0);
    }
}
