//! Versions of QUIC whose Initial packets can be read, and what differs between them.

/// A version as in the long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// What a long-header packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// Carries the hellos.
    Initial,
    /// Application data with the first flight.
    ZeroRtt,
    /// The rest of the handshake.
    Handshake,
    /// "Come again with this token."
    Retry,
}

/// How a version protects its Initial packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// What the initial secret is extracted with.
    pub salt: [u8; 20],
    /// Labels of the key, the IV and the header protection key.
    pub labels: [&'static str; 3],
    /// Frames inside are numbered as Google's own QUIC had them.
    pub google_frames: bool,
}

const LABELS_V1: [&str; 3] = ["quic key", "quic iv", "quic hp"];

/// RFC 9001 section 5.2; drafts 33 and 34 have it too.
const V1: Protection = Protection {
    salt: [
        0x38, 0x76, 0x2C, 0xF7, 0xF5, 0x59, 0x34, 0xB3, 0x4D, 0x17, 0x9A, 0xE6, 0xA4, 0xC8, 0x0C,
        0xAD, 0xCC, 0xBB, 0x7F, 0x0A,
    ],
    labels: LABELS_V1,
    google_frames: false,
};

/// RFC 9369 section 3.3.
const V2: Protection = Protection {
    salt: [
        0x0D, 0xED, 0xE3, 0xDE, 0xF7, 0x00, 0xA6, 0xDB, 0x81, 0x93, 0x81, 0xBE, 0x6E, 0x26, 0x9D,
        0xCB, 0xF9, 0xBD, 0x2E, 0xD9,
    ],
    labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
    google_frames: false,
};

/// draft-ietf-quic-tls-29 to 32, section 5.2.
const DRAFT_29: Protection = Protection {
    salt: [
        0xAF, 0xBF, 0xEC, 0x28, 0x99, 0x93, 0xD2, 0x4C, 0x9E, 0x97, 0x86, 0xF1, 0x9C, 0x61, 0x11,
        0xE0, 0x43, 0x90, 0xA8, 0x99,
    ],
    labels: LABELS_V1,
    google_frames: false,
};

/// draft-ietf-quic-tls-23 to 28, section 5.2.
const DRAFT_23: Protection = Protection {
    salt: [
        0xC3, 0xEE, 0xF7, 0x12, 0xC7, 0x2E, 0xBB, 0x5A, 0x11, 0xA7, 0xD2, 0x43, 0x2B, 0xB4, 0x63,
        0x65, 0xBE, 0xF9, 0xF5, 0x02,
    ],
    labels: LABELS_V1,
    google_frames: false,
};

/// draft-ietf-quic-tls-22, section 5.2.
const DRAFT_22: Protection = Protection {
    salt: [
        0x7F, 0xBC, 0xDB, 0x0E, 0x7C, 0x66, 0xBB, 0xE9, 0x19, 0x3A, 0x96, 0xCD, 0x21, 0x51, 0x9E,
        0xBD, 0x7A, 0x02, 0x64, 0x4A,
    ],
    labels: LABELS_V1,
    google_frames: false,
};

/// Google's T050: its own QUIC with TLS inside.
const T050: Protection = Protection {
    salt: [
        0x7F, 0xF5, 0x79, 0xE5, 0xAC, 0xD0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4C, 0x43, 0xA2, 0x36,
        0x7C, 0x60, 0x48, 0x83, 0x10,
    ],
    labels: LABELS_V1,
    google_frames: true,
};

/// Google's T051.
const T051: Protection = Protection {
    salt: [
        0x7A, 0x4E, 0xDE, 0xF4, 0xE7, 0xCC, 0xEE, 0x5F, 0xA4, 0x50, 0x6C, 0x19, 0x12, 0x4F, 0xC8,
        0xCC, 0xDA, 0x6E, 0x03, 0x3D,
    ],
    labels: LABELS_V1,
    google_frames: true,
};

impl Version {
    /// Version Negotiation: no version at all.
    pub const NEGOTIATION: Self = Self(0);
    /// RFC 9369.
    const V2: Self = Self(0x6B33_43CF);

    /// The ways in which this version's Initial packets may be protected, the likeliest first; none
    /// when the version is not known. A reserved version (RFC 9000 section 15), with which a client
    /// asks which versions there are, says nothing of it, and clients took that of their time.
    #[inline]
    #[must_use]
    pub fn protections(self) -> &'static [Protection] {
        match self.0 {
            0x0000_0001 | 0xFF00_0021..=0xFF00_0022 => &[V1],
            0x6B33_43CF => &[V2],
            0xFF00_001D..=0xFF00_0020 => &[DRAFT_29],
            // The second two are Facebook's own numbers.
            0xFF00_0017..=0xFF00_001C | 0xFACE_B002 | 0xFACE_B00E => &[DRAFT_23],
            0xFF00_0016 | 0xFACE_B001 => &[DRAFT_22],
            0x5430_3530 => &[T050],
            0x5430_3531 => &[T051],
            reserved if reserved & 0x0F0F_0F0F == 0x0A0A_0A0A => &[V1, DRAFT_29],
            _ => &[],
        }
    }

    /// What the two type bits of a long header's first byte mean.
    #[must_use]
    pub fn packet_type(self, first: u8) -> PacketType {
        let bits = (first >> 4) & 0x03;
        // RFC 9369 section 3.2: the same four, one further on.
        let bits = if self == Self::V2 { bits.wrapping_sub(1) & 0x03 } else { bits };
        match bits {
            0 => PacketType::Initial,
            1 => PacketType::ZeroRtt,
            2 => PacketType::Handshake,
            _ => PacketType::Retry,
        }
    }
}
