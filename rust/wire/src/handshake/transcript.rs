//! What both sides of a conversation said, put together to handshakes, whatever brought it.

use super::draft::{Draft, defect_of};
use super::set_aside::{Aside, SetAsideKind};
use super::{Choice, Defect, Offer, Refused, SetAside, Told, Transport};
use crate::carrier::{Carrier, Refusal, RefusalKind, Said, first_words};
use crate::limits::MAX_HANDSHAKES_PER_STREAM;
use crate::stream::{Ended, Missing, Origin, Side};
use crate::tls::client_hello::ClientHello;
use crate::tls::code_point::ProtocolVersion;
use crate::tls::parser::{self, Event, Place};
use crate::tls::server_hello::ServerHello;

/// The handshakes of one conversation.
#[derive(Debug)]
pub(super) struct Transcript {
    pub transport: Transport,
    pub carrier: Carrier,
    pub target: Option<String>,
    /// It began although the server had refused it.
    pub despite_refusal: bool,
    /// Other bytes came before: every length of what begins must fit.
    amid: bool,
    /// What began it may be no hello yet.
    tentative: bool,
    void: bool,
    /// Handshakes begun after the first.
    pub begun: u16,
    pub draft: Draft,
    finished: Vec<Draft>,
    pub refusals: Vec<Refusal>,
    pub asides: Vec<Aside>,
    /// What was said on the same conversation with others, whose handshakes are told behind.
    pub siblings: Vec<Transcript>,
    /// Bytes of memory that all of this takes.
    held: usize,
}

impl Transcript {
    /// A transcript that begins with TLS, or what looks like it.
    pub(super) fn new(transport: Transport, carrier: Carrier, amid: bool) -> Self {
        Self {
            transport,
            carrier,
            target: None,
            despite_refusal: false,
            amid,
            tentative: true,
            void: false,
            begun: 0,
            draft: Draft::default(),
            finished: Vec::new(),
            refusals: Vec::new(),
            asides: Vec::new(),
            siblings: Vec::new(),
            held: size_of::<Self>(),
        }
    }

    /// What begins is certain to be TLS.
    pub(super) fn believe(&mut self) {
        self.tentative = false;
    }

    /// What began it was something else.
    pub(super) fn give_up(&mut self) {
        self.void = true;
    }

    /// It was not what it looked like.
    pub(super) fn is_void(&self) -> bool {
        self.void
    }

    /// Nothing more can be learned from the bytes to come.
    pub(super) fn is_completed(&self) -> bool {
        self.draft.completed
    }

    /// Bytes of memory that it takes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes what came out of `count` bytes of a side: all that `say` tells.
    pub(super) fn heard(
        &mut self,
        side: Side,
        count: u64,
        say: impl FnOnce(&mut dyn FnMut(Event)),
    ) {
        let before = self.draft.sides.of(side).bytes;
        if !self.take(side, say) {
            self.draft.sides.of_mut(side).bytes = before.saturating_add(count);
        }
    }

    /// Takes what `say` tells of a side, which need not be due to new bytes. Whether a hello was
    /// among it.
    pub(super) fn take(&mut self, side: Side, say: impl FnOnce(&mut dyn FnMut(Event))) -> bool {
        let (mut hello, mut certificate) = (false, false);
        say(&mut |event| {
            hello |= matches!(event, Event::ClientHello(..) | Event::ServerHello(..));
            certificate |= matches!(event, Event::Certificate(_));
            self.event(side, event);
        });
        if hello || certificate {
            // Once for all: a segment may hold thousands.
            self.held = self.measure();
        }
        hello
    }

    /// Bytes of a side that are no TLS.
    pub(super) fn foreign(&mut self, side: Side, bytes: &[u8], origin: Origin) {
        if self.tentative {
            return;
        }
        let answered = self.draft.is_answered() || self.draft.alert.is_some();
        if !answered && Some(side) != self.draft.client {
            let evidence = self.draft.sides.of_mut(side);
            if !evidence.foreign {
                evidence.foreign = true;
                self.draft.foreign_answer =
                    Some(Said { what: first_words(bytes), frame: origin.frame });
            }
        }
        let evidence = self.draft.sides.of_mut(side);
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        evidence.bytes = evidence.bytes.saturating_add(count);
    }

