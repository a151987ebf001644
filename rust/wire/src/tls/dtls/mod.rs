//! One direction of DTLS: datagrams to hellos, alerts and what else shows how the handshake went.
//! RFC 4347, RFC 6347, RFC 9147, and what AnyConnect speaks, which is older.

mod reassembly;
mod record;

use reassembly::{Fragment, Message, Reassembly};
use record::Record;

use super::client_hello::ClientHello;
use super::code_point::ProtocolVersion;
use super::message::{self, message_type};
use super::parser::{Event, Place};
use super::record::content_type;
use super::server_hello::ServerHello;
use crate::cursor::Cursor;
use crate::limits::MAX_MESSAGE;
use crate::stream::{Missing, Origin};

/// Hellos that are remembered to know them again. A handshake has two a side at most.
const KNOWN_HELLOS: usize = 8;

/// A hello's version and random.
const HEAD: usize = 34;

/// A protected record of DTLS 1.3 that holds a Finished has this many bytes at least: 12 of header,
/// 32, the content type, and the shortest tag.
const SHORTEST_FINISHED: usize = 12 + 32 + 1 + 8;

/// What is remembered of a hello: a later one that equals it is the same, sent again.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    sequence: u16,
    kind: u8,
    length: usize,
    head: Vec<u8>,
}

/// The parser of one direction.
#[derive(Debug, Default)]
pub struct Parser {
    reassembly: Reassembly,
    known: Vec<Known>,
    /// A record that hides what it is was seen, which can be the handshake's end.
    hidden: bool,
    /// A record of application data under DTLS 1.3 was seen.
    epoch3: bool,
}

impl Parser {
    /// A parser at the start of a direction.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of memory that it takes, with what is not whole yet.
    #[must_use]
    pub fn buffered(&self) -> usize {
        size_of::<Self>().saturating_add(self.reassembly.buffered()).saturating_add(
            self.known.capacity().saturating_mul(size_of::<Known>().saturating_add(HEAD)),
        )
    }

    /// Takes the records of one datagram.
    pub fn datagram(&mut self, mut bytes: &[u8], origin: Origin, events: &mut Vec<Event>) {
        while let Some((record, rest)) = record::read(bytes) {
            self.record(record, rest.len(), origin, events);
            bytes = rest;
        }
    }

    /// No more datagrams come, or the other side has gone on: what was begun is handed over as far
    /// as it goes.
    pub fn end(&mut self, why: Missing, events: &mut Vec<Event>) {
        for message in self.reassembly.take() {
            self.message(&message, 0, Some(why), events);
        }
    }

    fn record(
        &mut self,
        record: Record<'_>,
        behind: usize,
        origin: Origin,
        events: &mut Vec<Event>,
    ) {
        match record {
            Record::Hidden { epoch, dtls13: true, length } => {
                // Of epoch 2 is the handshake's rest: it ends with a Finished, and what comes then
                // is sent again or acknowledges. Of epoch 1 are early data, and later the fifth.
                self.epoch3 |= epoch == 3;
                let ends = epoch == 2 && !self.hidden && length >= SHORTEST_FINISHED;
                self.hidden |= ends;
                if ends || self.epoch3 && epoch != 2 {
                    events.push(Event::ApplicationData(length));
                }
            }
            Record::Hidden { length, .. } => {
                // A Finished, and then what it was for.
                let event = if self.hidden {
                    Event::ApplicationData(length)
                } else {
                    Event::EncryptedHandshake
                };
                self.hidden = true;
                events.push(event);
            }
            Record::Full { content_type: content_type::CHANGE_CIPHER_SPEC, .. } => {
                events.push(Event::ChangeCipherSpec);
            }
            Record::Full { content_type: content_type::ALERT, epoch: 0, payload, .. } => {
                if let [level, description] = *payload {
                    events.push(Event::Alert { level, description, frame: origin.frame });
                }
            }
            Record::Full {
                content_type: content_type::HANDSHAKE,
                epoch,
                payload,
                version,
                cut,
            } if epoch == 0 || is_hello(payload) => {
                let mut cursor = Cursor::new(payload);
                while let Some(fragment) = Fragment::take(&mut cursor) {
                    let behind = behind.saturating_add(cursor.len());
                    let fragment = Fragment { cut: cut && fragment.cut, ..fragment };
                    self.fragment(&fragment, version, behind, origin, events);
                }
            }
            Record::Full { content_type: content_type::HANDSHAKE, .. } => {
                events.push(Event::EncryptedHandshake);
            }
            Record::Full {
                content_type: content_type::APPLICATION_DATA,
                epoch: 1..,
                payload,
                ..
            } => {
                events.push(Event::ApplicationData(payload.len()));
            }
            Record::Full { .. } => {}
        }
    }

