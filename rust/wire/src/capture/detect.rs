//! Which capture format a file has, by its first bytes alone. Names say nothing: `.cap` is used by
//! five formats, and `.pcap` is often pcapng.

use std::io::Read;

use super::pcap::{Magic, Pcap};
use super::pcapng::{Pcapng, SECTION_HEADER};
use super::snoop::{self, Snoop};
use super::source::Source;
use super::{Body, Format, etl, foreign, matp, netmon};
use crate::error::{Error, ErrorKind};
use crate::limits::DETECTION_WINDOW;

/// What the first bytes say, without reading further than they reach.
pub(super) fn format<R: Read>(source: &mut Source<R>) -> Option<Format> {
    source.fill(snoop::MAGIC.len());
    let window = source.window();
    if Magic::recognise(window).is_some() {
        return Some(Format::Pcap);
    }
    if window.starts_with(&SECTION_HEADER.to_be_bytes()) {
        return Some(Format::Pcapng);
    }
    if netmon::MAGICS.iter().any(|magic| window.starts_with(*magic)) {
        return Some(Format::NetMon);
    }
    if window.starts_with(snoop::MAGIC) {
        return Some(Format::Snoop);
    }
    source.fill(etl::RECOGNISED_BY);
    if etl::recognise(source.window()) {
        return Some(Format::Etl);
    }
    // As much as there is, or more than is looked at: the answer does not depend on how much the
    // source gives at a time.
    source.fill(DETECTION_WINDOW.saturating_add(1));
    let (sample, _) = sample(source);
    foreign::may_be_matp(sample).then_some(Format::MessageAnalyzer)
}

/// The bytes that a file is recognised by, and whether they are all of it.
fn sample<R: Read>(source: &Source<R>) -> (&[u8], bool) {
    match source.window().get(..DETECTION_WINDOW) {
        Some(sample) => (sample, source.window().len() == DETECTION_WINDOW),
        None => (source.window(), true),
    }
}

/// Chooses the reader and lets it read the file's header.
pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Body, Error> {
    match format(source) {
        Some(Format::Pcap) => {
            if let Some(magic) = Magic::recognise(source.window()) {
                return Pcap::open(source, magic).map(Body::Pcap);
            }
        }
        Some(Format::Pcapng) => return Pcapng::open(source).map(Body::Pcapng),
        Some(Format::Snoop) => return Snoop::open(source).map(Body::Snoop),
        Some(format @ Format::NetMon) => {
            return netmon::open(source).map(|capture| Body::Prepared(format, Box::new(capture)));
        }
        Some(format @ Format::Etl) => {
            return etl::open(source).map(|trace| Body::Prepared(format, Box::new(trace)));
        }
        Some(format @ Format::MessageAnalyzer) => {
            let (bytes, whole) = sample(source);
            let bytes = bytes.to_vec();
            return match matp::open(source)? {
                Some(capture) => Ok(Body::Prepared(format, Box::new(capture))),
                None => Err(Error::new(foreign::explain(&bytes, whole))),
            };
        }
        None => {}
    }
    // Nothing that could not be read is judged by its first bytes.
    source.clean_end(0)?;
    let (sample, whole) = sample(source);
    let kind = match source.compression() {
        None if sample.is_empty() => ErrorKind::Empty,
        None => foreign::explain(sample, whole),
        Some(compression) => {
            inside(compression.name(), sample.is_empty(), foreign::explain(sample, whole))
        }
    };
    Err(Error::new(kind))
}

/// What to say of a file that is compressed and holds no capture.
fn inside(compression: &str, empty: bool, kind: ErrorKind) -> ErrorKind {
    match kind {
        _ if empty => ErrorKind::NotACapture(format!(
            "it is {compression}-compressed, and there is nothing inside: compress the capture again"
        )),
        ErrorKind::NotACapture(what) => {
            ErrorKind::NotACapture(format!("it is {compression}-compressed, and inside {what}"))
        }
        ErrorKind::Unsupported(what) => {
            ErrorKind::Unsupported(format!("it is {compression}-compressed, and inside {what}"))
        }
        other => other,
    }
}
