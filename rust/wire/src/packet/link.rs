//! Link layers down to the IP packet: Ethernet and its tags, loopback, raw IP, Linux cooked
//! captures, PPP, PPPoE, MPLS.

use super::{Layer, Mac, Macs};
use crate::limits::MAX_LAYERS;

/// LINKTYPE_ numbers, as libpcap registers them.
mod link_type {
    pub const NULL: u16 = 0;
    pub const ETHERNET: u16 = 1;
    pub const PPP: u16 = 9;
    /// Raw IP as written by systems that put their own DLT number into the file.
    pub const RAW_12: u16 = 12;
    pub const RAW_14: u16 = 14;
    pub const PPP_HDLC: u16 = 50;
    pub const PPP_ETHER: u16 = 51;
    pub const RAW: u16 = 101;
    pub const C_HDLC: u16 = 104;
    pub const LOOP: u16 = 108;
    pub const LINUX_SLL: u16 = 113;
    pub const PPP_WITH_DIRECTION: u16 = 204;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const LINUX_SLL2: u16 = 276;
}

mod ether_type {
    pub const IPV4: u16 = 0x0800;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86DD;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    /// IEEE 802.1X: EAP over LAN.
    pub const EAPOL: u16 = 0x888E;
    pub const PROVIDER_BRIDGE: u16 = 0x88A8;
    /// Cisco MetaData: a security group tag.
    pub const CISCO_METADATA: u16 = 0x8909;
    pub const QINQ_9100: u16 = 0x9100;
    pub const QINQ_9200: u16 = 0x9200;
    pub const QINQ_9300: u16 = 0x9300;
    /// Values below are lengths of IEEE 802.3 frames.
    pub const FIRST: u16 = 0x0600;
}

/// What the next bytes are.
#[derive(Clone, Copy)]
enum Next {
    Ethernet,
    EtherType(u16),
    Ppp,
    Mpls,
    Ip,
}

/// What a frame's link headers lead to.
pub(super) enum Network<'a> {
    Ip(Layer<'a>),
    Eapol(Layer<'a>),
}

/// Whether frames of this link type are read at all.
pub(super) fn is_known(link: u16) -> bool {
    matches!(
        link,
        link_type::NULL
            | link_type::ETHERNET
            | link_type::PPP
            | link_type::RAW_12
            | link_type::RAW_14
            | link_type::PPP_HDLC
            | link_type::PPP_ETHER
            | link_type::RAW
            | link_type::C_HDLC
            | link_type::LOOP
            | link_type::LINUX_SLL
            | link_type::PPP_WITH_DIRECTION
            | link_type::IPV4
            | link_type::IPV6
            | link_type::LINUX_SLL2
    )
}

/// The IP or EAPOL packet in a frame and the link addresses; `None` when there is none.
#[inline]
pub(super) fn network_layer(link: u16, layer: Layer<'_>) -> Option<(Network<'_>, Macs)> {
    if link == link_type::ETHERNET {
        if let Some((ip, macs)) = untagged_ethernet(layer) {
            return Some((Network::Ip(ip), macs));
        }
    }
    let mut macs = Macs::default();
    let (mut next, mut layer) = match link {
        link_type::ETHERNET => (Next::Ethernet, layer),
        link_type::RAW
        | link_type::RAW_12
        | link_type::RAW_14
        | link_type::IPV4
        | link_type::IPV6 => (Next::Ip, layer),
        link_type::NULL | link_type::LOOP => loopback(layer)?,
        link_type::LINUX_SLL => cooked(layer, &mut macs)?,
        link_type::LINUX_SLL2 => cooked2(layer, &mut macs)?,
        link_type::PPP | link_type::PPP_HDLC => (Next::Ppp, layer),
        link_type::PPP_WITH_DIRECTION => (Next::Ppp, layer.after(1)?),
        link_type::PPP_ETHER => pppoe(layer)?,
        link_type::C_HDLC => (Next::EtherType(u16_at(layer, 2)?), layer.after(4)?),
        _ => return None,
    };
    for _ in 0..MAX_LAYERS {
        (next, layer) = match next {
            Next::Ip => return Some((Network::Ip(layer), macs)),
            Next::EtherType(ether_type::EAPOL) => return Some((Network::Eapol(layer), macs)),
            Next::Ethernet => {
                macs = Macs { destination: mac_at(layer, 0), source: mac_at(layer, 6) };
                (Next::EtherType(u16_at(layer, 12)?), layer.after(14)?)
            }
            Next::EtherType(ether_type::IPV4 | ether_type::IPV6) => (Next::Ip, layer),
            Next::EtherType(
                ether_type::VLAN
                | ether_type::PROVIDER_BRIDGE
                | ether_type::QINQ_9100
                | ether_type::QINQ_9200
                | ether_type::QINQ_9300,
            ) => (Next::EtherType(u16_at(layer, 2)?), layer.after(4)?),
            Next::EtherType(ether_type::CISCO_METADATA) => {
                (Next::EtherType(u16_at(layer, 6)?), layer.after(8)?)
            }
            Next::EtherType(ether_type::MPLS | ether_type::MPLS_MULTICAST) => (Next::Mpls, layer),
            Next::EtherType(ether_type::PPPOE_SESSION) => pppoe(layer)?,
            Next::EtherType(length) if length < ether_type::FIRST => llc(layer)?,
            Next::EtherType(_) => return None,
            Next::Ppp => ppp(layer)?,
            Next::Mpls => mpls(layer)?,
        };
    }
    None
}

/// The most common frame of all at one look: Ethernet without tags, then IP.
#[inline]
fn untagged_ethernet(layer: Layer<'_>) -> Option<(Layer<'_>, Macs)> {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t1, t0] = *layer.bytes.first_chunk()?;
    matches!(u16::from_be_bytes([t1, t0]), ether_type::IPV4 | ether_type::IPV6).then_some(())?;
    let source = Some([s0, s1, s2, s3, s4, s5]);
    let destination = Some([d0, d1, d2, d3, d4, d5]);
    Some((layer.after(14)?, Macs { source, destination }))
}

