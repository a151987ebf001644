//! The same frame to this reader and to `etherparse`, packet by packet. Where the two may differ
//! there is a branch with its reason; everything else must be equal.

use std::net::{IpAddr, SocketAddr};

use etherparse::err::Layer;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use tlsaudit_wire::capture::Frame;
use tlsaudit_wire::packet::{self, Fragments, Mention, Outer, Packet, Scratch};

use crate::{cases, frames_of_samples};

const ETHERNET: u16 = 1;
const RAW_IP: u16 = 101;

/// What `etherparse` makes of a frame.
#[derive(Debug)]
enum Seen<'a> {
    Tcp(Ends, TcpFields, &'a [u8]),
    Udp(Ends, &'a [u8]),
    /// A TCP header that goes on behind the captured bytes.
    CutTcp,
    /// Something inside IP that is left as it is.
    Inside(IpAddr, IpAddr, u8),
    /// `etherparse` gives up, or knows nothing of it: this reader may go on.
    Lost,
    /// One fragment of several.
    Fragment,
    /// No packet, and this reader must find none either.
    Nothing,
}

type Ends = (SocketAddr, SocketAddr);

#[derive(Debug, PartialEq)]
struct TcpFields {
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
}

/// Numbers of IP that are no upper layer: `etherparse` knows some of them, and some in version 6
/// only.
const EXTENSIONS: [u8; 8] = [0, 43, 44, 51, 60, 135, 139, 140];

fn seen(link_type: u16, data: &[u8]) -> Seen<'_> {
    let sliced = if link_type == RAW_IP {
        match LaxSlicedPacket::from_ip(data) {
            Ok(sliced) => sliced,
            Err(_) => return Seen::Nothing,
        }
    } else {
        match LaxSlicedPacket::from_ethernet(data) {
            Ok(sliced) => sliced,
            Err(_) => return Seen::Nothing,
        }
    };
    let (source, destination, payload): (IpAddr, IpAddr, _) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let total = usize::from(ip.header().total_len());
            if (1..ip.header().slice().len()).contains(&total) {
                // It says that it is shorter than its header: etherparse takes what is there.
                return Seen::Nothing;
            }
            let (source, destination) = (ip.header().source_addr(), ip.header().destination_addr());
            (source.into(), destination.into(), ip.payload())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let (source, destination) = (ip.header().source_addr(), ip.header().destination_addr());
            (source.into(), destination.into(), ip.payload())
        }
        Some(LaxNetSlice::Arp(_)) => return Seen::Nothing,
        // A link layer that etherparse does not know, or a header that was cut.
        None if matches!(
            sliced.stop_err,
            Some((_, Layer::IpHeader | Layer::Ipv4Header | Layer::Ipv6Header))
        ) =>
        {
            return Seen::Nothing;
        }
        None => return Seen::Lost,
    };
    if payload.fragmented {
        return Seen::Fragment;
    }
    match (&sliced.transport, &sliced.stop_err) {
        (Some(TransportSlice::Tcp(tcp)), _) => {
            let fields = TcpFields {
                sequence: tcp.sequence_number(),
                acknowledgement: tcp.acknowledgment_number(),
                flags: tcp.header_slice()[13],
            };
            let ends = (
                SocketAddr::new(source, tcp.source_port()),
                SocketAddr::new(destination, tcp.destination_port()),
            );
            Seen::Tcp(ends, fields, tcp.payload())
        }
        (Some(TransportSlice::Udp(udp)), _) => {
            if (1..8).contains(&udp.length()) {
                // It says that it is shorter than its header: etherparse takes what is there.
                return Seen::Nothing;
            }
            let ends = (
                SocketAddr::new(source, udp.source_port()),
                SocketAddr::new(destination, udp.destination_port()),
            );
            Seen::Udp(ends, udp.payload())
        }
        (Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)), _) => Seen::Nothing,
        // The options of TCP go on behind what was captured.
        (None, Some((_, Layer::TcpHeader))) if payload.payload.len() >= 20 => Seen::CutTcp,
        (None, Some((_, Layer::TcpHeader | Layer::UdpHeader | Layer::Icmpv4 | Layer::Icmpv6))) => {
            Seen::Nothing
        }
        // A header of options that etherparse wants elsewhere, or in another length.
        (None, Some(_)) => Seen::Lost,
        (None, None) if EXTENSIONS.contains(&payload.ip_number.0) => Seen::Lost,
        (None, None) => Seen::Inside(source, destination, payload.ip_number.0),
    }
}

