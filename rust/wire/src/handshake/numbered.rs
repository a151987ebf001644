//! TLS over numbered packets that may come in any order.

use super::transcript::Transcript;
use crate::carrier::ordered::{Next, Ordered};
use crate::stream::{Missing, Origin, Side};
use crate::tls::parser::{Event, Parser};

/// One direction.
#[derive(Debug)]
pub(super) struct Numbered {
    ordered: Ordered,
    parser: Parser,
}

impl Numbered {
    /// A direction whose first packet has the number `first`.
    pub(super) fn new(first: u32) -> Self {
        Self { ordered: Ordered::new(first), parser: Parser::new() }
    }

    /// No packet has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.parser.frame() == 0 && self.ordered.buffered() == 0
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
        self.ordered.add(number, bytes);
        while let Some(next) = self.ordered.pop() {
            self.read(side, next, Missing::Lost, origin, transcript);
        }
    }

    /// No more packets come.
    pub(super) fn end(&mut self, side: Side, why: Missing, transcript: &mut Transcript) {
        let origin = Origin { frame: self.parser.frame(), ..Origin::default() };
        while let Some(lost) = self.ordered.skip() {
            self.read(side, lost, why, origin, transcript);
            while let Some(next) = self.ordered.pop() {
                self.read(side, next, why, origin, transcript);
            }
        }
        let mut events = Vec::new();
        self.parser.end(why, &mut events);
        transcript.take(side, &mut events);
    }

    fn read(
        &mut self,
        side: Side,
        next: Next,
        why: Missing,
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        let mut events: Vec<Event> = Vec::new();
        match next {
            Next::Bytes(bytes) => {
                self.parser.push(&bytes, origin, &mut events);
                transcript.heard(side, u64::try_from(bytes.len()).unwrap_or(u64::MAX), &mut events);
            }
            Next::Lost => {
                // How many bytes, nobody knows.
                self.parser.missing(usize::MAX, why, &mut events);
                transcript.take(side, &mut events);
                transcript.missing(side, 0, why, || format!("frame {}, record", origin.frame));
            }
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        self.ordered.buffered().saturating_add(self.parser.buffered())
    }
}
