//! As much of a frame as tells what it is: events of Windows say it wrongly or not at all.

use super::fields::Fields;
use super::link_type;
use crate::cursor::Cursor;

/// LLC and SNAP with an EtherType, as every IP packet on 802.11 has them.
const SNAP: [u8; 6] = [0xAA, 0xAA, 0x03, 0, 0, 0];

/// Tags that stand before an EtherType.
const TAGS: [u16; 2] = [0x8100, 0x88A8];

/// Where the LLC header of an 802.11 data frame is, aggregated or not; the adapter has decrypted it,
/// whatever its Protected bit says. `None` where the bytes are no such frame.
fn llc_of_wlan(data: &[u8]) -> Option<usize> {
    let [kind, flags] = *data.first_chunk()?;
    // Version 0, type 2: data.
    (kind & 0x0F == 0x08).then_some(())?;
    let mut at: usize = if flags & 3 == 3 { 30 } else { 24 };
    let mut aggregated = false;
    if kind & 0x80 != 0 {
        aggregated = data.get(at)? & 0x80 != 0;
        at = at.saturating_add(if flags & 0x80 == 0 { 2 } else { 6 });
    }
    if aggregated {
        at = at.saturating_add(14);
    }
    data.get(at..)?.starts_with(&SNAP).then_some(at)
}

/// Whether the bytes are an 802.11 data frame.
pub(super) fn is_wlan(data: &[u8]) -> bool {
    llc_of_wlan(data).is_some()
}

/// Clears the Protected bit of an 802.11 frame: adapters give it decrypted, and leave the bit.
pub(in crate::capture) fn clear_protected(link: u16, data: &mut [u8]) {
    if let (link_type::WLAN, [_, flags, ..]) = (link, data) {
        *flags &= !0x40;
    }
}

/// Where the network layer of a frame begins, and its EtherType.
fn network_layer(link: u16, data: &[u8]) -> Option<(usize, u16)> {
    let mut at = match link {
        link_type::ETHERNET => 12,
        link_type::WLAN => llc_of_wlan(data)?.saturating_add(SNAP.len()),
        link_type::RAW => {
            return match data.first()? >> 4 {
                4 => Some((0, 0x0800)),
                6 => Some((0, 0x86DD)),
                _ => None,
            };
        }
        _ => return None,
    };
    // Two tags are usual at most; each takes four bytes.
    for _ in 0..3 {
        let kind = Cursor::new(data.get(at..)?).u16()?;
        if !TAGS.contains(&kind) {
            return Some((at.saturating_add(2), kind));
        }
        at = at.saturating_add(4);
    }
    None
}

/// The length that the network layer at the start of `data` says it has; `None` where it says none,
/// as for a packet that the adapter will cut into segments.
fn network_length(kind: u16, data: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(data);
    let length = match kind {
        0x0800 => {
            cursor.take(2)?;
            usize::from(cursor.u16()?)
        }
        0x86DD => {
            cursor.take(4)?;
            match cursor.u16()? {
                0 => 0,
                payload => usize::from(payload).saturating_add(40),
            }
        }
        // ARP of IPv4 on Ethernet.
        0x0806 => 28,
        _ => 0,
    };
    (length > 0).then_some(length)
}

/// The packet of the network layer in a frame, without what a link layer adds to its end, and its
/// EtherType.
pub(in crate::capture) fn ip_packet(link: u16, data: &[u8]) -> Option<(u16, &[u8])> {
    let (at, kind) = network_layer(link, data)?;
    let packet = data.get(at..)?;
    let length = network_length(kind, packet).unwrap_or(packet.len()).min(packet.len());
    Some((kind, packet.get(..length)?))
}

/// The length on the wire of a frame that was cut, as its IP header has it; `None` where it can't be
/// told.
pub(in crate::capture) fn wire_length(link: u16, data: &[u8]) -> Option<u32> {
    let (at, kind) = network_layer(link, data)?;
    let length = network_length(kind, data.get(at..)?)?.checked_add(at)?;
    (length > data.len()).then_some(())?;
    u32::try_from(length).ok()
}

