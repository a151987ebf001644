//! TCP segments to the in-order bytes of each direction, gaps marked, one observer a connection.
//!
//! Streams are numbered as Wireshark numbers `tcp.stream`: from 0, in the order in which they
//! appear, a SYN with another sequence number on known addresses and ports beginning a new one.

mod connection;
mod direction;
mod early;
pub(crate) mod key;
mod past;
mod payload;
mod table;

use std::fmt;
use std::net::IpAddr;

pub use table::Streams;

use crate::packet::{Mac, Outer, Tunnel};

/// One end of a connection, as this floor tells them apart. Which one is the client, the bytes
/// tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The lower address and port.
    A,
    /// The higher address and port.
    B,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The peer.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// A pair of things, one a side.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerSide<T> {
    a: T,
    b: T,
}

impl<T> PerSide<T> {
    /// The two things.
    #[must_use]
    pub fn new(a: T, b: T) -> Self {
        Self { a, b }
    }

    /// What `each` makes of the two things.
    pub fn map<U>(self, each: impl Fn(T) -> U) -> PerSide<U> {
        PerSide { a: each(self.a), b: each(self.b) }
    }

    /// The one of `side`.
    #[inline]
    #[must_use]
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// The one of `side`, to change.
    #[inline]
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

/// Where bytes came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The frame.
    pub frame: u64,
    /// Its time, in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// Link address of the sender.
    pub source_mac: Option<Mac>,
    /// Link address of the receiver.
    pub destination_mac: Option<Mac>,
}

/// Why bytes of a stream are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The capture does not hold the segment.
    Lost,
    /// The snap length cut the packet, or the capture or the connection ended.
    Truncated,
    /// A bound of ours was reached.
    Limit,
}

/// How a side ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// FIN.
    Fin,
    /// RST.
    Rst,
}

/// The first FIN or RST of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Who sent it.
    pub side: Side,
    /// What it was.
    pub closing: Closing,
    /// Where it is.
    pub frame: u64,
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The IP address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
}

/// The tunnels that a connection came through when it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    outer: Outer,
    /// The side that sent the first packet.
    first: Side,
}

impl Around {
    /// What the first packet of a connection, sent by `side`, says.
    pub(crate) fn of(outer: Option<&Outer>, side: Side) -> Option<Box<Self>> {
        outer.map(|outer| Box::new(Self { outer: *outer, first: side }))
    }

    /// The tunnels, outermost first.
    pub fn tunnels(&self) -> impl Iterator<Item = Tunnel> {
        self.outer.tunnels()
    }

    /// The outermost address on a side.
    #[must_use]
    pub fn ip(&self, side: Side) -> IpAddr {
        if side == self.first { self.outer.source } else { self.outer.destination }
    }
}

/// What the frames call one of the parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// An address and a port.
    Endpoint(Endpoint),
    /// An address; ports mean nothing there.
    Ip(IpAddr),
    /// A link address.
    Mac(Mac),
    /// A name that somebody else gives it: no address of it is in the frames.
    Name(Box<str>),
}

impl Who {
    /// Its IP address, if it has one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint.ip),
            Self::Ip(ip) => Some(*ip),
            Self::Mac(_) | Self::Name(_) => None,
        }
    }

    /// Its port, if it has one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint.port),
            Self::Ip(_) | Self::Mac(_) | Self::Name(_) => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(Endpoint { ip, .. }) | Self::Ip(ip) => ip.fmt(f),
            Self::Mac([a, b, c, d, e, g]) => {
                write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What an observer wants of the bytes to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// All, in order.
    Bytes,
    /// Only how many there are.
    Count,
    /// Nothing: it was not what it looked like.
    Nothing,
}

/// What came before bytes that may deserve a listener.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// No byte of the side came before.
    pub at_start: bool,
    /// Bytes of the other side came before.
    pub peer_spoke: bool,
}

/// Listens to one connection from the moment that its bytes look worth it.
pub trait Observer: Sized {
    /// Whether bytes look like the beginning of a direction, where its real one was not captured.
    fn opens_with(bytes: &[u8], at_start: bool) -> bool;
    /// A listener, where these bytes of a side deserve one; they are the first that it is given.
    fn open(side: Side, bytes: &[u8], origin: Origin, before: Before) -> Option<Self>;
    /// Whether bytes that nobody listens to show that the beginning was worth it and was missed.
    fn was_missed(bytes: &[u8]) -> bool;
    /// The next bytes of a side; one call a segment.
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin);
    /// The next `count` bytes of a side are not in the capture.
    fn missing(&mut self, side: Side, count: u32, why: Missing, origin: Origin);
    /// `count` further bytes of a side, while only their number matters.
    fn count(&mut self, side: Side, count: u32);
    /// While only the number matters: whether to listen again from these bytes on.
    fn listens_again(&mut self, bytes: &[u8]) -> bool;
    /// What it wants.
    fn interest(&self) -> Interest;
    /// Bytes of memory that it holds.
    fn buffered(&self) -> usize;
}

/// A connection that nothing more will come of.
#[derive(Debug)]
pub struct Ended<O> {
    /// Its number among the connections of its kind.
    pub number: u32,
    /// Who the two sides are.
    pub parties: PerSide<Who>,
    /// The tunnels around it.
    pub around: Option<Box<Around>>,
    /// Whether the capture holds packets that the side sent.
    pub captured: PerSide<bool>,
    /// The first FIN or RST.
    pub end: Option<End>,
    /// It was let go to bound memory; more of it may have come.
    pub evicted: bool,
    /// Who listened.
    pub observer: Box<O>,
}

impl<O> Ended<O> {
    /// Who listened, and all the rest.
    #[must_use]
    pub fn split(self) -> (Ended<()>, Box<O>) {
        let Self { number, parties, around, captured, end, evicted, observer } = self;
        (
            Ended { number, parties, around, captured, end, evicted, observer: Box::new(()) },
            observer,
        )
    }
}
