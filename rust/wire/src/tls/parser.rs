//! One direction of a TLS connection: in-order bytes to hellos, alerts and what else shows how
//! the handshake went.
//!
//! A message counts as seen in the frame that completes its *record*, where Wireshark shows it.

use super::client_hello::ClientHello;
use super::code_point::{NamedGroup, ProtocolVersion};
use super::message::{self, message_type};
use super::part::Fault;
use super::record::{self, HEADER_LENGTH, Header, content_type};
use super::server_hello::ServerHello;
use super::ssl2::{self, Opening};
use crate::limits::MAX_MESSAGE;
use crate::stream::{Missing, Origin};

/// Where a hello was.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The segment that its first byte came in.
    pub first: Origin,
    /// The frame that completed it, or the last one that holds a part of it.
    pub frame: u64,
    /// `legacy_record_version` of its first record; 0x0002 in the SSL 2.0 format; `None` where
    /// there are no records.
    pub record_version: Option<u16>,
    /// Stream bytes of this direction after it that had come with it.
    pub bytes_behind: u64,
    /// Why its rest is missing, if it is.
    pub cut: Option<Missing>,
}

/// Something that the direction said.
#[derive(Debug)]
pub enum Event {
    /// A ClientHello, whole or not.
    ClientHello(Box<ClientHello>, Place),
    /// A ServerHello, whole or not; a HelloRetryRequest too.
    ServerHello(Box<ServerHello>, Place),
    /// The HelloRetryRequest message of old drafts.
    RetryRequest {
        /// Where it ended.
        frame: u64,
    },
    /// A Certificate message in clear: TLS 1.2 or below, not resumed. Its leaf, when it is whole.
    Certificate(Option<Box<[u8]>>),
    /// A ServerHelloDone: TLS 1.2 or below, not resumed.
    ServerHelloDone,
    /// A ServerKeyExchange, and the group when it is an elliptic-curve one.
    ServerKeyExchange(Option<NamedGroup>),
    /// A ChangeCipherSpec record.
    ChangeCipherSpec,
    /// A handshake record that is encrypted.
    EncryptedHandshake,
    /// An alert in clear.
    Alert {
        /// 1 warning, 2 fatal.
        level: u8,
        /// What it is about.
        description: u8,
        /// Where it is.
        frame: u64,
    },
    /// Something under keys that only a finished handshake gives its sender.
    ApplicationKeys,
    /// The sender gives up, in clear and without an alert.
    Closed {
        /// Where it says so.
        frame: u64,
    },
    /// A record of application data; its length.
    ApplicationData(usize),
    /// Bytes where a record should begin that cannot be one.
    Foreign,
}

/// A record of alerts in clear is not longer than this: nobody sends more than a few at once.
const LONGEST_ALERTS: usize = 8;

/// Room for most records that come in pieces: those with certificates.
const USUAL_RECORD: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At or in a record header.
    Header,
    /// In the payload of a record that is kept until it is whole.
    Keep(Header),
    /// In the payload of a record whose content does not matter.
    Skip,
    /// In what may be an SSL 2.0-format hello.
    Ssl2,
    /// Record boundaries are not known; the start of each segment is tried.
    Lost,
}

/// The parser of one direction.
#[derive(Debug)]
pub struct Parser {
    state: State,
    /// Nothing but the first record has been looked at: an SSL 2.0-format hello is possible.
    opening: bool,
    /// Bytes of the header, or of the record that is being kept.
    kept: Vec<u8>,
    /// Bytes of the record that are still to come.
    left: usize,
    record_start: Origin,
    /// The handshake message being put together, header included.
    message: Vec<u8>,
    message_start: Origin,
    message_record_version: u16,
    /// Bytes of an unwanted message that are still to come.
    message_skip: usize,
    /// The first byte of an alert whose second is still to come.
    alert_level: Option<u8>,
    /// The latest frame that brought bytes.
    frame: u64,
    /// This direction has sent ChangeCipherSpec.
    encrypted: bool,
}

