//! What a file is that is no capture in a format that is read, and what to do with it: one sentence.
//!
//! Nothing here reads a format; a wrong guess costs a less helpful sentence.

use crate::cursor::Cursor;
use crate::error::ErrorKind;

/// What to say of a kind of file.
#[derive(Clone, Copy)]
enum Answer {
    /// A capture in a format that Wireshark reads.
    Convert(&'static str),
    /// A capture that Wireshark does not read either; what it is and what to do.
    Unsupported(&'static str),
    /// Compressed or an archive; its name and the command that opens it.
    Unpack(&'static str, &'static str),
    /// No capture; what it is.
    No(&'static str),
    /// No capture, and yet of use; what it is and what to do.
    Beside(&'static str),
}

use Answer::{Beside, Convert, No, Unpack, Unsupported};

/// What to do where there is no capture in a file.
const PASS_THE_CAPTURE: &str = "pass the capture itself";

/// Says what `bytes`, the beginning of a file, seem to be; `whole` when they are all of it.
pub(super) fn explain(bytes: &[u8], whole: bool) -> ErrorKind {
    let answer =
        by_magic(bytes).or_else(|| by_shape(bytes, whole)).or_else(|| by_text(bytes, whole));
    match answer {
        Some(Convert(name)) => ErrorKind::Unsupported(format!(
            "it is {name}, which is not read here: convert it with `editcap -F pcapng IN OUT`, \
             which comes with Wireshark"
        )),
        Some(Unsupported(what)) => ErrorKind::Unsupported(what.to_owned()),
        Some(Unpack(name, command)) => {
            ErrorKind::Unsupported(format!("it is {name}: unpack it first with `{command}`"))
        }
        Some(No(what)) => ErrorKind::NotACapture(format!(
            "it is {what} and no packet capture: {PASS_THE_CAPTURE}"
        )),
        Some(Beside(what)) => ErrorKind::NotACapture(format!("it is {what}")),
        None if whole && bytes.len() < 24 => ErrorKind::NotACapture(format!(
            "it has only {}, fewer than the header of any capture: the capture or the copy did \
             not finish",
            Count(bytes.len())
        )),
        None => ErrorKind::NotACapture(format!(
            "it is no packet capture that is known here, it begins with the bytes {}: check with \
             Wireshark what it is, and save it as pcapng",
            Hex(bytes.get(..8).unwrap_or(bytes))
        )),
    }
}

/// Formats that begin with a fixed string.
const MAGIC: [(&[u8], Answer); 61] = [
    (b"TRSNIFF data    \x1A", Convert("a Sniffer (DOS) capture")),
    (b"XCP\0", Convert("a Sniffer (Windows) or NetXRay capture")),
    (b"VL\0\0", Convert("a NetXRay capture")),
    (b"\x05VNF", Convert("a Visual Networks capture")),
    (b"\xAA\xAA\xAA\xAA", Convert("an InfoVista 5View capture")),
    (b"\x54\x52\x00\x64\x00", Convert("an HP-UX nettl trace")),
    (b"\0\0\0\x01\0\0\0\0\0\x07\xD0\0", Convert("an HP-UX 9 nettl trace")),
    (b"iptrace 1.0", Convert("an AIX iptrace capture")),
    (b"iptrace 2.0", Convert("an AIX iptrace capture")),
    (b"\x42\xD2\0\x34\x12\x66\x22\x88", Convert("a RADCOM capture")),
    (b"ObserverPktBuffe", Convert("a Network Instruments Observer capture")),
    (b"\x7Fver", Convert("an OmniPeek or AiroPeek capture")),
    (b"cpse", Convert("a Colasoft Capsa capture")),
    (b"\0\0\x02\0\x12\x05\0\x10", Convert("a Tektronix K12 capture")),
    (b"+---------+---------------+", Convert("a K12 text trace")),
    (b"btsnoop\0", Convert("a Bluetooth btsnoop log")),
    (b"EyeSDN", Convert("an EyeSDN ISDN trace")),
    (b"LOGG", Convert("a Vector BLF log")),
    (b"ETHERWATCH  ", Convert("a DBS Etherwatch trace")),
    (b"Session Transcript", Convert("a Catapult DCT2000 trace")),
    (b"#Format=4", Convert("a Daintree SNA capture")),
    (
        b"MSCF",
        Unsupported(
            "it is a cabinet as `netsh trace stop` writes it, without packets: pass the .etl file \
             beside it",
        ),
    ),
    (
        b"ElfFile\0",
        Beside(
            "a Windows event log (.evtx) and no packet capture: pass it as `--events FILE` beside a \
             capture",
        ),
    ),
    (b"\x1F\x8B", Unpack("compressed with gzip", "gunzip")),
    (b"\x28\xB5\x2F\xFD", Unpack("compressed with zstd", "unzstd")),
    (b"\xFD7zXZ\0", Unpack("compressed with xz", "unxz")),
    (b"\x04\x22\x4D\x18", Unpack("compressed with lz4", "unlz4")),
    (b"BZh", Unpack("compressed with bzip2", "bunzip2")),
    (b"\x1F\x9D", Unpack("compressed with compress", "uncompress")),
    (b"LZIP", Unpack("compressed with lzip", "lzip -d")),
    (b"\x5D\0\0", Unpack("compressed with lzma", "unlzma")),
    (b"\x89LZO\0", Unpack("compressed with lzop", "lzop -d")),
    (b"7z\xBC\xAF\x27\x1C", Unpack("a 7-Zip archive", "7z x")),
    (b"Rar!\x1A\x07", Unpack("a RAR archive", "unrar x")),
    (b"\x7FELF", No("a program (ELF)")),
    (b"MZ", No("a Windows program")),
    (b"\xCF\xFA\xED\xFE", No("a macOS program")),
    (b"%PDF", No("a PDF document")),
    (b"\x89PNG\r\n\x1A\n", No("a PNG image")),
    (b"\xFF\xD8\xFF", No("a JPEG image")),
    (b"GIF8", No("a GIF image")),
    (b"RIFF", No("a RIFF media file")),
    (b"ID3", No("an MP3 file")),
    (b"OggS", No("an Ogg media file")),
    (b"\0\0\x01\xBA", No("an MPEG video")),
    (b"\0\0\x01\xB3", No("an MPEG video")),
    (b"SQLite format 3\0", No("an SQLite database")),
    (b"PAR1", No("a Parquet file")),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", No("an Office document")),
    (b"\x78\x9F\x3E\x22", No("a TNEF mail attachment (winmail.dat)")),
    (b"!<arch>\n", No("a software package or library (ar)")),
    (b"\xED\xAB\xEE\xDB", No("an RPM package")),
    (b"\xCA\xFE\xBA\xBE", No("a compiled Java class or macOS program")),
    (b"BEGIN IMPORT", No("a text")),
    (b"-----BEGIN", No("a key or certificate (PEM)")),
    (b"CLIENT_RANDOM ", No("a TLS key log")),
    (b"# SSL/TLS secrets log", No("a TLS key log")),
    (b"#separator ", No("a Zeek log")),
    (b"{\\rtf", No("a rich text document")),
    (b"regf", No("a Windows registry hive")),
    (b"PMOC", No("a Windows crash dump")),
];

fn by_magic(bytes: &[u8]) -> Option<Answer> {
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, answer)| *answer)
}

/// Formats that are known by more than their first bytes.
fn by_shape(bytes: &[u8], whole: bool) -> Option<Answer> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(if contains(bytes, b"[Content_Types].xml") {
            No("an Office document")
        } else if contains(bytes, b"mimetypeapplication/vnd.oasis.opendocument") {
            No("an OpenDocument file")
        } else if contains(bytes, b"META-INF/MANIFEST.MF") {
            No("a Java archive")
        } else {
            Unpack("a ZIP archive", "unzip")
        });
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Unpack("a tar archive", "tar -xf"));
    }
    if contains(bytes, b"NetScaler V") && contains(bytes, b"Performance Data") {
        return Some(Convert("a NetScaler trace"));
    }
    if is_lanalyzer(bytes) {
        return Some(Convert("a Novell LANalyzer capture"));
    }
    if is_pcapng_as_text(bytes) {
        return Some(Unsupported(
            "it seems to be pcapng whose line ends were changed on the way: copy it again in binary \
             mode",
        ));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(No("an MP4 video"));
    }
    if bytes.iter().step_by(188).take(4).filter(|byte| **byte == 0x47).count() == 4 {
        return Some(No("an MPEG transport stream"));
    }
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
        return Some(No("a run of zeros, which a copy that failed or a full disk leaves behind,"));
    }
    if is_erf(bytes, whole) {
        return Some(Convert("an Endace ERF capture"));
    }
    None
}

