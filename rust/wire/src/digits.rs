//! Numbers as digits. The formatting machinery of the standard library costs several times more,
//! and a capture full of handshakes is mostly this.

use std::net::{IpAddr, Ipv6Addr};

/// What digits can be added to: bytes or text.
pub trait Digits {
    /// Adds characters of ASCII.
    fn push_ascii(&mut self, ascii: &[u8]);

    /// Adds a number in decimal.
    fn push_decimal(&mut self, number: u64) {
        match number {
            0..=9 => self.push_ascii(&[pair(number)[1]]),
            10..=99 => self.push_ascii(&pair(number)),
            100..=9_999 => {
                self.push_decimal(number / 100);
                self.push_ascii(&pair(number));
            }
            _ => {
                self.push_decimal(number / 10_000);
                let ([a, b], [c, d]) = (pair(number / 100), pair(number));
                self.push_ascii(&[a, b, c, d]);
            }
        }
    }

    /// Adds a number in decimal with leading zeros up to `WIDTH` digits.
    #[inline]
    fn push_padded<const WIDTH: usize>(&mut self, mut number: u64) {
        let mut digits = [b'0'; 20];
        let mut length = 0_usize;
        for place in digits.iter_mut().rev() {
            [_, *place] = pair(number);
            number /= 10;
            length = length.saturating_add(1);
            if number == 0 {
                break;
            }
        }
        let (_, digits) = digits.split_at(digits.len().saturating_sub(length.max(WIDTH)));
        self.push_ascii(digits);
    }

    /// Adds a byte as two lower-case hexadecimal digits.
    #[inline]
    fn push_hexadecimal(&mut self, byte: u8) {
        self.push_ascii(&[lower(byte >> 4), lower(byte)]);
    }

    /// Adds a link address as `02:00:5e:10:00:01`.
    #[inline]
    fn push_mac(&mut self, mac: [u8; 6]) {
        let mut text = [b':'; 17];
        for (place, byte) in text.chunks_mut(3).zip(mac) {
            if let [high, low, ..] = place {
                (*high, *low) = (lower(byte >> 4), lower(byte));
            }
        }
        self.push_ascii(&text);
    }

    /// Adds an IP address, that of IPv6 as RFC 5952 says.
    fn push_ip(&mut self, ip: IpAddr) {
        let ip = match ip {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(v4) => {
                    self.push_ascii(b"::ffff:");
                    v4
                }
                None => return self.push_ip_v6(ip),
            },
        };
        for (n, byte) in ip.octets().into_iter().enumerate() {
            if n > 0 {
                self.push_ascii(b".");
            }
            self.push_decimal(byte.into());
        }
    }

    /// Adds an address of IPv6 in groups of hexadecimal digits: `::` stands for the first of its
    /// longest runs of zeros.
    fn push_ip_v6(&mut self, ip: Ipv6Addr) {
        let groups = ip.segments();
        let zeros = |from: usize| groups.iter().skip(from).take_while(|group| **group == 0).count();
        let (mut start, mut length) = (groups.len(), 1);
        for from in 0..groups.len() {
            let run = zeros(from);
            if run > length {
                (start, length) = (from, run);
            }
        }
        let end = start.saturating_add(length);
        for (n, &group) in groups.iter().enumerate() {
            if n == start {
                self.push_ascii(b"::");
            }
            if (start..end).contains(&n) {
                continue;
            }
            if n > 0 && n != end {
                self.push_ascii(b":");
            }
            let digits = hexadecimal16(group);
            let zeros = digits.iter().take(3).take_while(|digit| **digit == b'0').count();
            self.push_ascii(digits.split_at(zeros).1);
        }
    }

    /// Adds a code point as `0x000A`.
    #[inline]
    fn push_code_point(&mut self, number: u16) {
        self.push_ascii(&code_point(number));
    }

    /// Adds code points as `0x000A` with a separator between them.
    fn push_code_points(&mut self, numbers: &[u16], separator: u8) {
        let mut numbers = numbers.iter();
        if let Some(&first) = numbers.next() {
            self.push_code_point(first);
        }
        for &number in numbers {
            let [zero, x, a, b, c, d] = code_point(number);
            self.push_ascii(&[separator, zero, x, a, b, c, d]);
        }
    }
}