    /// `count` bytes of a side are not in the capture.
    pub(super) fn missing(
        &mut self,
        side: Side,
        count: u32,
        why: Missing,
        at: impl Fn() -> String,
    ) {
        if self.tentative {
            return;
        }
        self.note_missed_hello(side);
        self.draft.missed_bytes = self.draft.missed_bytes.saturating_add(u64::from(count));
        self.draft.note_defect(defect_of(why), at);
    }

    /// Captured bytes of a side that nobody looks at.
    pub(super) fn count(&mut self, side: Side, count: u32) {
        let evidence = self.draft.sides.of_mut(side);
        evidence.bytes = evidence.bytes.saturating_add(u64::from(count));
    }

    /// What there is to tell, once the conversation is over.
    pub(super) fn tell<O>(&mut self, ended: &Ended<O>, tell: &mut dyn FnMut(Told)) {
        let mut number = self.tell_from(0, ended, tell);
        for sibling in &mut self.siblings {
            number = sibling.tell_from(number, ended, tell);
        }
    }

    /// Tells with handshakes numbered from `number`, and gives the number that comes then.
    fn tell_from<O>(
        &mut self,
        mut number: u16,
        ended: &Ended<O>,
        tell: &mut dyn FnMut(Told),
    ) -> u16 {
        let (first, declined) = (number, std::mem::take(&mut self.refusals));
        let mut drafts = std::mem::take(&mut self.finished);
        let believed = !self.void && !self.tentative;
        let mut last = believed.then(|| std::mem::take(&mut self.draft));
        if ended.evicted {
            let last = last.as_mut().or(drafts.last_mut());
            if let Some(last) = last.filter(|last| !last.completed) {
                last.note_defect(Defect::Limit, || "stream, let go to bound memory".into());
            }
        }
        for mut draft in drafts.into_iter().chain(last) {
            if let Some(aside) = Aside::of(&draft).or_else(|| self.unbelievable(&draft)) {
                self.asides.push(aside);
                continue;
            }
            self.refusals.extend(self.refused(&mut draft));
            let carrier = (self.carrier, self.target.as_ref());
            let row = draft.finish(number, self.transport, carrier, ended);
            if let Some(row) = row {
                number = number.saturating_add(1);
                tell(Told::Handshake(Box::new(row)));
            }
        }
        if number == first || self.despite_refusal {
            // Where the server agreed in the end, it did not refuse it for good.
            self.refusals.extend(declined);
        }
        let ends = |client: Side| {
            (ended.parties.of(client).clone(), ended.parties.of(client.other()).clone())
        };
        for refusal in self.refusals.drain(..) {
            let (client, server) = ends(refusal.client);
            let (transport, stream) = (self.transport, ended.number);
            let refused = Refused { transport, stream, client, server, refusal };
            tell(Told::Refusal(Box::new(refused)));
        }
        for Aside { kind, ts, client, frames } in self.asides.drain(..) {
            let (client, server) = ends(client);
            let (transport, stream) = (self.transport, ended.number);
            let aside = SetAside { kind, transport, stream, ts, client, server, frames };
            tell(Told::SetAside(Box::new(aside)));
        }
        number
    }

    /// A hello amid bytes of an unknown protocol that was not answered as TLS is part of them: of a
    /// file, or of a protocol that wraps both directions.
    fn unbelievable(&self, draft: &Draft) -> Option<Aside> {
        let offer = draft.offer.as_ref()?;
        let client = draft.client?;
        let foreign = draft.foreign_answer.as_ref()?;
        let alone = self.carrier == Carrier::Other && draft.choice.is_none();
        alone.then(|| Aside {
            kind: SetAsideKind::NotAnsweredAsTls,
            ts: draft.ts(),
            client,
            frames: vec![offer.frame, foreign.frame],
        })
    }