/// A header of IPv4 for a payload that was logged without it.
pub(super) fn ipv4_header(
    source: [u8; 4],
    destination: [u8; 4],
    protocol: u8,
    payload: u16,
) -> [u8; 20] {
    let [high, low] = payload.saturating_add(20).to_be_bytes();
    let [s0, s1, s2, s3] = source;
    let [d0, d1, d2, d3] = destination;
    let with = |c0, c1| {
        [0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, c0, c1, s0, s1, s2, s3, d0, d1, d2, d3]
    };
    let mut sum = 0_u32;
    let header = with(0, 0);
    let mut words = Cursor::new(&header);
    while let Some(word) = words.u16() {
        sum = sum.saturating_add(u32::from(word));
    }
    // Ten words: the carry is added twice at most.
    for _ in 0..2 {
        sum = (sum & 0xFFFF).saturating_add(sum >> 16);
    }
    let [_, _, c0, c1] = (!sum).to_be_bytes();
    with(c0, c1)
}

/// A header of IPv6 for a payload that was logged without it; `addresses` are both, source first.
pub(super) fn ipv6_header(addresses: &[u8; 32], protocol: u8, payload: u16) -> [u8; 40] {
    let mut header = [0; 40];
    let [high, low] = payload.to_be_bytes();
    if let Some((fixed, rest)) = header.split_first_chunk_mut::<8>() {
        *fixed = [0x60, 0, 0, 0, high, low, protocol, 64];
        rest.copy_from_slice(addresses);
    }
    header
}

/// Reads the two addresses of IPv6 as they stand.
pub(super) fn ipv6_addresses(fields: &mut Fields<'_>) -> Option<[u8; 32]> {
    fields.take(32)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    const IPV4: &str = "4500 0016 0000 4000 40 11 0000 0a000001 0a000002 aabb";

    #[test]
    fn the_ip_packet_is_found_behind_every_link() {
        let frames = [
            (1, format!("112233445566 aabbccddeeff 0800 {IPV4} 00000000")),
            (1, format!("112233445566 aabbccddeeff 8100 0005 0800 {IPV4} 00000000")),
            (
                105,
                format!(
                    "0801 0000 112233445566 aabbccddeeff 778899001122 0000 {} 0800 {IPV4}",
                    "aaaa03000000"
                ),
            ),
            (
                105,
                format!(
                    "8841 0000 112233445566 aabbccddeeff 778899001122 0000 0000 {} 0800 {IPV4}",
                    "aaaa03000000"
                ),
            ),
            (
                105,
                format!(
                    "8802 0000 112233445566 aabbccddeeff 778899001122 0000 8000 112233445566 \
                     aabbccddeeff 001e aaaa03000000 0800 {IPV4}"
                ),
            ),
            (
                105,
                format!(
                    "8883 0000 112233445566 aabbccddeeff 778899001122 0000 778899001122 0000 \
                     00000000 aaaa03000000 0800 {IPV4}"
                ),
            ),
            (101, IPV4.to_owned()),
        ];
        for (link, frame) in frames {
            let bytes = hex(&frame);
            assert_eq!(ip_packet(link, &bytes), Some((0x0800, &hex(IPV4)[..])), "{frame}");
        }
    }

    #[test]
    fn a_packet_without_length_goes_to_the_end_of_the_frame() {
        let bytes = hex("4500 0000 0000 4000 40 06 0000 0a000001 0a000002 aabbcc");
        assert_eq!(ip_packet(101, &bytes), Some((0x0800, &bytes[..])));
    }

    #[test]
    fn ethernet_is_not_taken_for_wlan() {
        assert!(!is_wlan(&hex(&format!("082233445566 aabbccddeeff 0800 {IPV4}"))));
    }

    #[test]
    fn a_cut_frame_knows_its_length_on_the_wire() {
        let frame = hex("112233445566 aabbccddeeff 0800 4500 05dc 0000");
        assert_eq!(wire_length(1, &frame), Some(1514));
        assert_eq!(wire_length(1, &hex(&format!("112233445566 aabbccddeeff 0800 {IPV4}"))), None);
        assert_eq!(wire_length(1, &hex("112233445566")), None);
    }

    #[test]
    fn a_header_of_ipv4_has_its_checksum() {
        let header = ipv4_header([127, 0, 0, 1], [127, 0, 0, 1], 6, 20);
        let sum = header
            .chunks(2)
            .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
            .sum::<u32>();
        assert_eq!((sum & 0xFFFF) + (sum >> 16), 0xFFFF);
        assert_eq!(header[2..4], [0, 40]);
    }
}
