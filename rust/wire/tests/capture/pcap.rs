//! Classic pcap: magic numbers, versions, variants, lengths, ends.

use crate::writer::{
    ORDERS, Order, OwnedFrame, length, pcap_header, pcap_header_of, pcap_packet, read,
};

const STANDARD: u32 = 0xA1B2_C3D4;

/// Three packets of different lengths, in the plain layout.
fn packets(order: Order) -> Vec<u8> {
    let mut bytes = pcap_packet(order, (1, 2), b"first packet", 12);
    bytes.extend(pcap_packet(order, (1, 999_999), b"second", 1_500));
    bytes.extend(pcap_packet(order, (2, 0), b"", 60));
    bytes
}

fn contents(frames: &[OwnedFrame]) -> Vec<(Option<i64>, &[u8], u32)> {
    frames.iter().map(|frame| (frame.ts, frame.data.as_slice(), frame.original_length)).collect()
}

#[test]
fn microseconds_in_both_byte_orders() {
    for order in ORDERS {
        let mut file = pcap_header(order, STANDARD, 1);
        file.extend(packets(order));
        let outcome = read(file.as_slice());
        assert_eq!(outcome.bytes_read, u64::try_from(file.len()).unwrap());
        assert_eq!(outcome.format.map(|format| format.name()), Some("pcap"));
        assert_eq!(outcome.interfaces, 1);
        let frames = outcome.clean();
        assert_eq!(
            contents(&frames),
            [
                (Some(1_000_002_000), b"first packet".as_slice(), 12),
                (Some(1_999_999_000), b"second".as_slice(), 1_500),
                (Some(2_000_000_000), b"".as_slice(), 60),
            ]
        );
        assert_eq!(frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(frames.iter().all(|frame| frame.link_type == 1 && frame.fcs_length == 0));
    }
}

#[test]
fn nanoseconds_in_both_byte_orders() {
    for order in ORDERS {
        let mut file = pcap_header(order, 0xA1B2_3C4D, 101);
        file.extend(pcap_packet(order, (u32::MAX, 999_999_999), b"x", 1));
        let frames = read(file.as_slice()).clean();
        assert_eq!(frames[0].ts, Some(4_294_967_295_999_999_999));
        assert_eq!(frames[0].link_type, 101);
    }
}

/// A packet header with `between` after the lengths.
fn long_packet(order: Order, between: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = order.words(&[1_000, 500, length(data), length(data)]);
    bytes.extend(between);
    bytes.extend(data);
    bytes
}

/// Interface 2, protocol IP, to us, padding.
fn patched(order: Order) -> Vec<u8> {
    let mut between = order.u32(2).to_vec();
    between.extend(order.u16(0x0800));
    between.extend([0, 0x7F]);
    between
}

#[test]
fn variants_that_share_a_magic_number_are_told_apart_by_their_packets() {
    for order in ORDERS {
        let smp = [patched(order), vec![1, 2, 3, 4]].concat();
        let nokia = order.u32(0x9FBF_B601).to_vec();
        for (magic, between) in [
            (STANDARD, Vec::new()),
            (STANDARD, patched(order)),
            (STANDARD, nokia),
            (STANDARD, vec![0; 4]),
            (0xA1B2_CD34, patched(order)),
            (0xA1B2_CD34, smp),
        ] {
            for count in 1..6 {
                let mut file = pcap_header(order, magic, 1);
                for number in 0..count {
                    let data = vec![u8::try_from(number).unwrap() + 0xA0; 60 + number];
                    file.extend(long_packet(order, &between, &data));
                }
                let frames = read(file.as_slice()).clean();
                assert_eq!(frames.len(), count, "{order:?} {magic:X} {between:?}");
                assert!(frames.iter().enumerate().all(|(number, frame)| {
                    frame.data == vec![u8::try_from(number).unwrap() + 0xA0; 60 + number]
                }));
            }
        }
    }
}

#[test]
fn the_largest_packets_do_not_hide_the_variant() {
    for between in [Vec::new(), patched(Order::Little)] {
        let mut file = pcap_header(Order::Little, STANDARD, 1);
        for _ in 0..4 {
            file.extend(long_packet(Order::Little, &between, &vec![0x55; 262_144]));
        }
        let frames = read(file.as_slice()).clean();
        assert_eq!(frames.len(), 4);
        assert!(frames.iter().all(|frame| frame.data == vec![0x55; 262_144]));
    }
}

#[test]
fn a_packet_longer_than_its_original_or_the_snap_length_is_read() {
    let mut file = pcap_header_of(Order::Little, STANDARD, (2, 4), 10, 1);
    file.extend(pcap_packet(Order::Little, (1, 0), &[7; 100], 50));
    file.extend(pcap_packet(Order::Little, (2, 0), &[8; 100], 100));
    file.extend(pcap_packet(Order::Little, (3, 0), &[9; 9], 9));
    let frames = read(file.as_slice()).clean();
    assert_eq!(frames.len(), 3);
    assert_eq!((frames[0].data.len(), frames[0].original_length), (100, 50));
}

#[test]
fn the_upper_bits_of_the_link_type_are_the_check_sequence() {
    for (network, fcs_length) in [
        (0x0000_0001, 0),
        (0x2400_0001, 4),
        (0x1400_0001, 2),
        // A length without the bit that says it is one.
        (0x4000_0001, 0),
        (0xF400_0001, 30),
    ] {
        let mut file = pcap_header(Order::Big, STANDARD, network);
        file.extend(packets(Order::Big));
        let frames = read(file.as_slice()).clean();
        assert_eq!((frames[0].link_type, frames[0].fcs_length), (1, fcs_length), "{network:08X}");
    }
}

#[test]
fn lengths_of_old_versions_stand_the_other_way_round() {
    // Versions before 2.3 and 543.0: always. 2.3: where the first is the larger one.
    for (version, first, second) in [
        ((2, 2), 1_500, 6),
        ((2, 1), 1_500, 6),
        ((543, 0), 1_500, 6),
        ((2, 3), 1_500, 6),
        ((2, 3), 6, 1_500),
        ((2, 4), 6, 1_500),
        ((2, 5), 6, 1_500),
    ] {
        let mut file = pcap_header_of(Order::Little, STANDARD, version, 65_535, 1);
        file.extend(Order::Little.words(&[1, 0, first, second]));
        file.extend(b"second");
        let frames = read(file.as_slice()).clean();
        assert_eq!(contents(&frames), [(Some(1_000_000_000), b"second".as_slice(), 1_500)]);
    }
}

#[test]
fn aix_counts_nanoseconds_and_has_interface_types_for_link_types() {
    for (network, link_type) in [(6, 1), (9, 6), (24, 0)] {
        let mut file = pcap_header_of(Order::Big, STANDARD, (2, 2), 65_535, network);
        // Version 2.2, so the lengths stand the other way round.
        file.extend(Order::Big.words(&[1, 5, 1_500, 4]));
        file.extend(b"data");
        let frames = read(file.as_slice()).clean();
        assert_eq!((frames[0].ts, frames[0].link_type), (Some(1_000_000_005), link_type));
    }
}

#[test]
fn aix_puts_three_bytes_before_fddi_frames() {
    let mut file = pcap_header_of(Order::Big, STANDARD, (2, 2), 65_535, 15);
    for _ in 0..2 {
        file.extend(Order::Big.words(&[1, 5, 1_503, 7]));
        file.extend(b"\0\0\0data");
    }
    let frames = read(file.as_slice()).clean();
    assert_eq!(frames.len(), 2);
    assert_eq!((frames[1].data.as_slice(), frames[1].original_length), (b"data".as_slice(), 1_500));
    assert_eq!(frames[1].link_type, 10);
}

#[test]
fn ixia_has_four_more_bytes_in_the_file_header() {
    for (magic, ts) in [(0x1C00_01AC, 1_000_000_002), (0x1C00_01AB, 1_000_002_000)] {
        let mut file = pcap_header(Order::Little, magic, 1);
        file.extend([28, 0, 0, 0]);
        file.extend(pcap_packet(Order::Little, (1, 2), b"first packet", 12));
        assert_eq!(read(file.as_slice()).clean()[0].ts, Some(ts));
    }
}

#[test]
fn a_file_header_alone_is_a_capture_without_frames() {
    assert!(read(pcap_header(Order::Little, STANDARD, 1).as_slice()).clean().is_empty());
}

#[test]
fn a_cut_anywhere_keeps_the_frames_before_it() {
    let mut file = pcap_header(Order::Little, STANDARD, 1);
    let mut whole = vec![file.len()];
    for number in 0..4_u8 {
        file.extend(pcap_packet(Order::Little, (1, 0), &[0xA0 | number; 10], 10));
        whole.push(file.len());
    }
    for end in 4..file.len() {
        let outcome = read(&file[..end]);
        let frames = whole.iter().filter(|place| **place <= end).count().saturating_sub(1);
        assert_eq!(outcome.frames.len(), frames, "cut at {end}");
        if whole.contains(&end) {
            assert_eq!(outcome.error_name(), None, "cut at {end}");
        } else {
            assert_eq!(outcome.error_name(), Some("cut"), "cut at {end}");
            let error = outcome.error.unwrap();
            assert_eq!(error.at, u64::try_from(end).unwrap());
            assert_eq!(error.after_frame, u64::try_from(frames).unwrap());
        }
    }
}

#[test]
fn an_absurd_length_ends_the_reading_and_says_where() {
    for absurd in [262_145, 0x7FFF_FFFF, 0xFFFF_FFF0, u32::MAX] {
        let mut file = pcap_header(Order::Little, STANDARD, 1);
        file.extend(packets(Order::Little));
        let place = file.len();
        file.extend(Order::Little.words(&[1, 0, absurd, absurd]));
        file.extend([0; 100]);
        let outcome = read(file.as_slice());
        assert_eq!((outcome.frames.len(), outcome.error_name()), (3, Some("damaged")));
        assert!(outcome.sentence().contains(&absurd.to_string()), "{}", outcome.sentence());
        let error = outcome.error.unwrap();
        assert_eq!((error.at, error.after_frame), (u64::try_from(place).unwrap(), 3));
    }
}

#[test]
fn a_huge_usb_transfer_is_one_frame_of_which_the_start_is_kept() {
    let mut file = pcap_header(Order::Little, STANDARD, 249);
    file.extend(pcap_packet(Order::Little, (1, 0), &vec![1; 1_000_000], 1_000_000));
    file.extend(pcap_packet(Order::Little, (2, 0), &[2; 10], 10));
    let frames = read(file.as_slice()).clean();
    assert_eq!((frames[0].data.len(), frames[0].original_length), (262_144, 1_000_000));
    assert_eq!((frames[1].number, frames[1].data.as_slice()), (2, [2; 10].as_slice()));
}

#[test]
fn a_version_before_2_is_not_read() {
    let file = pcap_header_of(Order::Little, STANDARD, (1, 0), 65_535, 1);
    let outcome = read(file.as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("version 1.0"), "{}", outcome.sentence());
}

#[test]
fn files_joined_by_copying_are_recognised() {
    for (first, second) in [(Order::Little, Order::Little), (Order::Little, Order::Big)] {
        let mut file = pcap_header(first, STANDARD, 1);
        file.extend(packets(first));
        file.extend(pcap_header(second, STANDARD, 1));
        file.extend(packets(second));
        let outcome = read(file.as_slice());
        assert_eq!((outcome.frames.len(), outcome.error_name()), (3, Some("damaged")));
        assert!(outcome.sentence().contains("mergecap"), "{}", outcome.sentence());
    }
}

#[test]
fn a_fraction_too_large_for_microseconds_is_nanoseconds() {
    for (magic, fraction, nanoseconds) in [
        (STANDARD, 999_999, 999_999_000),
        (STANDARD, 1_000_000, 1_000_000),
        (STANDARD, 492_985_000, 492_985_000),
        (STANDARD, 1_000_000_000, 0),
        (0xA1B2_3C4D, 999_999_999, 999_999_999),
        (0xA1B2_3C4D, u32::MAX, 0),
    ] {
        let mut file = pcap_header(Order::Little, magic, 1);
        file.extend(pcap_packet(Order::Little, (5, fraction), b"data", 4));
        assert_eq!(read(file.as_slice()).clean()[0].ts, Some(5_000_000_000 + nanoseconds));
    }
}

#[test]
fn damaged_packets_do_not_make_a_variant() {
    // The header of the second packet is damaged; read as Nokia's, the file would seem to be cut.
    let mut file = pcap_header_of(Order::Little, STANDARD, (2, 4), 54, 1);
    file.extend(pcap_packet(Order::Little, (1, u32::MAX), &[0x9B; 54], 1_000));
    file.extend(Order::Little.words(&[7, u32::MAX, 0x00F7_FF10, 124_172]));
    file.extend([0; 2]);
    let outcome = read(file.as_slice());
    assert_eq!((outcome.frames.len(), outcome.error_name()), (1, Some("damaged")));
}
