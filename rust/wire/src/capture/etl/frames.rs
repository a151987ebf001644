//! The frames of a trace in the order of time: put together from their parts, and once each.

use super::super::about::About;
use super::super::etw::{
    Assembly, Direction, Fields, Joined, Key, Part, Place, Seen, clear_protected, wire_length,
};
use super::super::prepared::{Frames, Head, Sorted};
use super::super::repeats::Repeats;
use super::explain::Facts;
use crate::error::{Error, ErrorKind};

/// What is known of a frame beside its [`Head`]; it stands before the bytes while they are sorted.
#[derive(Clone, Copy)]
pub(in crate::capture) struct Tag {
    place: Place,
    direction: Direction,
    part: Part,
    cut: bool,
    thread: u32,
    processor: u16,
}

/// Bytes of a tag.
const TAG: usize = 1 + 4 + 4 + 1 + 1 + 1 + 4 + 2;

impl Tag {
    pub(in crate::capture) fn of(seen: &Seen<'_>) -> Self {
        let Seen { place, direction, part, cut, thread, processor, .. } = *seen;
        Self { place, direction, part, cut, thread, processor }
    }

    /// Of a frame that is whole and not cut.
    pub(in crate::capture) fn whole(place: Place, direction: Direction) -> Self {
        Self { place, direction, part: Part::Whole, cut: false, thread: 0, processor: 0 }
    }

    pub(in crate::capture) fn write(&self, out: &mut Vec<u8>) {
        let Place { source, component, edge } = self.place;
        out.push(source);
        out.extend_from_slice(&component.to_le_bytes());
        out.extend_from_slice(&edge.to_le_bytes());
        out.push(match self.direction {
            Direction::Unknown => 0,
            Direction::Sent => 1,
            Direction::Received => 2,
        });
        out.push(match self.part {
            Part::Whole => 0,
            Part::First => 1,
            Part::Middle => 2,
            Part::Last => 3,
        });
        out.push(u8::from(self.cut));
        out.extend_from_slice(&self.thread.to_le_bytes());
        out.extend_from_slice(&self.processor.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let place = Place { source: fields.u8()?, component: fields.u32()?, edge: fields.u32()? };
        let direction = match fields.u8()? {
            1 => Direction::Sent,
            2 => Direction::Received,
            _ => Direction::Unknown,
        };
        let part = match fields.u8()? {
            1 => Part::First,
            2 => Part::Middle,
            3 => Part::Last,
            _ => Part::Whole,
        };
        let cut = fields.u8()? != 0;
        Some(Self { place, direction, part, cut, thread: fields.u32()?, processor: fields.u16()? })
    }
}

/// Gives the frames of a trace.
pub(in crate::capture) struct InOrder {
    sorted: Sorted,
    assembly: Assembly,
    /// Where packets were seen at more than one place.
    repeats: Option<Repeats>,
    facts: Facts,
    entry: Vec<u8>,
    /// No more frames come from below.
    drained: bool,
    cut_frames: u64,
    longest_cut: usize,
    /// Why the file was not read to its end.
    failure: Option<Error>,
}

impl InOrder {
    pub(in crate::capture) fn new(
        sorted: Sorted,
        several_places: bool,
        facts: &Facts,
        failure: Option<Error>,
    ) -> Self {
        Self {
            sorted,
            assembly: Assembly::default(),
            repeats: several_places.then(Repeats::default),
            facts: facts.clone(),
            entry: Vec::new(),
            drained: false,
            cut_frames: 0,
            longest_cut: 0,
            failure,
        }
    }

    /// Makes a whole frame of an entry and puts it into `data`; `None` where other parts follow.
    fn whole(&mut self, mut head: Head, data: &mut Vec<u8>) -> Option<(Head, Tag)> {
        let tag = Tag::read(&self.entry)?;
        let bytes = self.entry.get(TAG..)?;
        data.clear();
        if tag.part == Part::Whole {
            data.extend_from_slice(bytes);
        } else {
            let key = Key::new(tag.place, tag.thread, tag.processor);
            match self.assembly.add(key, tag.part, bytes) {
                Joined::Nothing => return None,
                Joined::Whole(joined) => *data = joined,
            }
        }
        clear_protected(head.link_type, data);
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let is_cut = tag.cut || self.facts.snap_length == Some(length);
        if head.original_length == 0 {
            let wire = is_cut.then(|| wire_length(head.link_type, data)).flatten();
            head.original_length = wire.unwrap_or(length);
        }
        Some((head, tag))
    }

    /// Counts a frame that is given.
    fn given(&mut self, head: Head, data: &[u8]) -> Head {
        if u64::from(head.original_length) > u64::try_from(data.len()).unwrap_or(u64::MAX) {
            self.cut_frames = self.cut_frames.saturating_add(1);
            self.longest_cut = self.longest_cut.max(data.len());
        }
        head
    }
}

impl Frames for InOrder {
    fn next(&mut self, data: &mut Vec<u8>) -> Result<Option<Head>, ErrorKind> {
        loop {
            if let Some(head) =
                self.repeats.as_mut().and_then(|repeats| repeats.next(data, self.drained))
            {
                return Ok(Some(self.given(head, data)));
            }
            if self.drained {
                return Ok(None);
            }
            let Some(head) = self.sorted.next(&mut self.entry)? else {
                self.drained = true;
                continue;
            };
            let Some((head, tag)) = self.whole(head, data) else { continue };
            match &mut self.repeats {
                Some(repeats) => repeats.add(head, data, tag.place, tag.direction),
                None => return Ok(Some(self.given(head, data))),
            }
        }
    }

    fn finish(&mut self, about: &mut About) {
        about.frames_repeated = self.repeats.as_ref().map_or(0, |repeats| repeats.repeated);
        if self.cut_frames > 0 {
            about.remarks.push(self.facts.cut(self.cut_frames, self.longest_cut));
        }
        match self.assembly.broken() {
            0 => {}
            1 => about.remarks.push("Of 1 packet a part is missing, so it is left out.".to_owned()),
            broken => about
                .remarks
                .push(format!("Of {broken} packets a part is missing, so they are left out.")),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
