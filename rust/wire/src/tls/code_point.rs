//! Registry numbers as values. An unknown number is a value like any other; names are looked up
//! above this crate.

/// A protocol version as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// SSL 2.0.
    pub const SSL20: Self = Self(0x0002);
    /// The Chinese national profile, GB/T 38636.
    pub const TLCP: Self = Self(0x0101);
    /// TLS 1.2; also what a TLS 1.3 hello says in its legacy field.
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3.
    pub const TLS13: Self = Self(0x0304);
    /// What OpenSSL spoke before RFC 4347 was finished; AnyConnect still does.
    pub const DTLS_BEFORE_10: Self = Self(0x0100);
    /// DTLS 1.0.
    pub const DTLS10: Self = Self(0xFEFF);
    /// DTLS 1.2; also what a DTLS 1.3 hello says in its legacy field.
    pub const DTLS12: Self = Self(0xFEFD);
    /// DTLS 1.3.
    pub const DTLS13: Self = Self(0xFEFC);

    /// Whether this is a draft or an experiment on the way to TLS 1.3 (7Fxx, Google's 7Exx,
    /// Facebook's FBxx).
    #[must_use]
    pub fn is_draft(self) -> bool {
        matches!(self.0 >> 8, 0x7E | 0x7F | 0xFB)
    }

    /// Whether the TLS 1.3 handshake is spoken under this version.
    #[must_use]
    pub fn is_tls13(self) -> bool {
        matches!(self, Self::TLS13 | Self::DTLS13) || self.is_draft()
    }

    /// Whether this is a version of DTLS.
    #[must_use]
    pub fn is_dtls(self) -> bool {
        matches!(self, Self::DTLS_BEFORE_10 | Self::DTLS10 | Self::DTLS12 | Self::DTLS13)
    }

    /// Whether a hello can say this in its version field.
    #[must_use]
    pub fn is_plausible(self) -> bool {
        matches!(self.0 >> 8, 3) || self == Self::TLCP || self.is_draft()
    }
}

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CipherSuite(pub u16);

impl CipherSuite {
    /// Says "I fell back to this version" (RFC 7507); not a suite.
    pub const FALLBACK_SCSV: Self = Self(0x5600);
}

/// A hello extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtensionType(pub u16);

impl ExtensionType {
    /// RFC 6066.
    pub const SERVER_NAME: Self = Self(0);
    /// RFC 8422, RFC 7919.
    pub const SUPPORTED_GROUPS: Self = Self(10);
    /// RFC 8422.
    pub const EC_POINT_FORMATS: Self = Self(11);
    /// RFC 5246, RFC 9846.
    pub const SIGNATURE_ALGORITHMS: Self = Self(13);
    /// RFC 5764.
    pub const USE_SRTP: Self = Self(14);
    /// RFC 7301.
    pub const ALPN: Self = Self(16);
    /// RFC 5077.
    pub const SESSION_TICKET: Self = Self(35);
    /// RFC 9846.
    pub const PRE_SHARED_KEY: Self = Self(41);
    /// RFC 9846.
    pub const EARLY_DATA: Self = Self(42);
    /// RFC 9846.
    pub const SUPPORTED_VERSIONS: Self = Self(43);
    /// RFC 9846. Drafts before 23 used 40.
    pub const KEY_SHARE: Self = Self(51);
    /// The number of `key_share` in drafts 13 to 22.
    pub const KEY_SHARE_DRAFT: Self = Self(40);
    /// RFC 9849.
    pub const ENCRYPTED_CLIENT_HELLO: Self = Self(0xFE0D);
}

/// A key-exchange group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamedGroup(pub u16);

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl From<u16> for $kind {
            fn from(number: u16) -> Self {
                Self(number)
            }
        }

        impl From<$kind> for u16 {
            fn from(code_point: $kind) -> Self {
                code_point.0
            }
        }
    )*};
}

numbers!(ProtocolVersion, CipherSuite, ExtensionType, NamedGroup);

/// Whether a number is one of the sixteen that RFC 8701 reserves to keep peers tolerant.
#[must_use]
pub fn is_grease(code_point: u16) -> bool {
    let [high, low] = code_point.to_be_bytes();
    high == low && low & 0x0F == 0x0A
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_is_sixteen_numbers() {
        assert_eq!((0..=u16::MAX).filter(|&n| is_grease(n)).count(), 16);
        assert!(is_grease(0x1A1A));
        assert!(!is_grease(0x1A2A));
    }
}
