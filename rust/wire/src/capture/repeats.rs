//! Packets that were captured at several components of Windows' network stack, given once.
//!
//! What is the same packet is told by its content: the network layer without the fields that change
//! on the way. The same content at a component that has already seen the packet is another packet,
//! sent again. Network adapters' own segmentation makes packets differ, and then all of them stay;
//! reassembly by sequence numbers takes each byte once.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::etw::{Direction, Place, ip_packet};
use super::prepared::Head;
use crate::limits::{MAX_HELD_REPEATS, MAX_KNOWN_PACKETS, MAX_REPEAT_CANDIDATES, REPEAT_WINDOW};

/// Bytes of a packet in which fields change on the way: the largest header of IPv4 and the checksum
/// of TCP behind it are within them.
const CHANGING: usize = 80;

/// Bytes by which packets are looked up: addresses, ports and the sequence number of TCP.
const LOOKED_UP: usize = 28;

/// Components at which one packet is looked for: Windows has a dozen on the way.
const MAX_PLACES: usize = 64;

/// The beginning of a packet without what changes on the way, by which it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    kind: u16,
    /// The virtual LAN, where a tag names one: components above the adapter take tags off.
    vlan: Option<u16>,
    bytes: [u8; CHANGING],
    length: usize,
}

impl Beginning {
    fn of(link_type: u16, data: &[u8], kind: u16, packet: &[u8]) -> Self {
        let mut bytes = [0; CHANGING];
        let length = packet.len().min(CHANGING);
        for (to, from) in bytes.iter_mut().zip(packet) {
            *to = *from;
        }
        let transport = match kind {
            0x0800 => {
                // Type of service, time to live, checksum.
                blank(&mut bytes, 1, 1);
                blank(&mut bytes, 8, 1);
                blank(&mut bytes, 10, 2);
                let header = usize::from(packet.first().copied().unwrap_or_default() & 15);
                Some((packet.get(9), header.saturating_mul(4)))
            }
            0x86DD => {
                // Traffic class, hop limit.
                let [first, second, ..] = &mut bytes;
                *first &= 0xF0;
                *second &= 0x0F;
                blank(&mut bytes, 7, 1);
                Some((packet.get(6), 40))
            }
            _ => None,
        };
        match transport {
            Some((Some(6), header)) => blank(&mut bytes, header.saturating_add(16), 2),
            Some((Some(17), header)) => blank(&mut bytes, header.saturating_add(6), 2),
            _ => {}
        }
        if let Some(behind) = bytes.get_mut(length..) {
            behind.fill(0);
        }
        Self { kind, vlan: vlan(link_type, data), bytes, length }
    }

    /// Whether nothing outside the bytes says that these are different packets.
    fn is_alike(&self, other: &Self) -> bool {
        let same_lan = self.vlan.is_none() || other.vlan.is_none() || self.vlan == other.vlan;
        self.kind == other.kind && same_lan
    }

