//! Which capture format a file has, by its first bytes alone. Names say nothing: `.cap` is used by
//! five formats, and `.pcap` is often pcapng.

use std::io::Read;

use super::pcap::{Magic, Pcap};
use super::pcapng::{Pcapng, SECTION_HEADER};
use super::snoop::{self, Snoop};
use super::source::Source;
use super::{Body, Format, etl, foreign};
use crate::error::{Error, ErrorKind};
use crate::limits::DETECTION_WINDOW;

/// Chooses the reader and lets it read the file's header.
pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Body, Error> {
    source.fill(4);
    if let Some(magic) = Magic::recognise(source.window()) {
        return Pcap::open(source, magic).map(Body::Pcap);
    }
    if source.window().starts_with(&SECTION_HEADER.to_be_bytes()) {
        return Pcapng::open(source).map(Body::Pcapng);
    }
    source.fill(snoop::MAGIC.len());
    if source.window().starts_with(snoop::MAGIC) {
        return Snoop::open(source).map(Body::Snoop);
    }
    source.fill(etl::RECOGNISED_BY);
    if etl::recognise(source.window()) {
        return etl::open(source).map(|trace| Body::Prepared(Format::Etl, Box::new(trace)));
    }
    // As much as there is, or more than is looked at: the answer does not depend on how much the
    // source gives at a time.
    source.fill(DETECTION_WINDOW.saturating_add(1));
    // Nothing that could not be read is judged by its first bytes.
    source.clean_end(0)?;
    let (sample, whole) = match source.window().get(..DETECTION_WINDOW) {
        Some(sample) => (sample, source.window().len() == DETECTION_WINDOW),
        None => (source.window(), true),
    };
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
