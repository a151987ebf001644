//! pcapng: sections, each with a byte order and interfaces of its own, made of blocks.

use std::io::Read;

use super::Record;
use super::byte_order::ByteOrder;
use super::pcapng_interface::{Interface, Options};
use super::repeats::Known;
use super::source::Source;
use crate::cursor::Cursor;
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_BUFFERED_BLOCK, MAX_INTERFACES, MAX_OPTIONS, MAX_PACKET};

/// Block type and total length.
const BLOCK_HEADER: usize = 8;

/// The total length again, at the end of a block.
const TRAILER: usize = 4;

/// The type of a Section Header Block, the same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0A0D_0D0A;

const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Blocks that are nothing but a few fields and options.
const DESCRIPTIVE: [u32; 2] = [SECTION_HEADER, INTERFACE_DESCRIPTION];

/// Blocks without a packet that take a frame number in Wireshark all the same: the systemd journal,
/// custom blocks, and sysdig's events.
const NUMBERED: [u32; 6] = [9, 0x0000_0BAD, 0x4000_0BAD, 0x204, 0x216, 0x221];

/// Reads the packets of a pcapng file.
pub(super) struct Pcapng {
    order: ByteOrder,
    /// Of this section.
    interfaces: Vec<Interface>,
    /// In the sections before it.
    earlier_interfaces: u32,
    number: u64,
    /// The block that was given last, or is passed over.
    rest: Rest,
    /// In a section that pktmon wrote: it writes each packet once for every component that saw it.
    known: Option<Box<Known>>,
    /// Frames that were left out for that.
    repeated: u64,
}

/// What is left of a block.
#[derive(Default)]
struct Rest {
    /// Bytes from the start of the window on.
    bytes: u64,
    /// The total length that the trailer after them has to repeat, where that is still unchecked.
    trailer: Option<u64>,
}

/// The start of a block.
struct Block {
    kind: u32,
    /// Bytes between header and trailer.
    body: u64,
}

/// Where a packet's data is in the body of its block, and what stands before it.
struct Packet {
    interface: u32,
    time: Option<(u32, u32)>,
    captured: u32,
    original: u32,
    /// Bytes before the data, in the body.
    fixed: usize,
}

