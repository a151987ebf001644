//! Lines of both sides, wherever segments cut them.

use crate::limits::MAX_DIALOGUE_LINE;
use crate::stream::{PerSide, Side};

/// Takes the bytes of a dialogue apart into lines.
#[derive(Debug)]
pub(super) struct Lines {
    /// What ends a line.
    end: u8,
    /// The beginning of the line whose end is still to come.
    begun: PerSide<Vec<u8>>,
}

impl Lines {
    /// Lines that end in `end`.
    pub(super) fn new(end: u8) -> Self {
        Self { end, begun: PerSide::default() }
    }

    /// The first that `take` makes of the lines that end in these bytes. It is given each line
    /// without its end, and how many of the bytes are behind it then. Lines after that one are not
    /// looked at.
    pub(super) fn find<T>(
        &mut self,
        side: Side,
        bytes: &[u8],
        mut take: impl FnMut(&[u8], usize) -> Option<T>,
    ) -> Option<T> {
        let begun = self.begun.of_mut(side);
        let mut rest = bytes;
        while let Some(length) = rest.iter().position(|&byte| byte == self.end) {
            let (line, after) = rest.split_at_checked(length)?;
            rest = after.get(1..).unwrap_or_default();
            let behind = bytes.len().saturating_sub(rest.len());
            let taken = if begun.is_empty() {
                take(trimmed(line), behind)
            } else {
                keep(begun, line);
                let taken = take(trimmed(begun), behind);
                begun.clear();
                taken
            };
            if taken.is_some() {
                return taken;
            }
        }
        keep(begun, rest);
        None
    }

    /// Forgets the line that a side has begun.
    pub(super) fn clear(&mut self, side: Side) {
        self.begun.of_mut(side).clear();
    }

    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        Side::BOTH.iter().fold(0, |sum, &side| sum.saturating_add(self.begun.of(side).capacity()))
    }
}

/// Adds to a line what there is room for; of a longer one the rest is not looked at.
fn keep(begun: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_DIALOGUE_LINE.saturating_sub(begun.len());
    begun.extend(more.iter().take(room));
}

fn trimmed(line: &[u8]) -> &[u8] {
    let (line, _) = line.split_at_checked(MAX_DIALOGUE_LINE).unwrap_or((line, &[]));
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines, bytes: &[u8]) -> Vec<(Vec<u8>, usize)> {
        let mut found = Vec::new();
        let none = lines.find(Side::A, bytes, |line, behind| {
            found.push((line.to_vec(), behind));
            None::<()>
        });
        assert_eq!(none, None);
        found
    }

    #[test]
    fn a_line_is_put_together_over_segments() {
        let mut lines = Lines::new(b'\n');
        assert_eq!(all(&mut lines, b"220 hel"), []);
        assert_eq!(all(&mut lines, b"lo\r"), []);
        let both = [(b"220 hello".to_vec(), 1), (b"221".to_vec(), 6)];
        assert_eq!(all(&mut lines, b"\n221\r\nx"), both);
        assert_eq!(all(&mut lines, b"\n"), [(b"x".to_vec(), 1)]);
    }

    #[test]
    fn of_a_long_line_only_the_beginning_is_kept() {
        let mut lines = Lines::new(b'\n');
        for _ in 0..100 {
            assert_eq!(all(&mut lines, &[b'a'; 100]), []);
        }
        assert!(lines.buffered() < 2 * MAX_DIALOGUE_LINE);
        assert_eq!(all(&mut lines, b"b\n")[0].0.len(), MAX_DIALOGUE_LINE);
    }
}
