//! Message Analyzer's `.matp`: a ZIP archive of streams. Messages name blocks of bytes; those that
//! were captured, and not read out of others, hold an event of Windows or a frame.
//!
//! The layout was worked out from real files; there is no specification.

use std::io::Read;

use super::about::About;
use super::archive::Archive;
use super::compression::Bounds;
use super::etl::explain::Facts;
use super::etl::frames::{InOrder, Tag};
use super::etw::{self, Direction, Fields, Found, Place};
use super::events::{Events, Stored};
use super::link_type;
use super::prepared::{Head, Prepared, Sorting, Whole};
use super::source::Source;
use crate::cursor::Cursor;
use crate::error::{Error, ErrorKind};
use crate::limits::{
    MAX_BLOCK_DEPTH, MAX_MATP_INDEX, MAX_MATP_MESSAGES, MAX_MATP_PARTS, MAX_PACKET, READ_BLOCK,
};

/// What a file says that has another shape.
const SAVE_AS: &str = "open it in Message Analyzer and save it as .cap";

/// Reads the archive as far as it is needed; `None` where it is one of something else.
pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Option<Prepared>, Error> {
    let bounds = source.bounds();
    let (whole, end) = Whole::read(source).map_err(Error::new)?;
    let length = whole.length();
    // As the file is stored, whatever compression is around the archive.
    let stored = source.stored();
    // The directory of an archive is at its end.
    let Some(mut archive) = Archive::open(whole).map_err(Error::new)? else {
        return Err(end.err().unwrap_or_else(|| {
            Error::at(ErrorKind::Cut("the ZIP archive that a .matp is".to_owned()), length, 0)
        }));
    };
    let index = archive.names().find(|name| name.ends_with(".mmindex")).map(str::to_owned);
    let Some(index) = index else { return Ok(None) };
    let mut unpacked = 0;
    let mut part = |name: &str| {
        archive.unpack(name, &bounds, stored, &mut unpacked)?.ok_or_else(|| {
            ErrorKind::Damaged(format!(
                "it is a Message Analyzer file whose part {name} is missing"
            ))
        })
    };
    let mut streams = || {
        let mut text = part(&index)?;
        let text = String::from_utf8_lossy(text.at(0, MAX_MATP_INDEX)?).into_owned();
        let prefix = index.strip_suffix(".mmindex").unwrap_or_default();
        let member = |id: &str| format!("{prefix}-{id}.mmstream");
        let (data, numbers) = indexed(&text, "datablocks")?;
        let blocks_name = member(data);
        let blocks = Indexed { data: part(&blocks_name)?, numbers: part(&member(numbers))? };
        let (data, numbers) = indexed(&text, "messages")?;
        let messages = Indexed { data: part(&member(data))?, numbers: part(&member(numbers))? };
        let annotation_name = member(stream(&text, "__fastannotation")?.0);
        let annotation = part(&annotation_name)?;
        Ok((blocks, messages, annotation, blocks_name, annotation_name))
    };
    let read = streams();
    let damage = archive.damage();
    let (blocks, messages, mut annotation, blocks_name, annotation_name) = match read {
        Ok(streams) => streams,
        Err(kind) => return Err(damage.unwrap_or_else(|| Error::new(kind))),
    };
    let (roots, incomplete) = roots(&mut annotation).map_err(Error::new)?;
    let mut capture = Matp { blocks, messages, work: unpacked, stored, bounds, missing: 0 };
    let mut about = About::default();
    let frames = capture.frames(&roots, &mut about).map_err(Error::new)?;
    let (missing, all) = (capture.missing, roots.len());
    let damaged =
        |what: String, name: &str| Error::at(ErrorKind::Damaged(what), archive.place(name), 0);
    // Why the file could not be unpacked to its end comes first.
    let failure = end
        .err()
        .or(damage)
        .or_else(|| incomplete.map(|what| damaged(what, &annotation_name)))
        .or_else(|| {
            (missing > 0).then(|| {
                let what = format!(
                    "of {missing} of its {all} captured messages bytes are missing, and they are \
                     left out"
                );
                damaged(what, &blocks_name)
            })
        });
    if frames.count == 0 && about.frames_dropped.is_none() {
        return Err(failure.unwrap_or_else(without_packets));
    }
    let frames = InOrder::new(
        frames.sorting.finish().map_err(Error::new)?,
        frames.several_places,
        &Facts::default(),
        failure,
    );
    Ok(Some(Prepared::new(frames, 1, about)))
}

/// What to say of a file in which no packet is.
fn without_packets() -> Error {
    Error::new(ErrorKind::NotACapture(
        "it is a Message Analyzer file (.matp) without packets: capture on a network adapter, or \
         open a capture in it, before it is saved"
            .to_owned(),
    ))
}

