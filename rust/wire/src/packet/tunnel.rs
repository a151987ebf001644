//! What an IP packet carries when it is no transport: another packet, behind the header of a
//! tunnel.

use std::net::IpAddr;

use super::ip::{self, Datagram, protocol};
use super::link::{Network, Next, ether_type, network_layer};
use super::{Layer, Macs};
use crate::limits::MAX_TUNNELS;

/// A way to carry packets inside IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    /// IPv4 in IPv4 (RFC 2003).
    FourInFour,
    /// IPv4 in IPv6 (RFC 2473).
    FourInSix,
    /// IPv6 in IPv4 (RFC 4213).
    SixInFour,
    /// IPv6 in IPv6 (RFC 2473).
    SixInSix,
    /// Generic routing encapsulation (RFC 2784), NVGRE (RFC 7637) included.
    Gre,
    /// MikroTik's Ethernet over IP.
    Eoip,
    /// The point-to-point tunnelling protocol (RFC 2637).
    Pptp,
    /// Cisco's port mirroring, types I to III.
    Erspan,
    /// VXLAN (RFC 7348).
    Vxlan,
    /// GENEVE (RFC 8926).
    Geneve,
    /// The user plane of a mobile network (3GPP TS 29.281).
    Gtp,
    /// Teredo (RFC 4380).
    Teredo,
    /// L2TP, version 2 (RFC 2661).
    L2tp,
    /// Wireless access points' frames to their controller (RFC 5415).
    Capwap,
}

impl Tunnel {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FourInFour => "ipip",
            Self::FourInSix => "4in6",
            Self::SixInFour => "6in4",
            Self::SixInSix => "6in6",
            Self::Gre => "gre",
            Self::Eoip => "eoip",
            Self::Pptp => "pptp",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtp => "gtp",
            Self::Teredo => "teredo",
            Self::L2tp => "l2tp",
            Self::Capwap => "capwap",
        }
    }
}

/// The tunnels around a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outer {
    /// Sender of the outermost IP packet.
    pub source: IpAddr,
    /// Receiver of the outermost IP packet.
    pub destination: IpAddr,
    /// Outermost first; there is at least one.
    tunnels: [Option<Tunnel>; MAX_TUNNELS],
}

impl Outer {
    /// The tunnels, outermost first.
    pub fn tunnels(&self) -> impl Iterator<Item = Tunnel> {
        self.tunnels.iter().flatten().copied()
    }

    /// The addresses of the outermost packet; its tunnel comes next.
    pub(super) fn of(datagram: &Datagram<'_>) -> Self {
        Self {
            source: datagram.source,
            destination: datagram.destination,
            tunnels: [None; MAX_TUNNELS],
        }
    }

    /// Adds the next tunnel; false when that is one too many.
    pub(super) fn add(&mut self, tunnel: Tunnel) -> bool {
        let place = self.tunnels.iter_mut().find(|place| place.is_none());
        place.map(|place| *place = Some(tunnel)).is_some()
    }
}

/// What comes out of a tunnel.
pub(super) type Inner<'a> = (Tunnel, Next, Layer<'a>);

/// The packet or frame that an IP packet carries without a transport; `None` when it is no tunnel
/// that is read.
#[inline]
pub(super) fn inside<'a>(datagram: &Datagram<'a>) -> Option<Inner<'a>> {
    let layer = datagram.payload;
    let outer_is_v4 = datagram.source.is_ipv4();
    match datagram.protocol {
        protocol::GRE => gre(layer),
        protocol::IPV4 => {
            let tunnel = if outer_is_v4 { Tunnel::FourInFour } else { Tunnel::FourInSix };
            (layer.bytes.first()? >> 4 == 4).then_some((tunnel, Next::Ip, layer))
        }
        protocol::IPV6 => {
            let tunnel = if outer_is_v4 { Tunnel::SixInFour } else { Tunnel::SixInSix };
            (layer.bytes.first()? >> 4 == 6).then_some((tunnel, Next::Ip, layer))
        }
        _ => None,
    }
}

/// GRE: flags, protocol type; then what the flags announce.
fn gre(layer: Layer<'_>) -> Option<Inner<'_>> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const VERSION: u16 = 0x0007;

    let (flags, kind) = (layer.u16_at(0)?, layer.u16_at(2)?);
    match flags & VERSION {
        // Source routes (RFC 1701) went out of use with RFC 2784.
        0 if flags & ROUTING == 0 => {}
        1 => return enhanced_gre(flags, kind, layer),
        _ => return None,
    }
    let options = [CHECKSUM, KEY, SEQUENCE].into_iter().filter(|flag| flags & flag != 0);
    let layer = layer.after(options.count().saturating_add(1).saturating_mul(4))?;
    match kind {
        ERSPAN if flags & SEQUENCE == 0 => Some((Tunnel::Erspan, Next::Ethernet, layer)),
        ERSPAN => Some((Tunnel::Erspan, Next::Ethernet, layer.after(8)?)),
        ERSPAN_III => erspan3(layer),
        _ => Some((Tunnel::Gre, Next::EtherType(kind), layer)),
    }
}

/// GRE's protocol types of ERSPAN.
const ERSPAN: u16 = 0x88BE;
const ERSPAN_III: u16 = 0x22EB;

/// ERSPAN type III: twelve bytes that end with the kind of frame and whether eight more follow.
fn erspan3(layer: Layer<'_>) -> Option<Inner<'_>> {
    let word = layer.u16_at(10)?;
    let next = match (word >> 10) & 0x1F {
        0 => Next::Ethernet,
        2 => Next::Ip,
        _ => return None,
    };
    let layer = layer.after(if word & 1 == 0 { 12 } else { 20 })?;
    Some((Tunnel::Erspan, next, layer))
}

/// GRE version 1: a key that is a length and a call, then the numbers that the flags announce.
fn enhanced_gre(flags: u16, kind: u16, layer: Layer<'_>) -> Option<Inner<'_>> {
    /// MikroTik's number, which is no EtherType.
    const EOIP: u16 = 0x6400;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;

    let length = usize::from(layer.u16_at(4)?);
    match kind {
        EOIP => Some((Tunnel::Eoip, Next::Ethernet, layer.after(8)?.trimmed(length))),
        ether_type::PPP => {
            let numbers = [SEQUENCE, ACKNOWLEDGEMENT].into_iter().filter(|flag| flags & flag != 0);
            let layer = layer.after(numbers.count().saturating_add(2).saturating_mul(4))?;
            Some((Tunnel::Pptp, Next::Ppp, layer.trimmed(length)))
        }
        _ => None,
    }
}

/// Whether the bytes hold an IP packet whose lengths fit, behind link layers if `next` says so.
/// This, and not a port alone, tells a tunnel from other datagrams.
pub(super) fn holds_ip(next: Next, layer: Layer<'_>) -> bool {
    match network_layer(next, layer, &mut Macs::default()) {
        Some(Network::Ip(packet)) => ip::fits(packet),
        _ => false,
    }
}
