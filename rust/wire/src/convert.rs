//! Any capture to pcapng, which other programs read: the same frames in the same order, with the
//! same numbers.

use std::io::{self, Read, Write};

use hashbrown::HashMap;

use crate::capture::{CaptureReader, Frame, Place, Processes, Transport};
use crate::error::{Error, ErrorKind};
use crate::packet::{self, Fragments, Packet, Scratch};

/// What ended a conversion too early.
#[derive(Debug)]
pub enum Failure {
    /// The capture, which could not be read on, and the frames before that: they have been written.
    Capture(Error, u64),
    /// The place that it is written to.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// What an interface of the result stands for: the capture, its interface, link type, length of the
/// check sequence, and whether its times are before 1970.
type Interface = (u32, u32, u16, u8, bool);

/// Writes captures one after the other into one pcapng file.
pub struct Converter<W: Write> {
    out: W,
    interfaces: HashMap<Interface, u32>,
    captures: u32,
    body: Vec<u8>,
}

/// Frames after which the caller is asked whether to go on.
const FRAMES_A_QUESTION: u64 = 4_096;

/// Seconds by which times before 1970 are moved, so that they are no negative numbers: to the
/// earliest one that there can be.
const OFFSET: i64 = -9_223_372_037;

mod block {
    pub const SECTION_HEADER: u32 = 0x0A0D_0D0A;
    pub const INTERFACE: u32 = 1;
    pub const PACKET: u32 = 6;
    /// A block of somebody's own. Wireshark lists it, so it takes a number.
    pub const CUSTOM: u32 = 0x0000_0BAD;
}

mod option {
    pub const END: u16 = 0;
    pub const COMMENT: u16 = 1;
    pub const APPLICATION: u16 = 4;
    pub const TIME_RESOLUTION: u16 = 9;
    pub const FCS_LENGTH: u16 = 13;
    pub const TIME_OFFSET: u16 = 14;
}

/// The enterprise number for examples (RFC 5612).
const EXAMPLE: u32 = 32_473;

impl<W: Write> Converter<W> {
    /// Begins the file.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn new(out: W) -> io::Result<Self> {
        let mut converter = Self { out, interfaces: HashMap::new(), captures: 0, body: Vec::new() };
        converter.number32(0x1A2B_3C4D);
        // Version 1.0, of unknown length.
        converter.body.extend([1, 0, 0, 0]);
        converter.body.extend([0xFF; 8]);
        let program = concat!("tlsaudit ", env!("CARGO_PKG_VERSION"));
        converter.option(option::APPLICATION, program.as_bytes());
        converter.option(option::END, &[]);
        converter.block(block::SECTION_HEADER)?;
        Ok(converter)
    }

    /// Adds all frames of a capture and says how many there were. `go_on` is asked now and then
    /// whether more are wanted.
    ///
    /// # Errors
    ///
    /// When the capture is cut or damaged or the output cannot be written. Cancelled when no more
    /// are wanted.
    pub fn add<R: Read>(
        &mut self,
        reader: &mut CaptureReader<R>,
        go_on: &mut impl FnMut() -> bool,
    ) -> Result<u64, Failure> {
        self.captures = self.captures.saturating_add(1);
        let mut named = Named::new(reader.take_processes());
        let (mut frames, mut number) = (0_u64, 0_u64);
        loop {
            if frames % FRAMES_A_QUESTION == 0 && !go_on() {
                return Err(Failure::Capture(Error::new(ErrorKind::Cancelled), frames));
            }
            let next = reader.next_frame().map_err(|error| Failure::Capture(error, frames))?;
            let Some(frame) = next else { break };
            number = number.saturating_add(1);
            while number < frame.number {
                self.nothing()?;
                number = number.saturating_add(1);
            }
            self.frame(&frame, named.comment(&frame))?;
            frames = frames.saturating_add(1);
        }
        Ok(frames)
    }