    fn known(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The number of the virtual LAN in the outermost tag of an Ethernet frame.
fn vlan(link_type: u16, data: &[u8]) -> Option<u16> {
    match (link_type, data.get(12..16)?) {
        (1, [0x81, 0x00, high, low] | [0x88, 0xA8, high, low]) => {
            Some(u16::from_be_bytes([*high, *low]) & 0x0FFF)
        }
        _ => None,
    }
}

fn blank(bytes: &mut [u8], at: usize, count: usize) {
    if let Some(field) = bytes.get_mut(at..at.saturating_add(count)) {
        field.fill(0);
    }
}

/// Whether both are the beginning of the same bytes.
fn agree(one: &[u8], other: &[u8]) -> bool {
    let common = one.len().min(other.len());
    one.get(..common) == other.get(..common)
}

/// A frame that waits whether it is seen elsewhere too.
struct Held {
    head: Head,
    data: Vec<u8>,
    /// `None` where the frame has no network layer that is known: then it is never a repeat.
    beginning: Option<(u64, Beginning)>,
    direction: Direction,
    seen: Vec<(Place, Direction)>,
}

impl Held {
    /// What follows the part that is known by [`Beginning`].
    fn rest(&self) -> &[u8] {
        let packet =
            ip_packet(self.head.link_type, &self.data).map_or(&[][..], |(_, packet)| packet);
        packet.get(CHANGING..).unwrap_or_default()
    }
}

/// Holds frames for [`REPEAT_WINDOW`] and joins those that are the same packet.
#[derive(Default)]
pub(super) struct Repeats {
    held: VecDeque<Held>,
    /// The number of the first one held.
    first: u64,
    /// Numbers of those held, by what they are looked up by; oldest first.
    known: HashMap<u64, VecDeque<u64>>,
    hasher: DefaultHashBuilder,
    bytes: usize,
    latest: Option<i64>,
    spare: Vec<Vec<u8>>,
    /// Frames that were joined with an earlier one.
    pub repeated: u64,
}

impl Repeats {
    /// Takes the next frame in order of time. Its bytes are swapped out.
    pub(super) fn add(
        &mut self,
        head: Head,
        data: &mut Vec<u8>,
        place: Place,
        direction: Direction,
    ) {
        self.latest = head.ts;
        let packet = ip_packet(head.link_type, data);
        let beginning = packet.map(|(kind, packet)| {
            let beginning = Beginning::of(head.link_type, data, kind, packet);
            let looked_up = beginning.known().get(..LOOKED_UP).unwrap_or(beginning.known());
            (self.hasher.hash_one(Key(kind, looked_up)), beginning)
        });
        let rest = packet.and_then(|(_, packet)| packet.get(CHANGING..)).unwrap_or_default();
        if let Some((key, beginning)) = &beginning {
            if let Some(at) = self.same(*key, beginning, rest, (place, direction)) {
                self.join(at, head, data, (place, direction));
                return;
            }
        }
        let number = self.first.saturating_add(wide(self.held.len()));
        if let Some((key, _)) = &beginning {
            self.known.entry(*key).or_default().push_back(number);
        }
        let kept = std::mem::replace(data, self.spare.pop().unwrap_or_default());
        self.bytes = self.bytes.saturating_add(kept.len()).saturating_add(size_of::<Held>());
        let seen = vec![(place, direction)];
        self.held.push_back(Held { head, data: kept, beginning, direction, seen });
    }

    /// The oldest frame held that is the same packet and was not seen at that place.
    fn same(
        &self,
        key: u64,
        beginning: &Beginning,
        rest: &[u8],
        at: (Place, Direction),
    ) -> Option<usize> {
        let numbers = self.known.get(&key)?;
        let is_same = |held: &Held| {
            let known = held.beginning.as_ref();
            held.seen.len() < MAX_PLACES
                && !held.seen.contains(&at)
                && is_within(held.head.ts, self.latest)
                && known.is_some_and(|(_, other)| other.is_alike(beginning))
                && known.is_some_and(|(_, other)| agree(other.known(), beginning.known()))
                && agree(held.rest(), rest)
        };
        let index = |number: &u64| usize::try_from(number.saturating_sub(self.first)).ok();
        let mut candidates = numbers.iter().rev().take(MAX_REPEAT_CANDIDATES).filter_map(index);
        candidates.rfind(|index| self.held.get(*index).is_some_and(is_same))
    }

    /// Joins a frame with one held: the longer bytes stay, at the time and place in the order of the
    /// first.
    fn join(&mut self, at: usize, head: Head, data: &mut Vec<u8>, seen: (Place, Direction)) {
        self.repeated = self.repeated.saturating_add(1);
        let Some(held) = self.held.get_mut(at) else { return };
        held.seen.push(seen);
        if held.direction == Direction::Unknown && held.head.sender.is_none() {
            held.head.sender = head.sender;
        }
        let length = |head: &Head, data: &[u8]| {
            ip_packet(head.link_type, data).map_or(0, |(_, packet)| packet.len())
        };
        if length(&head, data) > length(&held.head, &held.data) {
            let (ts, sender) = (held.head.ts, held.head.sender);
            held.head = Head { ts, sender, ..head };
            self.bytes = self.bytes.saturating_add(data.len()).saturating_sub(held.data.len());
            std::mem::swap(&mut held.data, data);
            let packet = ip_packet(held.head.link_type, &held.data);
            if let (Some((kind, packet)), Some((_, beginning))) = (packet, &mut held.beginning) {
                *beginning = Beginning::of(held.head.link_type, &held.data, kind, packet);
            }
        }
    }

    /// The next frame that is held long enough, or because there is no room for more; any, once
    /// `all` have been added.
    pub(super) fn next(&mut self, data: &mut Vec<u8>, all: bool) -> Option<Head> {
        let oldest = self.held.front()?;
        let is_over = !is_within(oldest.head.ts, self.latest);
        (all || is_over || self.bytes > MAX_HELD_REPEATS).then_some(())?;
        let held = self.held.pop_front()?;
        self.bytes = self.bytes.saturating_sub(held.data.len()).saturating_sub(size_of::<Held>());
        if let Some((key, _)) = &held.beginning {
            if let Some(numbers) = self.known.get_mut(key) {
                // Frames leave in the order in which they came.
                numbers.pop_front();
                if numbers.is_empty() {
                    self.known.remove(key);
                }
            }
        }
        self.first = self.first.saturating_add(1);
        let spare = std::mem::replace(data, held.data);
        if self.spare.len() < 64 {
            self.spare.push(spare);
        }
        Some(held.head)
    }
}

/// Knows packets that came shortly before, by content alone: for captures that say nothing of
/// components, and whose frames are given as they come.
#[derive(Default)]
pub(super) struct Known {
    /// When each was given.
    seen: HashMap<u64, i64>,
    order: VecDeque<(i64, u64)>,
    hasher: DefaultHashBuilder,
}

impl Known {
    /// Whether the same packet came before, within [`REPEAT_WINDOW`].
    pub(super) fn is_repeat(
        &mut self,
        ts: Option<i64>,
        link_type: u16,
        data: &[u8],
        is_cut: bool,
    ) -> bool {
        let (Some(ts), Some((kind, packet))) = (ts, ip_packet(link_type, data)) else {
            return false;
        };
        while let Some((then, key)) = self.order.front().copied()
            && (!is_within(Some(then), Some(ts)) || self.order.len() > MAX_KNOWN_PACKETS)
        {
            self.order.pop_front();
            if self.seen.get(&key) == Some(&then) {
                self.seen.remove(&key);
            }
        }
        let beginning = Beginning::of(link_type, data, kind, packet);
        // Of the same packet one link's header leaves more than another's, where it is cut.
        let rest = if is_cut { None } else { packet.get(CHANGING..) };
        let key = self.hasher.hash_one((Key(kind, beginning.known()), rest));
        if let Some(first) = self.seen.get(&key)
            && is_within(Some(*first), Some(ts))
        {
            return true;
        }
        // The window begins with the first one: what goes on coming is sent again and again.
        self.order.push_back((ts, key));
        self.seen.insert(key, ts);
        false
    }
}

/// Whether a packet may still be seen at other components. Where times are unknown, all of them are.
fn is_within(then: Option<i64>, now: Option<i64>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => now.abs_diff(then) <= REPEAT_WINDOW.unsigned_abs(),
        (None, None) => true,
        _ => false,
    }
}

/// What packets are looked up by.
#[derive(Hash)]
struct Key<'a>(u16, &'a [u8]);

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a panic in a test is the test failing")]
mod tests {
    use super::*;

