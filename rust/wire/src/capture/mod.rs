//! The bytes of a file to frames: pcap, pcapng, snoop, Network Monitor, Message Analyzer,
//! compressed or not, recognised by content.
//!
//! [`CaptureReader`] reads from anything that is [`Read`], forwards only, in blocks into one
//! buffer, and gives each frame where it lies in it. Everything that can be read before a cut or
//! a damaged place is given first; then comes the error.

use std::io::Read;
use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, SyncSender};

use crate::error::Error;

mod about;
mod ahead;
mod archive;
mod byte_order;
mod compression;
mod detect;
mod etl;
mod etw;
mod events;
mod foreign;
mod input;
mod matp;
mod netmon;
mod pcap;
mod pcap_variant;
mod pcapng;
mod pcapng_interface;
mod prepared;
mod processes;
mod repeats;
mod snoop;
mod source;

pub use about::About;
pub(crate) use about::add;
use ahead::Ahead;
pub use ahead::Batch;
use compression::Bounds;
pub use compression::Compression;
use pcap::Pcap;
use pcapng::Pcapng;
use prepared::Prepared;
pub use processes::{Basis, Place, Process, Processes, Transport};
use snoop::Snoop;
use source::Source;

/// One packet as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number, from 1, as Wireshark counts (`frame.number`). Records of pcapng and Network
    /// Monitor that hold no packet but that Wireshark lists take a number too, so numbers can have
    /// gaps.
    pub number: u64,
    /// Nanoseconds since 1970, UTC. `None` where the capture holds no time or one beyond the range.
    pub ts: Option<i64>,
    /// LINKTYPE_ value: what `data` begins with. The bits above it, which some captures use for the
    /// length of the frame check sequence, are masked off.
    pub link_type: u16,
    /// The interface, counted from 0 through the whole file, all sections of it.
    pub interface: u32,
    /// Bytes of frame check sequence at the end of `data`, 0 where unknown or none.
    pub fcs_length: u8,
    /// The process whose thread handed the packet over to be sent. `None` where the capture does
    /// not tell it, and for packets that were received: what runs then has nothing to do with them.
    pub sender: Option<NonZeroU32>,
    /// What was captured. Valid until the next frame is asked for.
    pub data: &'a [u8],
    /// Its length on the wire. More than `data` where the capture was limited to a snap length;
    /// some captures say less.
    pub original_length: u32,
}

/// The format of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// pcap with all its variants.
    Pcap,
    /// pcapng.
    Pcapng,
    /// Microsoft Network Monitor, 1.x and 2.x.
    NetMon,
    /// Microsoft Message Analyzer, `.matp`.
    MessageAnalyzer,
    /// snoop, RFC 1761.
    Snoop,
    /// An event trace of Windows.
    Etl,
}

impl Format {
    /// The name that tables use: `pcap`, `pcapng`, `netmon`, `matp`, `snoop`, `etl`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::NetMon => "netmon",
            Self::MessageAnalyzer => "matp",
            Self::Snoop => "snoop",
            Self::Etl => "etl",
        }
    }
}

/// Reads a capture frame by frame.
pub struct CaptureReader<R: Read> {
    source: Source<R>,
    body: Body,
    over: bool,
}

/// What tells the formats apart after the first bytes.
enum Body {
    Pcap(Pcap),
    Pcapng(Pcapng),
    /// Any format that was read as a whole first.
    Prepared(Format, Box<Prepared>),
    Snoop(Snoop),
}

impl<R: Read> CaptureReader<R> {
    /// Begins to read: finds out about compression and format, and reads the file's header.
    ///
    /// # Errors
    ///
    /// When the bytes are no capture or of a format that is not read (with what they seem to be and
    /// what to do), when there are none, or when `source` cannot be read. An [`std::io::Error`]
    /// that carries [`crate::error::Cancelled`] ends the reading as cancelled; interruptions are
    /// retried.
    pub fn open(source: R) -> Result<Self, Error> {
        Self::open_unpacking(source, None)
    }

    /// The same, with another bound on what a compressed file may unpack to: so many bytes, in
    /// place of [`crate::limits::MAX_UNPACKED`] and [`crate::limits::MAX_UNPACKED_RATIO`].
    ///
    /// # Errors
    ///
    /// As [`CaptureReader::open`].
    pub fn open_unpacking(source: R, max_unpacked: Option<u64>) -> Result<Self, Error> {
        let mut source = Source::open(source, Bounds::new(max_unpacked))?;
        let body = detect::open(&mut source)?;
        Ok(Self { source, body, over: false })
    }

    /// The format of the capture in `source`, by its first bytes alone; `None` where it is none that
    /// is read, or cannot be read.
    #[must_use]
    pub fn recognise(source: R) -> Option<Format> {
        let mut source = Source::open(source, Bounds::new(None)).ok()?;
        detect::format(&mut source)
    }

