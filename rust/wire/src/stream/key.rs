//! The identity of a connection, the same for both directions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Endpoint, PerSide, Side};

/// Address and port of IPv4 in one number: quick to hash and to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct V4(u64);

/// Address and port of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct V6([u64; 2], u16);

impl V4 {
    #[inline]
    fn new(ip: Ipv4Addr, port: u16) -> Self {
        Self(u64::from(u32::from(ip)) << 16 | u64::from(port))
    }
}

impl V6 {
    #[inline]
    fn new(ip: Ipv6Addr, port: u16) -> Self {
        let [a, b, c, d, e, f, g, h] = ip.segments().map(u64::from);
        Self([a << 48 | b << 32 | c << 16 | d, e << 48 | f << 32 | g << 16 | h], port)
    }
}

impl From<V4> for Endpoint {
    fn from(V4(end): V4) -> Self {
        let [_, _, a, b, c, d, p1, p0] = end.to_be_bytes();
        Self { ip: Ipv4Addr::new(a, b, c, d).into(), port: u16::from_be_bytes([p1, p0]) }
    }
}

impl From<V6> for Endpoint {
    fn from(V6([high, low], port): V6) -> Self {
        let ip = u128::from(high) << 64 | u128::from(low);
        Self { ip: Ipv6Addr::from(ip).into(), port }
    }
}

/// The two ends, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key<E> {
    a: E,
    b: E,
}

impl<E: Ord + Copy + Into<Endpoint>> Key<E> {
    /// The key of a packet and the side that sent it.
    #[inline]
    fn of(source: E, destination: E) -> (Self, Side) {
        if source <= destination {
            (Self { a: source, b: destination }, Side::A)
        } else {
            (Self { a: destination, b: source }, Side::B)
        }
    }

    /// The ends by name.
    pub(crate) fn endpoints(&self) -> PerSide<Endpoint> {
        PerSide::new(self.a.into(), self.b.into())
    }
}

/// A key of either family. Two types, because IPv4's is a third the size and far more common.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyKey {
    V4(Key<V4>),
    V6(Key<V6>),
}

impl From<Key<V4>> for AnyKey {
    fn from(key: Key<V4>) -> Self {
        Self::V4(key)
    }
}

impl From<Key<V6>> for AnyKey {
    fn from(key: Key<V6>) -> Self {
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
            let ends = (V4::new(source, source_port), V4::new(destination, destination_port));
            let (key, side) = Key::of(ends.0, ends.1);
            Some((AnyKey::V4(key), side))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let ends = (V6::new(source, source_port), V6::new(destination, destination_port));
            let (key, side) = Key::of(ends.0, ends.1);
            Some((AnyKey::V6(key), side))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(ip: &str, port: u16) -> (IpAddr, u16) {
        (ip.parse().unwrap(), port)
    }

    #[test]
    fn both_directions_have_one_key_that_gives_the_ends_back() {
        let pairs = [
            (endpoint("192.0.2.200", 65_535), endpoint("203.0.113.1", 0)),
            (endpoint("192.0.2.1", 443), endpoint("192.0.2.1", 1_024)),
            (endpoint("2001:db8::ffff:1", 443), endpoint("2001:db8:1::", 50_000)),
            (endpoint("::1", 1), endpoint("::1", 2)),
        ];
        for (low, high) in pairs {
            let ends = |(key, side): (AnyKey, Side)| {
                let ends = match key {
                    AnyKey::V4(key) => key.endpoints(),
                    AnyKey::V6(key) => key.endpoints(),
                };
                (*ends.of(side), *ends.of(side.other()))
            };
            let named = |(ip, port)| Endpoint { ip, port };
            assert_eq!(ends(key(low, high).unwrap()), (named(low), named(high)));
            assert_eq!(ends(key(high, low).unwrap()), (named(high), named(low)));
            assert_eq!(key(low, high).unwrap().1, Side::A);
            assert_eq!(key(high, low).unwrap().1, Side::B);
        }
    }

    #[test]
    fn there_is_none_across_families() {
        assert!(key(endpoint("192.0.2.1", 1), endpoint("::1", 1)).is_none());
    }
}
