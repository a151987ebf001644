//! Which capture format a file has, by its first bytes alone. Names say nothing: `.cap` is used by
//! five formats, and `.pcap` is often pcapng.

use std::io::Read;

use super::pcap::{Magic, Pcap};
use super::pcapng::{Pcapng, SECTION_HEADER};
use super::source::Source;
use super::{Body, foreign};
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
    source.fill(DETECTION_WINDOW);
    // Nothing that could not be read to the end is judged by its first bytes.
    source.clean_end(0)?;
    let kind = match source.compression() {
        None if source.window().is_empty() => ErrorKind::Empty,
        None => foreign::explain(source.window(), source.ended()),
        Some(compression) => inside(
            compression.name(),
            source.window().is_empty(),
            foreign::explain(source.window(), source.ended()),
        ),
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
