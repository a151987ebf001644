//! The same bytes to this reader and to `pcap-parser`, block by block. Where the two may differ there
//! is a branch with its reason; everything else must be equal.

use std::fs;
use std::path::Path;

use pcap_parser::{Block, PcapNGOption, parse_block_be, parse_block_le};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::writer::{
    Order, Outcome, block, enhanced, interface, obsolete, option, pcap_header, pcap_packet, read,
    section, simple,
};

/// What `pcap-parser` makes of a file, in this reader's terms.
#[derive(Debug)]
enum Step {
    Frame {
        number: u64,
        ts: Option<i64>,
        link_type: u16,
        interface: u32,
        data: Vec<u8>,
        original: u32,
    },
    /// This reader must not go on here, although `pcap-parser` does.
    Refused(&'static str),
    /// `pcap-parser` does not go on here; this reader may.
    Lost,
    /// The file ends in the middle of a block.
    Cut,
    End,
}

struct Interface {
    link_type: u16,
    snap_length: u32,
    resolution: u8,
    offset: i64,
}

/// One option's bytes as they are stored. What follows the end mark is none, though `pcap-parser`
/// lists it; of several the first of the right length counts, where it takes the first of all.
fn stored<'a>(options: &'a [PcapNGOption<'a>], code: u16, length: u16) -> Option<&'a [u8]> {
    options
        .iter()
        .take_while(|option| option.code.0 != 0)
        .find(|option| option.code.0 == code && option.len == length)
        .map(|option| &option.value[..usize::from(length)])
}

/// Nanoseconds by long division. `pcap-parser` cuts seconds to 32 bits and knows no power of two
/// and no time before 1970, so its own times are not used.
fn nanoseconds(interface: &Interface, high: u32, low: u32) -> Option<i64> {
    let mut rest = (u128::from(high) << 32) | u128::from(low);
    let exponent = u32::from(interface.resolution & 0x7F);
    let (mut seconds, mut fraction) = (rest, 0_u128);
    if interface.resolution & 0x80 != 0 {
        seconds = rest >> exponent;
        rest -= seconds << exponent;
        for _ in 0..9 {
            rest *= 10;
            let digit = rest >> exponent;
            rest -= digit << exponent;
            fraction = fraction * 10 + digit;
        }
    } else {
        for place in 0..exponent {
            let digit = seconds % 10;
            seconds /= 10;
            // Digits after the ninth are cut off.
            if exponent - place <= 9 {
                fraction += digit * 10_u128.pow(9 - (exponent - place));
            }
        }
    }
    let since = i128::try_from(seconds * 1_000_000_000 + fraction).ok()?;
    i64::try_from(since + i128::from(interface.offset) * 1_000_000_000).ok()
}

fn steps(file: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = file;
    let mut order = Order::Little;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut earlier = 0;
    let mut number = 0;
    while !rest.is_empty() {
        if rest.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]) {
            order = match rest.get(8..12) {
                Some([0x1A, 0x2B, 0x3C, 0x4D]) => Order::Big,
                Some([0x4D, 0x3C, 0x2B, 0x1A]) => Order::Little,
                Some(_) => return ending(steps, Step::Refused("byte-order mark")),
                None => return ending(steps, Step::Cut),
            };
        }
        let parsed = match order {
            Order::Little => parse_block_le(rest),
            Order::Big => parse_block_be(rest),
        };
        let word = |place: usize| {
            let bytes: [u8; 4] = rest[place..place + 4].try_into().unwrap();
            match order {
                Order::Little => u32::from_le_bytes(bytes),
                Order::Big => u32::from_be_bytes(bytes),
            }
        };
        if rest.len() >= 8 && word(4) % 4 != 0 {
            // A length without its padding: read as Wireshark does, where pcap-parser takes it at
            // its word.
            return ending(steps, Step::Lost);
        }
        let (after, parsed) = match parsed {
            Ok(parsed) => parsed,
            Err(pcap_parser::nom::Err::Incomplete(_)) => {
                // pcap-parser waits for more than a whole block that is too small for its type.
                let length = usize::try_from(word_or_zero(rest, order)).unwrap();
                let step = if length <= rest.len() { Step::Lost } else { Step::Cut };
                return ending(steps, step);
            }
            Err(_) => return ending(steps, Step::Lost),
        };
        let total = rest.len() - after.len();
        let trailer = word(total - 4);
        if trailer != word(4) {
            // pcap-parser compares the two lengths of some blocks only.
            let rounded = trailer.checked_next_multiple_of(4) == Some(word(4));
            let step = if rounded { Step::Lost } else { Step::Refused("trailer") };
            return ending(steps, step);
        }
        let body = &rest[8..total - 4];
        match parsed {
            Block::SectionHeader(header) => {
                if header.major_version != 1 {
                    // pcap-parser reads any version as version 1.
                    return ending(steps, Step::Refused("version"));
                }
                earlier += u32::try_from(interfaces.len()).unwrap();
                interfaces.clear();
            }
            Block::InterfaceDescription(description) => {
                let offset = stored(&description.options, 14, 8).map_or(0, |bytes| {
                    let bytes = bytes.try_into().unwrap();
                    match order {
                        // pcap-parser reads the offset as little-endian always.
                        Order::Big => i64::from_be_bytes(bytes),
                        Order::Little => i64::from_le_bytes(bytes),
                    }
                });
                interfaces.push(Interface {
                    link_type: u16::try_from(description.linktype.0).unwrap(),
                    snap_length: description.snaplen,
                    resolution: stored(&description.options, 9, 1).map_or(6, |bytes| bytes[0]),
                    offset,
                });
            }
            Block::EnhancedPacket(packet) => {
                let Some(interface) = interfaces.get(usize::try_from(packet.if_id).unwrap()) else {
                    // pcap-parser leaves interfaces to its caller.
                    return ending(steps, Step::Refused("interface"));
                };
                if packet.caplen > largest(interface) {
                    // pcap-parser has no bound.
                    return ending(steps, Step::Refused("too large"));
                }
                number += 1;
                let captured = usize::try_from(packet.caplen).unwrap();
                steps.push(Step::Frame {
                    number,
                    ts: nanoseconds(interface, packet.ts_high, packet.ts_low),
                    link_type: interface.link_type,
                    interface: earlier + packet.if_id,
                    data: packet.data[..captured].to_vec(),
                    original: packet.origlen,
                });
            }
            Block::SimplePacket(packet) => {
                let Some(interface) = interfaces.first() else {
                    return ending(steps, Step::Refused("interface"));
                };
                // pcap-parser does not know the snap length, so it gives the padding as data.
                let limit =
                    if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
                let captured = usize::try_from(packet.origlen.min(limit)).unwrap();
                let Some(data) = packet.data.get(..captured) else {
                    return ending(steps, Step::Refused("larger than its block"));
                };
                number += 1;
                steps.push(Step::Frame {
                    number,
                    ts: None,
                    link_type: interface.link_type,
                    interface: earlier,
                    data: data.to_vec(),
                    original: packet.origlen,
                });
            }
            // pcap-parser does not know the obsolete packet block.
            Block::Unknown(_) if word(0) == 2 => {
                let half = |place: usize| {
                    let bytes = [body[place], body[place + 1]];
                    if order == Order::Big {
                        u16::from_be_bytes(bytes)
                    } else {
                        u16::from_le_bytes(bytes)
                    }
                };
                if body.len() < 20 {
                    return ending(steps, Step::Refused("too small"));
                }
                let Some(interface) = interfaces.get(usize::from(half(0))) else {
                    return ending(steps, Step::Refused("interface"));
                };
                let captured = usize::try_from(word(8 + 12)).unwrap();
                let Some(data) = body[20..].get(..captured) else {
                    return ending(steps, Step::Refused("larger than its block"));
                };
                number += 1;
                steps.push(Step::Frame {
                    number,
                    ts: nanoseconds(interface, word(8 + 4), word(8 + 8)),
                    link_type: interface.link_type,
                    interface: earlier + u32::from(half(0)),
                    data: data.to_vec(),
                    original: word(8 + 16),
                });
            }
            // They hold no packet, and Wireshark counts them.
            _ if [9, 0x0BAD, 0x4000_0BAD, 0x204, 0x216, 0x221].contains(&word(0)) => number += 1,
            _ => {}
        }
        rest = after;
    }
    ending(steps, Step::End)
}

