//! Listens to both directions of a TCP connection: plaintext that leads to TLS, then TLS.

use super::transcript::Transcript;
use super::{Told, Transport};
use crate::carrier::{self, Carrier, Dialogue, Refusal, RefusalKind, Said, Step};
use crate::limits::{MAX_HANDSHAKE_BYTES, MAX_HANDSHAKES_PER_STREAM, MAX_LOOKED_AT};
use crate::stream::{Before, Ended, Interest, Missing, Observer, Origin, PerSide, Side};
use crate::tls::parser::{self, Parser};
use crate::tls::record;
use crate::tls::ssl2::{self, Opening};

/// One connection, from the first bytes on that mean something.
#[derive(Debug)]
pub struct Conversation {
    phase: Phase,
    /// What leads to the TLS or wraps it, where that is known.
    dialogue: Option<Box<dyn Dialogue>>,
    counting: bool,
    parsers: PerSide<Option<Parser>>,
    /// Bytes of each side that were read as TLS, or as what may lead to it.
    read: PerSide<u64>,
    pub(super) transcript: Transcript,
    /// Room for TLS bytes that a dialogue unwraps.
    unwrapped: Vec<u8>,
}

/// What is being listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Plaintext that may lead to TLS.
    Plain,
    /// TLS.
    Tls,
    /// TLS that the dialogue unwraps.
    Wrapped,
}

impl Conversation {
    /// What it has to tell, once the connection is over.
    pub fn tell(ended: Ended<Self>, tell: &mut dyn FnMut(Told)) {
        let (ended, mut conversation) = ended.split();
        // Where it lies: to move it would read all of what has not been looked at for long.
        let Self { parsers, transcript, .. } = &mut *conversation;
        let why = if ended.evicted { Missing::Limit } else { Missing::Truncated };
        for side in Side::BOTH {
            if let Some(parser) = parsers.of_mut(side) {
                transcript.take(side, |hear| parser.end(why, hear));
            }
        }
        transcript.tell(&ended, tell);
    }

    fn new(phase: Phase, amid: bool) -> Self {
        let carrier = if amid { Carrier::Other } else { Carrier::Tls };
        Self {
            phase,
            dialogue: None,
            counting: false,
            parsers: PerSide::default(),
            read: PerSide::default(),
            transcript: Transcript::new(Transport::Tcp, carrier, amid),
            unwrapped: Vec::new(),
        }
    }

    /// Bytes in which TLS has not begun, or which wrap it.
    fn through_dialogue(&mut self, side: Side, bytes: &[u8], origin: Origin, first: bool) {
        let mut unwrapped = std::mem::take(&mut self.unwrapped);
        unwrapped.clear();
        let step = match &mut self.dialogue {
            Some(dialogue) => dialogue.data(side, bytes, origin, &mut unwrapped),
            None => Step::Leave,
        };
        if !unwrapped.is_empty() {
            if self.phase == Phase::Plain {
                self.begin(Phase::Wrapped);
            }
            self.tls(side, &unwrapped, origin);
        }
        self.unwrapped = unwrapped;
        match step {
            Step::Wrapped => {}
            // A few bytes of a dialogue that cuts its messages anywhere can look like anything.
            Step::Listen if bytes.len() > record::HEADER_LENGTH => {
                self.look(side, bytes, origin, first)
            }
            Step::Listen => {}
            Step::Tls(at) => {
                if self.phase == Phase::Plain {
                    self.begin(Phase::Tls);
                }
                self.phase = Phase::Tls;
                // The end of a line or of an element is no TLS.
                let rest = bytes.get(at..).unwrap_or_default().trim_ascii_start();
                if !rest.is_empty() {
                    self.tls(side, rest, origin);
                }
            }
            Step::Refused(refusal) => self.refuse(*refusal),
            Step::Leave => {
                self.look(side, bytes, origin, first);
                self.dialogue = None;
            }
        }
    }

