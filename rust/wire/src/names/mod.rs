//! Names of addresses, as the packets beside TLS tell them: answers of DNS and the like.
//!
//! Nobody is asked anything: a name is a fact that a frame states, with who was told. Which one of
//! several counts is not decided here. A fact that is repeated is one row, with its first frame.

mod ber;
mod dhcp;
mod dns;
mod http;
mod kerberos;
mod netbios;
mod ntlm;

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::cursor::Cursor;
use crate::limits::{MAX_NAME, MAX_NAMES_HELD};
use crate::packet::{Datagram, Mac, Segment};
use crate::tls::escape::escaped;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An IP address.
    Ip(IpAddr),
    /// A link address.
    Mac(Mac),
}

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of a machine.
    Host,
    /// Of whoever signs in there.
    User,
    /// What runs there.
    Software,
    /// Not of the address: what it asked a proxy for.
    Target,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::User => "user",
            Self::Software => "software",
            Self::Target => "target",
        }
    }
}

/// What told a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An answer of DNS: the name that was asked for, whatever aliases lie between.
    DnsAnswer,
    /// Another address record of such an answer: of an alias' target, of a name server.
    DnsRecord,
    /// An answer of DNS to the question whose address it is.
    DnsPointer,
    /// A machine, or whoever gave it its address, writes it into DNS (RFC 2136).
    DnsUpdate,
    /// Multicast DNS (RFC 6762).
    Mdns,
    /// Link-local multicast name resolution (RFC 4795).
    Llmnr,
    /// NetBIOS' name service.
    Nbns,
    /// DHCP.
    Dhcp,
    /// A request to a key distribution centre, or its answer.
    Kerberos,
    /// NTLM.
    Ntlm,
    /// The cookie of RDP.
    Rdp,
    /// The header User-Agent.
    HttpUserAgent,
    /// The method CONNECT.
    HttpConnect,
}

impl Source {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DnsAnswer => "dns-answer",
            Self::DnsRecord => "dns-record",
            Self::DnsPointer => "dns-pointer",
            Self::DnsUpdate => "dns-update",
            Self::Mdns => "mdns",
            Self::Llmnr => "llmnr",
            Self::Nbns => "nbns",
            Self::Dhcp => "dhcp",
            Self::Kerberos => "kerberos",
            Self::Ntlm => "ntlm",
            Self::Rdp => "rdp",
            Self::HttpUserAgent => "http-user-agent",
            Self::HttpConnect => "http-connect",
        }
    }
}

/// A name of an address, and who was told it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// What it is of.
    pub subject: Subject,
    /// The name, safe to show.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What told it.
    pub source: Source,
    /// To whom an answer of DNS went.
    pub told_to: Option<IpAddr>,
}

/// Where and how often a fact was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first frame that tells it.
    pub frame: u64,
    /// The earliest time of such a frame, in nanoseconds since the epoch.
    pub first: Option<i64>,
    /// The latest.
    pub last: Option<i64>,
    /// How many times it was told.
    pub times: u64,
}

/// A row of the table of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What was told.
    pub fact: Fact,
    /// Where and how often.
    pub seen: Seen,
}

/// The names that a capture tells.
#[derive(Debug, Default)]
pub struct Names {
    facts: HashMap<Fact, Seen>,
    asking: dhcp::Asking,
    /// Bytes of memory that they take.
    held: usize,
    /// Further ones that were left out to bound memory.
    pub left_out: u64,
}

/// Takes what one packet tells.
struct Telling<'a> {
    names: &'a mut Names,
    frame: u64,
    ts: Option<i64>,
}

const DNS: u16 = 53;
const MDNS: u16 = 5353;
const LLMNR: u16 = 5355;
const NBNS: u16 = 137;
const DHCP: [u16; 2] = [67, 68];
const KERBEROS: u16 = 88;

/// What is before the cookie of RDP in a request of X.224, behind TPKT's version and length.
const COOKIE: &[u8] = b"Cookie: mstshash=";

impl Names {
    /// Takes the next datagram of the capture.
    pub fn datagram(&mut self, datagram: &Datagram<'_>, frame: u64, ts: Option<i64>) {
        let ports = [datagram.source_port, datagram.destination_port];
        let telling = &mut Telling { names: self, frame, ts };
        if ports.contains(&DNS) {
            dns::read(datagram.payload, dns::Spoken::Dns, datagram.destination, telling);
        } else if ports.contains(&MDNS) {
            dns::read(datagram.payload, dns::Spoken::Mdns, datagram.destination, telling);
        } else if ports.contains(&LLMNR) {
            dns::read(datagram.payload, dns::Spoken::Llmnr, datagram.destination, telling);
        } else if ports.contains(&NBNS) {
            netbios::read(datagram.payload, datagram.source, telling);
        } else if DHCP.iter().any(|port| ports.contains(port)) {
            let mut asking = std::mem::take(&mut telling.names.asking);
            dhcp::read(datagram.payload, &mut asking, telling);
            telling.names.asking = asking;
        } else if ports.contains(&KERBEROS) {
            let ends = (datagram.source, datagram.destination);
            kerberos::read(datagram.payload, ends, telling);
        }
    }

