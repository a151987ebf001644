//! pcap: a header of 24 bytes, then packets with a header each.

use std::io::Read;

use super::byte_order::ByteOrder;
use super::pcap_variant::{self, Layout};
use super::source::Source;
use super::{Record, max_packet};
use crate::cursor::Cursor;
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_PACKET;

/// The length of the file header.
const FILE_HEADER: usize = 24;

/// What the first four bytes promise.
#[derive(Clone, Copy)]
pub(super) struct Magic {
    order: ByteOrder,
    family: Family,
}

/// Magic numbers, each shared by formats that differ in the header of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `A1B2C3D4`: everyone, and some who changed the format and not the number.
    Standard,
    /// `A1B23C4D`: times in nanoseconds.
    Nanoseconds,
    /// `A1B2CD34`: Alexey Kuznetzov's libpcap of 1999.
    Modified,
    /// `1C0001AC` and `1C0001AB`: Ixia's lcap, with four more bytes in the file header.
    Ixia { nanoseconds: bool },
}

impl Magic {
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        let first: [u8; 4] = *bytes.first_chunk()?;
        let orders = [
            (ByteOrder::Big, u32::from_be_bytes(first)),
            (ByteOrder::Little, u32::from_le_bytes(first)),
        ];
        orders.into_iter().find_map(|(order, number)| {
            let family = match number {
                0xA1B2_C3D4 => Family::Standard,
                0xA1B2_3C4D => Family::Nanoseconds,
                0xA1B2_CD34 => Family::Modified,
                0x1C00_01AC => Family::Ixia { nanoseconds: true },
                0x1C00_01AB => Family::Ixia { nanoseconds: false },
                _ => return None,
            };
            Some(Self { order, family })
        })
    }
}

/// In which order a packet's two lengths stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Before version 2.3, and in DG/UX's 543.0.
    OriginalFirst,
    /// Version 2.3 was written in both ways: the captured length is the smaller one.
    SmallerIsCaptured,
}

/// Reads the packets of a pcap file.
pub(super) struct Pcap {
    order: ByteOrder,
    lengths: Lengths,
    /// Bytes before a packet's data.
    header: usize,
    /// Of these, how many the captured length counts as data.
    counted: u32,
    /// Whether fractions of a second are nanoseconds and not microseconds.
    nanoseconds: bool,
    link_type: u16,
    fcs_length: u8,
    largest: u32,
    number: u64,
    /// What the frame given last takes of the window, and bytes after it that were not kept.
    taken: usize,
    excess: u64,
}

