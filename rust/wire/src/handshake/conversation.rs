//! Listens to both directions of a connection and puts its handshakes together.

use super::draft::{Draft, defect_of};
use super::{Carrier, Choice, Defect, Handshake, Offer};
use crate::limits::{MAX_HANDSHAKE_BYTES, MAX_HANDSHAKES_PER_STREAM};
use crate::stream::{Ended, Interest, Missing, Observer, Origin, PerSide, Side};
use crate::tls::client_hello::ClientHello;
use crate::tls::parser::{self, Event, Parser, Place};
use crate::tls::record;
use crate::tls::server_hello::ServerHello;
use crate::tls::ssl2::{self, Opening};

/// The TLS of one connection.
#[derive(Debug)]
pub struct Conversation {
    carrier: Carrier,
    /// What began it may be no hello yet.
    tentative: bool,
    void: bool,
    counting: bool,
    parsers: PerSide<Option<Box<Parser>>>,
    /// Bytes of each side that were read as TLS.
    read: PerSide<u64>,
    draft: Draft,
    finished: Vec<Draft>,
    events: Vec<Event>,
    /// Bytes of memory that all of this takes, the parsers apart.
    held: usize,
}

/// Events for which room is kept from segment to segment. Thousands fit into one segment, but
/// nobody means them.
const MAX_KEPT_EVENTS: usize = 16;

impl Conversation {
    /// The rows, once the connection is over.
    pub fn into_handshakes(mut ended: Ended<Self>, mut row: impl FnMut(Handshake)) {
        let observer = &mut ended.observer;
        for side in Side::BOTH {
            observer.end(side, if ended.evicted { Missing::Limit } else { Missing::Truncated });
        }
        if observer.void || observer.tentative {
            return;
        }
        let carrier = observer.carrier;
        let mut drafts = std::mem::take(&mut observer.finished);
        drafts.push(std::mem::take(&mut observer.draft));
        if ended.evicted {
            if let Some(last) = drafts.last_mut() {
                last.note_defect(Defect::Limit, || "stream, let go to bound memory".into());
            }
        }
        let mut number = 0_u16;
        for draft in drafts {
            if let Some(handshake) = draft.finish(number, carrier, &ended) {
                number = number.saturating_add(1);
                row(handshake);
            }
        }
    }

    /// Hands what a side left unfinished to the draft.
    fn end(&mut self, side: Side, why: Missing) {
        let mut events = std::mem::take(&mut self.events);
        if let Some(parser) = self.parsers.of_mut(side) {
            parser.end(why, &mut events);
        }
        self.take_events(side, &mut events);
    }

    fn take_events(&mut self, side: Side, events: &mut Vec<Event>) {
        let grows = |event: &Event| {
            matches!(event, Event::ClientHello(..) | Event::ServerHello(..) | Event::Certificate(_))
        };
        let grew = events.iter().any(grows);
        for event in events.drain(..) {
            self.event(side, event);
        }
        if events.capacity() <= MAX_KEPT_EVENTS {
            self.events = std::mem::take(events);
        }
        if grew {
            self.held = self.measure();
        }
    }

    /// Bytes of memory that it takes, the parsers apart.
    fn measure(&self) -> usize {
        let drafts = self.finished.capacity().saturating_mul(size_of::<Draft>());
        let finished = self.finished.iter().map(Draft::heap);
        [size_of::<Self>(), drafts, self.draft.heap()]
            .into_iter()
            .chain(finished)
            .fold(0, usize::saturating_add)
    }

