//! Who peer and authenticator are, as far as the packets tell.

use std::net::IpAddr;

use super::radius;
use crate::packet::{Eapol, Mac};
use crate::stream::{PerSide, Who};
use crate::tls::escape::escaped;

/// Who the two are.
#[derive(Debug)]
pub(super) enum Parties {
    /// EAPOL: link addresses, as soon as they are seen.
    Link {
        peer: Option<Mac>,
        authenticator: Option<Mac>,
        /// Where packets go whose receiver is not named.
        group: Mac,
    },
    /// RADIUS: the peer has no address of its own there.
    Radius { client: IpAddr, server: IpAddr, station: Option<Box<[u8]>>, user: Option<Box<[u8]>> },
}

/// IEEE 802.1X section 11.1.1: whoever is at the other end of the link.
const PORT_ACCESS_ENTITY: Mac = [0x01, 0x80, 0xC2, 0x00, 0x00, 0x03];

impl Parties {
    /// Who an EAPOL packet is from and to.
    pub(super) fn on_link(eapol: &Eapol<'_>, from_peer: bool) -> Self {
        let named = |mac: Option<Mac>| mac.filter(|mac| !is_group(*mac));
        let (source, destination) = (named(eapol.source_mac), named(eapol.destination_mac));
        let (peer, authenticator) =
            if from_peer { (source, destination) } else { (destination, source) };
        let group = eapol.destination_mac.filter(|mac| is_group(*mac));
        Self::Link { peer, authenticator, group: group.unwrap_or(PORT_ACCESS_ENTITY) }
    }

    /// Whom a RADIUS datagram is about.
    pub(super) fn radius(client: IpAddr, server: IpAddr, datagram: &radius::Datagram<'_>) -> Self {
        Self::Radius {
            client,
            server,
            station: datagram.calling_station.filter(|station| !station.is_empty()).map(Into::into),
            user: datagram.user_name.map(Into::into),
        }
    }

    /// Whether a packet between `seen` can be between these too, and if so whether it certainly is:
    /// one of them is named by both.
    pub(super) fn same_link(&self, seen: &Self) -> Option<bool> {
        let (
            Self::Link { peer, authenticator, .. },
            Self::Link { peer: seen_peer, authenticator: seen_authenticator, .. },
        ) = (self, seen)
        else {
            return None;
        };
        let pairs = [(peer, seen_peer), (authenticator, seen_authenticator)];
        let differ =
            pairs.iter().any(|(one, other)| one.is_some() && other.is_some() && one != other);
        (!differ).then(|| pairs.iter().any(|(one, other)| one.is_some() && one == other))
    }

    /// Notes what was not known yet.
    pub(super) fn learn(&mut self, seen: Self) {
        match (self, seen) {
            (
                Self::Link { peer, authenticator, .. },
                Self::Link { peer: seen_peer, authenticator: seen_authenticator, .. },
            ) => {
                *peer = peer.or(seen_peer);
                *authenticator = authenticator.or(seen_authenticator);
            }
            (
                Self::Radius { station, user, .. },
                Self::Radius { station: seen_station, user: seen_user, .. },
            ) => {
                if station.is_none() {
                    *station = seen_station;
                }
                if user.is_none() {
                    *user = seen_user;
                }
            }
            _ => {}
        }
    }

    /// The outer identity, as the RADIUS client repeats it (RFC 3579 section 2.1).
    pub(super) fn user(&self) -> Option<&[u8]> {
        match self {
            Self::Radius { user, .. } => user.as_deref(),
            Self::Link { .. } => None,
        }
    }

    /// The peer's link address.
    pub(super) fn peer_mac(&self) -> Option<Mac> {
        match self {
            Self::Link { peer, .. } => *peer,
            Self::Radius { station, .. } => station.as_deref().and_then(mac),
        }
    }

    /// What to call the peer and the authenticator.
    pub(super) fn names(&self, identity: Option<&str>) -> PerSide<Who> {
        match self {
            Self::Link { peer, authenticator, group } => PerSide::new(
                Who::Mac(peer.unwrap_or(*group)),
                Who::Mac(authenticator.unwrap_or(*group)),
            ),
            Self::Radius { client, server, station, .. } => {
                let peer = match (self.peer_mac(), station, identity) {
                    (Some(mac), ..) => Who::Mac(mac),
                    (None, Some(station), _) => Who::Name(escaped(station).into()),
                    (None, None, Some(identity)) => Who::Name(identity.into()),
                    (None, None, None) => Who::Name(format!("behind {client}").into()),
                };
                PerSide::new(peer, Who::Ip(*server))
            }
        }
    }

    /// Bytes of memory that it takes beside its own size.
    pub(super) fn buffered(&self) -> usize {
        match self {
            Self::Link { .. } => 0,
            Self::Radius { station, user, .. } => {
                let length = |name: &Option<Box<[u8]>>| name.as_ref().map_or(0, |name| name.len());
                length(station).saturating_add(length(user))
            }
        }
    }
}

fn is_group(mac: Mac) -> bool {
    let [first, ..] = mac;
    first & 1 != 0
}

/// A link address as RADIUS clients write it: `02-00-5E-00-53-01`, `02:00:…`, `0200.5e00.5301`,
/// `02005e005301`.
fn mac(station: &[u8]) -> Option<Mac> {
    let mut digits = station.iter().filter(|byte| !matches!(byte, b'-' | b':' | b'.'));
    let mut mac = Mac::default();
    for byte in &mut mac {
        let mut digit = || char::from(*digits.next()?).to_digit(16);
        let pair = digit()?.checked_mul(16)?.checked_add(digit()?)?;
        *byte = u8::try_from(pair).ok()?;
    }
    digits.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_addresses_are_read_however_they_are_written() {
        for text in ["02-00-5E-00-53-01", "02:00:5e:00:53:01", "0200.5e00.5301", "02005E005301"] {
            assert_eq!(mac(text.as_bytes()), Some([2, 0, 0x5E, 0, 0x53, 1]), "{text}");
        }
        for text in ["", "02-00-5E-00-53", "02-00-5E-00-53-01-02", "+1 555 0100", "192.0.2.1"] {
            assert_eq!(mac(text.as_bytes()), None, "{text}");
        }
    }
}
