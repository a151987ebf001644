//! Compressed captures: every format, several members, cut, damaged, followed by other bytes.

use std::io::Write;

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use crate::writer::{Order, Outcome, OwnedFrame, pcap_header, pcap_packet, read};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_with(bytes, FrameInfo::new().content_checksum(true).block_size(BlockSize::Max64KB))
}

fn lz4_with(bytes: &[u8], info: FrameInfo) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;

const FORMATS: [(&str, Compress); 4] = [("gzip", gzip), ("zstd", zstd), ("xz", xz), ("lz4", lz4)];

/// A pcap file of 1,000 packets that do not compress away.
fn capture() -> Vec<u8> {
    let mut bytes = pcap_header(Order::Little, 0xA1B2_C3D4, 1);
    let mut state = 1_u32;
    for number in 0..1_000 {
        let data: Vec<u8> = (0..300)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from(state >> 27).unwrap()
            })
            .collect();
        bytes.extend(pcap_packet(Order::Little, (number, 0), &data, 300));
    }
    bytes
}

fn whole() -> Vec<OwnedFrame> {
    read(capture().as_slice()).clean()
}

/// Everything before the failure was given, and nothing else.
fn is_beginning(outcome: &Outcome) -> bool {
    whole().starts_with(&outcome.frames)
}

#[test]
fn every_format_is_recognised_by_its_content() {
    for (name, compress) in FORMATS {
        let outcome = read(compress(&capture()).as_slice());
        assert_eq!(outcome.compression, Some(name));
        assert_eq!(outcome.clean(), whole(), "{name}");
    }
}

#[test]
fn any_number_of_members_is_one_capture() {
    let file = capture();
    for (name, compress) in FORMATS {
        let mut members = compress(&[]);
        for part in file.chunks(70_000) {
            members.extend(compress(part));
            members.extend(compress(&[]));
        }
        assert_eq!(read(members.as_slice()).clean(), whole(), "{name}");
    }
}

#[test]
fn block_formats_of_lz4() {
    for mode in [BlockMode::Independent, BlockMode::Linked] {
        for size in [BlockSize::Max64KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            let info = FrameInfo::new().block_mode(mode).block_size(size).block_checksums(true);
            assert_eq!(read(lz4_with(&capture(), info).as_slice()).clean(), whole());
        }
    }
    let old = FrameInfo::new().legacy_frame(true);
    assert_eq!(read(lz4_with(&capture(), old).as_slice()).clean(), whole());
}

#[test]
fn skippable_frames_are_skipped_wherever_they_stand() {
    let file = capture();
    let (first, second) = file.split_at(100_000);
    for compress in [zstd as Compress, lz4] {
        let skippable = [&[0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0], b"extra".as_slice()].concat();
        let parts = [
            skippable.clone(),
            compress(first),
            skippable.clone(),
            skippable.clone(),
            compress(second),
            skippable,
        ];
        assert_eq!(read(parts.concat().as_slice()).clean(), whole());
    }
}

#[test]
fn padding_with_zeros_is_no_error() {
    for (name, compress) in FORMATS {
        let file = [compress(&capture()), vec![0; 100_000]].concat();
        assert_eq!(read(file.as_slice()).clean(), whole(), "{name}");
    }
}

#[test]
fn other_bytes_at_the_end_are_reported_after_all_frames() {
    for (name, compress) in FORMATS {
        let file = [compress(&capture()), b"not compressed".to_vec()].concat();
        let outcome = read(file.as_slice());
        assert_eq!(
            (outcome.frames.len(), outcome.error_name()),
            (1_000, Some("damaged")),
            "{name}"
        );
        assert!(outcome.sentence().contains(name), "{}", outcome.sentence());
    }
}

#[test]
fn what_can_be_read_of_a_cut_file_is_read() {
    for (name, compress) in FORMATS {
        let file = compress(&capture());
        for cut in [1, 4, 5, 8, 9, 12, file.len() / 10, file.len() / 2] {
            let outcome = read(&file[..file.len() - cut]);
            assert_eq!(outcome.error_name(), Some("cut"), "{name} without its last {cut} bytes");
            assert!(is_beginning(&outcome), "{name} without its last {cut} bytes");
            assert!(outcome.sentence().contains(name), "{}", outcome.sentence());
        }
        let half = read(&file[..file.len() / 2]).frames.len();
        assert!(half > 100, "{name}: {half} frames in half of the file");
    }
}

