//! Numbers as digits. The formatting machinery of the standard library costs several times more,
//! and a capture full of handshakes is mostly this.

const HEXADECIMAL_LOWER: [u8; 16] = *b"0123456789abcdef";
const HEXADECIMAL_UPPER: [u8; 16] = *b"0123456789ABCDEF";

/// What digits can be added to: bytes or text.
pub trait Digits {
    /// Adds one character of ASCII.
    fn push_ascii(&mut self, byte: u8);

    /// Adds a number in decimal.
    fn push_decimal(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut length = 0_usize;
        for place in &mut digits {
            *place = u8::try_from(number % 10).unwrap_or(0) | b'0';
            length = length.saturating_add(1);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        for &digit in digits.iter().take(length).rev() {
            self.push_ascii(digit);
        }
    }

    /// Adds a number in decimal with leading zeros up to `width` digits.
    fn push_padded(&mut self, number: u64, width: u32) {
        let mut above = 10_u64;
        let mut digits = 1_u32;
        while number >= above && digits < 20 {
            above = above.saturating_mul(10);
            digits = digits.saturating_add(1);
        }
        for _ in digits..width {
            self.push_ascii(b'0');
        }
        self.push_decimal(number);
    }

    /// Adds a byte as two lower-case hexadecimal digits.
    fn push_hexadecimal(&mut self, byte: u8) {
        self.push_digit(HEXADECIMAL_LOWER, byte >> 4);
        self.push_digit(HEXADECIMAL_LOWER, byte);
    }

    /// Adds a number as four lower-case hexadecimal digits.
    fn push_hexadecimal16(&mut self, number: u16) {
        for byte in number.to_be_bytes() {
            self.push_hexadecimal(byte);
        }
    }

    /// Adds a code point as `0x000A`.
    fn push_code_point(&mut self, number: u16) {
        self.push_ascii(b'0');
        self.push_ascii(b'x');
        for byte in number.to_be_bytes() {
            self.push_digit(HEXADECIMAL_UPPER, byte >> 4);
            self.push_digit(HEXADECIMAL_UPPER, byte);
        }
    }

    /// Adds the digit of a byte's low half.
    #[doc(hidden)]
    fn push_digit(&mut self, digits: [u8; 16], half: u8) {
        self.push_ascii(digits.get(usize::from(half & 0x0F)).copied().unwrap_or(b'?'));
    }
}

impl Digits for String {
    #[inline]
    fn push_ascii(&mut self, byte: u8) {
        self.push(char::from(byte));
    }
}

impl Digits for Vec<u8> {
    #[inline]
    fn push_ascii(&mut self, byte: u8) {
        self.push(byte);
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
            text.push_padded(number, 9);
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