fn ending(mut steps: Vec<Step>, last: Step) -> Vec<Step> {
    steps.push(last);
    steps
}

fn word_or_zero(rest: &[u8], order: Order) -> u32 {
    let Some(bytes) = rest.get(4..8).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else {
        return u32::MAX;
    };
    match order {
        Order::Little => u32::from_le_bytes(bytes),
        Order::Big => u32::from_be_bytes(bytes),
    }
}

fn largest(interface: &Interface) -> u32 {
    if [231, 249, 279].contains(&interface.link_type) { 128 << 20 } else { 262_144 }
}

fn compare(file: &[u8]) -> Result<(), TestCaseError> {
    let outcome = read(file);
    let mut frames = outcome.frames.iter();
    for step in steps(file) {
        match step {
            Step::Frame { number, ts, link_type, interface, data, original } => {
                let Some(frame) = frames.next() else {
                    return Err(TestCaseError::fail(format!(
                        "frame {number} is missing: {}",
                        outcome.sentence()
                    )));
                };
                prop_assert_eq!(frame.number, number);
                prop_assert_eq!(frame.ts, ts);
                prop_assert_eq!(frame.link_type, link_type);
                prop_assert_eq!(frame.interface, interface);
                prop_assert_eq!(frame.original_length, original);
                // Of transfers that are larger than packets the start is kept.
                prop_assert_eq!(&frame.data, &data[..data.len().min(262_144)]);
            }
            Step::Refused(why) => {
                let name = outcome.error_name();
                prop_assert!(
                    matches!(name, Some("damaged" | "unsupported" | "cut")),
                    "{}: {:?}",
                    why,
                    name
                );
                prop_assert_eq!(frames.len(), 0, "frames after: {}", why);
            }
            Step::Lost => {}
            Step::Cut => {
                let name = outcome.error_name();
                prop_assert!(matches!(name, Some("cut" | "damaged" | "unsupported")), "{:?}", name);
                prop_assert_eq!(frames.len(), 0, "frames after the end");
            }
            Step::End => {
                prop_assert_eq!(outcome.error_name(), None, "{}", outcome.sentence());
                prop_assert_eq!(frames.len(), 0, "more frames than pcap-parser");
            }
        }
    }
    Ok(())
}

