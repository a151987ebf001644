//! The records of a buffer.

use super::super::etw::{Event, Fields, Found, kernel_process_event, read};

/// What a record is, as far as it is of use.
pub(super) struct Record<'a> {
    /// The time as the trace's clock counts it.
    pub time: i64,
    pub found: Found<'a>,
    /// Whether it is of PktMon or ndiscap: their presence counts even without a packet.
    pub captures: bool,
}

/// Goes through the records of a buffer.
pub(super) struct Records<'a> {
    rest: &'a [u8],
    processor: u16,
    /// What ended the buffer before its end.
    pub damaged: bool,
}

/// Headers of records, by the third of their bytes.
mod kind {
    pub const SYSTEM_32: u8 = 0x01;
    pub const SYSTEM_64: u8 = 0x02;
    pub const COMPACT_32: u8 = 0x03;
    pub const COMPACT_64: u8 = 0x04;
    pub const FULL_32: u8 = 0x0A;
    pub const PERFINFO_32: u8 = 0x10;
    pub const PERFINFO_64: u8 = 0x11;
    pub const EVENT_32: u8 = 0x12;
    pub const EVENT_64: u8 = 0x13;
    pub const FULL_64: u8 = 0x14;
}

/// Bits of the fourth byte.
const IS_RECORD: u8 = 0x80;
const IS_TRACE: u8 = 0x40;

/// What fills a buffer behind its last record.
const PADDING: [u8; 4] = [0xFF; 4];

impl<'a> Records<'a> {
    /// `body` is what follows a buffer's header, unpacked.
    pub(super) fn new(body: &'a [u8], processor: u16) -> Self {
        Self { rest: body, processor, damaged: false }
    }

    /// The next record with its kind; `None` at the end.
    #[inline]
    fn step(&mut self) -> Option<(u8, &'a [u8])> {
        let marker: [u8; 4] = *self.rest.first_chunk()?;
        if marker == PADDING {
            return None;
        }
        let [a, b, kind, flags] = marker;
        let is_trace = flags & IS_TRACE != 0;
        let first = u16::from_le_bytes([a, b]);
        let size = match kind {
            kind::SYSTEM_32..=kind::COMPACT_64 | kind::PERFINFO_32 | kind::PERFINFO_64
                if is_trace =>
            {
                let mut fields = Fields::new(self.rest);
                fields.take(4);
                fields.u16().unwrap_or_default()
            }
            _ => first,
        };
        let size = usize::from(size);
        let record = self.rest.get(..size);
        let Some(record) = record.filter(|_| flags & IS_RECORD != 0 && size >= 8) else {
            self.damaged = true;
            return None;
        };
        // Records begin on multiples of eight bytes.
        let step = size.next_multiple_of(8).min(self.rest.len());
        self.rest = self.rest.get(step..).unwrap_or_default();
        // A message of WPP has no kind there.
        Some((if is_trace { kind } else { 0 }, record))
    }

    /// The first record's time field and data, where it is the one that begins a trace.
    pub(super) fn first_of_trace(&mut self) -> Option<(i64, &'a [u8])> {
        let (kind, record) = self.step()?;
        matches!(kind, kind::SYSTEM_32 | kind::SYSTEM_64).then_some(())?;
        let mut fields = Fields::new(record);
        fields.take(6)?;
        (fields.u16()? == 0).then_some(())?;
        fields.take(8)?; // Thread and process.
        let time = fields.i64()?;
        fields.take(8)?; // Times that it ran.
        Some((time, fields.rest()))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        let (kind, record) = self.step()?;
        let (time, event) = match kind {
            kind::EVENT_32 | kind::EVENT_64 => match event(kind, record, self.processor) {
                Some((time, event)) => (time, event),
                None => return Some(Record::malformed()),
            },
            kind::FULL_32 | kind::FULL_64 => match classic_event(kind, record, self.processor) {
                Some((time, event)) => (time, event),
                None => return Some(Record::malformed()),
            },
            _ => return Some(system(kind, record).unwrap_or_else(Record::malformed)),
        };
        Some(Record { time, found: read(&event), captures: event.is_of_capture() })
    }
}

impl Record<'_> {
    fn malformed() -> Self {
        Self { time: 0, found: Found::Malformed, captures: false }
    }
}

