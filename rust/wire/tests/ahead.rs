//! A second thread that reads ahead changes nothing.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is the test failing"
)]

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tlsaudit_wire::handshake::Told;
use tlsaudit_wire::limits::READ_BLOCK;
use tlsaudit_wire::reading::{
    Options, Rows, Summary, read_capture, read_capture_ahead, read_files_ahead,
};

#[derive(Default)]
struct Collected {
    rows: Vec<String>,
    wanted: Option<usize>,
}

impl Rows for Collected {
    fn row(&mut self, row: Told) {
        self.rows.push(format!("{row:?}"));
    }
    fn is_closed(&mut self) -> bool {
        self.wanted.is_some_and(|wanted| self.rows.len() >= wanted)
    }
}

/// Gives a few bytes at a time.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(997);
        buffer.get_mut(..length).map_or(Ok(0), |buffer| self.0.read(buffer))
    }
}

fn answer(rows: Collected, summary: Summary) -> (Vec<String>, String) {
    (rows.rows, format!("{summary:?}"))
}

fn in_one_thread(bytes: &[u8]) -> (Vec<String>, String) {
    let mut rows = Collected::default();
    let summary = read_capture(bytes, &mut rows);
    answer(rows, summary)
}

/// `times` times the packets of a pcap file.
fn repeated(file: &[u8], times: usize) -> Vec<u8> {
    let (header, packets) = file.split_first_chunk::<24>().unwrap();
    [&header[..], &packets.repeat(times)].concat()
}

#[test]
fn every_sample_gives_the_same() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut read = 0;
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut rows = Collected::default();
        let summary = read_capture_ahead(Dribble(&bytes), Options::default(), &mut rows);
        assert_eq!(in_one_thread(&bytes), answer(rows, summary), "{}", path.display());
        read += 1;
    }
    assert!(read > 100);
}

#[test]
fn many_blocks_cut_anywhere_give_the_same() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/tls12-3des.pcap");
    let sample = fs::read(sample).unwrap();
    let bytes = repeated(&sample, 3 * READ_BLOCK / sample.len() + 1);
    for cut in [bytes.len(), bytes.len() - 1, bytes.len() - 100, READ_BLOCK, READ_BLOCK + 1] {
        let bytes = bytes.get(..cut).unwrap();
        let mut rows = Collected::default();
        let summary = read_capture_ahead(bytes, Options::default(), &mut rows);
        assert_eq!(in_one_thread(bytes), answer(rows, summary), "cut at {cut}");
    }
}

#[test]
fn reading_ends_where_nobody_wants_more() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/tls12-3des.pcap");
    let sample = fs::read(sample).unwrap();
    let bytes = repeated(&sample, 40 * READ_BLOCK / sample.len());
    let mut rows = Collected { wanted: Some(0), ..Collected::default() };
    let summary = read_capture_ahead(&bytes[..], Options::default(), &mut rows);
    assert_eq!(summary.error.unwrap().to_string(), "the reading was cancelled");
    assert!(usize::try_from(summary.bytes_read).unwrap() < bytes.len());
}

/// Gives its bytes, and ends only after the taker has paused with them behind it.
struct Waiting<'a> {
    bytes: &'a [u8],
    given: Arc<AtomicBool>,
    paused: Receiver<()>,
}

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            self.paused.recv_timeout(Duration::from_secs(20)).map_err(io::Error::other)?;
            return Ok(0);
        }
        let count = self.bytes.read(buffer)?;
        self.given.store(self.bytes.is_empty(), Ordering::SeqCst);
        Ok(count)
    }
}

struct Pausing {
    given: Arc<AtomicBool>,
    paused: Sender<()>,
}

impl Rows for Pausing {
    fn row(&mut self, _: Told) {}
    fn pause(&mut self) {
        if self.given.load(Ordering::SeqCst) {
            _ = self.paused.send(());
        }
    }
}

#[test]
fn there_is_a_pause_before_the_source_is_waited_for() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/tls12-3des.pcap");
    let bytes = fs::read(sample).unwrap();
    let given = Arc::new(AtomicBool::new(false));
    let (sender, paused) = channel();
    let source = Waiting { bytes: &bytes, given: given.clone(), paused };
    let summary =
        read_capture_ahead(source, Options::default(), &mut Pausing { given, paused: sender });
    assert!(summary.error.is_none(), "{:?}", summary.error);
}

/// A pcap file cut into files of so many packets each, every one with the file's header.
fn in_files(file: &[u8], packets: usize) -> Vec<Vec<u8>> {
    let (header, mut rest) = file.split_first_chunk::<24>().unwrap();
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut count = 0;
    while let Some((head, _)) = rest.split_first_chunk::<16>() {
        let [.., a, b, c, d, _, _, _, _] = *head;
        let length = 16 + usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap();
        let (packet, after) = rest.split_at(length);
        if count % packets == 0 {
            files.push(header.to_vec());
        }
        files.last_mut().unwrap().extend_from_slice(packet);
        count += 1;
        rest = after;
    }
    files
}

#[test]
fn a_capture_in_files_of_any_length_gives_the_rows_of_the_whole() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/tls12-3des.pcap");
    let whole = fs::read(sample).unwrap();
    let mut rows = Collected::default();
    let expected = read_capture(&whole[..], &mut rows);
    for packets in 1..9 {
        let files = in_files(&whole, packets);
        let mut joined = Collected::default();
        let sources = files.iter().map(|file| Ok(&file[..]));
        let summary = read_files_ahead(sources, Options::default(), &mut joined);
        assert_eq!(joined.rows, rows.rows, "{packets} packets a file");
        assert_eq!(summary.frames, expected.frames);
        assert_eq!((summary.first_ts, summary.last_ts), (expected.first_ts, expected.last_ts));
        assert_eq!(summary.files.len(), files.len());
        let before: Vec<u64> = summary.files.iter().map(|file| file.frames_before).collect();
        let step = u64::try_from(packets).unwrap();
        assert!(before.iter().zip(0..).all(|(&before, number)| before == step * number));
        assert!(!rows.rows.is_empty());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_others_are_read() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/tls12-3des.pcap");
    let whole = fs::read(sample).unwrap();
    let cut = whole.get(..whole.len() - 1).unwrap();
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let sources = [Ok(&b"no capture"[..]), Err(missing), Ok(cut), Ok(&whole[..])];
    let mut rows = Collected::default();
    let summary = read_files_ahead(sources, Options::default(), &mut rows);
    let said: Vec<Option<&str>> =
        summary.files.iter().map(|file| file.error.as_ref().map(|error| error.name())).collect();
    assert_eq!(said, [Some("not_a_capture"), Some("missing"), Some("cut"), None]);
    assert!(summary.error.is_none());
    let read: u64 = summary.files.iter().map(|file| file.frames).sum();
    assert_eq!(summary.frames, read);
    assert!(!rows.rows.is_empty());
}
