//! snoop: lists of packets come back as they were written, and lengths that lie end the reading.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::writer::{Outcome, length, read};

/// A file header.
fn header(version: u32, network: u32) -> Vec<u8> {
    [b"snoop\0\0\0".as_slice(), &version.to_be_bytes(), &network.to_be_bytes()].concat()
}

/// A packet and its padding.
fn packet(
    (seconds, microseconds): (u32, u32),
    data: &[u8],
    original: u32,
    padding: u32,
) -> Vec<u8> {
    let whole = 24 + length(data) + padding;
    let mut bytes: Vec<u8> = [original, length(data), whole, 0, seconds, microseconds]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    bytes.extend(data);
    bytes.resize(usize::try_from(whole).unwrap(), 0xEE);
    bytes
}

fn read_packets(header: Vec<u8>, packets: &[Vec<u8>]) -> Outcome {
    read([header, packets.concat()].concat().as_slice())
}

proptest! {
    #[test]
    fn packets_come_back_as_they_were_written(
        packets in vec(((any::<u32>(), 0..1_000_000_u32), vec(any::<u8>(), 0..200), 0..2_000_u32, 0..4_u32), 0..20),
    ) {
        let written: Vec<Vec<u8>> = packets
            .iter()
            .map(|(time, data, more, padding)| packet(*time, data, length(data) + more, *padding))
            .collect();
        let outcome = read_packets(header(2, 4), &written);
        prop_assert_eq!(outcome.format.map(|format| format.name()), Some("snoop"));
        let frames = outcome.clean();
        prop_assert_eq!(frames.len(), packets.len());
        for (place, (frame, ((seconds, microseconds), data, more, _))) in frames.iter().zip(&packets).enumerate() {
            prop_assert_eq!(frame.number, place as u64 + 1);
            prop_assert_eq!(frame.ts, Some(i64::from(*seconds) * 1_000_000_000 + i64::from(*microseconds) * 1_000));
            prop_assert_eq!(&frame.data, data);
            prop_assert_eq!(frame.original_length, length(data) + more);
            prop_assert_eq!((frame.link_type, frame.interface, frame.fcs_length), (1, 0, 0));
        }
    }
}

#[test]
fn surveyor_puts_a_trailer_behind_packets_that_end_in_a_check_sequence() {
    let frames = read_packets(header(2, 12), &[packet((1, 2), b"gigabit", 7, 17)]).clean();
    assert_eq!((frames[0].link_type, frames[0].fcs_length), (1, 4));
    assert_eq!(frames[0].data, b"gigabit");
    // The same number without a trailer is a link of Solaris, and none that is read.
    let outcome = read_packets(header(2, 12), &[packet((1, 2), b"gigabit", 7, 1)]);
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("number 12"), "{}", outcome.sentence());
}

#[test]
fn versions_that_nobody_writes_are_refused() {
    let outcome = read(header(1, 4).as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("version 1"), "{}", outcome.sentence());
}

#[test]
fn a_file_that_is_cut_gives_what_came_before() {
    let good = packet((1, 2), b"first", 5, 3);
    let bad = packet((1, 3), b"second", 6, 2);
    for (kept, what) in [(10, "a packet header"), (27, "a packet"), (31, "the padding of a packet")]
    {
        let outcome = read_packets(header(2, 4), &[good.clone(), bad[..kept].to_vec()]);
        assert_eq!(outcome.error_name(), Some("cut"));
        assert!(outcome.sentence().contains(&format!("{what} at byte")), "{}", outcome.sentence());
        assert_eq!(outcome.frames[0].data, b"first");
    }
    assert_eq!(read(&header(2, 4)[..12]).error_name(), Some("cut"));
}

#[test]
fn lengths_that_lie_are_damage() {
    let good = packet((1, 2), b"first", 5, 3);
    // Captured length, and length of the record.
    for (captured, whole) in [(8, 31), (u32::MAX, u32::MAX), (300_000, 300_024), (0, 23)] {
        let mut bad = packet((1, 3), b"second", 6, 2);
        bad[4..8].copy_from_slice(&u32::to_be_bytes(captured));
        bad[8..12].copy_from_slice(&u32::to_be_bytes(whole));
        let outcome = read_packets(header(2, 4), &[good.clone(), bad]);
        assert_eq!(outcome.error_name(), Some("damaged"), "{captured} in {whole}");
        assert_eq!(outcome.frames.len(), 1);
    }
}

#[test]
fn a_record_of_four_gigabytes_takes_no_memory() {
    let mut vast = packet((1, 2), b"first", 5, 3);
    vast[8..12].copy_from_slice(&u32::to_be_bytes(u32::MAX));
    let outcome = read_packets(header(2, 4), &[vast]);
    assert_eq!(outcome.error_name(), Some("cut"));
}
