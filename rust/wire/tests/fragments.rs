//! IP fragments: put together in any order, and never more memory than the bounds allow.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

use tlsaudit_wire::capture::Frame;
use tlsaudit_wire::limits::{MAX_FRAGMENT_BYTES, MAX_FRAGMENTED_DATAGRAMS, MAX_FRAGMENTS};
use tlsaudit_wire::packet::{self, Fragments, Packet, Scratch};

/// LINKTYPE_IPV4.
const IPV4: u16 = 228;

/// A fragment of datagram `identification` that begins at byte `offset`.
fn fragment(identification: u16, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap();
    let place = u16::try_from(offset / 8).unwrap() | if more { 0x2000 } else { 0 };
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend(identification.to_be_bytes());
    packet.extend(place.to_be_bytes());
    packet.extend([64, 6, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1]);
    packet.extend(payload);
    packet
}

/// A TCP header from port 50000 to 443, and `count` bytes.
fn segment(count: usize) -> Vec<u8> {
    let mut segment = vec![0xC3, 0x50, 0x01, 0xBB, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0];
    segment.extend([0, 0]);
    segment.extend((0..count).map(|n| u8::try_from(n % 251).unwrap()));
    segment
}

/// The payload that the last of the packets completes.
fn last_payload(packets: &[Vec<u8>], fragments: &mut Fragments) -> Option<Vec<u8>> {
    let mut payload = None;
    for data in packets {
        let frame = Frame {
            number: 1,
            ts: None,
            link_type: IPV4,
            interface: 0,
            fcs_length: 0,
            sender: None,
            data,
            original_length: u32::try_from(data.len()).unwrap(),
        };
        payload = match packet::decode(&frame, fragments, &mut Scratch::default(), &mut |_| {}) {
            Packet::Tcp(segment) => Some(segment.payload.to_vec()),
            _ => None,
        };
    }
    payload
}

#[test]
fn fragments_in_any_order_give_the_segment() {
    let whole = segment(2_000);
    let mut parts: Vec<Vec<u8>> = whole
        .chunks(504)
        .enumerate()
        .map(|(n, chunk)| fragment(7, n * 504, (n + 1) * 504 < whole.len(), chunk))
        .collect();
    for turn in 0..parts.len() {
        parts.rotate_left(1);
        let payload = last_payload(&parts, &mut Fragments::default());
        assert_eq!(payload.unwrap(), whole[20..], "rotated by {turn}");
    }
}

#[test]
fn fragments_that_overlap_too_much_are_given_up() {
    let mut fragments = Fragments::default();
    let large = vec![0; 60_000];
    let count = 10 * MAX_FRAGMENT_BYTES / large.len();
    let packets: Vec<Vec<u8>> = (0..count).map(|_| fragment(7, 8, true, &large)).collect();
    assert!(last_payload(&packets, &mut fragments).is_none());
    // Two of them fit, the third does not.
    assert_eq!(fragments.dropped, u64::try_from(count / 3).unwrap());
}

#[test]
fn a_datagram_in_too_many_fragments_is_given_up() {
    let mut fragments = Fragments::default();
    let packets = vec![fragment(7, 8, true, &[0; 8]); MAX_FRAGMENTS + 1];
    assert!(last_payload(&packets, &mut fragments).is_none());
    assert_eq!(fragments.dropped, 1);
}

#[test]
fn the_oldest_of_too_many_datagrams_is_given_up() {
    let mut fragments = Fragments::default();
    let count = u16::try_from(MAX_FRAGMENTED_DATAGRAMS + 10).unwrap();
    let packets: Vec<Vec<u8>> = (0..count).map(|n| fragment(n, 8, true, &[0; 8])).collect();
    assert!(last_payload(&packets, &mut fragments).is_none());
    assert_eq!(fragments.dropped, 10);
}
