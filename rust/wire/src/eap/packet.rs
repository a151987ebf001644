//! An EAP packet (RFC 3748 section 4) and what the methods that run TLS put into it.

use crate::cursor::Cursor;

/// Who sent a packet and why, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The authenticator asks.
    Request,
    /// The peer answers.
    Response,
    /// The authenticator lets the peer in.
    Success,
    /// The authenticator turns the peer away.
    Failure,
}

/// A method that runs TLS inside EAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// RFC 5216, RFC 9190.
    Tls,
    /// RFC 5281.
    Ttls,
    /// Microsoft's protected EAP.
    Peap,
    /// RFC 4851.
    Fast,
    /// RFC 7170.
    Teap,
}

impl Method {
    fn of(kind: u8) -> Option<Self> {
        match kind {
            13 => Some(Self::Tls),
            21 => Some(Self::Ttls),
            25 => Some(Self::Peap),
            43 => Some(Self::Fast),
            55 => Some(Self::Teap),
            _ => None,
        }
    }
}

/// The type of a packet in which the peer says who it is, or is asked to.
const IDENTITY: u8 = 1;

/// Flags of all methods that run TLS (RFC 5216 section 3.1).
mod flag {
    pub const LENGTH_INCLUDED: u8 = 0x80;
    pub const MORE_FRAGMENTS: u8 = 0x40;
    pub const START: u8 = 0x20;
    /// RFC 7170 section 4.1; of TEAP alone.
    pub const OUTER_TLVS: u8 = 0x10;
}

/// A piece of a message of TLS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Whose.
    pub method: Method,
    /// Further pieces of the same message follow.
    pub more: bool,
    /// The length of the whole message, where the piece tells.
    pub message_length: Option<u32>,
    /// The bytes, as far as captured.
    pub bytes: &'a [u8],
    /// How many more there were.
    pub cut: usize,
}

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Nothing: success and failure.
    Nothing,
    /// The name that the peer gives; of a request, the prompt for it.
    Identity(&'a [u8]),
    /// The server proposes a method that runs TLS. What it may say with it is not TLS.
    Start(Method),
    /// TLS, or an acknowledgement without bytes.
    Tls(Fragment<'a>),
    /// Another method.
    Other,
}

/// An EAP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is.
    pub code: Code,
    /// A response has that of the request that it answers.
    pub identifier: u8,
    /// What it holds.
    pub content: Content<'a>,
}

impl<'a> Packet<'a> {
    /// Reads the packet that `bytes` begin with, of which `sent` were sent. `None` when it is none,
    /// or when not even its type was captured.
    #[must_use]
    pub fn read(bytes: &'a [u8], sent: usize) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (code, identifier) = (cursor.u8()?, cursor.u8()?);
        let length = usize::from(cursor.u16()?);
        if length > sent.max(bytes.len()) {
            return None;
        }
        let code = match code {
            1 => Code::Request,
            2 => Code::Response,
            3 => Code::Success,
            4 => Code::Failure,
            _ => return None,
        };
        let body = length.checked_sub(4)?;
        if matches!(code, Code::Success | Code::Failure) {
            // RFC 3748 section 4.2: a packet with data is none.
            return (body == 0).then_some(Self { code, identifier, content: Content::Nothing });
        }
        let body_sent = body.checked_sub(1)?;
        let kind = cursor.u8()?;
        let data = cursor.take_up_to(body_sent);
        let cut = body_sent.saturating_sub(data.len());
        let content = match (kind, Method::of(kind)) {
            (IDENTITY, _) => Content::Identity(data),
            (_, Some(method)) => Self::tls(method, code, data, cut)?,
            _ => Content::Other,
        };
        Some(Self { code, identifier, content })
    }

