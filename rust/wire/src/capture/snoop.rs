//! snoop, as Solaris writes it (RFC 1761), and Surveyor's captures, which are called the same.

use std::io::Read;

use super::source::Source;
use super::{Record, link_type, max_packet};
use crate::cursor::Cursor;
use crate::error::{Error, ErrorKind};

/// The first bytes of a file.
pub(super) const MAGIC: &[u8; 8] = b"snoop\0\0\0";

/// The length of the file header.
const FILE_HEADER: usize = 16;

/// The length of a packet's header.
const HEADER: usize = 24;

/// What Surveyor puts behind each packet. Padding to four bytes, which RFC 1761 knows, is less.
const SURVEYOR_TRAILER: u32 = 16;

/// Reads the packets of a snoop file.
pub(super) struct Snoop {
    link_type: u16,
    fcs_length: u8,
    largest: u32,
    number: u64,
    /// What the frame given last takes of the window, and the padding behind it.
    taken: usize,
    padding: u64,
}

/// A packet's header.
struct Head {
    original: u32,
    captured: u32,
    /// Of header, packet and padding.
    whole: u32,
    seconds: u32,
    microseconds: u32,
}

impl Head {
    fn read(window: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(window);
        let (original, captured, whole) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        // Packets lost so far.
        cursor.u32()?;
        Some(Self {
            original,
            captured,
            whole,
            seconds: cursor.u32()?,
            microseconds: cursor.u32()?,
        })
    }

    /// Bytes behind the packet, `None` where the lengths contradict each other.
    fn padding(&self) -> Option<u32> {
        self.whole.checked_sub(24)?.checked_sub(self.captured)
    }

    /// Nanoseconds since 1970.
    fn time(&self) -> i64 {
        // Of a second that is longer than a second the beginning is good.
        let fraction = if self.microseconds < 1_000_000 { self.microseconds } else { 0 };
        let whole = i64::from(self.seconds).saturating_mul(1_000_000_000);
        whole.saturating_add(i64::from(fraction).saturating_mul(1_000))
    }
}

impl Snoop {
    /// Reads the file header.
    pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Self, Error> {
        let header = source.fill(FILE_HEADER).then(|| file_header(source.window())).flatten();
        let Some((version, network)) = header else {
            return Err(source.end("the snoop file header", 0));
        };
        // 3 to 5 are Surveyor's with hardware of its own; the layout is the same.
        if !(2..=5).contains(&version) {
            return Err(Error::new(ErrorKind::Unsupported(format!(
                "it says that it is snoop version {version}, and only 2 to 5 are read: check \
                 whether its first bytes are damaged"
            ))));
        }
        source.consume(FILE_HEADER);
        source.fill(HEADER);
        let first = Head::read(source.window());
        let surveyor = first
            .and_then(|head| head.padding())
            .is_some_and(|padding| padding >= SURVEYOR_TRAILER);
        let Some((link_type, fcs_length)) = link(network, surveyor) else {
            return Err(Error::new(ErrorKind::Unsupported(format!(
                "it is a snoop capture of a kind of link that is not read (number {network}): \
                 capture on Ethernet"
            ))));
        };
        let largest = max_packet(link_type);
        Ok(Self { link_type, fcs_length, largest, number: 0, taken: 0, padding: 0 })
    }

    pub(super) fn frame_numbers(&self) -> u64 {
        self.number
    }

    /// The next packet: its place in the window of `source`.
    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Record>, Error> {
        source.consume(self.taken);
        self.taken = 0;
        if self.padding > 0 && !source.skip(self.padding) {
            return Err(source.end("the padding of a packet", self.number));
        }
        self.padding = 0;
        if !source.fill(HEADER) && source.window().is_empty() {
            source.clean_end(self.number)?;
            return Ok(None);
        }
        let Some(head) = Head::read(source.window()) else {
            return Err(source.end("a packet header", self.number));
        };
        let Some(padding) = head.padding().filter(|_| head.captured <= self.largest) else {
            return Err(self.damaged(source, &head));
        };
        let end = HEADER.saturating_add(usize::try_from(head.captured).unwrap_or(usize::MAX));
        if !source.fill(end) {
            return Err(source.end("a packet", self.number));
        }
        self.taken = end;
        self.padding = u64::from(padding);
        self.number = self.number.saturating_add(1);
        Ok(Some(Record {
            skip: HEADER,
            end,
            number: self.number,
            ts: Some(head.time()),
            link_type: self.link_type,
            interface: 0,
            fcs_length: self.fcs_length,
            sender: None,
            original_length: head.original,
        }))
    }

    /// Lengths that cannot be.
    #[cold]
    fn damaged<R: Read>(&self, source: &Source<R>, head: &Head) -> Error {
        let what = if head.captured > self.largest {
            format!(
                "the next packet says that it has {} bytes, and none has more than {}",
                head.captured, self.largest
            )
        } else {
            format!(
                "the next packet says that it has {} bytes, in a record of {}",
                head.captured, head.whole
            )
        };
        Error::at(ErrorKind::Damaged(what), source.position(), self.number)
    }
}

/// Version and number of the kind of link.
fn file_header(window: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor::new(window);
    cursor.take(MAGIC.len())?;
    Some((cursor.u32()?, cursor.u32()?))
}

/// LINKTYPE_ value and bytes of frame check sequence. The numbers are those of DLPI, of which
/// Surveyor uses some for links of its own.
fn link(network: u32, surveyor: bool) -> Option<(u16, u8)> {
    Some(match (network, surveyor) {
        (0 | 4 | 25, false) => (link_type::ETHERNET, 0),
        // Fast, gigabit and ten gigabit Ethernet have numbers of their own.
        (0 | 4 | 10 | 12 | 19, true) => (link_type::ETHERNET, 4),
        (2, _) | (11 | 13 | 14, true) => (link_type::TOKEN_RING, 0),
        (8, _) => (link_type::FDDI, 0),
        (9 | 14, false) => (link_type::NULL, 0),
        (16, false) => (link_type::IP_OVER_FC, 0),
        (18, false) => (link_type::SUN_ATM, 0),
        (0x8000_0005, false) => (link_type::IPNET, 0),
        _ => return None,
    })
}