impl Pcapng {
    /// Reads the first section header.
    pub(super) fn open<R: Read>(source: &mut Source<R>) -> Result<Self, Error> {
        let mut pcapng = Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            earlier_interfaces: 0,
            number: 0,
            rest: Rest::default(),
            known: None,
            repeated: 0,
        };
        pcapng.block(source)?;
        Ok(pcapng)
    }

    pub(super) fn frame_numbers(&self) -> u64 {
        self.number
    }

    pub(super) fn interface_count(&self) -> u32 {
        let here = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.earlier_interfaces.saturating_add(here)
    }

    /// The next packet: its place in the window of `source`.
    #[inline]
    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Record>, Error> {
        loop {
            self.finish(source)?;
            if source.window().is_empty() && !source.fill(1) {
                source.clean_end(self.number)?;
                return Ok(None);
            }
            if let Some(record) = self.block(source)?
                && (self.known.is_none() || !self.is_repeat(source, &record))
            {
                return Ok(Some(record));
            }
        }
    }

    /// Frames that were left out because they repeat others.
    pub(super) fn frames_repeated(&self) -> u64 {
        self.repeated
    }

    /// Whether pktmon saw the packet at another component before.
    #[cold]
    fn is_repeat<R: Read>(&mut self, source: &Source<R>, record: &Record) -> bool {
        let data = source.window().get(record.skip..record.end).unwrap_or_default();
        let is_cut =
            usize::try_from(record.original_length).is_ok_and(|length| length > data.len());
        let is_repeat = self
            .known
            .as_mut()
            .is_some_and(|known| known.is_repeat(record.ts, record.link_type, data, is_cut));
        self.repeated = self.repeated.saturating_add(u64::from(is_repeat));
        is_repeat
    }

    /// Passes over what is left of the last block and checks that its trailer repeats its length.
    #[inline]
    fn finish<R: Read>(&mut self, source: &mut Source<R>) -> Result<(), Error> {
        let rest = std::mem::take(&mut self.rest);
        if rest.bytes > 0 && !source.skip(rest.bytes) {
            return Err(source.end("a block", self.number));
        }
        if let Some(total) = rest.trailer {
            if source.window().len() < TRAILER && !source.fill(TRAILER) {
                return Err(source.end("a block", self.number));
            }
            self.check_trailer(source, total, 0)?;
            source.consume(TRAILER);
        }
        Ok(())
    }

    /// Checks the trailer at `place` of the window. Lengths are compared as they are used, that is
    /// rounded up to four bytes: some writers leave the padding out of them.
    #[inline]
    fn check_trailer<R: Read>(
        &self,
        source: &Source<R>,
        total: u64,
        place: usize,
    ) -> Result<(), Error> {
        let mut cursor = Cursor::new(source.window().get(place..).unwrap_or_default());
        match self.order.u32(&mut cursor) {
            Some(trailer) if rounded(trailer) == total => Ok(()),
            trailer => Err(self.damaged(
                source,
                format!(
                    "a block of {total} bytes ends with the length {}",
                    trailer.unwrap_or_default()
                ),
            )),
        }
    }

    /// Reads one block as far as it is of use. `Some` is a packet.
    #[inline]
    fn block<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Record>, Error> {
        let Some(block) = self.block_header(source)? else {
            return Err(source.end("a block header", self.number));
        };
        match block.kind {
            ENHANCED_PACKET | PACKET | SIMPLE_PACKET => self.packet(source, &block).map(Some),
            SECTION_HEADER => {
                self.describe_section(source, &block)?;
                Ok(None)
            }
            INTERFACE_DESCRIPTION => {
                self.describe_interface(source, &block)?;
                Ok(None)
            }
            kind => {
                if NUMBERED.contains(&kind) {
                    self.number = self.number.saturating_add(1);
                }
                self.pass_over(&block);
                Ok(None)
            }
        }
    }

    /// The header of the block at the start of the window. One that begins a section changes the
    /// byte order and forgets the interfaces first.
    #[inline]
    fn block_header<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Block>, Error> {
        if source.window().len() < BLOCK_HEADER && !source.fill(BLOCK_HEADER) {
            return Ok(None);
        }
        let mut cursor = Cursor::new(source.window());
        let Some(kind) = self.order.u32(&mut cursor) else {
            return Ok(None);
        };
        if kind == SECTION_HEADER {
            self.begin_section(source)?;
            cursor = Cursor::new(source.window());
            cursor.take(4);
        }
        let Some(length) = self.order.u32(&mut cursor) else {
            return Ok(None);
        };
        match rounded(length).checked_sub(12) {
            Some(body) if body <= MAX_OPTIONS || !DESCRIPTIVE.contains(&kind) => {
                Ok(Some(Block { kind, body }))
            }
            _ => Err(self.damaged(source, format!("a block says that it has {length} bytes"))),
        }
    }

    /// Reads the fixed fields of a Section Header Block.
    #[cold]
    fn begin_section<R: Read>(&mut self, source: &mut Source<R>) -> Result<(), Error> {
        const FIXED: usize = 24;
        if !source.fill(FIXED) {
            return Err(source.end("a section header", self.number));
        }
        let mut cursor = Cursor::new(source.window());
        cursor.take(BLOCK_HEADER);
        self.order = match cursor.u32() {
            Some(0x1A2B_3C4D) => ByteOrder::Big,
            Some(0x4D3C_2B1A) => ByteOrder::Little,
            mark => {
                let what = format!("a section has the byte-order mark {:08X}", mark.unwrap_or(0));
                return Err(self.damaged(source, what));
            }
        };
        let major = self.order.u16(&mut cursor);
        if major != Some(1) {
            let kind = ErrorKind::Unsupported(format!(
                "it has a section of pcapng version {}, and only version 1 is known: convert it \
                 with `editcap -F pcapng IN OUT` of a newer Wireshark",
                major.unwrap_or(0)
            ));
            return Err(Error::at(kind, source.position(), self.number));
        }
        self.earlier_interfaces = self.interface_count();
        self.interfaces.clear();
        Ok(())
    }

    /// Looks who wrote a section.
    #[cold]
    fn describe_section<R: Read>(
        &mut self,
        source: &mut Source<R>,
        block: &Block,
    ) -> Result<(), Error> {
        /// Byte-order mark, version, length of the section.
        const FIXED: usize = 16;
        /// shb_userappl.
        const APPLICATION: u16 = 4;
        let body = usize::try_from(block.body).unwrap_or(usize::MAX).min(MAX_BUFFERED_BLOCK);
        let end = BLOCK_HEADER.saturating_add(body);
        // A header that is cut is told where it ends.
        source.fill(end);
        let window = source.window();
        let options = window.get(BLOCK_HEADER.saturating_add(FIXED)..end.min(window.len()));
        let mut options = Options::new(self.order, Cursor::new(options.unwrap_or_default()));
        let by_pktmon =
            options.any(|(code, name)| code == APPLICATION && name.starts_with(b"Packet Monitor"));
        self.known = by_pktmon.then(Box::default);
        self.pass_over(block);
        Ok(())
    }

    /// Leaves a block to [`Self::finish`]: it is still at the start of the window.
    fn pass_over(&mut self, block: &Block) {
        let bytes = block.body.saturating_add(8);
        self.rest = Rest { bytes, trailer: Some(block.total()) };
    }

    #[cold]
    fn describe_interface<R: Read>(
        &mut self,
        source: &mut Source<R>,
        block: &Block,
    ) -> Result<(), Error> {
        if self.interfaces.len() >= MAX_INTERFACES {
            let what = format!("a section describes more than {MAX_INTERFACES} interfaces");
            return Err(self.damaged(source, what));
        }
        // Options beyond the bound are names and comments; what counts stands before them.
        let body = usize::try_from(block.body).unwrap_or(usize::MAX).min(MAX_BUFFERED_BLOCK);
        let end = BLOCK_HEADER.saturating_add(body);
        if !source.fill(end) {
            return Err(source.end("an interface description", self.number));
        }
        let bytes = source.window().get(BLOCK_HEADER..end).unwrap_or_default();
        let Some(interface) = Interface::read(self.order, bytes) else {
            let what = format!("an interface description has {} bytes", block.body);
            return Err(self.damaged(source, what));
        };
        self.interfaces.push(interface);
        self.pass_over(block);
        Ok(())
    }

    /// Reads a packet block: the whole of it where that is of ordinary size, otherwise the packet,
    /// and the rest is passed over before the next block.
    #[inline]
    fn packet<R: Read>(&mut self, source: &mut Source<R>, block: &Block) -> Result<Record, Error> {
        let body = usize::try_from(block.body).unwrap_or(usize::MAX);
        let buffered = body.min(MAX_BUFFERED_BLOCK);
        let end = BLOCK_HEADER.saturating_add(buffered);
        let with_trailer = end.saturating_add(TRAILER);
        if source.window().len() < with_trailer && !source.fill(with_trailer) {
            return Err(source.end("a packet", self.number));
        }
        let bytes = source.window().get(BLOCK_HEADER..end).unwrap_or_default();
        let Some((packet, interface)) = self.packet_fields(block.kind, bytes) else {
            return Err(self.damaged(source, self.odd_packet(block, bytes)));
        };
        let room = block.body.saturating_sub(wide(packet.fixed));
        let options = room.checked_sub(rounded(packet.captured));
        if packet.captured > interface.largest || options.is_none_or(|bytes| bytes > MAX_OPTIONS) {
            return Err(self.damaged(source, self.odd_packet(block, bytes)));
        }
        // What a transfer of a link with huge ones holds beyond a packet is passed over.
        let captured = usize::try_from(packet.captured).unwrap_or(usize::MAX);
        let skip = BLOCK_HEADER.saturating_add(packet.fixed);
        let options = packet.fixed.saturating_add(captured).saturating_add(padding(captured));
        let fcs_length = match bytes.get(options..) {
            Some(options) if !options.is_empty() && block.kind != SIMPLE_PACKET => {
                fcs_option(self.order, options).unwrap_or(interface.fcs_length)
            }
            _ => interface.fcs_length,
        };
        let record = Record {
            skip,
            end: skip.saturating_add(captured.min(MAX_PACKET)),
            number: self.number.saturating_add(1),
            ts: packet.time.and_then(|(high, low)| interface.nanoseconds(high, low)),
            link_type: interface.link_type,
            interface: self.earlier_interfaces.saturating_add(packet.interface),
            fcs_length,
            sender: None,
            original_length: packet.original,
        };
        if buffered == body {
            self.check_trailer(source, block.total(), end)?;
            self.rest = Rest { bytes: block.total(), trailer: None };
        } else {
            self.pass_over(block);
        }
        self.number = record.number;
        Ok(record)
    }

    /// The fixed fields of a packet block and the interface that they name; `None` where the block
    /// is too small for them or there is no such interface.
    #[inline]
    fn packet_fields(&self, kind: u32, body: &[u8]) -> Option<(Packet, &Interface)> {
        let order = self.order;
        let mut cursor = Cursor::new(body);
        if kind == SIMPLE_PACKET {
            let original = order.u32(&mut cursor)?;
            let interface = self.interfaces.first()?;
            let captured = match interface.snap_length {
                0 => original,
                limit => original.min(limit),
            };
            return Some((
                Packet { interface: 0, time: None, captured, original, fixed: 4 },
                interface,
            ));
        }
        let number = if kind == PACKET {
            let number = u32::from(order.u16(&mut cursor)?);
            // How many packets were lost before this one.
            cursor.take(2)?;
            number
        } else {
            order.u32(&mut cursor)?
        };
        let time = Some((order.u32(&mut cursor)?, order.u32(&mut cursor)?));
        let captured = order.u32(&mut cursor)?;
        let original = order.u32(&mut cursor)?;
        let interface = self.interfaces.get(usize::try_from(number).ok()?)?;
        Some((Packet { interface: number, time, captured, original, fixed: 20 }, interface))
    }

    /// What is wrong with a packet block.
    #[cold]
    fn odd_packet(&self, block: &Block, body: &[u8]) -> String {
        let total = block.total();
        match self.packet_fields(block.kind, body) {
            Some((packet, _)) => {
                format!("a packet says that it has {} bytes in a block of {total}", packet.captured)
            }
            None if block.body < 20 && !(block.kind == SIMPLE_PACKET && block.body >= 4) => {
                format!("a packet block has only {total} bytes")
            }
            None => format!(
                "a packet names an interface that is not among the {} of its section",
                self.interfaces.len()
            ),
        }
    }

    #[cold]
    fn damaged<R: Read>(&self, source: &Source<R>, what: String) -> Error {
        Error::at(ErrorKind::Damaged(what), source.position(), self.number)
    }
}

impl Block {
    /// The total length, rounded.
    fn total(&self) -> u64 {
        self.body.saturating_add(12)
    }
}

/// A length with its padding to four bytes. Total lengths that are no multiple of four are read as
/// if their writer had left the padding out of them.
fn rounded(length: u32) -> u64 {
    u64::from(length).saturating_add(3) & !3
}

fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The length of the frame check sequence from the packet's flags, where they give one.
fn fcs_option(order: ByteOrder, options: &[u8]) -> Option<u8> {
    let (_, flags) = Options::new(order, Cursor::new(options))
        .find(|(code, value)| *code == 2 && value.len() == 4)?;
    let [.., high, low] = order.u32(&mut Cursor::new(flags))?.to_be_bytes();
    match u16::from_be_bytes([high, low]) >> 5 & 0xF {
        0 => None,
        length => u8::try_from(length).ok(),
    }
}
