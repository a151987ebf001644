//! Fields of events: little-endian numbers, texts, addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::cursor::Cursor;

/// Reads fields from the front of an event's data; `None` when fewer bytes are left than a field
/// needs.
#[derive(Clone, Copy)]
pub(in crate::capture) struct Fields<'a>(Cursor<'a>);

impl<'a> Fields<'a> {
    pub(in crate::capture) fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes))
    }

    #[inline]
    pub(in crate::capture) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        self.0.take(count)
    }

    pub(in crate::capture) fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }

    pub(in crate::capture) fn u8(&mut self) -> Option<u8> {
        self.0.u8()
    }

    #[inline]
    pub(in crate::capture) fn u16(&mut self) -> Option<u16> {
        self.0.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(in crate::capture) fn u32(&mut self) -> Option<u32> {
        self.0.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(in crate::capture) fn u64(&mut self) -> Option<u64> {
        self.0.array().map(u64::from_le_bytes)
    }

    #[inline]
    pub(in crate::capture) fn i64(&mut self) -> Option<i64> {
        self.0.array().map(i64::from_le_bytes)
    }

    /// A port or another number in network order.
    pub(in crate::capture) fn u16_be(&mut self) -> Option<u16> {
        self.0.u16()
    }

    /// As many bytes as a number of 32 bits says.
    pub(super) fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length)
    }

    /// A pointer, which has eight bytes in the events of a 64-bit system and four in others.
    pub(super) fn pointer(&mut self, wide: bool) -> Option<u64> {
        if wide { self.u64() } else { self.u32().map(u64::from) }
    }

    /// A text of UTF-16 that ends with a zero.
    pub(super) fn text16(&mut self) -> Option<String> {
        let mut units = Vec::new();
        loop {
            match self.u16()? {
                0 => return Some(String::from_utf16_lossy(&units)),
                unit => units.push(unit),
            }
        }
    }

    /// Passes over a text of UTF-16 that ends with a zero.
    pub(super) fn skip_text16(&mut self) -> Option<()> {
        while self.u16()? != 0 {}
        Some(())
    }

    /// A text of bytes that ends with a zero.
    pub(super) fn text8(&mut self) -> Option<String> {
        let length = self.rest().iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Some(text)
    }

    pub(super) fn ipv4(&mut self) -> Option<IpAddr> {
        self.0.array().map(|bytes: [u8; 4]| Ipv4Addr::from(bytes).into())
    }

    pub(super) fn ipv6(&mut self) -> Option<IpAddr> {
        self.0.array().map(|bytes: [u8; 16]| Ipv6Addr::from(bytes).into())
    }

    pub(super) fn mac(&mut self) -> Option<[u8; 6]> {
        self.0.array()
    }

    /// A `SOCKADDR` with its length before it.
    pub(super) fn socket_address(&mut self) -> Option<SocketAddr> {
        const IPV4: u16 = 2;
        const IPV6: u16 = 23;
        let mut fields = Fields::new(self.sized()?);
        let family = fields.u16()?;
        let port = fields.u16_be()?;
        let ip = match family {
            IPV4 => fields.ipv4()?,
            IPV6 => {
                // The flow label.
                fields.take(4)?;
                fields.ipv6()?
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }
}

/// Nanoseconds since 1970 of a FILETIME, which counts 100 ns since 1601. `None` beyond the range,
/// and for 0, which stands for no time.
pub(in crate::capture) fn nanoseconds(filetime: i64) -> Option<i64> {
    const FROM_1601_TO_1970: i64 = 116_444_736_000_000_000;
    (filetime > 0).then_some(())?;
    filetime.checked_sub(FROM_1601_TO_1970)?.checked_mul(100)
}
