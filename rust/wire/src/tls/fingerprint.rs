//! JA3, JA3S (Salesforce, BSD-3) and JA4's form for TLS clients (FoxIO, BSD-3).

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::Sha256;

use super::client_hello::ClientHello;
use super::code_point::{ExtensionType, ProtocolVersion, is_grease};
use super::lists::Numbers;
use super::server_hello::ServerHello;
use crate::digits::{Digits, hexadecimal16};

/// JA3 of a ClientHello that was captured whole; `None` where the definition has no answer. Where the
/// extensions cannot be read it ends behind the suites, as Wireshark's does: the empty fields would
/// say that there are none.
#[must_use]
pub fn ja3(hello: &ClientHello) -> Option<String> {
    if !hello.captured || hello.ssl2_format {
        return None;
    }
    let mut text = Vec::with_capacity(256);
    text.push_decimal(hello.legacy_version?.0.into());
    text.push(b',');
    decimals(&mut text, hello.cipher_suites()?.iter().map(|suite| suite.0));
    text.push(b',');
    if hello.extensions().is_some() || hello.complete {
        decimals(
            &mut text,
            hello.extensions().into_iter().flat_map(Numbers::iter).map(|extension| extension.0),
        );
        text.push(b',');
        decimals(
            &mut text,
            hello.groups().into_iter().flat_map(Numbers::iter).map(|group| group.0),
        );
        text.push(b',');
        let formats = hello.point_formats().into_iter().flatten();
        decimals(&mut text, formats.map(|&format| u16::from(format)));
    }
    Some(hexadecimal(&Md5::digest(&text)))
}

/// JA3S of a ServerHello that was captured whole.
#[must_use]
pub fn ja3s(hello: &ServerHello) -> Option<String> {
    if !hello.captured || hello.ssl2_format {
        return None;
    }
    let mut text = Vec::with_capacity(64);
    text.push_decimal(hello.legacy_version?.0.into());
    text.push(b',');
    text.push_decimal(hello.cipher_suite?.0.into());
    text.push(b',');
    joined(
        &mut text,
        hello.extensions().into_iter().flat_map(Numbers::iter).map(|extension| extension.0),
    );
    Some(hexadecimal(&Md5::digest(&text)))
}

/// JA4 of a ClientHello that was captured whole; `transport` is the letter of what it came over.
#[must_use]
pub fn ja4(hello: &ClientHello, transport: char) -> Option<String> {
    if !hello.captured || hello.ssl2_format {
        return None;
    }
    let suites = sorted(hello.cipher_suites()?.iter().map(|suite| suite.0));
    let extensions =
        sorted(hello.extensions().into_iter().flat_map(Numbers::iter).map(|extension| extension.0));
    let version =
        hello
            .supported_versions()
            .into_iter()
            .flat_map(Numbers::iter)
            .filter(|version| !is_grease(version.0))
            // Numbers of DTLS count down.
            .max_by_key(|version| {
                if version.is_dtls() { u16::MAX.saturating_sub(version.0) } else { version.0 }
            })
            .or(hello.legacy_version)?;
    let mut text = String::with_capacity(36);
    let _ = write!(
        text,
        "{transport}{}{}{:02}{:02}{}_{}_",
        ja4_version(version),
        if hello.has(ExtensionType::SERVER_NAME) { 'd' } else { 'i' },
        suites.len().min(99),
        extensions.len().min(99),
        ja4_alpn(hello.first_alpn()),
        ja4_hash(&list(&suites)),
    );
    // Server name and ALPN say where to, not who: the hash leaves them out.
    let named = [ExtensionType::SERVER_NAME.0, ExtensionType::ALPN.0];
    let hashed: Vec<u16> =
        extensions.into_iter().filter(|number| !named.contains(number)).collect();
    let mut source = list(&hashed);
    let algorithms: Vec<u16> = hello
        .signature_algorithms()
        .into_iter()
        .flat_map(Numbers::iter)
        .filter(|&number| !is_grease(number))
        .collect();
    if !algorithms.is_empty() {
        source.push(b'_');
        source.extend(list(&algorithms));
    }
    text.push_str(&ja4_hash(&source));
    Some(text)
}

fn ja4_version(version: ProtocolVersion) -> &'static str {
    match version.0 {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xFEFF => "d1",
        0xFEFD => "d2",
        0xFEFC => "d3",
        _ => "00",
    }
}

