//! The lists of a hello, kept as they were sent and in one piece of memory: a capture has hundreds of
//! thousands of hellos, and what most of them say was said before.

use std::marker::PhantomData;

/// Up to `N` lists, each put at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lists<const N: usize> {
    /// Each list behind its number and its length, so that different lists never make the same
    /// bytes.
    bytes: Vec<u8>,
    /// Where the lists begin and end.
    places: [Option<(u32, u32)>; N],
}

impl<const N: usize> Default for Lists<N> {
    fn default() -> Self {
        Self { bytes: Vec::new(), places: [None; N] }
    }
}

impl<const N: usize> Lists<N> {
    /// Room for lists of that many bytes in all.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Keeps a list as number `list`.
    pub(super) fn put(&mut self, list: u8, items: &[u8]) {
        let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.begin(list, length);
        self.bytes.extend_from_slice(items);
    }

    /// Keeps a list of numbers that do not lie one behind the other.
    pub(super) fn put_numbers(&mut self, list: u8, numbers: impl Iterator<Item = u16>) {
        self.begin(list, 0);
        let start = self.bytes.len();
        for number in numbers {
            self.bytes.extend_from_slice(&number.to_be_bytes());
        }
        // Now the length is known.
        let length = u32::try_from(self.bytes.len().saturating_sub(start)).unwrap_or(u32::MAX);
        let before = self.bytes.get_mut(..start).and_then(|bytes| bytes.last_chunk_mut::<4>());
        if let Some(written) = before {
            *written = length.to_be_bytes();
        }
        if let Some(Some((start, end))) = self.places.get_mut(usize::from(list)) {
            *end = start.saturating_add(length);
        }
    }

    fn begin(&mut self, list: u8, length: u32) {
        self.bytes.push(list);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        if let Some(place) = self.places.get_mut(usize::from(list)) {
            *place = Some((start, start.saturating_add(length)));
        }
    }

    /// Whether the list was put.
    pub(super) fn has(&self, list: u8) -> bool {
        self.places.get(usize::from(list)).is_some_and(Option::is_some)
    }

    /// A list as it was sent.
    pub(super) fn get(&self, list: u8) -> Option<&[u8]> {
        let (start, end) = (*self.places.get(usize::from(list))?)?;
        self.bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// A list of numbers.
    pub(super) fn numbers<T>(&self, list: u8) -> Option<Numbers<'_, T>> {
        self.get(list).map(Numbers::new)
    }

    /// All lists, each behind its number and its length.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of memory that they take beside their own size.
    pub(super) fn heap(&self) -> usize {
        self.bytes.capacity()
    }
}

/// A list of numbers of two bytes, as sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbers<'a, T> {
    bytes: &'a [u8],
    kind: PhantomData<T>,
}

impl<T> Clone for Numbers<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Numbers<'_, T> {}

impl<'a, T> Numbers<'a, T> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.bytes.len() / 2
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: From<u16> + PartialEq> Numbers<'a, T> {
    /// The numbers, in order.
    pub fn iter(self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        numbers(self.bytes).map(T::from)
    }

    /// Whether `number` is among them.
    #[must_use]
    pub fn contains(self, number: &T) -> bool {
        self.iter().any(|each| each == *number)
    }
}

/// Pairs of bytes as numbers.
pub(super) fn numbers(bytes: &[u8]) -> impl Iterator<Item = u16> + Clone {
    bytes.chunks_exact(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        _ => 0,
    })
}

/// Vectors with a one-byte length each, as far as they are whole.
pub(super) fn vectors(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, rest) = bytes.split_first()?;
        let (vector, rest) = rest.split_at_checked(usize::from(length))?;
        bytes = rest;
        Some(vector)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_in_whatever_order_they_were_put() {
        let mut lists = Lists::<3>::default();
        lists.put(2, &[1, 2, 3]);
        lists.put_numbers(0, [0x0102, 0x0304].into_iter());
        let written: &[u8] = &[2, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 4, 1, 2, 3, 4];
        assert_eq!(lists.bytes(), written);
        assert_eq!(lists.get(2), Some(&[1, 2, 3][..]));
        assert_eq!(lists.get(1), None);
        assert!(lists.has(0) && !lists.has(1));
        let numbers: Numbers<'_, u16> = lists.numbers(0).unwrap();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [0x0102, 0x0304]);
        assert!(numbers.contains(&0x0304) && !numbers.contains(&0x0203));
    }

    #[test]
    fn different_lists_make_different_bytes() {
        let of = |lists: &[(u8, &[u8])]| {
            let mut all = Lists::<2>::default();
            lists.iter().for_each(|(list, items)| all.put(*list, items));
            all.bytes().to_vec()
        };
        let lists: [&[(u8, &[u8])]; 6] = [
            &[],
            &[(0, &[])],
            &[(1, &[])],
            &[(0, &[1, 0, 0, 0, 0])],
            &[(0, &[]), (1, &[])],
            &[(0, &[1]), (1, &[0])],
        ];
        for (n, one) in lists.iter().enumerate() {
            for (m, other) in lists.iter().enumerate() {
                assert_eq!(of(one) == of(other), n == m);
            }
        }
    }

    #[test]
    fn a_vector_that_is_not_whole_ends_them() {
        assert_eq!(vectors(&[1, 7, 0, 2, 8]).collect::<Vec<_>>(), [&[7][..], &[]]);
    }
}
