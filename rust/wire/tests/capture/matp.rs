//! Message Analyzer's captures: lists of packets come back as they were written, and archives that
//! lie or unpack without end are told.

use proptest::collection::vec;
use proptest::prelude::*;
use tlsaudit_wire::capture::CaptureReader;

use crate::compression::gzip;
use crate::matp_writer::{Message, Packing, Streams, zip};
use crate::writer::read;

/// A frame that is recognised as one by itself.
fn ethernet(payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &[0x08, 0x00], payload].concat()
}

fn message() -> impl Strategy<Value = Message> {
    let time = 0..40_000_000_000_000_000_i64;
    prop_oneof![
        (time.clone(), any::<bool>(), vec(any::<u8>(), 0..200))
            .prop_map(|(time, sent, frame)| Message::Event { time, sent, frame }),
        (time, vec(any::<u8>(), 0..60))
            .prop_map(|(time, bytes)| Message::Imported { time, bytes: ethernet(&bytes) }),
        Just(Message::Inner),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packets_come_back_as_they_were_written(
        messages in vec(message(), 0..20)
            .prop_filter("a packet", |all| all.iter().any(|m| !matches!(m, Message::Inner))),
        stored in any::<bool>(),
        other_first in any::<bool>(),
    ) {
        let bytes = Streams::of(&messages).pack(Packing { stored, other_first });
        let outcome = read(bytes.as_slice());
        prop_assert_eq!(outcome.format.map(|format| format.name()), Some("matp"));
        let mut expected: Vec<(i64, &[u8])> = messages
            .iter()
            .filter_map(|message| match message {
                Message::Event { time, frame, .. } => Some((time * 100, frame.as_slice())),
                Message::Imported { time, bytes } => Some((time * 100, bytes.as_slice())),
                Message::Inner => None,
            })
            .collect();
        // Frames of the same time stay in their order.
        expected.sort_by_key(|(time, _)| *time);
        let frames = outcome.clean();
        let seen: Vec<(i64, &[u8])> =
            frames.iter().map(|frame| (frame.ts.unwrap(), frame.data.as_slice())).collect();
        prop_assert_eq!(seen, expected);
        prop_assert!(frames.iter().zip(1..).all(|(frame, number)| frame.number == number));
    }

    #[test]
    fn an_archive_that_is_changed_or_cut_ends_in_an_error_or_in_frames(
        messages in vec(message(), 1..6),
        changes in vec((any::<usize>(), any::<u8>()), 0..6),
        kept in 0..8_000_usize,
    ) {
        let mut bytes = Streams::of(&messages).pack(Packing { stored: true, other_first: false });
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        bytes.truncate(kept.max(4));
        let outcome = read(bytes.as_slice());
        prop_assert!(outcome.frames.len() <= messages.len() || outcome.format.is_some());
    }
}

#[test]
fn who_sent_a_packet_is_told_and_who_was_interrupted_by_one_is_not() {
    let event = |sent| Message::Event { time: 0, sent, frame: b"frame".to_vec() };
    let bytes = Streams::of(&[event(true), event(false)]).pack(Packing::default());
    let frames = read(bytes.as_slice()).clean();
    let senders: Vec<_> = frames.iter().map(|frame| frame.sender.map(u32::from)).collect();
    assert_eq!(senders, [Some(4_242), None]);
}

#[test]
fn a_packet_that_was_captured_at_several_adapters_is_given_once() {
    let packet = |number: u8| {
        let mut bytes =
            vec![0x45, 0, 0, 32, 0, number, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes.extend([0, 1, 0, 2, 0, 12, 0, 0, b't', b'e', b'x', b't']);
        ethernet(&bytes)
    };
    let mut streams = Streams::of(&[]);
    for (time, (adapter, number)) in (0..).zip([(12, 1), (13, 1), (12, 2), (12, 1), (13, 2)]) {
        streams.event(adapter, time, &packet(number));
    }
    let bytes = streams.pack(Packing::default());
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push(frame.data.to_vec());
    }
    // What the same adapter sees again was sent again.
    assert_eq!(frames, [packet(1), packet(2), packet(1)]);
    assert_eq!(reader.take_about().frames_repeated, 2);
}

#[test]
fn messages_that_are_no_frames_are_left_out() {
    let other = |bytes: &[u8]| Message::Imported { time: 1, bytes: bytes.to_vec() };
    let messages = [
        other(b"\0\x01\0\x01\0\0E\0t\0h\0e\0r\0n\0e\0t\0"),
        other(b"\0\x01\0\0\0\x01\0\x03\0\x04\x09.\0\0C\0:\0"),
        other(b""),
        other(&ethernet(b"packet")),
        other(&[&[2; 12][..], &[0, 5, 0x42, 0x42, 3, 0, 0]].concat()),
    ];
    let frames = read(Streams::of(&messages).pack(Packing::default()).as_slice()).clean();
    assert_eq!(frames.len(), 2);
}

#[test]
fn blocks_may_be_made_of_parts_of_blocks() {
    let mut streams = Streams::of(&[]);
    let whole = ethernet(b"0123456789");
    let first = streams.block(whole[..14].to_vec());
    let digits = streams.block(b"xx0123456789yy".to_vec());
    let inner = streams.list(&[(digits, 2, 4), (digits, 6, 6)]);
    let all = streams.list(&[(first, 0, 14), (inner, 0, 3), (inner, 3, 7)]);
    streams.add(all, Some(621_355_968_000_000_010));
    let frames = read(streams.pack(Packing::default()).as_slice()).clean();
    assert_eq!((frames[0].data.as_slice(), frames[0].ts), (whole.as_slice(), Some(1_000)));
}

#[test]
fn blocks_that_name_themselves_and_each_other_without_end_cost_little() {
    let mut streams = Streams::of(&[]);
    let mut block = streams.block(ethernet(&[7; 100]));
    for _ in 0..30 {
        block = streams.list(&vec![(block, 0, u32::MAX); 500]);
    }
    let own = streams.first[0] + 31;
    let itself = streams.list(&[(own, 0, 10)]);
    assert_eq!(itself, own);
    for _ in 0..50 {
        streams.add(block, Some(621_355_968_000_000_010));
    }
    streams.add(itself, Some(621_355_968_000_000_010));
    // No message of them is whole.
    let outcome = read(streams.pack(Packing::default()).as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
}

#[test]
fn one_block_given_again_and_again_is_a_bomb() {
    let mut streams = Streams::of(&[]);
    let block = streams.block(ethernet(&vec![7; 200_000]));
    for _ in 0..3_000 {
        streams.add(block, Some(621_355_968_000_000_010));
    }
    let bytes = streams.pack(Packing::default());
    let mut reader = match CaptureReader::open(bytes.as_slice()) {
        Ok(reader) => reader,
        Err(error) => {
            assert_eq!(error.name(), "limit");
            assert!(error.to_string().contains("--max-unpacked"), "{error}");
            return;
        }
    };
    let mut given = 0;
    while let Ok(Some(frame)) = reader.next_frame() {
        given += frame.data.len();
    }
    panic!("{given} bytes were given");
}

#[test]
fn long_lists_that_are_read_again_and_again_are_a_bomb() {
    let mut streams = Streams::of(&[]);
    let block = streams.block(ethernet(b"packet"));
    let all = streams.list(&vec![(block, 0, 0); 21_000]);
    for _ in 0..2_000 {
        streams.add(all, Some(621_355_968_000_000_010));
    }
    let outcome = read(streams.pack(Packing::default()).as_slice());
    assert_eq!(outcome.error_name(), Some("limit"));
}

#[test]
fn a_message_that_the_list_names_twice_is_given_once() {
    let mut streams = Streams::of(&[Message::Imported { time: 1, bytes: ethernet(b"packet") }]);
    let again = streams.annotation[6..].to_vec();
    streams.annotation.extend(again);
    // The list tells as many entries as it has.
    streams.messages.push(Vec::new());
    assert_eq!(read(streams.pack(Packing::default()).as_slice()).clean().len(), 1);
}

#[test]
fn a_member_that_unpacks_without_end_is_a_bomb() {
    let mut streams = Streams::of(&[]);
    streams.annotation = vec![0; 1 << 22];
    let bytes = streams.pack(Packing::default());
    let Err(error) = CaptureReader::open_unpacking(bytes.as_slice(), Some(1 << 20)) else {
        panic!("it was unpacked");
    };
    assert_eq!(error.name(), "limit");
    assert!(error.to_string().contains("1 MiB") && error.to_string().contains("unzip"), "{error}");
    let Err(error) = CaptureReader::open_unpacking(bytes.as_slice(), Some(1 << 24)) else {
        panic!("it has no packet");
    };
    assert_eq!(error.name(), "damaged");
}

#[test]
fn a_shape_that_is_not_known_comes_with_what_to_do() {
    let streams = Streams::of(&[Message::Inner]);
    let mut members = streams.members();
    let text = String::from_utf8(members[0].1.clone()).unwrap();
    let parted = text.replace("</id><metadata>", "</id><id>another</id><metadata>");
    for (text, words) in [
        (text.replace("<name>datablocks", "<name>other"), "without the stream datablocks"),
        (parted, "in 2 parts"),
        (text.replace("Index-v1", "Index-v2"), "kept in another way"),
    ] {
        members[0].1 = text.into_bytes();
        let outcome = read(zip(&members, false).as_slice());
        assert_eq!(outcome.error_name(), Some("unsupported"));
        let sentence = outcome.sentence();
        assert!(sentence.contains(words) && sentence.contains(".cap"), "{sentence}");
    }
}

#[test]
fn parts_that_are_missing_or_corrupt_are_damage_and_a_cut_archive_is_cut() {
    let streams = Streams::of(&[Message::Imported { time: 1, bytes: ethernet(b"packet") }]);
    let members = streams.members();
    let outcome = read(zip(&members[..3], false).as_slice());
    assert_eq!(outcome.error_name(), Some("damaged"));
    assert!(outcome.sentence().contains("is missing"), "{}", outcome.sentence());
    let good = streams.pack(Packing::default());
    let mut bad = good.clone();
    // The first bytes of the first member's data.
    bad[30 + 44..30 + 60].fill(0xFF);
    assert_eq!(read(bad.as_slice()).error_name(), Some("damaged"));
    let outcome = read(&good[..good.len() - 30]);
    assert_eq!(outcome.error_name(), Some("cut"));
    assert!(outcome.sentence().contains(".matp"), "{}", outcome.sentence());
}

#[test]
fn damage_inside_is_told_after_the_frames_that_are_whole() {
    let messages: Vec<Message> = (0..20)
        .map(|n| Message::Imported {
            time: n,
            bytes: ethernet(format!("packet {n:02}").as_bytes()),
        })
        .collect();
    let members = Streams::of(&messages).members();
    let cut = |number: usize, length: usize| {
        let mut members = members.clone();
        members[number].1.truncate(length);
        zip(&members, false)
    };
    let mut flipped = zip(&members, true);
    let place = flipped.windows(9).position(|bytes| bytes == b"packet 03").unwrap();
    flipped[place] ^= 0x20;
    for (bytes, frames, words) in [
        (flipped, 20, "checksum of its member"),
        // Each message has two blocks: 23 bytes, and 16 that name them.
        (cut(1, 39 * 7), 7, "of 13 of its 20 captured messages"),
        (cut(2, 28 * 8), 4, "of 16 of its 20 captured messages"),
        (cut(4, 28 * 5), 5, "of 15 of its 20 captured messages"),
        (cut(5, 6 + 13 * 4 + 3), 4, "its list of 20 messages holds 4"),
        (cut(5, 6 + 13 * 4), 4, "its list of 20 messages holds 4"),
        (cut(2, 0), 0, "of 20 of its 20 captured messages"),
    ] {
        let outcome = read(bytes.as_slice());
        assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("damaged"), frames));
        assert!(outcome.sentence().contains(words), "{}", outcome.sentence());
    }
}