    /// Whether TLS begins with these bytes, the `first` of their side or later ones, whatever a
    /// dialogue makes of them.
    fn look(&mut self, side: Side, bytes: &[u8], origin: Origin, first: bool) {
        if self.phase == Phase::Plain && begins_with_hello(bytes) {
            self.begin(Phase::Tls);
            if first && self.transcript.carrier == Carrier::Other {
                // The server's greeting leads nowhere: the client begins with TLS.
                self.transcript.restart(Carrier::Tls, false);
            }
            self.tls(side, bytes, origin);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.transcript.refusals.len() < MAX_HANDSHAKES_PER_STREAM {
            self.transcript.refusals.push(refusal);
        }
    }

    /// From here on there is TLS. What came before gives it its carrier.
    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        let agreed = self.dialogue.as_ref().map_or(Carrier::Other, |dialogue| dialogue.carrier());
        let refused = self.transcript.refusals.last().map(|refusal| refusal.carrier);
        // Some clients don't wait for the answer, or go on whatever it is.
        let refused = refused.filter(|_| agreed == Carrier::Other && self.dialogue.is_some());
        // What a dialogue leads to needs no proof.
        self.transcript.restart(refused.unwrap_or(agreed), agreed == Carrier::Other);
        self.transcript.despite_refusal = refused.is_some();
        self.transcript.target =
            self.dialogue.as_ref().and_then(|dialogue| dialogue.target().map(str::to_owned));
        self.read = PerSide::default();
    }

    /// What began as TLS was none.
    fn back_to_plain(&mut self) {
        self.phase = Phase::Plain;
        self.parsers = PerSide::default();
        self.transcript.restart(Carrier::Other, true);
    }

    fn tls(&mut self, side: Side, bytes: &[u8], origin: Origin) {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let parser = self.parsers.of_mut(side);
        if parser.is_none() {
            // The other direction joins where TLS begins in it.
            if record::can_begin(bytes) || Self::opens_with(bytes, true) {
                *parser = Some(Parser::new());
            } else if self.parsers.of(side.other()).is_none() {
                // A dialogue led to TLS, and what came is none.
                self.phase = Phase::Plain;
                self.dialogue = None;
                self.counting = true;
                return;
            } else {
                self.transcript.foreign(side, bytes, origin);
                return;
            }
        }
        let read = self.read.of_mut(side);
        *read = read.saturating_add(count);
        let begun = self.transcript.begun;
        if let Some(parser) = self.parsers.of_mut(side) {
            self.transcript.heard(side, count, |hear| parser.push(bytes, origin, hear));
        }
        if self.transcript.begun != begun {
            self.counting = false;
            self.read = PerSide::default();
        }
        if self.transcript.is_void() {
            self.transcript.set_aside(side, origin);
            self.back_to_plain();
        } else {
            self.consider_counting();
        }
    }

    /// Stops reading once nothing more can be learned.
    fn consider_counting(&mut self) {
        let enough = Side::BOTH.iter().any(|&side| *self.read.of(side) > MAX_HANDSHAKE_BYTES);
        if self.transcript.is_completed() || enough {
            self.counting = true;
            self.parsers = PerSide::default();
            self.unwrapped = Vec::new();
        }
    }
}

impl Observer for Conversation {
    fn opens_with(bytes: &[u8], at_start: bool) -> bool {
        let Some(&first) = bytes.first() else { return false };
        if first == record::content_type::HANDSHAKE {
            return begins_with_hello(bytes);
        }
        if first & 0x80 == 0 {
            return false;
        }
        match ssl2::opening(bytes) {
            Opening::ClientHello(_) | Opening::ServerHello(_) => true,
            // Elsewhere than at the start such few bytes say nothing.
            Opening::Unclear => at_start && bytes.len() < 11,
            Opening::No => false,
        }
    }

    fn open(side: Side, bytes: &[u8], origin: Origin, before: Before) -> Option<Self> {
        if Self::opens_with(bytes, before.at_start) {
            return Some(Self::new(Phase::Tls, !before.at_start));
        }
        if !before.at_start {
            return None;
        }
        if let Some(dialogue) = carrier::opening(side, bytes) {
            let dialogue = Some(dialogue);
            return Some(Self { dialogue, ..Self::new(Phase::Plain, true) });
        }
        if before.peer_spoke && is_alert(bytes) {
            let mut conversation = Self::new(Phase::Plain, true);
            conversation.refuse(plaintext_to_tls(side, bytes, origin, None));
            return Some(conversation);
        }
        None
    }

