//! What a frame begins with, by its link type: a link layer, or a header of the capturing system
//! before one.

use super::link::{Next, pppoe};
use super::{Layer, Macs, wlan};

/// The link type of Ethernet.
pub(super) const ETHERNET: u16 = 1;

/// LINKTYPE_ numbers, as libpcap registers them.
mod link_type {
    pub const NULL: u16 = 0;
    pub(super) use super::ETHERNET;
    pub const PPP: u16 = 9;
    /// Raw IP as written by systems that put their own DLT number into the file.
    pub const RAW_12: u16 = 12;
    pub const RAW_14: u16 = 14;
    pub const PPP_HDLC: u16 = 50;
    pub const PPP_ETHER: u16 = 51;
    pub const ATM_RFC1483: u16 = 100;
    pub const RAW: u16 = 101;
    pub const C_HDLC: u16 = 104;
    pub const IEEE802_11: u16 = 105;
    pub const LOOP: u16 = 108;
    pub const ENC: u16 = 109;
    pub const LINUX_SLL: u16 = 113;
    pub const PFLOG: u16 = 117;
    pub const IEEE802_11_PRISM: u16 = 119;
    pub const IEEE802_11_RADIOTAP: u16 = 127;
    pub const IEEE802_11_AVS: u16 = 163;
    pub const PPI: u16 = 192;
    pub const PPP_WITH_DIRECTION: u16 = 204;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const NFLOG: u16 = 239;
    pub const PKTAP: u16 = 258;
    pub const LINUX_SLL2: u16 = 276;
}

/// A link type that is not read.
#[derive(Debug)]
pub(super) struct UnknownLink;

/// What is behind the capturing system's header, if there is one; `Ok(None)` when the frame is no
/// packet or is broken.
#[inline]
pub(super) fn begin<'a>(
    link: u16,
    layer: Layer<'a>,
    macs: &mut Macs,
) -> Result<Option<(Next, Layer<'a>)>, UnknownLink> {
    Ok(match link {
        link_type::ETHERNET => Some((Next::Ethernet, layer)),
        link_type::RAW
        | link_type::RAW_12
        | link_type::RAW_14
        | link_type::IPV4
        | link_type::IPV6 => Some((Next::Ip, layer)),
        link_type::NULL | link_type::LOOP => loopback(layer),
        link_type::LINUX_SLL => cooked(layer, macs),
        link_type::LINUX_SLL2 => cooked2(layer, macs),
        link_type::PPP | link_type::PPP_HDLC => Some((Next::Ppp, layer)),
        link_type::PPP_WITH_DIRECTION => layer.after(1).map(|layer| (Next::Ppp, layer)),
        link_type::PPP_ETHER => pppoe(layer),
        link_type::C_HDLC => cisco_hdlc(layer),
        link_type::ATM_RFC1483 => Some((Next::LLC, layer)),
        link_type::IEEE802_11 => Some((Next::Wlan { swapped: false }, layer)),
        link_type::IEEE802_11_RADIOTAP => wlan::radiotap(layer),
        link_type::IEEE802_11_PRISM => wlan::prism(layer),
        link_type::IEEE802_11_AVS => wlan::avs(layer),
        // OpenBSD's enc: address family, security parameters index, flags.
        link_type::ENC => layer.after(12).map(|layer| (Next::Ip, layer)),
        link_type::PFLOG => pflog(layer),
        link_type::NFLOG => nflog(layer),
        link_type::PPI => return behind(ppi(layer), macs),
        link_type::PKTAP => return behind(pktap(layer), macs),
        _ => return Err(UnknownLink),
    })
}

/// A frame of another link type, behind a header that names it.
fn behind<'a>(
    inner: Option<(u16, Layer<'a>)>,
    macs: &mut Macs,
) -> Result<Option<(Next, Layer<'a>)>, UnknownLink> {
    match inner {
        None => Ok(None),
        // Nobody puts such a header before another one.
        Some((link_type::PPI | link_type::PKTAP, _)) => Err(UnknownLink),
        Some((link, layer)) => begin(link, layer, macs),
    }
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
    if layer.u16_at(4)? == 6 {
        macs.source = layer.mac_at(6);
    }
    Some((cooked_protocol(layer.u16_at(14)?), layer.after(16)?))
}

/// Linux cooked capture, version 2: protocol first.
fn cooked2<'a>(layer: Layer<'a>, macs: &mut Macs) -> Option<(Next, Layer<'a>)> {
    if *layer.bytes.get(11)? == 6 {
        macs.source = layer.mac_at(12);
    }
    Some((cooked_protocol(layer.u16_at(0)?), layer.after(20)?))
}

/// The protocol field of a cooked header is an EtherType, or a small Linux ETH_P_ number.
fn cooked_protocol(protocol: u16) -> Next {
    match protocol {
        // ETH_P_802_2: an LLC header follows, as after an IEEE 802.3 length.
        0x0004 => Next::LLC,
        other => Next::protocol(other),
    }
}

/// Cisco's HDLC: address, control, EtherType.
fn cisco_hdlc(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    Some((Next::EtherType(layer.u16_at(2)?), layer.after(4)?))
}

/// The BSD packet filter's log: a header that begins with its length, padded to four bytes.
fn pflog(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let length = usize::from(*layer.bytes.first()?);
    Some((Next::Ip, layer.after(length.next_multiple_of(4))?))
}

/// Linux netfilter's log: family, version 0, resource, then attributes of length, type and value,
/// each padded to four bytes, in the byte order of the machine. Attribute 9 is the packet.
fn nflog(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let [_, 0, _, _] = *layer.bytes.first_chunk::<4>()? else { return None };
    let mut layer = layer.after(4)?;
    loop {
        let header = layer.bytes.first_chunk::<4>()?;
        // The types are below 256, so one of the two bytes of a type is 0.
        let (length, kind) = match *header {
            [l0, l1, kind, 0] => (u16::from_le_bytes([l0, l1]), kind),
            [l1, l0, 0, kind] => (u16::from_be_bytes([l1, l0]), kind),
            _ => return None,
        };
        let length = usize::from(length);
        if kind == 9 {
            return Some((Next::Ip, layer.trimmed(length).after(4)?));
        }
        layer = layer.after(length.max(4).next_multiple_of(4))?;
    }
}

/// Per-packet information: version 0, flags, length, link type, all little-endian.
fn ppi(layer: Layer<'_>) -> Option<(u16, Layer<'_>)> {
    let [0, _, l0, l1, t0, t1, 0, 0] = *layer.bytes.first_chunk::<8>()? else { return None };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    (length >= 8).then_some(())?;
    Some((u16::from_le_bytes([t0, t1]), layer.after(length)?))
}

/// Apple's PKTAP: length, kind of record (1: a packet), link type, all little-endian.
fn pktap(layer: Layer<'_>) -> Option<(u16, Layer<'_>)> {
    let header = *layer.bytes.first_chunk::<12>()?;
    let [l0, l1, 0, 0, 1, 0, 0, 0, t0, t1, 0, 0] = header else { return None };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    (length >= 12).then_some(())?;
    Some((u16::from_le_bytes([t0, t1]), layer.after(length)?))
}
