//! A frame to the TCP segment, UDP datagram or EAPOL packet in it: link layer, network layer,
//! tunnels and what they carry in the same way, transport header.
//!
//! Lengths follow the headers, not the captured bytes: a segment whose tail the snap length cut
//! off still says how long it was.

mod capture_header;
mod fragment;
mod icmp;
mod ip;
mod link;
mod tcp;
mod tunnel;
mod tunnel_udp;
mod udp;
mod wlan;

use std::net::IpAddr;

use self::link::{Network, Next};
use crate::capture::Frame;
use crate::limits::MAX_REASSEMBLIES;
pub use fragment::{Fragments, PieceOf};
use ip::protocol;
pub use tunnel::{Outer, Tunnel};
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
    /// The tunnels that it came through, and the addresses of the outermost packet.
    pub outer: Option<&'a Outer>,
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

impl Segment<'_> {
    /// The sequence number behind it: SYN and FIN count for one each.
    #[inline]
    #[must_use]
    pub fn end(&self) -> u32 {
        let flags = u32::from(self.flags.syn()).wrapping_add(u32::from(self.flags.fin()));
        self.sequence.wrapping_add(self.payload_length).wrapping_add(flags)
    }
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

/// A connection that a frame tells of without bringing a packet of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Of TCP; else of UDP.
    pub is_tcp: bool,
    /// Address and port of the sender.
    pub source: (IpAddr, u16),
    /// Address and port of the receiver.
    pub destination: (IpAddr, u16),
}

impl Segment<'_> {
    fn mention(&self) -> Mention {
        let source = (self.source, self.source_port);
        Mention { is_tcp: true, source, destination: (self.destination, self.destination_port) }
    }
}

impl Datagram<'_> {
    fn mention(&self) -> Mention {
        let source = (self.source, self.source_port);
        Mention { is_tcp: false, source, destination: (self.destination, self.destination_port) }
    }
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
    /// Something encrypted below TCP: by IPsec, by Wi-Fi, by PPP.
    Opaque,
    /// More tunnels or fragments inside each other than are followed.
    TooDeep,
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

    #[inline]
    fn starts_with<const N: usize>(self, bytes: [u8; N]) -> bool {
        self.bytes.starts_with(&bytes)
    }

    #[inline]
    fn u16_at(self, at: usize) -> Option<u16> {
        let (_, rest) = self.bytes.split_at_checked(at)?;
        rest.first_chunk().map(|two| u16::from_be_bytes(*two))
    }

    #[inline]
    fn mac_at(self, at: usize) -> Option<Mac> {
        let (_, rest) = self.bytes.split_at_checked(at)?;
        rest.first_chunk().copied()
    }
}

/// Room for what a packet cannot borrow from its frame; kept from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Reassembled datagrams: outermost first.
    whole: [Vec<u8>; MAX_REASSEMBLIES],
    outer: Option<Outer>,
    pieces: [Option<PieceOf>; MAX_REASSEMBLIES],
}

impl Scratch {
    /// The packets of which the last frame was, or carried, a fragment: the outermost first.
    #[must_use]
    pub fn pieces(&self) -> [Option<PieceOf>; MAX_REASSEMBLIES] {
        self.pieces
    }
}

/// Link addresses of a frame: sender, receiver.
#[derive(Clone, Copy, Debug, Default)]
struct Macs {
    source: Option<Mac>,
    destination: Option<Mac>,
}

/// The most common packet of all at one look: TCP in IP in Ethernet, and nothing else. For anything
/// else ask [`decode`].
#[inline(always)]
#[must_use]
pub fn plain_segment<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    if frame.link_type != capture_header::ETHERNET {
        return None;
    }
    let (ip, macs) = link::ip_in_ethernet(whole_frame(frame))?;
    let packet = ip::plain_datagram(ip)?;
    if packet.protocol != protocol::TCP || packet.fragment.is_some() {
        return None;
    }
    tcp::segment(&packet, macs)
}

