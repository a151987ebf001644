//! Record headers of DTLS: the one of all versions (RFC 6347 section 4.1) and the short one of
//! protected records in DTLS 1.3 (RFC 9147 section 4).

use crate::cursor::Cursor;
use crate::tls::code_point::ProtocolVersion;
use crate::tls::record::content_type;

/// A record whose connection ID tells whose it is (RFC 9146).
pub const TLS12_CID: u8 = 25;
/// Says which records arrived (RFC 9147 section 7).
pub const ACK: u8 = 26;

/// Bytes before the connection ID of a [`TLS12_CID`] record.
const BEFORE_CONNECTION_ID: usize = 11;

/// One record of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// With the full header.
    Full {
        /// Content type.
        content_type: u8,
        /// `legacy_record_version`.
        version: u16,
        /// 0: nothing is encrypted.
        epoch: u16,
        /// Its content as far as it was captured.
        payload: &'a [u8],
        /// The header promises more than the datagram holds.
        cut: bool,
    },
    /// Protected, with a header that does not show what it is: DTLS 1.3, or a connection ID.
    Hidden {
        /// The epoch, of DTLS 1.3 its two low bits.
        epoch: u16,
        /// The header is the one of DTLS 1.3.
        dtls13: bool,
        /// Bytes of it, or of all records to the end of the datagram where their length can't be
        /// told.
        length: usize,
    },
}

/// The record that these bytes begin with, and what follows it. `None` when they begin with none.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let first = *bytes.first()?;
    if first & 0xE0 == 0x20 {
        return short(first, bytes);
    }
    if !(content_type::CHANGE_CIPHER_SPEC..=ACK).contains(&first) {
        return None;
    }
    let mut cursor = Cursor::new(bytes);
    let content_type = cursor.u8()?;
    let version = cursor.u16()?;
    if !ProtocolVersion(version).is_dtls() {
        return None;
    }
    let epoch = cursor.u16()?;
    if content_type == TLS12_CID {
        // How long the connection ID is stands in the other direction's hello.
        let length = bytes.len().saturating_sub(BEFORE_CONNECTION_ID);
        return Some((Record::Hidden { epoch, dtls13: false, length }, &[]));
    }
    cursor.take(6)?; // The sequence number.
    let length = usize::from(cursor.u16()?);
    let payload = cursor.take_up_to(length);
    let cut = payload.len() < length;
    Some((Record::Full { content_type, version, epoch, payload, cut }, cursor.rest()))
}

/// A record with the short header: `001CSLEE`, a connection ID if C, one or two bytes of sequence
/// number, the length if L.
fn short(first: u8, bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    cursor.take(if first & 0x08 == 0 { 2 } else { 3 })?;
    let has_connection_id = first & 0x10 != 0;
    let has_length = first & 0x04 != 0;
    let epoch = u16::from(first & 0x03);
    if has_connection_id || !has_length {
        let length = cursor.len();
        return Some((Record::Hidden { epoch, dtls13: true, length }, &[]));
    }
    let length = usize::from(cursor.u16()?);
    cursor.take_up_to(length);
    Some((Record::Hidden { epoch, dtls13: true, length }, cursor.rest()))
}