    fn fragment(
        &mut self,
        fragment: &Fragment<'_>,
        record_version: u16,
        behind: usize,
        origin: Origin,
        events: &mut Vec<Event>,
    ) {
        if fragment.kind == message_type::SERVER_HELLO_DONE {
            events.push(Event::ServerHelloDone);
        }
        if !message::is_read(fragment.kind) && fragment.kind != message_type::HELLO_VERIFY_REQUEST {
            return;
        }
        let Some(message) = self.reassembly.add(fragment, record_version, origin) else { return };
        let cut = if message.is_whole() {
            None
        } else if fragment.cut && message.sequence == fragment.sequence {
            Some(Missing::Truncated)
        } else {
            Some(Missing::Limit)
        };
        self.message(&message, behind, cut, events);
    }

    /// Hands over a message, whole or cut.
    fn message(
        &mut self,
        message: &Message,
        behind: usize,
        cut: Option<Missing>,
        events: &mut Vec<Event>,
    ) {
        if message.bytes.is_empty() && message.length > 0 {
            return;
        }
        let is_hello =
            matches!(message.kind, message_type::CLIENT_HELLO | message_type::SERVER_HELLO);
        if is_hello && self.knows(message) {
            return;
        }
        let place = Place {
            first: message.first,
            frame: message.frame,
            record_version: Some(message.record_version),
            bytes_behind: u64::try_from(behind).unwrap_or(u64::MAX),
            cut,
        };
        match message.kind {
            message_type::CLIENT_HELLO => {
                let hello = ClientHello::read_with_cookie(&message.bytes, message.length);
                events.push(Event::ClientHello(Box::new(hello), place));
            }
            message_type::HELLO_VERIFY_REQUEST => {
                events.push(Event::RetryRequest { frame: message.frame });
            }
            kind => events.extend(message::event(kind, &message.bytes, message.length, place)),
        }
    }

    /// Whether a hello was handed over before; from now on it was.
    fn knows(&mut self, message: &Message) -> bool {
        let head: Vec<u8> = message.bytes.iter().take(HEAD).copied().collect();
        let sent_again = self.known.iter().any(|known| {
            let fits = (known.sequence, known.kind, known.length)
                == (message.sequence, message.kind, message.length);
            // Of a cut one the beginning must do.
            fits && (known.head.starts_with(&head) || head.starts_with(&known.head))
        });
        if !sent_again {
            if self.known.len() >= KNOWN_HELLOS {
                self.known.remove(0);
            }
            self.known.push(Known {
                sequence: message.sequence,
                kind: message.kind,
                length: message.length,
                head,
            });
        }
        sent_again
    }
}

/// Whether the content of a record is one whole hello in clear, whatever epoch the record says.
/// Some clients count from 1.
fn is_hello(payload: &[u8]) -> bool {
    let mut cursor = Cursor::new(payload);
    let Some(fragment) = Fragment::take(&mut cursor) else { return false };
    let Fragment { kind, length, offset: 0, bytes, .. } = fragment else { return false };
    let is_version =
        |version: Option<ProtocolVersion>| version.is_some_and(ProtocolVersion::is_dtls);
    cursor.is_empty()
        && match kind {
            message_type::CLIENT_HELLO => {
                let hello = ClientHello::read_with_cookie(bytes, length);
                hello.complete && hello.offers_null_compression && is_version(hello.legacy_version)
            }
            message_type::SERVER_HELLO => {
                let hello = ServerHello::read(bytes, length);
                hello.complete && is_version(hello.legacy_version)
            }
            _ => false,
        }
}

/// Whether a datagram begins a handshake in clear and nothing else can be meant: its first record
/// holds a fragment of a hello, all of whose lengths fit.
#[must_use]
pub fn opens_with(bytes: &[u8]) -> bool {
    if bytes.first() != Some(&content_type::HANDSHAKE) {
        return false;
    }
    let Some((Record::Full { epoch, payload, cut, .. }, _)) = record::read(bytes) else {
        return false;
    };
    if epoch > 0 {
        return is_hello(payload);
    }
    let mut cursor = Cursor::new(payload);
    let Some(fragment) = Fragment::take(&mut cursor) else { return false };
    let body = fragment.bytes;
    let is_version = |bytes: &[u8]| {
        bytes.first_chunk().is_some_and(|two| ProtocolVersion(u16::from_be_bytes(*two)).is_dtls())
    };
    // The shortest hellos that can be: without session, extensions or cookie.
    let shortest = match fragment.kind {
        message_type::CLIENT_HELLO => HEAD + 1 + 1 + 4 + 2,
        message_type::SERVER_HELLO => HEAD + 1 + 2 + 1,
        message_type::HELLO_VERIFY_REQUEST => 3,
        _ => return false,
    };
    (shortest..=MAX_MESSAGE).contains(&fragment.length)
        && (cut || !fragment.cut)
        && !body.is_empty()
        && (fragment.offset > 0 || body.len() < 2 || is_version(body))
}
