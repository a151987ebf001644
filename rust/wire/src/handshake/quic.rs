//! The handshakes of a conversation over QUIC.

use super::exchange::{Opening, Reader};
use super::transcript::Transcript;
use super::{Defect, Transport};
use crate::carrier::Carrier;
use crate::limits::MAX_HANDSHAKES_PER_STREAM;
use crate::quic::{self, Connections, Heard};
use crate::stream::{Missing, Origin, Side};
use crate::tls::parser::Event;

/// Connections between two addresses and ports, and what each of them said. They may be set up at
/// the same time, so each has a transcript of its own.
#[derive(Debug, Default)]
struct Quic {
    connections: Connections,
    /// Of all connections but the first.
    others: Vec<Transcript>,
    /// Kept to be used again.
    heard: Vec<Heard>,
}

/// QUIC, where a datagram begins with an Initial packet.
pub(super) fn opens_with(payload: &[u8]) -> Option<Opening> {
    quic::opens_with(payload).then(|| Opening {
        transport: Transport::Quic,
        carrier: Carrier::Quic,
        reader: Box::new(Quic::default()),
    })
}

impl Quic {
    /// The transcript of a connection.
    fn of<'a>(&'a mut self, row: usize, first: &'a mut Transcript) -> Option<&'a mut Transcript> {
        let Some(at) = row.checked_sub(1) else { return Some(first) };
        while self.others.len() <= at && self.others.len() < MAX_HANDSHAKES_PER_STREAM {
            self.others.push(begun());
        }
        self.others.get_mut(at)
    }

    /// Writes down what was heard.
    fn note(&mut self, heard: &mut Vec<Heard>, first: &mut Transcript) {
        for Heard { row, side, event } in heard.drain(..) {
            if let Some(transcript) = self.of(row, first) {
                transcript.take(side, |hear| hear(event));
            }
        }
    }
}

impl Reader for Quic {
    fn datagram(
        &mut self,
        side: Side,
        payload: &[u8],
        length: u32,
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        let mut heard = std::mem::take(&mut self.heard);
        let sent = usize::try_from(length).unwrap_or(usize::MAX);
        let row = self.connections.datagram(side, payload, sent, origin, &mut heard);
        if self.connections.is_empty() {
            transcript.give_up();
            return;
        }
        transcript.believe();
        let is_hello = |heard: &Heard| {
            heard.side == side
                && matches!(heard.event, Event::ClientHello(..) | Event::ServerHello(..))
        };
        let brought_hello = heard.iter().any(is_hello);
        if !heard.is_empty() {
            self.note(&mut heard, transcript);
        }
        self.heard = heard;
        if !brought_hello {
            let count = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            if let Some(transcript) = row.and_then(|row| self.of(row, transcript)) {
                transcript.count(side, count);
            }
        }
    }

    fn end(&mut self, why: Missing, transcript: &mut Transcript) {
        let mut heard = Vec::new();
        self.connections.end(why, &mut heard);
        self.note(&mut heard, transcript);
        if self.connections.overflowed() {
            let last = self.others.last_mut().unwrap_or(&mut *transcript);
            last.draft.note_defect(Defect::Limit, || {
                format!("conversation, more than {MAX_HANDSHAKES_PER_STREAM} handshakes")
            });
        }
        transcript.siblings.append(&mut self.others);
    }

    fn buffered(&self) -> usize {
        let others = self.others.iter().map(Transcript::held);
        others.fold(self.connections.buffered(), usize::saturating_add)
    }
}

/// A transcript of which it is certain that it will be of TLS.
fn begun() -> Transcript {
    let mut transcript = Transcript::new(Transport::Quic, Carrier::Quic, false);
    transcript.believe();
    transcript
}
