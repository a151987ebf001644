//! Event traces of Windows, from bytes to frames.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

mod hostile;
mod packets;
mod round_trip;
mod told;
mod writer;

use tlsaudit_wire::capture::{About, CaptureReader, Format};

/// A frame as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub ts: Option<i64>,
    pub data: Vec<u8>,
    pub link_type: u16,
    pub original_length: u32,
    pub sender: Option<u32>,
}

/// All frames, what the trace tells of itself, and the sentence at the end.
pub fn read(trace: &[u8]) -> (Vec<Read>, About, Option<String>) {
    let mut reader = match CaptureReader::open(trace) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), About::default(), Some(error.to_string())),
    };
    assert_eq!(reader.format(), Format::Etl);
    let processes = reader.take_processes();
    let mut frames = Vec::new();
    let mut failure = None;
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert!(frame.interface < 100);
                frames.push(Read {
                    ts: frame.ts,
                    data: frame.data.to_vec(),
                    link_type: frame.link_type,
                    original_length: frame.original_length,
                    sender: frame.sender.map(u32::from),
                });
            }
            Ok(None) => break,
            Err(error) => {
                failure = Some(error.to_string());
                break;
            }
        }
    }
    let mut about = reader.take_about();
    about.processes = processes;
    (frames, about, failure)
}
