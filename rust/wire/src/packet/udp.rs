//! The UDP header.

use std::net::IpAddr;

use super::ip;
use super::{Mac, Macs, Outer};

/// One UDP datagram as captured.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Address of the sender.
    pub source: IpAddr,
    /// Address of the receiver.
    pub destination: IpAddr,
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// The tunnels that it came through, and the addresses of the outermost packet.
    pub outer: Option<&'a Outer>,
    /// Link address of the sender, where the link has one.
    pub source_mac: Option<Mac>,
    /// Link address of the receiver, where the link has one.
    pub destination_mac: Option<Mac>,
    /// Payload as far as captured.
    pub payload: &'a [u8],
    /// Payload length as sent; larger than `payload` when the capture cut the packet.
    pub payload_length: u32,
}

/// The UDP datagram in an IP packet; `None` when its header was not captured or is wrong.
#[inline]
pub(super) fn datagram<'a>(packet: &ip::Datagram<'a>, macs: Macs) -> Option<Datagram<'a>> {
    let header = packet.payload.bytes.first_chunk::<8>()?;
    let [sp1, sp0, dp1, dp0, l1, l0, _, _] = *header;
    // Length 0: a jumbogram, or the network card was to cut the payload into datagrams (UDP
    // segmentation offload); the packet's own length is then the only one there is.
    let layer = match usize::from(u16::from_be_bytes([l1, l0])) {
        0 => packet.payload,
        1..8 => return None,
        length => packet.payload.trimmed(length),
    };
    let payload = layer.after(8)?;
    Some(Datagram {
        source: packet.source,
        destination: packet.destination,
        source_port: u16::from_be_bytes([sp1, sp0]),
        destination_port: u16::from_be_bytes([dp1, dp0]),
        outer: None,
        source_mac: macs.source,
        destination_mac: macs.destination,
        payload: payload.bytes,
        payload_length: u32::try_from(payload.sent).unwrap_or(u32::MAX),
    })
}
