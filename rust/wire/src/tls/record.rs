//! The record header, and which bytes can be one.

/// Content types (RFC 9846 section 5.1; heartbeat is RFC 6520).
pub mod content_type {
    /// Changes keys; meaningless in TLS 1.3.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// An alert.
    pub const ALERT: u8 = 21;
    /// Handshake messages.
    pub const HANDSHAKE: u8 = 22;
    /// Anything encrypted, in TLS 1.3.
    pub const APPLICATION_DATA: u8 = 23;
    /// RFC 6520.
    pub const HEARTBEAT: u8 = 24;
}

/// Bytes of a record header.
pub const HEADER_LENGTH: usize = 5;

/// MD5's digest, the tag of AES-GCM; the short tags of CCM come with a nonce.
const SHORTEST_PROTECTED: usize = 16;
/// The longest payload that any version allows: 2^14 and 2048 more when protected (RFC 5246
/// section 6.2.3).
pub const MAX_LENGTH: usize = 16_384 + 2_048;

/// The same for SSL 3.0, whose early implementations by Microsoft sent records of up to 32 KiB; other
/// stacks had to take them (OpenSSL's `SSL_OP_MICROSOFT_BIG_SSLV3_BUFFER`).
pub const MAX_LENGTH_SSL30: usize = 2 * 16_384 + 2_048;

/// A record header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Content type.
    pub content_type: u8,
    /// `legacy_record_version`.
    pub version: u16,
    /// Bytes that follow.
    pub length: usize,
}

impl Header {
    /// The header in these five bytes, if they can be one.
    #[must_use]
    pub fn read(bytes: [u8; HEADER_LENGTH]) -> Option<Self> {
        can_begin(&bytes).then_some(())?;
        let [content_type, major, minor, high, low] = bytes;
        Some(Self {
            content_type,
            version: u16::from_be_bytes([major, minor]),
            length: usize::from(u16::from_be_bytes([high, low])),
        })
    }
}

/// Whether these bytes, however few, can be the beginning of a record.
#[must_use]
pub fn can_begin(bytes: &[u8]) -> bool {
    let length = match bytes {
        [_, _, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        [_, _, _, high] => usize::from(*high) << 8,
        _ => 0,
    };
    // 0x0300 to 0x0304, and 0x0101: the Chinese national profile (GB/T 38636).
    let version_fits = match bytes {
        [_, 3, minor, ..] => *minor <= 4,
        [_, 1, minor, ..] => *minor == 1,
        [_, major] => matches!(major, 1 | 3),
        [_, _, ..] => false,
        _ => true,
    };
    let type_fits =
        |byte: &u8| (content_type::CHANGE_CIPHER_SPEC..=content_type::HEARTBEAT).contains(byte);
    let longest = if matches!(bytes, [_, 3, 0, ..]) { MAX_LENGTH_SSL30 } else { MAX_LENGTH };
    bytes.first().is_none_or(type_fits) && version_fits && length <= longest
}

/// Whether these bytes begin with a protected record, after which, if they go on, comes another: TLS
/// whose handshake is over.
#[must_use]
pub fn begins_protected(bytes: &[u8]) -> bool {
    let Some((&header, rest)) = bytes.split_first_chunk::<HEADER_LENGTH>() else { return false };
    header.first() == Some(&content_type::APPLICATION_DATA)
        && header.get(1) == Some(&3)
        && can_begin(&header)
        && Header::read(header).is_some_and(|header| {
            // The shortest tag or digest that protects a record.
            header.length >= SHORTEST_PROTECTED
                && can_begin(rest.get(header.length..).unwrap_or(&[]))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_early_ssl30_may_be_twice_as_long() {
        // type | version | length
        assert!(Header::read([23, 3, 0, 0x80, 0x10]).is_some());
        assert!(Header::read([23, 3, 0, 0x88, 0x01]).is_none());
        assert!(Header::read([23, 3, 1, 0x48, 0x00]).is_some());
        assert!(Header::read([23, 3, 1, 0x48, 0x01]).is_none());
    }
}