/// Whether these are the first bytes of a ZIP archive whose members are called like Message
/// Analyzer's.
pub(super) fn may_be_matp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
        && [b".mmindex".as_slice(), b".mmstream", b".mmsection"]
            .iter()
            .any(|name| contains(bytes, name))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Records of type and length; the first one is a trace header of type 0x1001 or 0x1007, and the
/// version follows.
fn is_lanalyzer(bytes: &[u8]) -> bool {
    matches!(bytes, [0x01 | 0x07, 0x10, length, 0, 1, 0..=5, ..] if *length >= 0x10)
}

/// The first line end of a pcapng section header, changed in either direction, and its byte-order
/// mark near by. The block type was chosen so that this shows.
fn is_pcapng_as_text(bytes: &[u8]) -> bool {
    let start = bytes.get(..16).unwrap_or(bytes);
    let changed: [&[u8]; 3] = [&[0x0A, 0x0A], &[0x0A, 0x0D, 0x0A], &[0x0D, 0x0A, 0x0D]];
    changed.iter().any(|line_ends| start.starts_with(line_ends))
        && (contains(start, &[0x1A, 0x2B, 0x3C, 0x4D])
            || contains(start, &[0x4D, 0x3C, 0x2B, 0x1A]))
}

/// ERF has no magic number: records must follow each other, with times that belong together.
fn is_erf(bytes: &[u8], whole: bool) -> bool {
    /// A day between two records is too long for the beginning of a capture.
    const DAY: u32 = 86_400;
    let mut cursor = Cursor::new(bytes);
    let mut last: Option<u32> = None;
    let mut records = 0_u32;
    while records < 8 {
        if cursor.is_empty() {
            break;
        }
        let before = cursor;
        let Some((seconds, length)) = erf_record(&mut cursor) else {
            return false;
        };
        if last.is_some_and(|last| last.abs_diff(seconds) > DAY) {
            return false;
        }
        last = Some(seconds);
        cursor = before;
        records = records.saturating_add(1);
        if cursor.take(length).is_none() {
            // The sample ends in this record.
            break;
        }
    }
    records >= 3 || (records >= 1 && whole && cursor.is_empty())
}