    /// An Ethernet frame of UDP with a payload; `ttl` and `checksum` change on the way.
    fn frame(ttl: u8, checksum: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![2; 12];
        frame.extend([0x08, 0x00]);
        frame.extend(packet(ttl, checksum, payload));
        frame
    }

    fn packet(ttl: u8, checksum: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(28 + payload.len()).unwrap();
        let mut packet = vec![0x45, 0, 0, length, 0, 7, 0, 0, ttl, 17, checksum, 0];
        packet.extend([10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 1, 3, 0, length - 20, checksum, 0]);
        packet.extend(payload);
        packet
    }

    fn place(component: u32) -> Place {
        Place { source: 4, component, edge: 1 }
    }

    /// Link type, time in milliseconds, component, bytes.
    type Given = (u16, i64, u32, Vec<u8>);

    fn run(given: Vec<Given>) -> (Vec<(i64, u16, usize)>, u64) {
        let mut repeats = Repeats::default();
        let (mut out, mut data) = (Vec::new(), Vec::new());
        let note =
            |head: Head, data: &[u8]| (head.ts.unwrap() / 1_000_000, head.link_type, data.len());
        for (link_type, ms, component, mut bytes) in given {
            let head = Head { ts: Some(ms * 1_000_000), link_type, ..Head::default() };
            repeats.add(head, &mut bytes, place(component), Direction::Received);
            while let Some(head) = repeats.next(&mut data, false) {
                out.push(note(head, &data));
            }
        }
        while let Some(head) = repeats.next(&mut data, true) {
            out.push(note(head, &data));
        }
        assert!(repeats.known.is_empty() && repeats.bytes == 0);
        (out, repeats.repeated)
    }

