//! Writes captures for tests, in both byte orders, well-formed unless told otherwise.

use std::io::Read;
use std::num::NonZeroU32;

use tlsaudit_wire::capture::{CaptureReader, Format};
use tlsaudit_wire::error::{Error, ErrorKind};

/// The byte order of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

/// Both, for tests that hold in both.
pub const ORDERS: [Order; 2] = [Order::Little, Order::Big];

impl Order {
    pub fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u64(self, value: u64) -> [u8; 8] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// Numbers of four bytes one after the other.
    pub fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }
}

/// A pcap file header; version 2.4 and snap length 262144.
pub fn pcap_header(order: Order, magic: u32, network: u32) -> Vec<u8> {
    pcap_header_of(order, magic, (2, 4), 262_144, network)
}

/// A pcap file header with any version and snap length.
pub fn pcap_header_of(
    order: Order,
    magic: u32,
    (major, minor): (u16, u16),
    snap_length: u32,
    network: u32,
) -> Vec<u8> {
    let mut bytes = order.u32(magic).to_vec();
    bytes.extend(order.u16(major));
    bytes.extend(order.u16(minor));
    bytes.extend(order.words(&[0, 0, snap_length, network]));
    bytes
}

/// A packet of a pcap file, `original` bytes long on the wire.
pub fn pcap_packet(
    order: Order,
    (seconds, fraction): (u32, u32),
    data: &[u8],
    original: u32,
) -> Vec<u8> {
    let mut bytes = order.words(&[seconds, fraction, length(data), original]);
    bytes.extend(data);
    bytes
}

/// A pcapng block; `body` is padded.
pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(body.len().next_multiple_of(4), 0);
    let total = length(&padded) + 12;
    let mut bytes = order.words(&[kind, total]);
    bytes.extend(padded);
    bytes.extend(order.u32(total));
    bytes
}

/// A section header of unknown length.
pub fn section(order: Order) -> Vec<u8> {
    section_of(order, 1, u64::MAX)
}

/// A section header of any version and length.
pub fn section_of(order: Order, major: u16, section_length: u64) -> Vec<u8> {
    let mut body = order.u32(0x1A2B_3C4D).to_vec();
    body.extend(order.u16(major));
    body.extend(order.u16(0));
    body.extend(order.u64(section_length));
    block(order, 0x0A0D_0D0A, &body)
}

/// An interface description.
pub fn interface(order: Order, link_type: u16, snap_length: u32, options: &[u8]) -> Vec<u8> {
    let mut body = order.u16(link_type).to_vec();
    body.extend([0, 0]);
    body.extend(order.u32(snap_length));
    body.extend(options);
    block(order, 1, &body)
}

/// An option with its padding.
pub fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = order.u16(code).to_vec();
    bytes.extend(order.u16(u16::try_from(value.len()).unwrap()));
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An enhanced packet block.
pub fn enhanced(order: Order, interface: u32, count: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
    let (high, low) = halves(count);
    let mut body = order.words(&[interface, high, low, length(data), length(data)]);
    body.extend(data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(order, 6, &body)
}

/// A simple packet block whose packet was `original` bytes long.
pub fn simple(order: Order, data: &[u8], original: u32) -> Vec<u8> {
    let mut body = order.u32(original).to_vec();
    body.extend(data);
    block(order, 3, &body)
}

/// An obsolete packet block.
pub fn obsolete(order: Order, interface: u16, count: u64, data: &[u8]) -> Vec<u8> {
    let (high, low) = halves(count);
    let mut body = order.u16(interface).to_vec();
    body.extend(order.u16(0xFFFF));
    body.extend(order.words(&[high, low, length(data), length(data)]));
    body.extend(data);
    block(order, 2, &body)
}

fn halves(count: u64) -> (u32, u32) {
    (u32::try_from(count >> 32).unwrap(), u32::try_from(count & 0xFFFF_FFFF).unwrap())
}

/// The length as captures write it.
pub fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap()
}

/// A [`tlsaudit_wire::capture::Frame`] that owns its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFrame {
    pub number: u64,
    pub ts: Option<i64>,
    pub link_type: u16,
    pub interface: u32,
    pub fcs_length: u8,
    pub sender: Option<NonZeroU32>,
    pub data: Vec<u8>,
    pub original_length: u32,
}

/// What a reader gave: its frames, and the error that ended them.
#[derive(Debug)]
pub struct Outcome {
    pub frames: Vec<OwnedFrame>,
    pub error: Option<Error>,
    pub format: Option<Format>,
    pub compression: Option<&'static str>,
    pub bytes_read: u64,
    pub interfaces: u32,
}

impl Outcome {
    /// The frames of a capture without an error.
    pub fn clean(self) -> Vec<OwnedFrame> {
        assert!(self.error.is_none(), "{:?}", self.error);
        self.frames
    }

    /// The name of the error's kind, `None` without one.
    pub fn error_name(&self) -> Option<&'static str> {
        self.error.as_ref().map(Error::name)
    }

    /// The whole sentence of the error.
    pub fn sentence(&self) -> String {
        self.error.as_ref().map(Error::to_string).unwrap_or_default()
    }

    /// The kind of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.error.as_ref().unwrap().kind
    }
}

/// Reads all frames. After an error there must be no more.
pub fn read(source: impl Read) -> Outcome {
    let mut frames = Vec::new();
    let mut reader = match CaptureReader::open(source) {
        Ok(reader) => reader,
        Err(error) => {
            return Outcome {
                frames,
                error: Some(error),
                format: None,
                compression: None,
                bytes_read: 0,
                interfaces: 0,
            };
        }
    };
    let error = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => frames.push(OwnedFrame {
                number: frame.number,
                ts: frame.ts,
                link_type: frame.link_type,
                interface: frame.interface,
                fcs_length: frame.fcs_length,
                sender: frame.sender,
                data: frame.data.to_vec(),
                original_length: frame.original_length,
            }),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(matches!(reader.next_frame(), Ok(None)), "frames after the end");
    Outcome {
        frames,
        error,
        format: Some(reader.format()),
        compression: reader.compression().map(tlsaudit_wire::capture::Compression::name),
        bytes_read: reader.bytes_read(),
        interfaces: reader.interface_count(),
    }
}