/// A stream's description in the index: its number, and what is told of it. The index is XML in
/// parts only, so it is taken as text.
fn stream<'a>(text: &'a str, name: &str) -> Result<(&'a str, &'a str), ErrorKind> {
    let name_tag = format!("<name>{name}</name>");
    text.split("<stream id='")
        .skip(1)
        .find(|part| between(part, "<name>", "</name>").is_some() && part.contains(&name_tag))
        .and_then(|part| part.split_once('\''))
        .ok_or_else(|| {
            ErrorKind::Unsupported(format!(
                "it is a Message Analyzer file without the stream {name}, which is not read here: \
                 {SAVE_AS}"
            ))
        })
}

/// The numbers of a stream's data and of its index.
fn indexed<'a>(text: &'a str, name: &str) -> Result<(&'a str, &'a str), ErrorKind> {
    let (_, told) = stream(text, name)?;
    let data = between(told, "<streams>", "</streams>").unwrap_or_default();
    let index = told.split_once("<index type='Index-v1'>").map(|(_, rest)| rest);
    let numbers = index.and_then(|rest| between(rest, "<id>", "</id>"));
    match (data.matches("<id>").count(), between(data, "<id>", "</id>"), numbers) {
        (1, Some(data), Some(numbers)) => Ok((data, numbers)),
        (count, ..) if count > 1 => Err(ErrorKind::Unsupported(format!(
            "it is a Message Analyzer file whose stream {name} lies in {count} parts, which is not \
             read here: {SAVE_AS}"
        ))),
        _ => Err(ErrorKind::Unsupported(format!(
            "it is a Message Analyzer file whose stream {name} is kept in another way than is read \
             here: {SAVE_AS}"
        ))),
    }
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(behind)?.0)
}

/// A message that was captured: its number, and its time.
type Root = (u32, Option<i64>);

/// The messages that were captured, in the order of their numbers, and what is wrong with the list
/// of all messages, if anything is.
fn roots(annotation: &mut Whole) -> Result<(Vec<Root>, Option<String>), ErrorKind> {
    const TIME: u8 = 1;
    const PARENT: u8 = 2;
    const MORE: u8 = 4;
    let mut roots: Vec<Root> = Vec::new();
    // Two numbers that tell the version, and how many messages there are.
    let length_of_all = annotation.length();
    let mut fields = Fields::new(annotation.at(0, 6)?);
    let told = fields.take(2).and_then(|_| fields.u32());
    let mut at = 6_u64;
    let mut found = 0_u32;
    loop {
        // The longest entry has 25 bytes.
        let mut fields = Fields::new(annotation.at(at, 25)?);
        let Some(id) = fields.u32() else { break };
        let Some(flags) = fields.u8() else { break };
        let mut length = 5_u64;
        length = length.saturating_add(if flags & TIME != 0 { 8 } else { 0 });
        length = length.saturating_add(if flags & PARENT != 0 { 8 } else { 0 });
        length = length.saturating_add(if flags & MORE != 0 { 4 } else { 0 });
        at = at.saturating_add(length);
        if at > length_of_all {
            break;
        }
        found = found.saturating_add(1);
        if flags & TIME != 0 {
            if roots.len() >= MAX_MATP_MESSAGES {
                return Err(ErrorKind::Limit(format!(
                    "it holds more than {MAX_MATP_MESSAGES} messages: save it in parts"
                )));
            }
            roots.push((id, fields.u64().and_then(ticks)));
        }
    }
    roots.sort_by_key(|(id, _)| *id);
    // A message is given once, however often the list names it.
    roots.dedup_by_key(|(id, _)| *id);
    let incomplete = match told {
        Some(told) if told == found && at == length_of_all => None,
        Some(told) => Some(format!("its list of {told} messages holds {found}")),
        None => Some("its list of messages is missing".to_owned()),
    };
    Ok((roots, incomplete))
}

/// Nanoseconds since 1970 of a time of .NET: 100 ns since the year 1, below two bits that tell its
/// kind.
fn ticks(time: u64) -> Option<i64> {
    const FROM_1_TO_1970: i64 = 621_355_968_000_000_000;
    let ticks = i64::try_from(time & (u64::MAX >> 2)).ok()?;
    (ticks > 0).then_some(())?;
    ticks.checked_sub(FROM_1_TO_1970)?.checked_mul(100)
}

/// A stream of records and the index that says where each is.
struct Indexed {
    data: Whole,
    numbers: Whole,
}

/// Bytes of an entry of an index: number, place, length, and 0.
const ENTRY: usize = 28;

