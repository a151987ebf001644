//! TLS over numbered packets that may come in any order.

use super::transcript::Transcript;
use crate::carrier::ordered::{Next, Ordered};
use crate::stream::{Missing, Origin, Side};
use crate::tls::parser::Parser;

/// One direction.
#[derive(Debug)]
pub(super) struct Numbered {
    ordered: Ordered,
    parser: Parser,
    untouched: bool,
}

impl Numbered {
    /// A direction whose first packet has the number `first`.
    pub(super) fn new(first: u32) -> Self {
        Self { ordered: Ordered::new(first), parser: Parser::new(), untouched: true }
    }

    /// No packet has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.untouched
    }

    /// Takes a packet.
    pub(super) fn take(
        &mut self,
        side: Side,
        number: u32,
        bytes: &[u8],
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        self.untouched = false;
        self.ordered.add(number, bytes, origin);
        // What waited for this packet is whole in its frame.
        let mut whole_in = Some(origin);
        while let Some(next) = self.ordered.pop() {
            if matches!(next, Next::Lost(_)) {
                whole_in = None;
            }
            self.read(side, next, Missing::Lost, whole_in, transcript);
        }
    }

    /// No more packets come.
    pub(super) fn end(&mut self, side: Side, why: Missing, transcript: &mut Transcript) {
        while let Some(lost) = self.ordered.skip() {
            self.read(side, lost, why, None, transcript);
            while let Some(next) = self.ordered.pop() {
                self.read(side, next, why, None, transcript);
            }
        }
        transcript.take(side, |hear| self.parser.end(why, hear));
    }

    fn read(
        &mut self,
        side: Side,
        next: Next,
        why: Missing,
        whole_in: Option<Origin>,
        transcript: &mut Transcript,
    ) {
        match next {
            Next::Bytes(bytes, own) => {
                let (count, origin) = (bytes.len(), whole_in.unwrap_or(own));
                transcript.heard(side, u64::try_from(count).unwrap_or(u64::MAX), |hear| {
                    self.parser.push(&bytes, origin, hear);
                });
            }
            Next::Lost(behind) => {
                // How many bytes, nobody knows.
                transcript.take(side, |hear| self.parser.missing(usize::MAX, why, hear));
                transcript.missing(side, 0, why, || format!("frame {}, record", behind.frame));
            }
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        self.ordered.buffered().saturating_add(self.parser.buffered())
    }
}
