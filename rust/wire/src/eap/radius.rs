//! RADIUS datagrams that carry EAP (RFC 2865, RFC 3579).

use std::borrow::Cow;

use crate::cursor::Cursor;

/// What a datagram is, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The RADIUS client hands on what the peer says.
    AccessRequest,
    /// The server lets the peer in.
    AccessAccept,
    /// The server turns the peer away.
    AccessReject,
    /// The server has something more to say to the peer.
    AccessChallenge,
}

/// Attributes that are looked at (RFC 2865 section 5, RFC 3579 section 3).
mod attribute {
    pub const USER_NAME: u8 = 1;
    pub const STATE: u8 = 24;
    pub const CALLING_STATION_ID: u8 = 31;
    pub const EAP_MESSAGE: u8 = 79;
}

/// Code, identifier, length, authenticator.
const HEADER_LENGTH: usize = 20;

/// A datagram that carries EAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// What it is.
    pub code: Code,
    /// An answer has that of its request.
    pub identifier: u8,
    /// The EAP packet, put together, as far as captured.
    pub eap: Cow<'a, [u8]>,
    /// How long it was when sent, at least.
    pub eap_sent: usize,
    /// What the server wants to hear again with the next request.
    pub state: Option<&'a [u8]>,
    /// The peer's address, as the RADIUS client writes it.
    pub calling_station: Option<&'a [u8]>,
    /// The outer identity.
    pub user_name: Option<&'a [u8]>,
}

impl<'a> Datagram<'a> {
    /// Reads a datagram of which `sent` bytes were sent. `None` when it is no RADIUS, or carries no
    /// EAP: its attributes must fill it exactly, whatever the ports.
    #[must_use]
    pub fn read(bytes: &'a [u8], sent: usize) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let code = match cursor.u8()? {
            1 => Code::AccessRequest,
            2 => Code::AccessAccept,
            3 => Code::AccessReject,
            11 => Code::AccessChallenge,
            _ => return None,
        };
        let identifier = cursor.u8()?;
        let length = usize::from(cursor.u16()?);
        if length != sent {
            return None;
        }
        cursor.array::<16>()?;
        let mut left = length.checked_sub(HEADER_LENGTH)?;
        let mut eap: Option<Cow<'a, [u8]>> = None;
        let mut eap_sent = 0_usize;
        let (mut state, mut calling_station, mut user_name) = (None, None, None);
        while left > 0 {
            let (Some(kind), Some(length)) = (cursor.u8(), cursor.u8()) else {
                if bytes.len() < sent {
                    break;
                }
                return None;
            };
            let length = usize::from(length);
            left = left.checked_sub(length)?;
            let length = length.checked_sub(2)?;
            let value = cursor.take_up_to(length);
            match kind {
                attribute::EAP_MESSAGE => {
                    // A piece behind one that was cut is not there: the cut ended the datagram.
                    match &mut eap {
                        None => eap = Some(Cow::Borrowed(value)),
                        Some(eap) => eap.to_mut().extend_from_slice(value),
                    }
                    eap_sent = eap_sent.saturating_add(length);
                }
                // Cut in half they would name another.
                _ if value.len() < length => {}
                attribute::STATE => state = Some(value),
                attribute::CALLING_STATION_ID => calling_station = Some(value),
                attribute::USER_NAME => user_name = Some(value),
                _ => {}
            }
        }
        // What else of the EAP packet was cut off: its own length says how long it is.
        let eap_sent = if bytes.len() < sent { eap_sent.saturating_add(left) } else { eap_sent };
        Some(Self { code, identifier, eap: eap?, eap_sent, state, calling_station, user_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram with these attributes.
    fn datagram(code: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![code, 9, 0, 0];
        bytes.extend([0xAB; 16]);
        for (kind, value) in attributes {
            bytes.extend([*kind, u8::try_from(value.len().saturating_add(2)).unwrap()]);
            bytes.extend(*value);
        }
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        bytes[2..4].copy_from_slice(&length);
        bytes
    }

    #[test]
    fn messages_are_joined_and_names_read() {
        let bytes = datagram(
            1,
            &[(1, b"bob"), (79, b"\x02\x01"), (24, b"s"), (79, b"\x00\x04"), (31, b"00-11")],
        );
        let read = Datagram::read(&bytes, bytes.len()).unwrap();
        assert_eq!((read.code, read.identifier), (Code::AccessRequest, 9));
        assert_eq!((&*read.eap, read.eap_sent), (&b"\x02\x01\x00\x04"[..], 4));
        assert_eq!(read.state, Some(&b"s"[..]));
        assert_eq!(read.calling_station, Some(&b"00-11"[..]));
        assert_eq!(read.user_name, Some(&b"bob"[..]));
    }

    #[test]
    fn attributes_must_fill_the_datagram() {
        let bytes = datagram(11, &[(79, b"\x01\x01\x00\x04")]);
        assert!(Datagram::read(&bytes, bytes.len()).is_some());
        assert!(Datagram::read(&bytes, bytes.len() + 1).is_none());
        for broken in [0, 1, 5, 7] {
            let mut bytes = bytes.clone();
            bytes[21] = broken;
            assert!(Datagram::read(&bytes, bytes.len()).is_none(), "length {broken}");
        }
    }

    #[test]
    fn without_eap_it_is_not_for_us() {
        let bytes = datagram(1, &[(1, b"bob")]);
        assert!(Datagram::read(&bytes, bytes.len()).is_none());
        let accounting = datagram(4, &[(79, b"\x01\x01\x00\x04")]);
        assert!(Datagram::read(&accounting, accounting.len()).is_none());
    }

    #[test]
    fn a_datagram_that_was_cut_gives_what_was_captured() {
        let bytes = datagram(1, &[(31, b"00-11"), (79, b"\x02\x01\x00\x30"), (24, b"state")]);
        let cut = &bytes[..30];
        let read = Datagram::read(cut, bytes.len()).unwrap();
        assert_eq!(read.calling_station, Some(&b"00-11"[..]));
        assert_eq!((&*read.eap, read.state), (&b"\x02"[..], None));
        assert!(read.eap_sent >= 4);
    }
}