#[test]
fn a_cut_between_two_blocks_of_lz4_is_a_cut() {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB);
    let file = lz4_with(&capture(), info);
    // Header of 7 bytes, then the length of the first block.
    let first = usize::try_from(u32::from_le_bytes(file[7..11].try_into().unwrap())).unwrap();
    let outcome = read(&file[..11 + (first & 0x7FFF_FFFF)]);
    assert_eq!(outcome.error_name(), Some("cut"));
    assert!(outcome.frames.len() > 100);
    assert!(is_beginning(&outcome));
}

#[test]
fn what_precedes_a_damaged_place_is_read() {
    for (name, compress) in FORMATS {
        let mut file = compress(&capture());
        let place = file.len() * 9 / 10;
        for byte in &mut file[place..place + 50] {
            *byte ^= 0xA5;
        }
        let outcome = read(file.as_slice());
        assert_eq!(outcome.error_name(), Some("damaged"), "{name}");
        // What is lost before the damaged place is less than a block of the decompressor.
        assert_eq!(outcome.frames[..500], whole()[..500], "{name}");
    }
}

#[test]
fn a_wrong_checksum_is_reported_after_all_frames() {
    for (name, compress, place) in
        [("gzip", gzip as Compress, 8), ("zstd", zstd, 4), ("lz4", lz4, 4)]
    {
        let mut file = compress(&capture());
        let place = file.len() - place;
        file[place] ^= 1;
        let outcome = read(file.as_slice());
        assert_eq!(outcome.error_name(), Some("damaged"), "{name}");
        assert!(is_beginning(&outcome), "{name}");
        // zstd loses the piece in which it finds out.
        let lost = 1_000 - outcome.frames.len();
        assert!(if name == "zstd" { lost < 30 } else { lost == 0 }, "{name} lost {lost}");
    }
}

#[test]
fn zstd_data_that_needs_too_much_memory_is_refused_with_advice() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.set_parameter(zstd::stream::raw::CParameter::WindowLog(28)).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(&capture()).unwrap();
    let outcome = read(encoder.finish().unwrap().as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("--long=31"), "{}", outcome.sentence());
}

#[test]
fn xz_data_that_needs_too_much_memory_is_refused_with_advice() {
    use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
    let mut options = LzmaOptions::new_preset(0).unwrap();
    options.dict_size(512 * 1024 * 1024);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    // Only the header is needed: it asks for the memory.
    let stream = Stream::new_stream_encoder(&filters, Check::None);
    let Ok(stream) = stream else {
        panic!("the encoder could not be made");
    };
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(&capture()).unwrap();
    let outcome = read(encoder.finish().unwrap().as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("xz -d"), "{}", outcome.sentence());
}

#[test]
fn nothing_inside_is_said() {
    for (name, compress) in FORMATS {
        let outcome = read(compress(&[]).as_slice());
        assert_eq!(outcome.error_name(), Some("not_a_capture"), "{name}");
        assert!(outcome.sentence().contains("nothing inside"), "{}", outcome.sentence());
    }
}

#[test]
fn something_else_inside_is_said() {
    for (name, compress) in FORMATS {
        let outcome = read(compress(b"a diary of some length, line by line\n").as_slice());
        assert_eq!(outcome.error_name(), Some("not_a_capture"), "{name}");
        let sentence = outcome.sentence();
        assert!(sentence.contains(name) && sentence.contains("a text"), "{sentence}");
        let outcome = read(compress(b"cpse").as_slice());
        assert_eq!(outcome.error_name(), Some("unsupported"), "{name}");
        let twice = read(compress(&gzip(&capture())).as_slice());
        assert!(twice.sentence().contains("gunzip"), "{}", twice.sentence());
    }
}
