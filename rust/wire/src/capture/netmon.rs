//! Microsoft Network Monitor: versions 1.x and 2.0 to 2.3. A header, frames anywhere in the file, and
//! a table of where they are.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::about::About;
use super::etw::{self, Fields};
use super::events::{Events, Stored};
use super::link_type;
use super::prepared::{Frames, Head, Prepared, Whole};
use super::processes::{Basis, Place, Processes};
use super::source::Source;
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_PACKET_LENGTH, MAX_PROCESS_PATH, NETMON_TABLE_PIECE};

/// The first bytes of a file: of versions 1.x, and of 2.x.
pub(super) const MAGICS: [&[u8; 4]; 2] = [b"RTSS", b"GMBU"];

/// The length of the file header that all versions have.
const FILE_HEADER: usize = 56;

/// Nanoseconds of a millisecond, and of a FILETIME's unit.
const MILLISECOND: i64 = 1_000_000;
const TICK: i64 = 100;

/// What differs from version to version.
#[derive(Clone, Copy)]
struct Version {
    major: u8,
    minor: u8,
}

impl Version {
    fn at_least(self, minor: u8) -> bool {
        self.major == 2 && self.minor >= minor
    }

    /// Bytes before a frame's data.
    fn header(self) -> usize {
        if self.major == 1 { 8 } else { 16 }
    }

    /// Bytes behind a frame's data: its media type, its process, and its time with a zone.
    fn trailer(self) -> usize {
        match self.minor {
            _ if self.major == 1 => 0,
            0 => 0,
            1 => 2,
            2 => 6,
            _ => 15,
        }
    }
}

/// What a frame's media type says that it holds.
#[derive(Clone, Copy)]
enum Media {
    /// A frame of this link type.
    Link(u16),
    /// Addresses and circuit before an LLC header.
    Atm,
    /// A header of Network Monitor before a frame of 802.11.
    Wlan,
    /// An event of Windows.
    Event,
    /// A packet of the Windows Filtering Platform: the number of the event that it was.
    Filtering(u16),
    /// No packet; Wireshark lists it, so it takes a number.
    Note,
    /// No packet, and not listed: put together from other frames, adapters, DNS names.
    Silent,
    /// A kind that is not read.
    Unknown,
}

fn media(number: u16) -> Media {
    match number {
        0 | 1 => Media::Link(link_type::ETHERNET),
        2 => Media::Link(link_type::TOKEN_RING),
        3 => Media::Link(link_type::FDDI),
        4 => Media::Atm,
        6 => Media::Wlan,
        // Tunnels, wireless WAN, and what calls itself raw.
        7..=9 => Media::Link(link_type::RAW),
        0xE080 => Media::Link(link_type::WLAN),
        0xE083 => Media::Filtering(60011),
        0xE084 => Media::Filtering(60021),
        0xE085 => Media::Filtering(60012),
        0xE086 => Media::Filtering(60022),
        // Who may connect: no packets.
        0xE087 | 0xE088 => Media::Note,
        0xE081 | 0xE082 | 0xE089 | 0xE08A => Media::Unknown,
        // A link type of pcap.
        0xE000..=0xEFFF => Media::Link(number & 0x0FFF),
        0xFFE0 => Media::Event,
        0xFFFB | 0xFFFF => Media::Note,
        0xFFFC..=0xFFFE => Media::Silent,
        _ => Media::Unknown,
    }
}

/// Reads the header and the tables.
pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Prepared, Error> {
    if !source.fill(FILE_HEADER) {
        return Err(source.end("the Network Monitor file header", 0));
    }
    let header = Header::read(source.window());
    let Some(header) = header else {
        return Err(source.end("the Network Monitor file header", 0));
    };
    let Version { major, minor } = header.version;
    if !(1..=2).contains(&major) {
        return Err(Error::new(ErrorKind::Unsupported(format!(
            "it says that it is a Network Monitor capture of version {major}.{minor}, and only 1.x \
             and 2.x are read: check whether its first bytes are damaged"
        ))));
    }
    let (whole, end) = Whole::read(source).map_err(Error::new)?;
    let mut about = About::default();
    let mut capture = NetMon {
        table: Table { next: header.table, left: header.frames, piece: Vec::new().into_iter() },
        whole,
        ended_by: end.err(),
        given: 0,
        passed: 0,
        place: 0,
        unknown: 0,
        events: Events::default(),
        header,
    };
    if header.version.at_least(2) {
        capture.processes(&mut about.processes).map_err(Error::new)?;
    }
    if header.version.at_least(1) {
        capture.learn(&mut about).map_err(Error::new)?;
    }
    if !header.version.at_least(3) {
        about.remarks.push(
            "Its times are those of the clock of the machine that captured, in a time zone that \
             the file does not tell: they are taken for UTC."
                .to_owned(),
        );
    }
    Ok(Prepared::new(capture, 1, about))
}

