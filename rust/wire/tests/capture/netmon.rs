//! Network Monitor, 1.x and 2.0 to 2.3: lists of packets come back as they were written, whatever is
//! around them, and tables that lie end the reading.

use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use tlsaudit_wire::capture::{Basis, CaptureReader, Transport};

use crate::compression::gzip;
use crate::netmon_writer::{File, NO_PROCESS, Record, event, write};
use crate::writer::read;

fn record() -> impl Strategy<Value = Record> {
    (
        vec(any::<u8>(), 0..300),
        0..2_000_u32,
        // Microseconds since the start of the capture; in 2.x some are before it.
        -5_000_000..5_000_000_i64,
        0..10_i64,
        0..40_usize,
    )
        .prop_map(|(data, more, micros, ticks, hole)| Record {
            data,
            more,
            micros,
            ticks,
            hole,
            media: 1,
        })
}

fn version() -> impl Strategy<Value = (u8, u8)> {
    prop_oneof![Just((1, 1)), Just((2, 0)), Just((2, 1)), Just((2, 2)), Just((2, 3))]
}

/// Version 1.x has milliseconds, and none before the start.
fn fit(version: (u8, u8), records: &mut [Record]) {
    if version.0 == 1 {
        for record in records {
            record.micros = record.micros.abs() / 1_000 * 1_000;
        }
    }
}

proptest! {
    #[test]
    fn packets_come_back_as_they_were_written(
        version in version(),
        mut records in vec(record(), 0..20),
        backwards in any::<bool>(),
    ) {
        fit(version, &mut records);
        let file = File { version, backwards, ..File::of(&records) };
        let outcome = read(write(&file).as_slice());
        prop_assert_eq!(outcome.format.map(|format| format.name()), Some("netmon"));
        let frames = outcome.clean();
        prop_assert_eq!(frames.len(), records.len());
        for (place, (frame, record)) in frames.iter().zip(&records).enumerate() {
            prop_assert_eq!(frame.number, place as u64 + 1);
            prop_assert_eq!(&frame.data, &record.data);
            prop_assert_eq!(frame.original_length, record.original());
            prop_assert_eq!(frame.link_type, 1);
            prop_assert_eq!(frame.ts, Some(record.time(version)));
        }
    }

    #[test]
    fn a_file_that_is_changed_or_cut_ends_in_an_error_or_in_frames(
        version in version(),
        mut records in vec(record(), 1..10),
        changes in vec((any::<usize>(), any::<u8>()), 0..6),
        kept in 0..4_000_usize,
    ) {
        fit(version, &mut records);
        let mut bytes = write(&File { version, ..File::of(&records) });
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        bytes.truncate(kept.max(4));
        let outcome = read(bytes.as_slice());
        let given: usize = outcome.frames.iter().map(|frame| frame.data.len()).sum();
        prop_assert!(given <= bytes.len());
    }
}

fn one(data: &[u8], media: u16) -> Record {
    Record { data: data.to_vec(), media, ..Record::default() }
}

#[test]
fn every_kind_of_link_becomes_a_link_type() {
    let atm = [[0_u8; 16].as_slice(), b"llc"].concat();
    let wlan = [&[2_u8, 11, 0, 1, 0, 0, 0, 9, 9, 9, 9][..], &[0x88, 0x41], b"frame"].concat();
    let monitored = [&[2_u8, 11, 0, 0, 0, 0, 0x80, 9, 9, 9, 9][..], &[0x88, 0x41]].concat();
    for (media, data, link_type, expected) in [
        (0, b"frame".as_slice(), 1, b"frame".as_slice()),
        (2, b"frame", 6, b"frame"),
        (3, b"frame", 10, b"frame"),
        (4, &atm, 100, b"llc"),
        // Decrypted by the adapter, which leaves the mark; as heard it is as it was.
        (6, &wlan, 105, b"\x88\x01frame"),
        (6, &monitored, 105, b"\x88\x41"),
        (7, b"frame", 101, b"frame"),
        (0xE080, b"frame", 105, b"frame"),
        (0xE071, b"frame", 113, b"frame"),
    ] {
        let records = [one(data, media)];
        let frames = read(write(&File::of(&records)).as_slice()).clean();
        assert_eq!((frames[0].link_type, frames[0].data.as_slice()), (link_type, expected));
        assert_eq!(frames[0].original_length, u32::try_from(expected.len()).unwrap());
    }
}

#[test]
fn a_packet_of_the_filtering_platform_gets_its_ip_header() {
    let data = [&[10, 0, 0, 1, 10, 0, 0, 2, 6, 3, 0], b"abc".as_slice()].concat();
    let frames = read(write(&File::of(&[one(&data, 0xE083)])).as_slice()).clean();
    assert_eq!(frames[0].link_type, 101);
    assert_eq!(frames[0].data[..4], [0x45, 0, 0, 23]);
    assert_eq!(frames[0].data[12..], *b"\x0A\0\0\x01\x0A\0\0\x02abc");
}

