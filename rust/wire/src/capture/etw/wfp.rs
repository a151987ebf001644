//! Microsoft-Pef-WFP-MessageProvider: packets above the network layer, those of the loopback
//! interface and those that IPsec decrypted among them.

use super::fields::Fields;
use super::packet::{ipv4_header, ipv6_addresses, ipv6_header};
use super::{Direction, Event, Found, Header, Part, Place, Provider, Seen, guid, link_type};

pub(super) const PROVIDER: Provider =
    guid(0xc22d_1b14, 0xc242, 0x49de, [0x9f, 0x17, 0x1d, 0x76, 0xb8, 0xb9, 0xc4, 0x58]);

/// Addresses, protocol, a flow's context in the later ones, length, and the transport layer on.
pub(super) fn read<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let mut fields = Fields::new(event.data);
    let (header, data) = match event.id {
        60011 | 60012 => {
            let (source, destination) = (fields.take(4)?, fields.take(4)?);
            let (protocol, length, data) = payload(event.id == 60012, &mut fields)?;
            let (source, destination) = (source.try_into().ok()?, destination.try_into().ok()?);
            (Header::Ipv4(ipv4_header(source, destination, protocol, length)), data)
        }
        60021 | 60022 => {
            let addresses = ipv6_addresses(&mut fields)?;
            let (protocol, length, data) = payload(event.id == 60022, &mut fields)?;
            (Header::Ipv6(ipv6_header(&addresses, protocol, length)), data)
        }
        _ => return Some(Found::Nothing),
    };
    Some(Found::Frame(Seen {
        link_type: link_type::RAW,
        header,
        data,
        original_length: None,
        cut: false,
        part: Part::Whole,
        direction: Direction::Unknown,
        place: Place { source: 5, component: 0, edge: 0 },
        dropped: None,
        process: event.process,
        thread: event.thread,
        processor: event.processor,
    }))
}

fn payload<'a>(has_context: bool, fields: &mut Fields<'a>) -> Option<(u8, u16, &'a [u8])> {
    let protocol = fields.u8()?;
    if has_context {
        fields.u64()?;
    }
    let length = fields.u16()?;
    Some((protocol, length, fields.take(usize::from(length))?))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::super::tests::{event, hex};
    use super::*;

    fn packet(id: u16, data: &str) -> Option<Vec<u8>> {
        match read(&event(PROVIDER, id, &hex(data))) {
            Found::Frame(seen) => Some([seen.header.bytes(), seen.data].concat()),
            _ => None,
        }
    }

    #[test]
    fn a_payload_gets_the_header_of_its_addresses() {
        let four = packet(60011, "7f000001 7f000002 06 0200 beef").unwrap();
        assert_eq!(four[..10], hex("4500 0016 0000 4000 40 06"));
        assert_eq!(four[12..], hex("7f000001 7f000002 beef"));
        assert_eq!(packet(60012, "7f000001 7f000002 06 1111111111111111 0200 beef"), Some(four));
        let one = "00000000000000000000000000000001";
        let six = packet(60021, &format!("{one} {one} 11 0100 aa")).unwrap();
        assert_eq!(six, hex(&format!("6000 0000 0001 11 40 {one} {one} aa")));
    }

    #[test]
    fn a_length_beyond_the_event_is_malformed() {
        let data = hex("7f000001 7f000002 06 0300 beef");
        assert_eq!(read(&event(PROVIDER, 60011, &data)), Found::Malformed);
    }
}