/// The fields of the file header that are needed.
#[derive(Clone, Copy)]
struct Header {
    version: Version,
    media: u16,
    /// When the capture began, in nanoseconds since 1970, by the clock of the machine.
    start: Option<i64>,
    table: u64,
    frames: u32,
    processes: u64,
    process_count: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        fields.take(4)?;
        let (minor, major) = (fields.u8()?, fields.u8()?);
        let media = fields.u16()?;
        let mut start = [0; 8];
        for part in &mut start {
            *part = fields.u16()?;
        }
        let (table, length) = (fields.u32()?, fields.u32()?);
        // User data and comments.
        fields.take(16)?;
        let (processes, process_count) = (fields.u32()?, fields.u32()?);
        Some(Self {
            version: Version { major, minor },
            media,
            start: system_time(start),
            table: u64::from(table),
            frames: length.checked_div(4)?,
            processes: u64::from(processes),
            process_count,
        })
    }
}

/// Nanoseconds since 1970 of a SYSTEMTIME; `None` where it is no time.
fn system_time(parts: [u16; 8]) -> Option<i64> {
    let [year, month, _weekday, day, hour, minute, second, millisecond] = parts.map(i64::from);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 62
        && millisecond < 1_000;
    fits.then_some(())?;
    // Years that begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 {
        (year, month.checked_sub(3)?)
    } else {
        (year.checked_sub(1)?, month.checked_add(9)?)
    };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let before_month = month.checked_mul(153)?.checked_add(2)? / 5;
    let days = year
        .checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(before_month)?
        .checked_add(day)?
        .checked_sub(719_469)?;
    let hours = days.checked_mul(24)?.checked_add(hour)?;
    let seconds =
        hours.checked_mul(60)?.checked_add(minute)?.checked_mul(60)?.checked_add(second)?;
    seconds.checked_mul(1_000)?.checked_add(millisecond)?.checked_mul(MILLISECOND)
}

/// The table of frames: where each begins.
#[derive(Clone)]
struct Table {
    /// Where the part of it begins that has not been read.
    next: u64,
    /// How many entries are there.
    left: u32,
    piece: std::vec::IntoIter<u32>,
}

impl Table {
    /// Where the next frame begins; `None` after the last one.
    fn next(&mut self, whole: &mut Whole) -> Result<Option<u64>, ErrorKind> {
        if let Some(at) = self.piece.next() {
            return Ok(Some(u64::from(at)));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(NETMON_TABLE_PIECE);
        let bytes = whole.at(self.next, wanted.saturating_mul(4))?;
        let mut fields = Fields::new(bytes);
        let entries: Vec<u32> = std::iter::from_fn(|| fields.u32()).collect();
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return Err(ErrorKind::Cut("the table of frames".to_owned()));
        }
        self.next = self.next.saturating_add(u64::from(count).saturating_mul(4));
        self.left = self.left.saturating_sub(count);
        self.piece = entries.into_iter();
        Ok(self.piece.next().map(u64::from))
    }
}

/// A capture that is open.
struct NetMon {
    header: Header,
    whole: Whole,
    /// What ended the file too early, if anything did.
    ended_by: Option<Error>,
    table: Table,
    /// Bytes of the frames given so far.
    given: u64,
    /// Numbers of records without a packet since the last frame.
    passed: u64,
    /// Where the last frame is, for errors.
    place: u64,
    /// Records of kinds that are not read.
    unknown: u64,
    events: Events,
}

/// What stands before and behind a frame's data.
struct Around {
    ts: Option<i64>,
    original: u32,
    media: u16,
    data: std::ops::Range<usize>,
}

