//! Events of Windows (ETW) that tell of packets, connections and processes.
//!
//! Event traces (.etl) hold them, and captures of Network Monitor and Message Analyzer do. Here one
//! event's data become what it tells; whatever else Windows logs is passed over. The layouts are
//! those of the providers' manifests, checked against real traces.

mod connection;
mod fields;
mod fragment;
mod ndis;
mod packet;
mod pktmon;
mod process;
mod wfp;

use std::net::SocketAddr;
use std::num::NonZeroU32;

pub(in crate::capture) use fields::{Fields, nanoseconds};
pub(in crate::capture) use fragment::{Assembly, Joined, Key};
pub(in crate::capture) use packet::{clear_protected, ip_packet, wire_length};

/// A provider of events: its GUID as it stands in a trace.
pub(in crate::capture) type Provider = [u8; 16];

/// One event.
#[derive(Clone, Copy, Debug)]
pub(in crate::capture) struct Event<'a> {
    pub provider: Provider,
    pub id: u16,
    pub version: u8,
    pub opcode: u8,
    pub keyword: u64,
    /// The processor on which the event happened.
    pub processor: u16,
    /// The process and thread that ran at that moment.
    pub process: u32,
    pub thread: u32,
    /// Whether pointers have eight bytes and not four.
    pub wide: bool,
    /// What the provider wrote.
    pub data: &'a [u8],
}

impl<'a> Event<'a> {
    /// An event of which nothing else is known.
    fn bare(provider: Provider, id: u16, data: &'a [u8]) -> Self {
        Event {
            provider,
            id,
            version: 0,
            opcode: 0,
            keyword: 0,
            processor: 0,
            process: 0,
            thread: 0,
            wide: true,
            data,
        }
    }

    /// Whether a provider of packets wrote it.
    pub(in crate::capture) fn is_of_capture(&self) -> bool {
        matches!(self.provider, ndis::PROVIDER | ndis::WAN | pktmon::PROVIDER | wfp::PROVIDER)
    }
}

/// What an event tells.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::capture) enum Found<'a> {
    /// Nothing of use here.
    Nothing,
    /// A frame, or a part of one.
    Frame(Seen<'a>),
    /// Which process has a connection: certain.
    Connection { local: SocketAddr, remote: SocketAddr, process: NonZeroU32 },
    /// A process, the name of its program's file without the path, and when it was created
    /// (nanoseconds since 1970) where the event says it.
    Process { id: u32, name: String, created: Option<i64>, how: Told },
    /// A filter that was in force while the capture ran, in words.
    Filter(String),
    /// Packets are cut to so many bytes.
    SnapLength(u32),
    /// Events were lost: at least so many.
    Lost(u64),
    /// PktMon's description of network components or its counters: written even where no packet is.
    Components,
    /// Decrypted HTTP, from a proxy.
    DecryptedHttp,
    /// The event is too short for its layout or contradicts it.
    Malformed,
}

/// How an event tells of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) enum Told {
    /// It starts now.
    Starts,
    /// It ran when the trace began or ended.
    Runs,
    /// It ends now.
    Ends,
}

/// A frame as an event holds it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::capture) struct Seen<'a> {
    /// LINKTYPE_ value.
    pub link_type: u16,
    /// Bytes that are not in the trace and belong before `data`; empty but where only a part of the
    /// packet was logged.
    pub header: Header,
    pub data: &'a [u8],
    /// The length on the wire, where the event says it.
    pub original_length: Option<u32>,
    /// Whether the event says that the packet was cut, where it doesn't say the length.
    pub cut: bool,
    pub part: Part,
    pub direction: Direction,
    pub place: Place,
    /// Why Windows dropped the packet, where it did: PktMon's number.
    pub dropped: Option<u32>,
    /// Process, thread and processor of the event.
    pub process: u32,
    pub thread: u32,
    pub processor: u16,
}

impl Seen<'_> {
    /// Whether PktMon wrote it.
    pub(in crate::capture) fn is_of_pktmon(&self) -> bool {
        self.place.source == pktmon::SOURCE
    }

    /// The process that sent the packet. The process of an event of receiving is the one that was
    /// interrupted and means nothing.
    pub(in crate::capture) fn sender(&self) -> Option<NonZeroU32> {
        match self.direction {
            Direction::Sent => NonZeroU32::new(self.process),
            _ => None,
        }
    }
}

/// Where a packet was seen: it passes several components, and each logs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::capture) struct Place {
    /// The provider and event that tell of it.
    pub source: u8,
    /// The component of PktMon, or the index of the network interface.
    pub component: u32,
    /// The component's edge, or the index of the interface below.
    pub edge: u32,
}