impl Indexed {
    /// Place and length of a record; the numbers follow each other and begin anywhere.
    fn find(&mut self, id: u32) -> Result<Option<(u64, u64)>, ErrorKind> {
        let Some(first) = Fields::new(self.numbers.at(0, 4)?).u32() else { return Ok(None) };
        let Some(place) = id.checked_sub(first) else { return Ok(None) };
        let at = u64::from(place).saturating_mul(u64::try_from(ENTRY).unwrap_or(u64::MAX));
        let mut fields = Fields::new(self.numbers.at(at, ENTRY)?);
        Ok((|| {
            (fields.u32()? == id).then_some(())?;
            Some((fields.u64()?, fields.u64()?))
        })())
    }
}

/// A part of another block.
struct Part {
    block: u32,
    start: u64,
    length: u64,
}

/// A capture that is open.
struct Matp {
    blocks: Indexed,
    messages: Indexed,
    /// Bytes that were unpacked, looked through or put together so far.
    work: u64,
    stored: u64,
    bounds: Bounds,
    /// Messages of which bytes are missing.
    missing: u64,
}

/// The frames that were found, and how many.
struct Gathered {
    sorting: Sorting,
    count: u64,
    /// Whether packets were seen at more than one place, and some of them more than once.
    several_places: bool,
    /// The bytes that are sorted, of one frame.
    entry: Vec<u8>,
}

impl Gathered {
    fn push(&mut self, head: Head, tag: Tag, data: &[u8]) -> Result<(), ErrorKind> {
        self.count = self.count.saturating_add(1);
        self.entry.clear();
        tag.write(&mut self.entry);
        self.entry.extend_from_slice(data);
        self.sorting.push(head, &self.entry)
    }
}

impl Matp {
    /// The bytes of a message are put into `out`; false where some are missing.
    fn message(&mut self, id: u32, out: &mut Vec<u8>) -> Result<bool, ErrorKind> {
        /// Where a message's record names the block that it is in.
        const BLOCK: u64 = 17;
        /// What is set in a number that names a block.
        const NAMED: u32 = 0x8000_0000;
        out.clear();
        self.count(LOOK_UP)?;
        let Some((at, length)) = self.messages.find(id)? else { return Ok(false) };
        if length < BLOCK.saturating_add(4) {
            return Ok(false);
        }
        let place = at.saturating_add(BLOCK);
        let Some(block) = Fields::new(self.messages.data.at(place, 4)?).u32() else {
            return Ok(false);
        };
        if block & NAMED != 0 {
            let mut parts = MAX_MATP_PARTS;
            return self.block(block & !NAMED, 0..u64::MAX, 0, &mut parts, out);
        }
        Ok(true)
    }

    /// Counts work, and ends the reading where it is out of all proportion to the file.
    fn count(&mut self, bytes: u64) -> Result<(), ErrorKind> {
        self.work = self.work.saturating_add(bytes);
        self.bounds.broken(self.work, self.stored, Some("unzip")).map_or(Ok(()), Err)
    }

