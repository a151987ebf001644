//! Microsoft-Windows-PktMon (`pktmon start --capture`).

use super::fields::Fields;
use super::ndis::mac_address;
use super::packet::is_wlan;
use super::{Direction, Event, Found, Header, Part, Place, Provider, Seen, guid, link_type};

pub(super) const PROVIDER: Provider =
    guid(0x4d4f_80d9, 0xc8bd, 0x4d73, [0xbb, 0x5b, 0x19, 0xc9, 0x04, 0x02, 0xc5, 0xac]);

/// What [`Place::source`] is for its packets.
pub(super) const SOURCE: u8 = 4;

pub(super) fn read<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    match event.id {
        160 | 170 | 240 => packet(event),
        100 => filter(Fields::new(event.data), Fields::ipv4),
        110 => filter(Fields::new(event.data), Fields::ipv6),
        20..=90 | 270 | 280 => Some(Found::Components),
        _ => Some(Found::Nothing),
    }
}

/// A packet as one component saw it.
fn packet<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    const DROPPED: u16 = 170;
    let mut fields = Fields::new(event.data);
    // Group of packets, number in it and count of appearances: later builds count neither.
    fields.take(12)?;
    let direction = match fields.u16()? {
        3 => Direction::Received,
        4 => Direction::Sent,
        // In, out, ingress, egress: as the component sees it.
        _ => Direction::Unknown,
    };
    let kind = fields.u16()?;
    let (component, edge) = (u32::from(fields.u16()?), u32::from(fields.u16()?));
    fields.u16()?; // The filter.
    let reason = fields.u32()?;
    fields.u32()?; // Where it was dropped.
    let (original, logged) = (fields.u16()?, fields.u16()?);
    let data = fields.take(usize::from(logged))?;
    let Some(link_type) = link_type_of(kind, data) else { return Some(Found::Nothing) };
    Some(Found::Frame(Seen {
        link_type,
        header: Header::None,
        data,
        original_length: Some(u32::from(original.max(logged))),
        cut: logged < original,
        part: Part::Whole,
        direction,
        place: Place { source: SOURCE, component, edge },
        dropped: (event.id == DROPPED).then_some(reason),
        process: event.process,
        thread: event.thread,
        processor: event.processor,
    }))
}

/// What a packet begins with. Components above the driver of a Wi-Fi adapter see Ethernet and are
/// labelled Wi-Fi all the same, so there the bytes decide. What is no packet has no link type.
fn link_type_of(kind: u16, data: &[u8]) -> Option<u16> {
    /// EtherTypes of IPv4, IPv6, ARP, VLAN and EAPOL.
    const ETHER_TYPES: [[u8; 2]; 5] =
        [[0x08, 0x00], [0x86, 0xDD], [0x08, 0x06], [0x81, 0x00], [0x88, 0x8E]];
    let is_ethernet = || data.get(12..14).is_some_and(|kind| ETHER_TYPES.iter().any(|e| e == kind));
    match kind {
        1 => Some(link_type::ETHERNET),
        2 if is_ethernet() && !is_wlan(data) => Some(link_type::ETHERNET),
        2 => Some(link_type::WLAN),
        3 => Some(link_type::RAW),
        0 if is_wlan(data) => Some(link_type::WLAN),
        0 if is_ethernet() => Some(link_type::ETHERNET),
        _ => None,
    }
}

