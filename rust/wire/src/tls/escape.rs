//! Captured text made safe to show.

use std::fmt::Write;

/// The bytes as text. What is not printable UTF-8 becomes `\xNN`, invisible and direction-changing
/// characters become `\u{NNNN}`. A backslash stays one: it is printable, and a name that holds one
/// should be found by it.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    // All bytes are looked at, which takes less than a look at each whether it is the last.
    if bytes.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte)) {
        return String::from_utf8(bytes.to_vec()).unwrap_or_default();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let mut utf8 = [0; 4];
                for byte in character.encode_utf8(&mut utf8).bytes() {
                    hexadecimal(&mut text, byte);
                }
            } else if is_invisible(character) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{{{:04x}}}", u32::from(character));
            } else {
                text.push(character);
            }
        }
        for &byte in chunk.invalid() {
            hexadecimal(&mut text, byte);
        }
    }
    text
}

fn hexadecimal(text: &mut String, byte: u8) {
    let _ = write!(text, "\\x{byte:02x}");
}

/// Characters that show nothing or turn the text around them: soft hyphen, zero-width ones, line
/// and paragraph separators, direction marks, variation selectors, tags.
fn is_invisible(character: char) -> bool {
    matches!(
        u32::from(character),
        0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_left_alone() {
        assert_eq!(escaped(b"login.example.test"), "login.example.test");
        assert_eq!(escaped("bücher.example".as_bytes()), "bücher.example");
    }

    #[test]
    fn controls_and_wrong_utf8_become_hexadecimal() {
        assert_eq!(escaped(b"\x1b[31m\n\xff\\"), "\\x1b[31m\\x0a\\xff\\");
        assert_eq!(escaped("\u{85}".as_bytes()), "\\xc2\\x85");
    }

    #[test]
    fn direction_marks_are_spelled_out() {
        assert_eq!(escaped("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }
}