impl NetMon {
    /// The bytes of the frame at that place, and what is around its data in them.
    fn record(&mut self, at: u64) -> Result<(Around, &[u8]), ErrorKind> {
        let version = self.header.version;
        let head = self.whole.at(at, version.header())?;
        let Some((delta, original, stored)) = frame_header(version, head) else {
            return Err(ErrorKind::Cut("a packet header".to_owned()));
        };
        if stored > MAX_PACKET_LENGTH {
            return Err(ErrorKind::Damaged(format!(
                "the next packet says that it has {stored} bytes, and none has more than \
                 {MAX_PACKET_LENGTH}"
            )));
        }
        let end = version.header().saturating_add(usize::try_from(stored).unwrap_or(usize::MAX));
        let all = end.saturating_add(version.trailer());
        // Every byte of a file belongs to one frame, or the same one is given for ever.
        self.given = self.given.saturating_add(u64::try_from(all).unwrap_or(u64::MAX));
        if self.given > self.whole.length() {
            return Err(ErrorKind::Damaged(
                "the frames that its table names lie on top of each other".to_owned(),
            ));
        }
        let bytes = self.whole.at(at, all)?;
        let behind = bytes.get(end..all).map(|trailer| trailer_fields(version, trailer));
        let Some((media, filetime)) = behind else {
            return Err(ErrorKind::Cut("a packet".to_owned()));
        };
        let ts = match filetime {
            Some(filetime) => etw::nanoseconds(filetime),
            None => self.header.start.and_then(|start| start.checked_add(delta?)),
        };
        let media = media.unwrap_or(self.header.media);
        Ok((Around { ts, original, media, data: version.header()..end }, bytes))
    }

    /// Goes through all frames once for what events tell of processes. What is wrong with the file
    /// shows when it is read for its frames.
    fn learn(&mut self, about: &mut About) -> Result<(), ErrorKind> {
        let mut table = self.table.clone();
        loop {
            let at = match table.next(&mut self.whole) {
                Ok(Some(at)) => at,
                Ok(None) | Err(ErrorKind::Cut(_)) => break,
                Err(kind) => return Err(kind),
            };
            match self.record(at) {
                Ok((around, bytes)) => {
                    let stored = matches!(media(around.media), Media::Event)
                        .then(|| Stored::of_netmon(bytes.get(around.data)?))
                        .flatten();
                    if let Some(stored) = stored {
                        Events::learn(&stored, about);
                    }
                }
                Err(ErrorKind::Cut(_) | ErrorKind::Damaged(_)) => break,
                Err(kind) => return Err(kind),
            }
        }
        self.given = 0;
        Ok(())
    }

    /// Reads the table of processes as far as it goes.
    fn processes(&mut self, processes: &mut Processes) -> Result<(), ErrorKind> {
        if self.header.processes == 0 {
            return Ok(());
        }
        // The version of the table.
        let mut at = self.header.processes.saturating_add(2);
        for _ in 0..self.header.process_count {
            let Some(length) = number(self.whole.at(at, 4)?) else { break };
            let Some(length) = usize::try_from(length).ok().filter(|n| *n <= MAX_PROCESS_PATH)
            else {
                break;
            };
            at = at.saturating_add(4);
            let path = text(self.whole.at(at, length)?);
            at = at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            let Some(icon) = number(self.whole.at(at, 4)?) else { break };
            at = at.saturating_add(4).saturating_add(u64::from(icon));
            let Some((pid, ends)) = process(self.whole.at(at, PROCESS)?) else { break };
            at = at.saturating_add(u64::try_from(PROCESS).unwrap_or(u64::MAX));
            processes.connection(ends, pid, None, Basis::ProcessTable);
            processes.named(pid, &path, None);
        }
        Ok(())
    }

    /// What to say where the file ends before a frame does: why no more bytes came, if there is a
    /// reason.
    fn why(&mut self, kind: ErrorKind) -> ErrorKind {
        match (kind, self.ended_by.take()) {
            (ErrorKind::Cut(_), Some(Error { kind, .. })) => kind,
            (kind, _) => kind,
        }
    }
}

/// Bytes of an entry of the process table behind the icon.
const PROCESS: usize = 48;

/// A process and the two ends of its connection, the local one first.
fn process(bytes: &[u8]) -> Option<(u32, (Place, Place))> {
    let mut fields = Fields::new(bytes);
    let pid = fields.u32()?;
    let local = fields.u16()?;
    fields.take(2)?;
    let remote = fields.u16()?;
    fields.take(2)?;
    let is_ipv6 = fields.u32()? != 0;
    let mut address = || {
        let bytes: [u8; 16] = fields.take(16)?.try_into().ok()?;
        let [a, b, c, d, ..] = bytes;
        Some(if is_ipv6 {
            IpAddr::V6(Ipv6Addr::from(bytes))
        } else {
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        })
    };
    let (local_ip, remote_ip) = (address()?, address()?);
    Some((pid, ((local_ip, local), (remote_ip, remote))))
}

fn number(bytes: &[u8]) -> Option<u32> {
    Fields::new(bytes).u32()
}

