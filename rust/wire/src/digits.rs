//! Numbers as digits. The formatting machinery of the standard library costs several times more,
//! and a capture full of handshakes is mostly this.

/// What digits can be added to: bytes or text.
pub trait Digits {
    /// Adds characters of ASCII.
    fn push_ascii(&mut self, ascii: &[u8]);

    /// Adds a number in decimal.
    #[inline]
    fn push_decimal(&mut self, number: u64) {
        self.push_padded::<0>(number);
    }

    /// Adds a number in decimal with leading zeros up to `WIDTH` digits.
    #[inline]
    fn push_padded<const WIDTH: usize>(&mut self, mut number: u64) {
        let mut digits = [b'0'; 20];
        let mut length = 0_usize;
        for place in digits.iter_mut().rev() {
            *place = b'0' | u8::try_from(number % 10).unwrap_or(0);
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

    /// Adds a number as four lower-case hexadecimal digits.
    #[inline]
    fn push_hexadecimal16(&mut self, number: u16) {
        let [high, low] = number.to_be_bytes();
        self.push_ascii(&[lower(high >> 4), lower(high), lower(low >> 4), lower(low)]);
    }

    /// Adds a code point as `0x000A`.
    #[inline]
    fn push_code_point(&mut self, number: u16) {
        let [high, low] = number.to_be_bytes();
        self.push_ascii(&[b'0', b'x', upper(high >> 4), upper(high), upper(low >> 4), upper(low)]);
    }
}

/// The lower-case digit of a byte's low half.
#[inline]
fn lower(byte: u8) -> u8 {
    digit(byte, b'a')
}

/// The upper-case digit of a byte's low half.
#[inline]
fn upper(byte: u8) -> u8 {
    digit(byte, b'A')
}

#[inline]
fn digit(byte: u8, ten: u8) -> u8 {
    match byte & 0x0F {
        low @ 0..=9 => low | b'0',
        high => ten.wrapping_add(high.wrapping_sub(10)),
    }
}

impl Digits for String {
    #[inline]
    fn push_ascii(&mut self, ascii: &[u8]) {
        for &byte in ascii {
            self.push(char::from(byte));
        }
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
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        for number in [0, 1, 9, 10, 99, 100, 65_535, u64::MAX] {
            let mut text = String::new();
            text.push_decimal(number);
            assert_eq!(text, number.to_string());
            text.clear();
            text.push_padded::<9>(number);
            assert_eq!(text, format!("{number:09}"));
        }
        for number in [0_u16, 0x0A, 0xC02B, 0xFFFF] {
            let mut text = String::new();
            text.push_hexadecimal16(number);
            text.push_code_point(number);
            assert_eq!(text, format!("{number:04x}0x{number:04X}"));
        }
    }
}