/// `EVENT_HEADER`.
#[inline]
fn event(kind: u8, record: &[u8], processor: u16) -> Option<(i64, Event<'_>)> {
    const EXTENDED: u16 = 0x0001;
    const OF_32_BITS: u16 = 0x0020;
    const OF_64_BITS: u16 = 0x0040;
    let mut fields = Fields::new(record);
    fields.take(4)?;
    let flags = fields.u16()?;
    fields.u16()?; // Property.
    let (thread, process) = (fields.u32()?, fields.u32()?);
    let time = fields.i64()?;
    let provider = fields.take(16)?.try_into().ok()?;
    let id = fields.u16()?;
    let version = fields.u8()?;
    fields.u16()?; // Channel and level.
    let opcode = fields.u8()?;
    fields.u16()?; // Task.
    let keyword = fields.u64()?;
    fields.take(24)?; // Processor time and activity.
    if flags & EXTENDED != 0 {
        skip_extended(&mut fields)?;
    }
    let wide = match flags & (OF_32_BITS | OF_64_BITS) {
        OF_32_BITS => false,
        OF_64_BITS => true,
        _ => kind == kind::EVENT_64,
    };
    let data = fields.rest();
    Some((
        time,
        Event { provider, id, version, opcode, keyword, processor, process, thread, wide, data },
    ))
}

/// Passes over what stands between an event's header and its data; each item is padded to eight
/// bytes.
fn skip_extended(fields: &mut Fields<'_>) -> Option<()> {
    loop {
        fields.take(4)?; // Reserved, kind.
        let more = fields.u16()? & 1 != 0;
        let length = usize::from(fields.u16()?);
        fields.take(length.next_multiple_of(8))?;
        if !more {
            return Some(());
        }
    }
}

/// `EVENT_TRACE_HEADER`: an event of before Windows Vista.
fn classic_event(kind: u8, record: &[u8], processor: u16) -> Option<(i64, Event<'_>)> {
    let mut fields = Fields::new(record);
    fields.take(4)?;
    let opcode = fields.u8()?;
    fields.u8()?; // Level.
    let [version, _] = fields.u16()?.to_le_bytes();
    let (thread, process) = (fields.u32()?, fields.u32()?);
    let time = fields.i64()?;
    let provider = fields.take(16)?.try_into().ok()?;
    fields.u64()?; // Times that it ran.
    let wide = kind == kind::FULL_64;
    let (id, keyword, data) = (0, 0, fields.rest());
    Some((
        time,
        Event { provider, id, version, opcode, keyword, processor, process, thread, wide, data },
    ))
}

/// A record of the kernel's own logger: events of processes are of use.
fn system(kind: u8, record: &[u8]) -> Option<Record<'_>> {
    const PROCESS: u8 = 3;
    let nothing = Record { time: 0, found: Found::Nothing, captures: false };
    let (wide, header) = match kind {
        kind::SYSTEM_32 => (false, 32_usize),
        kind::SYSTEM_64 => (true, 32),
        kind::COMPACT_32 => (false, 24),
        kind::COMPACT_64 => (true, 24),
        kind::PERFINFO_32 => (false, 16),
        kind::PERFINFO_64 => (true, 16),
        _ => return Some(nothing),
    };
    let mut fields = Fields::new(record);
    let version = fields.u8()?;
    fields.take(5)?;
    let (what, group) = (fields.u8()?, fields.u8()?);
    if group != PROCESS {
        return Some(nothing);
    }
    let time = if header == 16 {
        fields.i64()?
    } else {
        fields.take(8)?;
        fields.i64()?
    };
    let data = record.get(header..)?;
    Some(Record { time, found: kernel_process_event(what, version, wide, data), captures: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damaged(body: &[u8]) -> (usize, bool) {
        let mut records = Records::new(body, 0);
        let count = records.by_ref().count();
        (count, records.damaged)
    }

    #[test]
    fn padding_ends_a_buffer_and_nonsense_damages_it() {
        // A message of WPP of nine bytes, padded to sixteen.
        let message = [9, 0, 0, 0x90, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(damaged(&[]), (0, false));
        assert_eq!(damaged(&message), (1, false));
        assert_eq!(damaged(&[&message[..], &[0xFF; 8]].concat()), (1, false));
        assert_eq!(damaged(&[&message[..], &[0; 8]].concat()), (1, true));
        assert_eq!(damaged(&[&message[..], &[0, 1, 0x13, 0xC0, 0, 0, 0, 0]].concat()), (1, true));
        assert_eq!(damaged(&[4, 0, 0x13, 0xC0, 0, 0, 0, 0]), (0, true));
    }

    #[test]
    fn extended_items_are_passed_over() {
        let mut fields = Fields::new(&[
            0, 0, 1, 0, 1, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9,
        ]);
        assert_eq!(skip_extended(&mut fields), Some(()));
        assert_eq!(fields.rest(), [9]);
        assert_eq!(skip_extended(&mut Fields::new(&[0; 7])), None);
    }
}
