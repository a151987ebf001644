//! Ethernet frames with IPv4 or IPv6 and TCP or UDP, checksums valid.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Payload bytes of a full segment: 1500 less 20 of IPv4 and 32 of TCP with its timestamps. IPv6
/// takes 20 more and the same payload; its links are taken to have room.
pub const SEGMENT: usize = 1_448;

/// TCP flags.
pub mod flag {
    /// Nothing follows.
    pub const FIN: u8 = 0x01;
    /// The beginning.
    pub const SYN: u8 = 0x02;
    /// Over at once.
    pub const RST: u8 = 0x04;
    /// Deliver now.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement counts.
    pub const ACK: u8 = 0x10;
}

/// Who talks with whom: the client first, then the server.
#[derive(Clone, Copy)]
pub struct Ends {
    /// Addresses of one family.
    pub ips: [IpAddr; 2],
    /// Ports.
    pub ports: [u16; 2],
}

/// What a packet says beside its payload.
#[derive(Clone, Copy)]
pub struct Header {
    /// The sender: 0 is the client, 1 the server.
    pub from: usize,
    /// TCP sequence number.
    pub sequence: u32,
    /// TCP acknowledgement.
    pub acknowledgement: u32,
    /// TCP flags.
    pub flags: u8,
    /// Milliseconds, for TCP's timestamps.
    pub clock: u32,
    /// IPv4's identification.
    pub identification: u16,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const ETHERNET_HEADER: usize = 14;

/// Appends the frame of a TCP segment.
pub fn tcp(ends: &Ends, header: &Header, payload: &[u8], out: &mut Vec<u8>) {
    let syn = header.flags & flag::SYN != 0;
    let length = if syn { 40 } else { 32 };
    let start = network(ends, header, TCP, length + payload.len(), out);
    out.extend(ends.ports[header.from].to_be_bytes());
    out.extend(ends.ports[1 - header.from].to_be_bytes());
    out.extend(header.sequence.to_be_bytes());
    out.extend(header.acknowledgement.to_be_bytes());
    out.push(if syn { 0xA0 } else { 0x80 });
    out.push(header.flags);
    // A window of 64240, scaled by 128 after the SYN.
    out.extend(if syn { 64_240_u16 } else { 501 }.to_be_bytes());
    out.extend([0, 0, 0, 0]);
    if syn {
        // Maximum segment size 1460, selective acknowledgement, timestamps, window scale 7.
        out.extend([2, 4, 5, 0xB4, 4, 2]);
        timestamps(header, out);
        out.extend([1, 3, 3, 7]);
    } else {
        out.extend([1, 1]);
        timestamps(header, out);
    }
    out.extend_from_slice(payload);
    seal(ends, TCP, start, 16, out);
}

/// Appends the frame of a UDP datagram.
pub fn udp(ends: &Ends, header: &Header, payload: &[u8], out: &mut Vec<u8>) {
    let length = 8 + payload.len();
    let start = network(ends, header, UDP, length, out);
    out.extend(ends.ports[header.from].to_be_bytes());
    out.extend(ends.ports[1 - header.from].to_be_bytes());
    out.extend(short(length).to_be_bytes());
    out.extend([0, 0]);
    out.extend_from_slice(payload);
    seal(ends, UDP, start, 6, out);
}

fn timestamps(header: &Header, out: &mut Vec<u8>) {
    out.extend([8, 10]);
    out.extend(header.clock.to_be_bytes());
    let answered = if header.flags & flag::ACK == 0 { 0 } else { header.clock.wrapping_sub(7) };
    out.extend(answered.to_be_bytes());
}

/// Appends Ethernet and IP headers; gives where the transport header begins.
fn network(ends: &Ends, header: &Header, protocol: u8, length: usize, out: &mut Vec<u8>) -> usize {
    let frame = out.len();
    let (from, to) = (header.from, 1 - header.from);
    out.extend(link_address(ends, to));
    out.extend(link_address(ends, from));
    match (ends.ips[from], ends.ips[to]) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            out.extend([0x08, 0x00, 0x45, 0]);
            out.extend(short(20 + length).to_be_bytes());
            out.extend(header.identification.to_be_bytes());
            out.extend([0x40, 0, 64, protocol, 0, 0]);
            out.extend(source.octets());
            out.extend(destination.octets());
            let ip = frame + ETHERNET_HEADER;
            let sum = folded(sum(&out[ip..]));
            out[ip + 10..ip + 12].copy_from_slice(&(!sum).to_be_bytes());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            out.extend([0x86, 0xDD, 0x60, 0, 0, 0]);
            out.extend(short(length).to_be_bytes());
            out.extend([protocol, 64]);
            out.extend(source.octets());
            out.extend(destination.octets());
        }
        _ => unreachable!("both ends are of one family"),
    }
    out.len()
}

/// Locally administered addresses: a client's own, and the router's for all servers.
fn link_address(ends: &Ends, side: usize) -> [u8; 6] {
    if side == 1 {
        return [0x02, 0, 0, 0, 0, 0x01];
    }
    let [.., a, b, c] = match ends.ips[0] {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    };
    [0x02, 0, 0x10, a, b, c]
}

/// Writes the checksum over pseudo header, header and payload.
fn seal(ends: &Ends, protocol: u8, start: usize, at: usize, out: &mut [u8]) {
    let addresses: u64 = ends
        .ips
        .iter()
        .map(|ip| match ip {
            IpAddr::V4(ip) => sum(&ip.octets()),
            IpAddr::V6(ip) => sum(&ip.octets()),
        })
        .sum();
    let length = u64::try_from(out.len() - start).unwrap_or(0);
    let total = addresses + u64::from(protocol) + length + sum(&out[start..]);
    // Zero would mean to UDP that there is none.
    let checksum = match !folded(total) {
        0 if protocol == UDP => 0xFFFF,
        other => other,
    };
    out[start + at..start + at + 2].copy_from_slice(&checksum.to_be_bytes());
}

/// The sum of the 16-bit words, not folded yet.
fn sum(bytes: &[u8]) -> u64 {
    // Four bytes at a time: folding makes the same of it.
    let chunks = bytes.chunks_exact(4);
    let mut rest = [0; 4];
    rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    let whole: u64 = chunks
        .map(|four| u64::from(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
        .sum();
    whole + u64::from(u32::from_be_bytes(rest))
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(0)
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// A client's address; 4,096 clients fit.
#[must_use]
pub fn client_ip(number: u32, v6: bool) -> IpAddr {
    let [_, _, high, low] = (number + 1).to_be_bytes();
    if v6 {
        Ipv6Addr::new(0x2001, 0xDB8, 1, 0, 0, 0, 0, u16::from_be_bytes([high, low])).into()
    } else {
        Ipv4Addr::new(10, 20, high, low).into()
    }
}

/// A server's address.
#[must_use]
pub fn server_ip(number: u32, v6: bool) -> IpAddr {
    let [_, _, high, low] = (number + 1).to_be_bytes();
    if v6 {
        Ipv6Addr::new(0x2001, 0xDB8, 2, 0, 0, 0, 0, u16::from_be_bytes([high, low])).into()
    } else {
        Ipv4Addr::new(198, 18, high, low).into()
    }
}
