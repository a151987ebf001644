//! A handshake while it is being heard: the hellos and the evidence of how it went.

use super::{Alert, Choice, Defect, Handshake, Offer, Outcome, Outer, Party, Transport};
use crate::carrier::{Carrier, Said};
use crate::packet::Mac;
use crate::stream::{Ended, Missing, Origin, PerSide, Side};
use crate::tls::code_point::{ExtensionType, NamedGroup, ProtocolVersion};
use crate::tls::parser::Place;
use crate::tls::part::Fault;

/// A client's Finished in TLS 1.3 is longer than this (4 + 32 + 1 + 8 with the shortest tag); an
/// encrypted alert is shorter (2 + 1 + 16).
const SHORTEST_FINISHED: usize = 40;

/// What one party has sent since the hellos.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    pub changed_cipher_spec: bool,
    pub encrypted_handshake: bool,
    /// Records of application data after the ServerHello.
    pub application_data: u32,
    /// Captured bytes that came after the party's hello.
    pub bytes: u64,
    /// It uses keys that only a finished handshake gives.
    pub application_keys: bool,
    /// Bytes that are no TLS came instead of an answer.
    pub foreign: bool,
    /// TLS that is no hello, or a hole, came where the hello should be.
    pub hello_missed: bool,
}

/// A handshake in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub client: Option<Side>,
    /// The first frame of it and when that was: where two clocks made the capture, an answer may
    /// stand before what it answers.
    began: Option<(u64, Option<i64>)>,
    pub client_mac: Option<Mac>,
    pub offer: Option<Offer>,
    pub choice: Option<Choice>,
    pub retry_request_frame: Option<u64>,
    pub second_client_hello_frame: Option<u64>,
    pub group: Option<NamedGroup>,
    pub alert: Option<(u8, u8, Side, u64)>,
    /// The server was done right after its hello: no certificate, no exchange of keys.
    pub hollow: bool,
    /// What the server said instead of an answer in TLS.
    pub foreign_answer: Option<Said>,
    /// A message was seen that only a handshake from scratch has, in TLS 1.2 and below.
    pub full: bool,
    pub leaf: Option<Box<[u8]>>,
    pub sides: PerSide<Evidence>,
    /// The client's Finished of TLS 1.3 was seen.
    pub client_finished: bool,
    pub completed: bool,
    /// Who gave up in clear, without an alert.
    pub closed: Option<Side>,
    pub missed_bytes: u64,
    pub defect: Option<(Defect, String)>,
    /// Another handshake followed on the connection.
    pub superseded: bool,
}

impl Draft {
    /// Whether anything of a handshake was heard.
    pub(super) fn has_hello(&self) -> bool {
        self.offer.is_some() || self.is_answered()
    }

    /// Whether a server has answered: chosen, or asked for another hello.
    pub(super) fn is_answered(&self) -> bool {
        self.choice.is_some() || self.retry_request_frame.is_some()
    }