/// BSD loopback: four bytes of address family, in the byte order of the machine that captured
/// (NULL) or of the network (LOOP). The IP version says the same and more surely.
fn loopback(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let family = layer.bytes.first_chunk::<4>()?;
    let family = match *family {
        [0, 0, high, low] => u16::from_be_bytes([high, low]),
        [low, high, 0, 0] => u16::from_be_bytes([high, low]),
        _ => return None,
    };
    // AF_INET is 2 everywhere; AF_INET6 is 10 (Linux), 23 (Windows), 24, 28, 30 (BSD, macOS).
    matches!(family, 2 | 10 | 23 | 24 | 28 | 30).then_some(())?;
    Some((Next::Ip, layer.after(4)?))
}

/// Linux cooked capture: packet type, ARPHRD type, address length, address, protocol.
fn cooked<'a>(layer: Layer<'a>, macs: &mut Macs) -> Option<(Next, Layer<'a>)> {
    if u16_at(layer, 4)? == 6 {
        macs.source = mac_at(layer, 6);
    }
    Some((cooked_protocol(u16_at(layer, 14)?), layer.after(16)?))
}

/// Linux cooked capture, version 2: protocol first.
fn cooked2<'a>(layer: Layer<'a>, macs: &mut Macs) -> Option<(Next, Layer<'a>)> {
    if *layer.bytes.get(11)? == 6 {
        macs.source = mac_at(layer, 12);
    }
    Some((cooked_protocol(u16_at(layer, 0)?), layer.after(20)?))
}

/// The protocol field of a cooked header is an EtherType, or a small Linux ETH_P_ number.
fn cooked_protocol(protocol: u16) -> Next {
    match protocol {
        // ETH_P_802_2: an LLC header follows, as after an IEEE 802.3 length.
        0x0004 => Next::EtherType(0),
        other => Next::EtherType(other.max(ether_type::FIRST)),
    }
}

/// LLC: SNAP with an EtherType, or IP's own service access point.
fn llc(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    match *layer.bytes.first_chunk::<3>()? {
        [0xAA, 0xAA, 0x03] => {
            let protocol = u16_at(layer, 6)?;
            Some((Next::EtherType(protocol.max(ether_type::FIRST)), layer.after(8)?))
        }
        [0x06, 0x06, 0x03] => Some((Next::Ip, layer.after(3)?)),
        _ => None,
    }
}

/// PPPoE session: version and type, code 0, session, length, then PPP without framing.
fn pppoe(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
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
            return Some((Next::EtherType(u16_at(layer, 2)?), layer.after(4)?));
        }
        _ => layer,
    };
    let first = *layer.bytes.first()?;
    let (protocol, layer) = if first & 1 == 1 {
        (u16::from(first), layer.after(1)?)
    } else {
        (u16_at(layer, 0)?, layer.after(2)?)
    };
    match protocol {
        0x0021 | 0x0057 => Some((Next::Ip, layer)),
        0x0281 | 0x0283 => Some((Next::Mpls, layer)),
        _ => None,
    }
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

#[inline]
fn u16_at(layer: Layer<'_>, at: usize) -> Option<u16> {
    let (_, rest) = layer.bytes.split_at_checked(at)?;
    rest.first_chunk().map(|two| u16::from_be_bytes(*two))
}

#[inline]
fn mac_at(layer: Layer<'_>, at: usize) -> Option<Mac> {
    let (_, rest) = layer.bytes.split_at_checked(at)?;
    rest.first_chunk().copied()
}
