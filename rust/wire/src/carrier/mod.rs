//! What TLS runs inside, and the plaintext dialogues that lead to it.
//!
//! TLS is found by its own bytes, wherever it begins. A dialogue only adds what those don't say: the
//! name of what carries them, whom the carrier names as the target, how wrapped bytes are unwrapped,
//! and that TLS was asked for and refused.

mod amqp;
mod gathered;
mod http;
mod ldap;
mod lines;
mod mysql;
pub mod openvpn;
mod openvpn_tcp;
pub mod ordered;
mod payload;
mod postgresql;
mod proxy;
mod rdp;
pub mod rdp_udp;
mod socks;
mod starttls;
mod tds;
pub mod turn;

use std::fmt;

use crate::digits::Digits;
use crate::limits::MAX_CARRIER_TARGET;
use crate::stream::{Origin, Side};
use crate::tls::escape::escaped;

macro_rules! carriers {
    ($($(#[$meaning:meta])* $carrier:ident = $name:literal,)*) => {
        /// What the TLS runs inside.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Carrier {
            $($(#[$meaning])* $carrier,)*
        }

        impl Carrier {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$carrier,)*];

            /// The name that tables use.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$carrier => $name,)*
                }
            }
        }
    };
}

carriers! {
    /// Nothing: the connection begins with it.
    Tls = "tls",
    /// LDAP's extended operation `StartTLS` (RFC 4511 section 4.14).
    Ldap = "ldap-starttls",
    /// RDP after its negotiation (MS-RDPBCGR section 5.4).
    Rdp = "rdp",
    /// The packets of SQL Server's protocol, up to version 7.4 (MS-TDS).
    Tds = "tds",
    /// SMTP and LMTP (RFC 3207).
    Smtp = "smtp-starttls",
    /// IMAP (RFC 9051 section 6.2.1).
    Imap = "imap-starttls",
    /// POP3 (RFC 2595 section 4).
    Pop3 = "pop3-starttls",
    /// FTP's control connection (RFC 4217).
    Ftp = "ftp-starttls",
    /// NNTP (RFC 4642).
    Nntp = "nntp-starttls",
    /// XMPP (RFC 6120 section 5).
    Xmpp = "xmpp-starttls",
    /// IRC's command STARTTLS.
    Irc = "irc-starttls",
    /// `ManageSieve` (RFC 5804 section 2.2).
    Sieve = "sieve-starttls",
    /// PostgreSQL's `SSLRequest`.
    Postgresql = "postgresql",
    /// MySQL and MariaDB.
    Mysql = "mysql",
    /// The TLS layer of AMQP 1.0.
    Amqp = "amqp",
    /// A tunnel through an HTTP proxy (RFC 9110 section 9.3.6).
    HttpConnect = "http-connect",
    /// HTTP's `Upgrade: TLS` (RFC 2817).
    HttpUpgrade = "http-upgrade",
    /// SOCKS 4 and 4a.
    Socks4 = "socks4",
    /// SOCKS 5 (RFC 1928).
    Socks5 = "socks5",
    /// The PROXY protocol, version 1: a line of text.
    ProxyV1 = "proxy-v1",
    /// The PROXY protocol, version 2: binary.
    ProxyV2 = "proxy-v2",
    /// OpenVPN's control channel.
    OpenVpn = "openvpn",
    /// DTLS of a version that nobody but Cisco AnyConnect and its kin still speak.
    AnyConnect = "anyconnect",
    /// CAPWAP, between access points and their controller.
    Capwap = "capwap",
    /// DTLS whose keys are for media on the same conversation.
    DtlsSrtp = "dtls-srtp",
    /// QUIC: hellos without records, in Initial packets.
    Quic = "quic",
    /// RDP over UDP.
    RdpUdp = "rdp-udp",
    /// A TURN relay.
    Turn = "turn",
    /// EAP-TLS (RFC 5216, RFC 9190).
    EapTls = "eap-tls",
    /// EAP-TTLS (RFC 5281).
    Ttls = "ttls",
    /// Microsoft's protected EAP.
    Peap = "peap",
    /// EAP-FAST (RFC 4851).
    EapFast = "eap-fast",
    /// TEAP (RFC 7170).
    Teap = "teap",
    /// Other bytes came first; what they were is not known.
    Other = "other",
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
    /// What the client said in plaintext that a server of TLS may refuse, and when.
    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        None
    }
    /// Bytes of memory that it holds.
    fn buffered(&self) -> usize;
}

/// The dialogue that begins with these bytes, the first of one side. `None`: none that is known.
#[must_use]
pub fn opening(side: Side, bytes: &[u8]) -> Option<Box<dyn Dialogue>> {
    opening_inside(side, bytes, 0)
}

/// The same where `depth` carriers are around it.
fn opening_inside(side: Side, bytes: &[u8], depth: usize) -> Option<Box<dyn Dialogue>> {
    let dialogue: Box<dyn Dialogue> = match bytes {
        [_, _, 0, 0, 10, ..] => Box::new(mysql::Mysql::opening(side, bytes)?),
        [0, 0, 0, ..] => Box::new(postgresql::Postgresql::opening(side, bytes)?),
        [0, ..] => return openvpn_tcp::opening(bytes),
        [3, 0, ..] => Box::new(rdp::Rdp::opening(side, bytes)?),
        [4 | 5, ..] => Box::new(socks::Socks::opening(side, bytes, depth)?),
        [0x12, ..] => Box::new(tds::Tds::opening(side, bytes)?),
        [0x30, ..] => Box::new(ldap::Ldap::opening(side, bytes)?),
        [b'P', b'R', b'O', b'X', ..] | [b'\r', b'\n', ..] => {
            Box::new(proxy::Proxy::opening(bytes, depth)?)
        }
        [b'A', b'M', b'Q', b'P', ..] => Box::new(amqp::Amqp::opening(side, bytes)?),
        [b' '..=b'~', ..] => match http::Http::opening(side, bytes, depth) {
            Some(http) => Box::new(http),
            None => Box::new(starttls::Starttls::opening(side, bytes)?),
        },
        _ => return None,
    };
    Some(dialogue)
}

/// The name that a carrier gives, escaped; `None` where it is empty.
fn target_name(name: &[u8]) -> Option<String> {
    let (name, _) = name.split_at_checked(MAX_CARRIER_TARGET).unwrap_or((name, &[]));
    (!name.is_empty()).then(|| escaped(name))
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
