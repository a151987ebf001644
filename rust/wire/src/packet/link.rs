//! Link layers down to the IP packet: Ethernet and its tags, IEEE 802.11, PPP, PPPoE, MPLS. A frame
//! begins with one of them, and so does what a tunnel carries.

use super::{Layer, Macs, wlan};
use crate::limits::MAX_LAYERS;

/// EtherTypes, and the protocol types that GRE adds to them.
pub(super) mod ether_type {
    pub const IPV4: u16 = 0x0800;
    /// A frame of IEEE 802.11 inside Ethernet, as Intel's Centrino adapters captured them.
    pub const CENTRINO: u16 = 0x2452;
    pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86DD;
    pub const PPP: u16 = 0x880B;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// IEEE 802.1X: EAP over LAN.
    pub const EAPOL: u16 = 0x888E;
    pub const PROVIDER_BRIDGE: u16 = 0x88A8;
    pub const MACSEC: u16 = 0x88E5;
    /// Cisco MetaData: a security group tag.
    pub const CISCO_METADATA: u16 = 0x8909;
    pub const QINQ_9100: u16 = 0x9100;
    pub const QINQ_9200: u16 = 0x9200;
    pub const QINQ_9300: u16 = 0x9300;
    /// Values below are lengths of IEEE 802.3 frames.
    pub const FIRST: u16 = 0x0600;
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    Ethernet,
    /// What this EtherType says, or LLC where it is the length of an IEEE 802.3 frame.
    EtherType(u16),
    /// IEEE 802.11; some CAPWAP controllers swap the bytes of its frame control field.
    Wlan {
        swapped: bool,
    },
    Ppp,
    Mpls,
    Ip,
    /// Encrypted.
    Opaque,
}

impl Next {
    /// LLC, as after an IEEE 802.3 length.
    pub const LLC: Self = Self::EtherType(0);

    /// A protocol number that is an EtherType and no length.
    pub fn protocol(number: u16) -> Self {
        Self::EtherType(number.max(ether_type::FIRST))
    }
}

/// What link layers lead to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Network<'a> {
    Ip(Layer<'a>),
    Eapol(Layer<'a>),
    Opaque,
}

/// The network layer behind link layers, whose addresses are noted; `None` when there is none.
#[inline]
pub(super) fn network_layer<'a>(
    mut next: Next,
    mut layer: Layer<'a>,
    macs: &mut Macs,
) -> Option<Network<'a>> {
    for _ in 0..MAX_LAYERS {
        (next, layer) = match next {
            Next::Ip => return Some(Network::Ip(layer)),
            Next::Opaque => return Some(Network::Opaque),
            Next::EtherType(ether_type::EAPOL) => return Some(Network::Eapol(layer)),
            Next::Ethernet => {
                let (kind, behind);
                (kind, behind, *macs) = ethernet(layer)?;
                (Next::EtherType(kind), behind)
            }
            Next::EtherType(ether_type::IPV4 | ether_type::IPV6) => (Next::Ip, layer),
            Next::EtherType(
                ether_type::VLAN
                | ether_type::PROVIDER_BRIDGE
                | ether_type::QINQ_9100
                | ether_type::QINQ_9200
                | ether_type::QINQ_9300,
            ) => (Next::EtherType(layer.u16_at(2)?), layer.after(4)?),
            Next::EtherType(ether_type::CISCO_METADATA) => {
                (Next::EtherType(layer.u16_at(6)?), layer.after(8)?)
            }
            Next::EtherType(ether_type::MPLS | ether_type::MPLS_MULTICAST) => (Next::Mpls, layer),
            Next::EtherType(ether_type::PPPOE_SESSION) => pppoe(layer)?,
            Next::EtherType(ether_type::PPP) => (Next::Ppp, layer),
            Next::EtherType(ether_type::TRANSPARENT_ETHERNET) => (Next::Ethernet, layer),
            Next::EtherType(ether_type::CENTRINO) => (Next::Wlan { swapped: false }, layer),
            Next::EtherType(ether_type::MACSEC) => macsec(layer)?,
            Next::EtherType(length) if length < ether_type::FIRST => llc(layer)?,
            Next::EtherType(_) => return None,
            Next::Wlan { swapped } => wlan::frame(layer, swapped, macs)?,
            Next::Ppp => ppp(layer)?,
            Next::Mpls => mpls(layer)?,
        };
    }
    None
}

