//! What looks like TLS and is none: told with its reason, never counted as a handshake.

use super::Transport;
use super::draft::Draft;
use crate::stream::{Origin, Side, Who};
use crate::tls::client_hello::ClientHello;
use crate::tls::code_point::CipherSuite;

/// What was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAsideKind {
    /// The fixed hellos that Microsoft's media relays use to get through firewalls.
    PseudoTlsMicrosoft,
    /// The fixed hellos of Google's media relays.
    PseudoTlsGoogle,
    /// Bytes amid others that begin as a hello does, and don't hold what one must.
    NotAHello,
    /// A whole ClientHello amid other bytes, which the other side did not answer as TLS.
    NotAnsweredAsTls,
}

impl SetAsideKind {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PseudoTlsMicrosoft => "pseudo-tls-microsoft",
            Self::PseudoTlsGoogle => "pseudo-tls-google",
            Self::NotAHello => "not-a-hello",
            Self::NotAnsweredAsTls => "not-answered-as-tls",
        }
    }
}

/// One thing that was set aside.
#[derive(Clone, Debug)]
pub struct SetAside {
    /// What it is.
    pub kind: SetAsideKind,
    /// What brought its bytes.
    pub transport: Transport,
    /// Wireshark's `tcp.stream` or `udp.stream`.
    pub stream: u32,
    /// The time of its first frame, in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// Who sent what looks like a hello, a ClientHello where there are both.
    pub client: Who,
    /// The other end.
    pub server: Who,
    /// Where it is.
    pub frames: Vec<u64>,
}

/// The same while the conversation goes on.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    pub kind: SetAsideKind,
    pub ts: Option<i64>,
    pub client: Side,
    pub frames: Vec<u64>,
}

impl Aside {
    pub(super) fn one(kind: SetAsideKind, client: Side, origin: Origin) -> Self {
        Self { kind, ts: origin.ts, client, frames: vec![origin.frame] }
    }

    /// The imitation that a handshake was, now that it is over; `None` when it was real.
    pub(super) fn of(draft: &Draft) -> Option<Self> {
        let offer = draft.offer.as_ref()?;
        let kind = imitation(&offer.hello, draft.hollow)?;
        let mut frames = vec![offer.frame];
        frames.extend(draft.choice.as_ref().map(|choice| choice.frame));
        Some(Self { kind, ts: draft.ts(), client: draft.client?, frames })
    }
}

/// `TLS_DH_anon_WITH_RC4_128_MD5`, the only suite of Microsoft's imitation.
const DH_ANON_RC4_MD5: CipherSuite = CipherSuite(0x0018);

/// What stands in place of the random in Microsoft's, after four bytes that may be a time.
const MICROSOFT_RANDOM: [u8; 28] = [
    0xA3, 0x6D, 0x93, 0xDD, 0x7E, 0x0B, 0x45, 0x67, 0x3F, 0xEC, 0x79, 0x85, 0xFB, 0xBC, 0x3F, 0xD6,
    0x60, 0xC2, 0xCE, 0x84, 0x85, 0x08, 0x1B, 0x81, 0x21, 0xBC, 0xAA, 0x10,
];

/// The challenge of Google's.
const GOOGLE_CHALLENGE: [u8; 16] = [
    0x1F, 0x17, 0x0C, 0xA6, 0x2F, 0x00, 0x78, 0xFC, 0x46, 0x55, 0x2E, 0xB1, 0x83, 0x39, 0xF1, 0xEA,
];

/// The relays' hellos are fixed, but for what is a time in some programs; what should be random
/// tells them from any real one. Where another program fills it with something else, the answer
/// tells: an anonymous suite without an exchange of keys (`hollow`) cannot be meant.
fn imitation(hello: &ClientHello, hollow: bool) -> Option<SetAsideKind> {
    let random = hello.random.as_ref()?;
    if hello.ssl2_format {
        return random.ends_with(&GOOGLE_CHALLENGE).then_some(SetAsideKind::PseudoTlsGoogle);
    }
    let single = hello.cipher_suites().is_some_and(|suites| suites.iter().eq([DH_ANON_RC4_MD5]));
    let shape = single && hello.extensions().is_none() && hello.complete;
    (shape && (hollow || random.ends_with(&MICROSOFT_RANDOM)))
        .then_some(SetAsideKind::PseudoTlsMicrosoft)
}