/// Which branch was taken, so that a test can tell that none stands for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Branch {
    Tcp,
    Udp,
    Tunnel,
    Fragment,
    Nothing,
    Lost,
}

fn compare(frame: &Frame<'_>, fragments: &mut Fragments) -> Result<Branch, TestCaseError> {
    let mut scratch = Scratch::default();
    let mut mentioned = Vec::new();
    let ours =
        packet::decode(frame, fragments, &mut scratch, &mut |mention| mentioned.push(mention));
    match (seen(frame.link_type, frame.data), ours) {
        (Seen::Tcp(ends, fields, payload), Packet::Tcp(segment)) => {
            prop_assert!(segment.outer.is_none());
            prop_assert_eq!(
                ends,
                (
                    SocketAddr::new(segment.source, segment.source_port),
                    SocketAddr::new(segment.destination, segment.destination_port),
                )
            );
            prop_assert_eq!(
                fields,
                TcpFields {
                    sequence: segment.sequence,
                    acknowledgement: segment.acknowledgement,
                    flags: segment.flags.0,
                }
            );
            prop_assert_eq!(payload, segment.payload);
            Ok(Branch::Tcp)
        }
        (Seen::CutTcp, Packet::Tcp(segment)) => {
            // This reader knows ports, flags and length without the options.
            prop_assert!(segment.payload.is_empty());
            Ok(Branch::Tcp)
        }
        // Nor were they sent, by the length of the packet.
        (Seen::CutTcp, Packet::Other) => Ok(Branch::Nothing),
        (Seen::Udp(ends, payload), Packet::Udp(datagram)) if datagram.outer.is_none() => {
            prop_assert_eq!(
                ends,
                (
                    SocketAddr::new(datagram.source, datagram.source_port),
                    SocketAddr::new(datagram.destination, datagram.destination_port),
                )
            );
            prop_assert_eq!(payload, datagram.payload);
            Ok(Branch::Udp)
        }
        // A tunnel: etherparse stops at its datagram, which this reader mentions.
        (Seen::Udp(ends, _), ours) => {
            let mention =
                Mention { is_tcp: false, source: pair(ends.0), destination: pair(ends.1) };
            prop_assert_eq!(mentioned.first(), Some(&mention), "{:?}", ours);
            Ok(Branch::Tunnel)
        }
        // IP in IP and GRE: etherparse stops at the packet around.
        (Seen::Inside(source, destination, number), ours) => {
            match ours {
                Packet::Tcp(packet::Segment { outer, .. })
                | Packet::Udp(packet::Datagram { outer, .. }) => {
                    prop_assert!(matches!(number, 4 | 41 | 47), "{}", number);
                    prop_assert_eq!(outer.map(ends), Some((source, destination)));
                    return Ok(Branch::Tunnel);
                }
                Packet::Opaque | Packet::TooDeep | Packet::Other => {}
                Packet::Eapol(_) | Packet::UnknownLink => prop_assert!(false, "{:?}", ours),
            }
            Ok(Branch::Nothing)
        }
        // etherparse does not put fragments together; one alone is no packet.
        (Seen::Fragment, _) => Ok(Branch::Fragment),
        (Seen::Lost, _) => Ok(Branch::Lost),
        (Seen::Nothing, ours) => {
            prop_assert!(matches!(ours, Packet::Other), "{:?}", ours);
            Ok(Branch::Nothing)
        }
        (seen, ours) => Err(TestCaseError::fail(format!("{seen:?} became {ours:?}"))),
    }
}

