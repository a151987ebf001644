//! Microsoft-Windows-NDIS-PacketCapture (`netsh trace start capture=yes`) and the like of the
//! remote access server.

use std::fmt::Write;

use super::fields::Fields;
use super::{Direction, Event, Found, Header, Part, Place, Provider, Seen, guid, link_type};

pub(super) const PROVIDER: Provider =
    guid(0x2ed6_006e, 0x4729, 0x4609, [0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6, 0x78, 0xef]);

/// Microsoft-Windows-Ras-NdisWanPacketCapture.
pub(super) const WAN: Provider =
    guid(0xd845_21f7, 0x2235, 0x4237, [0xa7, 0xc0, 0x14, 0xe3, 0xa9, 0x67, 0x62, 0x86]);

/// Bits of the keyword: what the manifest calls them.
mod keyword {
    pub const WIRELESS_WAN: u64 = 0x200;
    pub const NATIVE_802_11: u64 = 0x1_0000;
    pub const PACKET_TRUNCATED: u64 = 0x200_0000;
    pub const PACKET_START: u64 = 0x4000_0000;
    pub const PACKET_END: u64 = 0x8000_0000;
    pub const SEND_PATH: u64 = 0x1_0000_0000;
    pub const RECEIVE_PATH: u64 = 0x2_0000_0000;
}

pub(super) fn read<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let mut fields = Fields::new(event.data);
    match event.id {
        1001 => {
            let (miniport, lower) = (fields.u32()?, fields.u32()?);
            let data = fields.sized()?;
            Some(frame(event, Place { source: 1, component: miniport, edge: lower }, data))
        }
        1003 => switch(event, fields),
        1016 => rule(fields),
        _ => Some(Found::Nothing),
    }
}

/// A packet in the virtual switch: the ports that it comes from and goes to stand before it.
fn switch<'a>(event: &Event<'a>, mut fields: Fields<'a>) -> Option<Found<'a>> {
    fields.u32()?; // Index of the interface, and of the one below.
    fields.u32()?;
    let port = fields.u32()?;
    for _ in 0..3 {
        fields.skip_text16()?;
    }
    // Each takes ten bytes at least, so the data run out before a lying count does.
    for _ in 0..fields.u32()? {
        fields.u32()?;
        for _ in 0..3 {
            fields.skip_text16()?;
        }
    }
    let data = fields.sized()?;
    Some(frame(event, Place { source: 2, component: port, edge: 0 }, data))
}

fn frame<'a>(event: &Event<'a>, place: Place, data: &'a [u8]) -> Found<'a> {
    let has = |bit| event.keyword & bit != 0;
    let part = match (has(keyword::PACKET_START), has(keyword::PACKET_END)) {
        (true, true) => Part::Whole,
        (true, false) => Part::First,
        (false, false) => Part::Middle,
        (false, true) => Part::Last,
    };
    let direction = match (has(keyword::SEND_PATH), has(keyword::RECEIVE_PATH)) {
        (true, false) => Direction::Sent,
        (false, true) => Direction::Received,
        _ => Direction::Unknown,
    };
    let link_type = if has(keyword::NATIVE_802_11) {
        link_type::WLAN
    } else if has(keyword::WIRELESS_WAN) {
        link_type::RAW
    } else {
        link_type::ETHERNET
    };
    let cut = has(keyword::PACKET_TRUNCATED);
    Found::Frame(Seen {
        link_type,
        header: Header::None,
        data,
        original_length: None,
        cut,
        part,
        direction,
        place,
        dropped: None,
        process: event.process,
        thread: event.thread,
        processor: event.processor,
    })
}

/// A packet of a remote access server's client.
pub(super) fn wan<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let direction = match event.id {
        5001 => Direction::Sent,
        5002 => Direction::Received,
        _ => return Some(Found::Nothing),
    };
    let mut fields = Fields::new(event.data);
    // The routing domain and the user.
    fields.skip_text16()?;
    fields.skip_text16()?;
    Some(Found::Frame(Seen {
        link_type: link_type::ETHERNET,
        header: Header::None,
        data: fields.sized()?,
        original_length: None,
        cut: false,
        part: Part::Whole,
        direction,
        place: Place { source: 3, component: 0, edge: 0 },
        dropped: None,
        process: event.process,
        thread: event.thread,
        processor: event.processor,
    }))
}

