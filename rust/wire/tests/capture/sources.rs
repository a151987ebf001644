//! Sources that are slow, interrupted, broken or cancelled.

use std::cell::Cell;
use std::io::{self, ErrorKind as IoErrorKind, Read};

use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::error::{Cancelled, ErrorKind};

use crate::compression::{gzip, lz4, xz, zstd};
use crate::writer::{Order, Outcome, enhanced, interface, pcap_header, pcap_packet, read, section};

/// Gives at most `step` bytes a time.
struct Slow<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.step.min(out.len()).min(self.rest.len());
        let (now, later) = self.rest.split_at(count);
        out[..count].copy_from_slice(now);
        self.rest = later;
        Ok(count)
    }
}

/// Is interrupted before every read.
struct Interrupted<R> {
    inner: R,
    next: bool,
}

impl<R: Read> Read for Interrupted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.next = !self.next;
        if self.next {
            return Err(IoErrorKind::Interrupted.into());
        }
        self.inner.read(out)
    }
}

/// Gives its bytes and then an error.
struct Failing<'a, F> {
    rest: &'a [u8],
    error: F,
}

impl<F: FnMut() -> io::Error> Read for Failing<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            return Err((self.error)());
        }
        self.rest.read(out)
    }
}

/// Counts how often it is asked.
struct Counted<'a> {
    rest: &'a [u8],
    reads: u32,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        self.rest.read(out)
    }
}

/// The same frames as pcap and pcapng, plain and compressed.
fn files() -> Vec<Vec<u8>> {
    let mut pcap = pcap_header(Order::Little, 0xA1B2_C3D4, 1);
    let mut pcapng = [section(Order::Big), interface(Order::Big, 1, 0, &[])].concat();
    for number in 0..20_u8 {
        let data = vec![number; 40 + usize::from(number)];
        pcap.extend(pcap_packet(Order::Little, (u32::from(number), 0), &data, 60));
        pcapng.extend(enhanced(Order::Big, 0, u64::from(number), &data, &[]));
    }
    let compressed = [gzip(&pcap), zstd(&pcapng), xz(&pcap), lz4(&pcapng)];
    [vec![pcap, pcapng], compressed.to_vec()].concat()
}

#[test]
fn one_byte_at_a_time_gives_the_same_frames() {
    for file in files() {
        let at_once = read(file.as_slice()).clean();
        assert_eq!(at_once.len(), 20);
        for step in [1, 2, 3, 7, 100] {
            assert_eq!(read(Slow { rest: &file, step }).clean(), at_once, "step {step}");
        }
    }
}

#[test]
fn interruptions_are_retried() {
    for file in files() {
        let at_once = read(file.as_slice()).clean();
        let source = Interrupted { inner: Slow { rest: &file, step: 5 }, next: false };
        assert_eq!(read(source).clean(), at_once);
    }
}

fn failing(file: &[u8], error: impl FnMut() -> io::Error) -> Outcome {
    read(Failing { rest: file, error })
}

#[test]
fn an_error_of_the_source_is_kept_and_comes_after_the_frames() {
    for file in files() {
        let all = read(file.as_slice()).clean();
        let outcome = failing(&file, || io::Error::new(IoErrorKind::TimedOut, "the share is gone"));
        assert_eq!(outcome.frames, all);
        assert!(
            matches!(outcome.kind(), ErrorKind::Io(error) if error.kind() == IoErrorKind::TimedOut)
        );
        assert!(outcome.sentence().contains("the share is gone"), "{}", outcome.sentence());
    }
}

#[test]
fn an_error_of_the_source_in_the_header_is_no_cut() {
    for length in 0..20 {
        let file = pcap_header(Order::Little, 0xA1B2_C3D4, 1);
        let outcome = failing(&file[..length], || IoErrorKind::PermissionDenied.into());
        assert_eq!(outcome.error_name(), Some("permission"), "after {length} bytes");
    }
}

#[test]
fn a_cancelled_source_ends_the_reading_as_cancelled() {
    for file in files() {
        for length in [0, 3, 30, file.len() / 2] {
            let outcome = failing(&file[..length], || io::Error::other(Cancelled));
            assert_eq!(outcome.error_name(), Some("cancelled"), "after {length} bytes");
        }
    }
}

#[test]
fn bytes_are_counted_as_they_are_stored() {
    for file in files() {
        let outcome = read(file.as_slice());
        assert_eq!(outcome.bytes_read, u64::try_from(file.len()).unwrap());
    }
}

/// A capture that is made while it is read.
struct Endless<'a> {
    packet: Vec<u8>,
    place: usize,
    header: &'a [u8],
    left: u64,
    largest_read: &'a Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.largest_read.set(self.largest_read.get().max(out.len()));
        if !self.header.is_empty() {
            return self.header.read(out);
        }
        if self.place == self.packet.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.left -= 1;
            self.place = 0;
        }
        let count = (&self.packet[self.place..]).read(out)?;
        self.place += count;
        Ok(count)
    }
}

#[test]
fn reads_stay_small_however_long_the_capture_is() {
    let header = pcap_header(Order::Little, 0xA1B2_C3D4, 1);
    let largest_read = Cell::new(0);
    let packet = pcap_packet(Order::Little, (1, 0), &[1; 1_400], 1_400);
    let source = Endless {
        place: packet.len(),
        packet,
        header: &header,
        left: 50_000,
        largest_read: &largest_read,
    };
    let mut reader = CaptureReader::open(source).unwrap();
    let mut frames = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        frames = frame.number;
    }
    assert_eq!(frames, 50_000);
    assert!(largest_read.get() <= 1 << 20, "{}", largest_read.get());
}

#[test]
fn large_first_packets_are_read_in_blocks() {
    // The first three packets tell the variant of pcap; these need more than one block.
    let mut file = pcap_header(Order::Little, 0xA1B2_C3D4, 1);
    for number in 0..5 {
        file.extend(pcap_packet(Order::Little, (number, 0), &[0; 262_144], 262_144));
    }
    let mut source = Counted { rest: &file, reads: 0 };
    assert_eq!(read(&mut source).clean().len(), 5);
    assert!(source.reads < 20, "{} reads of {} bytes", source.reads, file.len());
}
