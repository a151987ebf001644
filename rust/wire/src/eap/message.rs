//! The messages of one direction: fragments put together, what is missing marked.
//!
//! A message is handed on once it is whole, as it reaches TLS, and counts in the frame that
//! completes it, where Wireshark shows it.

use super::packet::Fragment;
use crate::limits::MAX_EAP_MESSAGE;
use crate::stream::{Missing, Origin};

/// What comes out, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery<'a> {
    /// Bytes.
    Bytes(&'a [u8], Origin),
    /// So many bytes are not there.
    Missing(u32, Missing, Origin),
}

/// A place in a message where bytes are missing.
#[derive(Clone, Copy, Debug)]
struct Hole {
    at: usize,
    /// How many; `None` when nobody said.
    length: Option<usize>,
    why: Missing,
}

/// The messages of one direction.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    /// The first place where bytes are missing.
    hole: Option<Hole>,
    /// Bytes at the end that are missing or were not kept: behind a second hole, or more than a
    /// message may have.
    tail: Option<(usize, Missing)>,
    promised: Option<usize>,
    first: Option<Origin>,
    last: Origin,
    /// The last fragment said that more follow.
    unfinished: bool,
    /// The longest fragment so far: a lost one is taken to be as long.
    longest: usize,
}

impl Messages {
    /// Whether a message is begun and not whole.
    pub(super) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// Bytes of memory that it takes beside its own size.
    pub(super) fn buffered(&self) -> usize {
        self.bytes.capacity()
    }

    /// The next fragment. Most messages have but one, which is handed on as it is.
    pub(super) fn fragment(
        &mut self,
        fragment: &Fragment<'_>,
        origin: Origin,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        if fragment.bytes.is_empty() && fragment.cut == 0 && !self.unfinished {
            return; // An acknowledgement.
        }
        if let Some(length) = fragment.message_length {
            self.promised = usize::try_from(length).ok();
        }
        let alone = !self.unfinished && self.hole.is_none() && !fragment.more && fragment.cut == 0;
        if alone && self.promised.is_none_or(|promised| promised <= fragment.bytes.len()) {
            self.longest = self.longest.max(fragment.bytes.len());
            self.reset();
            deliver(Delivery::Bytes(fragment.bytes, origin));
            return;
        }
        self.first.get_or_insert(origin);
        self.last = origin;
        self.longest = self.longest.max(fragment.bytes.len().saturating_add(fragment.cut));
        self.unfinished = fragment.more;
        self.keep(fragment.bytes);
        if fragment.cut > 0 {
            self.lose(Some(fragment.cut), Missing::Truncated);
        }
        if !fragment.more {
            self.finish(Missing::Lost, deliver);
        }
    }

    /// A packet of this direction that held a fragment was lost before `origin`.
    pub(super) fn lost(&mut self, origin: Origin) {
        self.last = origin;
        self.lose(None, Missing::Lost);
    }

