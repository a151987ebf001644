//! NTLM inside whatever carries it (MS-NLMP section 2.2.1): who signs in from which machine, and what
//! the server calls itself.

use std::net::IpAddr;

use super::{Kind, Source, Subject, Telling};
use crate::cursor::Cursor;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;
const UNICODE: u32 = 0x0000_0001;
/// `MsvAvDnsComputerName`.
const DNS_COMPUTER: u16 = 3;

/// Tells what the first message of NTLM in some bytes says; they went from the first address.
pub(super) fn find(bytes: &[u8], from: IpAddr, telling: &mut Telling<'_>) {
    let at = bytes.windows(SIGNATURE.len()).position(|window| window == SIGNATURE);
    if let Some(message) = at.and_then(|at| bytes.get(at..)) {
        _ = read(message, Subject::Ip(from), telling);
    }
}

fn read(message: &[u8], subject: Subject, telling: &mut Telling<'_>) -> Option<()> {
    match number(message, 8)? {
        AUTHENTICATE => {
            // Without flags, which very old clients leave out, text is OEM.
            let unicode = number(message, 60).unwrap_or(0) & UNICODE != 0;
            let text = |at| field(message, at).map(|bytes| as_text(bytes, unicode));
            if let Some(machine) = text(44) {
                telling.tell(Source::Ntlm, Kind::Host, subject, machine.as_bytes());
            }
            let user = text(36).filter(|user| !user.is_empty())?;
            let domain = text(28).filter(|domain| !domain.is_empty());
            let user = domain.map_or(user.clone(), |domain| format!("{domain}\\{user}"));
            telling.tell(Source::Ntlm, Kind::User, subject, user.as_bytes());
        }
        CHALLENGE => {
            let mut pairs = Cursor::new(field(message, 40)?);
            loop {
                let kind = pairs.u16()?.swap_bytes();
                let length = usize::from(pairs.u16()?.swap_bytes());
                let value = pairs.take(length)?;
                if kind == DNS_COMPUTER {
                    let name = as_text(value, true).to_ascii_lowercase();
                    telling.tell(Source::Ntlm, Kind::Host, subject, name.as_bytes());
                    return Some(());
                }
            }
        }
        _ => {}
    }
    Some(())
}

/// The little-endian number at a place.
fn number(message: &[u8], at: usize) -> Option<u32> {
    Cursor::new(message.get(at..)?).u32().map(u32::swap_bytes)
}

/// The bytes that the length and the offset at a place lead to.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(Cursor::new(message.get(at..)?).u16()?.swap_bytes());
    let offset = usize::try_from(number(message, at.checked_add(4)?)?).ok()?;
    message.get(offset..offset.checked_add(length)?)
}

fn as_text(bytes: &[u8], unicode: bool) -> String {
    if !unicode {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut cursor = Cursor::new(bytes);
    let units = std::iter::from_fn(|| cursor.array().map(u16::from_le_bytes));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