/// A block to be written in the byte order of its section.
#[derive(Clone, Debug)]
enum Part {
    Section(bool),
    Interface { link_type: u16, snap_length: u32, resolution: Option<u8>, offset: Option<i64> },
    Enhanced { interface: u32, count: u64, data: Vec<u8>, comment: Option<Vec<u8>> },
    Simple { data: Vec<u8> },
    Obsolete { interface: u16, count: u64, data: Vec<u8> },
    Other { kind: u32, body: Vec<u8> },
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..80)
}

fn part() -> impl Strategy<Value = Part> {
    let snap_length = prop_oneof![Just(0_u32), Just(262_144), 1..100_u32];
    let offset = proptest::option::of(prop_oneof![any::<i64>(), -100_000..100_000_i64]);
    prop_oneof![
        1 => any::<bool>().prop_map(Part::Section),
        3 => (any::<u16>(), snap_length, proptest::option::of(any::<u8>()), offset).prop_map(
            |(link_type, snap_length, resolution, offset)| Part::Interface {
                link_type, snap_length, resolution, offset
            }
        ),
        6 => (0..3_u32, any::<u64>(), data(), proptest::option::of(data())).prop_map(
            |(interface, count, data, comment)| Part::Enhanced { interface, count, data, comment }
        ),
        2 => data().prop_map(|data| Part::Simple { data }),
        2 => (0..3_u16, any::<u64>(), data())
            .prop_map(|(interface, count, data)| Part::Obsolete { interface, count, data }),
        2 => (prop_oneof![4..12_u32, Just(0x0BAD), Just(0x204), any::<u32>()], data())
            .prop_map(|(kind, body)| Part::Other { kind, body }),
    ]
}

