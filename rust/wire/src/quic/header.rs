//! Long headers: RFC 9000 section 17.2, and the same since draft 22.

use super::version::{PacketType, Version};
use crate::cursor::Cursor;

/// The longest connection ID of the versions that are read (RFC 9000 section 17.2).
const LONGEST_ID: usize = 20;

/// A connection ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionId {
    bytes: [u8; LONGEST_ID],
    length: u8,
}

impl ConnectionId {
    /// The ID of these bytes; `None` when they are too many for one.
    #[must_use]
    pub fn new(id: &[u8]) -> Option<Self> {
        let mut bytes = [0; LONGEST_ID];
        bytes.get_mut(..id.len())?.copy_from_slice(id);
        Some(Self { bytes, length: u8::try_from(id.len()).ok()? })
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether it has no byte: its owner tells connections by the address alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub struct LongPacket<'a> {
    /// The version.
    pub version: Version,
    /// What it is; `None` for a Version Negotiation.
    pub packet_type: Option<PacketType>,
    /// Who it is for.
    pub destination: ConnectionId,
    /// Who it is from.
    pub source: ConnectionId,
    /// Everything before the packet number, protected first byte included.
    pub header: &'a [u8],
    /// Packet number and protected payload, as far as captured.
    pub protected: &'a [u8],
    /// How long that is by its length field.
    pub length: usize,
}

impl<'a> LongPacket<'a> {
    /// The packet that `bytes` begin with, and what follows it. `None` when it cannot be one of a
    /// version that is read.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u8().filter(|first| first & 0x80 != 0)?;
        let version = Version(cursor.u32()?);
        let negotiation = version == Version::NEGOTIATION;
        if !negotiation && version.protections().is_empty() {
            return None;
        }
        let destination = id(&mut cursor)?;
        let source = id(&mut cursor)?;
        let packet_type = (!negotiation).then(|| version.packet_type(first));
        let mut packet = Self {
            version,
            packet_type,
            destination,
            source,
            header: &[],
            protected: &[],
            length: 0,
        };
        match packet_type {
            // They take the whole datagram.
            None | Some(PacketType::Retry) => return Some((packet, &[])),
            Some(PacketType::Initial) => {
                let token = usize::try_from(varint(&mut cursor)?).ok()?;
                cursor.take(token)?;
            }
            Some(PacketType::ZeroRtt | PacketType::Handshake) => {}
        }
        packet.length = usize::try_from(varint(&mut cursor)?).ok()?;
        let (header, _) = bytes.split_at_checked(bytes.len().saturating_sub(cursor.len()))?;
        packet.header = header;
        packet.protected = cursor.take_up_to(packet.length);
        Some((packet, cursor.rest()))
    }

    /// Whether the capture cut it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.protected.len() < self.length
    }
}

fn id(cursor: &mut Cursor<'_>) -> Option<ConnectionId> {
    let length = cursor.u8()?;
    ConnectionId::new(cursor.take(length.into())?)
}

/// Takes a variable-length integer (RFC 9000 section 16).
pub(super) fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.u8()?;
    let length = 1_usize << (first >> 6);
    let rest = cursor.take(length.saturating_sub(1))?;
    Some(rest.iter().fold(u64::from(first & 0x3F), |value, &byte| value << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length() {
        // RFC 9000, A.1.
        let read = |bytes: &[u8]| varint(&mut Cursor::new(bytes));
        assert_eq!(
            read(&[0xC2, 0x19, 0x7C, 0x5E, 0xFF, 0x14, 0xE8, 0x8C]),
            Some(151_288_809_941_952_652)
        );
        assert_eq!(read(&[0x9D, 0x7F, 0x3E, 0x7D]), Some(494_878_333));
        assert_eq!(read(&[0x7B, 0xBD]), Some(15_293));
        assert_eq!(read(&[0x25]), Some(37));
        assert_eq!(read(&[0x40, 0x25]), Some(37));
        assert_eq!(read(&[0x40]), None);
    }

    #[test]
    fn an_id_longer_than_twenty_bytes_is_none() {
        let mut bytes = vec![0xC0, 0, 0, 0, 1, 21];
        bytes.extend([0; 64]);
        assert!(LongPacket::read(&bytes).is_none());
        bytes[5] = 20;
        assert!(LongPacket::read(&bytes).is_some());
    }

    #[test]
    fn an_unknown_version_is_not_read() {
        let mut bytes = vec![0xC0, 0, 0, 0, 9, 0, 0, 0, 0];
        assert!(LongPacket::read(&bytes).is_none());
        bytes[4] = 1;
        assert!(LongPacket::read(&bytes).is_some());
    }
}