    /// Hands on what there is of a message; `why` its end is missing, should it be.
    pub(super) fn finish(&mut self, why: Missing, deliver: &mut impl FnMut(Delivery<'_>)) {
        let known = self.hole.and_then(|hole| hole.length).unwrap_or(0);
        let left_out = self.tail.map_or(0, |(length, _)| length);
        let there = self.bytes.len().saturating_add(known).saturating_add(left_out);
        // What the message lacks beyond that, if its length was told.
        let lacks = self.promised.map(|promised| promised.saturating_sub(there));
        let (mut hole, mut tail) = (self.hole, self.tail);
        match (&mut hole, lacks) {
            // Within a message that is whole nothing was lost after all.
            (Some(Hole { length: None, at: 1.., .. }), Some(0)) => hole = None,
            (Some(Hole { length: length @ None, .. }), lacks) => {
                // If the message lacks nothing, what was lost was a message of its own.
                let lacks = lacks.filter(|&lacks| lacks > 0);
                *length = Some(lacks.unwrap_or(self.longest.max(1)));
            }
            (_, Some(lacks @ 1..)) => {
                let why = tail.map_or(why, |(_, why)| why);
                tail = Some((left_out.saturating_add(lacks), why));
            }
            _ => {}
        }
        // The time of the first fragment, the number of the last frame.
        let origin = Origin { ts: self.first.unwrap_or(self.last).ts, ..self.last };
        let at = hole.map_or(self.bytes.len(), |hole| hole.at);
        let (before, behind) = self.bytes.split_at_checked(at).unwrap_or((&self.bytes, &[]));
        let hole = hole.map(|hole| (hole.length.unwrap_or(0), hole.why));
        for (bytes, missing) in [(before, hole), (behind, tail)] {
            if !bytes.is_empty() {
                deliver(Delivery::Bytes(bytes, origin));
            }
            if let Some((length @ 1.., why)) = missing {
                let length = u32::try_from(length).unwrap_or(u32::MAX);
                deliver(Delivery::Missing(length, why, origin));
            }
        }
        self.reset();
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some((length, _)) = &mut self.tail {
            *length = length.saturating_add(bytes.len());
            return;
        }
        let room = MAX_EAP_MESSAGE.saturating_sub(self.bytes.len());
        let (kept, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.bytes.extend_from_slice(kept);
        if !rest.is_empty() {
            self.tail = Some((rest.len(), Missing::Limit));
        }
    }

    fn lose(&mut self, length: Option<usize>, why: Missing) {
        if self.hole.is_none() && self.tail.is_none() {
            self.hole = Some(Hole { at: self.bytes.len(), length, why });
            return;
        }
        let (all, _) = self.tail.get_or_insert((0, why));
        *all = all.saturating_add(length.unwrap_or(self.longest));
    }

    fn reset(&mut self) {
        *self = Self { longest: self.longest, last: self.last, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eap::packet::Method;

    fn piece(bytes: &[u8], more: bool, message_length: Option<u32>) -> Fragment<'_> {
        Fragment { method: Method::Tls, more, message_length, bytes, cut: 0 }
    }

    /// What comes out, as `bytes@frame` and `-missing@frame`.
    fn text(run: impl FnOnce(&mut Messages, &mut dyn FnMut(Delivery<'_>))) -> String {
        let mut out = Vec::new();
        run(&mut Messages::default(), &mut |delivery| {
            out.push(match delivery {
                Delivery::Bytes(bytes, origin) => {
                    format!("{}@{}", String::from_utf8_lossy(bytes), origin.frame)
                }
                Delivery::Missing(count, _, origin) => format!("-{count}@{}", origin.frame),
            });
        });
        out.join(" ")
    }

    fn frame(frame: u64) -> Origin {
        Origin { frame, ..Origin::default() }
    }

    #[test]
    fn fragments_come_out_together_in_the_frame_of_the_last() {
        let out = text(|messages, mut out| {
            messages.fragment(&piece(b"abc", true, Some(5)), frame(1), &mut out);
            messages.fragment(&piece(b"de", false, None), frame(3), &mut out);
            messages.fragment(&piece(b"", false, None), frame(4), &mut out);
            messages.fragment(&piece(b"f", false, None), frame(5), &mut out);
        });
        assert_eq!(out, "abcde@3 f@5");
    }

    #[test]
    fn the_length_of_a_lost_fragment_follows_from_the_length_of_the_message() {
        let out = text(|messages, mut out| {
            messages.fragment(&piece(b"abc", true, Some(8)), frame(1), &mut out);
            messages.lost(frame(5));
            messages.fragment(&piece(b"h", false, None), frame(5), &mut out);
        });
        assert_eq!(out, "abc@5 -4@5 h@5");
    }

    #[test]
    fn a_message_that_is_whole_lacks_nothing() {
        let out = text(|messages, mut out| {
            messages.fragment(&piece(b"abc", true, Some(4)), frame(1), &mut out);
            messages.lost(frame(5));
            messages.fragment(&piece(b"d", false, None), frame(5), &mut out);
        });
        assert_eq!(out, "abcd@5");
    }

    #[test]
    fn a_lost_message_leaves_a_hole_as_long_as_the_longest_fragment() {
        let out = text(|messages, mut out| {
            messages.fragment(&piece(b"abc", false, None), frame(1), &mut out);
            messages.lost(frame(5));
            messages.fragment(&piece(b"d", false, Some(1)), frame(5), &mut out);
        });
        assert_eq!(out, "abc@1 -3@5 d@5");
    }

    #[test]
    fn a_message_without_its_end_says_how_much_is_missing() {
        let out = text(|messages, mut out| {
            messages.fragment(&piece(b"abc", true, Some(8)), frame(1), &mut out);
            messages.finish(Missing::Truncated, &mut out);
        });
        assert_eq!(out, "abc@1 -5@1");
    }

    #[test]
    fn behind_a_second_hole_nothing_is_kept() {
        let out = text(|messages, mut out| {
            for (bytes, at) in [(b"ab", 1), (b"ef", 5), (b"ij", 9)] {
                messages.fragment(&piece(bytes, true, None), frame(at), &mut out);
                messages.lost(frame(at));
            }
            messages.fragment(&piece(b"k", false, None), frame(11), &mut out);
        });
        assert_eq!(out, "ab@11 -2@11 ef@11 -7@11");
    }

    #[test]
    fn a_message_is_bounded() {
        let mut missing = 0;
        let mut messages = Messages::default();
        for n in 0..100 {
            messages.fragment(&piece(&[0; 1_000], n < 99, None), frame(n), &mut |delivery| {
                if let Delivery::Missing(count, Missing::Limit, _) = delivery {
                    missing = count;
                }
            });
            assert!(messages.buffered() <= 2 * MAX_EAP_MESSAGE);
        }
        assert_eq!(missing, 100_000 - u32::try_from(MAX_EAP_MESSAGE).unwrap());
    }
}