/// What a frame holds, inside the tunnels that it came through.
///
/// A packet put together from IP fragments borrows its bytes from `scratch`, any other from the
/// frame. `mentioned` learns of connections whose packets the frame tells of without bringing one:
/// those of the tunnels, and those that an ICMP error quotes. Wireshark counts them.
pub fn decode<'a>(
    frame: &Frame<'a>,
    fragments: &mut Fragments,
    scratch: &'a mut Scratch,
    mentioned: &mut impl FnMut(Mention),
) -> Packet<'a> {
    let layer = whole_frame(frame);
    let mut macs = Macs::default();
    let (mut next, mut layer) = match capture_header::begin(frame.link_type, layer, &mut macs) {
        Ok(Some(begun)) => begun,
        Ok(None) => return Packet::Other,
        Err(_) => return Packet::UnknownLink,
    };
    let mut whole = scratch.whole.iter_mut();
    let outer = &mut scratch.outer;
    *outer = None;
    scratch.pieces = Default::default();
    let mut pieces = scratch.pieces.iter_mut();
    let mut quoted = false;
    loop {
        let ip = match link::network_layer(next, layer, &mut macs) {
            Some(Network::Ip(ip)) => ip,
            Some(Network::Eapol(layer)) => {
                return Packet::Eapol(Eapol {
                    source_mac: macs.source,
                    destination_mac: macs.destination,
                    payload: layer.bytes,
                });
            }
            Some(Network::Opaque) => return Packet::Opaque,
            None => return Packet::Other,
        };
        let Some(mut packet) = ip::datagram(ip) else { return Packet::Other };
        if let Some(fragment) = packet.fragment {
            let Some(room) = whole.next() else { return Packet::TooDeep };
            if let Some(piece) = pieces.next() {
                *piece = Some(PieceOf::of(&packet, fragment));
            }
            let whole = fragments.add(&packet, fragment, room).and_then(ip::upper_layer);
            let Some(whole) = whole else { return Packet::Other };
            packet = whole;
        }
        let inner = match packet.protocol {
            protocol::TCP => {
                return match tcp::segment(&packet, macs) {
                    None => Packet::Other,
                    Some(segment) if quoted => {
                        mentioned(segment.mention());
                        Packet::Other
                    }
                    Some(segment) => Packet::Tcp(Segment { outer: outer.as_ref(), ..segment }),
                };
            }
            protocol::UDP => {
                let Some(datagram) = udp::datagram(&packet, macs) else { return Packet::Other };
                match tunnel_udp::inside(&datagram) {
                    Some(inner) => {
                        mentioned(datagram.mention());
                        Some(inner)
                    }
                    None if quoted => {
                        mentioned(datagram.mention());
                        None
                    }
                    None => return Packet::Udp(Datagram { outer: outer.as_ref(), ..datagram }),
                }
            }
            protocol::ENCRYPTED => return Packet::Opaque,
            protocol::ICMP | protocol::ICMP_V6 => {
                let Some(packet) = icmp::quoted(&packet).filter(|_| !quoted) else {
                    return Packet::Other;
                };
                (next, layer, quoted) = (Next::Ip, packet, true);
                continue;
            }
            _ => tunnel::inside(&packet),
        };
        let Some((tunnel, inner, rest)) = inner else { return Packet::Other };
        if !outer.get_or_insert_with(|| Outer::of(&packet)).add(tunnel) {
            return Packet::TooDeep;
        }
        // The link addresses so far are those of the tunnel's ends.
        macs = Macs::default();
        (next, layer) = (inner, rest);
    }
}

#[inline]
fn whole_frame<'a>(frame: &Frame<'a>) -> Layer<'a> {
    let fcs = usize::from(frame.fcs_length);
    let sent = usize::try_from(frame.original_length).unwrap_or(usize::MAX);
    let layer = Layer { bytes: frame.data, sent: sent.max(frame.data.len()) };
    if fcs == 0 { layer } else { without_fcs(layer, fcs) }
}

/// The frame without its check sequence, as far as that was captured.
fn without_fcs(layer: Layer<'_>, fcs: usize) -> Layer<'_> {
    let sent = layer.sent.saturating_sub(fcs);
    if layer.bytes.len() > sent { layer.trimmed(sent) } else { Layer { sent, ..layer } }
}
