//! IPv4 and IPv6 headers to the transport payload, as sent and as captured.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Layer;
use super::fragment::Fragment;
use crate::limits::MAX_LAYERS;

/// IP protocol numbers.
pub(super) mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    /// IPsec's encapsulating security payload.
    pub const ENCRYPTED: u8 = 50;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMP_V6: u8 = 58;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
    pub const HIP: u8 = 139;
    pub const SHIM6: u8 = 140;
}

/// The payload of an IP packet, or of a fragment of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub payload: Layer<'a>,
    pub fragment: Option<Fragment>,
}

/// The same as [`datagram`], but only where nothing stands between IP's header and the transport's.
#[inline(always)]
pub(super) fn plain_datagram(layer: Layer<'_>) -> Option<Datagram<'_>> {
    match layer.bytes.first()? >> 4 {
        4 => v4(layer),
        6 => v6_header(layer),
        _ => None,
    }
}

/// The IP packet at the start of a layer.
pub(super) fn datagram(layer: Layer<'_>) -> Option<Datagram<'_>> {
    match layer.bytes.first()? >> 4 {
        4 => v4(layer).and_then(|datagram| match datagram.protocol {
            protocol::AUTHENTICATION if datagram.fragment.is_none() => upper_layer(datagram),
            _ => Some(datagram),
        }),
        6 => v6_header(layer).and_then(upper_layer),
        _ => None,
    }
}

#[inline(always)]
fn v4(layer: Layer<'_>) -> Option<Datagram<'_>> {
    let (header, _) = layer.bytes.split_first_chunk::<20>()?;
    let [first, _, l1, l0, i1, i0, f1, f0, _, protocol, _, _, s3, s2, s1, s0, d3, d2, d1, d0] =
        *header;
    let header_length = usize::from(first & 0x0F).checked_mul(4)?;
    if header_length < 20 {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([l1, l0]));
    // Total length 0: the network card was to fill it in (segmentation offload); the frame's own
    // length is then the only one there is.
    let layer = if total == 0 { layer } else { layer.trimmed(total) };
    if layer.sent < header_length {
        return None;
    }
    let word = u16::from_be_bytes([f1, f0]);
    let more = word & 0x2000 != 0;
    let offset = usize::from(word & 0x1FFF).checked_mul(8)?;
    let fragment = (more || offset > 0).then(|| Fragment {
        identification: u32::from(u16::from_be_bytes([i1, i0])),
        offset,
        more,
    });
    Some(Datagram {
        source: IpAddr::V4(Ipv4Addr::new(s3, s2, s1, s0)),
        destination: IpAddr::V4(Ipv4Addr::new(d3, d2, d1, d0)),
        protocol,
        payload: layer.after(header_length)?,
        fragment,
    })
}

#[inline(always)]
fn v6_header(layer: Layer<'_>) -> Option<Datagram<'_>> {
    let (header, _) = layer.bytes.split_first_chunk::<40>()?;
    let (fixed, addresses) = header.split_first_chunk::<8>()?;
    let (source, destination) = addresses.split_first_chunk::<16>()?;
    let destination: &[u8; 16] = destination.first_chunk()?;
    let [_, _, _, _, l1, l0, next, _] = *fixed;
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    let mut layer = layer.after(40)?;
    // Length 0: a jumbogram or segmentation offload; the frame's own length counts.
    if length != 0 {
        layer = layer.trimmed(length);
    }
    Some(Datagram {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination)),
        protocol: next,
        payload: layer,
        fragment: None,
    })
}

/// Whether an IP header stands here whose lengths fit into the layer.
pub(super) fn fits(layer: Layer<'_>) -> bool {
    let Some([first, _, t1, t0, p1, p0]) = layer.bytes.first_chunk::<6>().copied() else {
        return false;
    };
    let (header_length, length) = match first >> 4 {
        4 => (usize::from(first & 0x0F).saturating_mul(4), u16::from_be_bytes([t1, t0]).into()),
        6 => (40, usize::from(u16::from_be_bytes([p1, p0])).saturating_add(40)),
        _ => return false,
    };
    (20..=length).contains(&header_length) && length <= layer.sent
}

/// Walks IPv6 extension headers (and IPsec's authentication header in either version) up to the upper layer, or to a fragment header: what follows that
/// one is only known once the datagram is whole.
pub(super) fn upper_layer(mut datagram: Datagram<'_>) -> Option<Datagram<'_>> {
    for _ in 0..MAX_LAYERS {
        let bytes = datagram.payload.bytes;
        let (following, header_length) = match datagram.protocol {
            protocol::HOP_BY_HOP
            | protocol::ROUTING
            | protocol::DESTINATION_OPTIONS
            | protocol::MOBILITY
            | protocol::HIP
            | protocol::SHIM6 => {
                let [following, units] = *bytes.first_chunk::<2>()?;
                (following, usize::from(units).checked_add(1)?.checked_mul(8)?)
            }
            protocol::AUTHENTICATION => {
                let [following, units] = *bytes.first_chunk::<2>()?;
                (following, usize::from(units).checked_add(2)?.checked_mul(4)?)
            }
            protocol::FRAGMENT => {
                let [following, _, o1, o0, i3, i2, i1, i0] = *bytes.first_chunk::<8>()?;
                let word = u16::from_be_bytes([o1, o0]);
                let fragment = Fragment {
                    identification: u32::from_be_bytes([i3, i2, i1, i0]),
                    offset: usize::from(word & 0xFFF8),
                    more: word & 1 != 0,
                };
                // An "atomic" fragment (RFC 6946) is a whole packet.
                if fragment.offset > 0 || fragment.more {
                    datagram.fragment = Some(fragment);
                }
                (following, 8)
            }
            _ => return Some(datagram),
        };
        datagram.payload = datagram.payload.after(header_length)?;
        datagram.protocol = following;
        if datagram.fragment.is_some() {
            return Some(datagram);
        }
    }
    None
}
