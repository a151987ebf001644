//! What both directions of a connection said, as one row a handshake.

mod authentication;
mod conversation;
mod draft;
mod dtls;
mod exchange;
mod numbered;
mod openvpn;
mod quic;
mod rdp_udp;
mod set_aside;
mod transcript;

use std::net::IpAddr;

pub use conversation::Conversation;
pub use exchange::Exchange;
pub use set_aside::{SetAside, SetAsideKind};

use crate::capture::Basis;
use crate::carrier::{Carrier, Refusal};
use crate::names::Named;
use crate::packet::{Mac, Tunnel};
use crate::stream::{Closing, Who};
use crate::tls::client_hello::ClientHello;
use crate::tls::code_point::NamedGroup;
use crate::tls::server_hello::ServerHello;

/// What brings the bytes of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// DTLS over UDP.
    Dtls,
    /// QUIC over UDP.
    Quic,
    /// EAP.
    Eap,
    /// UDP and a protocol above it that puts its datagrams in order.
    Udp,
}

impl Transport {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Dtls => "dtls",
            Self::Quic => "quic",
            Self::Eap => "eap",
            Self::Udp => "udp",
        }
    }

    /// The letter that JA4 begins with: DTLS, QUIC, or TLS over anything that keeps its order.
    #[must_use]
    pub fn ja4(self) -> char {
        match self {
            Self::Dtls => 'd',
            Self::Quic => 'q',
            Self::Tcp | Self::Eap | Self::Udp => 't',
        }
    }
}

/// How the handshake went, as far as captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both hellos, and encrypted traffic both ways after them.
    Completed,
    /// Both hellos, then a fatal alert, reset or close before that.
    Failed,
    /// Both hellos; the end was not seen.
    HellosOnly,
    /// A ClientHello that the server answered with a fatal alert, a close, a reset or something
    /// that is not TLS.
    Rejected,
    /// A ClientHello and no answer, though the server's packets were captured.
    Unanswered,
    /// The server's side was not captured.
    ClientOnly,
    /// The client's side was not captured.
    ServerOnly,
}

impl Outcome {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::HellosOnly => "hellos_only",
            Self::Rejected => "rejected",
            Self::Unanswered => "unanswered",
            Self::ClientOnly => "client_only",
            Self::ServerOnly => "server_only",
        }
    }
}

/// What is wrong with the bytes of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Segments are not in the capture.
    Gap,
    /// The snap length, the end of the capture or of the connection cut something off.
    Truncated,
    /// Lengths contradict each other.
    Malformed,
    /// A bound of the reader was reached.
    Limit,
}

impl Defect {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
        }
    }
}

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who sent the ClientHello.
    Client,
    /// Who answered it.
    Server,
}

impl Party {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A ClientHello and where it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// What it says.
    pub hello: Box<ClientHello>,
    /// The frame that completed it, or the last one that holds a part of it.
    pub frame: u64,
    /// `legacy_record_version` of its first record; 0x0002 in the SSL 2.0 format; `None` where
    /// there are no records.
    pub record_version: Option<u16>,
}

/// A ServerHello and where it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What it says.
    pub hello: Box<ServerHello>,
    /// The frame that completed it, or the last one that holds a part of it.
    pub frame: u64,
    /// `legacy_record_version` of its first record; `None` where there are no records.
    pub record_version: Option<u16>,
}

impl Offer {
    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        size_of::<ClientHello>().saturating_add(self.hello.heap())
    }
}

impl Choice {
    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        size_of::<ServerHello>().saturating_add(self.hello.heap())
    }
}

/// An alert in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal.
    pub level: u8,
    /// What it is about.
    pub description: u8,
    /// Who sent it.
    pub sender: Party,
    /// Where it is.
    pub frame: u64,
}

/// The tunnels around a connection, as its first frame shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Outer {
    /// Outermost first.
    pub tunnels: Vec<Tunnel>,
    /// The outermost address on the client's side.
    pub client_ip: IpAddr,
    /// The outermost address on the server's side.
    pub server_ip: IpAddr,
}