/// The last two decimal digits of a number.
#[inline]
fn pair(number: u64) -> [u8; 2] {
    let two = u8::try_from(number % 100).unwrap_or(0);
    [b'0' | (two / 10), b'0' | (two % 10)]
}

/// A number as four lower-case hexadecimal digits.
#[inline]
pub fn hexadecimal16(number: u16) -> [u8; 4] {
    let [high, low] = number.to_be_bytes();
    [lower(high >> 4), lower(high), lower(low >> 4), lower(low)]
}

/// A number as `0x000A`.
#[inline]
fn code_point(number: u16) -> [u8; 6] {
    let [high, low] = number.to_be_bytes();
    [b'0', b'x', upper(high >> 4), upper(high), upper(low >> 4), upper(low)]
}

/// The lower-case digit of a byte's low half.
#[inline]
fn lower(byte: u8) -> u8 {
    digit(byte, b"0123456789abcdef")
}

/// The upper-case digit of a byte's low half.
#[inline]
fn upper(byte: u8) -> u8 {
    digit(byte, b"0123456789ABCDEF")
}

#[inline]
fn digit(byte: u8, digits: &[u8; 16]) -> u8 {
    digits.get(usize::from(byte & 0x0F)).copied().unwrap_or_default()
}

impl Digits for String {
    #[inline]
    fn push_ascii(&mut self, ascii: &[u8]) {
        // It is ASCII, so nothing is left out.
        self.push_str(std::str::from_utf8(ascii).unwrap_or_default());
    }
}

impl Digits for Vec<u8> {
    #[inline]
    fn push_ascii(&mut self, ascii: &[u8]) {
        self.extend_from_slice(ascii);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_are_those_of_the_standard_library(
            v4 in any::<u32>(),
            v6 in any::<u128>(),
            zeros in any::<u8>(),
            mapped in any::<bool>(),
        ) {
            let mut v6 = Ipv6Addr::from(v6).segments();
            for (n, group) in v6.iter_mut().enumerate() {
                *group = if zeros >> n & 1 == 0 { 0 } else { *group };
            }
            let mapped = mapped.then_some(std::net::Ipv4Addr::from(v4).to_ipv6_mapped());
            let v6 = mapped.unwrap_or(v6.into());
            for ip in [IpAddr::V4(v4.into()), IpAddr::V6(v6)] {
                let mut text = String::new();
                text.push_ip(ip);
                prop_assert_eq!(text, ip.to_string());
            }
        }
    }

    #[test]
    fn link_addresses_are_in_lower_case() {
        let mut text = Vec::new();
        text.push_mac([0x02, 0x00, 0x5E, 0x10, 0xAB, 0x01]);
        assert_eq!(text, b"02:00:5e:10:ab:01");
    }

    #[test]
    fn digits_are_those_of_the_standard_library() {
        for number in [0, 1, 9, 10, 99, 100, 101, 999, 1_000, 65_535, u64::MAX] {
            let mut text = String::new();
            text.push_decimal(number);
            assert_eq!(text, number.to_string());
            text.clear();
            text.push_padded::<9>(number);
            assert_eq!(text, format!("{number:09}"));
        }
        for number in [0_u16, 0x0A, 0xC02B, 0xFFFF] {
            let mut text = String::new();
            text.push_ascii(&hexadecimal16(number));
            text.push_code_point(number);
            assert_eq!(text, format!("{number:04x}0x{number:04X}"));
        }
        let mut text = String::new();
        text.push_code_points(&[], b';');
        assert_eq!(text, "");
        text.push_code_points(&[0x0A, 0xC02B, 0xFF], b';');
        assert_eq!(text, "0x000A;0xC02B;0x00FF");
    }
}
