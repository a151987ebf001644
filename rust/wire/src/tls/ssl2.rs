//! Hellos in the SSL 2.0 record format: real SSL 2.0, and the form in which old clients offered
//! SSL 3.0 and TLS (RFC 5246 appendix E.2).

use super::client_hello::{ClientHello, list, session_id};
use super::code_point::ProtocolVersion;
use super::part::{Fault, Part};
use super::server_hello::ServerHello;

/// Header (2), type, version (2), three lengths (6).
const CLIENT_HELLO_HEAD: usize = 11;
/// Header (2), type, hit, certificate type, version (2), three lengths (6).
const SERVER_HELLO_HEAD: usize = 13;

/// What the first bytes of a stream are, in the eyes of SSL 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// No SSL 2.0 hello.
    No,
    /// More bytes are needed to tell.
    Unclear,
    /// A ClientHello; its record's payload has this many bytes.
    ClientHello(usize),
    /// A ServerHello; its record's payload has this many bytes.
    ServerHello(usize),
}

/// Tells a hello by its head: the lengths in it must add up to the record's.
#[must_use]
pub fn opening(bytes: &[u8]) -> Opening {
    let mut head = Part::new(bytes, usize::MAX);
    match head_of(&mut head) {
        Ok(opening) => opening,
        Err(_) => Opening::Unclear,
    }
}

fn head_of(head: &mut Part<'_>) -> Result<Opening, Fault> {
    let first = head.u8()?;
    if first & 0x80 == 0 {
        return Ok(Opening::No);
    }
    let length = usize::from(u16::from_be_bytes([first & 0x7F, head.u8()?]));
    let sum = |head: usize, parts: [u16; 3]| {
        parts.into_iter().map(usize::from).fold(head.saturating_sub(2), usize::saturating_add)
    };
    match head.u8()? {
        1 => {
            let version = head.u16()?;
            if version != ProtocolVersion::SSL20.0 && !(0x0300..=0x0304).contains(&version) {
                return Ok(Opening::No);
            }
            let (specs, session, challenge) = (head.u16()?, head.u16()?, head.u16()?);
            let fits = specs > 0
                && specs % 3 == 0
                && session <= 32
                && (8..=32).contains(&challenge)
                && sum(CLIENT_HELLO_HEAD, [specs, session, challenge]) == length;
            Ok(if fits { Opening::ClientHello(length) } else { Opening::No })
        }
        4 => {
            let (hit, certificate_type) = (head.u8()?, head.u8()?);
            let version = head.u16()?;
            let (certificate, specs, connection) = (head.u16()?, head.u16()?, head.u16()?);
            let fits = hit <= 1
                && certificate_type <= 1
                && version == ProtocolVersion::SSL20.0
                && specs % 3 == 0
                && connection <= 32
                && sum(SERVER_HELLO_HEAD, [certificate, specs, connection]) == length;
            Ok(if fits { Opening::ServerHello(length) } else { Opening::No })
        }
        _ => Ok(Opening::No),
    }
}

/// Reads a record's payload (type byte first) that [`opening`] called a ClientHello.
#[must_use]
pub fn client_hello(payload: &[u8], promised: usize) -> ClientHello {
    let mut hello = ClientHello { ssl2_format: true, ..ClientHello::default() };
    let mut part = Part::new(payload, promised);
    hello.captured = part.is_whole();
    if let Err(fault) = client_fields(&mut hello, &mut part) {
        hello.fault = Some((fault, "ClientHello.cipher_specs"));
    }
    hello.complete = hello.captured && hello.fault.is_none();
    hello
}

fn client_fields(hello: &mut ClientHello, part: &mut Part<'_>) -> Result<(), Fault> {
    let _type = part.u8()?;
    hello.legacy_version = Some(ProtocolVersion(part.u16()?));
    let (specs, session, challenge) = (part.u16()?, part.u16()?, part.u16()?);
    let mut specs = part.vector(usize::from(specs))?;
    let (mut suites, mut kinds) = (Vec::new(), Vec::new());
    let mut result = Ok(());
    while !specs.is_empty() {
        match specs.array() {
            Ok([0, high, low]) => suites.extend([high, low]),
            Ok(kind) => kinds.extend(kind),
            Err(fault) => {
                result = Err(fault);
                break;
            }
        }
    }
    hello.lists.put(list::CIPHER_SUITES, &suites);
    hello.lists.put(list::SSL2_CIPHER_KINDS, &kinds);
    result?;
    hello.session_id = Some(session_id(part.take(usize::from(session))?));
    // The challenge takes the place of the random: right-aligned, RFC 5246 appendix E.2.
    let challenge = part.take(usize::from(challenge))?;
    let mut random = [0; 32];
    for (to, from) in random.iter_mut().rev().zip(challenge.iter().rev()) {
        *to = *from;
    }
    hello.random = Some(random);
    Ok(())
}

/// Reads a record's payload that [`opening`] called a ServerHello. SSL 2.0 lets the client choose
/// the cipher afterwards, so there is none in it.
#[must_use]
pub fn server_hello(payload: &[u8], promised: usize) -> ServerHello {
    let part = Part::new(payload, promised);
    let complete = part.is_whole();
    ServerHello {
        legacy_version: Some(ProtocolVersion::SSL20),
        ssl2_format: true,
        captured: complete,
        complete,
        fault: (!complete).then_some((Fault::Cut, "ServerHello")),
        ..ServerHello::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 80 2e | 01 | 03 01 | 00 15 | 00 00 | 00 10 | specs | challenge
    fn internet_explorer_6() -> Vec<u8> {
        let mut bytes = vec![0x80, 0x2E, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10];
        for spec in [4, 5, 10, 0x01_0080, 0x07_00C0, 0x03_0080, 0x09] {
            bytes.extend_from_slice(&u32::to_be_bytes(spec)[1..]);
        }
        bytes.extend_from_slice(&[7; 16]);
        bytes
    }

    #[test]
    fn tells_suites_from_kinds() {
        let bytes = internet_explorer_6();
        assert_eq!(opening(&bytes), Opening::ClientHello(46));
        let hello = client_hello(&bytes[2..], 46);
        assert!(hello.complete);
        assert_eq!(hello.legacy_version, Some(ProtocolVersion(0x0301)));
        let suites: Vec<u16> = hello.cipher_suites().unwrap().iter().map(|s| s.0).collect();
        assert_eq!(suites, [4, 5, 10, 9]);
        assert_eq!(hello.ssl2_cipher_kinds(), Some(vec![0x01_0080, 0x07_00C0, 0x03_0080]));
    }

    #[test]
    fn every_prefix_is_unclear_until_the_lengths_are_seen() {
        let bytes = internet_explorer_6();
        for n in 0..CLIENT_HELLO_HEAD {
            assert_eq!(opening(&bytes[..n]), Opening::Unclear, "{n} bytes");
        }
        assert_eq!(opening(&bytes[..CLIENT_HELLO_HEAD]), Opening::ClientHello(46));
    }

    #[test]
    fn lengths_that_do_not_add_up_are_no_hello() {
        let mut bytes = internet_explorer_6();
        bytes[1] = 0x2F;
        assert_eq!(opening(&bytes), Opening::No);
    }

    #[test]
    fn a_cut_hello_keeps_the_kinds_that_were_captured() {
        let bytes = internet_explorer_6();
        let hello = client_hello(&bytes[2..18], 46);
        assert!(!hello.complete);
        assert_eq!(hello.fault, Some((Fault::Cut, "ClientHello.cipher_specs")));
        assert_eq!(hello.cipher_suites().unwrap().len(), 2);
    }
}
