//! What was worked out already. A capture shows few distinct hellos and certificates, each many
//! times.

use hashbrown::HashMap;

use crate::limits::MAX_KNOWN_BYTES;

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
    /// How many there were, with those that are forgotten.
    count: u64,
}

impl<V> Default for Known<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), held: 0, count: 0 }
    }
}

impl<V> Known<V> {
    /// Hands to `take` what `work_out` makes of `key`, with the bytes of memory that it takes beside
    /// its own size, and how that is written: from memory if it came before. Gives a number that
    /// stands for `key`: another key never has it.
    pub fn with(
        &mut self,
        key: &[u8],
        work_out: impl FnOnce() -> (V, usize),
        take: impl FnOnce(&V, &mut Written),
    ) -> u64 {
        if self.held > MAX_KNOWN_BYTES {
            *self = Self { count: self.count, ..Self::default() };
        }
        let mut new = 0_usize;
        let count = &mut self.count;
        let entry = self.entries.entry_ref(key).or_insert_with(|| {
            let (value, heap) = work_out();
            new = size_of::<(Vec<u8>, Entry<V>)>().saturating_add(key.len()).saturating_add(heap);
            *count = count.saturating_add(1);
            Entry { number: *count, value, written: Written::default() }
        });
        let before = entry.written.text.capacity();
        take(&entry.value, &mut entry.written);
        let written = entry.written.text.capacity().saturating_sub(before);
        self.held = self.held.saturating_add(new).saturating_add(written);
        entry.number
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