    fn event(&mut self, side: Side, event: Event) {
        match event {
            Event::ClientHello(hello, place) => self.client_hello(side, *hello, place),
            Event::ServerHello(hello, place) => self.server_hello(side, *hello, place),
            Event::RetryRequest { frame } => {
                self.draft.retry_request_frame.get_or_insert(frame);
            }
            Event::Certificate(leaf) => {
                self.draft.full = true;
                // A client's own comes after the server's and is not what the table is about.
                if Some(side) != self.draft.client && self.draft.leaf.is_none() {
                    self.draft.leaf = leaf;
                }
            }
            Event::ServerHelloDone => self.draft.full = true,
            Event::ServerKeyExchange(group) => {
                self.draft.full = true;
                self.draft.group = self.draft.group.or(group);
            }
            Event::ChangeCipherSpec => {
                self.draft.sides.of_mut(side).changed_cipher_spec = true;
                self.note_missed_hello(side);
            }
            Event::EncryptedHandshake => {
                self.draft.sides.of_mut(side).encrypted_handshake = true;
                self.note_missed_hello(side);
                if self.draft.client == Some(side) && !self.draft.is_answered() {
                    // A client that sends its Finished has had an answer.
                    self.draft.sides.of_mut(side.other()).hello_missed = true;
                    self.draft.note_defect(Defect::Gap, || "ServerHello".into());
                }
                self.draft.weigh();
            }
            Event::Alert { level, description, frame } => {
                // 1 is a warning; what is neither warning nor fatal is no warning.
                let fatal = level != 1;
                let known_fatal = self.draft.alert.is_some_and(|(level, ..)| level != 1);
                let better = self.draft.alert.is_none() || (fatal && !known_fatal);
                if better && (fatal || !self.draft.completed) {
                    self.draft.alert = Some((level, description, side, frame));
                    // Nobody sends a fatal alert in clear once keys are in use.
                    self.draft.completed &= !fatal;
                }
            }
            Event::ApplicationKeys | Event::Closed { .. } => {}
            Event::ApplicationData(length) => {
                self.note_missed_hello(side);
                self.draft.application_data(side, length);
            }
            Event::Foreign => {
                if self.tentative {
                    self.void = true;
                } else if !self.draft.is_answered() && Some(side) != self.draft.client {
                    self.draft.sides.of_mut(side).foreign = true;
                }
            }
        }
    }

    /// A server that sends TLS other than hellos and alerts has answered; the answer was missed.
    fn note_missed_hello(&mut self, side: Side) {
        let is_server = self.draft.client.is_some_and(|client| client != side);
        if is_server && !self.draft.is_answered() {
            self.draft.sides.of_mut(side).hello_missed = true;
        }
    }

    fn client_hello(&mut self, side: Side, hello: ClientHello, place: Place) {
        if self.tentative && !self.is_believed(&hello) {
            self.void = true;
            return;
        }
        self.tentative = false;
        if let Some(first) = &self.draft.offer {
            let same_random = first.hello.random.is_some() && first.hello.random == hello.random;
            let answers_retry = self.draft.retry_request_frame.is_some()
                && self.draft.choice.is_none()
                && self.draft.second_client_hello_frame.is_none();
            // RFC 9846 section 4.1.2: the second hello keeps the first one's random. So it is told
            // where the request itself was not captured; after an alert it is a new attempt.
            let repeats = same_random && self.draft.choice.is_none() && self.draft.alert.is_none();
            if answers_retry || repeats {
                self.draft.second_client_hello_frame.get_or_insert(place.frame);
                self.draft.note_fault(hello.fault, place);
                return;
            }
            self.next_handshake();
        } else if self.draft.choice.is_some()
            && (self.draft.completed || self.draft.client != Some(side))
        {
            self.next_handshake();
        }
        self.draft.begin(side, place.first, place.first.source_mac);
        self.draft.note_fault(hello.fault, place);
        self.draft.sides.of_mut(side).bytes = place.bytes_behind;
        self.draft.offer =
            Some(Offer { hello, frame: place.frame, record_version: place.record_version });
    }

    fn server_hello(&mut self, side: Side, hello: ServerHello, place: Place) {
        if self.tentative {
            let plausible = hello
                .legacy_version
                .is_some_and(|version| version.is_plausible() || hello.ssl2_format);
            // In the midst of other bytes every length must fit.
            if !plausible || (self.carrier != Carrier::Tls && !hello.complete) {
                self.void = true;
                return;
            }
        }
        self.tentative = false;
        let stray = self.draft.client == Some(side);
        if stray || (self.draft.choice.is_some() && !hello.is_retry_request()) {
            self.next_handshake();
        }
        self.draft.begin(side.other(), place.first, place.first.destination_mac);
        self.draft.note_fault(hello.fault, place);
        if hello.is_retry_request() {
            self.draft.retry_request_frame.get_or_insert(place.frame);
            return;
        }
        self.draft.sides.of_mut(side).bytes = place.bytes_behind;
        self.draft.choice =
            Some(Choice { hello, frame: place.frame, record_version: place.record_version });
    }

