//! Files in formats that are not read: each gets one sentence that says what it is and what to do.

use crate::writer::{Order, pcap_header, read, section};

/// What a file beginning with `bytes` is answered: kind and sentence.
fn answer(bytes: &[u8]) -> (&'static str, String) {
    let outcome = read(bytes);
    assert!(outcome.frames.is_empty());
    (outcome.error_name().unwrap_or("read"), outcome.sentence())
}

/// `start`, filled up with bytes that are no text.
fn long(start: &[u8]) -> Vec<u8> {
    let mut bytes = start.to_vec();
    bytes.extend((0..2_000_u32).map(|place| u8::try_from(place * 7 % 251).unwrap()));
    bytes
}

#[test]
fn an_empty_file_is_empty() {
    assert_eq!(answer(b"").0, "empty");
}

#[test]
fn captures_in_other_formats_come_with_the_command_that_converts_them() {
    for (start, name) in [
        (b"TRSNIFF data    \x1A".as_slice(), "Sniffer"),
        (b"XCP\x00002.001", "Sniffer"),
        (b"\x05VNF", "Visual Networks"),
        (b"\xAA\xAA\xAA\xAA", "5View"),
        (b"\x54\x52\x00\x64\x00", "nettl"),
        (b"\x01\x10\x4C\x00\x01\x05Trace Display Trace File", "LANalyzer"),
        (b"+---------+---------------+----------+\r\n", "K12"),
        (b"iptrace 2.0", "iptrace"),
        (b"btsnoop\0", "btsnoop"),
        (b"\0\0\0\0NetScaler V30 Performance Data", "NetScaler"),
    ] {
        let (kind, sentence) = answer(&long(start));
        assert_eq!(kind, "unsupported", "{name}");
        assert!(sentence.contains(name) && sentence.contains("editcap -F pcapng"), "{sentence}");
    }
}

#[test]
fn windows_formats_have_advice_of_their_own() {
    for (bytes, words) in [
        (b"MSCF\0\0\0\0".to_vec(), ["cabinet", "pass the .etl"]),
        (b"ElfFile\0".to_vec(), ["event log (.evtx) and no packet capture", "--events FILE"]),
        (zip("[Content_Types].xml"), ["an Office document", "no packet capture"]),
        (zip("META-INF/MANIFEST.MF"), ["a Java archive", "no packet capture"]),
        (
            zip("mimetypeapplication/vnd.oasis.opendocument.text"),
            ["an OpenDocument file", "no packet capture"],
        ),
    ] {
        let (_, sentence) = answer(&long(&bytes));
        assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
    }
}

/// A ZIP archive by its first bytes: the header of the first member, then its name and content.
fn zip(member: &str) -> Vec<u8> {
    [b"PK\x03\x04".as_slice(), &[0; 26], member.as_bytes()].concat()
}

#[test]
fn archives_come_with_the_command_that_opens_them() {
    let mut tar = vec![b'n'; 257];
    tar.extend(b"ustar\0");
    for (bytes, command) in [
        (b"BZh91AY&SY".to_vec(), "bunzip2"),
        (b"PK\x03\x04".to_vec(), "unzip"),
        (b"7z\xBC\xAF\x27\x1C".to_vec(), "7z x"),
        (b"\x1F\x9D\x90".to_vec(), "uncompress"),
        (tar, "tar -xf"),
    ] {
        let (kind, sentence) = answer(&long(&bytes));
        assert_eq!(kind, "unsupported");
        assert!(sentence.contains(command), "{sentence}");
    }
}

#[test]
fn what_is_no_capture_is_named() {
    for (bytes, name) in [
        (long(b"%PDF-1.7"), "PDF"),
        (long(b"\x7FELF"), "program"),
        (long(b"MZ"), "program"),
        (long(b"\x89PNG\r\n\x1A\n"), "PNG"),
        (b"<!DOCTYPE html><html>".to_vec(), "web page"),
        (b"\n <?xml version='1.0'?><a/>".to_vec(), "XML"),
        (b"{\"a\": 1, \"b\": [1, 2, 3, 4, 5]}".to_vec(), "JSON"),
        ("just some words, and Umlaute: äöü\n".repeat(900).into_bytes(), "a text"),
        (b"\xFF\xFEt\0e\0x\0t\0".to_vec(), "UTF-16"),
        (b"CLIENT_RANDOM 0123 4567".to_vec(), "key log"),
        (b"-----BEGIN CERTIFICATE-----".to_vec(), "PEM"),
        (vec![0; 5_000], "zeros"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12".to_vec(), "Git LFS"),
    ] {
        let (kind, sentence) = answer(&bytes);
        assert_eq!(kind, "not_a_capture", "{name}: {sentence}");
        assert!(sentence.contains(name), "{sentence}");
    }
}

#[test]
fn erf_records_that_follow_each_other_are_recognised() {
    let record = |seconds: u32, length: u16| {
        let mut bytes = [0, 0, 0, 0].to_vec();
        bytes.extend(seconds.to_le_bytes());
        bytes.extend([2, 4]);
        bytes.extend(length.to_be_bytes());
        bytes.extend([0, 0, 0, 60]);
        bytes.resize(usize::from(length), 0x11);
        bytes
    };
    let good = [record(1_600_000_000, 80), record(1_600_000_001, 64)].concat();
    assert!(answer(&good).1.contains("ERF"));
    let apart = [record(1_600_000_000, 80), record(900_000_000, 64)].concat();
    assert!(!answer(&apart).1.contains("ERF"));
}

#[test]
fn unknown_bytes_are_shown() {
    let (kind, sentence) = answer(&long(b"\x01\x02\x03\x99\xFE"));
    assert_eq!(kind, "not_a_capture");
    assert!(sentence.contains("01 02 03 99 FE"), "{sentence}");
}

#[test]
fn a_few_bytes_are_counted() {
    let (kind, sentence) = answer(&[0x99, 0x98, 0x01]);
    assert_eq!(kind, "not_a_capture");
    assert!(sentence.contains("only 3 bytes"), "{sentence}");
    assert!(answer(&[0x99]).1.contains("only one byte"));
}

#[test]
fn the_beginning_of_a_header_is_a_cut_file() {
    for length in 4..24 {
        let (kind, sentence) = answer(&pcap_header(Order::Little, 0xA1B2_C3D4, 1)[..length]);
        assert_eq!(kind, "cut");
        assert!(sentence.contains("pcap file header"), "{sentence}");
    }
    for length in 4..24 {
        assert_eq!(answer(&section(Order::Big)[..length]).0, "cut");
    }
}

#[test]
fn pcapng_copied_as_text_is_recognised() {
    let file = section(Order::Little);
    let to_unix = [&[0x0A, 0x0A], &file[4..]].concat();
    let to_windows = [&[0x0D, 0x0A, 0x0D, 0x0D, 0x0A], &file[4..]].concat();
    for bytes in [to_unix, to_windows] {
        assert!(answer(&bytes).1.contains("binary mode"), "{}", answer(&bytes).1);
    }
}

#[test]
fn answers_are_one_sentence_each() {
    for bytes in
        [long(b"cpse"), long(b"MSCF"), long(b"BZh"), long(b"%PDF"), long(b"\x01\x02"), vec![9]]
    {
        let (_, sentence) = answer(&bytes);
        assert!(sentence.starts_with("it ") && !sentence.ends_with('.'), "{sentence}");
        assert!(!sentence.contains(". ") && !sentence.contains('\n'), "{sentence}");
    }
}