#[test]
fn what_is_wrong_with_the_compression_around_is_told_after_the_frames() {
    let message = Message::Imported { time: 1, bytes: ethernet(b"packet") };
    let packed = gzip(&Streams::of(&[message]).pack(Packing::default()));
    let outcome = read(&packed[..packed.len() - 8]);
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("cut"), 1));
    let mut flipped = packed;
    let place = flipped.len() - 6;
    flipped[place] ^= 0xFF;
    let outcome = read(flipped.as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("damaged"), 1));
    assert!(outcome.sentence().contains("one frame was read"), "{}", outcome.sentence());
}

#[test]
fn messages_of_more_parts_than_any_has_are_left_out_and_told() {
    let mut streams = Streams::of(&[Message::Imported { time: 1, bytes: ethernet(b"packet") }]);
    let block = streams.block(ethernet(b"0123456789"));
    let all = streams.list(&vec![(block, 0, 20); 1_025]);
    streams.add(all, Some(621_355_968_000_000_010));
    let outcome = read(streams.pack(Packing::default()).as_slice());
    assert_eq!((outcome.error_name(), outcome.frames.len()), (Some("damaged"), 1));
    assert!(outcome.sentence().contains("of 1 of its 2 captured"), "{}", outcome.sentence());
}

#[test]
fn a_file_without_packets_says_so() {
    for messages in [vec![], vec![Message::Inner]] {
        let outcome = read(Streams::of(&messages).pack(Packing::default()).as_slice());
        assert_eq!(outcome.error_name(), Some("not_a_capture"));
        assert!(outcome.sentence().contains("without packets"), "{}", outcome.sentence());
    }
}

#[test]
fn an_archive_of_something_else_is_named() {
    let members = [
        ("[Content_Types].xml".to_owned(), b"<Types/>".to_vec()),
        ("about.mmstream files.txt".to_owned(), b"text".to_vec()),
    ];
    let outcome = read(zip(&members, false).as_slice());
    assert_eq!(outcome.error_name(), Some("not_a_capture"));
    assert!(outcome.sentence().contains("Office"), "{}", outcome.sentence());
}