    /// Whether what began tentatively is a ClientHello. At the start of a connection a broken one
    /// is one; in the midst of other bytes every length must fit.
    fn is_believed(&self, hello: &ClientHello) -> bool {
        match self.carrier {
            Carrier::Tls => hello
                .legacy_version
                .is_some_and(|version| version.is_plausible() || hello.ssl2_format),
            Carrier::Other => hello.complete && parser::is_plausible_client_hello(hello),
        }
    }

    /// The handshake so far is over; another begins on the same connection.
    fn next_handshake(&mut self) {
        let mut over = std::mem::take(&mut self.draft);
        if self.finished.len() >= MAX_HANDSHAKES_PER_STREAM {
            if let Some(last) = self.finished.last_mut() {
                last.note_defect(Defect::Limit, || {
                    format!("stream, more than {MAX_HANDSHAKES_PER_STREAM} handshakes")
                });
            }
        } else if over.has_hello() {
            over.superseded = true;
            self.finished.push(over);
        }
        self.counting = false;
        self.read = PerSide::default();
    }

    /// Stops reading once nothing more can be learned.
    fn consider_counting(&mut self) {
        let enough = Side::BOTH.iter().any(|&side| *self.read.of(side) > MAX_HANDSHAKE_BYTES);
        if self.draft.completed || enough {
            self.counting = true;
            self.parsers = PerSide::default();
            self.events = Vec::new();
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

    fn begin(at_start: bool) -> Self {
        Self {
            carrier: if at_start { Carrier::Tls } else { Carrier::Other },
            tentative: true,
            void: false,
            counting: false,
            parsers: PerSide::default(),
            read: PerSide::default(),
            draft: Draft::default(),
            finished: Vec::new(),
            events: Vec::new(),
            held: size_of::<Self>(),
        }
    }

    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin) {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let parser = self.parsers.of_mut(side);
        if parser.is_none() {
            // The other direction joins where TLS begins in it.
            if record::can_begin(bytes) || Self::opens_with(bytes, true) {
                *parser = Some(Box::default());
            } else {
                if !self.tentative {
                    self.event(side, Event::Foreign);
                    let evidence = self.draft.sides.of_mut(side);
                    evidence.bytes = evidence.bytes.saturating_add(count);
                }
                return;
            }
        }
        let read = self.read.of_mut(side);
        *read = read.saturating_add(count);
        let bytes_before = self.draft.sides.of(side).bytes;
        let mut events = std::mem::take(&mut self.events);
        if let Some(parser) = self.parsers.of_mut(side) {
            parser.push(bytes, origin, &mut events);
        }
        let hello = events
            .iter()
            .any(|event| matches!(event, Event::ClientHello(..) | Event::ServerHello(..)));
        self.take_events(side, &mut events);
        if !hello {
            self.draft.sides.of_mut(side).bytes = bytes_before.saturating_add(count);
        }
        self.consider_counting();
    }

    fn missing(&mut self, side: Side, count: u32, why: Missing, origin: Origin) {
        let mut events = std::mem::take(&mut self.events);
        let mut was_reading = false;
        if let Some(parser) = self.parsers.of_mut(side) {
            was_reading = parser.is_in_step();
            parser.missing(usize::try_from(count).unwrap_or(usize::MAX), why, &mut events);
        }
        self.take_events(side, &mut events);
        if self.counting || self.tentative {
            return;
        }
        let is_server = self.draft.client.is_some_and(|client| client != side);
        if is_server && !self.draft.is_answered() {
            self.draft.sides.of_mut(side).hello_missed = true;
        }
        self.draft.missed_bytes = self.draft.missed_bytes.saturating_add(u64::from(count));
        let what = if was_reading { "record" } else { "stream" };
        self.draft.note_defect(defect_of(why), || format!("frame {}, {what}", origin.frame));
    }

    fn count(&mut self, side: Side, count: u32) {
        let evidence = self.draft.sides.of_mut(side);
        evidence.bytes = evidence.bytes.saturating_add(u64::from(count));
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
        if self.void {
            Interest::Nothing
        } else if self.counting {
            Interest::Count
        } else {
            Interest::Bytes
        }
    }

    fn buffered(&self) -> usize {
        Side::BOTH.iter().fold(self.held, |sum, &side| {
            let held = self.parsers.of(side).as_ref().map_or(0, |parser| parser.buffered());
            sum.saturating_add(held)
        })
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