    /// Writes what is still held.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn frame(&mut self, frame: &Frame<'_>, comment: Option<String>) -> io::Result<()> {
        let before_1970 = frame.ts.is_some_and(|ts| ts < 0);
        let key = (self.captures, frame.interface, frame.link_type, frame.fcs_length, before_1970);
        let interface = match self.interfaces.get(&key) {
            Some(interface) => *interface,
            None => self.interface(key)?,
        };
        // A frame without a time gets one that no clock shows, and that cannot be read back.
        let ts = frame.ts.map_or(u64::MAX, |ts| {
            let offset = if before_1970 { i128::from(OFFSET) } else { 0 };
            let moved = i128::from(ts).saturating_sub(offset.saturating_mul(1_000_000_000));
            u64::try_from(moved).unwrap_or(u64::MAX)
        });
        let captured = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
        self.number32(interface);
        self.number32(u32::try_from(ts >> 32).unwrap_or(u32::MAX));
        self.number32(u32::try_from(ts & u64::from(u32::MAX)).unwrap_or(u32::MAX));
        self.number32(captured);
        self.number32(frame.original_length.max(captured));
        self.body.extend_from_slice(frame.data);
        self.pad();
        if let Some(comment) = comment {
            self.option(option::COMMENT, comment.as_bytes());
            self.option(option::END, &[]);
        }
        self.block(block::PACKET)
    }

    /// Describes an interface and gives its number.
    #[cold]
    fn interface(&mut self, key: Interface) -> io::Result<u32> {
        let number = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        let (_, _, link_type, fcs_length, before_1970) = key;
        self.body.extend(link_type.to_le_bytes());
        self.body.extend([0; 6]);
        // Nanoseconds: ten to the power of minus nine.
        self.option(option::TIME_RESOLUTION, &[9]);
        if fcs_length > 0 {
            self.option(option::FCS_LENGTH, &[fcs_length]);
        }
        if before_1970 {
            self.option(option::TIME_OFFSET, &OFFSET.to_le_bytes());
        }
        self.option(option::END, &[]);
        self.block(block::INTERFACE)?;
        self.interfaces.insert(key, number);
        Ok(number)
    }

    /// A record that takes a number and holds no packet.
    #[cold]
    fn nothing(&mut self) -> io::Result<()> {
        self.number32(EXAMPLE);
        self.body.extend(b"here the capture has a record without a packet");
        self.pad();
        self.block(block::CUSTOM)
    }

    fn number32(&mut self, number: u32) {
        self.body.extend(number.to_le_bytes());
    }

    fn pad(&mut self) {
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        self.body.extend(code.to_le_bytes());
        self.body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.body.extend_from_slice(value);
        self.pad();
    }

    /// Writes what was gathered as a block.
    fn block(&mut self, kind: u32) -> io::Result<()> {
        let length = u32::try_from(self.body.len()).unwrap_or(u32::MAX).saturating_add(12);
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&self.body)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.body.clear();
        Ok(())
    }
}

/// What packets belong to, as far as the capture tells of processes.
struct Named {
    processes: Processes,
    fragments: Fragments,
    scratch: Scratch,
}

impl Named {
    fn new(processes: Processes) -> Self {
        Self { processes, fragments: Fragments::default(), scratch: Scratch::default() }
    }

    /// The process of a packet, in words.
    fn comment(&mut self, frame: &Frame<'_>) -> Option<String> {
        if !self.processes.is_empty() {
            if let Some((source, destination, transport)) = self.ends(frame) {
                let found = self
                    .processes
                    .of(source, destination, frame.ts, transport)
                    .or_else(|| self.processes.of(destination, source, frame.ts, transport));
                if let Some(process) = found {
                    let basis = process.basis.name();
                    let name = process.name.as_deref();
                    return Some(format!("{} ({basis})", words(process.pid, name)));
                }
            }
        }
        let sender = frame.sender?.get();
        Some(format!("{} (sender)", words(sender, self.processes.name(sender, frame.ts))))
    }

    /// Both ends of a packet of TCP or UDP.
    fn ends(&mut self, frame: &Frame<'_>) -> Option<(Place, Place, Transport)> {
        match packet::decode(frame, &mut self.fragments, &mut self.scratch, &mut |_| {}) {
            Packet::Tcp(segment) => Some((
                (segment.source, segment.source_port),
                (segment.destination, segment.destination_port),
                Transport::Tcp,
            )),
            Packet::Udp(datagram) => Some((
                (datagram.source, datagram.source_port),
                (datagram.destination, datagram.destination_port),
                Transport::Udp,
            )),
            _ => None,
        }
    }
}

/// A process and the name of its program, in which nothing is left that a terminal obeys.
fn words(pid: u32, name: Option<&str>) -> String {
    match name {
        Some(name) => {
            let name: String =
                name.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
            format!("process {pid}, {name}")
        }
        None => format!("process {pid}"),
    }
}
