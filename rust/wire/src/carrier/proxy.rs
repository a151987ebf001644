//! The PROXY protocol: a header in which a load balancer says who the client is.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::payload::Payload;
use super::{Carrier, Dialogue, Said, Step, target_name};
use crate::cursor::Cursor;
use crate::stream::{Origin, Side};

/// A connection that begins with such a header.
#[derive(Debug)]
pub(super) struct Proxy {
    carrier: Carrier,
    /// Bytes of the header that are still to come.
    header: usize,
    target: Option<String>,
    payload: Payload,
}

/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 1, its end included.
const LONGEST_V1: usize = 107;

impl Proxy {
    /// The dialogue that begins with these bytes of a side. Senders put the whole header into one
    /// segment.
    pub(super) fn opening(bytes: &[u8], depth: usize) -> Option<Self> {
        let (carrier, header, target) = version1(bytes).or_else(|| version2(bytes))?;
        Some(Self { carrier, header, target, payload: Payload::new(depth) })
    }
}

impl Dialogue for Proxy {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step {
        let header = std::mem::take(&mut self.header);
        self.payload.data(side, (bytes, header), origin, tls)
    }

    fn carrier(&self) -> Carrier {
        self.payload.carrier().unwrap_or(self.carrier)
    }

    fn target(&self) -> Option<&str> {
        self.payload.target().or(self.target.as_deref())
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.payload.asked()
    }

    fn buffered(&self) -> usize {
        size_of::<Self>().saturating_add(self.payload.buffered())
    }
}

/// The length of the header and the client that it names.
type Header = (Carrier, usize, Option<String>);

/// `PROXY TCP4 192.0.2.1 198.51.100.1 50000 443` and the end of the line; `PROXY UNKNOWN` where the
/// client is not known.
fn version1(bytes: &[u8]) -> Option<Header> {
    let rest = bytes.strip_prefix(b"PROXY ")?;
    let end = rest.windows(2).take(LONGEST_V1).position(|two| two == b"\r\n")?;
    let length = end.saturating_add(b"PROXY \r\n".len());
    let mut words = rest.get(..end)?.split(|&byte| byte == b' ');
    let family = words.next()?;
    let (source, _, port) = (words.next(), words.next(), words.next());
    let (source, port) = (source.unwrap_or_default(), port.unwrap_or_default());
    let client = match family {
        b"TCP4" => [source, b":", port].concat(),
        b"TCP6" => [b"[", source, b"]:", port].concat(),
        b"UNKNOWN" => Vec::new(),
        _ => return None,
    };
    Some((Carrier::ProxyV1, length, target_name(&client)))
}

fn version2(bytes: &[u8]) -> Option<Header> {
    let mut cursor = Cursor::new(bytes.strip_prefix(SIGNATURE)?);
    let ([version_and_command, family], length) = (cursor.array()?, cursor.u16()?);
    (version_and_command >> 4 == 2).then_some(())?;
    let mut addresses = Cursor::new(cursor.take(usize::from(length))?);
    let client = match family {
        0x11 => {
            let source: [u8; 4] = addresses.array()?;
            addresses.take(4)?;
            format!("{}:{}", Ipv4Addr::from(source), addresses.u16()?)
        }
        0x21 => {
            let source: [u8; 16] = addresses.array()?;
            addresses.take(16)?;
            format!("[{}]:{}", Ipv6Addr::from(source), addresses.u16()?)
        }
        _ => String::new(),
    };
    // The load balancer may speak for itself.
    let client = if version_and_command & 0x0F == 1 { client } else { String::new() };
    let header = bytes.len().saturating_sub(cursor.len());
    Some((Carrier::ProxyV2, header, target_name(client.as_bytes())))
}
