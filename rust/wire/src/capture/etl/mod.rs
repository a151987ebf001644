//! Event traces of Windows (.etl): `netsh trace`, `pktmon`, and whoever else records events.
//!
//! A trace is a row of buffers, each filled by one processor and perhaps compressed; a buffer holds
//! records, and some of them are packets. Since each processor has buffers of its own, packets are
//! not in the order of time: the whole trace is read first.

mod clock;
pub(super) mod explain;
pub(super) mod frames;
mod record;
mod trace;
mod xpress;

use std::io::Read;

use super::etw::Fields;
use super::prepared::Prepared;
use super::source::Source;
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_TRACE_BUFFER;
use record::Records;
use trace::Trace;

/// The length of a buffer's header.
const HEADER: usize = 72;

/// Bytes by which a trace is recognised.
pub(super) const RECOGNISED_BY: usize = HEADER + 8;

/// Whether `bytes` begin like an event trace, which has no magic number: the header of its first
/// buffer and the record after it have.
pub(super) fn recognise(bytes: &[u8]) -> bool {
    let size = Fields::new(bytes).u32().unwrap_or_default();
    (0x200..=MAX_TRACE_BUFFER).contains(&usize::try_from(size).unwrap_or(usize::MAX))
        && bytes.get(0x36..0x38) == Some(&[4, 0])
        && matches!(bytes.get(0x4A), Some(1 | 2))
        && bytes.get(0x4B) == Some(&0xC0)
        && bytes.get(0x4E..0x50) == Some(&[0, 0])
}

/// `WMI_BUFFER_HEADER`, as far as it means anything in a file.
struct BufferHeader {
    /// Bytes in the file, this header included.
    size: usize,
    /// Bytes in use once unpacked, this header included.
    used: usize,
    processor: u16,
    flags: u16,
}

impl BufferHeader {
    const EVENTS_LOST: u16 = 0x02;
    const BUFFER_LOST: u16 = 0x04;
    const COMPRESSED: u16 = 0x40;

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes.get(..HEADER)?);
        let size = usize::try_from(fields.u32()?).ok()?;
        let saved = usize::try_from(fields.u32()?).ok()?;
        fields.take(32)?;
        let processor = fields.u16()?;
        fields.take(6)?;
        let offset = usize::try_from(fields.u32()?).ok()?;
        let flags = fields.u16()?;
        let used = if offset < HEADER { saved } else { offset };
        Some(Self { size, used, processor, flags })
    }

    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// Reads a trace to its end, and gives its frames in the order of time.
pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Prepared, Error> {
    let mut trace: Option<Trace> = None;
    let mut unpacked = Vec::new();
    // Bytes of the compressed buffers, unpacked.
    let mut unpacked_bytes = 0_u64;
    let end = loop {
        if source.window().len() < HEADER && !source.fill(HEADER) {
            break match source.window().iter().all(|byte| *byte == 0) {
                true => source.clean_end(0),
                false => Err(source.end("a buffer header", 0)),
            };
        }
        let Some(header) = BufferHeader::read(source.window()) else {
            break Err(source.end("a buffer header", 0));
        };
        if header.size == 0 && source.window().get(..HEADER) == Some(&[0; HEADER]) {
            break unused(source);
        }
        if !(HEADER..=MAX_TRACE_BUFFER).contains(&header.size) {
            let what = format!("a buffer says that it has {} bytes", header.size);
            break Err(Error::at(ErrorKind::Damaged(what), source.position(), 0));
        }
        let is_whole = source.fill(header.size);
        let stored = source.window();
        let stored = stored.get(HEADER..header.size.min(stored.len())).unwrap_or_default();
        let wanted = header.used.saturating_sub(HEADER);
        let (body, mut is_damaged) = if header.has(BufferHeader::COMPRESSED) {
            let wanted = wanted.min(MAX_TRACE_BUFFER);
            unpacked_bytes = unpacked_bytes.saturating_add(wide(wanted));
            if let Err(kind) = source.may_unpack(unpacked_bytes) {
                break Err(Error::at(kind, source.position(), 0));
            }
            let done = xpress::unpack(stored, wanted, &mut unpacked);
            (unpacked.as_slice(), done.is_none())
        } else {
            (stored.get(..wanted).unwrap_or(stored), wanted > stored.len())
        };
        let mut records = Records::new(body, header.processor);
        let trace = match &mut trace {
            Some(trace) => trace,
            none => none.insert(Trace::begin(&mut records)?),
        };
        trace.note_losses(
            header.has(BufferHeader::EVENTS_LOST),
            header.has(BufferHeader::BUFFER_LOST),
        );
        for record in records.by_ref() {
            trace.take(record).map_err(Error::new)?;
        }
        is_damaged |= records.damaged;
        trace.count_buffer(is_damaged && is_whole);
        if !is_whole {
            break Err(source.end("a buffer", 0));
        }
        source.consume(header.size);
    };
    match (end, trace) {
        (Err(error @ Error { kind: ErrorKind::Cancelled, .. }), _) => Err(error),
        (end, Some(trace)) => trace.finish(end),
        (Err(error), None) => Err(error),
        (Ok(()), None) => Err(source.end("the first buffer", 0)),
    }
}

/// Space that was reserved and not used is all zeros to the end of the file; anything else in it is
/// what a copy lost.
fn unused<R: Read>(source: &mut Source<R>) -> Result<(), Error> {
    let at = source.position();
    loop {
        let window = source.window();
        if window.is_empty() && !source.fill(1) {
            return source.clean_end(0);
        }
        let window = source.window();
        if window.iter().any(|byte| *byte != 0) {
            let what = "a run of zeros in place of buffers, and other bytes behind it".to_owned();
            return Err(Error::at(ErrorKind::Damaged(what), at, 0));
        }
        let count = window.len();
        source.consume(count);
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