    #[test]
    fn a_packet_at_several_components_is_given_once() {
        let (out, repeated) = run(vec![
            (1, 0, 1, frame(64, 0, b"one")),
            (1, 1, 2, frame(64, 9, b"one")),
            (101, 2, 3, packet(63, 9, b"one")),
            (1, 3, 1, frame(64, 0, b"two")),
        ]);
        assert_eq!((out, repeated), (vec![(0, 1, 45), (3, 1, 45)], 2));
    }

    #[test]
    fn a_packet_at_the_same_component_was_sent_again() {
        let one = || frame(64, 0, b"one");
        let (out, repeated) =
            run(vec![(1, 0, 1, one()), (1, 1, 2, one()), (1, 20, 1, one()), (1, 21, 2, one())]);
        assert_eq!((out.len(), repeated), (2, 2));
    }

    #[test]
    fn what_comes_later_than_the_window_is_another_packet() {
        let one = || frame(64, 0, b"one");
        let (out, _) = run(vec![(1, 0, 1, one()), (1, 600, 2, one())]);
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn the_longest_bytes_stay_at_the_first_time() {
        let payload = [7; 100];
        let whole = frame(64, 0, &payload);
        let (out, repeated) = run(vec![
            (1, 0, 1, whole[..90].to_vec()),
            (1, 1, 2, whole[..142].to_vec()),
            (1, 2, 3, whole[..60].to_vec()),
        ]);
        assert_eq!((out, repeated), (vec![(0, 1, 142)], 2));
    }

    #[test]
    fn the_same_packet_in_two_virtual_lans_is_two() {
        let tagged = |lan: u8| {
            let mut tagged = vec![2; 12];
            tagged.extend([0x81, 0, 0, lan, 8, 0]);
            tagged.extend(packet(64, 0, b"one"));
            tagged
        };
        let (out, _) = run(vec![(1, 0, 1, tagged(10)), (1, 1, 2, tagged(20))]);
        assert_eq!(out.len(), 2);
        let (out, _) = run(vec![(1, 0, 1, tagged(10)), (1, 1, 2, frame(64, 0, b"one"))]);
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn what_goes_on_coming_is_sent_again() {
        let mut known = Known::default();
        let bytes = frame(64, 0, b"one");
        let given =
            (0..20_i64).filter(|n| !known.is_repeat(Some(n * 400_000_000), 1, &bytes, false));
        assert_eq!(given.count(), 10);
    }

    #[test]
    fn payloads_that_differ_are_other_packets() {
        let (mut one, mut other) = ([7; 100], [7; 100]);
        (one[99], other[99]) = (1, 2);
        let (out, _) = run(vec![(1, 0, 1, frame(64, 0, &one)), (1, 1, 2, frame(64, 0, &other))]);
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn what_is_no_packet_is_never_a_repeat() {
        let (out, _) = run(vec![(105, 0, 1, vec![1; 60]), (105, 1, 2, vec![1; 60])]);
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut repeats = Repeats::default();
        let mut data = Vec::new();
        let mut out = 0;
        for n in 0..2_000_u32 {
            let mut bytes = vec![1; 60_000];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let head = Head { ts: Some(0), link_type: 1, ..Head::default() };
            repeats.add(head, &mut bytes, place(1), Direction::Unknown);
            while repeats.next(&mut data, false).is_some() {
                out += 1;
            }
            assert!(repeats.bytes <= MAX_HELD_REPEATS);
        }
        assert!(out > 1_000, "{out}");
    }
}
