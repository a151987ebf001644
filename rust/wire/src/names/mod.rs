//! Names of addresses, as the packets beside TLS tell them: answers of DNS and the like.
//!
//! Nobody is asked anything: a name is a fact that a frame states, with who was told. Which one of
//! several counts is not decided here. A fact that is repeated is one row, with its first frame.

mod dns;

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::limits::MAX_NAMES_HELD;
use crate::packet::{Datagram, Mac};

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
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
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

impl Telling<'_> {
    /// A fact; its name is safe to show.
    fn fact(&mut self, fact: Fact) {
        if fact.name.is_empty() {
            return;
        }
        let Names { facts, held, left_out } = &mut *self.names;
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