/// A filter that was in force, in words. Its ports are left out: nothing says in which order their
/// bytes stand.
fn filter<'a, F>(mut fields: Fields<'a>, address: F) -> Option<Found<'a>>
where
    F: Fn(&mut Fields<'a>) -> Option<std::net::IpAddr>,
{
    fields.u16()?;
    let name = fields.text16()?;
    let macs = [fields.mac()?, fields.mac()?];
    let (ether_type, vlan) = (fields.u16()?, fields.u16()?);
    let addresses = [address(&mut fields)?, address(&mut fields)?];
    let protocol = fields.u8()?;
    let ports = fields.u32()?;
    let mut parts = vec![if name.is_empty() { "a filter".to_owned() } else { name }];
    parts.extend(macs.iter().filter(|mac| **mac != [0; 6]).map(mac_address));
    if ether_type != 0 {
        parts.push(format!("EtherType 0x{ether_type:04X}"));
    }
    if vlan != 0 {
        parts.push(format!("VLAN {vlan}"));
    }
    parts.extend(addresses.iter().filter(|ip| !ip.is_unspecified()).map(ToString::to_string));
    if protocol != 0 {
        parts.push(format!("IP protocol {protocol}"));
    }
    if ports != 0 {
        parts.push("a port".to_owned());
    }
    Some(Found::Filter(parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, hex};
    use super::super::{Event, read};
    use super::*;

    /// The head of a real event 160 (Windows Server 2022) and the beginning of its packet.
    fn real(kind: &str, direction: &str, original: &str, logged: &str, data: &str) -> Vec<u8> {
        hex(&format!(
            "265a100000000000 0100 0100 {direction} {kind} 3b00 0100 0100 00000000 00000000 \
             {original} {logged} {data}"
        ))
    }

    fn seen(id: u16, data: &[u8]) -> Seen<'_> {
        match read(&Event { process: 3676, ..event(PROVIDER, id, data) }) {
            Found::Frame(seen) => seen,
            other => panic!("{other:?}"),
        }
    }

    const ETHERNET: &str = "0022487bb380 948ed3c5f748 0800 45";

    #[test]
    fn a_packet_is_read_with_its_place_and_original_length() {
        let data = real("0100", "0300", "6200", "0f00", ETHERNET);
        let seen = seen(160, &data);
        assert_eq!((seen.link_type, seen.data.len()), (1, 15));
        assert_eq!((seen.original_length, seen.cut), (Some(98), true));
        assert_eq!(seen.place, Place { source: 4, component: 0x3B, edge: 1 });
        assert_eq!((seen.direction, seen.sender()), (Direction::Received, None));
    }

    #[test]
    fn a_sent_packet_has_a_sender() {
        let data = real("0100", "0400", "0f00", "0f00", ETHERNET);
        assert_eq!(seen(160, &data).sender().map(u32::from), Some(3676));
    }

    #[test]
    fn wifi_is_believed_when_the_bytes_are_wifi() {
        let wlan =
            "8841 0000 112233445566 aabbccddeeff 778899001122 0000 0000 aaaa03000000 0800 45";
        for (kind, data, expected) in [
            ("0200", ETHERNET, Some(1)),
            ("0200", wlan, Some(105)),
            ("0000", wlan, Some(105)),
            ("0000", ETHERNET, Some(1)),
            ("0300", "4500", Some(101)),
            ("0500", "4500", None),
        ] {
            let bytes = hex(data);
            let kind = u16::from_le_bytes([hex(kind)[0], 0]);
            assert_eq!(link_type_of(kind, &bytes), expected, "{data}");
        }
    }

    #[test]
    fn a_dropped_packet_says_so() {
        let data = real("0300", "0100", "0100", "0100", "45");
        assert_eq!(seen(170, &data).dropped, Some(0));
        assert_eq!(seen(160, &data).dropped, None);
    }

    #[test]
    fn a_length_beyond_the_event_is_malformed() {
        let data = real("0100", "0300", "6200", "6200", ETHERNET);
        assert_eq!(read(&event(PROVIDER, 160, &data)), Found::Malformed);
    }

    #[test]
    fn a_real_filter_is_told() {
        let data = hex(
            "0100 6500740068003300 0000 0022487bb380 000000000000 0000 0000 00000000 00000000 00 \
             0000 0000 00",
        );
        let expected = Found::Filter("eth3, 00:22:48:7b:b3:80".to_owned());
        assert_eq!(read(&event(PROVIDER, 100, &data)), expected);
    }
}