/// Which part of a frame an event holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) enum Part {
    Whole,
    First,
    Middle,
    Last,
}

/// Which way a packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) enum Direction {
    Unknown,
    Sent,
    Received,
}

/// An IP header that was not logged with its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) enum Header {
    None,
    Ipv4([u8; 20]),
    Ipv6([u8; 40]),
}

impl Header {
    pub(in crate::capture) fn bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Ipv4(bytes) => bytes,
            Self::Ipv6(bytes) => bytes,
        }
    }
}

/// LINKTYPE_ values of what events hold.
mod link_type {
    pub const ETHERNET: u16 = 1;
    /// IPv4 or IPv6 without anything before it.
    pub const RAW: u16 = 101;
    pub const WLAN: u16 = 105;
}

/// A GUID as it is written to as it is stored: the first three numbers are little-endian.
const fn guid(first: u32, second: u16, third: u16, rest: [u8; 8]) -> Provider {
    let ([a, b, c, d], [e, f], [g, h]) =
        (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes());
    let [i, j, k, l, m, n, o, p] = rest;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Microsoft-PEF-WebProxy.
const WEB_PROXY: Provider =
    guid(0xa70f_f94f, 0x570b, 0x4979, [0xba, 0x5c, 0xe5, 0x9c, 0x9f, 0xea, 0xb6, 0x1b]);

/// RT_LostEvent: what a session tells of its own losses.
const LOST_EVENT: Provider =
    guid(0x6a39_9ae0, 0x4bc6, 0x4de9, [0x87, 0x0b, 0x36, 0x57, 0xf8, 0x94, 0x7e, 0x7e]);

/// What an event tells.
pub(in crate::capture) fn read<'a>(event: &Event<'a>) -> Found<'a> {
    let found = match event.provider {
        ndis::PROVIDER => ndis::read(event),
        pktmon::PROVIDER => pktmon::read(event),
        ndis::WAN => ndis::wan(event),
        wfp::PROVIDER => wfp::read(event),
        connection::TCPIP => connection::tcpip(event),
        connection::KERNEL_NETWORK => connection::kernel_network(event),
        process::KERNEL_PROCESS => process::kernel_process(event),
        process::CLASSIC => process::classic(event),
        WEB_PROXY if (2001..=2004).contains(&event.id) => Some(Found::DecryptedHttp),
        // A lost buffer or file holds at least one event.
        LOST_EVENT if (32..=34).contains(&event.opcode) => Some(Found::Lost(1)),
        _ => Some(Found::Nothing),
    };
    found.unwrap_or(Found::Malformed)
}

/// A packet of the Windows Filtering Platform's provider, its event `id` without what is around it.
pub(in crate::capture) fn filtered_packet(id: u16, data: &[u8]) -> Found<'_> {
    read(&Event::bare(wfp::PROVIDER, id, data))
}

/// The event of a process starting, ending or running that the kernel's own logger writes; its kind
/// is the lower byte of the record's hook.
pub(in crate::capture) fn kernel_process_event<'a>(
    kind: u8,
    version: u8,
    wide: bool,
    data: &'a [u8],
) -> Found<'a> {
    read(&Event {
        provider: process::CLASSIC,
        id: 0,
        version,
        opcode: kind,
        keyword: 0,
        processor: 0,
        process: 0,
        thread: 0,
        wide,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_stored_with_their_first_numbers_little_endian() {
        let stored = [
            0x6e, 0x00, 0xd6, 0x2e, 0x29, 0x47, 0x09, 0x46, 0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6,
            0x78, 0xef,
        ];
        assert_eq!(ndis::PROVIDER, stored);
    }

    #[test]
    fn events_of_other_providers_tell_nothing() {
        let event = event(WEB_PROXY, 1, &[]);
        assert_eq!(read(&event), Found::Nothing);
        assert_eq!(read(&Event { id: 2001, ..event }), Found::DecryptedHttp);
    }

    /// An event with nothing but what a test gives.
    pub(super) fn event(provider: Provider, id: u16, data: &[u8]) -> Event<'_> {
        Event::bare(provider, id, data)
    }

    /// Bytes from spaced hex.
    #[allow(clippy::string_slice, reason = "a panic in a test is the test failing")]
    pub(super) fn hex(text: &str) -> Vec<u8> {
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let pairs = (0..digits.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(&digits[at..at.saturating_add(2)], 16).unwrap()).collect()
    }
}