/// The fixed fields of a packet's header.
struct Head {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Pcap {
    /// Reads the file header, which begins with `magic`.
    pub(super) fn open<R: Read>(source: &mut Source<R>, magic: Magic) -> Result<Self, Error> {
        if !source.fill(FILE_HEADER) {
            return Err(source.end("the pcap file header", 0));
        }
        let order = magic.order;
        let mut cursor = Cursor::new(source.window());
        let Some((major, minor, snap_length, network)) = file_header(order, &mut cursor) else {
            return Err(source.end("the pcap file header", 0));
        };
        if major < 2 {
            return Err(Error::new(ErrorKind::Unsupported(format!(
                "it says that it is pcap version {major}.{minor}, and versions before 2.0 are not \
                 read: check whether its first bytes are damaged"
            ))));
        }
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, _) => Lengths::OriginalFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            _ => Lengths::CapturedFirst,
        };
        source.consume(FILE_HEADER);
        let aix_link_type = match (magic.family, major, minor) {
            (Family::Standard, 2, 2) => aix_link_type(network),
            _ => None,
        };
        let link_type = aix_link_type.unwrap_or_else(|| {
            let [_, _, high, low] = network.to_be_bytes();
            u16::from_be_bytes([high, low])
        });
        // Four bits of length in units of two bytes, valid where bit 26 is set.
        let fcs_length = if network & 0x0400_0000 == 0 { 0 } else { fcs_bytes(network) };
        let largest = max_packet(link_type);
        let layout = match magic.family {
            Family::Ixia { .. } => {
                // The total length of the packets.
                if !source.skip(4) {
                    return Err(source.end("the pcap file header", 0));
                }
                Layout::Plain
            }
            Family::Nanoseconds => Layout::Plain,
            _ if aix_link_type.is_some() || lengths != Lengths::CapturedFirst => Layout::Plain,
            Family::Standard => {
                pcap_variant::choose(source, order, snap_length, largest, &Layout::STANDARD)
            }
            Family::Modified => {
                pcap_variant::choose(source, order, snap_length, largest, &Layout::MODIFIED)
            }
        };
        // AIX puts three bytes of padding before FDDI frames and counts them.
        let counted = if aix_link_type == Some(10) { 3 } else { 0 };
        let nanoseconds =
            matches!(magic.family, Family::Nanoseconds | Family::Ixia { nanoseconds: true })
                || aix_link_type.is_some();
        Ok(Self {
            order,
            lengths,
            header: layout.header().saturating_add(if counted == 0 { 0 } else { 3 }),
            counted,
            nanoseconds,
            link_type,
            fcs_length,
            largest,
            number: 0,
            taken: 0,
            excess: 0,
        })
    }

    pub(super) fn frame_numbers(&self) -> u64 {
        self.number
    }

    /// The next packet: its place in the window of `source`.
    #[inline(always)]
    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Record>, Error> {
        source.consume(self.taken);
        self.taken = 0;
        if self.excess > 0 && !source.skip(self.excess) {
            return Err(source.end("a packet", self.number));
        }
        self.excess = 0;
        if source.window().len() < self.header && !source.fill(self.header) {
            return self.end(source);
        }
        let Some(head) = self.head(source.window()) else {
            return self.end(source);
        };
        let (captured, original) = self.lengths(&head);
        if captured > self.largest {
            return Err(self.damaged(source, captured));
        }
        if captured == 0 && original == 0 && Magic::recognise(source.window()).is_some() {
            return Err(self.joined(source));
        }
        // What a transfer of a link with huge ones holds beyond a packet is skipped, not kept.
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        let kept = captured.min(MAX_PACKET);
        let end = self.header.saturating_add(kept);
        if source.window().len() < end && !source.fill(end) {
            return Err(source.end("a packet", self.number));
        }
        self.excess = u64::try_from(captured.saturating_sub(kept)).unwrap_or(u64::MAX);
        self.taken = end;
        self.number = self.number.saturating_add(1);
        Ok(Some(Record {
            skip: self.header,
            end,
            number: self.number,
            ts: Some(self.time(&head)),
            link_type: self.link_type,
            interface: 0,
            fcs_length: self.fcs_length,
            sender: None,
            original_length: original,
        }))
    }

    /// The fixed fields of the packet's header at the start of `window`.
    #[inline(always)]
    fn head(&self, window: &[u8]) -> Option<Head> {
        let fields: &[u8; 16] = window.first_chunk()?;
        let mut cursor = Cursor::new(fields);
        let mut field = || self.order.u32(&mut cursor);
        Some(Head { seconds: field()?, fraction: field()?, captured: field()?, original: field()? })
    }

    /// Nanoseconds since 1970.
    #[inline(always)]
    fn time(&self, head: &Head) -> i64 {
        let fraction = match head.fraction {
            microseconds @ 0..=999_999 if !self.nanoseconds => {
                i64::from(microseconds).saturating_mul(1_000)
            }
            // Too many for microseconds: some writers put nanoseconds under the wrong number.
            nanoseconds @ 0..=999_999_999 => i64::from(nanoseconds),
            // Of a second that is longer than a second the beginning is good.
            _ => 0,
        };
        i64::from(head.seconds).saturating_mul(1_000_000_000).saturating_add(fraction)
    }

    /// Captured and original length, whatever order they stand in.
    #[inline(always)]
    fn lengths(&self, head: &Head) -> (u32, u32) {
        let swap = match self.lengths {
            Lengths::CapturedFirst => false,
            Lengths::OriginalFirst => true,
            Lengths::SmallerIsCaptured => head.captured > head.original,
        };
        let (captured, original) =
            if swap { (head.original, head.captured) } else { (head.captured, head.original) };
        (captured.saturating_sub(self.counted), original.saturating_sub(self.counted))
    }

    /// The end of the file, or of what of it there is.
    #[cold]
    fn end<R: Read>(&self, source: &mut Source<R>) -> Result<Option<Record>, Error> {
        if source.window().is_empty() {
            source.clean_end(self.number)?;
            return Ok(None);
        }
        Err(source.end("a packet header", self.number))
    }

    /// A length that cannot be.
    #[cold]
    fn damaged<R: Read>(&self, source: &Source<R>, captured: u32) -> Error {
        let what = format!(
            "the next packet says that it has {captured} bytes, and none has more than {}",
            self.largest
        );
        Error::at(ErrorKind::Damaged(what), source.position(), self.number)
    }

    /// A file header, which reads as a packet without bytes in the year 2055.
    #[cold]
    fn joined<R: Read>(&self, source: &Source<R>) -> Error {
        let what = "another pcap file begins here, so join files with `mergecap` and not by \
                    copying one after the other";
        Error::at(ErrorKind::Damaged(what.to_owned()), source.position(), self.number)
    }
}

/// Version, snap length and link type from the file header.
fn file_header(order: ByteOrder, cursor: &mut Cursor<'_>) -> Option<(u16, u16, u32, u32)> {
    cursor.take(4)?;
    let (major, minor) = (order.u16(cursor)?, order.u16(cursor)?);
    // Time zone and accuracy were never used.
    cursor.take(8)?;
    Some((major, minor, order.u32(cursor)?, order.u32(cursor)?))
}

/// The length of the frame check sequence, in bytes, from the upper bits of the link type.
fn fcs_bytes(network: u32) -> u8 {
    let [high, ..] = network.to_be_bytes();
    (high >> 4).saturating_mul(2)
}

/// AIX marks its format only by version 2.2 and by interface types of RFC 1573 for link types.
fn aix_link_type(network: u32) -> Option<u16> {
    match network {
        6 => Some(1),
        9 => Some(6),
        15 => Some(10),
        24 => Some(0),
        _ => None,
    }
}
