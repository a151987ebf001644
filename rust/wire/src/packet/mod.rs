//! A frame to the TCP segment, UDP datagram or EAPOL packet in it: link layer, network layer,
//! transport header.
//!
//! Lengths follow the headers, not the captured bytes: a segment whose tail the snap length cut
//! off still says how long it was.

mod fragment;
mod ip;
mod link;
mod tcp;
mod udp;

use std::net::IpAddr;

use self::link::Network;
use crate::capture::Frame;
pub use fragment::Fragments;
pub use udp::Datagram;

/// A link-layer address.
pub type Mac = [u8; 6];

/// One TCP segment as captured.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Address of the sender.
    pub source: IpAddr,
    /// Address of the receiver.
    pub destination: IpAddr,
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Link address of the sender, where the link has one.
    pub source_mac: Option<Mac>,
    /// Link address of the receiver, where the link has one.
    pub destination_mac: Option<Mac>,
    /// Sequence number of the first byte (of the SYN itself, if it is one).
    pub sequence: u32,
    /// Acknowledgement number; meaningful with the ACK flag only.
    pub acknowledgement: u32,
    /// The low eight flag bits.
    pub flags: Flags,
    /// Payload as far as captured.
    pub payload: &'a [u8],
    /// Payload length as sent; larger than `payload` when the capture cut the packet.
    pub payload_length: u32,
}

/// TCP flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// Sender has finished.
    #[must_use]
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Opens a connection.
    #[must_use]
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Aborts the connection.
    #[must_use]
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgement number counts.
    #[must_use]
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// One EAPOL packet as captured.
#[derive(Clone, Copy, Debug)]
pub struct Eapol<'a> {
    /// Link address of the sender.
    pub source_mac: Option<Mac>,
    /// Link address of the receiver; often a group address.
    pub destination_mac: Option<Mac>,
    /// The packet, its version first, as far as captured.
    pub payload: &'a [u8],
}

/// What a frame held.
#[derive(Debug)]
pub enum Packet<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A UDP datagram.
    Udp(Datagram<'a>),
    /// An EAPOL packet (IEEE 802.1X).
    Eapol(Eapol<'a>),
    /// Something else, or something that could not be taken apart.
    Other,
    /// A link type that is not read.
    UnknownLink,
}

/// Bytes of one layer as captured, and how long the layer was when sent.
#[derive(Clone, Copy, Debug)]
struct Layer<'a> {
    bytes: &'a [u8],
    sent: usize,
}

impl<'a> Layer<'a> {
    /// The layer that begins after `n` bytes of this one; `None` when those were not captured.
    #[inline]
    fn after(self, n: usize) -> Option<Layer<'a>> {
        let (_, bytes) = self.bytes.split_at_checked(n)?;
        Some(Layer { bytes, sent: self.sent.saturating_sub(n) })
    }

    /// The layer cut to a length that its own header gives; what follows is padding. A header that
    /// claims more than the frame had is wrong, and the frame's length counts.
    #[inline]
    fn trimmed(self, length: usize) -> Layer<'a> {
        let length = length.min(self.sent);
        let bytes = self.bytes.split_at_checked(length).map_or(self.bytes, |(head, _)| head);
        Layer { bytes, sent: length }
    }
}

/// Link addresses of a frame: sender, receiver.
#[derive(Clone, Copy, Debug, Default)]
struct Macs {
    source: Option<Mac>,
    destination: Option<Mac>,
}

/// What a frame holds, as far as it is read here.
///
/// `scratch` receives the bytes of a packet put together from IP fragments, so that the segment can
/// borrow them; any other borrows the frame's.
#[inline]
pub fn decode<'a>(
    frame: &Frame<'a>,
    fragments: &mut Fragments,
    scratch: &'a mut Vec<u8>,
) -> Packet<'a> {
    let fcs = usize::from(frame.fcs_length);
    let sent = usize::try_from(frame.original_length).unwrap_or(usize::MAX);
    let layer = Layer { bytes: frame.data, sent: sent.max(frame.data.len()) };
    let layer = if fcs == 0 { layer } else { without_fcs(layer, fcs) };
    let Some((network, macs)) = link::network_layer(frame.link_type, layer) else {
        return if link::is_known(frame.link_type) { Packet::Other } else { Packet::UnknownLink };
    };
    let ip = match network {
        Network::Ip(layer) => layer,
        Network::Eapol(layer) => {
            return Packet::Eapol(Eapol {
                source_mac: macs.source,
                destination_mac: macs.destination,
                payload: layer.bytes,
            });
        }
    };
    let Some(datagram) = ip::datagram(ip) else { return Packet::Other };
    let datagram = match datagram.fragment {
        None => datagram,
        Some(fragment) => {
            let whole = fragments.add(&datagram, fragment, scratch).and_then(ip::upper_layer);
            let Some(whole) = whole else { return Packet::Other };
            whole
        }
    };
    if let Some(segment) = tcp::segment(&datagram, macs) {
        return Packet::Tcp(segment);
    }
    udp::datagram(&datagram, macs).map_or(Packet::Other, Packet::Udp)
}

/// The frame without its check sequence, as far as that was captured.
fn without_fcs(layer: Layer<'_>, fcs: usize) -> Layer<'_> {
    let sent = layer.sent.saturating_sub(fcs);
    if layer.bytes.len() > sent { layer.trimmed(sent) } else { Layer { sent, ..layer } }
}