    fn tls(method: Method, code: Code, data: &'a [u8], cut: usize) -> Option<Content<'a>> {
        let mut cursor = Cursor::new(data);
        let flags = cursor.u8()?;
        if flags & flag::START != 0 && code == Code::Request {
            return Some(Content::Start(method));
        }
        let message_length =
            if flags & flag::LENGTH_INCLUDED != 0 { Some(cursor.u32()?) } else { None };
        let mut cut = cut;
        let mut bytes = cursor.rest();
        if method == Method::Teap && flags & flag::OUTER_TLVS != 0 {
            // They stand behind the TLS data.
            let outer = usize::try_from(cursor.u32()?).ok()?;
            let sent = cursor.len().saturating_add(cut);
            let tls = sent.checked_sub(outer)?;
            bytes = cursor.take_up_to(tls);
            cut = tls.saturating_sub(bytes.len());
        }
        let more = flags & flag::MORE_FRAGMENTS != 0;
        Some(Content::Tls(Fragment { method, more, message_length, bytes, cut }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Packet<'_>> {
        Packet::read(bytes, bytes.len())
    }

    #[test]
    fn an_identity_is_read() {
        let packet = read(b"\x02\x07\x00\x0a\x01a@b.c").unwrap();
        assert_eq!((packet.code, packet.identifier), (Code::Response, 7));
        assert_eq!(packet.content, Content::Identity(b"a@b.c"));
    }

    #[test]
    fn a_start_holds_no_tls_whatever_comes_with_it() {
        let fast = b"\x01\x02\x00\x10\x2b\x21\x00\x04\x00\x06abcdef";
        assert_eq!(read(fast).unwrap().content, Content::Start(Method::Fast));
        let peap = b"\x01\x02\x00\x06\x19\x20";
        assert_eq!(read(peap).unwrap().content, Content::Start(Method::Peap));
    }

    #[test]
    fn a_fragment_tells_the_length_of_its_message() {
        let packet = read(b"\x02\x03\x00\x0d\x0d\xc0\x00\x00\x01\x00\x16\x03\x01").unwrap();
        let expected = Fragment {
            method: Method::Tls,
            more: true,
            message_length: Some(256),
            bytes: b"\x16\x03\x01",
            cut: 0,
        };
        assert_eq!(packet.content, Content::Tls(expected));
    }

    #[test]
    fn an_acknowledgement_is_an_empty_fragment() {
        let Content::Tls(fragment) = read(b"\x02\x03\x00\x06\x15\x00").unwrap().content else {
            panic!("no TLS")
        };
        assert!(fragment.bytes.is_empty() && !fragment.more);
    }

    #[test]
    fn outer_tlvs_of_teap_are_no_tls() {
        let packet = read(b"\x02\x03\x00\x0e\x37\x11\x00\x00\x00\x02\x16\x03ab").unwrap();
        let Content::Tls(fragment) = packet.content else { panic!("no TLS") };
        assert_eq!(fragment.bytes, b"\x16\x03");
    }

    #[test]
    fn what_the_snap_length_cut_is_counted() {
        let bytes = b"\x02\x03\x00\x20\x0d\x00\x16\x03\x01";
        let Content::Tls(fragment) = Packet::read(bytes, 40).unwrap().content else {
            panic!("no TLS")
        };
        assert_eq!((fragment.bytes, fragment.cut), (&b"\x16\x03\x01"[..], 23));
    }

    #[test]
    fn lengths_that_do_not_fit_make_no_packet() {
        assert_eq!(read(b"\x02\x03\x00\x20\x0d\x00\x16\x03\x01"), None);
        assert_eq!(read(b"\x02\x03\x00\x04\x0d\x00"), None);
        assert_eq!(read(b"\x03\x03\x00\x05\x00"), None);
        assert_eq!(read(b"\x05\x03\x00\x05\x00"), None);
        assert_eq!(read(b"\x02\x03\x00\x0b\x37\x10\x00\x00\x00\x02a"), None);
    }

    #[test]
    fn padding_behind_a_packet_is_left_alone() {
        assert_eq!(read(b"\x03\x03\x00\x04\x00\x00\x00").unwrap().code, Code::Success);
    }
}