    fn was_missed(bytes: &[u8]) -> bool {
        record::begins_protected(bytes)
    }

    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin) {
        if self.phase == Phase::Tls {
            let began_before = Side::BOTH.iter().any(|&side| self.parsers.of(side).is_some());
            self.tls(side, bytes, origin);
            if self.phase == Phase::Plain && began_before {
                // It was not what it looked like; this segment may be the real before.
                self.look(side, bytes, origin, false);
            }
            return;
        }
        let first = *self.read.of(side) == 0;
        let read = self.read.of_mut(side);
        *read = read.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let looked = *read;
        if first && *self.read.of(side.other()) > 0 && is_alert(bytes) {
            let dialogue = self.dialogue.take();
            let asked = dialogue.as_ref().and_then(|dialogue| dialogue.asked());
            self.refuse(plaintext_to_tls(side, bytes, origin, asked));
        } else {
            self.through_dialogue(side, bytes, origin, first);
        }
        if self.phase == Phase::Plain && looked > u64::from(MAX_LOOKED_AT) {
            self.dialogue = None;
        }
        if self.phase != Phase::Tls && self.dialogue.is_none() {
            self.counting = true;
        }
    }

    fn missing(&mut self, side: Side, count: u32, why: Missing, origin: Origin) {
        if self.phase != Phase::Tls {
            // What a dialogue waits for may be in the hole.
            self.dialogue = None;
            self.counting = true;
        }
        let mut was_reading = false;
        if let Some(parser) = self.parsers.of_mut(side) {
            was_reading = parser.is_in_step();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            self.transcript.take(side, |hear| parser.missing(count, why, hear));
        }
        if self.counting {
            return;
        }
        let what = if was_reading { "record" } else { "stream" };
        self.transcript.missing(side, count, why, || format!("frame {}, {what}", origin.frame));
    }

    fn count(&mut self, side: Side, count: u32) {
        self.transcript.count(side, count);
    }

    fn listens_again(&mut self, bytes: &[u8]) -> bool {
        let again = begins_with_hello(bytes)
            && bytes.get(record::HEADER_LENGTH..).is_some_and(|payload| {
                bytes.first_chunk().and_then(|five| record::Header::read(*five)).is_some_and(
                    |header| payload.len() >= header.length && parser::is_hello(payload),
                )
            });
        if again {
            self.counting = false;
        }
        again
    }

    fn interest(&self) -> Interest {
        let nothing_known = self.phase == Phase::Plain && self.dialogue.is_none();
        if nothing_known && !self.transcript.has_something() {
            Interest::Nothing
        } else if self.counting {
            Interest::Count
        } else {
            Interest::Bytes
        }
    }

    fn buffered(&self) -> usize {
        let dialogue = self.dialogue.as_ref().map_or(0, |dialogue| dialogue.buffered());
        let held = [size_of::<Self>(), self.transcript.held(), dialogue, self.unwrapped.capacity()];
        let parsers = Side::BOTH
            .iter()
            .map(|&side| self.parsers.of(side).as_ref().map_or(0, |parser| parser.buffered()));
        held.into_iter().chain(parsers).fold(0, usize::saturating_add)
    }
}

/// Whether bytes, however few, can begin a handshake record that begins with a hello. The record
/// may hold as little as the first byte of it.
fn begins_with_hello(bytes: &[u8]) -> bool {
    if bytes.first() != Some(&record::content_type::HANDSHAKE) || !record::can_begin(bytes) {
        return false;
    }
    let Some(header) = bytes.first_chunk().and_then(|five| record::Header::read(*five)) else {
        return true;
    };
    let payload = bytes.iter().skip(record::HEADER_LENGTH).take(header.length);
    let fits = |(place, byte): (usize, &u8)| match place {
        0 => matches!(byte, 1 | 2),
        1 => *byte <= 1,
        _ => true,
    };
    // An empty record says nothing yet; the hello may be in the next.
    payload.take(2).enumerate().all(fits)
}

/// Whether a segment is one fatal alert in clear and nothing else: what a TLS server says to bytes
/// that are no TLS.
fn is_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [record::content_type::ALERT, 3, 0..=4, 0, 2, 2, _])
}

/// A server answered the first bytes that it got with an alert; what they said and when, if that is
/// known.
fn plaintext_to_tls(
    server: Side,
    alert: &[u8],
    origin: Origin,
    asked: Option<(&Said, Option<i64>)>,
) -> Refusal {
    let description = alert.last().copied().unwrap_or_default();
    Refusal {
        kind: RefusalKind::PlaintextToTls,
        carrier: Carrier::Tls,
        client: server.other(),
        ts: asked.map_or(origin.ts, |(_, ts)| ts),
        asked: asked.map(|(said, _)| said.clone()),
        answered: Some(Said { what: format!("alert {description}"), frame: origin.frame }),
        target: None,
    }
}
