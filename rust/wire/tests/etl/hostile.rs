//! Traces made to hurt whoever reads them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::packets::{ethernet, ip};
use super::read;
use tlsaudit_wire::capture::CaptureReader;

use super::writer::{self, NDIS, Origin};

fn packet(thread: u32, keyword: u64, frame: &[u8]) -> Vec<u8> {
    let origin = Origin {
        provider: NDIS,
        id: 1001,
        version: 0,
        keyword,
        process: 1,
        thread,
        at: i64::from(thread),
        extended: false,
    };
    writer::event(&origin, &writer::ndis(1, frame))
}

fn good() -> Vec<u8> {
    let records = packet(1, 0x1_C000_0001, &ethernet(&ip(64, b"packet")));
    let mut trace = writer::first_buffer();
    trace.extend(writer::buffer(0, 0, &records, 1_024, false));
    trace
}

#[test]
fn a_lying_buffer_length_ends_the_trace_after_what_came_before() {
    for (length, words) in [
        (u32::MAX, "a buffer says that it has 4294967295 bytes; one frame was read before"),
        (71, "a buffer says that it has 71 bytes; one frame"),
        (4_096, "it ends in the middle of a buffer at byte 3072; one frame was read"),
    ] {
        let mut trace = good();
        let mut lying = writer::buffer(0, 0, &[], 1_024, false);
        lying[..4].copy_from_slice(&length.to_le_bytes());
        trace.extend(lying);
        let (frames, _, failure) = read(&trace);
        let failure = failure.unwrap();
        assert_eq!(frames.len(), 1);
        assert!(failure.contains(words), "{failure}");
    }
}

#[test]
fn packets_of_a_buffer_that_is_cut_are_read() {
    let noise = |n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes();
    let records: Vec<u8> = (1..=20)
        .flat_map(|n| {
            packet(n, 0x1_C000_0001, &(n * 100..n * 100 + 25).flat_map(noise).collect::<Vec<u8>>())
        })
        .collect();
    for compressed in [false, true] {
        let mut trace = writer::first_buffer();
        let buffer = writer::buffer(0, 0, &records, 8_192, compressed);
        let kept = if compressed { buffer.len() / 2 } else { 3_000 };
        trace.extend(&buffer[..kept]);
        let (frames, _, failure) = read(&trace);
        assert!((5..20).contains(&frames.len()), "{}", frames.len());
        assert!(failure.unwrap().starts_with("it ends in the middle of a buffer"));
    }
}

/// A trace with one packet, and behind it so many buffers that unpack to as much as a buffer may.
fn bomb(buffers: usize) -> Vec<u8> {
    // One byte, then matches of 4 GiB of it.
    let body = [0, 0, 0, 0x40, 0xFF, 7, 0, 15, 255, 0, 0, 255, 255, 255, 255];
    let mut bomb = writer::buffer(0, 0, &[], 0, true);
    bomb.truncate(72);
    bomb.extend(body);
    let size = u32::try_from(bomb.len()).unwrap();
    bomb[..4].copy_from_slice(&size.to_le_bytes());
    bomb[0x30..0x34].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut trace = good();
    for _ in 0..buffers {
        trace.extend(&bomb);
    }
    trace
}

#[test]
fn what_the_user_allows_to_unpack_holds_for_buffers_too() {
    let outcome = |trace: &[u8], most| {
        let mut reader = CaptureReader::open_unpacking(trace, Some(most)).unwrap();
        assert!(reader.next_frame().unwrap().is_some());
        reader.next_frame().map(|_| ()).map_err(|error| (error.name(), error.to_string()))
    };
    let trace = bomb(2);
    let (name, sentence) = outcome(&trace, 20_000).unwrap_err();
    assert_eq!(name, "limit");
    assert!(sentence.contains("raise --max-unpacked; "), "{sentence}");
    let all = trace.len() + (2 << 26);
    assert!(outcome(&trace, all as u64).is_ok());
}

#[test]
fn a_small_trace_that_unpacks_to_very_much_is_left() {
    let trace = bomb(1_000);
    let began = Instant::now();
    let (frames, _, failure) = read(&trace);
    let failure = failure.unwrap();
    assert_eq!(frames.len(), 1);
    assert!(failure.starts_with("it unpacks to more than 256 times its size"), "{failure}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn parts_without_end_take_bounded_memory() {
    let mut trace = writer::first_buffer();
    let mut records = Vec::new();
    for thread in 1..2_000 {
        records.extend(packet(thread, 0x1_4000_0001, &[7; 1_000]));
    }
    records.extend(packet(3_000, 0x1_C000_0001, b"whole"));
    trace.extend(writer::buffer(0, 0, &records, 0, false));
    let (frames, about, failure) = read(&trace);
    assert_eq!((frames.len(), failure), (1, None));
    assert_eq!(about.remarks, ["Of 1999 packets a part is missing, so they are left out."]);
}

#[test]
fn times_at_both_ends_are_no_time() {
    for at in [i64::MIN / 2, i64::MAX / 2] {
        let origin = Origin {
            provider: NDIS,
            id: 1001,
            version: 0,
            keyword: 0x1_C000_0001,
            process: 1,
            thread: 1,
            at,
            extended: false,
        };
        let records = writer::event(&origin, &writer::ndis(1, b"frame"));
        let mut trace = writer::first_buffer();
        trace.extend(writer::buffer(0, 0, &records, 0, false));
        let (frames, _, failure) = read(&trace);
        assert_eq!((frames[0].ts, failure), (None, None));
    }
}

#[test]
fn a_first_record_that_is_too_short_is_damage() {
    let mut head = writer::trace_head(0, true);
    head.truncate(200);
    head[4..6].copy_from_slice(&200_u16.to_le_bytes());
    let trace = writer::buffer(4, 0, &head, 1_024, false);
    assert!(read(&trace).2.unwrap().contains("begins an event trace is too short"));
}

proptest! {
    #[test]
    fn any_bytes_changed_end_in_frames_or_a_sentence(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        compressed in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let records: Vec<u8> = (1..30)
            .flat_map(|n| packet(n, 0x1_C000_0001, &ethernet(&ip(64, &n.to_be_bytes().repeat(9)))))
            .collect();
        let mut trace = writer::first_buffer();
        for processor in 0..3 {
            trace.extend(writer::buffer(0, processor, &records, 4_096, compressed));
        }
        // What makes it an event trace stays.
        for (at, value) in changes {
            let at = 0x50 + at.index(trace.len() - 0x50);
            trace[at] = value;
        }
        if let Some(cut) = cut {
            trace.truncate(0x50 + cut.index(trace.len() - 0x50));
        }
        let (frames, _, failure) = read(&trace);
        prop_assert!(frames.len() <= 1_000);
        if let Some(failure) = failure {
            prop_assert!(!failure.contains(char::is_control), "{failure:?}");
        }
    }
}
