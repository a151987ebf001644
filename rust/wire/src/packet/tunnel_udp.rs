//! Tunnels inside UDP. A port says little, so each must have the header of its kind and an IP
//! packet in the right place, whose lengths fit.

use super::link::{Next, ether_type};
use super::tunnel::{Inner, Tunnel, holds_ip};
use super::{Datagram, Layer};
use crate::limits::MAX_LAYERS;

mod port {
    pub const L2TP: u16 = 1701;
    pub const GTP_USER: u16 = 2152;
    pub const CAPWAP_DATA: u16 = 5247;
}

/// The packet or frame that a UDP datagram carries.
#[inline]
pub(super) fn inside<'a>(datagram: &Datagram<'a>) -> Option<Inner<'a>> {
    let ports = [datagram.destination_port, datagram.source_port];
    let sent = usize::try_from(datagram.payload_length).unwrap_or(usize::MAX);
    let payload = Layer { bytes: datagram.payload, sent };
    let first = *payload.bytes.first()?;
    if ports.contains(&port::GTP_USER) && first & 0xF0 == 0x30 {
        return gtp(payload);
    }
    if ports.contains(&port::CAPWAP_DATA) && first == 0 {
        return capwap(payload);
    }
    if ports.contains(&port::L2TP) && first & 0x80 == 0 {
        return l2tp(payload);
    }
    // What these carry is so plain to see that any port will do: VXLAN and GENEVE are often
    // configured to another one, and Teredo's peers use any.
    match first {
        0x08 | 0x88 => vxlan(payload),
        0x00..0x40 => geneve(payload).or_else(|| teredo(payload)),
        0x60..0x70 => teredo(payload),
        _ => None,
    }
}

/// VXLAN: a flag that the network identifier counts, group policy, identifier, reserved byte.
fn vxlan(layer: Layer<'_>) -> Option<Inner<'_>> {
    let inner = layer.after(8)?;
    holds_ip(Next::Ethernet, inner).then_some((Tunnel::Vxlan, Next::Ethernet, inner))
}

/// GENEVE: version 0 and length of options, flags, EtherType, identifier, 0, options.
fn geneve(layer: Layer<'_>) -> Option<Inner<'_>> {
    let [lengths, flags, t1, t0, _, _, _, 0] = *layer.bytes.first_chunk::<8>()? else {
        return None;
    };
    // The flags are for control messages and for options that must be understood; six are reserved.
    if flags & 0xBF != 0 {
        return None;
    }
    let next = match u16::from_be_bytes([t1, t0]) {
        ether_type::TRANSPARENT_ETHERNET => Next::Ethernet,
        ether_type::IPV4 | ether_type::IPV6 => Next::Ip,
        _ => return None,
    };
    let inner = layer.after(usize::from(lengths & 0x3F).saturating_mul(4).saturating_add(8))?;
    holds_ip(next, inner).then_some((Tunnel::Geneve, next, inner))
}

/// GTP-U, version 1: flags, type 255 (a packet), length of what follows the first eight bytes,
/// tunnel; then, if a flag says so, sequence numbers and the kind of the first extension header.
fn gtp(layer: Layer<'_>) -> Option<Inner<'_>> {
    const EXTENSION: u8 = 0x04;
    const ANY_OPTION: u8 = 0x07;

    let [flags, 255, l1, l0] = *layer.bytes.first_chunk::<4>()? else { return None };
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    let mut inner = layer.after(8)?;
    if length > inner.sent || flags & 0x08 != 0 {
        return None;
    }
    inner = inner.trimmed(length);
    if flags & ANY_OPTION != 0 {
        let mut following = *inner.bytes.get(3)?;
        inner = inner.after(4)?;
        if flags & EXTENSION == 0 {
            following = 0;
        }
        // Each begins with its length in units of four bytes and ends with the kind of the next.
        for _ in 0..MAX_LAYERS {
            if following == 0 {
                break;
            }
            let length = usize::from(*inner.bytes.first()?).checked_mul(4)?;
            following = *inner.bytes.get(length.checked_sub(1)?)?;
            inner = inner.after(length)?;
        }
    }
    holds_ip(Next::Ip, inner).then_some((Tunnel::Gtp, Next::Ip, inner))
}

/// Teredo: an IPv6 packet, of which one address at least is Teredo's, perhaps behind an
/// authentication header (type 1) and an origin (type 0).
fn teredo(layer: Layer<'_>) -> Option<Inner<'_>> {
    /// 2001:0000::/32 (RFC 4380 section 2.6).
    const PREFIX: [u8; 4] = [0x20, 0x01, 0, 0];

    let mut inner = layer;
    if inner.starts_with([0, 1]) {
        let [_, _, identifier, value] = *inner.bytes.first_chunk::<4>()?;
        // After both come a nonce of eight bytes and a confirmation of one.
        let length = usize::from(identifier).saturating_add(usize::from(value));
        inner = inner.after(length.saturating_add(13))?;
    }
    if inner.starts_with([0, 0]) {
        inner = inner.after(8)?;
    }
    let (header, _) = inner.bytes.split_first_chunk::<40>()?;
    let [first, _, _, _, l1, l0, ..] = *header;
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    let source = header.get(8..12)?;
    let destination = header.get(24..28)?;
    let fits = first >> 4 == 6
        && length > 0
        && inner.sent == length.saturating_add(40)
        && (source == PREFIX || destination == PREFIX);
    fits.then_some((Tunnel::Teredo, Next::Ip, inner))
}

/// A data message of L2TP, version 2: flags, then what they announce around tunnel and session.
fn l2tp(layer: Layer<'_>) -> Option<Inner<'_>> {
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    /// Control, the reserved bits and the version.
    const FIXED: u16 = 0xB4FF;

    let flags = layer.u16_at(0)?;
    if flags & FIXED != 2 {
        return None;
    }
    let (mut layer, mut length) = (layer, 6_usize);
    if flags & LENGTH != 0 {
        let whole = usize::from(layer.u16_at(2)?);
        if whole > layer.sent {
            return None;
        }
        layer = layer.trimmed(whole);
        length = length.saturating_add(2);
    }
    if flags & SEQUENCE != 0 {
        length = length.saturating_add(4);
    }
    if flags & OFFSET != 0 {
        let padding = usize::from(layer.u16_at(length)?);
        length = length.saturating_add(2).saturating_add(padding);
    }
    let inner = layer.after(length)?;
    holds_ip(Next::Ppp, inner).then_some((Tunnel::L2tp, Next::Ppp, inner))
}

/// CAPWAP data without DTLS: preamble, then a header whose length is in its first five bits, with
/// flags that tell IEEE 802.11 from Ethernet, and fragments.
fn capwap(layer: Layer<'_>) -> Option<Inner<'_>> {
    const NATIVE: u8 = 0x01;
    const FRAGMENT: u8 = 0x80;
    const KEEP_ALIVE: u8 = 0x08;

    let [0, lengths, kinds, flags] = *layer.bytes.first_chunk::<4>()? else { return None };
    if flags & (FRAGMENT | KEEP_ALIVE) != 0 {
        return None;
    }
    let inner = layer.after(usize::from(lengths >> 3).saturating_mul(4))?;
    // Cisco's controllers swap the frame control field, others don't.
    let candidates = if kinds & NATIVE == 0 {
        [Next::Ethernet, Next::Ethernet]
    } else {
        [Next::Wlan { swapped: true }, Next::Wlan { swapped: false }]
    };
    let next = candidates.into_iter().find(|next| holds_ip(*next, inner))?;
    Some((Tunnel::Capwap, next, inner))
}
