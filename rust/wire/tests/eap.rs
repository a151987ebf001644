//! Authentications by real programs, whole and with packets repeated, lost and cut.

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

use tlsaudit_wire::capture::{CaptureReader, Frame};
use tlsaudit_wire::eap::Authentications;
use tlsaudit_wire::handshake::{Conversation, Defect, Handshake, Outcome, Told};
use tlsaudit_wire::packet::{self, Fragments, Packet, Scratch};
use tlsaudit_wire::stream::Origin;

/// EAP-TLS over RADIUS, messages in fragments of 600 bytes: TLS 1.0, 1.1, 1.2, 1.3.
const RADIUS: &str = "eap-tls-radius.pcap";
/// EAPOL, messages in fragments of 1,400 bytes: EAP-TLS (1.3, 1.0), PEAP (1.1), EAP-FAST (1.2).
const WIRED: &str = "eap-wired.pcap";

/// A frame of Ethernet: its number, and its bytes as far as captured.
#[derive(Clone, Debug)]
struct Captured {
    number: u64,
    data: Vec<u8>,
    sent: u32,
}

fn frames(sample: &str) -> Vec<Captured> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(sample);
    let bytes = fs::read(path).unwrap();
    let mut reader = CaptureReader::open(bytes.as_slice()).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        let data = frame.data.to_vec();
        frames.push(Captured { number: frame.number, data, sent: frame.original_length });
    }
    frames
}

fn rows<'a>(frames: impl IntoIterator<Item = &'a Captured>) -> Vec<Handshake> {
    let mut rows = Vec::new();
    let mut known: Authentications<Conversation> = Authentications::default();
    let mut tell = |ended| {
        Conversation::tell_authentication(ended, &mut |told| {
            if let Told::Handshake(row) = told {
                rows.push(*row);
            }
        });
    };
    let (mut fragments, mut scratch) = (Fragments::default(), Scratch::default());
    for Captured { number, data, sent } in frames {
        let frame = Frame {
            number: *number,
            ts: None,
            link_type: 1,
            interface: 0,
            fcs_length: 0,
            sender: None,
            data,
            original_length: *sent,
        };
        let origin = Origin { frame: *number, ..Origin::default() };
        match packet::decode(&frame, &mut fragments, &mut scratch, &mut |_| {}) {
            Packet::Udp(datagram) => known.datagram(&datagram, origin, &mut tell),
            Packet::Eapol(eapol) => known.eapol(&eapol, origin, &mut tell),
            _ => {}
        }
    }
    known.finish(&mut tell);
    rows.sort_by_key(|row| (row.stream, row.handshake));
    rows
}

/// A client, what it offered and what was chosen.
type Said = (String, Option<String>, Option<String>);

fn said(row: &Handshake) -> Said {
    let offer = row.offer.as_ref().map(|offer| format!("{:?}", offer.hello));
    let choice = row.choice.as_ref().map(|choice| format!("{:?}", choice.hello));
    (row.client.to_string(), offer, choice)
}

#[test]
fn every_authentication_is_a_row() {
    for sample in [RADIUS, WIRED] {
        let rows = rows(&frames(sample));
        assert_eq!(rows.len(), 4, "{sample}");
        for row in rows {
            assert_eq!(row.outcome, Outcome::Completed);
            assert!(row.defect.is_none() && row.missed_bytes == 0, "{row:#?}");
            assert!(row.carrier_target.unwrap().ends_with("@example.test"));
        }
    }
}

#[test]
fn copies_of_packets_change_nothing() {
    for sample in [RADIUS, WIRED] {
        let frames = frames(sample);
        let twice = frames.iter().flat_map(|frame| [frame, frame]);
        assert_eq!(format!("{:?}", rows(twice)), format!("{:?}", rows(&frames)), "{sample}");
    }
}

