//! However the bytes were cut into segments and records, reordered or repeated: the same row.

use proptest::prelude::*;

use super::hellos::{record, tls13_client, tls13_server};
use super::network::{ACK, Connection, FIN, Packet, SYN};

/// Cuts bytes at the given places.
fn cut(bytes: &[u8], places: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut ends: Vec<usize> = places.iter().map(|place| place.index(bytes.len())).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    let mut parts = Vec::new();
    for end in ends {
        if end > start {
            parts.push(bytes[start..end].to_vec());
            start = end;
        }
    }
    parts
}

/// The message in a record, over as many records as there are cuts.
fn over_records(whole: &[u8], places: &[prop::sample::Index]) -> Vec<u8> {
    let version = u16::from_be_bytes([whole[1], whole[2]]);
    cut(&whole[5..], places).iter().flat_map(|part| record(22, version, part)).collect()
}

/// What must not depend on the packets: everything but frames and times.
fn essence(connection: &Connection) -> String {
    let row = connection.row();
    let (offer, choice) = (row.offer.unwrap(), row.choice.unwrap());
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        offer.hello, choice.hello, row.outcome, row.defect, row.missed_bytes
    )
}

fn plain() -> Connection {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    connection
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_cut_order_and_repetition_gives_the_same_row(
        record_cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        segment_cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        order in any::<u64>(),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        client_start in any::<u32>(),
    ) {
        let mut connection = Connection::opened();
        connection.client_start = client_start;
        let opening = connection.packets.len();
        for part in cut(&over_records(&tls13_client(), &record_cuts), &segment_cuts) {
            connection.send(true, &part);
        }
        for part in cut(&over_records(&tls13_server(), &record_cuts), &segment_cuts) {
            connection.send(false, &part);
        }
        for index in repeated {
            let again = connection.packets[opening..][index.index(connection.packets.len() - opening)].clone();
            connection.packets.push(again);
        }
        shuffle(&mut connection.packets[opening..], order);
        prop_assert_eq!(essence(&connection), essence(&plain()));
    }

    #[test]
    fn overlapping_segments_give_the_same_row(
        starts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..80), 0..20),
        order in any::<u64>(),
    ) {
        let hello = tls13_client();
        let mut connection = Connection::opened();
        let opening = connection.packets.len();
        connection.send(true, &hello);
        let whole = connection.packets[opening].clone();
        for (start, length) in starts {
            let start = start.index(hello.len());
            let mut part = whole.clone();
            part.at = u32::try_from(start).unwrap();
            part.payload = hello[start..hello.len().min(start + length)].to_vec();
            connection.packets.push(part);
        }
        shuffle(&mut connection.packets[opening..], order);
        connection.send(false, &tls13_server());
        prop_assert_eq!(essence(&connection), essence(&plain()));
    }

    #[test]
    fn no_bytes_in_a_stream_make_it_panic(
        client in prop::collection::vec(any::<u8>(), 0..400),
        server in prop::collection::vec(any::<u8>(), 0..400),
        prefix in 0_usize..40,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        // A hello whose beginning is right and whose rest is not gets further than plain noise.
        let hello = tls13_client();
        let noise = [&hello[..prefix], &client].concat();
        let mut connection = Connection::opened();
        for part in cut(&noise, &cuts) {
            connection.send(true, &part);
        }
        connection.send(false, &server);
        connection.rows();
    }
}

/// A shuffle that a number decides.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for n in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(n, usize::try_from(seed >> 33).unwrap() % (n + 1));
    }
}

#[test]
fn a_hello_counts_in_the_frame_that_completes_it() {
    let hello = tls13_client();
    let mut connection = Connection::opened();
    connection.send(true, &hello[..20]).send(true, &hello[20..]);
    assert_eq!(connection.row().offer.unwrap().frame, 5);
    // Out of order it is the frame that fills the hole.
    let last = connection.packets.len();
    connection.packets.swap(last - 2, last - 1);
    assert_eq!(connection.row().offer.unwrap().frame, 5);
}

#[test]
fn a_hello_byte_by_byte_and_backwards_is_read() {
    let hello = tls13_client();
    let mut connection = Connection::opened();
    let opening = connection.packets.len();
    for byte in &hello {
        connection.send(true, &[*byte]);
    }
    connection.packets[opening..].reverse();
    assert!(connection.row().offer.unwrap().hello.complete);
}

#[test]
fn without_a_syn_the_segments_may_still_come_in_the_wrong_order() {
    let hello = tls13_client();
    let mut connection = Connection::without_opening();
    connection.send(true, &hello[..100]).send(true, &hello[100..]);
    connection.packets.swap(0, 1);
    assert!(connection.row().offer.unwrap().hello.complete);
}

#[test]
fn ports_that_are_used_again_are_another_stream() {
    let mut first = plain();
    let mut second = plain();
    second.client_start = 77;
    second.server_start = 88;
    let (one, two) = (first.rows().len(), second.rows().len());
    assert_eq!((one, two), (1, 1));
    let file = [first.pcap(), second.pcap()[24..].to_vec()].concat();
    let streams: Vec<u32> = super::network::rows(&file).iter().map(|row| row.stream).collect();
    assert_eq!(streams, [0, 1]);
    // The same packets again are not.
    first.packets.extend(first.packets.clone());
    assert_eq!(first.rows().len(), 1);
}

/// A second answer to the SYN, with another sequence number.
fn stray_answer() -> Packet {
    let payload = Vec::new();
    Packet { from_client: false, flags: SYN | ACK, at: 99_310_614, payload, cut: 0 }
}

#[test]
fn an_answer_to_the_syn_counts_no_more_once_another_was_acknowledged() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client());
    connection.packets.push(stray_answer());
    connection.send(false, &tls13_server());
    let row = connection.row();
    assert!(row.choice.unwrap().hello.complete);
    assert_eq!(row.missed_bytes, 0);
}

#[test]
fn of_two_answers_to_the_syn_the_acknowledged_one_counts() {
    let mut connection = Connection::opened();
    connection.packets.insert(1, stray_answer());
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    let row = connection.row();
    assert!(row.choice.unwrap().hello.complete);
    assert_eq!(row.missed_bytes, 0);
}

#[test]
fn an_answer_to_the_syn_that_comes_when_all_is_over_is_no_other_connection() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    connection.control(true, FIN | ACK).control(false, FIN | ACK).control(true, ACK);
    connection.packets.push(stray_answer());
    let (rows, summary) = super::network::read(&connection.pcap());
    assert_eq!((rows.len(), summary.tcp_streams), (1, 1));
}