/// Seconds and length of a record that could be one.
fn erf_record(cursor: &mut Cursor<'_>) -> Option<(u32, usize)> {
    let [_, _, _, _, a, b, c, d] = cursor.array()?;
    let seconds = u32::from_le_bytes([a, b, c, d]);
    let kind = cursor.u8()? & 0x7F;
    cursor.u8()?;
    let length = cursor.u16()?;
    cursor.u16()?;
    cursor.u16()?;
    let plausible = (1..=48).contains(&kind) && length >= 16;
    plausible.then_some((seconds, usize::from(length)))
}

/// Texts, by what they say.
fn by_text(bytes: &[u8], whole: bool) -> Option<Answer> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Some(No("a text (UTF-16)"));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The sample may end in the middle of a character.
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{FEFF}');
    if text.is_empty()
        || text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0C' | '\x1B'))
    {
        return None;
    }
    let start = text.trim_start();
    let lower = start.get(..256).unwrap_or(start).to_ascii_lowercase();
    Some(if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        No("a web page, as a download that needs a login often is,")
    } else if lower.starts_with("<?xml") {
        No("an XML document")
    } else if lower.starts_with("version https://git-lfs") {
        No("a pointer to a file in Git LFS, which has not been fetched,")
    } else if start.starts_with('{') || start.starts_with('[') {
        No("a JSON document")
    } else if ["PRI-XMIT", "PRI-RCV", "XMIT-", "RECV-", "ETHER", "WD_DIALOUT_DISP"]
        .iter()
        .any(|word| text.contains(word) && text.contains("task"))
    {
        Convert("a Lucent/Ascend trace")
    } else {
        No("a text")
    })
}

/// A number of bytes in words.
struct Count(usize);

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("one byte"),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// Bytes as spaced hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}