impl Parser {
    /// A parser at the start of a direction's TLS.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Header,
            opening: true,
            kept: Vec::new(),
            left: 0,
            record_start: Origin::default(),
            message: Vec::new(),
            message_start: Origin::default(),
            message_record_version: 0,
            message_skip: 0,
            alert_level: None,
            frame: 0,
            encrypted: false,
        }
    }

    /// Bytes of memory that it takes, with what is not whole yet.
    #[must_use]
    pub fn buffered(&self) -> usize {
        size_of::<Self>()
            .saturating_add(self.kept.capacity())
            .saturating_add(self.message.capacity())
    }

    /// Whether the record boundaries are known.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        self.state != State::Lost
    }

    /// Takes the next bytes of the direction; `hear` is told what they say.
    pub fn push(&mut self, mut bytes: &[u8], origin: Origin, hear: &mut dyn FnMut(Event)) {
        if self.state == State::Lost {
            if bytes.len() < HEADER_LENGTH || !record::can_begin(bytes) {
                return;
            }
            self.restart();
        }
        self.frame = self.frame.max(origin.frame);
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Header => self.header(bytes, origin, hear),
                State::Keep(header) => self.keep(header, bytes, hear),
                State::Skip => {
                    let (_, rest) = split(bytes, self.left);
                    self.left = self.left.saturating_sub(bytes.len());
                    if self.left == 0 {
                        self.state = State::Header;
                    }
                    rest
                }
                State::Ssl2 => self.ssl2(bytes, hear),
                State::Lost => return,
            };
        }
    }

    /// The next `count` bytes of the direction are not in the capture.
    pub fn missing(&mut self, count: usize, why: Missing, hear: &mut dyn FnMut(Event)) {
        self.end(why, hear);
        match self.state {
            State::Keep(_) | State::Skip if count <= self.left => {
                self.left = self.left.saturating_sub(count);
                self.kept.clear();
                self.state = if self.left == 0 { State::Header } else { State::Skip };
            }
            _ => self.state = State::Lost,
        }
    }

    /// No more bytes come: a message that was begun is handed over as far as it goes.
    pub fn end(&mut self, why: Missing, hear: &mut dyn FnMut(Event)) {
        let kept = std::mem::take(&mut self.kept);
        match self.state {
            State::Keep(header)
                if header.content_type == content_type::HANDSHAKE && !self.encrypted =>
            {
                self.handshake(header.version, &kept, 0, hear);
            }
            State::Ssl2 => self.ssl2_hello(&kept, 0, Some(why), hear),
            _ => {}
        }
        if !self.message.is_empty() {
            let promised = self.promised().unwrap_or(MAX_MESSAGE);
            self.hello(promised, 0, Some(why), hear);
        }
        self.message.clear();
        self.message_skip = 0;
    }

    fn restart(&mut self) {
        self.state = State::Header;
        self.opening = false;
        self.kept.clear();
        self.message.clear();
        self.message_skip = 0;
        self.alert_level = None;
    }

    fn header<'a>(
        &mut self,
        bytes: &'a [u8],
        origin: Origin,
        hear: &mut dyn FnMut(Event),
    ) -> &'a [u8] {
        if self.kept.is_empty() {
            self.record_start = origin;
            if self.opening && bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
                self.state = State::Ssl2;
                return bytes;
            }
        }
        let (header, rest) = match bytes.split_first_chunk() {
            // Most headers lie in one piece, and need not be put together.
            Some((five, rest)) if self.kept.is_empty() => (Header::read(*five), rest),
            _ => {
                let (taken, rest) = split(bytes, HEADER_LENGTH.saturating_sub(self.kept.len()));
                self.kept.extend_from_slice(taken);
                let header = match self.kept.first_chunk() {
                    Some(five) => Header::read(*five),
                    None if record::can_begin(&self.kept) => return rest,
                    None => None,
                };
                self.kept.clear();
                (header, rest)
            }
        };
        let Some(header) = header else {
            hear(Event::Foreign);
            self.state = State::Lost;
            return &[];
        };
        self.opening = false;
        self.left = header.length;
        self.state = match header.content_type {
            content_type::HANDSHAKE => State::Keep(header),
            // An alert in clear has two bytes, and a record may hold a half of one or several; an
            // encrypted one is longer.
            content_type::ALERT if header.length <= 2 => State::Keep(header),
            content_type::ALERT if header.length <= LONGEST_ALERTS && !self.encrypted => {
                State::Keep(header)
            }
            content_type::CHANGE_CIPHER_SPEC => {
                self.encrypted = true;
                hear(Event::ChangeCipherSpec);
                State::Skip
            }
            content_type::APPLICATION_DATA => {
                hear(Event::ApplicationData(header.length));
                State::Skip
            }
            _ => State::Skip,
        };
        if header.length == 0 {
            self.state = State::Header;
        }
        rest
    }

    fn keep<'a>(
        &mut self,
        header: Header,
        bytes: &'a [u8],
        hear: &mut dyn FnMut(Event),
    ) -> &'a [u8] {
        let (taken, rest) = split(bytes, self.left);
        self.left = self.left.saturating_sub(taken.len());
        if self.left > 0 {
            if self.kept.is_empty() {
                self.kept.reserve(header.length.min(USUAL_RECORD));
            }
            self.kept.extend_from_slice(taken);
            return rest;
        }
        self.state = State::Header;
        if self.kept.is_empty() {
            self.record(header, taken, rest.len(), hear);
        } else {
            let mut kept = std::mem::take(&mut self.kept);
            kept.extend_from_slice(taken);
            self.record(header, &kept, rest.len(), hear);
        }
        rest
    }

    /// A whole record; `behind` bytes of the stream came after it.
    fn record(
        &mut self,
        header: Header,
        payload: &[u8],
        behind: usize,
        hear: &mut dyn FnMut(Event),
    ) {
        match (header.content_type, payload) {
            (content_type::ALERT, _) => self.alerts(payload, hear),
            (content_type::HANDSHAKE, _) if self.encrypted && !is_hello(payload) => {
                hear(Event::EncryptedHandshake);
            }
            (content_type::HANDSHAKE, _) => {
                if self.encrypted {
                    // In clear again: the second hello after a HelloRetryRequest, for which a
                    // ChangeCipherSpec means nothing, or a new handshake.
                    self.message.clear();
                    self.message_skip = 0;
                }
                self.handshake(header.version, payload, behind, hear);
            }
            _ => {}
        }
    }

    /// Alerts in the payload of a record, each possibly begun in the one before.
    fn alerts(&mut self, payload: &[u8], hear: &mut dyn FnMut(Event)) {
        let mut levels = payload.iter().step_by(2);
        if payload.len() > 2 && !levels.all(|level| matches!(level, 1 | 2)) {
            return; // Encrypted after all; the change of keys was not captured.
        }
        for &byte in payload {
            match self.alert_level.take() {
                None => self.alert_level = Some(byte),
                Some(level) => {
                    hear(Event::Alert { level, description: byte, frame: self.frame });
                }
            }
        }
    }

    /// Handshake messages in the payload of a record, each possibly begun or continued elsewhere.
    fn handshake(
        &mut self,
        record_version: u16,
        mut payload: &[u8],
        behind: usize,
        hear: &mut dyn FnMut(Event),
    ) {
        while !payload.is_empty() {
            if self.message_skip > 0 {
                let (skipped, rest) = split(payload, self.message_skip);
                self.message_skip = self.message_skip.saturating_sub(skipped.len());
                payload = rest;
                continue;
            }
            if self.message.is_empty() {
                self.message_start = self.record_start;
                self.message_record_version = record_version;
                // Most messages lie in one piece, and need not be put together.
                if let Some((kind, body, rest)) = whole_message(payload) {
                    payload = rest;
                    let place = self.place(behind.saturating_add(rest.len()), None);
                    if let Some(event) = message::event(kind, body, body.len(), place) {
                        hear(event);
                    }
                    continue;
                }
            }
            let (taken, rest) = split(payload, 4_usize.saturating_sub(self.message.len()));
            self.message.extend_from_slice(taken);
            payload = rest;
            let Some(promised) = self.promised() else { continue };
            match self.message.first() {
                Some(&kind) if message::is_read(kind) => {
                    let have = self.message.len().saturating_sub(4);
                    let wanted = promised.min(MAX_MESSAGE);
                    let (taken, rest) = split(payload, wanted.saturating_sub(have));
                    self.message.extend_from_slice(taken);
                    payload = rest;
                    let have = have.saturating_add(taken.len());
                    if have == promised {
                        self.hello(promised, behind.saturating_add(payload.len()), None, hear);
                        self.message.clear();
                    } else if have >= wanted {
                        self.hello(promised, 0, Some(Missing::Limit), hear);
                        self.message.clear();
                        self.message_skip = promised.saturating_sub(have);
                    }
                }
                Some(&kind) => {
                    if kind == message_type::SERVER_HELLO_DONE {
                        hear(Event::ServerHelloDone);
                    }
                    self.message.clear();
                    self.message_skip = promised;
                }
                None => {}
            }
        }
    }

    /// The length that the message begun promises, once its header is there.
    fn promised(&self) -> Option<usize> {
        let [_, a, b, c] = *self.message.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
    }

    /// Hands over the message put together, whole or cut.
    fn hello(
        &mut self,
        promised: usize,
        behind: usize,
        cut: Option<Missing>,
        hear: &mut dyn FnMut(Event),
    ) {
        let kind = self.message.first().copied();
        let body = self.message.split_at_checked(4).map_or(&[][..], |(_, body)| body);
        let place = self.place(behind, cut);
        if let Some(event) = kind.and_then(|kind| message::event(kind, body, promised, place)) {
            hear(event);
        }
    }

    /// Where the message is that ends here.
    fn place(&self, behind: usize, cut: Option<Missing>) -> Place {
        Place {
            first: self.message_start,
            frame: self.frame,
            record_version: Some(self.message_record_version),
            bytes_behind: u64::try_from(behind).unwrap_or(u64::MAX),
            cut,
        }
    }

    fn ssl2<'a>(&mut self, bytes: &'a [u8], hear: &mut dyn FnMut(Event)) -> &'a [u8] {
        let mut whole = std::mem::take(&mut self.kept);
        let before = whole.len();
        whole.extend_from_slice(bytes);
        let length = match ssl2::opening(&whole) {
            Opening::No => {
                hear(Event::Foreign);
                self.state = State::Lost;
                return &[];
            }
            Opening::Unclear => {
                self.kept = whole;
                return &[];
            }
            Opening::ClientHello(length) | Opening::ServerHello(length) => length,
        };
        let end = length.saturating_add(2);
        if whole.len() < end {
            self.kept = whole;
            return &[];
        }
        let (record, behind) = split(&whole, end);
        let (_, rest) = split(bytes, end.saturating_sub(before));
        self.state = State::Header;
        self.ssl2_hello(record, behind.len(), None, hear);
        self.opening = false;
        rest
    }

    fn ssl2_hello(
        &mut self,
        record: &[u8],
        behind: usize,
        cut: Option<Missing>,
        hear: &mut dyn FnMut(Event),
    ) {
        let place = Place {
            first: self.record_start,
            frame: self.frame,
            record_version: Some(0x0002),
            bytes_behind: u64::try_from(behind).unwrap_or(u64::MAX),
            cut,
        };
        let (_, payload) = split(record, 2);
        match ssl2::opening(record) {
            Opening::ClientHello(length) => {
                let hello = ssl2::client_hello(payload, length);
                hear(Event::ClientHello(Box::new(hello), place));
            }
            Opening::ServerHello(length) => {
                let hello = ssl2::server_hello(payload, length);
                hear(Event::ServerHello(Box::new(hello), place));
            }
            Opening::No | Opening::Unclear => {}
        }
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a record's payload is a hello in clear and nothing else can be meant: every length in
/// it fits.
#[must_use]
pub fn is_hello(payload: &[u8]) -> bool {
    let Some((&[kind, a, b, c], body)) = payload.split_first_chunk::<4>() else { return false };
    let Ok(length) = usize::try_from(u32::from_be_bytes([0, a, b, c])) else { return false };
    if length > body.len() {
        return false;
    }
    match kind {
        message_type::CLIENT_HELLO => {
            let hello = ClientHello::read(body, length);
            hello.complete && is_plausible_client_hello(&hello)
        }
        message_type::SERVER_HELLO => {
            let hello = ServerHello::read(body, length);
            hello.complete && hello.legacy_version.is_some_and(ProtocolVersion::is_plausible)
        }
        _ => false,
    }
}

/// Whether a whole ClientHello offers what every hello must.
#[must_use]
pub fn is_plausible_client_hello(hello: &ClientHello) -> bool {
    let something = hello.cipher_suites().is_some_and(|suites| !suites.is_empty())
        || hello.ssl2_cipher_kinds().is_some_and(|kinds| !kinds.is_empty());
    let version =
        hello.legacy_version.is_some_and(|version| version.is_plausible() || hello.ssl2_format);
    something && version && (hello.offers_null_compression || hello.ssl2_format)
}

/// Whether what was captured of a ClientHello leaves no doubt that it is one: behind the headers of
/// record and message a version, a session id that fits, and suites.
#[must_use]
pub fn is_cut_client_hello(hello: &ClientHello) -> bool {
    hello.fault.is_some_and(|(fault, _)| fault == Fault::Cut)
        && hello.legacy_version.is_some_and(ProtocolVersion::is_plausible)
        && hello.cipher_suites().is_some_and(|suites| !suites.is_empty())
}

/// The same of a ServerHello: the suite.
#[must_use]
pub fn is_cut_server_hello(hello: &ServerHello) -> bool {
    hello.fault.is_some_and(|(fault, _)| fault == Fault::Cut) && hello.cipher_suite.is_some()
}

/// Type and body of the message at the start of a payload, and what follows it: where all of it is
/// there and its bytes matter.
fn whole_message(payload: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, a, b, c], rest) = payload.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    (message::is_read(kind) && length <= MAX_MESSAGE).then_some((kind, body, rest))
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}