/// The IP packet of an Ethernet frame without tags.
#[inline]
pub(super) fn ip_in_ethernet(layer: Layer<'_>) -> Option<(Layer<'_>, Macs)> {
    let (kind, behind, macs) = ethernet(layer)?;
    matches!(kind, ether_type::IPV4 | ether_type::IPV6).then_some((behind, macs))
}

/// The Ethernet header: EtherType, what is behind it, addresses.
#[inline]
fn ethernet(layer: Layer<'_>) -> Option<(u16, Layer<'_>, Macs)> {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t1, t0] = *layer.bytes.first_chunk()?;
    let source = Some([s0, s1, s2, s3, s4, s5]);
    let destination = Some([d0, d1, d2, d3, d4, d5]);
    Some((u16::from_be_bytes([t1, t0]), layer.after(14)?, Macs { source, destination }))
}

/// LLC: SNAP with an EtherType, or IP's own service access point.
fn llc(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    match *layer.bytes.first_chunk::<3>()? {
        [0xAA, 0xAA, 0x03] => Some((Next::protocol(layer.u16_at(6)?), layer.after(8)?)),
        [0x06, 0x06, 0x03] => Some((Next::Ip, layer.after(3)?)),
        _ => None,
    }
}

/// PPPoE session: version and type, code 0, session, length, then PPP without framing.
pub(super) fn pppoe(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let [0x11, 0x00, _, _, high, low] = *layer.bytes.first_chunk::<6>()? else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let inner = layer.after(6)?;
    Some((Next::Ppp, inner.trimmed(length)))
}

/// PPP: address and control may be left out, and so may the high byte of the protocol.
fn ppp(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let layer = match layer.bytes.first_chunk::<2>()? {
        // Address and control; Cisco's HDLC uses 0F 00 and 8F 00 with an EtherType behind.
        [0xFF, 0x03] => layer.after(2)?,
        [0x0F | 0x8F, 0x00] => {
            return Some((Next::EtherType(layer.u16_at(2)?), layer.after(4)?));
        }
        _ => layer,
    };
    let first = *layer.bytes.first()?;
    let (protocol, layer) = if first & 1 == 1 {
        (u16::from(first), layer.after(1)?)
    } else {
        (layer.u16_at(0)?, layer.after(2)?)
    };
    match protocol {
        0x0021 | 0x0057 => Some((Next::Ip, layer)),
        0x0281 | 0x0283 => Some((Next::Mpls, layer)),
        // Microsoft's encryption (RFC 3078), or compression: neither can be read.
        0x00FD => Some((Next::Opaque, layer)),
        _ => None,
    }
}

/// MACsec: control bits, short length, packet number, and an eight-byte identifier if bit 5 says so.
/// Without encryption, only protected, an EtherType follows (IEEE 802.1AE section 9).
fn macsec(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let control = *layer.bytes.first()?;
    if control & 0x0C != 0 {
        return Some((Next::Opaque, layer));
    }
    let layer = layer.after(if control & 0x20 == 0 { 6 } else { 14 })?;
    Some((Next::EtherType(layer.u16_at(0)?), layer.after(2)?))
}

/// MPLS: labels up to the bottom of the stack, then IP, or a pseudowire's control word and a
/// frame. The payload has no type field: its first nibble tells.
fn mpls(mut layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    for _ in 0..MAX_LAYERS {
        let bottom = layer.bytes.get(2)? & 1 == 1;
        layer = layer.after(4)?;
        if bottom {
            return match layer.bytes.first()? >> 4 {
                4 | 6 => Some((Next::Ip, layer)),
                0 => Some((Next::Ethernet, layer.after(4)?)),
                _ => Some((Next::Ethernet, layer)),
            };
        }
    }
    None
}