    /// Takes the next segment of the capture: what begins with it is told, what goes on in another
    /// is not.
    #[inline]
    pub fn segment(&mut self, segment: &Segment<'_>, frame: u64, ts: Option<i64>) {
        // TLS begins with 20 to 24; what is inside of it tells nothing.
        let Some(0 | 3 | 5 | 0x30 | b'A'..=b'Z') = segment.payload.first() else { return };
        self.beginning(segment, frame, ts);
    }

    fn beginning(&mut self, segment: &Segment<'_>, frame: u64, ts: Option<i64>) {
        let telling = &mut Telling { names: self, frame, ts };
        let bytes = segment.payload;
        let ports = [segment.source_port, segment.destination_port];
        if ports.contains(&DNS) {
            each_message::<2>(bytes, |message| {
                dns::read(message, dns::Spoken::Dns, segment.destination, telling);
            });
            return;
        }
        if ports.contains(&KERBEROS) {
            let ends = (segment.source, segment.destination);
            each_message::<4>(bytes, |message| kerberos::read(message, ends, telling));
            return;
        }
        match bytes {
            [b'A'..=b'Z', ..] => http::read(segment, telling),
            // Session setup of SMB, old and new.
            [0, _, _, _, 0xFF, b'S', b'M', b'B', 0x73, ..] => {
                ntlm::find(bytes, segment.source, telling);
            }
            [0, _, _, _, 0xFE, b'S', b'M', b'B', _, _, _, _, _, _, _, _, 1, 0, ..] => {
                ntlm::find(bytes, segment.source, telling);
            }
            // Bind of DCE/RPC, its answers, and what follows them.
            [5, 0, 11 | 12 | 14 | 15 | 16, ..] => ntlm::find(bytes, segment.source, telling),
            [0x30, ..] if is_bind(bytes) => ntlm::find(bytes, segment.source, telling),
            [3, 0, _, _, _, 0xE0, _, _, _, _, _, request @ ..] => {
                let Some(cookie) = request.strip_prefix(COOKIE) else { return };
                let end = cookie.iter().position(|&byte| byte == b'\r' || byte == b'\n');
                if let Some(user) = end.and_then(|end| cookie.get(..end)) {
                    telling.tell(Source::Rdp, Kind::User, Subject::Ip(segment.source), user);
                }
            }
            _ => {}
        }
    }

    /// What was told, in the order in which it was first told.
    pub fn finish(&mut self) -> impl Iterator<Item = Named> + use<> {
        let facts = std::mem::take(&mut self.facts);
        let mut rows: Vec<Named> =
            facts.into_iter().map(|(fact, seen)| Named { fact, seen }).collect();
        rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        rows.into_iter()
    }
}

/// The place of a row: one frame may tell several.
fn order(row: &Named) -> (u64, &str, &'static str, &'static str, String) {
    let Fact { subject, name, kind, source, told_to } = &row.fact;
    let ends = format!("{subject:?} {told_to:?}");
    (row.seen.frame, name.as_str(), source.name(), kind.name(), ends)
}

/// The messages in a segment, each behind its length of `N` bytes.
fn each_message<const N: usize>(bytes: &[u8], mut take: impl FnMut(&[u8])) {
    let mut cursor = Cursor::new(bytes);
    while let Some(length) = cursor.array::<N>() {
        let length = length.iter().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
        let message = cursor.take_up_to(length);
        if message.is_empty() {
            return;
        }
        take(message);
    }
}

/// Whether a message of LDAP is a bind or its answer (RFC 4511 section 4.2).
fn is_bind(message: &[u8]) -> bool {
    let inside = ber::begun(&mut Cursor::new(message));
    let Some((_, inside)) = inside else { return false };
    let mut cursor = Cursor::new(inside);
    matches!(ber::begun(&mut cursor), Some((0x02, _)))
        && matches!(ber::begun(&mut cursor), Some((0x60 | 0x61, _)))
}

impl Telling<'_> {
    /// A name as captured.
    fn tell(&mut self, source: Source, kind: Kind, subject: Subject, name: &[u8]) {
        if name.len() <= MAX_NAME {
            self.fact(Fact { subject, name: escaped(name), kind, source, told_to: None });
        }
    }

    /// A fact; its name is safe to show.
    fn fact(&mut self, fact: Fact) {
        if fact.name.is_empty() {
            return;
        }
        let Names { facts, held, left_out, .. } = &mut *self.names;
        if let Some(seen) = facts.get_mut(&fact) {
            seen.times = seen.times.saturating_add(1);
            seen.first = earliest(seen.first, self.ts);
            seen.last = seen.last.max(self.ts);
            return;
        }
        let size = size_of::<(Fact, Seen)>().saturating_add(fact.name.len());
        if held.saturating_add(size) > MAX_NAMES_HELD {
            *left_out = left_out.saturating_add(1);
            return;
        }
        *held = held.saturating_add(size);
        let Self { frame, ts, .. } = *self;
        facts.insert(fact, Seen { frame, first: ts, last: ts, times: 1 });
    }
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