fn write(big: bool, parts: &[Part]) -> Vec<u8> {
    let mut order = if big { Order::Big } else { Order::Little };
    let mut file = [section(order), interface(order, 1, 0, &[])].concat();
    for part in parts {
        file.extend(match part {
            Part::Section(big) => {
                order = if *big { Order::Big } else { Order::Little };
                section(order)
            }
            Part::Interface { link_type, snap_length, resolution, offset } => {
                let mut options = Vec::new();
                if let Some(resolution) = resolution {
                    options.extend(option(order, 9, &[*resolution]));
                }
                if let Some(offset) = offset {
                    let bytes = match order {
                        Order::Little => offset.to_le_bytes(),
                        Order::Big => offset.to_be_bytes(),
                    };
                    options.extend(option(order, 14, &bytes));
                }
                interface(order, *link_type, *snap_length, &options)
            }
            Part::Enhanced { interface, count, data, comment } => {
                let comment = comment.as_ref().map(|text| option(order, 1, text));
                enhanced(order, *interface, *count, data, &comment.unwrap_or_default())
            }
            Part::Simple { data } => simple(order, data, u32::try_from(data.len()).unwrap()),
            Part::Obsolete { interface, count, data } => obsolete(order, *interface, *count, data),
            Part::Other { kind, body } => block(order, *kind, body),
        });
    }
    file
}

/// Bytes to change: place (wrapped to the length) and what to make of them.
fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    vec((any::<usize>(), any::<u8>()), 0..4)
}

fn change(file: &mut [u8], first: usize, changes: &[(usize, u8)]) {
    let length = file.len() - first;
    for (place, value) in changes {
        file[first + place % length] = *value;
    }
}

