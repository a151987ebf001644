//! pcapng: sections, interfaces, time, every kind of packet block, what is passed over, ends.

use tlsaudit_wire::capture::CaptureReader;

use crate::writer::{
    ORDERS, Order, OwnedFrame, block, enhanced, interface, obsolete, option, pcap_header, read,
    section, section_of, simple,
};

const LITTLE: Order = Order::Little;

/// A section with one Ethernet interface.
fn start(order: Order) -> Vec<u8> {
    [section(order), interface(order, 1, 0, &[])].concat()
}

/// The start of a capture, then `blocks`.
fn capture(order: Order, blocks: &[Vec<u8>]) -> Vec<u8> {
    [start(order), blocks.concat()].concat()
}

fn numbers(frames: &[OwnedFrame]) -> Vec<u64> {
    frames.iter().map(|frame| frame.number).collect()
}

#[test]
fn all_packet_blocks_in_both_byte_orders() {
    for order in ORDERS {
        let file = capture(
            order,
            &[
                enhanced(order, 0, 1_000_002, b"enhanced", &[]),
                simple(order, b"simple", 6),
                obsolete(order, 0, 2_000_000, b"obsolete packet"),
            ],
        );
        let outcome = read(file.as_slice());
        assert_eq!(outcome.format.map(|format| format.name()), Some("pcapng"));
        let frames = outcome.clean();
        assert_eq!(numbers(&frames), [1, 2, 3]);
        assert_eq!(frames[0].data, b"enhanced");
        assert_eq!(frames[0].ts, Some(1_000_002_000));
        assert_eq!((frames[1].data.as_slice(), frames[1].ts), (b"simple".as_slice(), None));
        assert_eq!(frames[2].data, b"obsolete packet");
        assert_eq!(frames[2].ts, Some(2_000_000_000));
    }
}

#[test]
fn a_simple_packet_is_as_long_as_the_first_interface_allows() {
    for order in ORDERS {
        let file = [
            section(order),
            interface(order, 1, 8, &[]),
            interface(order, 101, 0, &[]),
            simple(order, b"12345678", 1_500),
            simple(order, b"1234", 4),
        ]
        .concat();
        let frames = read(file.as_slice()).clean();
        assert_eq!(
            (frames[0].data.as_slice(), frames[0].original_length),
            (b"12345678".as_slice(), 1_500)
        );
        assert_eq!((frames[1].data.as_slice(), frames[1].original_length), (b"1234".as_slice(), 4));
        assert!(frames.iter().all(|frame| frame.interface == 0 && frame.link_type == 1));
    }
}

#[test]
fn sections_have_byte_orders_and_interfaces_of_their_own() {
    let file = [
        section(Order::Little),
        interface(Order::Little, 1, 0, &[]),
        interface(Order::Little, 113, 0, &option(Order::Little, 9, &[9])),
        enhanced(Order::Little, 1, 7, b"a", &[]),
        section_of(Order::Big, 1, 4_711),
        interface(Order::Big, 101, 0, &option(Order::Big, 9, &[3])),
        enhanced(Order::Big, 0, 7, b"b", &[]),
        section(Order::Little),
        interface(Order::Little, 276, 0, &[]),
        enhanced(Order::Little, 0, 7, b"c", &[]),
    ]
    .concat();
    let outcome = read(file.as_slice());
    assert_eq!(outcome.interfaces, 4);
    let seen: Vec<_> = outcome
        .clean()
        .into_iter()
        .map(|frame| (frame.interface, frame.link_type, frame.ts))
        .collect();
    assert_eq!(seen, [(1, 113, Some(7)), (2, 101, Some(7_000_000)), (3, 276, Some(7_000))]);
}