    /// Adds these bytes of a block; false where some are missing. It holds them itself, or names
    /// parts of earlier blocks. A range without an end is all of it.
    fn block(
        &mut self,
        id: u32,
        range: std::ops::Range<u64>,
        depth: usize,
        parts: &mut usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, ErrorKind> {
        let Some((at, length)) = self.blocks.find(id)? else { return Ok(false) };
        let room = LARGEST.saturating_sub(out.len());
        self.count(LOOK_UP)?;
        let Some(list) = self.list(id, at, length, depth)? else {
            let from = at.saturating_add(range.start.min(length));
            let end = if range.end == u64::MAX { length } else { range.end };
            let whole = usize::try_from(end.saturating_sub(range.start)).unwrap_or(usize::MAX);
            let wanted = usize::try_from(length.saturating_sub(range.start)).unwrap_or(usize::MAX);
            let bytes = self.blocks.data.at(from, wanted.min(whole).min(room))?;
            out.extend_from_slice(bytes);
            let (count, is_whole) = (bytes.len(), bytes.len() == whole);
            self.count(u64::try_from(count).unwrap_or(u64::MAX))?;
            return Ok(is_whole);
        };
        // Where in this block the next part begins.
        let mut begins = 0_u64;
        for part in list {
            if *parts == 0 || out.len() >= LARGEST {
                return Ok(false);
            }
            *parts = parts.saturating_sub(1);
            let ends = begins.saturating_add(part.length);
            let from = range.start.max(begins).saturating_sub(begins);
            let to = range.end.min(ends).saturating_sub(begins);
            if from < to {
                let wanted = part.start.saturating_add(from)..part.start.saturating_add(to);
                if !self.block(part.block, wanted, depth.saturating_add(1), parts, out)? {
                    return Ok(false);
                }
            }
            begins = ends;
        }
        Ok(range.end == u64::MAX || range.end <= begins)
    }

    /// The parts that a block names, if that is what it does: nothing but its shape says so.
    fn list(
        &mut self,
        id: u32,
        at: u64,
        length: u64,
        depth: usize,
    ) -> Result<Option<Vec<Part>>, ErrorKind> {
        if depth >= MAX_BLOCK_DEPTH || length > u64::try_from(READ_BLOCK).unwrap_or(u64::MAX) {
            return Ok(None);
        }
        let mut fields = Fields::new(self.blocks.data.at(at, 4)?);
        let Some(count) = fields.u32() else { return Ok(None) };
        let expected = u64::from(count).saturating_mul(12).saturating_add(4);
        if count == 0 || expected != length {
            return Ok(None);
        }
        let looked_up = u64::from(count).min(u64::try_from(MAX_MATP_PARTS).unwrap_or(u64::MAX));
        self.count(length.saturating_add(looked_up.saturating_mul(LOOK_UP)))?;
        let wanted = usize::try_from(length).unwrap_or(usize::MAX);
        let mut fields = Fields::new(self.blocks.data.at(at, wanted)?);
        fields.take(4);
        let mut list = Vec::new();
        while let (Some(block), Some(start), Some(length)) =
            (fields.u32(), fields.u32(), fields.u32())
        {
            list.push(Part { block, start: start.into(), length: length.into() });
        }
        for Part { block, start, length } in list.iter().take(MAX_MATP_PARTS) {
            let Some((_, held)) = self.blocks.find(*block)? else { return Ok(None) };
            let end = start.saturating_add(*length);
            // A block that names others in its turn is longer than its record.
            let may_be_list = held.checked_sub(4).is_some_and(|parts| parts % 12 == 0);
            if *block >= id || (end > held && !may_be_list) {
                return Ok(None);
            }
        }
        Ok(Some(list))
    }

    /// All frames by their times: messages are numbered as they were parsed, which is another order.
    fn frames(&mut self, roots: &[Root], about: &mut About) -> Result<Gathered, ErrorKind> {
        let mut gathered = Gathered {
            sorting: Sorting::new(),
            count: 0,
            several_places: false,
            entry: Vec::new(),
        };
        let mut events = Events::default();
        let (mut bytes, mut frame) = (Vec::new(), Vec::new());
        for (id, ts) in roots {
            if !self.message(*id, &mut bytes)? {
                self.missing = self.missing.saturating_add(1);
                continue;
            }
            if let Some(stored) = Stored::of_message_analyzer(&bytes) {
                Events::learn(&stored, about);
                let found = etw::read(&stored.event);
                let head = events.frame(&found, stored.ts, &mut frame);
                if let (Some(head), Found::Frame(seen)) = (head, found) {
                    gathered.push(head, Tag::whole(seen.place, seen.direction), &frame)?;
                }
            } else if is_ethernet(&bytes) {
                // Of a capture that was opened in Message Analyzer and saved there.
                let original_length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                let link_type = link_type::ETHERNET;
                let head = Head { ts: *ts, link_type, original_length, ..Head::default() };
                gathered.push(head, Tag::whole(Place::default(), Direction::Unknown), &bytes)?;
            }
        }
        events.finish(about);
        gathered.several_places = events.several_places;
        Ok(gathered)
    }
}

/// The longest message: the largest packet in an event.
const LARGEST: usize = MAX_PACKET + 4 * 1024;

/// What looking up a part of a block counts for, in bytes.
const LOOK_UP: u64 = 64;

/// Whether the bytes look like an Ethernet frame: some messages are none, such as the names of
/// adapters.
fn is_ethernet(bytes: &[u8]) -> bool {
    const KINDS: [u16; 13] = [
        0x0800, 0x0806, 0x8035, 0x8100, 0x86DD, 0x8847, 0x8848, 0x8863, 0x8864, 0x888E, 0x88A8,
        0x88CC, 0x88D9,
    ];
    let mut cursor = Cursor::new(bytes);
    if cursor.take(12).is_none() {
        return false;
    }
    let Some(kind) = cursor.u16() else { return false };
    let length = usize::from(kind);
    // An IEEE 802.3 length, and LLC behind it: unnumbered information.
    KINDS.contains(&kind)
        || ((3..=1_500).contains(&kind)
            && length <= cursor.len()
            && matches!(cursor.rest(), [_, _, 0x03, ..]))
}
