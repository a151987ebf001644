//! The identity of a connection, the same for both directions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Endpoint, PerSide, Side};

/// Addresses and ports, the lower end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key<A> {
    a: A,
    b: A,
    a_port: u16,
    b_port: u16,
}

impl<A: Ord + Copy + Into<IpAddr>> Key<A> {
    /// The key of a packet and the side that sent it.
    #[inline]
    fn of(source: A, source_port: u16, destination: A, destination_port: u16) -> (Self, Side) {
        if (source, source_port) <= (destination, destination_port) {
            let key =
                Self { a: source, b: destination, a_port: source_port, b_port: destination_port };
            (key, Side::A)
        } else {
            let key =
                Self { a: destination, b: source, a_port: destination_port, b_port: source_port };
            (key, Side::B)
        }
    }

    /// The ends by name.
    pub(crate) fn endpoints(&self) -> PerSide<Endpoint> {
        PerSide::new(
            Endpoint { ip: self.a.into(), port: self.a_port },
            Endpoint { ip: self.b.into(), port: self.b_port },
        )
    }
}

/// A key of either family. Two types, because IPv4's is a third the size and far more common.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyKey {
    V4(Key<Ipv4Addr>),
    V6(Key<Ipv6Addr>),
}

impl From<Key<Ipv4Addr>> for AnyKey {
    fn from(key: Key<Ipv4Addr>) -> Self {
        Self::V4(key)
    }
}

impl From<Key<Ipv6Addr>> for AnyKey {
    fn from(key: Key<Ipv6Addr>) -> Self {
        Self::V6(key)
    }
}

/// The conversation that a packet belongs to, and the side that sent it. `None` when the addresses
/// are of two families.
#[inline]
pub(crate) fn key(
    (source, source_port): (IpAddr, u16),
    (destination, destination_port): (IpAddr, u16),
) -> Option<(AnyKey, Side)> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let (key, side) = Key::of(source, source_port, destination, destination_port);
            Some((AnyKey::V4(key), side))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let (key, side) = Key::of(source, source_port, destination, destination_port);
            Some((AnyKey::V6(key), side))
        }
        _ => None,
    }
}