fn compare_pcap(file: &[u8], order: Order, unit: i64) -> Result<(), TestCaseError> {
    let outcome: Outcome = read(file);
    let (mut rest, header) = pcap_parser::parse_pcap_header(file).unwrap();
    prop_assert_eq!(header.is_bigendian(), order == Order::Big);
    let mut frames = outcome.frames.iter();
    let ending = loop {
        let parsed = match order {
            Order::Little => pcap_parser::parse_pcap_frame(rest),
            Order::Big => pcap_parser::parse_pcap_frame_be(rest),
        };
        match parsed {
            _ if rest.is_empty() => break None,
            Ok((_, packet)) if packet.caplen > 262_144 => break Some("damaged"),
            Ok((after, packet)) => {
                let frame = frames.next();
                prop_assert!(frame.is_some(), "a frame is missing: {}", outcome.sentence());
                let frame = frame.unwrap();
                // pcap-parser gives impossible fractions as they are.
                let fraction = match i64::from(packet.ts_usec) * unit {
                    fraction @ 0..1_000_000_000 => fraction,
                    _ => 0,
                };
                prop_assert_eq!(
                    frame.ts,
                    Some(i64::from(packet.ts_sec) * 1_000_000_000 + fraction)
                );
                prop_assert_eq!(&frame.data, packet.data);
                prop_assert_eq!(frame.original_length, packet.origlen);
                rest = after;
            }
            // pcap-parser has no bound: it waits for the end of a packet of any length.
            Err(_) => {
                let absurd = rest.get(8..12).is_some_and(|bytes| {
                    let bytes = bytes.try_into().unwrap();
                    rest.len() >= 16
                        && 262_144
                            < match order {
                                Order::Little => u32::from_le_bytes(bytes),
                                Order::Big => u32::from_be_bytes(bytes),
                            }
                });
                break Some(if absurd { "damaged" } else { "cut" });
            }
        }
    };
    prop_assert_eq!(outcome.error_name(), ending, "{}", outcome.sentence());
    prop_assert_eq!(frames.len(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pcapng_as_pcap_parser_reads_it(big in any::<bool>(), parts in vec(part(), 0..12)) {
        compare(&write(big, &parts))?;
    }

    #[test]
    fn changed_and_cut_pcapng_as_pcap_parser_reads_it(
        big in any::<bool>(),
        parts in vec(part(), 0..8),
        changes in changes(),
        cut in 0..40_usize,
    ) {
        let mut file = write(big, &parts);
        // The first four bytes say that it is pcapng.
        change(&mut file, 4, &changes);
        file.truncate(file.len() - cut % (file.len() - 28));
        compare(&file)?;
    }

    #[test]
    fn pcap_as_pcap_parser_reads_it(
        big in any::<bool>(),
        nanoseconds in any::<bool>(),
        packets in vec((any::<u32>(), 0..1_000_000_u32, data(), 0..2_000_u32), 0..20),
    ) {
        let order = if big { Order::Big } else { Order::Little };
        let magic = if nanoseconds { 0xA1B2_3C4D } else { 0xA1B2_C3D4 };
        let mut file = pcap_header(order, magic, 1);
        for (seconds, fraction, data, more) in packets {
            let original = u32::try_from(data.len()).unwrap() + more;
            file.extend(pcap_packet(order, (seconds, fraction), &data, original));
        }
        compare_pcap(&file, order, if nanoseconds { 1 } else { 1_000 })?;
    }

    /// With the number for nanoseconds: the standard number would make damaged headers look like one
    /// of the variants, which pcap-parser does not know.
    #[test]
    fn changed_and_cut_pcap_as_pcap_parser_reads_it(
        big in any::<bool>(),
        packets in vec((any::<u32>(), any::<u32>(), data()), 1..20),
        changes in changes(),
        cut in 0..40_usize,
    ) {
        let order = if big { Order::Big } else { Order::Little };
        let mut file = pcap_header(order, 0xA1B2_3C4D, 1);
        for (seconds, fraction, data) in packets {
            let original = u32::try_from(data.len()).unwrap();
            file.extend(pcap_packet(order, (seconds, fraction), &data, original));
        }
        change(&mut file, 24, &changes);
        file.truncate(24 + (file.len() - 24).saturating_sub(cut));
        compare_pcap(&file, order, 1)?;
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..300), magic in 0..9_usize) {
        let magics: [&[u8]; 9] = [
            b"", &[0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0], &[0xA1, 0xB2, 0xCD, 0x34, 0, 2, 0, 4],
            &[0x0A, 0x0D, 0x0D, 0x0A], &[0x1F, 0x8B, 8], &[0x28, 0xB5, 0x2F, 0xFD],
            &[0xFD, b'7', b'z', b'X', b'Z', 0], &[0x04, 0x22, 0x4D, 0x18], &[0x02, 0x21, 0x4C, 0x18],
        ];
        let outcome = read([magics[magic], &bytes].concat().as_slice());
        prop_assert!(!outcome.sentence().contains('\n'));
    }
}

/// Captures of real programs, and those that were made to be odd.
#[test]
fn samples_as_pcap_parser_reads_them() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut read = [0, 0];
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let file = fs::read(&path).unwrap();
        let (kind, outcome) = match file.first_chunk() {
            Some([0x0A, 0x0D, 0x0D, 0x0A]) => (0, compare(&file)),
            Some([0xD4, 0xC3, 0xB2, 0xA1]) => (1, compare_pcap(&file, Order::Little, 1_000)),
            Some([0xA1, 0xB2, 0xC3, 0xD4]) => (1, compare_pcap(&file, Order::Big, 1_000)),
            Some([0x4D, 0x3C, 0xB2, 0xA1]) => (1, compare_pcap(&file, Order::Little, 1)),
            Some([0xA1, 0xB2, 0x3C, 0x4D]) => (1, compare_pcap(&file, Order::Big, 1)),
            // Compressed, or a variant that pcap-parser does not know.
            _ => continue,
        };
        read[kind] += 1;
        outcome.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    assert!(read[0] >= 8 && read[1] >= 80, "{read:?}");
}
