//! Any packets are written as traces and read back the same.

use proptest::prelude::*;

use super::packets::{ethernet, ip, wlan};
use super::writer::{self, NDIS, Origin, PKTMON, START_1970};
use super::{Read, read};

const START_OF_PACKET: u64 = 0x4000_0000;
const END_OF_PACKET: u64 = 0x8000_0000;
const SENT: u64 = 0x1_0000_0000;
const RECEIVED: u64 = 0x2_0000_0000;

/// A packet for a trace of ndiscap.
#[derive(Clone, Debug)]
struct Given {
    /// Ticks since the packet before it.
    after: i64,
    data: Vec<u8>,
    /// Where it is cut into events.
    cuts: Vec<prop::sample::Index>,
    processor: u16,
    /// The idle thread is number 0 on every processor.
    thread: u32,
    process: u32,
    is_sent: bool,
    extended: bool,
    /// Whether the processor's buffer ends within this packet.
    ends_buffer: bool,
}

prop_compose! {
    fn given()(
        after in 1_i64..1_000,
        data in prop::collection::vec(prop_oneof![4 => Just(7_u8), 1 => any::<u8>()], 0..400),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        processor in 0_u16..4,
        thread in prop_oneof![Just(0_u32), 70_u32..73],
        process in 0_u32..5,
        is_sent in any::<bool>(),
        extended in any::<bool>(),
        ends_buffer in prop::bool::weighted(0.2),
    ) -> Given {
        Given { after, data, cuts, processor, thread, process, is_sent, extended, ends_buffer }
    }
}

/// A trace of ndiscap: each processor fills buffers of its own, and they come in any order that keeps
/// each processor's.
fn ndis_trace(packets: &[Given], compressed: bool, order: &[u16]) -> Vec<u8> {
    let mut buffers: Vec<Vec<Vec<u8>>> = vec![vec![Vec::new()]; 4];
    let mut at = -5_000;
    for packet in packets {
        at += packet.after;
        let own = &mut buffers[usize::from(packet.processor)];
        let length = packet.data.len();
        let mut cuts: Vec<usize> = packet.cuts.iter().map(|cut| cut.index(length + 1)).collect();
        cuts.extend([0, length]);
        cuts.sort_unstable();
        for (n, pair) in cuts.windows(2).enumerate() {
            let mut keyword = if packet.is_sent { SENT } else { RECEIVED };
            keyword |= if n == 0 { START_OF_PACKET } else { 0 };
            keyword |= if n + 2 == cuts.len() { END_OF_PACKET } else { 0 };
            let origin = Origin {
                provider: NDIS,
                id: 1001,
                version: 0,
                keyword: keyword | 1,
                process: packet.process,
                thread: packet.thread,
                at,
                extended: packet.extended,
            };
            let data = writer::ndis(12, &packet.data[pair[0]..pair[1]]);
            own.last_mut().unwrap().extend(writer::event(&origin, &data));
            if packet.ends_buffer && n == 0 {
                own.push(Vec::new());
            }
        }
    }
    let mut queues: Vec<std::collections::VecDeque<Vec<u8>>> =
        buffers.into_iter().map(Into::into).collect();
    let mut trace = writer::first_buffer();
    let mut write = |processor: u16, records: &[u8]| {
        trace.extend(writer::buffer(0, processor, records, 4_096, compressed));
    };
    for processor in order {
        if let Some(records) = queues[usize::from(*processor)].pop_front() {
            write(*processor, &records);
        }
    }
    for (processor, queue) in queues.into_iter().enumerate().rev() {
        for records in queue {
            write(processor as u16, &records);
        }
    }
    trace
}

/// A packet for a trace of PktMon, and where it is seen.
#[derive(Clone, Debug)]
struct Passed {
    payload: Vec<u8>,
    components: usize,
    is_sent: bool,
    is_sent_again: bool,
    dropped: bool,
}