/// A rule that says which packets are captured, or how much of them.
fn rule<'a>(mut fields: Fields<'_>) -> Option<Found<'a>> {
    const OFF: u8 = 0;
    let (rule, directive) = (fields.u8()?, fields.u8()?);
    let length = usize::from(fields.u16()?);
    let mut value = Fields::new(fields.take(length)?);
    let what = match rule {
        _ if directive == OFF => return Some(Found::Nothing),
        2 => "802.11 frame control",
        4 => "network interface",
        6 => "EtherType",
        7 => "source MAC address",
        8 => "destination MAC address",
        9 => "MAC address",
        10 | 13 => "source IP address",
        11 | 14 => "destination IP address",
        12 | 15 => "IP address",
        16 => "IP protocol",
        17 => {
            let bytes = match length {
                2 => u32::from(value.u16()?),
                _ => value.u32()?,
            };
            return Some(Found::SnapLength(bytes));
        }
        18 => "bytes at an offset from the MAC header",
        19 => "bytes at an offset from the IP header",
        // Whether packets are captured at every layer, and what is not known.
        _ => return Some(Found::Nothing),
    };
    let mut words = what.to_owned();
    let shown = match (rule, length) {
        (7..=9, 6) => value.mac().map(|mac| mac_address(&mac)),
        (10..=12, 4) => value.ipv4().map(|ip| ip.to_string()),
        (13..=15, 16) => value.ipv6().map(|ip| ip.to_string()),
        _ => None,
    };
    if let Some(shown) = shown {
        // Writing to a string cannot fail.
        let _ = write!(words, " {shown}");
    }
    Some(Found::Filter(words))
}

pub(super) fn mac_address(mac: &[u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, hex};
    use super::super::{Event, read};
    use super::*;

    /// Send, start, end, Ethernet.
    const SENT: u64 = 0x8000_0601_C000_0001;

    fn seen(event: Event<'_>) -> Seen<'_> {
        match read(&event) {
            Found::Frame(seen) => seen,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_fragment_has_the_length_it_says_and_not_the_rest_of_the_event() {
        let data = hex("0c000000 0a000000 03000000 aabbcc 1111111111111111 2222222222222222");
        let seen = seen(Event { keyword: SENT, process: 4242, ..event(PROVIDER, 1001, &data) });
        assert_eq!(seen.data, [0xAA, 0xBB, 0xCC]);
        assert_eq!((seen.place.component, seen.place.edge), (12, 10));
        assert_eq!((seen.link_type, seen.part), (1, Part::Whole));
        assert_eq!(seen.sender().map(u32::from), Some(4242));
    }

    #[test]
    fn the_process_of_a_received_packet_is_not_its_sender() {
        let data = hex("0c000000 0c000000 01000000 aa");
        let keyword = 0x8000_0602_C000_0001;
        let seen = seen(Event { keyword, process: 4242, ..event(PROVIDER, 1001, &data) });
        assert_eq!(seen.direction, Direction::Received);
        assert_eq!(seen.sender(), None);
    }

    #[test]
    fn keywords_tell_the_link_and_the_part() {
        let data = hex("0c000000 0c000000 01000000 aa");
        let of = |keyword| seen(Event { keyword, ..event(PROVIDER, 1001, &data) });
        assert_eq!(of(0x0001_4001_0000).part, Part::First);
        assert_eq!(of(0x0001_4001_0000).link_type, link_type::WLAN);
        assert_eq!(of(0x0001_8000_0200).part, Part::Last);
        assert_eq!(of(0x0001_8000_0200).link_type, link_type::RAW);
        assert_eq!(of(0x0001_0200_0001).part, Part::Middle);
        assert!(of(0x0001_0200_0001).cut);
    }

    #[test]
    fn a_packet_of_the_virtual_switch_follows_its_ports() {
        let name = "6100 0000";
        let data = hex(&format!(
            "0c000000 0c000000 02000000 {name} {name} {name} 02000000 05000000 {name} {name} {name} \
             06000000 {name} {name} 0000 02000000 beef 00000000"
        ));
        let seen = seen(event(PROVIDER, 1003, &data));
        assert_eq!(seen.data, [0xBE, 0xEF]);
        assert_eq!(seen.place.component, 2);
    }

    #[test]
    fn lengths_beyond_the_event_are_malformed() {
        for data in ["0c000000 0c000000 ffffffff aa", "0c000000"] {
            assert_eq!(read(&event(PROVIDER, 1001, &hex(data))), Found::Malformed);
        }
        let ports = hex("0c000000 0c000000 02000000 0000 0000 0000 ffffffff 0000");
        assert_eq!(read(&event(PROVIDER, 1003, &ports)), Found::Malformed);
    }

    #[test]
    fn a_packet_of_remote_access_follows_its_user() {
        let data = hex("6100 0000 6200 6300 0000 02000000 beef");
        let seen = seen(event(WAN, 5001, &data));
        assert_eq!((seen.data, seen.direction), (&[0xBE, 0xEF][..], Direction::Sent));
    }

    #[test]
    fn rules_in_force_are_told() {
        let rule = |text| match read(&event(PROVIDER, 1016, &hex(text))) {
            Found::Filter(words) => words,
            other => format!("{other:?}"),
        };
        assert_eq!(rule("0c 03 0400 0a000001"), "IP address 10.0.0.1");
        assert_eq!(rule("09 03 0600 00224849b380"), "MAC address 00:22:48:49:b3:80");
        assert_eq!(rule("10 03 0100 06"), "IP protocol");
        assert_eq!(rule("0c 00 0400 0a000001"), "Nothing");
        assert_eq!(rule("11 03 0200 8000"), "SnapLength(128)");
    }
}
