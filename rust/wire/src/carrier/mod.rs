//! What TLS runs inside, and the plaintext dialogues that lead to it.
//!
//! TLS is found by its own bytes, wherever it begins. A dialogue only adds what those don't say: the
//! name of what carries them, whom the carrier names as the target, how wrapped bytes are unwrapped,
//! and that TLS was asked for and refused.

pub mod openvpn;
mod openvpn_tcp;
pub mod ordered;
pub mod rdp_udp;
pub mod turn;

use std::fmt;

use crate::digits::Digits;
use crate::stream::{Origin, Side};
use crate::tls::escape::escaped;

/// What the TLS runs inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Nothing: the connection begins with it.
    Tls,
    /// Other bytes came first; what they were is not known.
    Other,
    /// DTLS of a version that nobody but Cisco AnyConnect and its kin still speak.
    AnyConnect,
    /// CAPWAP, between access points and their controller.
    Capwap,
    /// DTLS whose keys are for media on the same conversation.
    DtlsSrtp,
    /// OpenVPN's control channel.
    OpenVpn,
    /// RDP over UDP.
    RdpUdp,
    /// A TURN relay.
    Turn,
}

impl Carrier {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Other => "other",
            Self::AnyConnect => "anyconnect",
            Self::Capwap => "capwap",
            Self::DtlsSrtp => "dtls-srtp",
            Self::OpenVpn => "openvpn",
            Self::RdpUdp => "rdp-udp",
            Self::Turn => "turn",
        }
    }
}

/// Why there is no TLS where one of the parties wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The server answered no to an upgrade.
    UpgradeRefused,
    /// The parties agreed on no encryption, or on another.
    EncryptionDeclined,
    /// The client spoke plaintext, the server TLS.
    PlaintextToTls,
    /// The client spoke TLS, the server plaintext.
    TlsToPlaintext,
}

impl RefusalKind {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UpgradeRefused => "upgrade-refused",
            Self::EncryptionDeclined => "encryption-declined",
            Self::PlaintextToTls => "plaintext-to-tls",
            Self::TlsToPlaintext => "tls-to-plaintext",
        }
    }
}

/// What a party said, in a few words, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its words, or what they mean where they are no words; escaped as other text of a capture.
    pub what: String,
    /// The frame.
    pub frame: u64,
}

/// TLS that was wanted by one party and did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// What the TLS would have run inside.
    pub carrier: Carrier,
    /// The side that is the client.
    pub client: Side,
    /// The time of the first of the two frames, in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// What the client said.
    pub asked: Option<Said>,
    /// What the server said.
    pub answered: Option<Said>,
    /// The name that the carrier itself gives.
    pub target: Option<String>,
}

/// What a dialogue makes of the bytes that it was given.
#[derive(Debug)]
pub enum Step {
    /// They are plaintext; more is wanted.
    Listen,
    /// TLS begins at this offset of them; at their end, it begins with the next bytes of either
    /// side. The dialogue is over.
    Tls(usize),
    /// They carried the TLS bytes that were put out, if any; the next ones will too.
    Wrapped,
    /// TLS was refused; more is wanted, because the client may ask again.
    Refused(Box<Refusal>),
    /// There is nothing more to learn: whatever TLS still comes stands for itself.
    Leave,
}

/// A plaintext dialogue, listened to from its first bytes.
pub trait Dialogue: fmt::Debug + Send {
    /// Takes the next bytes of a side, one call a segment; TLS bytes that they wrap are put into
    /// `tls`.
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step;
    /// What TLS that begins now runs inside.
    fn carrier(&self) -> Carrier;
    /// The name that the carrier itself gives, escaped as other text of a capture.
    fn target(&self) -> Option<&str> {
        None
    }
    /// Bytes of memory that it holds.
    fn buffered(&self) -> usize;
}

/// The dialogue that begins with these bytes, the first of one side. `None`: none that is known.
#[must_use]
pub fn opening(_side: Side, bytes: &[u8]) -> Option<Box<dyn Dialogue>> {
    openvpn_tcp::opening(bytes)
}

/// Bytes of an answer that are shown.
const SHOWN: usize = 80;

/// The first line of what a party said, escaped; as hexadecimal where it is no text.
#[must_use]
pub fn first_words(bytes: &[u8]) -> String {
    let line = bytes.split(|&byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let (shown, _) = line.split_at_checked(SHOWN).unwrap_or((line, &[]));
    let is_text = !shown.is_empty() && shown.iter().all(|byte| matches!(byte, 0x20..0x7F));
    if is_text {
        return escaped(shown);
    }
    let (shown, _) = bytes.split_at_checked(SHOWN / 4).unwrap_or((bytes, &[]));
    let mut text = String::with_capacity(shown.len().saturating_mul(2));
    for &byte in shown {
        text.push_hexadecimal(byte);
    }
    text
}