    /// What a server said that was spoken to in TLS and does not speak it.
    fn refused(&self, draft: &mut Draft) -> Option<Refusal> {
        let answered = draft.foreign_answer.take()?;
        let offer = draft.offer.as_ref().filter(|_| draft.choice.is_none())?;
        Some(Refusal {
            kind: RefusalKind::TlsToPlaintext,
            carrier: self.carrier,
            client: draft.client?,
            ts: draft.ts(),
            asked: Some(Said { what: "ClientHello".into(), frame: offer.frame }),
            answered: Some(answered),
            target: self.target.clone(),
        })
    }

    /// Bytes of memory that it takes.
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
            Event::ClientHello(hello, place) => self.client_hello(side, hello, place),
            Event::ServerHello(hello, place) => self.server_hello(side, hello, place),
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
            Event::ServerHelloDone => {
                self.draft.hollow = !self.draft.full && self.draft.missed_bytes == 0;
                self.draft.full = true;
            }
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
            Event::ApplicationKeys => {
                self.note_missed_hello(side);
                self.draft.sides.of_mut(side).application_keys = true;
                self.draft.weigh();
            }
            Event::Closed { .. } => {
                self.draft.closed = self.draft.closed.or(Some(side));
            }
            Event::ApplicationData(length) => {
                self.note_missed_hello(side);
                self.draft.application_data(side, length);
            }
            Event::Foreign => {
                if !self.tentative && !self.draft.is_answered() && Some(side) != self.draft.client {
                    self.draft.sides.of_mut(side).foreign = true;
                }
                self.void |= self.tentative;
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

    fn client_hello(&mut self, side: Side, hello: Box<ClientHello>, place: Place) {
        if self.tentative && !self.is_believed(&hello, place) {
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

    fn server_hello(&mut self, side: Side, hello: Box<ServerHello>, place: Place) {
        if self.tentative {
            let plausible = self.is_plausible(hello.legacy_version) || hello.ssl2_format;
            // Amid other bytes every length must fit, as far as the capture goes.
            let fits = hello.complete || place.cut.is_some() && parser::is_cut_server_hello(&hello);
            if !plausible || (self.amid && !fits) {
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
        // It answers after all: what was refused before was another version of QUIC.
        self.draft.closed = None;
        self.draft.sides.of_mut(side).bytes = place.bytes_behind;
        self.draft.choice =
            Some(Choice { hello, frame: place.frame, record_version: place.record_version });
    }

    /// Whether what began tentatively is a ClientHello. At the start of a connection a broken one
    /// is one; amid other bytes every length must fit, as far as the capture goes.
    fn is_believed(&self, hello: &ClientHello, place: Place) -> bool {
        if self.amid {
            return hello.complete && parser::is_plausible_client_hello(hello)
                || place.cut.is_some() && parser::is_cut_client_hello(hello);
        }
        self.is_plausible(hello.legacy_version) || hello.ssl2_format
    }

    /// Whether a hello over this transport can say this version.
    fn is_plausible(&self, version: Option<ProtocolVersion>) -> bool {
        version.is_some_and(|version| match self.transport {
            Transport::Dtls => version.is_dtls(),
            _ => version.is_plausible(),
        })
    }

    /// What `sender` began was no hello.
    pub(super) fn set_aside(&mut self, sender: Side, origin: Origin) {
        if self.asides.len() < MAX_HANDSHAKES_PER_STREAM {
            self.asides.push(Aside::one(SetAsideKind::NotAHello, sender, origin));
        }
    }

    /// TLS may begin, in `carrier`; `amid` other bytes.
    pub(super) fn restart(&mut self, carrier: Carrier, amid: bool) {
        self.carrier = carrier;
        self.despite_refusal = false;
        self.amid = amid;
        self.tentative = true;
        self.void = false;
        self.draft = Draft::default();
    }

    /// Whether there is anything to tell yet.
    pub(super) fn has_something(&self) -> bool {
        let told = self.finished.len().saturating_add(self.asides.len());
        !self.tentative || told > 0 || !self.refusals.is_empty()
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
        self.begun = self.begun.saturating_add(1);
    }
}
