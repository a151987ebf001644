//! Frames whose parts are in several events, as Windows 7 and 8 logged them.

use std::collections::HashMap;

use super::{Part, Place};
use crate::limits::{MAX_OPEN_FRAMES, MAX_PACKET};

/// What the parts of one frame have in common: they are logged one after the other by one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::capture) struct Key {
    place: Place,
    thread: u32,
    /// Of the idle thread there is one on each processor, all with number 0.
    processor: Option<u16>,
}

impl Key {
    pub(in crate::capture) fn new(place: Place, thread: u32, processor: u16) -> Self {
        Self { place, thread, processor: (thread == 0).then_some(processor) }
    }
}

/// Puts the parts of frames together. The parts of one thread have to come in order.
#[derive(Debug, Default)]
pub(in crate::capture) struct Assembly {
    open: HashMap<Key, Vec<u8>>,
    /// Frames of which a part is missing.
    broken: u64,
}

/// What a part leads to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::capture) enum Joined {
    /// Other parts have to follow, or one that had to come before is missing.
    Nothing,
    /// With this part the frame is whole.
    Whole(Vec<u8>),
}

impl Assembly {
    /// Adds the next part. What is beyond the largest packet is left out.
    pub(in crate::capture) fn add(&mut self, key: Key, part: Part, data: &[u8]) -> Joined {
        let held = self.open.remove(&key);
        let mut bytes = match (part, held) {
            (Part::First | Part::Whole, held) => {
                if held.is_some() {
                    self.lose();
                }
                Vec::new()
            }
            (Part::Middle | Part::Last, Some(held)) => held,
            (Part::Middle | Part::Last, None) => {
                // Counted once a frame: at its last part.
                if part == Part::Last {
                    self.lose();
                }
                return Joined::Nothing;
            }
        };
        let room = MAX_PACKET.saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or_default());
        if matches!(part, Part::Whole | Part::Last) {
            return Joined::Whole(bytes);
        }
        if self.open.len() >= MAX_OPEN_FRAMES {
            self.lose();
        } else {
            self.open.insert(key, bytes);
        }
        Joined::Nothing
    }

    /// Frames that were not put together, once no more parts come.
    pub(in crate::capture) fn broken(&self) -> u64 {
        self.broken.saturating_add(u64::try_from(self.open.len()).unwrap_or(u64::MAX))
    }

    fn lose(&mut self) {
        self.broken = self.broken.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADAPTER: Place = Place { source: 1, component: 12, edge: 12 };

    #[test]
    fn parts_of_several_threads_are_kept_apart() {
        let (a, b) = (Key::new(ADAPTER, 7, 0), Key::new(ADAPTER, 8, 0));
        let mut assembly = Assembly::default();
        assert_eq!(assembly.add(a, Part::First, &[1]), Joined::Nothing);
        assert_eq!(assembly.add(b, Part::First, &[9]), Joined::Nothing);
        assert_eq!(assembly.add(a, Part::Middle, &[2]), Joined::Nothing);
        assert_eq!(assembly.add(a, Part::Last, &[3]), Joined::Whole(vec![1, 2, 3]));
        assert_eq!(assembly.add(b, Part::Last, &[8]), Joined::Whole(vec![9, 8]));
        assert_eq!(assembly.broken(), 0);
    }

    #[test]
    fn a_thread_is_the_same_on_every_processor_but_the_idle_one() {
        assert_eq!(Key::new(ADAPTER, 7, 0), Key::new(ADAPTER, 7, 1));
        assert_ne!(Key::new(ADAPTER, 0, 0), Key::new(ADAPTER, 0, 1));
    }

    #[test]
    fn what_misses_a_part_is_counted_once() {
        let key = Key::new(ADAPTER, 7, 0);
        let mut assembly = Assembly::default();
        for part in [Part::Middle, Part::Last, Part::First, Part::First] {
            assert_eq!(assembly.add(key, part, &[1]), Joined::Nothing);
        }
        assert_eq!(assembly.broken(), 3);
    }

    #[test]
    fn memory_is_bounded() {
        let mut assembly = Assembly::default();
        for thread in 0..1_000 {
            assembly.add(Key::new(ADAPTER, thread, 0), Part::First, &[1]);
        }
        assert_eq!(assembly.open.len(), MAX_OPEN_FRAMES);
        assert_eq!(assembly.broken(), 1_000);
        let key = Key::new(ADAPTER, 1, 0);
        assembly.add(key, Part::Middle, &vec![0; 2 * MAX_PACKET]);
        let Joined::Whole(frame) = assembly.add(key, Part::Last, &[1]) else { panic!() };
        assert_eq!(frame.len(), MAX_PACKET);
    }
}
