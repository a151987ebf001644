//! Any bytes as a capture: frames within bounds, the same ones however little is read at a time,
//! and rows that hold together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::error::Error;
use tlsaudit_wire::handshake::{Handshake, Told};
use tlsaudit_wire::limits::MAX_PACKET;
use tlsaudit_wire::packet::{self, Fragments, Packet, Scratch};
use tlsaudit_wire::reading::{Rows, read_capture};

use crate::rows::{self, Bounds};

/// Frames after which a capture is left: a few bytes of zstd unpack to millions of empty ones.
const ENOUGH: usize = 4_096;

/// The body of the target `capture`.
pub fn check(bytes: &[u8]) {
    let whole = read(bytes);
    let pieces = read(Pieces { bytes, size: 1 });
    if is_compressed(bytes) {
        // How much comes before a damaged place in compressed data depends on the pieces.
        let both = whole.frames.len().min(pieces.frames.len());
        assert_eq!(whole.frames[..both], pieces.frames[..both]);
    } else {
        assert_eq!(whole, pieces, "it matters how much is read at a time");
    }
    check_rows(bytes, &whole);
}

/// Whether the bytes begin like gzip, zstd, xz, lz4, or a frame that zstd and lz4 pass over.
fn is_compressed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1F, 0x8B, ..]
            | [0x28, 0xB5, 0x2F, 0xFD, ..]
            | [0xFD, b'7', b'z', ..]
            | [0x04, 0x22, 0x4D, 0x18, ..]
            | [0x02, 0x21, 0x4C, 0x18, ..]
            | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..]
    )
}

/// What was read: frames by their fields and a hash of their data, and the sentence at the end.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    frames: Vec<Seen>,
    payload_bytes: u64,
    error: Option<String>,
}

/// Number, time, link type, interface, length of the check sequence, original length, hash.
type Seen = (u64, Option<i64>, u16, u32, u8, u32, u64);

fn read(source: impl Read) -> Outcome {
    let mut outcome = Outcome::default();
    let mut reader = match CaptureReader::open(source) {
        Ok(reader) => reader,
        Err(error) => {
            outcome.error = Some(sentence(&error));
            return outcome;
        }
    };
    let (mut last, mut interface) = (0, 0);
    let (mut fragments, mut scratch) = (Fragments::default(), Scratch::default());
    while outcome.frames.len() < ENOUGH {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert!(frame.number > last, "frame {} follows frame {last}", frame.number);
                assert!(frame.data.len() <= MAX_PACKET);
                (last, interface) = (frame.number, interface.max(frame.interface));
                let mut hasher = DefaultHasher::new();
                frame.data.hash(&mut hasher);
                outcome.frames.push((
                    frame.number,
                    frame.ts,
                    frame.link_type,
                    frame.interface,
                    frame.fcs_length,
                    frame.original_length,
                    hasher.finish(),
                ));
                let packet = packet::decode(&frame, &mut fragments, &mut scratch, &mut |_| {});
                outcome.payload_bytes += match packet {
                    Packet::Tcp(segment) => segment.payload.len() as u64,
                    Packet::Udp(datagram) => datagram.payload.len() as u64,
                    Packet::Eapol(eapol) => eapol.payload.len() as u64,
                    _ => 0,
                };
            }
            Ok(None) => break,
            Err(error) => {
                assert!(error.after_frame >= last, "{error} after frame {last}");
                outcome.error = Some(sentence(&error));
                assert!(matches!(reader.next_frame(), Ok(None)), "a frame after the error");
                break;
            }
        }
    }
    assert!(last == 0 || interface < reader.interface_count());
    outcome
}

/// The error in words that fit on one line of a terminal.
fn sentence(error: &Error) -> String {
    let sentence = error.to_string();
    assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "{sentence:?}");
    format!("{}: {sentence}", error.name())
}

fn check_rows(bytes: &[u8], whole: &Outcome) {
    let mut collected = Collected::default();
    let summary = read_capture(bytes, &mut collected);
    assert_eq!(summary.handshakes, collected.rows.len() as u64);
    let streams = [summary.tcp_streams, summary.udp_streams, summary.authentications];
    assert!(summary.tls_streams <= streams.iter().sum());
    assert!(summary.one_sided_streams <= summary.tls_streams);
    assert!(summary.first_ts <= summary.last_ts);
    assert!(summary.truncated_frames <= summary.frames);
    assert!(summary.undecoded_frames <= summary.frames);
    if whole.frames.len() == ENOUGH {
        return; // The two were not read equally far.
    }
    assert_eq!(summary.frames, whole.frames.len() as u64);
    let bounds = Bounds {
        last_frame: whole.frames.last().map_or(0, |frame| frame.0),
        streams: streams.into_iter().max().unwrap_or_default(),
        payload_bytes: whole.payload_bytes,
    };
    rows::check(&collected.rows, &bounds);
}

#[derive(Default)]
struct Collected {
    rows: Vec<Handshake>,
}

impl Rows for Collected {
    fn row(&mut self, row: Told) {
        if let Told::Handshake(row) = row {
            self.rows.push(*row);
        }
    }

    fn is_closed(&mut self) -> bool {
        true
    }
}

/// Gives bytes a few at a time, never the same number twice in a row.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.size.min(out.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        out[..count].copy_from_slice(now);
        self.bytes = later;
        self.size = (self.size * 7 + 2) % 1_021;
        Ok(count)
    }
}
