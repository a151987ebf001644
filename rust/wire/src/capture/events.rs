//! Events of Windows (ETW) where a capture holds them one by one, as Network Monitor and Message
//! Analyzer do.

use super::about::{About, add, shown};
use super::etw::{self, Assembly, Event, Fields, Found, Joined, Key, Part, Place, Seen};
use super::prepared::Head;

/// An event as it is stored: the header that programs of Windows get it with, then its data.
pub(super) struct Stored<'a> {
    pub ts: Option<i64>,
    pub event: Event<'a>,
}

/// Bytes of an event's header in a trace, and of one that the kernel's own logger writes.
const HEADER: u16 = 80;
const KERNEL_HEADER: u16 = 32;

impl<'a> Stored<'a> {
    /// As Network Monitor stores it: a mark and extended items stand before the data.
    pub(super) fn of_netmon(bytes: &'a [u8]) -> Option<Self> {
        let (stored, items, mut fields) = Self::header(bytes)?;
        // Whether it was put together from several.
        fields.u8()?;
        for _ in 0..items {
            // Reserved, type and linkage, each of two bytes.
            fields.take(6)?;
            let length = fields.u16()?;
            fields.take(usize::from(length))?;
        }
        stored.with_data(fields)
    }

    /// As Message Analyzer stores it: the data follow. `None` for a frame too, which it stores in
    /// the same way.
    pub(super) fn of_message_analyzer(bytes: &'a [u8]) -> Option<Self> {
        let (stored, _, fields) = Self::header(bytes)?;
        let size = Fields::new(bytes).u16()?;
        // Events of the kernel's own logger have a shorter header in a trace, which the size tells.
        let told = stored.length.checked_add(HEADER)? == size
            || stored.length.checked_add(KERNEL_HEADER)? == size
                && fields.rest().len() == usize::from(stored.length);
        told.then_some(())?;
        stored.with_data(fields)
    }

    /// The fields of the header, the number of extended items, and what follows the header.
    fn header(bytes: &'a [u8]) -> Option<(Unfilled, u16, Fields<'a>)> {
        let mut fields = Fields::new(bytes);
        // Size of the record, and its type.
        fields.take(4)?;
        let flags = fields.u16()?;
        fields.take(2)?;
        let (thread, process) = (fields.u32()?, fields.u32()?);
        let filetime = fields.i64()?;
        let provider = fields.take(16)?.try_into().ok()?;
        let (id, version) = (fields.u16()?, fields.u8()?);
        // Channel and level.
        fields.take(2)?;
        let opcode = fields.u8()?;
        // Task.
        fields.take(2)?;
        let keyword = fields.u64()?;
        // Times of the processor, and the activity.
        fields.take(24)?;
        let processor = u16::from(fields.u8()?);
        // Alignment, and the logger's number.
        fields.take(3)?;
        let (items, length) = (fields.u16()?, fields.u16()?);
        let event = Event {
            provider,
            id,
            version,
            opcode,
            keyword,
            processor,
            process,
            thread,
            wide: flags & 0x40 != 0,
            data: &[],
        };
        Some((Unfilled { ts: etw::nanoseconds(filetime), event, length }, items, fields))
    }
}

/// An event whose data have not been found yet.
struct Unfilled {
    ts: Option<i64>,
    event: Event<'static>,
    length: u16,
}

impl Unfilled {
    fn with_data<'a>(self, mut fields: Fields<'a>) -> Option<Stored<'a>> {
        let data = fields.take(usize::from(self.length))?;
        Some(Stored { ts: self.ts, event: Event { data, ..self.event } })
    }
}

/// Takes events one after the other.
#[derive(Default)]
pub(super) struct Events {
    assembly: Assembly,
    dropped: u64,
    /// Events that contradict their layout.
    unreadable: u64,
    /// Where the first packet was seen, and whether another was seen elsewhere.
    place: Option<Place>,
    pub several_places: bool,
}

impl Events {
    /// Notes what an event tells beside a frame.
    pub(super) fn learn(stored: &Stored<'_>, about: &mut About) {
        let found = etw::read(&stored.event);
        about.learn(&found, stored.ts);
        let mut remark = |words: String| {
            if !about.remarks.contains(&words) && about.remarks.len() < crate::limits::MAX_REMARKS {
                about.remarks.push(words);
            }
        };
        match found {
            Found::Filter(words) => {
                remark(format!(
                    "A filter was in force while this was captured, so other packets are missing: \
                     {}.",
                    shown(&words)
                ));
            }
            Found::DecryptedHttp => {
                remark(
                    "It holds HTTP as a proxy decrypted it, in which no TLS is left.".to_owned(),
                );
            }
            _ => {}
        }
    }

    /// The frame that is told of or completed, if one is; its bytes are put into `data`, in place of
    /// what is there.
    pub(super) fn frame(
        &mut self,
        found: &Found<'_>,
        ts: Option<i64>,
        data: &mut Vec<u8>,
    ) -> Option<Head> {
        match found {
            Found::Frame(seen) => self.seen(seen, ts, data),
            Found::Malformed => {
                self.unreadable();
                None
            }
            _ => None,
        }
    }

    /// Counts an event that contradicts its layout.
    pub(super) fn unreadable(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
    }

    /// The frame of a packet that was seen, if it is whole now and was not dropped.
    fn seen(&mut self, seen: &Seen<'_>, ts: Option<i64>, data: &mut Vec<u8>) -> Option<Head> {
        if seen.dropped.is_some() {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        self.several_places |= *self.place.get_or_insert(seen.place) != seen.place;
        data.clear();
        if seen.part == Part::Whole {
            data.extend_from_slice(seen.header.bytes());
            data.extend_from_slice(seen.data);
        } else {
            match self.assembly.add(
                Key::new(seen.place, seen.thread, seen.processor),
                seen.part,
                seen.data,
            ) {
                Joined::Whole(whole) => *data = whole,
                Joined::Nothing => return None,
            }
        }
        etw::clear_protected(seen.link_type, data);
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let told = seen
            .original_length
            .or_else(|| seen.cut.then(|| etw::wire_length(seen.link_type, data)).flatten());
        Some(Head {
            ts,
            link_type: seen.link_type,
            interface: 0,
            sender: seen.sender(),
            original_length: told.unwrap_or(captured).max(captured),
        })
    }

    /// Tells what was left out.
    pub(super) fn finish(&self, about: &mut About) {
        add(&mut about.frames_dropped, (self.dropped > 0).then_some(self.dropped));
        match self.assembly.broken() {
            0 => {}
            1 => about.remarks.push("Of 1 packet a part is missing, so it is left out.".to_owned()),
            broken => about
                .remarks
                .push(format!("Of {broken} packets a part is missing, so they are left out.")),
        }
        match self.unreadable {
            0 => {}
            1 => about.remarks.push("1 event could not be read and was left out.".to_owned()),
            events => {
                about.remarks.push(format!("{events} events could not be read and were left out."));
            }
        }
        match about.events_lost {
            None | Some(0) => {}
            Some(1) => about.remarks.push("Windows lost 1 event while it captured.".to_owned()),
            Some(lost) => {
                about.remarks.push(format!("Windows lost {lost} events while it captured."));
            }
        }
    }
}
