//! The packets of OpenVPN's control channel, which carry TLS: over UDP as datagrams, over TCP each
//! behind its length. With `tls-crypt` they are encrypted and nothing of the TLS can be seen.

use crate::cursor::Cursor;
use crate::tls::record;

/// What a packet is, by the high five bits of its first byte.
mod opcode {
    pub const SOFT_RESET: u8 = 3;
    pub const CONTROL: u8 = 4;
    pub const HARD_RESET_CLIENT: u8 = 7;
    pub const HARD_RESET_SERVER: u8 = 8;
}

/// Bytes of the digests that `tls-auth` may use: none, MD5, SHA-1, SHA-224, SHA-256, SHA-384,
/// SHA-512.
const DIGESTS: [usize; 7] = [0, 16, 20, 28, 32, 48, 64];

/// A number and a time follow the digest of `tls-auth`.
const BEHIND_DIGEST: usize = 8;

/// Acknowledgements in one packet. OpenVPN sends eight at most.
const MAX_ACKNOWLEDGEMENTS: u8 = 8;

/// How the packets of a connection are authenticated: the bytes of the digest, 0 without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(usize);

/// A packet of the control channel that has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control<'a> {
    /// It begins a session or a change of keys.
    pub resets: bool,
    /// Which keys are being agreed on.
    pub key: u8,
    /// The sender's session.
    pub session: [u8; 8],
    /// Its number under these keys.
    pub number: u32,
    /// TLS bytes.
    pub payload: &'a [u8],
}

/// How the packets of a connection are authenticated that begins with this one: a reset, or a hello
/// if the resets were not captured. `None` when it is no such packet.
#[must_use]
pub fn opening(packet: &[u8]) -> Option<Digest> {
    let opcode = packet.first()? >> 3;
    let fits: fn(&Control<'_>) -> bool = match opcode {
        opcode::HARD_RESET_CLIENT | opcode::HARD_RESET_SERVER => {
            |control| control.number == 0 && control.payload.is_empty()
        }
        opcode::CONTROL => |control| {
            let hello = matches!(control.payload, [22, 3, _, _, _, 1 | 2, ..]);
            control.number == 1 && hello && record::can_begin(control.payload)
        },
        _ => return None,
    };
    DIGESTS.into_iter().map(Digest).find(|&digest| {
        control(packet, digest).is_some_and(|control| {
            let zero = [0; 8];
            control.key == 0 && control.session != zero && fits(&control)
        })
    })
}

/// Reads a packet. `None` when it is none of the control channel, or has no number.
#[must_use]
pub fn control(packet: &[u8], digest: Digest) -> Option<Control<'_>> {
    let mut cursor = Cursor::new(packet);
    let first = cursor.u8()?;
    let (opcode, key) = (first >> 3, first & 7);
    let resets = match opcode {
        opcode::SOFT_RESET | opcode::HARD_RESET_CLIENT | opcode::HARD_RESET_SERVER => true,
        opcode::CONTROL => false,
        _ => return None,
    };
    let session = cursor.array()?;
    if digest.0 > 0 {
        cursor.take(digest.0.saturating_add(BEHIND_DIGEST))?;
    }
    let acknowledgements = cursor.u8()?;
    if acknowledgements > MAX_ACKNOWLEDGEMENTS {
        return None;
    }
    if acknowledgements > 0 {
        // Their numbers, and whose session they are of.
        cursor.take(usize::from(acknowledgements).saturating_mul(4))?;
        cursor.take(8)?;
    }
    let number = cursor.u32()?;
    Some(Control { resets, key, session, number, payload: cursor.rest() })
}

/// Whether it can be a packet of an OpenVPN connection at all.
#[must_use]
pub fn is_packet(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| (opcode::SOFT_RESET..=11).contains(&(first >> 3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with these acknowledgements, a number and a payload.
    fn packet(
        first: u8,
        digest: usize,
        acknowledged: &[u32],
        number: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend([0xA1; 8]); // session
        if digest > 0 {
            bytes.extend(vec![0xD1; digest]);
            bytes.extend([0, 0, 0, 1, 0x50, 0xFF, 0x26, 0x2C]); // number and time
        }
        bytes.push(acknowledged.len().try_into().unwrap());
        acknowledged.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
        if !acknowledged.is_empty() {
            bytes.extend([0xB2; 8]);
        }
        bytes.extend(number.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn resets_tell_how_long_the_digest_is() {
        for digest in DIGESTS {
            let client = packet(0x38, digest, &[], 0, &[]);
            assert_eq!(opening(&client), Some(Digest(digest)), "{digest}");
            let server = packet(0x40, digest, &[0], 0, &[]);
            assert_eq!(opening(&server), Some(Digest(digest)), "{digest}");
        }
    }

    #[test]
    fn a_hello_opens_too() {
        let hello = [0x16, 3, 1, 0, 0xDD, 1, 0, 0, 0xD9, 3, 3];
        let bytes = packet(0x20, 20, &[0], 1, &hello);
        assert_eq!(opening(&bytes), Some(Digest(20)));
        let control = control(&bytes, Digest(20)).unwrap();
        assert_eq!((control.number, control.payload, control.resets), (1, &hello[..], false));
    }

    #[test]
    fn what_is_encrypted_opens_nothing() {
        // tls-crypt: number and time, a digest of 32 bytes, then five encrypted ones.
        let mut bytes = vec![0x38];
        bytes.extend([0xA1; 8]);
        bytes.extend([0, 0, 0, 1, 0x50, 0xFF, 0x26, 0x2C]);
        bytes.extend([0xD1; 37]);
        assert_eq!(bytes.len(), packet(0x38, 32, &[], 0, &[]).len());
        assert_eq!(opening(&bytes), None);
    }

    #[test]
    fn acknowledgements_have_no_number() {
        assert_eq!(control(&packet(0x28, 0, &[1], 0, &[]), Digest(0)), None);
        assert_eq!(control(&packet(0x20, 0, &[], 7, &[]), Digest(0)).unwrap().number, 7);
        assert_eq!(control(&[0x20; 13], Digest(0)), None);
    }
}