fn pair(end: SocketAddr) -> (IpAddr, u16) {
    (end.ip(), end.port())
}

fn ends(outer: &Outer) -> (IpAddr, IpAddr) {
    (outer.source, outer.destination)
}

/// One made frame.
#[derive(Clone, Debug)]
struct Made {
    raw: bool,
    tags: Vec<(u16, u16)>,
    six: bool,
    /// Words of options in version 4, headers in version 6.
    options: Vec<(u8, u8)>,
    fragment: u16,
    transport: Transport,
    length_off_by: i16,
    trailer: usize,
}

#[derive(Clone, Debug)]
enum Transport {
    Tcp { ports: (u16, u16), numbers: (u32, u32), flags: u8, options: u8, payload: Vec<u8> },
    Udp { ports: (u16, u16), length_off_by: i16, payload: Vec<u8> },
    Other { number: u8, payload: Vec<u8> },
}

impl Transport {
    fn number(&self) -> u8 {
        match self {
            Self::Tcp { .. } => 6,
            Self::Udp { .. } => 17,
            Self::Other { number, .. } => *number,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Tcp { ports, numbers, flags, options, payload } => {
                bytes.extend(ports.0.to_be_bytes());
                bytes.extend(ports.1.to_be_bytes());
                bytes.extend(numbers.0.to_be_bytes());
                bytes.extend(numbers.1.to_be_bytes());
                bytes.extend([(5 + options) << 4, *flags, 0x20, 0, 0, 0, 0, 0]);
                bytes.resize(bytes.len() + usize::from(*options) * 4, 1);
                bytes.extend(payload);
            }
            Self::Udp { ports, length_off_by, payload } => {
                bytes.extend(ports.0.to_be_bytes());
                bytes.extend(ports.1.to_be_bytes());
                let length = (payload.len() as u16 + 8).saturating_add_signed(*length_off_by);
                bytes.extend(length.to_be_bytes());
                bytes.extend([0, 0]);
                bytes.extend(payload);
            }
            Self::Other { payload, .. } => bytes.extend(payload),
        }
        bytes
    }
}

