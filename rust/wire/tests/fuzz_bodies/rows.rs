//! What holds of every row, whatever the capture.

use std::collections::HashMap;
use std::fmt::Debug;

use tlsaudit_wire::derived::{DERIVED, Names};
use tlsaudit_wire::handshake::{Handshake, Outcome, Transport};
use tlsaudit_wire::limits::MAX_HANDSHAKES_PER_STREAM;
use tlsaudit_wire::row::COLUMNS;
use tlsaudit_wire::text::{Format, TextWriter};

use crate::text::{assert_csv, assert_json};

/// What the rows must agree with.
#[derive(Debug)]
pub struct Bounds {
    /// No frame has a greater number.
    pub last_frame: u64,
    /// How many streams there were, at most, of any transport.
    pub streams: u32,
    /// Bytes of payload in the capture, repeated ones too.
    pub payload_bytes: u64,
}

/// Every row is consistent in itself and within the bounds, and is written as text that any reader
/// takes.
pub fn check(rows: &[Handshake], bounds: &Bounds) {
    check_consistent(rows, bounds);
    // All of a hundred rows would take longer to check than to read.
    check_text(&rows[..rows.len().min(3)]);
}

/// The same, but the text of one input of sixteen alone: to write and check it takes ten times as long
/// as to read what other bodies read in full.
pub fn check_some(rows: &[Handshake], bounds: &Bounds) {
    if bounds.payload_bytes % 16 == 0 {
        check(rows, bounds);
    } else {
        check_consistent(rows, bounds);
    }
}

fn check_consistent(rows: &[Handshake], bounds: &Bounds) {
    let mut next: HashMap<(u8, u32), u16> = HashMap::new();
    for row in rows {
        assert!(row.stream < bounds.streams, "{row:#?}");
        // TCP, UDP and EAP are numbered each for itself.
        let numbering = match row.transport {
            Transport::Tcp => 0,
            Transport::Eap => 1,
            _ => 2,
        };
        let expected = next.entry((numbering, row.stream)).or_default();
        assert_eq!(row.handshake, *expected, "handshakes of a stream are numbered in order");
        *expected += 1;
        check_row(row, bounds);
    }
    let most = MAX_HANDSHAKES_PER_STREAM + 1;
    assert!(next.values().all(|&count| usize::from(count) <= most), "{next:?}");
}

fn check_row(row: &Handshake, bounds: &Bounds) {
    let offer = row.offer.as_ref();
    let choice = row.choice.as_ref();
    let answered = choice.is_some() || row.retry_request_frame.is_some();
    assert!(offer.is_some() || answered, "a row without a hello");
    let frames = [
        offer.map(|offer| offer.frame),
        choice.map(|choice| choice.frame),
        row.retry_request_frame,
        row.second_client_hello_frame,
        row.alert.map(|alert| alert.frame),
        row.end_frame,
    ];
    for frame in frames.into_iter().flatten() {
        assert!((1..=bounds.last_frame).contains(&frame), "frame {frame}: {row:#?}");
    }
    assert_eq!(row.end.is_some(), row.end_frame.is_some());
    assert!(row.second_client_hello_frame.is_none() || offer.is_some());

    if let Some((_, at)) = &row.defect {
        assert!(!at.is_empty() && !at.contains(char::is_control), "{at:?}");
    }
    let incomplete = offer.is_some_and(|offer| !offer.hello.complete)
        || choice.is_some_and(|choice| !choice.hello.complete);
    assert!(!incomplete || row.defect.is_some(), "an incomplete hello and no defect: {row:#?}");
    assert!(row.missed_bytes == 0 || row.defect.is_some(), "bytes missing and no defect: {row:#?}");

    let (offered, chosen) = (offer.is_some(), choice.is_some());
    let fits = match row.outcome {
        Outcome::Completed | Outcome::Failed | Outcome::HellosOnly => {
            offered && (chosen || row.retry_request_frame.is_some())
        }
        Outcome::Rejected | Outcome::Unanswered | Outcome::ClientOnly => offered && !chosen,
        Outcome::ServerOnly => !offered && answered,
    };
    assert!(fits, "{row:#?}");
    assert!(row.outcome != Outcome::Completed || chosen);
    assert!(row.resumed.is_none() || chosen);
    // Of several rows only each by itself: where a segment holds two hellos, what lies behind the
    // first is counted for both.
    assert!(row.payload_bytes <= bounds.payload_bytes, "{bounds:?}: {row:#?}");

    let captured = |text: &String| assert!(!text.contains(char::is_control), "{text:?}");
    if let Some(offer) = offer {
        offer.hello.server_name.iter().for_each(captured);
        offer.hello.alpn().iter().flatten().for_each(captured);
    }
    if let Some(choice) = choice {
        choice.hello.alpn().iter().for_each(captured);
    }
}

fn check_text(rows: &[Handshake]) {
    let cells = COLUMNS.len() + DERIVED.len();
    let csv = written(Format::Csv, rows);
    assert_csv(&csv, cells, rows.len() + 1);
    let json = written(Format::JsonLines, rows);
    assert_eq!(json.matches('\n').count(), rows.len());
    json.lines().for_each(|line| assert_json(line, cells));
}

fn written(format: Format, rows: &[Handshake]) -> String {
    let fresh = || TextWriter::new(format, Names::default(), true);
    let mut writer = fresh();
    let mut out = Vec::new();
    writer.header(&mut out);
    for row in rows {
        let before = out.len();
        writer.row(row, "a, \"b\".pcap", &mut out);
        // What the writer remembers of other rows, or of this one, changes nothing.
        for writer in [&mut writer, &mut fresh()] {
            let mut again = Vec::new();
            writer.row(row, "a, \"b\".pcap", &mut again);
            assert_eq!(out[before..], again);
        }
    }
    String::from_utf8(out).unwrap()
}
