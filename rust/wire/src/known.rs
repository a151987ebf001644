//! What was worked out already. A capture shows few distinct hellos and certificates, each many
//! times.

use std::hash::BuildHasher;

use hashbrown::HashMap;

use crate::limits::{MAX_KNOWN_BYTES, UNKNOWN_KEYS};

/// What was worked out of something, and how it is written.
#[derive(Debug)]
struct Entry<V> {
    number: u64,
    value: V,
    written: Written,
}

/// Cells as text, once they have been written.
#[derive(Debug, Default)]
pub struct Written {
    /// The text; empty until then.
    pub text: Vec<u8>,
    /// How many cells it has.
    pub cells: usize,
}

/// What was worked out, by the bytes that it depends on. Whoever sends ever new ones makes it forget,
/// nothing else.
#[derive(Debug)]
pub struct Known<V> {
    entries: HashMap<Vec<u8>, Entry<V>>,
    /// Bytes of memory that they take.
    held: usize,
    /// How many keys had to be worked out.
    count: u64,
    /// Hashes of the latest keys that were not known, where only what comes again is kept.
    once: Option<Box<[u64]>>,
}

impl<V> Default for Known<V> {
    /// Keeps everything.
    fn default() -> Self {
        Self { entries: HashMap::new(), held: 0, count: 0, once: None }
    }
}

impl<V> Known<V> {
    /// Keeps what comes a second time. Browsers put their extensions in another order in every hello:
    /// to keep those costs more than to work them out.
    #[must_use]
    pub fn of_repeated() -> Self {
        Self { once: Some(vec![0; UNKNOWN_KEYS].into()), ..Self::default() }
    }

    /// Hands to `take` what `work_out` makes of `key`, with the bytes of memory that it takes beside
    /// its own size, and how that is written: from memory if it is known. Gives a number that stands
    /// for `key`: another key never has it.
    pub fn with(
        &mut self,
        key: &[u8],
        work_out: impl FnOnce() -> (V, usize),
        take: impl FnOnce(&V, &mut Written),
    ) -> u64 {
        if let Some(entry) = self.entries.get_mut(key) {
            let before = entry.written.text.capacity();
            take(&entry.value, &mut entry.written);
            let written = entry.written.text.capacity().saturating_sub(before);
            self.held = self.held.saturating_add(written);
            return entry.number;
        }
        let (value, heap) = work_out();
        let number = self.count.saturating_add(1);
        self.count = number;
        let mut entry = Entry { number, value, written: Written::default() };
        take(&entry.value, &mut entry.written);
        if self.is_worth_keeping(key) {
            if self.held > MAX_KNOWN_BYTES {
                self.entries = HashMap::new();
                self.held = 0;
            }
            let new = [key.len(), heap, entry.written.text.capacity()];
            let new = new.into_iter().fold(size_of::<(Vec<u8>, Entry<V>)>(), usize::saturating_add);
            self.held = self.held.saturating_add(new);
            self.entries.insert(key.to_vec(), entry);
        }
        number
    }

    /// Whether a key that is not known is to be kept; where only those are that come again, it is noted.
    fn is_worth_keeping(&mut self, key: &[u8]) -> bool {
        let Some(once) = &mut self.once else { return true };
        let hash = self.entries.hasher().hash_one(key);
        let [.., low, high] = hash.to_ne_bytes();
        once.get_mut(usize::from(u16::from_ne_bytes([low, high])) % UNKNOWN_KEYS)
            .is_some_and(|latest| std::mem::replace(latest, hash) == hash)
    }
}

/// Fields as bytes, so that different fields never make the same ones: of whatever can vary in
/// length or be absent, that comes first.
#[derive(Debug, Default)]
pub struct Key(Vec<u8>);

impl Key {
    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds bytes of a fixed number.
    pub fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    /// Adds bytes of a fixed number, if they are there.
    pub fn push_optional<const N: usize>(&mut self, bytes: Option<[u8; N]>) {
        self.push([u8::from(bytes.is_some())]);
        if let Some(bytes) = bytes {
            self.push(bytes);
        }
    }

    /// Adds bytes of any number.
    pub fn push_list(&mut self, bytes: &[u8]) {
        self.push(bytes.len().to_ne_bytes());
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn different_fields_make_different_keys() {
        let key = |lists: [&[u8]; 2]| {
            let mut key = Key::default();
            lists.iter().for_each(|list| key.push_list(list));
            key.bytes().to_vec()
        };
        let lists: [&[u8]; 4] = [&[], &[0], &[1], &[1, 0]];
        let pairs = || lists.iter().flat_map(|a| lists.iter().map(move |b| [*a, *b]));
        for (n, one) in pairs().enumerate() {
            for (m, other) in pairs().enumerate() {
                assert_eq!(key(one) == key(other), n == m);
            }
        }
    }

    #[test]
    fn what_comes_again_is_known_from_the_second_time_on() {
        let mut known = Known::of_repeated();
        let mut worked_out = 0_u32;
        let mut numbers = Vec::new();
        for key in [&b"a"[..], b"b", b"a", b"a", b"b", b"b", b"c"] {
            let work_out = || {
                worked_out += 1;
                (key[0], 0)
            };
            numbers.push(known.with(key, work_out, |&value, _| assert_eq!(value, key[0])));
        }
        assert_eq!(worked_out, 5);
        assert_eq!(known.entries.len(), 2);
        assert_eq!((numbers[2], numbers[4]), (numbers[3], numbers[5]));
        let others = [numbers[0], numbers[1], numbers[2], numbers[4], numbers[6]];
        assert_eq!(HashSet::from(others).len(), others.len());
    }

    #[test]
    fn what_is_known_is_worked_out_once_and_bounded() {
        let mut known = Known::default();
        let mut worked_out = 0_u32;
        let mut numbers = Vec::new();
        for n in [1_u64, 2, 1, 2] {
            let work_out = || {
                worked_out += 1;
                (n, 0)
            };
            let number = known.with(&n.to_ne_bytes(), work_out, |&value, _| assert_eq!(value, n));
            numbers.push(number);
        }
        assert!(numbers[0] != numbers[1] && numbers[..2] == numbers[2..]);
        assert_eq!(worked_out, 2);
        for n in 3..100_u64 {
            let number = known.with(
                &n.to_ne_bytes(),
                || (n, 0),
                |_, written| {
                    written.text.reserve_exact(MAX_KNOWN_BYTES / 10);
                },
            );
            assert!(!numbers.contains(&number));
            numbers.push(number);
            assert!(known.held < MAX_KNOWN_BYTES * 2);
            assert!(known.entries.len() < 13);
        }
    }
}