#[test]
fn records_without_a_packet_take_a_number_where_wireshark_lists_them() {
    let records = [
        one(b"first", 1),
        one(b"adapters", 0xFFFB),
        one(b"put together", 0xFFFC),
        one(b"dns", 0xFFFE),
        one(b"filter", 0xFFFF),
        one(b"what is that", 0xF123),
        one(b"last", 1),
    ];
    let bytes = write(&File::of(&records));
    let frames = read(bytes.as_slice()).clean();
    let seen: Vec<_> = frames.iter().map(|frame| (frame.number, frame.data.as_slice())).collect();
    assert_eq!(seen, [(1, b"first".as_slice()), (5, b"last")]);
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    while reader.next_frame().unwrap().is_some() {}
    assert_eq!(reader.take_about().remarks, ["1 record is of a kind that is not read."]);
}

#[test]
fn events_that_hold_packets_are_frames() {
    let ndis = [0x6e00_d62e_2947_0946_u64, 0xb423_3ee7_bcd6_78ef];
    let provider: Vec<u8> = ndis.iter().flat_map(|half| half.to_be_bytes()).collect();
    let whole = 0x0000_0001_C000_0001_u64;
    let data = [&[12, 0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0][..], b"frame", b"more of it"].concat();
    let records = [
        one(&event(&provider, 1001, whole, &data, 1), 0xFFE0),
        // The beginning and the end of another.
        one(&event(&provider, 1001, 0x2_4000_0001, &data, 0), 0xFFE0),
        one(&event(&provider, 1001, 0x2_8000_0001, &data, 0), 0xFFE0),
        // No packet, and none that anybody knows.
        one(&event(&provider, 5100, 0, b"rundown", 0), 0xFFE0),
        one(b"too short", 0xFFE0),
        one(b"plain", 1),
    ];
    let bytes = write(&File::of(&records));
    let frames = read(bytes.as_slice()).clean();
    let seen: Vec<_> = frames
        .iter()
        .map(|frame| (frame.number, frame.data.as_slice(), frame.sender.map(u32::from)))
        .collect();
    assert_eq!(
        seen,
        [(1, b"frame".as_slice(), Some(4_242)), (3, b"frameframe", None), (6, b"plain", None)]
    );
    assert_eq!(remarks(&bytes), ["1 event could not be read and was left out."]);
}

/// What a capture says when all of its frames have been read.
fn remarks(bytes: &[u8]) -> Vec<String> {
    let mut reader = CaptureReader::open(bytes).unwrap();
    while reader.next_frame().unwrap().is_some() {}
    reader.take_about().remarks
}

#[test]
fn events_that_contradict_their_layout_are_counted() {
    let ndis = [0x6e00_d62e_2947_0946_u64, 0xb423_3ee7_bcd6_78ef];
    let provider: Vec<u8> = ndis.iter().flat_map(|half| half.to_be_bytes()).collect();
    // The frame says that it is longer than the event.
    let data = [&[12, 0, 0, 0, 12, 0, 0, 0, 50, 0, 0, 0][..], b"frame"].concat();
    let lie = event(&provider, 1001, 0x1_C000_0001, &data, 0);
    let records = [one(&lie, 0xFFE0), one(&lie, 0xFFE0), one(b"no packet", 0xE083)];
    let bytes = write(&File::of(&records));
    assert_eq!(read(bytes.as_slice()).clean(), []);
    assert_eq!(remarks(&bytes), ["3 events could not be read and were left out."]);
}

#[test]
fn packets_of_several_adapters_keep_their_numbers_and_are_told() {
    let ndis = [0x6e00_d62e_2947_0946_u64, 0xb423_3ee7_bcd6_78ef];
    let provider: Vec<u8> = ndis.iter().flat_map(|half| half.to_be_bytes()).collect();
    let packet = |adapter: u8| {
        let data = [&[adapter, 0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0][..], b"frame"].concat();
        one(&event(&provider, 1001, 0x1_C000_0001, &data, 0), 0xFFE0)
    };
    for (adapters, told) in [([12, 12], false), ([12, 13], true)] {
        let bytes = write(&File::of(&adapters.map(packet)));
        assert_eq!(read(bytes.as_slice()).clean().len(), 2);
        let remarks = remarks(&bytes);
        assert_eq!(remarks.iter().any(|remark| remark.contains("several network adapters")), told);
    }
}