    /// Bytes of memory that it takes beside its own size.
    pub(super) fn heap(&self) -> usize {
        [
            self.offer.as_ref().map_or(0, Offer::heap),
            self.choice.as_ref().map_or(0, Choice::heap),
            self.leaf.as_ref().map_or(0, |leaf| leaf.len()),
            self.defect.as_ref().map_or(0, |(_, at)| at.capacity()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// When it began, as far as its frames tell.
    pub(super) fn ts(&self) -> Option<i64> {
        self.began.and_then(|(_, ts)| ts)
    }

    /// Notes who the client is and when the handshake began.
    pub(super) fn begin(&mut self, client: Side, first: Origin, mac: Option<Mac>) {
        self.client.get_or_insert(client);
        if self.began.is_none_or(|(frame, _)| first.frame < frame) {
            self.began = Some((first.frame, first.ts));
        }
        self.client_mac = self.client_mac.or(mac);
    }

    pub(super) fn note_defect(&mut self, defect: Defect, at: impl FnOnce() -> String) {
        if self.defect.is_none() {
            self.defect = Some((defect, at()));
        }
    }

    /// Notes what could not be read of a hello.
    pub(super) fn note_fault(&mut self, fault: Option<(Fault, &'static str)>, place: Place) {
        let Some((fault, field)) = fault else { return };
        let defect = match (fault, place.cut) {
            (Fault::Malformed, _) => Defect::Malformed,
            (Fault::Cut, Some(why)) => defect_of(why),
            // Cut inside a message that was whole: a vector ended before its elements did.
            (Fault::Cut, None) => Defect::Malformed,
        };
        self.note_defect(defect, || format!("frame {}, {field}", place.frame));
    }

    /// Whether the choice is TLS 1.3, drafts included.
    pub(super) fn is_tls13(&self) -> bool {
        self.choice
            .as_ref()
            .and_then(|choice| choice.hello.version())
            .is_some_and(ProtocolVersion::is_tls13)
    }

    /// A record of application data from `side`.
    pub(super) fn application_data(&mut self, side: Side, length: usize) {
        if self.choice.is_none() {
            return;
        }
        let tls13 = self.is_tls13();
        let evidence = self.sides.of_mut(side);
        evidence.application_data = evidence.application_data.saturating_add(1);
        if !tls13 {
            self.weigh();
            return;
        }
        // The client's Finished answers the server's, which is encrypted too. What a client sends
        // before that is early data.
        let server_spoke =
            self.missed_bytes > 0 || self.sides.of(side.other()).application_data > 0;
        if Some(side) == self.client {
            if self.client_finished && length >= SHORTEST_FINISHED {
                self.completed = true;
            } else if length >= SHORTEST_FINISHED && server_spoke {
                self.client_finished = true;
            }
        } else if self.client_finished {
            self.completed = true;
        }
    }

    /// Decides whether the evidence is enough; of TLS 1.3 in records the lengths decide.
    pub(super) fn weigh(&mut self) {
        if self.offer.is_none() || self.choice.is_none() {
            return;
        }
        let both =
            |test: fn(&Evidence) -> bool| Side::BOTH.iter().all(|&side| test(self.sides.of(side)));
        self.completed = self.completed || both(|e| e.application_keys);
        if self.is_tls13() {
            return;
        }
        let finished = both(|e| e.changed_cipher_spec && e.encrypted_handshake);
        let talking = both(|e| e.application_data > 0);
        let ssl2 = self.choice.as_ref().is_some_and(|choice| choice.hello.ssl2_format)
            && both(|e| e.bytes > 0);
        self.completed = self.completed || finished || talking || ssl2;
    }

    /// The row, once the connection is over. `None` when no hello was heard after all.
    pub(super) fn finish<O>(
        self,
        number: u16,
        transport: Transport,
        (carrier, carrier_target): (Carrier, Option<&String>),
        ended: &Ended<O>,
    ) -> Option<Handshake> {
        let client = self.client.filter(|_| self.has_hello())?;
        let server = client.other();
        let party = |side: Side| if side == client { Party::Client } else { Party::Server };
        let end = ended.end.map(|end| (party(end.side), end.closing));
        let alert = self.alert.map(|(level, description, side, frame)| Alert {
            level,
            description,
            sender: party(side),
            frame,
        });
        let one_sided = Side::BOTH.iter().any(|&side| !ended.captured.of(side));
        let outcome = self.outcome(
            alert,
            ended.end.map(|end| end.side).filter(|_| !self.superseded).or(self.closed).map(party),
            *ended.captured.of(server),
        );
        let resumed = self.resumed();
        let payload = |side: Side| {
            let spoke = if side == client { self.offer.is_some() } else { self.choice.is_some() };
            if spoke { self.sides.of(side).bytes } else { 0 }
        };
        Some(Handshake {
            transport,
            stream: ended.number,
            handshake: number,
            ts: self.ts(),
            carrier,
            carrier_target: carrier_target.cloned(),
            client: ended.parties.of(client).clone(),
            client_mac: self.client_mac,
            client_process: None,
            server: ended.parties.of(server).clone(),
            outer: ended.around.as_ref().map(|around| {
                Box::new(Outer {
                    tunnels: around.tunnels().collect(),
                    client_ip: around.ip(client),
                    server_ip: around.ip(server),
                })
            }),
            retry_request_frame: self.retry_request_frame,
            second_client_hello_frame: self.second_client_hello_frame,
            negotiated_group: self
                .choice
                .as_ref()
                .and_then(|choice| choice.hello.key_share_group)
                .or(self.group),
            resumed,
            outcome,
            alert,
            end,
            end_frame: ended.end.map(|end| end.frame),
            payload_bytes: payload(client).saturating_add(payload(server)),
            missed_bytes: self.missed_bytes,
            one_sided,
            certificate: self.leaf,
            defect: self.defect,
            offer: self.offer,
            choice: self.choice,
        })
    }

    fn outcome(
        &self,
        alert: Option<Alert>,
        ended_by: Option<Party>,
        server_captured: bool,
    ) -> Outcome {
        let fatal = alert.filter(|alert| alert.level != 1);
        match (&self.offer, &self.choice) {
            (None, _) => Outcome::ServerOnly,
            (Some(_), Some(_)) if self.completed => Outcome::Completed,
            (Some(_), Some(_)) => {
                // How it went on before it was closed may be in what is missing.
                if fatal.is_some() || ended_by.is_some() && self.missed_bytes == 0 {
                    Outcome::Failed
                } else {
                    Outcome::HellosOnly
                }
            }
            (Some(_), None) if !server_captured => Outcome::ClientOnly,
            (Some(_), None) => {
                let server = self.client.map(|client| self.sides.of(client.other()));
                if fatal.is_some_and(|alert| alert.sender == Party::Server) {
                    Outcome::Rejected
                } else if server.is_some_and(|evidence| evidence.hello_missed) {
                    // The server did answer; its hello is not in the capture.
                    Outcome::ClientOnly
                } else if server.is_some_and(|evidence| evidence.foreign)
                    || ended_by == Some(Party::Server)
                {
                    Outcome::Rejected
                } else if self.retry_request_frame.is_some() {
                    if fatal.is_some() || ended_by.is_some() {
                        Outcome::Failed
                    } else {
                        Outcome::HellosOnly
                    }
                } else {
                    Outcome::Unanswered
                }
            }
        }
    }

    /// Whether an earlier session was resumed.
    fn resumed(&self) -> Option<bool> {
        let choice = &self.choice.as_ref()?.hello;
        if self.is_tls13() {
            return if choice.has(ExtensionType::PRE_SHARED_KEY) {
                Some(true)
            } else {
                choice.complete.then_some(false)
            };
        }
        if self.full {
            return Some(false);
        }
        // What was missed may have been the certificate.
        if choice.ssl2_format || self.missed_bytes > 0 {
            return None;
        }
        let offer = &self.offer.as_ref()?.hello;
        let echoed = choice.session_id == offer.session_id
            && choice.session_id.is_some_and(|(_, length)| (1..=32).contains(&length));
        // The server's keys change right after its hello: nothing was exchanged anew.
        let server = self.sides.of(self.client?.other());
        if server.changed_cipher_spec && (echoed || offer.offers_ticket) {
            return Some(true);
        }
        None
    }
}

pub(super) fn defect_of(why: Missing) -> Defect {
    match why {
        Missing::Lost => Defect::Gap,
        Missing::Truncated => Defect::Truncated,
        Missing::Limit => Defect::Limit,
    }
}
