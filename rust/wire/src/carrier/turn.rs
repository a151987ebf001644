//! What a TURN relay's client and the relay wrap: data of peers in Send and Data indications and in
//! ChannelData (RFC 8656 sections 11 and 12).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::cursor::Cursor;

const MAGIC_COOKIE: u32 = 0x2112_A442;

const SEND_INDICATION: u16 = 0x0016;
const DATA_INDICATION: u16 = 0x0017;
const CHANNEL_BIND_REQUEST: u16 = 0x0009;

const CHANNEL_NUMBER: u16 = 0x000C;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const DATA: u16 = 0x0013;

/// A message to or from a relay, as far as it is about peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Data to or from a peer.
    Indication {
        /// The peer, if it is named.
        peer: Option<SocketAddr>,
        /// The data.
        data: &'a [u8],
    },
    /// Data of the peer that a channel was bound to.
    Channel {
        /// The channel.
        number: u16,
        /// The data.
        data: &'a [u8],
    },
    /// Binds a channel to a peer.
    Bind {
        /// The channel.
        number: u16,
        /// The peer.
        peer: SocketAddr,
    },
}

/// The message in a datagram. `None` when it is none, or none about peers.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Message<'_>> {
    match bytes.first()? {
        0x40..=0x7F => channel_data(bytes),
        0x00 => stun(bytes),
        _ => None,
    }
}

fn channel_data(bytes: &[u8]) -> Option<Message<'_>> {
    let mut cursor = Cursor::new(bytes);
    let number = cursor.u16()?;
    let length = usize::from(cursor.u16()?);
    // Padding to four bytes may follow (RFC 8656 section 12.5).
    (cursor.len() <= length.saturating_add(3)).then_some(())?;
    Some(Message::Channel { number, data: cursor.take_up_to(length) })
}

fn stun(bytes: &[u8]) -> Option<Message<'_>> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u16()?;
    if !matches!(kind, SEND_INDICATION | DATA_INDICATION | CHANNEL_BIND_REQUEST) {
        return None;
    }
    let length = usize::from(cursor.u16()?);
    (cursor.u32()? == MAGIC_COOKIE).then_some(())?;
    let transaction = cursor.array::<12>()?;
    let mut attributes = Cursor::new(cursor.take_up_to(length));
    let (mut peer, mut data, mut channel) = (None, None, None);
    while let Some((attribute, value)) = attribute(&mut attributes) {
        match attribute {
            XOR_PEER_ADDRESS => peer = peer.or_else(|| address(value, transaction)),
            DATA => data = data.or(Some(value)),
            CHANNEL_NUMBER => channel = channel.or_else(|| Cursor::new(value).u16()),
            _ => {}
        }
    }
    if kind == CHANNEL_BIND_REQUEST {
        return Some(Message::Bind { number: channel?, peer: peer? });
    }
    Some(Message::Indication { peer, data: data? })
}

/// The next attribute, and its value as far as captured.
fn attribute<'a>(attributes: &mut Cursor<'a>) -> Option<(u16, &'a [u8])> {
    let kind = attributes.u16()?;
    let length = usize::from(attributes.u16()?);
    let value = attributes.take_up_to(length);
    attributes.take_up_to(length.wrapping_neg() & 3);
    Some((kind, value))
}

/// An address that is mixed with the cookie and the transaction (RFC 8489 section 14.2).
fn address(value: &[u8], transaction: [u8; 12]) -> Option<SocketAddr> {
    let mut cursor = Cursor::new(value);
    let [_, family] = cursor.array()?;
    let [high, low, ..] = MAGIC_COOKIE.to_be_bytes();
    let port = cursor.u16()? ^ u16::from_be_bytes([high, low]);
    let ip = match family {
        1 => IpAddr::V4(Ipv4Addr::from_bits(cursor.u32()? ^ MAGIC_COOKIE)),
        2 => {
            let mut mask = [0; 16];
            let cookie = MAGIC_COOKIE.to_be_bytes();
            mask.iter_mut().zip(cookie.iter().chain(&transaction)).for_each(|(to, &from)| {
                *to = from;
            });
            let mixed = u128::from_be_bytes(cursor.array()?);
            IpAddr::V6(Ipv6Addr::from_bits(mixed ^ u128::from_be_bytes(mask)))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSACTION: [u8; 12] = [0x5A; 12];

    fn message(kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(MAGIC_COOKIE.to_be_bytes());
        bytes.extend(TRANSACTION);
        bytes.extend(body);
        bytes
    }

    /// 192.0.2.1 port 32853, as in RFC 5769 section 2.2.
    const PEER: &[u8] = &[0, 1, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43];

    #[test]
    fn an_indication_gives_data_and_peer() {
        let peer = Some("192.0.2.1:32853".parse().unwrap());
        let bytes = message(DATA_INDICATION, &[(XOR_PEER_ADDRESS, PEER), (DATA, b"hello")]);
        assert_eq!(read(&bytes), Some(Message::Indication { peer, data: b"hello" }));
    }

    #[test]
    fn a_binding_of_a_channel_gives_number_and_peer() {
        let bytes = message(
            CHANNEL_BIND_REQUEST,
            &[(CHANNEL_NUMBER, &[0x40, 1, 0, 0]), (XOR_PEER_ADDRESS, PEER)],
        );
        let peer = "192.0.2.1:32853".parse().unwrap();
        assert_eq!(read(&bytes), Some(Message::Bind { number: 0x4001, peer }));
    }

    #[test]
    fn an_address_of_ipv6_is_unmixed_with_the_transaction() {
        // RFC 5769 section 2.3.
        let transaction = [0xB7, 0xE7, 0xA7, 0x01, 0xBC, 0x34, 0xD6, 0x86, 0xFA, 0x87, 0xDF, 0xAE];
        let value = [
            0x00, 0x02, 0xA1, 0x47, 0x01, 0x13, 0xA9, 0xFA, 0xA5, 0xD3, 0xF1, 0x79, 0xBC, 0x25,
            0xF4, 0xB5, 0xBE, 0xD2, 0xB9, 0xD9,
        ];
        let expected = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        assert_eq!(address(&value, transaction), Some(expected));
    }

    #[test]
    fn channel_data_may_be_padded() {
        let wrapped = Some(Message::Channel { number: 0x4001, data: b"abc" });
        assert_eq!(read(&[0x40, 1, 0, 3, b'a', b'b', b'c']), wrapped);
        assert_eq!(read(&[0x40, 1, 0, 3, b'a', b'b', b'c', 0]), wrapped);
        assert_eq!(read(&[0x40, 1, 0, 3, b'a', b'b', b'c', 0, 0, 0, 0]), None);
    }

    #[test]
    fn other_messages_say_nothing_of_peers() {
        assert_eq!(read(&message(0x0001, &[(DATA, b"hello")])), None);
        let mut old = message(SEND_INDICATION, &[(DATA, b"hello")]);
        old[4] = 0;
        assert_eq!(read(&old), None);
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x16, 0xFE, 0xFD]), None);
    }
}