impl Made {
    fn bytes(&self) -> Vec<u8> {
        let mut frame = Vec::new();
        if !self.raw {
            frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
            for (kind, tag) in &self.tags {
                frame.extend(kind.to_be_bytes());
                frame.extend(tag.to_be_bytes());
            }
            frame.extend(if self.six { [0x86, 0xDD] } else { [0x08, 0x00] });
        }
        let inner = self.transport.bytes();
        if self.six {
            let mut following = self.transport.number();
            let mut headers = Vec::new();
            for (kind, units) in self.options.iter().rev() {
                let header = extension(*kind, following, *units, self.fragment);
                headers.splice(0..0, header);
                following = *kind;
            }
            let length = (headers.len() + inner.len()) as u16;
            frame.extend([0x60, 0, 0, 0]);
            frame.extend(length.saturating_add_signed(self.length_off_by).to_be_bytes());
            frame.extend([following, 64]);
            frame.extend([0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            frame.extend([0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
            frame.extend(headers);
        } else {
            let words = self.options.len() as u8;
            let length = (20 + usize::from(words) * 4 + inner.len()) as u16;
            frame.extend([0x45 + words, 0]);
            frame.extend(length.saturating_add_signed(self.length_off_by).to_be_bytes());
            frame.extend([0x12, 0x34]);
            frame.extend(self.fragment.to_be_bytes());
            frame.extend([64, self.transport.number(), 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
            frame.resize(frame.len() + usize::from(words) * 4, 1);
        }
        frame.extend(inner);
        frame.resize(frame.len() + self.trailer, 0);
        frame
    }
}

/// A header of options in version 6, and the authentication header.
fn extension(kind: u8, following: u8, units: u8, fragment: u16) -> Vec<u8> {
    let mut header = vec![following, units];
    match kind {
        44 => {
            header[1] = 0;
            header.extend(fragment.to_be_bytes());
            header.extend([0, 0, 0, 7]);
        }
        51 => {
            // In words, without the first two; etherparse wants one at least.
            header[1] = units + 1;
            header.resize((usize::from(units) + 3) * 4, 0);
        }
        _ => header.resize((usize::from(units) + 1) * 8, 0),
    }
    header
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..60)
}

/// Mostly right, now and then not.
fn off_by() -> impl Strategy<Value = i16> {
    prop_oneof![8 => Just(0), 1 => -40..40_i16, 1 => Just(-30_000_i16)]
}

fn transport() -> impl Strategy<Value = Transport> {
    let ports = (any::<u16>(), any::<u16>());
    prop_oneof![
        6 => (ports, any::<(u32, u32)>(), any::<u8>(), 0..11_u8, payload()).prop_map(
            |(ports, numbers, flags, options, payload)| Transport::Tcp {
                ports, numbers, flags, options, payload
            }
        ),
        3 => (ports, off_by(), payload()).prop_map(|(ports, length_off_by, payload)| {
            Transport::Udp { ports, length_off_by, payload }
        }),
        1 => (any::<u8>(), payload())
            .prop_map(|(number, payload)| Transport::Other { number, payload }),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let tag = prop_oneof![Just(0x8100_u16), Just(0x88A8), Just(0x9100)];
    let option = prop_oneof![Just(0_u8), Just(43), Just(44), Just(51), Just(60), Just(135)];
    (
        any::<bool>(),
        vec((tag, any::<u16>()), 0..4),
        any::<bool>(),
        vec((option, 0..3_u8), 0..4),
        prop_oneof![6 => Just(0_u16), 1 => any::<u16>()],
        transport(),
        off_by(),
        prop_oneof![3 => Just(0_usize), 1 => 0..20_usize],
    )
        .prop_map(|(raw, tags, six, options, fragment, transport, length_off_by, trailer)| {
            Made { raw, tags, six, options, fragment, transport, length_off_by, trailer }
        })
}

fn frame(link_type: u16, data: &[u8], original: usize) -> Frame<'_> {
    Frame {
        number: 1,
        ts: None,
        link_type,
        interface: 0,
        fcs_length: 0,
        sender: None,
        data,
        original_length: original as u32,
    }
}

fn compare_made(made: &Made, bytes: &[u8], original: usize) -> Result<(), TestCaseError> {
    let link_type = if made.raw { RAW_IP } else { ETHERNET };
    compare(&frame(link_type, bytes, original), &mut Fragments::default())?;
    Ok(())
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn packets_as_etherparse_reads_them(made in made()) {
        let bytes = made.bytes();
        compare_made(&made, &bytes, bytes.len())?;
    }

    #[test]
    fn changed_and_cut_packets_as_etherparse_reads_them(
        made in made(),
        changes in vec((any::<usize>(), any::<u8>()), 0..4),
        cut in 0..80_usize,
    ) {
        let mut bytes = made.bytes();
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let original = bytes.len();
        bytes.truncate(original.saturating_sub(cut));
        compare_made(&made, &bytes, original)?;
    }
}

#[test]
fn frames_of_the_samples_as_etherparse_reads_them() {
    let mut branches = std::collections::BTreeMap::new();
    frames_of_samples(|frame, name| {
        if ![ETHERNET, RAW_IP].contains(&frame.link_type) || frame.fcs_length > 0 {
            // Link layers that etherparse does not read.
            return;
        }
        match compare(frame, &mut Fragments::default()) {
            Ok(branch) => *branches.entry(branch).or_insert(0) += 1,
            Err(error) => panic!("{name}: frame {}: {error}", frame.number),
        }
    });
    let count = |branch| branches.get(&branch).copied().unwrap_or(0);
    assert!(count(Branch::Tcp) > 5_000 && count(Branch::Udp) > 100, "{branches:?}");
}