    /// The next frame, `None` at the end of the capture.
    ///
    /// # Errors
    ///
    /// When the file is cut or damaged here, or cannot be read on. After an error there are no more
    /// frames.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        let Some(record) = self.next_record()? else { return Ok(None) };
        let data = self.source.window().get(record.skip..record.end).unwrap_or_default();
        Ok(Some(record.frame(data)))
    }

    /// Sends all frames to another thread, in batches; `spares` brings the used ones back. Whatever
    /// has been found is sent before the source is asked for more.
    ///
    /// # Errors
    ///
    /// As [`CaptureReader::next_frame`]; what was found before has been sent. Cancelled when nobody
    /// takes batches any more.
    pub fn send_frames(
        &mut self,
        batches: SyncSender<Batch>,
        spares: Receiver<Batch>,
    ) -> Result<(), Error> {
        self.source.read_ahead(Some(Ahead::new(batches, spares)));
        let outcome = loop {
            match self.next_record() {
                Ok(Some(record)) => self.source.gather(record),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let handed_over = self.source.hand_over().map_err(Error::new);
        // No more come: the other thread learns it by the end of the channel.
        self.source.read_ahead(None);
        outcome.and(handed_over)
    }

    #[inline(always)]
    fn next_record(&mut self) -> Result<Option<Record>, Error> {
        if self.over {
            return Ok(None);
        }
        let next = match &mut self.body {
            Body::Pcap(pcap) => pcap.next(&mut self.source),
            Body::Pcapng(pcapng) => pcapng.next(&mut self.source),
            Body::Prepared(_, prepared) => prepared.next(&mut self.source),
            Body::Snoop(snoop) => snoop.next(&mut self.source),
        };
        self.over = !matches!(next, Ok(Some(_)));
        next
    }

    /// The format of the capture.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.body {
            Body::Pcap(_) => Format::Pcap,
            Body::Pcapng(_) => Format::Pcapng,
            Body::Prepared(format, _) => format,
            Body::Snoop(_) => Format::Snoop,
        }
    }

    /// How the file is compressed; `None` where it is not.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        self.source.compression()
    }

    /// Bytes of the file that have been read, counted as they are stored: compressed ones if it is
    /// compressed.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.source.stored()
    }

    /// Frame numbers taken so far; more than frames where a record without a packet has one.
    #[must_use]
    pub fn frame_numbers(&self) -> u64 {
        match &self.body {
            Body::Pcap(pcap) => pcap.frame_numbers(),
            Body::Pcapng(pcapng) => pcapng.frame_numbers(),
            Body::Prepared(_, prepared) => prepared.frame_numbers(),
            Body::Snoop(snoop) => snoop.frame_numbers(),
        }
    }

    /// Interfaces described so far; only pcapng files have more than one.
    #[must_use]
    pub fn interface_count(&self) -> u32 {
        match &self.body {
            Body::Pcap(_) | Body::Snoop(_) => 1,
            Body::Pcapng(pcapng) => pcapng.interface_count(),
            Body::Prepared(_, prepared) => prepared.interface_count(),
        }
    }

    /// Takes out what the capture tells of processes; complete from the start.
    pub fn take_processes(&mut self) -> Processes {
        match &mut self.body {
            Body::Prepared(_, prepared) => std::mem::take(&mut prepared.about.processes),
            Body::Pcap(_) | Body::Pcapng(_) | Body::Snoop(_) => Processes::default(),
        }
    }

    /// Takes out what the capture tells of itself; complete after the last frame.
    pub fn take_about(&mut self) -> About {
        match &mut self.body {
            Body::Prepared(_, prepared) => std::mem::take(&mut prepared.about),
            Body::Pcapng(pcapng) => {
                About { frames_repeated: pcapng.frames_repeated(), ..About::default() }
            }
            Body::Pcap(_) | Body::Snoop(_) => About::default(),
        }
    }
}

/// A frame whose bytes are still where they were read: `skip..end` of the window.
#[derive(Clone, Copy)]
struct Record {
    skip: usize,
    end: usize,
    number: u64,
    ts: Option<i64>,
    link_type: u16,
    interface: u32,
    fcs_length: u8,
    sender: Option<NonZeroU32>,
    original_length: u32,
}

impl Record {
    #[inline]
    fn frame(self, data: &[u8]) -> Frame<'_> {
        Frame {
            number: self.number,
            ts: self.ts,
            link_type: self.link_type,
            interface: self.interface,
            fcs_length: self.fcs_length,
            sender: self.sender,
            data,
            original_length: self.original_length,
        }
    }
}

/// LINKTYPE_ values of links that formats other than pcap have numbers of their own for.
mod link_type {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    pub(super) const TOKEN_RING: u16 = 6;
    pub(super) const FDDI: u16 = 10;
    pub(super) const ATM_RFC1483: u16 = 100;
    pub(super) const RAW: u16 = 101;
    pub(super) const WLAN: u16 = 105;
    pub(super) const IP_OVER_FC: u16 = 122;
    pub(super) const SUN_ATM: u16 = 123;
    pub(super) const IPNET: u16 = 226;
}

/// The largest packet that is believed on a link, as Wireshark has it.
fn max_packet(link_type: u16) -> u32 {
    /// D-Bus, USBPcap and Elektrobit carry transfers, not packets.
    const TRANSFERS: [u16; 3] = [231, 249, 279];
    if TRANSFERS.contains(&link_type) {
        crate::limits::MAX_TRANSFER_LENGTH
    } else {
        crate::limits::MAX_PACKET_LENGTH
    }
}