/// UTF-16 up to its first zero.
fn text(bytes: &[u8]) -> String {
    let mut fields = Fields::new(bytes);
    let units: Vec<u16> =
        std::iter::from_fn(|| fields.u16()).take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// Nanoseconds since the start of the capture, original length, stored length.
fn frame_header(version: Version, bytes: &[u8]) -> Option<(Option<i64>, u32, u32)> {
    let mut fields = Fields::new(bytes);
    if version.major == 1 {
        let delta = i64::from(fields.u32()?).checked_mul(MILLISECOND);
        return Some((delta, u32::from(fields.u16()?), u32::from(fields.u16()?)));
    }
    // Microseconds without a sign, and yet before the start: times ten it is a number with a sign.
    let ticks = i64::from_le_bytes(fields.u64()?.wrapping_mul(10).to_le_bytes());
    Some((ticks.checked_mul(TICK), fields.u32()?, fields.u32()?))
}

/// Media type and FILETIME, as far as the version has them.
fn trailer_fields(version: Version, bytes: &[u8]) -> (Option<u16>, Option<i64>) {
    let mut fields = Fields::new(bytes);
    let media = if version.at_least(1) { fields.u16() } else { None };
    let filetime = if version.at_least(3) {
        // The frame's entry in the process table: which connection it belongs to is told there.
        fields.take(4).and_then(|_| fields.i64())
    } else {
        None
    };
    (media, filetime)
}

impl Frames for NetMon {
    fn next(&mut self, data: &mut Vec<u8>) -> Result<Option<Head>, ErrorKind> {
        self.passed = 0;
        loop {
            let at = match self.table.next(&mut self.whole) {
                Ok(Some(at)) => at,
                Ok(None) => return Ok(None),
                Err(kind) => {
                    self.place = self.table.next;
                    return Err(self.why(kind));
                }
            };
            self.place = at;
            let mut events = std::mem::take(&mut self.events);
            let (head, kind) = match self.record(at) {
                Ok((around, bytes)) => {
                    let frame = bytes.get(around.data.clone()).unwrap_or_default();
                    let kind = media(around.media);
                    (head(kind, &around, frame, &mut events, data), kind)
                }
                Err(kind) => return Err(self.why(kind)),
            };
            self.events = events;
            if head.is_some() {
                return Ok(head);
            }
            self.unknown = self.unknown.saturating_add(u64::from(matches!(kind, Media::Unknown)));
            if !matches!(kind, Media::Silent) {
                self.passed = self.passed.saturating_add(1);
            }
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.ended_by.take().map_or(Ok(()), Err)
    }

    fn passed(&self) -> u64 {
        self.passed
    }

    fn place(&self) -> u64 {
        self.place
    }

    fn finish(&mut self, about: &mut About) {
        self.events.finish(about);
        if self.events.several_places {
            // Joined, they would not have the numbers that other programs give them.
            about.remarks.push(
                "It holds packets of several network adapters or components: one that passed more \
                 than one of them is there as often."
                    .to_owned(),
            );
        }
        match self.unknown {
            0 => {}
            1 => about.remarks.push("1 record is of a kind that is not read.".to_owned()),
            n => about.remarks.push(format!("{n} records are of kinds that are not read.")),
        }
    }
}

/// The frame in a record, whose bytes are put into `data`; `None` where it holds none.
fn head(
    kind: Media,
    around: &Around,
    frame: &[u8],
    events: &mut Events,
    data: &mut Vec<u8>,
) -> Option<Head> {
    let mut whole = |link_type, skipped: usize| {
        data.clear();
        data.extend_from_slice(frame.get(skipped..)?);
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
        Some(Head {
            ts: around.ts,
            link_type,
            interface: 0,
            sender: None,
            original_length: around.original.saturating_sub(skipped),
        })
    };
    match kind {
        Media::Link(link_type) => whole(link_type, 0),
        Media::Atm => whole(link_type::ATM_RFC1483, 16),
        Media::Wlan => {
            let mut fields = Fields::new(frame);
            // The header's version.
            fields.take(1)?;
            let length = fields.u16()?;
            let monitors = fields.u32()? & 0x8000_0000 != 0;
            let head = whole(link_type::WLAN, usize::from(length));
            if head.is_some() && !monitors {
                etw::clear_protected(link_type::WLAN, data);
            }
            head
        }
        Media::Event => {
            let Some(stored) = Stored::of_netmon(frame) else {
                events.unreadable();
                return None;
            };
            events.frame(&etw::read(&stored.event), stored.ts, data)
        }
        Media::Filtering(id) => events.frame(&etw::filtered_packet(id, frame), around.ts, data),
        Media::Note | Media::Silent | Media::Unknown => None,
    }
}