/// First and last character of the first ALPN value; of the hexadecimal form when they are not
/// both letters or digits.
fn ja4_alpn(alpn: Option<&[u8]>) -> String {
    let Some((Some(&first), Some(&last))) = alpn.map(|value| (value.first(), value.last())) else {
        return "00".into();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 0x0F)
}

fn ja4_hash(source: &[u8]) -> String {
    if source.is_empty() {
        return "0".repeat(12);
    }
    let [a, b, c, d, e, f, ..] = Sha256::digest(source).0;
    hexadecimal(&[a, b, c, d, e, f])
}

fn sorted(numbers: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut numbers: Vec<u16> = numbers.filter(|&number| !is_grease(number)).collect();
    numbers.sort_unstable();
    numbers
}

fn list(numbers: &[u16]) -> Vec<u8> {
    let mut text = Vec::with_capacity(numbers.len().saturating_mul(5));
    for (n, &number) in numbers.iter().enumerate() {
        let [a, b, c, d] = hexadecimal16(number);
        if n == 0 {
            text.push_ascii(&[a, b, c, d]);
        } else {
            text.push_ascii(&[b',', a, b, c, d]);
        }
    }
    text
}

/// Numbers without GREASE, joined as JA3 joins them.
fn decimals(text: &mut Vec<u8>, numbers: impl Iterator<Item = u16>) {
    joined(text, numbers.filter(|&number| !is_grease(number)));
}