#[test]
fn the_name_of_a_filter_is_harmless_and_short() {
    let pktmon = *b"\xd9\x80\x4f\x4d\xbd\xc8\x73\x4d\xbb\x5b\x19\xc9\x04\x02\xc5\xac";
    let mut data = vec![1, 0];
    let name = format!("\u{1b}[2J{}", "x".repeat(300));
    data.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    data.extend([0; 30]);
    let remarks = remarks(&write(&File::of(&[one(&event(&pktmon, 100, 0, &data, 0), 0xFFE0)])));
    let expected = format!(": \u{FFFD}[2J{}.", "x".repeat(196));
    assert!(remarks.iter().any(|remark| remark.ends_with(&expected)), "{remarks:?}");
}

#[test]
fn the_process_table_tells_whose_connections_they_are() {
    let records = [one(b"frame", 1)];
    let file = File { processes: true, ..File::of(&records) };
    let bytes = write(&file);
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    let processes = reader.take_processes();
    let (local, remote) = (IpAddr::from([192, 0, 2, 7]), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let found = processes.of((local, 50_000), (remote, 443), Some(0), Transport::Tcp).unwrap();
    assert_eq!((found.pid, found.basis), (4_242, Basis::ProcessTable));
    assert_eq!(found.name.as_deref(), Some("program.exe"));
    assert!(processes.of((remote, 443), (local, 50_000), Some(0), Transport::Tcp).is_none());
    assert_ne!(NO_PROCESS, 0);
}

#[test]
fn times_without_a_zone_are_said_to_be_local() {
    for (minor, local) in [(0, true), (1, true), (2, true), (3, false)] {
        let records = [one(b"frame", 1)];
        let bytes = write(&File { version: (2, minor), ..File::of(&records) });
        let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
        while reader.next_frame().unwrap().is_some() {}
        let remarks = reader.take_about().remarks;
        assert!(remarks.iter().all(|remark| remark.ends_with('.')), "{remarks:?}");
        assert_eq!(remarks.iter().any(|remark| remark.contains("time zone")), local, "{minor}");
    }
}

#[test]
fn a_start_that_is_no_time_leaves_times_open() {
    let records = [one(b"frame", 1)];
    for (place, value) in [(10, 0), (10, 13), (14, 0), (14, 32), (8, 1)] {
        let mut bytes = write(&File { version: (2, 0), ..File::of(&records) });
        bytes[place..place + 2].copy_from_slice(&u16::to_le_bytes(value));
        assert_eq!(read(bytes.as_slice()).clean()[0].ts, None, "{place}");
    }
}

#[test]
fn what_is_wrong_with_the_compression_around_is_told_after_the_frames() {
    let packed = gzip(&write(&File::of(&[one(b"frame", 1), one(b"another", 1)])));
    let outcome = read(&packed[..packed.len() - 8]);
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("cut"), 2));
    let mut flipped = packed;
    let place = flipped.len() - 6;
    flipped[place] ^= 0xFF;
    let outcome = read(flipped.as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("damaged"), 2));
    assert!(outcome.sentence().contains("2 frames were read"), "{}", outcome.sentence());
}

#[test]
fn frames_that_lie_on_top_of_each_other_are_damage() {
    let records = [vec![one(&[7; 2_000], 1)], vec![one(&[7; 20], 1); 50]].concat();
    let mut bytes = write(&File::of(&records));
    let table = bytes.len() - 4 * records.len();
    for place in (table..bytes.len()).step_by(4) {
        bytes[place..place + 4].copy_from_slice(&128_u32.to_le_bytes());
    }
    let outcome = read(bytes.as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
    assert!(outcome.sentence().contains("on top of each other"), "{}", outcome.sentence());
    let given: usize = outcome.frames.iter().map(|frame| frame.data.len()).sum();
    assert!(given <= bytes.len());
}

#[test]
fn lengths_and_places_that_lie_end_the_reading_where_they_are() {
    let records = [one(b"first", 1), one(b"second", 1)];
    let good = write(&File::of(&records));
    let second = 128 + 16 + 5 + 15;
    let mut long = good.clone();
    long[second + 12..second + 16].copy_from_slice(&300_000_u32.to_le_bytes());
    let outcome = read(long.as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("damaged"), 1));
    assert!(outcome.sentence().contains(&format!("at byte {second}")), "{}", outcome.sentence());
    let mut far = good.clone();
    let table = far.len() - 4;
    far[table..].copy_from_slice(&u32::MAX.to_le_bytes());
    let outcome = read(far.as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("cut"), 1));
    let mut endless = good.clone();
    endless[28..32].copy_from_slice(&u32::MAX.to_le_bytes());
    let outcome = read(endless.as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("cut"), 2));
    assert_eq!(read(&good[..40]).error_name(), Some("cut"));
}

#[test]
fn a_version_that_nobody_writes_is_refused() {
    let mut bytes = write(&File::of(&[one(b"frame", 1)]));
    bytes[5] = 3;
    let outcome = read(bytes.as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("version 3.3"), "{}", outcome.sentence());
}