#[test]
fn an_interface_of_an_earlier_section_is_damage() {
    let file = [start(LITTLE), section(LITTLE), enhanced(LITTLE, 0, 0, b"x", &[])].concat();
    let outcome = read(file.as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
    assert!(outcome.sentence().contains("not among the 0"), "{}", outcome.sentence());
}

#[test]
fn an_interface_that_was_not_described_is_damage() {
    for bad in [
        enhanced(LITTLE, 1, 0, b"x", &[]),
        enhanced(LITTLE, u32::MAX, 0, b"x", &[]),
        obsolete(LITTLE, 1, 0, b"x"),
    ] {
        let outcome = read(capture(LITTLE, &[enhanced(LITTLE, 0, 0, b"y", &[]), bad]).as_slice());
        assert_eq!((outcome.frames.len(), outcome.error_name()), (1, Some("damaged")));
        assert!(outcome.sentence().contains("interface"), "{}", outcome.sentence());
    }
}

#[test]
fn time_stamps_follow_resolution_and_offset() {
    for order in ORDERS {
        for (options, count, ts) in [
            (Vec::new(), 1, Some(1_000)),
            (option(order, 9, &[6]), 1, Some(1_000)),
            (option(order, 9, &[9]), 1, Some(1)),
            (option(order, 9, &[0]), 1, Some(1_000_000_000)),
            (option(order, 9, &[12]), 1_999, Some(1)),
            (option(order, 9, &[0x94]), 1 << 19, Some(500_000_000)),
            (option(order, 14, &order.u64(3_600)), 1, Some(3_600_000_001_000)),
            (option(order, 14, &order.u64(u64::MAX)), 1, Some(-999_999_000)),
            // Of an option given twice the first counts, and one of a wrong length does not.
            ([option(order, 9, &[9]), option(order, 9, &[3])].concat(), 1, Some(1)),
            ([option(order, 9, &[9, 0]), option(order, 9, &[3])].concat(), 1, Some(1_000_000)),
            // What follows the end mark is no option.
            ([option(order, 0, &[]), option(order, 9, &[3])].concat(), 1, Some(1_000)),
            (option(order, 9, &[0]), u64::MAX, None),
        ] {
            let file = [
                section(order),
                interface(order, 1, 0, &options),
                enhanced(order, 0, count, b"x", &[]),
            ]
            .concat();
            assert_eq!(read(file.as_slice()).clean()[0].ts, ts, "{options:?}");
        }
    }
}

#[test]
fn the_check_sequence_is_told_by_the_interface_or_by_the_packet() {
    for order in ORDERS {
        let flags = |length: u32| option(order, 2, &order.u32(length << 5 | 1));
        let file = [
            section(order),
            interface(order, 1, 0, &option(order, 13, &[4])),
            enhanced(order, 0, 0, b"from the interface", &[]),
            enhanced(order, 0, 0, b"from the packet", &flags(2)),
            enhanced(order, 0, 0, b"unknown to the packet", &flags(0)),
        ]
        .concat();
        let lengths: Vec<_> =
            read(file.as_slice()).clean().into_iter().map(|frame| frame.fcs_length).collect();
        assert_eq!(lengths, [4, 2, 4]);
    }
}

#[test]
fn odd_options_do_not_cost_the_packet() {
    let overlong = [LITTLE.u16(1), LITTLE.u16(0xFFFF)].concat();
    let of_wrong_size = option(LITTLE, 2, &[1]);
    for options in [overlong, of_wrong_size, vec![1], vec![9; 7]] {
        let file = capture(LITTLE, &[enhanced(LITTLE, 0, 0, b"data", &options)]);
        assert_eq!(read(file.as_slice()).clean()[0].data, b"data");
    }
}

#[test]
fn blocks_without_packets_are_passed_over_and_some_take_a_number() {
    // As tshark 4.0.17 numbers a file with one of them in the middle.
    for (kind, last) in [
        (4, 2),
        (5, 2),
        (7, 2),
        (8, 2),
        (9, 3),
        (10, 2),
        (0x101, 2),
        (0x201, 2),
        (0x204, 3),
        (0x208, 2),
        (0x216, 3),
        (0x217, 2),
        (0x221, 3),
        (0x0BAD, 3),
        (0x4000_0BAD, 3),
        (0x777, 2),
        (0x8000_0001, 2),
        (0xFFFF_FFFF, 2),
    ] {
        for order in ORDERS {
            let file = capture(
                order,
                &[
                    enhanced(order, 0, 0, b"first", &[]),
                    block(order, kind, &[0x55; 60]),
                    enhanced(order, 0, 0, b"second", &[]),
                ],
            );
            assert_eq!(numbers(&read(file.as_slice()).clean()), [1, last], "block {kind:X}");
        }
    }
}

#[test]
fn unknown_blocks_of_any_size_are_passed_over() {
    for size in [0, 4, 300_000, 1_000_000, 20_000_000] {
        let file = capture(
            LITTLE,
            &[block(LITTLE, 0x777, &vec![6; size]), enhanced(LITTLE, 0, 0, b"after", &[])],
        );
        assert_eq!(read(file.as_slice()).clean()[0].data, b"after", "{size}");
    }
}

#[test]
fn a_packet_block_with_more_options_than_are_held_gives_its_packet() {
    let comment = option(LITTLE, 1, &[b'c'; 60_000]);
    let options = comment.repeat(40);
    let file = capture(
        LITTLE,
        &[enhanced(LITTLE, 0, 0, b"commented", &options), enhanced(LITTLE, 0, 0, b"next", &[])],
    );
    let frames = read(file.as_slice()).clean();
    assert_eq!(
        (frames[0].data.as_slice(), frames[1].data.as_slice()),
        (b"commented".as_slice(), b"next".as_slice())
    );
}

#[test]
fn an_interface_described_at_great_length_is_understood() {
    let options = [option(LITTLE, 9, &[9]), option(LITTLE, 1, &[b'c'; 60_000]).repeat(40)].concat();
    let file =
        [section(LITTLE), interface(LITTLE, 1, 0, &options), enhanced(LITTLE, 0, 5, b"x", &[])]
            .concat();
    assert_eq!(read(file.as_slice()).clean()[0].ts, Some(5));
}

#[test]
fn a_huge_usb_transfer_is_one_frame_of_which_the_start_is_kept() {
    let file = [
        section(LITTLE),
        interface(LITTLE, 249, 0, &[]),
        enhanced(LITTLE, 0, 0, &vec![1; 1_000_001], &[]),
        enhanced(LITTLE, 0, 0, b"next", &[]),
    ]
    .concat();
    let frames = read(file.as_slice()).clean();
    assert_eq!((frames[0].data.len(), frames[0].original_length), (262_144, 1_000_001));
    assert_eq!(frames[1].data, b"next");
}

#[test]
fn a_trailer_that_does_not_repeat_the_length_is_damage() {
    for bad in [enhanced(LITTLE, 0, 0, b"x", &[]), block(LITTLE, 0x777, b"x"), start(LITTLE)] {
        let mut file = capture(LITTLE, &[enhanced(LITTLE, 0, 0, b"good", &[]), bad]);
        let last = file.len() - 4;
        file[last] ^= 0x40;
        let outcome = read(file.as_slice());
        assert_eq!((outcome.frames.len(), outcome.error_name()), (1, Some("damaged")));
        assert!(outcome.sentence().contains("ends with the length"), "{}", outcome.sentence());
    }
}

#[test]
fn lengths_without_the_padding_are_understood() {
    for order in ORDERS {
        let mut short = enhanced(order, 0, 0, b"12345", &[]);
        // 8 header, 20 fixed, 5 data, 4 trailer; 3 of padding are there and not counted.
        let place = short.len() - 4;
        short[4..8].copy_from_slice(&order.u32(37));
        short[place..].copy_from_slice(&order.u32(37));
        let file = capture(order, &[short, enhanced(order, 0, 0, b"next", &[])]);
        let frames = read(file.as_slice()).clean();
        assert_eq!(
            (frames[0].data.as_slice(), frames[1].data.as_slice()),
            (b"12345".as_slice(), b"next".as_slice())
        );
    }
}

#[test]
fn a_packet_that_does_not_fit_its_block_is_damage() {
    for captured in [9, 262_145, 0x7FFF_FFFF, 0xFFFF_FFFC, 0xFFFF_FFFD, u32::MAX] {
        let mut bad = enhanced(LITTLE, 0, 0, b"12345678", &[]);
        bad[20..24].copy_from_slice(&LITTLE.u32(captured));
        let outcome = read(capture(LITTLE, &[bad]).as_slice());
        assert_eq!(
            (outcome.frames.len(), outcome.error_name()),
            (0, Some("damaged")),
            "{captured}"
        );
        assert!(outcome.sentence().contains(&captured.to_string()), "{}", outcome.sentence());
    }
}

#[test]
fn blocks_too_small_for_what_they_are_are_damage() {
    for (kind, body) in [(6, 16), (2, 16), (3, 0), (1, 4)] {
        let file = capture(LITTLE, &[block(LITTLE, kind, &vec![0; body])]);
        assert_eq!(read(file.as_slice()).error_name(), Some("damaged"), "block {kind}");
    }
    for length in [0, 1, 8] {
        let mut file = start(LITTLE);
        file.extend(LITTLE.words(&[0x777, length, length, length]));
        let outcome = read(file.as_slice());
        assert_eq!(outcome.error_name(), Some("damaged"));
        assert!(outcome.sentence().contains(&format!("{length} bytes")), "{}", outcome.sentence());
    }
}

#[test]
fn packets_before_any_interface_are_damage() {
    for bad in [simple(LITTLE, b"x", 1), enhanced(LITTLE, 0, 0, b"x", &[])] {
        let outcome = read([section(LITTLE), bad].concat().as_slice());
        assert_eq!(outcome.error_name(), Some("damaged"));
        assert!(outcome.sentence().contains("interface"), "{}", outcome.sentence());
    }
}

#[test]
fn a_version_that_is_not_known_is_said() {
    let outcome = read(section_of(LITTLE, 2, u64::MAX).as_slice());
    assert_eq!(outcome.error_name(), Some("unsupported"));
    assert!(outcome.sentence().contains("version 2"), "{}", outcome.sentence());
}

#[test]
fn a_wrong_byte_order_mark_is_damage() {
    let mut file = start(LITTLE);
    file[8] = 0;
    let outcome = read(file.as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
    assert!(outcome.sentence().contains("byte-order mark"), "{}", outcome.sentence());
}

#[test]
fn more_interfaces_than_any_machine_has_are_refused() {
    let file = [section(LITTLE), interface(LITTLE, 1, 0, &[]).repeat(65_537)].concat();
    let outcome = read(file.as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
    assert!(outcome.sentence().contains("65536 interfaces"), "{}", outcome.sentence());
}

#[test]
fn a_cut_anywhere_keeps_the_frames_before_it() {
    let blocks = [
        section(LITTLE),
        interface(LITTLE, 1, 0, &option(LITTLE, 9, &[9])),
        enhanced(LITTLE, 0, 0, b"first", &option(LITTLE, 1, b"comment")),
        block(LITTLE, 0x777, b"unknown"),
        simple(LITTLE, b"second", 6),
        obsolete(LITTLE, 0, 0, b"third"),
    ];
    let file = blocks.concat();
    let mut ends = Vec::new();
    let mut place = 0;
    for block in &blocks {
        place += block.len();
        ends.push(place);
    }
    for end in 4..file.len() {
        let outcome = read(&file[..end]);
        let whole = ends.iter().filter(|place| **place <= end).count();
        let frames = [0, 0, 0, 1, 1, 2, 3][whole];
        assert_eq!(outcome.frames.len(), frames, "cut at {end}");
        let expected = (!ends.contains(&end)).then_some("cut");
        assert_eq!(outcome.error_name(), expected, "cut at {end}");
        if let Some(error) = outcome.error {
            assert_eq!(error.at, u64::try_from(end).unwrap());
        }
    }
}

#[test]
fn a_pcap_header_in_the_middle_is_damage() {
    let file = [start(LITTLE), pcap_header(LITTLE, 0xA1B2_C3D4, 1)].concat();
    assert!(read(file.as_slice()).error.is_some());
}

#[test]
fn a_block_with_an_absurd_length_is_damage() {
    for mut bad in [
        section(LITTLE),
        interface(LITTLE, 1, 0, &[]),
        enhanced(LITTLE, 0, 0, b"x", &[]),
        simple(LITTLE, b"x", 1),
        obsolete(LITTLE, 0, 0, b"x"),
    ] {
        bad[4..8].copy_from_slice(&LITTLE.u32(0xFFFF_FFF0));
        // Enough bytes for the part of the block that is held.
        let file = capture(LITTLE, &[enhanced(LITTLE, 0, 0, b"y", &[]), bad, vec![0; 600_000]]);
        let outcome = read(file.as_slice());
        assert_eq!((outcome.frames.len(), outcome.error_name()), (1, Some("damaged")));
    }
}

#[test]
fn what_pktmon_wrote_for_each_component_is_given_once() {
    let order = Order::Little;
    let header = |application: &[u8]| {
        let mut body = order.u32(0x1A2B_3C4D).to_vec();
        body.extend([1, 0, 0, 0]);
        body.extend(order.u64(u64::MAX));
        body.extend(option(order, 4, application));
        [block(order, 0x0A0D_0D0A, &body), interface(order, 1, 0, &[])].concat()
    };
    // IPv4 with UDP on Ethernet; the time to live and the checksum change from component to component.
    let packet = |ttl: u8, last: u8| {
        let mut frame = vec![2; 12];
        frame.extend([8, 0, 0x45, 0, 0, 30, 0, 7, 0, 0, ttl, 17, ttl, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([1, 2, 1, 3, 0, 10, ttl, 0, 5, last]);
        frame
    };
    let packets: Vec<u8> = [(0, 64, 1), (1, 64, 1), (2, 63, 1), (3, 64, 2), (600_000, 64, 1)]
        .iter()
        .flat_map(|(time, ttl, last)| enhanced(order, 0, *time, &packet(*ttl, *last), &[]))
        .collect();
    let given = |application: &[u8]| {
        let capture = [header(application), packets.clone()].concat();
        let mut reader = CaptureReader::open(capture.as_slice()).unwrap();
        let mut numbers = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            numbers.push(frame.number);
        }
        (numbers, reader.take_about().frames_repeated)
    };
    assert_eq!(given(b"Packet Monitor"), (vec![1, 4, 5], 2));
    assert_eq!(given(b"Dumpcap"), (vec![1, 2, 3, 4, 5], 0));
}