/// The process that a client is, as the capture tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientProcess {
    /// Its number.
    pub pid: u32,
    /// The file name of its program, escaped.
    pub name: Option<String>,
    /// What says so.
    pub basis: Basis,
}

/// One handshake: a row of the handshake table.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// What brought its bytes.
    pub transport: Transport,
    /// Wireshark's `tcp.stream` or `udp.stream`.
    pub stream: u32,
    /// 0, 1, … within the stream.
    pub handshake: u16,
    /// Time of its first frame, in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// What the TLS runs inside.
    pub carrier: Carrier,
    /// The name that the carrier itself gives.
    pub carrier_target: Option<String>,
    /// Who sent the ClientHello.
    pub client: Who,
    /// The client's link address.
    pub client_mac: Option<Mac>,
    /// The process at that end, where the capture tells it.
    pub client_process: Option<Box<ClientProcess>>,
    /// The other end.
    pub server: Who,
    /// The tunnels around the connection.
    pub outer: Option<Box<Outer>>,
    /// The first ClientHello.
    pub offer: Option<Offer>,
    /// The ServerHello that is no HelloRetryRequest.
    pub choice: Option<Choice>,
    /// Where the HelloRetryRequest is.
    pub retry_request_frame: Option<u64>,
    /// Where the ClientHello that answers it is.
    pub second_client_hello_frame: Option<u64>,
    /// The group of the key exchange.
    pub negotiated_group: Option<NamedGroup>,
    /// Whether an earlier session was resumed; `None` when that cannot be told.
    pub resumed: Option<bool>,
    /// How it went.
    pub outcome: Outcome,
    /// The first fatal alert in clear, else the first warning.
    pub alert: Option<Alert>,
    /// Who ended the connection first, and how.
    pub end: Option<(Party, Closing)>,
    /// Where that is.
    pub end_frame: Option<u64>,
    /// Captured stream bytes after the hellos, both directions.
    pub payload_bytes: u64,
    /// Stream bytes not in the capture before the handshake ended.
    pub missed_bytes: u64,
    /// The first thing wrong with its bytes, and where.
    pub defect: Option<(Defect, String)>,
    /// The server's certificate, DER; TLS 1.2 and below, when the whole message was captured.
    pub certificate: Option<Box<[u8]>>,
    /// One direction of the connection was not captured.
    pub one_sided: bool,
}

/// What is told of a capture: by a conversation, once it is over, or beside all of them.
#[derive(Debug)]
pub enum Told {
    /// A row of the handshake table.
    Handshake(Box<Handshake>),
    /// A row of the table of refusals.
    Refusal(Box<Refused>),
    /// A row of the table of things set aside.
    SetAside(Box<SetAside>),
    /// A row of the table of names.
    Name(Box<Named>),
}

impl Told {
    /// Bytes of memory that it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let parts = match self {
            Self::Handshake(row) => [
                size_of::<Handshake>(),
                row.offer.as_ref().map_or(0, Offer::heap),
                row.choice.as_ref().map_or(0, Choice::heap),
                row.certificate.as_ref().map_or(0, |der| der.len()),
            ],
            Self::Refusal(_) => [size_of::<Refused>(), 0, 0, 0],
            Self::SetAside(row) => {
                [size_of::<SetAside>(), size_of_val(row.frames.as_slice()), 0, 0]
            }
            Self::Name(row) => [size_of::<Named>(), row.fact.name.len(), 0, 0],
        };
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

/// A refusal and between whom it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// What brought its bytes.
    pub transport: Transport,
    /// Wireshark's `tcp.stream` or `udp.stream`.
    pub stream: u32,
    /// Who wanted something.
    pub client: Who,
    /// Who answered.
    pub server: Who,
    /// What was wanted and answered.
    pub refusal: Refusal,
}

impl Handshake {
    /// The first `legacy_record_version` of the handshake.
    #[must_use]
    pub fn record_version(&self) -> Option<u16> {
        let client = self.offer.as_ref().and_then(|offer| offer.record_version);
        client.or_else(|| self.choice.as_ref().and_then(|choice| choice.record_version))
    }
}
