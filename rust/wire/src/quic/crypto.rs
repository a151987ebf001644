//! The handshake bytes of one direction, out of CRYPTO frames in any order (RFC 9000 section 19.6),
//! to hellos.

use crate::limits::{MAX_CRYPTO_PIECES, MAX_CRYPTO_WAITING, MAX_MESSAGE};
use crate::stream::{Missing, Origin};
use crate::tls::message;
use crate::tls::message::message_type::{CLIENT_HELLO, SERVER_HELLO};
use crate::tls::parser::{Event, Place};

const MESSAGE_HEADER: usize = 4;

/// Puts one direction's handshake messages together.
#[derive(Debug, Default)]
pub struct CryptoStream {
    /// Bytes of the stream that have been taken in order.
    taken: u64,
    /// The message being put together, header included.
    message: Vec<u8>,
    /// Bytes of an unwanted message that are still to come.
    skip: usize,
    /// Pieces from further on, by their place; they may overlap.
    waiting: Vec<(u64, Vec<u8>)>,
    waiting_bytes: usize,
    /// The first packet with a part of the message.
    first: Option<Origin>,
    /// The latest packet with a part of it.
    frame: u64,
    /// A piece was given up because too many waited.
    overflowed: bool,
}

impl CryptoStream {
    /// Whether a message has been begun that is not whole.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.first.is_some()
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        let list = self.waiting.capacity().saturating_mul(size_of::<(u64, Vec<u8>)>());
        self.message.capacity().saturating_add(list).saturating_add(self.waiting_bytes)
    }

    /// Takes a piece of the stream.
    pub fn piece(&mut self, offset: u64, bytes: &[u8], origin: Origin, events: &mut Vec<Event>) {
        let Some(fresh) = fresh(offset, bytes, self.taken) else { return };
        self.first.get_or_insert(origin);
        self.frame = self.frame.max(origin.frame);
        if offset > self.taken {
            self.keep(offset, bytes);
            return;
        }
        self.take(fresh, origin, events);
        while let Some((offset, _)) = self.waiting.first() {
            if *offset > self.taken {
                break;
            }
            let (offset, bytes) = self.waiting.remove(0);
            self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes.len());
            if let Some(fresh) = self::fresh(offset, &bytes, self.taken) {
                self.take(fresh, origin, events);
            }
        }
        if self.message.is_empty() && self.waiting.is_empty() && self.skip == 0 {
            self.first = None;
        }
    }

    /// No more of the stream comes: a message that was begun is handed over as far as it goes.
    /// `is_client`: it is the client's direction, so that a message of which nothing is known but
    /// that it was there is its hello.
    pub fn end(&mut self, is_client: bool, why: Missing, events: &mut Vec<Event>) {
        let why = if self.overflowed { Missing::Limit } else { why };
        let promised = self.promised().unwrap_or(MAX_MESSAGE);
        if self.message.is_empty() && is_client && self.is_unfinished() && self.taken == 0 {
            self.message.push(CLIENT_HELLO);
        }
        self.hello(promised, Some(why), events);
        *self = Self { taken: self.taken, ..Self::default() };
    }

    /// Keeps a piece from further on.
    fn keep(&mut self, offset: u64, bytes: &[u8]) {
        let at = self.waiting.partition_point(|(place, _)| *place <= offset);
        let before = at.checked_sub(1).and_then(|at| self.waiting.get(at));
        let known = before.map_or(offset, |(place, bytes)| end(*place, bytes));
        if fresh(offset, bytes, known).is_none() {
            return;
        }
        let sum = self.waiting_bytes.saturating_add(bytes.len());
        if sum > MAX_CRYPTO_WAITING || self.waiting.len() >= MAX_CRYPTO_PIECES {
            self.overflowed = true;
            return;
        }
        self.waiting_bytes = sum;
        self.waiting.insert(at, (offset, bytes.to_vec()));
    }

    /// Takes the next bytes of the stream.
    fn take(&mut self, mut bytes: &[u8], origin: Origin, events: &mut Vec<Event>) {
        self.taken = end(self.taken, bytes);
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = bytes;
                bytes = bytes.get(self.skip..).unwrap_or_default();
                self.skip = self.skip.saturating_sub(skipped.len());
                continue;
            }
            self.first.get_or_insert(origin);
            bytes = self.fill(bytes, MESSAGE_HEADER);
            let Some(promised) = self.promised() else { continue };
            if !matches!(self.message.first(), Some(&(CLIENT_HELLO | SERVER_HELLO))) {
                self.message.clear();
                self.skip = promised;
                continue;
            }
            let wanted = promised.min(MAX_MESSAGE);
            bytes = self.fill(bytes, wanted.saturating_add(MESSAGE_HEADER));
            if self.message.len() < wanted.saturating_add(MESSAGE_HEADER) {
                continue;
            }
            self.hello(promised, (wanted < promised).then_some(Missing::Limit), events);
            self.message.clear();
            self.first = None;
            self.skip = promised.saturating_sub(wanted);
        }
    }

    /// Lets the message grow to `length` bytes; gives what is left.
    fn fill<'a>(&mut self, bytes: &'a [u8], length: usize) -> &'a [u8] {
        let missing = length.saturating_sub(self.message.len());
        let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.message.extend_from_slice(taken);
        rest
    }

    /// The length that the message begun promises, once its header is there.
    fn promised(&self) -> Option<usize> {
        let [_, a, b, c] = *self.message.first_chunk::<MESSAGE_HEADER>()?;
        usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
    }

    /// Hands over the message put together, whole or cut.
    fn hello(&self, promised: usize, cut: Option<Missing>, events: &mut Vec<Event>) {
        let body = self.message.get(MESSAGE_HEADER..).unwrap_or_default();
        let place = Place {
            first: self.first.unwrap_or_default(),
            frame: self.frame,
            record_version: None,
            bytes_behind: 0,
            cut,
        };
        let kind = self.message.first();
        events.extend(kind.and_then(|kind| message::event(*kind, body, promised, place)));
    }
}

