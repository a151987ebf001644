//! What a trace holds, gathered while it is read.

use hashbrown::HashMap;

use super::super::about::{About, add, shown};
use super::super::etw::{Found, Place, Seen};
use super::super::prepared::{Head, Prepared, Sorting};
use super::clock::{TraceHead, trace_head};
use super::explain::Facts;
use super::frames::{InOrder, Tag};
use super::record::{Record, Records};
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_INTERFACES, MAX_TOLD_FILTERS};

/// A trace that is being read.
pub(super) struct Trace {
    head: TraceHead,
    sorting: Sorting,
    about: About,
    facts: Facts,
    /// Numbers of the places at which packets were seen.
    places: HashMap<Place, u32>,
    /// The bytes that are sorted, of one frame.
    entry: Vec<u8>,
}

impl Trace {
    /// Begins with the first record of the first buffer, which tells how time is counted.
    pub(super) fn begin(records: &mut Records<'_>) -> Result<Self, Error> {
        let head = records.first_of_trace().and_then(|(base, data)| trace_head(base, data));
        let Some(head) = head else {
            let what = "the record that begins an event trace is too short".to_owned();
            return Err(Error::new(ErrorKind::Damaged(what)));
        };
        Ok(Self {
            head,
            sorting: Sorting::new(),
            about: About {
                windows_build: Some(head.build),
                frames_dropped: Some(0),
                ..About::default()
            },
            facts: Facts {
                closed: head.closed,
                buffers_lost: u64::from(head.buffers_lost),
                ..Facts::default()
            },
            places: HashMap::new(),
            entry: Vec::new(),
        })
    }

    /// Counts a buffer.
    pub(super) fn count_buffer(&mut self, is_damaged: bool) {
        self.facts.buffers = self.facts.buffers.saturating_add(1);
        if is_damaged {
            self.facts.damaged_buffers = self.facts.damaged_buffers.saturating_add(1);
        }
    }

    /// Notes that a buffer says that something was lost before it.
    pub(super) fn note_losses(&mut self, events: bool, buffer: bool) {
        self.facts.lost_somewhere |= events | buffer;
    }

    /// Takes what a record tells.
    #[inline]
    pub(super) fn take(&mut self, record: Record<'_>) -> Result<(), ErrorKind> {
        self.facts.captures |= record.captures;
        match record.found {
            Found::Nothing => {}
            Found::Frame(seen) => return self.frame(record.time, &seen),
            Found::Connection { .. } | Found::Process { .. } | Found::Lost(_) => {
                self.about.learn(&record.found, self.head.nanoseconds(record.time));
            }
            Found::Filter(words) => {
                if self.facts.filters.len() < MAX_TOLD_FILTERS {
                    self.facts.filters.insert(shown(&words));
                }
            }
            Found::SnapLength(length) => {
                let shortest = self.facts.snap_length.unwrap_or(length).min(length);
                self.facts.snap_length = Some(shortest);
            }
            Found::Components => self.facts.components = true,
            Found::DecryptedHttp => self.facts.decrypted_http = true,
            Found::Malformed => {
                self.facts.malformed = self.facts.malformed.saturating_add(1);
            }
        }
        Ok(())
    }

    fn frame(&mut self, time: i64, seen: &Seen<'_>) -> Result<(), ErrorKind> {
        if seen.dropped.is_some() {
            add(&mut self.about.frames_dropped, Some(1));
            return Ok(());
        }
        self.facts.frames = self.facts.frames.saturating_add(1);
        self.facts.pktmon |= seen.is_of_pktmon();
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let interface = match self.places.get(&seen.place) {
            Some(interface) => *interface,
            None if self.places.len() < MAX_INTERFACES => {
                self.places.insert(seen.place, next);
                next
            }
            None => next.saturating_sub(1),
        };
        let head = Head {
            ts: self.head.nanoseconds(time),
            link_type: seen.link_type,
            interface,
            sender: seen.sender(),
            original_length: seen.original_length.unwrap_or_default(),
        };
        self.entry.clear();
        Tag::of(seen).write(&mut self.entry);
        self.entry.extend_from_slice(seen.header.bytes());
        self.entry.extend_from_slice(seen.data);
        self.sorting.push(head, &self.entry)
    }

    /// The frames in order. `end` is why the file was not read to its end, if so.
    pub(super) fn finish(mut self, end: Result<(), Error>) -> Result<Prepared, Error> {
        let lost = self.about.events_lost.unwrap_or(0).max(u64::from(self.head.events_lost));
        // The count is written when the trace is closed; losses may be told without one.
        let is_counted = self.facts.closed && !self.facts.loses();
        self.about.events_lost = (lost > 0 || is_counted).then_some(lost);
        if self.facts.frames == 0 && self.about.frames_dropped == Some(0) {
            end?;
            return Err(Error::new(self.facts.without_packets()));
        }
        self.facts.remark(&mut self.about);
        let interfaces = u32::try_from(self.places.len()).unwrap_or(u32::MAX).max(1);
        let sorted = self.sorting.finish().map_err(Error::new)?;
        let frames = InOrder::new(sorted, self.places.len() > 1, &self.facts, end.err());
        Ok(Prepared::new(frames, interfaces, self.about))
    }
}