fn joined(text: &mut Vec<u8>, numbers: impl Iterator<Item = u16>) {
    for (n, number) in numbers.enumerate() {
        if n > 0 {
            text.push(b'-');
        }
        text.push_decimal(number.into());
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len().saturating_mul(2));
    for &byte in bytes {
        text.push_hexadecimal(byte);
    }
    // It is ASCII.
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::client_hello::list;
    use super::*;

    /// A hello that was captured whole, with these lists of numbers and this protocol.
    fn hello(numbers: &[(u8, &[u16])], alpn: Option<&[u8]>) -> ClientHello {
        let mut hello = ClientHello {
            legacy_version: Some(ProtocolVersion::TLS12),
            captured: true,
            complete: true,
            ..ClientHello::default()
        };
        for (list, numbers) in numbers {
            hello.lists.put_numbers(*list, numbers.iter().copied());
        }
        if let Some(alpn) = alpn {
            let length = u8::try_from(alpn.len()).unwrap();
            hello.lists.put(list::ALPN, &[&[length], alpn].concat());
        }
        hello
    }

    /// The worked example of FoxIO's technical description of JA4.
    #[test]
    fn ja4_equals_the_published_example() {
        let suites = [
            0x2A2A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013,
            0xC014, 0x009C, 0x009D, 0x002F, 0x0035,
        ];
        let extensions = [
            0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D, 0x0005, 0x0023, 0x0012,
            0x002B, 0xFF01, 0x000B, 0x000A, 0x0015,
        ];
        let hello = hello(
            &[
                (list::CIPHER_SUITES, &suites),
                (list::EXTENSIONS, &extensions),
                (list::SUPPORTED_VERSIONS, &[0x6A6A, 0x0304, 0x0303]),
                (
                    list::SIGNATURE_ALGORITHMS,
                    &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
                ),
            ],
            Some(b"h2"),
        );
        assert_eq!(ja4(&hello, 't').as_deref(), Some("t13d1516h2_8daaf6152771_e5627efa2ab1"));
    }

    /// A hello by the raw form of its JA4 (`JA4_r`), with what that does not say: the server name, the
    /// protocol, GREASE in front of every list, and the lists backwards.
    fn by_raw(raw: &str, named: bool, alpn: Option<&[u8]>) -> ClientHello {
        let mut parts = raw.split('_').skip(1);
        let mut next = || -> Vec<u16> {
            let part = parts.next().into_iter().flat_map(|part| part.split(','));
            part.map(|number| u16::from_str_radix(number, 16).unwrap()).collect()
        };
        let (suites, extensions, algorithms) = (next(), next(), next());
        let own = [(named, ExtensionType::SERVER_NAME), (alpn.is_some(), ExtensionType::ALPN)];
        let own = own.into_iter().filter_map(|(there, extension)| there.then_some(extension.0));
        let grease = 0x1A1A;
        let backwards = |numbers: Vec<u16>| [grease].into_iter().chain(numbers.into_iter().rev());
        let suites: Vec<u16> = backwards(suites).collect();
        let extensions: Vec<u16> = backwards(extensions).chain(own).collect();
        let algorithms: Vec<u16> = [grease].into_iter().chain(algorithms).collect();
        let mut numbers: Vec<(u8, &[u16])> = vec![
            (list::CIPHER_SUITES, &suites),
            (list::EXTENSIONS, &extensions),
            (list::SIGNATURE_ALGORITHMS, &algorithms),
        ];
        if raw.starts_with("t13") {
            numbers.push((list::SUPPORTED_VERSIONS, &[0x1A1A, 0x0303, 0x0304]));
        }
        hello(&numbers, alpn)
    }

    /// Raw and hashed forms as FoxIO's own tests (python/test/testdata) and descriptions give them.
    #[test]
    fn ja4_equals_published_pairs_of_raw_and_hashed_forms() {
        let chrome = "_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9\
                      _0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01\
                      _0403,0804,0401,0503,0805,0501,0806,0601";
        let without_settings = chrome.replace("4469,", "");
        let firefox = "t13d1715h2_002f,0035,009c,009d,1301,1302,1303,c009,c00a,c013,c014,c02b,c02c,\
                       c02f,c030,cca8,cca9_0005,000a,000b,000d,0015,0017,001c,0022,0023,002b,002d,\
                       0033,ff01_0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201";
        let cases: [(&str, Option<&[u8]>, &str); 5] = [
            (&format!("t13d1516h2{chrome}"), Some(b"h2"), "t13d1516h2_8daaf6152771_e5627efa2ab1"),
            (
                &format!("t13d1516h1{chrome}"),
                Some(b"http/1.1"),
                "t13d1516h1_8daaf6152771_e5627efa2ab1",
            ),
            (
                &format!("t13d151400{without_settings}"),
                None,
                "t13d151400_8daaf6152771_de4a06bb82e3",
            ),
            (firefox, Some(b"h2"), "t13d1715h2_5b57614c22b0_3d5424432f57"),
            (
                &format!("t13d1516bd{chrome}"),
                Some(b"\xBA\xAD"),
                "t13d1516bd_8daaf6152771_e5627efa2ab1",
            ),
        ];
        for (raw, alpn, expected) in cases {
            assert_eq!(ja4(&by_raw(raw, true, alpn), 't').as_deref(), Some(expected));
        }
    }

    /// The table of JA4's description for protocols that are no text.
    #[test]
    fn ja4_writes_protocols_that_are_no_text_as_published() {
        let published: [(&[u8], &str); 6] = [
            (b"\xAB", "ab"),
            (b"\xAB\xCD", "ad"),
            (b"\x30\xAB", "3b"),
            (b"\x30\x31\xAB\xCD", "3d"),
            (b"\x30\xAB\xCD\x31", "01"),
            (b"h2", "h2"),
        ];
        for (alpn, expected) in published {
            assert_eq!(ja4_alpn(Some(alpn)), expected);
        }
        assert_eq!(ja4_alpn(None), "00");
    }

    /// What Wireshark 4.0 hashes of two hellos whose extensions do not fit.
    #[test]
    fn ja3_ends_behind_the_suites_where_the_extensions_cannot_be_read() {
        let body = |suites: &[u8], rest: &[u8]| {
            let mut body = vec![3, 1];
            body.extend([7; 32]);
            body.push(0);
            body.extend(suites);
            body.extend(rest);
            ClientHello::read(&body, body.len())
        };
        // Length | suites; no compression method, and one byte where a length should be.
        let suites =
            [0, 22, 0, 4, 0, 5, 0, 10, 0, 9, 0, 100, 0, 98, 0, 3, 0, 6, 0, 19, 0, 18, 0, 37];
        let stray_byte = body(&suites, &[0, 0]);
        assert_eq!(ja3(&stray_byte).as_deref(), Some("88d4e76accc5dbd6e8ba82e094f04049"));
        let no_suites = body(&[0, 0], &[0, 0xFF, 0xC0, 0x0A]);
        assert_eq!(ja3(&no_suites).as_deref(), Some("12f72b3830028e0151f98b64f504bd9c"));
        let none = body(&suites, &[1, 0]);
        assert!(none.complete);
        assert_ne!(ja3(&none), ja3(&stray_byte));
    }

    #[test]
    fn a_cut_hello_has_no_fingerprint() {
        let hello = ClientHello { captured: false, ..hello(&[(list::CIPHER_SUITES, &[])], None) };
        assert_eq!((ja3(&hello), ja4(&hello, 't')), (None, None));
    }
}
