//! Any capture to pcapng: what is read back is what was read.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

use std::fs;
use std::path::Path;

use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::convert::{Converter, Failure};

/// Number, time, link type, length of the check sequence, original length, data.
type Seen = (u64, Option<i64>, u16, u8, u32, Vec<u8>);

fn frames(bytes: &[u8]) -> Vec<Seen> {
    let mut reader = CaptureReader::open(bytes).unwrap();
    let mut seen = Vec::new();
    while let Ok(Some(frame)) = reader.next_frame() {
        seen.push((
            frame.number,
            frame.ts,
            frame.link_type,
            frame.fcs_length,
            frame.original_length.max(u32::try_from(frame.data.len()).unwrap()),
            frame.data.to_vec(),
        ));
    }
    seen
}

fn convert(captures: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut converter = Converter::new(&mut out).unwrap();
    for bytes in captures {
        let mut reader = CaptureReader::open(*bytes).unwrap();
        match converter.add(&mut reader, &mut || true) {
            Ok(_) | Err(Failure::Capture(_)) => {}
            Err(Failure::Output(error)) => panic!("{error}"),
        }
    }
    converter.finish().unwrap();
    out
}

#[test]
fn every_sample_comes_back_frame_by_frame_with_its_numbers() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut count = 0;
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        if CaptureReader::open(bytes.as_slice()).is_err() {
            continue;
        }
        assert_eq!(frames(&convert(&[&bytes])), frames(&bytes), "{}", path.display());
        count += 1;
    }
    assert!(count > 100, "{count} samples");
}

/// A pcap file of one packet.
fn pcap(link_type: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    bytes.extend([link_type, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    bytes.extend([u8::try_from(data.len()).unwrap(), 0, 0, 0, 99, 0, 0, 0]);
    bytes.extend(data);
    bytes
}

#[test]
fn several_captures_follow_each_other_on_interfaces_of_their_own() {
    let (first, second) = (pcap(1, b"first"), pcap(101, b"second"));
    let both = convert(&[&first, &first, &second]);
    let mut reader = CaptureReader::open(both.as_slice()).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        seen.push((frame.number, frame.interface, frame.link_type, frame.original_length));
    }
    assert_eq!(seen, [(1, 0, 1, 99), (2, 1, 1, 99), (3, 2, 101, 99)]);
}

/// A Network Monitor 2.0 capture of one packet that was captured at the start of a year.
fn netmon(year: u16, micros: u64, start_is_a_time: bool) -> Vec<u8> {
    let mut bytes = b"GMBU\x00\x02\x01\x00".to_vec();
    for part in [year, u16::from(start_is_a_time), 0, 1, 0, 0, 0, 0] {
        bytes.extend(part.to_le_bytes());
    }
    bytes.extend(148_u32.to_le_bytes());
    bytes.extend(4_u32.to_le_bytes());
    bytes.resize(128, 0);
    bytes.extend(micros.to_le_bytes());
    bytes.extend([4, 0, 0, 0, 4, 0, 0, 0]);
    bytes.extend(b"data");
    bytes.extend(128_u32.to_le_bytes());
    bytes
}

#[test]
fn times_before_1970_and_frames_without_a_time_come_back() {
    // Ten times this number of microseconds is minus ten.
    let before = netmon(1970, 0xFFFF_FFFF_FFFF_FFFF, true);
    assert_eq!(frames(&before)[0].1, Some(-1_000));
    assert_eq!(frames(&convert(&[&before])), frames(&before));
    let without = netmon(1970, 0, false);
    assert_eq!(frames(&without)[0].1, None);
    assert_eq!(frames(&convert(&[&without])), frames(&without));
}

#[test]
fn whoever_wants_no_more_gets_no_more() {
    let bytes = pcap(1, b"first");
    let mut converter = Converter::new(Vec::new()).unwrap();
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    let Err(Failure::Capture(error)) = converter.add(&mut reader, &mut || false) else {
        panic!("it went on")
    };
    assert_eq!(error.name(), "cancelled");
}