#[test]
fn without_any_one_packet_no_row_says_what_was_not_said() {
    for sample in [RADIUS, WIRED] {
        let frames = frames(sample);
        let whole: Vec<_> = rows(&frames).iter().map(said).collect();
        for lost in 0..frames.len() {
            let rest = frames.iter().enumerate().filter(|(n, _)| *n != lost);
            let rows = rows(rest.map(|(_, frame)| frame));
            let at = format!("{sample} without frame {}", lost + 1);
            let offers = rows.iter().filter(|row| row.offer.is_some()).count();
            assert!((3..=4).contains(&offers), "{at}: {offers} offers");
            // What a RADIUS server says to a request that was not captured stands by itself.
            let most = if sample == RADIUS { 5 } else { 4 };
            assert!((3..=most).contains(&rows.len()), "{at}: {}", rows.len());
            for row in &rows {
                let (client, offer, choice) = said(row);
                let known = |(who, offered, chosen): &&Said| {
                    (*who == client || client.starts_with("behind"))
                        && (row.offer.as_ref().is_none_or(|offer| !offer.hello.complete)
                            || offer == *offered)
                        && (row.choice.as_ref().is_none_or(|choice| !choice.hello.complete)
                            || choice == *chosen)
                };
                let of = whole.iter().find(known).unwrap_or_else(|| panic!("{at}: {row:#?}"));
                let less = offer != of.1 || choice != of.2;
                let fits = match row.outcome {
                    Outcome::Completed => !less,
                    // Its last packets may be the ones that were lost.
                    Outcome::HellosOnly => !less || row.retry_request_frame.is_some(),
                    Outcome::ClientOnly => row.choice.is_none(),
                    Outcome::ServerOnly => row.offer.is_none(),
                    Outcome::Failed | Outcome::Rejected | Outcome::Unanswered => false,
                };
                assert!(fits, "{at}: {row:#?}");
            }
        }
    }
}

#[test]
fn a_lost_fragment_is_a_gap_of_its_length() {
    let frames = frames(RADIUS);
    // The second of the three fragments of the first server's flight.
    let first = rows(&frames).remove(0);
    let hello = first.choice.unwrap().frame;
    let rest = frames.iter().filter(|frame| frame.number != hello - 2);
    let row = rows(rest).remove(0);
    assert_eq!(row.choice.unwrap().frame, hello);
    let (defect, at) = row.defect.unwrap();
    assert_eq!((defect, at), (Defect::Gap, format!("frame {hello}, record")));
    assert!((500..=600).contains(&row.missed_bytes), "{}", row.missed_bytes);
}

#[test]
fn hellos_that_the_snap_length_cut_give_what_was_captured() {
    for (sample, snap) in [(RADIUS, 200), (WIRED, 80)] {
        let mut frames = frames(sample);
        for frame in &mut frames {
            frame.data.truncate(snap);
        }
        let rows = rows(&frames);
        assert_eq!(rows.len(), 4, "{sample}");
        for row in rows {
            let offer = row.offer.unwrap();
            assert!(!offer.hello.complete && offer.hello.legacy_version.is_some());
            assert_eq!(row.defect.unwrap().0, Defect::Truncated, "{sample}");
        }
    }
}

#[test]
fn authentications_that_overlap_are_told_apart() {
    // The four of the sample at the same time, packet by packet.
    let frames = frames(RADIUS);
    let whole = rows(&frames);
    // Each begins with the identifier 0, after the headers of Ethernet, IPv4 and UDP.
    let starts: Vec<usize> =
        (0..frames.len()).filter(|&n| frames[n].data[42..44] == [1, 0]).collect();
    assert_eq!(starts.len(), 4);
    let mut turns: Vec<(usize, &Captured)> = frames
        .iter()
        .enumerate()
        .map(|(n, frame)| {
            let start = starts.iter().rev().find(|&&start| start <= n).unwrap_or(&0);
            (n - start, frame)
        })
        .collect();
    turns.sort_by_key(|(turn, _)| *turn);
    let mixed = rows(turns.into_iter().map(|(_, frame)| frame));
    let sorted = |rows: &[Handshake]| {
        let mut all: Vec<_> = rows.iter().map(said).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&mixed), sorted(&whole));
}
