//! The head of a message of HTTP: programs, tunnels that a proxy is asked for, and NTLM.

use super::{Kind, Source, Subject, Telling, ntlm};
use crate::limits::{MAX_NAME, MAX_NTLM_TEXT};
use crate::packet::Segment;

/// Tells what the head of a request or an answer says, where one begins the segment.
pub(super) fn read(segment: &Segment<'_>, telling: &mut Telling<'_>) {
    let bytes = segment.payload;
    let is_request = !bytes.starts_with(b"HTTP/1.");
    let subject = Subject::Ip(segment.source);
    // A line without its end goes on in another segment.
    for (number, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else { return };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return;
        }
        if number == 0 {
            let mut words = line.split(|&byte| byte == b' ');
            let (method, target, version) = (words.next(), words.next(), words.next());
            if is_request && !version.is_some_and(|version| version.starts_with(b"HTTP/1.")) {
                return;
            }
            if method == Some(b"CONNECT") {
                let target = target.unwrap_or_default();
                telling.tell(Source::HttpConnect, Kind::Target, subject, target);
            }
            continue;
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let Some((name, value)) = line.split_at_checked(colon) else { continue };
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if is_request && name.eq_ignore_ascii_case(b"User-Agent") && value.len() <= MAX_NAME {
            telling.tell(Source::HttpUserAgent, Kind::Software, subject, value);
        } else if name.to_ascii_lowercase().ends_with(b"authorization")
            || name.to_ascii_lowercase().ends_with(b"-authenticate")
        {
            let mut words = value.splitn(2, |&byte| byte == b' ');
            let scheme = words.next().unwrap_or_default();
            let is_ours =
                [&b"NTLM"[..], b"Negotiate"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
            if let Some(text) = words.next().filter(|text| is_ours && text.len() <= MAX_NTLM_TEXT) {
                ntlm::find(&decoded(text), segment.source, telling);
            }
        }
    }
}

/// The bytes that Base64 stands for, up to the first character that is none of it.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &character in text {
        let value = match character {
            b'A'..=b'Z' => character.wrapping_sub(b'A'),
            b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn base64_is_read_up_to_its_end() {
        assert_eq!(decoded(b"TlRMTVNTUAA="), b"NTLMSSP\0");
        assert_eq!(decoded(b"/+8= behind"), [0xFF, 0xEF]);
        assert_eq!(decoded(b"!"), b"");
    }
}