/// Where `bytes` at `offset` end.
fn end(offset: u64, bytes: &[u8]) -> u64 {
    offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

/// What of `bytes` at `offset` lies behind `known`; `None` when nothing does.
fn fresh(offset: u64, bytes: &[u8], known: u64) -> Option<&[u8]> {
    let old = usize::try_from(known.saturating_sub(offset)).ok()?;
    bytes.get(old..).filter(|fresh| !fresh.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::client_hello::ClientHello;

    fn origin(frame: u64) -> Origin {
        Origin { frame, ..Origin::default() }
    }

    /// A ClientHello with a suite and nothing else.
    fn client_hello() -> Vec<u8> {
        let mut hello = vec![1, 0, 0, 41, 3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0x13, 1, 1, 0]);
        hello
    }

    fn hellos(events: &[Event]) -> Vec<(&ClientHello, &Place)> {
        fn hello(event: &Event) -> (&ClientHello, &Place) {
            let Event::ClientHello(hello, place) = event else { panic!("{event:?}") };
            (hello, place)
        }
        events.iter().map(hello).collect()
    }

    #[test]
    fn pieces_in_any_order_give_one_hello() {
        let hello = client_hello();
        let mut orders = vec![[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in &mut orders {
            let (mut stream, mut events) = (CryptoStream::default(), Vec::new());
            for (frame, piece) in (11..).zip(*order) {
                // Each overlaps the next by five bytes, and comes twice.
                let from = piece * 15;
                let to = (from + 20).min(hello.len());
                for _ in 0..2 {
                    stream.piece(from as u64, &hello[from..to], origin(frame), &mut events);
                }
            }
            let all = hellos(&events);
            assert_eq!(all.len(), 1, "{order:?}");
            assert!(all[0].0.complete);
            assert_eq!((all[0].1.first.frame, all[0].1.frame), (11, 13));
            stream.end(true, Missing::Truncated, &mut events);
            assert_eq!(events.len(), 1);
        }
    }

    #[test]
    fn a_hole_at_the_end_gives_what_came_before_it() {
        let hello = client_hello();
        let (mut stream, mut events) = (CryptoStream::default(), Vec::new());
        stream.piece(0, &hello[..40], origin(1), &mut events);
        stream.piece(42, &hello[42..], origin(2), &mut events);
        assert!(events.is_empty() && stream.is_unfinished());
        stream.end(true, Missing::Lost, &mut events);
        let all = hellos(&events);
        assert!(!all[0].0.complete && all[0].0.random.is_some());
        assert_eq!(all[0].1.cut, Some(Missing::Lost));
    }

    #[test]
    fn a_hello_without_its_beginning_is_known_to_have_been_there() {
        let (mut stream, mut events) = (CryptoStream::default(), Vec::new());
        stream.piece(9, &[1, 2, 3], origin(1), &mut events);
        stream.end(true, Missing::Lost, &mut events);
        assert_eq!(hellos(&events)[0].0.legacy_version, None);
    }

    #[test]
    fn a_second_hello_follows_the_first_in_the_same_stream() {
        let hello = client_hello();
        let two = [hello.clone(), hello].concat();
        let (mut stream, mut events) = (CryptoStream::default(), Vec::new());
        stream.piece(0, &two[..60], origin(1), &mut events);
        assert!(stream.is_unfinished());
        stream.piece(30, &two[30..], origin(2), &mut events);
        let all = hellos(&events);
        assert_eq!([all[0].1.frame, all[1].1.frame], [1, 2]);
        assert!(!stream.is_unfinished());
    }

    #[test]
    fn what_waits_is_bounded_and_the_bound_shows() {
        let (mut stream, mut events) = (CryptoStream::default(), Vec::new());
        for piece in 0..2 * MAX_CRYPTO_PIECES as u64 {
            stream.piece(10 + 2 * piece, &[0], origin(1), &mut events);
        }
        stream.piece(100_000, &[0; MAX_CRYPTO_WAITING], origin(1), &mut events);
        assert!(stream.waiting.len() <= MAX_CRYPTO_PIECES);
        assert!(stream.heap() < 4 * MAX_CRYPTO_WAITING);
        stream.piece(0, &client_hello()[..10], origin(1), &mut events);
        stream.end(true, Missing::Lost, &mut events);
        assert_eq!(hellos(&events)[0].1.cut, Some(Missing::Limit));
    }
}
