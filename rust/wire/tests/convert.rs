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
            Ok(_) | Err(Failure::Capture(..)) => {}
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

#[test]
fn capture_after_a_cut_one_has_interfaces_of_its_own_too() {
    let whole = pcap(1, b"whole");
    let mut cut = whole.clone();
    cut.extend(&whole[24..whole.len() - 1]);
    let both = convert(&[&cut, &whole]);
    let mut reader = CaptureReader::open(both.as_slice()).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        seen.push((frame.number, frame.interface));
    }
    assert_eq!(seen, [(1, 0), (2, 1)]);
}

/// A block of pcapng.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

#[test]
fn frames_before_a_cut_are_counted_and_not_their_numbers() {
    let mut section = vec![0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0];
    section.extend([0xFF; 8]);
    let mut packet = vec![0; 12];
    packet.extend([4, 0, 0, 0, 4, 0, 0, 0]);
    packet.extend(b"data");
    let mut bytes = block(0x0A0D_0D0A, &section);
    bytes.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0]));
    // Somebody's own block, which takes a number.
    bytes.extend(block(0x0BAD, &[0xD9, 0x7E, 0, 0]));
    bytes.extend(block(6, &packet));
    bytes.extend(&block(6, &packet)[..20]);
    let mut converter = Converter::new(Vec::new()).unwrap();
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    let Err(Failure::Capture(error, frames)) = converter.add(&mut reader, &mut || true) else {
        panic!("it is cut")
    };
    assert_eq!((error.name(), error.after_frame, frames), ("cut", 2, 1));
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
    let Err(Failure::Capture(error, 0)) = converter.add(&mut reader, &mut || false) else {
        panic!("it went on")
    };
    assert_eq!(error.name(), "cancelled");
}
