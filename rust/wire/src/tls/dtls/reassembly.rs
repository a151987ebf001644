//! Handshake messages put together from fragments that come in any order, several times, or not
//! at all (RFC 6347 section 4.2.3).

use crate::cursor::Cursor;
use crate::limits::{MAX_DTLS_EARLY_FRAGMENTS, MAX_DTLS_OPEN_MESSAGES, MAX_MESSAGE};
use crate::stream::Origin;
use crate::tls::message::message_type;

/// A fragment of a handshake message.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// The message's type.
    pub kind: u8,
    /// The message's length, its header apart.
    pub length: usize,
    /// The message's number in its direction.
    pub sequence: u16,
    /// Where in the message it begins.
    pub offset: usize,
    /// Its bytes as far as captured.
    pub bytes: &'a [u8],
    /// It promises more than the record holds.
    pub cut: bool,
}

impl<'a> Fragment<'a> {
    /// Takes the next fragment of a record. `None` when what is left is none.
    pub fn take(cursor: &mut Cursor<'a>) -> Option<Self> {
        let kind = cursor.u8()?;
        let length = usize::try_from(cursor.u24()?).ok()?;
        let sequence = cursor.u16()?;
        let offset = usize::try_from(cursor.u24()?).ok()?;
        let promised = usize::try_from(cursor.u24()?).ok()?;
        if offset.saturating_add(promised) > length {
            return None;
        }
        let bytes = cursor.take_up_to(promised);
        Some(Self { kind, length, sequence, offset, bytes, cut: bytes.len() < promised })
    }
}

/// A message of which not all is there yet.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its type.
    pub kind: u8,
    /// Its length, its header apart.
    pub length: usize,
    /// Its number in its direction.
    pub sequence: u16,
    /// The bytes from its beginning to the first hole.
    pub bytes: Vec<u8>,
    /// What came behind the first hole.
    early: Vec<(usize, Vec<u8>)>,
    /// Where its first fragment was.
    pub first: Origin,
    /// The frame that brought the latest fragment.
    pub frame: u64,
    /// The version of the first fragment's record.
    pub record_version: u16,
}

impl Message {
    fn new(fragment: &Fragment<'_>, record_version: u16, origin: Origin) -> Self {
        Self {
            kind: fragment.kind,
            length: fragment.length,
            sequence: fragment.sequence,
            bytes: Vec::new(),
            early: Vec::new(),
            first: origin,
            frame: origin.frame,
            record_version,
        }
    }

    fn is_of(&self, fragment: &Fragment<'_>) -> bool {
        (self.sequence, self.kind, self.length)
            == (fragment.sequence, fragment.kind, fragment.length)
    }

    /// Whether the fragment repeats what is there.
    fn repeats(&self, fragment: &Fragment<'_>) -> bool {
        let here = self.bytes.get(fragment.offset..).unwrap_or_default();
        self.is_of(fragment) && !fragment.bytes.is_empty() && here.starts_with(fragment.bytes)
    }

    /// Whether the fragment says otherwise than what is there: it is of another message that has
    /// the same number, as that of a client which begins again.
    fn contradicts(&self, fragment: &Fragment<'_>) -> bool {
        let here = self.bytes.iter().skip(fragment.offset);
        here.zip(fragment.bytes).any(|(here, there)| here != there)
    }

    fn add(&mut self, fragment: &Fragment<'_>) {
        if fragment.offset > self.bytes.len() {
            if self.early.len() < MAX_DTLS_EARLY_FRAGMENTS {
                self.early.push((fragment.offset, fragment.bytes.to_vec()));
            }
            return;
        }
        self.append(fragment.offset, fragment.bytes);
        while let Some(place) = self.early.iter().position(|(at, _)| *at <= self.bytes.len()) {
            let (offset, bytes) = self.early.swap_remove(place);
            self.append(offset, &bytes);
        }
    }

    /// Appends the bytes at `offset` as far as they are new; nothing lies between.
    fn append(&mut self, offset: usize, bytes: &[u8]) {
        let known = self.bytes.len().saturating_sub(offset);
        let room = MAX_MESSAGE.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().skip(known).take(room));
    }

    /// Every byte is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.bytes.len() >= self.length
    }

    fn buffered(&self) -> usize {
        let early = self.early.iter().map(|(_, bytes)| bytes.capacity());
        let list = self.early.capacity().saturating_mul(size_of::<(usize, Vec<u8>)>());
        early.fold(self.bytes.capacity().saturating_add(list), usize::saturating_add)
    }
}

/// The messages of one direction that are not whole yet.
#[derive(Debug, Default)]
pub struct Reassembly {
    open: Vec<Message>,
    /// The latest hello that came in fragments and became whole.
    whole: Option<Message>,
}

impl Reassembly {
    /// Adds a fragment. Gives a message that nothing more is to be waited for: the one that it
    /// completes or that was cut in it, or one that makes room.
    pub fn add(
        &mut self,
        fragment: &Fragment<'_>,
        record_version: u16,
        origin: Origin,
    ) -> Option<Message> {
        let place = self.open.iter().position(|message| message.is_of(fragment));
        if place.is_none() && self.whole.as_ref().is_some_and(|whole| whole.repeats(fragment)) {
            // Sent again, and no part of another message of this number and length.
            return None;
        }
        let mut message = match place.map(|place| self.open.remove(place)) {
            Some(message) if !message.contradicts(fragment) => message,
            _ => Message::new(fragment, record_version, origin),
        };
        message.frame = origin.frame;
        message.add(fragment);
        if message.is_whole() || message.bytes.len() >= MAX_MESSAGE || fragment.cut {
            let is_hello =
                matches!(message.kind, message_type::CLIENT_HELLO | message_type::SERVER_HELLO);
            if is_hello && message.is_whole() && fragment.bytes.len() < message.length {
                self.whole = Some(message.clone());
            }
            return Some(message);
        }
        let crowded = self.open.len() >= MAX_DTLS_OPEN_MESSAGES;
        let oldest = crowded.then(|| self.open.remove(0));
        self.open.push(message);
        oldest
    }

    /// All that are open, in the order in which they came last.
    pub fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.open)
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn buffered(&self) -> usize {
        let list = self.open.capacity().saturating_mul(size_of::<Message>());
        let messages = self.open.iter().chain(&self.whole);
        messages.map(Message::buffered).fold(list, usize::saturating_add)
    }
}