prop_compose! {
    fn passed()(
        payload in prop::collection::vec(any::<u8>(), 0..200),
        components in 1_usize..6,
        is_sent in any::<bool>(),
        is_sent_again in any::<bool>(),
        dropped in any::<bool>(),
    ) -> Passed {
        Passed { payload, components, is_sent, is_sent_again, dropped }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn packets_of_ndiscap_come_back_in_order_of_time(
        packets in prop::collection::vec(given(), 1..60),
        compressed in any::<bool>(),
        order in prop::collection::vec(0_u16..4, 0..40),
    ) {
        let (frames, about, failure) = read(&ndis_trace(&packets, compressed, &order));
        prop_assert_eq!(failure, None);
        let mut at = -5_000;
        let expected: Vec<Read> = packets
            .iter()
            .map(|packet| {
                at += packet.after;
                Read {
                    ts: Some(START_1970 + at * 100),
                    data: packet.data.clone(),
                    link_type: 1,
                    original_length: packet.data.len() as u32,
                    sender: (packet.is_sent && packet.process != 0).then_some(packet.process),
                }
            })
            .collect();
        prop_assert_eq!(frames, expected);
        prop_assert_eq!(about.windows_build, Some(22_621));
        prop_assert!(about.remarks.is_empty(), "{:?}", about.remarks);
    }

    #[test]
    fn packets_of_pktmon_come_back_once_each(
        packets in prop::collection::vec(passed(), 1..40),
        compressed in any::<bool>(),
    ) {
        let mut processors: [Vec<u8>; 3] = Default::default();
        let (mut at, mut expected, mut repeated, mut dropped) = (0, Vec::new(), 0, 0);
        for (number, packet) in packets.iter().enumerate() {
            let number = u32::try_from(number).unwrap().to_be_bytes();
            let payload = [&number[..], &packet.payload].concat();
            for _ in 0..=usize::from(packet.is_sent_again) {
                at += 10_000;
                expected.push((START_1970 + at * 100, payload.clone()));
                repeated += packet.components - 1;
                for component in 0..packet.components {
                    let ttl = 64 - component as u8;
                    let frame = match component % 3 {
                        0 => ethernet(&ip(ttl, &payload)),
                        1 => wlan(&ip(ttl, &payload)),
                        _ => ip(ttl, &payload),
                    };
                    let mut data = writer::pktmon(
                        component as u16,
                        if packet.is_sent { 4 } else { 3 },
                        frame.len() as u16,
                        &frame,
                    );
                    // Wi-Fi above and below the driver; IP.
                    data[14] = if component % 3 == 2 { 3 } else { 2 };
                    let origin = Origin {
                        provider: PKTMON,
                        id: 160,
                        version: 0,
                        keyword: 0x10,
                        process: 4_242,
                        thread: 1,
                        at: at + component as i64,
                        extended: false,
                    };
                    processors[component % 3].extend(writer::event(&origin, &data));
                    if packet.dropped && component == 0 {
                        dropped += 1;
                        let origin = Origin { id: 170, ..origin };
                        processors[0].extend(writer::event(&origin, &data));
                    }
                }
            }
        }
        let mut trace = writer::first_buffer();
        for (processor, records) in processors.iter().enumerate().rev() {
            trace.extend(writer::buffer(0, processor as u16, records, 4_096, compressed));
        }
        let (frames, about, failure) = read(&trace);
        prop_assert_eq!(failure, None);
        let found: Vec<(i64, Vec<u8>)> = frames
            .iter()
            .map(|frame| {
                let skip = match frame.link_type { 1 => 14, 105 => 34, _ => 0 };
                let length = usize::from(u16::from_be_bytes([frame.data[skip + 2], frame.data[skip + 3]]));
                (frame.ts.unwrap(), frame.data[skip + 28..skip + length].to_vec())
            })
            .collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(about.frames_repeated, repeated as u64);
        prop_assert_eq!(about.frames_dropped, Some(dropped));
        for (frame, packet) in frames.iter().zip(packets.iter().filter(|p| !p.is_sent_again)) {
            if packets.iter().all(|packet| !packet.is_sent_again) {
                prop_assert_eq!(frame.sender, packet.is_sent.then_some(4_242));
            }
        }
    }

    #[test]
    fn what_is_compressed_unpacks_to_the_same(
        parts in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 1..40), 1_usize..4_000), 1..8),
    ) {
        // Through the reader: one packet whose bytes are anything, long runs among them.
        let data: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).collect();
        let data = &data[..data.len().min(60_000)];
        let origin = Origin {
            provider: NDIS,
            id: 1001,
            version: 0,
            keyword: 0x1_C000_0001,
            process: 1,
            thread: 1,
            at: 0,
            extended: false,
        };
        let records = writer::event(&origin, &writer::ndis(1, data));
        let mut trace = writer::first_buffer();
        trace.extend(writer::buffer(0, 0, &records, 0, true));
        let (frames, _, failure) = read(&trace);
        prop_assert_eq!(failure, None);
        prop_assert_eq!(&frames[0].data[..], data);
    }
}
