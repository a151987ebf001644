//! NetBIOS name service (RFC 1002 section 4.2): machines that register their names and answer for
//! them.

use std::net::{IpAddr, Ipv4Addr};

use super::{Kind, Source, Subject, Telling, dns};
use crate::cursor::Cursor;

const HEADER_LENGTH: usize = 12;
const RESPONSE: u16 = 0x8000;
const ERROR: u16 = 0x000F;
const QUERY: u16 = 0;
const REGISTRATION: u16 = 5;
const REFRESH: u16 = 8;
const OTHER_REFRESH: u16 = 9;
const MULTIHOMED: u16 = 15;
const ADDRESSES: u16 = 0x20;
const STATUS: u16 = 0x21;
/// In the flags of a name: that of a group, which many machines share.
const GROUP: u16 = 0x8000;
/// The last byte of a machine's names: workstation, file server.
const MACHINE: [u8; 2] = [0x00, 0x20];

/// Tells the machines that a message from `source` names.
pub(super) fn read(message: &[u8], source: IpAddr, telling: &mut Telling<'_>) {
    _ = records(message, source, telling);
}

fn records(message: &[u8], source: IpAddr, telling: &mut Telling<'_>) -> Option<()> {
    let mut header = Cursor::new(message);
    header.u16()?;
    let flags = header.u16()?;
    let is_response = flags & RESPONSE != 0;
    let tells = match flags >> 11 & 0x0F {
        QUERY => is_response && flags & ERROR == 0,
        REGISTRATION | REFRESH | OTHER_REFRESH | MULTIHOMED => !is_response || flags & ERROR == 0,
        _ => false,
    };
    tells.then_some(())?;
    let questions = header.u16()?;
    let count = [header.u16()?, header.u16()?, header.u16()?];
    let count = count.into_iter().map(u32::from).fold(0, u32::saturating_add);
    let mut at = HEADER_LENGTH;
    for _ in 0..questions {
        at = dns::behind_name(message, at)?.checked_add(4)?;
    }
    for _ in 0..count {
        let (record, behind) = dns::record(message, at)?;
        at = behind;
        let mut data = Cursor::new(record.data);
        match record.kind {
            ADDRESSES => {
                let Some(owner) = name(message, record.owner) else { continue };
                while let (Some(flags), Some(ip)) = (data.u16(), data.u32()) {
                    let subject = Subject::Ip(Ipv4Addr::from(ip).into());
                    machine(&owner, flags, subject, telling);
                }
            }
            STATUS => {
                for _ in 0..data.u8()? {
                    let (Some(name), Some(flags)) = (data.array::<16>(), data.u16()) else { break };
                    machine(&name, flags, Subject::Ip(source), telling);
                }
            }
            _ => {}
        }
    }
    Some(())
}

fn machine(name: &[u8; 16], flags: u16, subject: Subject, telling: &mut Telling<'_>) {
    let [name @ .., suffix] = name;
    if flags & GROUP == 0 && MACHINE.contains(suffix) {
        telling.tell(Source::Nbns, Kind::Host, subject, name.trim_ascii_end());
    }
}

/// A name in its first-level encoding, two letters a byte; a pointer to it may stand in its place.
fn name(message: &[u8], at: usize) -> Option<[u8; 16]> {
    let mut cursor = Cursor::new(message.get(at..)?);
    let mut length = cursor.u8()?;
    if length >= 0xC0 {
        let target = usize::from(u16::from_be_bytes([length & 0x3F, cursor.u8()?]));
        cursor = Cursor::new(message.get(target..)?);
        length = cursor.u8()?;
    }
    (length == 0x20).then_some(())?;
    let letters = cursor.array::<32>()?;
    let mut name = [0; 16];
    let mut letters = letters.into_iter().map(|letter| letter.wrapping_sub(b'A'));
    for byte in &mut name {
        let (high, low) = (letters.next()?, letters.next()?);
        (high < 16 && low < 16).then_some(())?;
        *byte = high << 4 | low;
    }
    Some(name)
}
