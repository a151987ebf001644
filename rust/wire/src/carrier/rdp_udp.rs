//! The datagrams of RDP over UDP: MS-RDPEUDP, and MS-RDPEUDP2 that both ends may agree on. TLS runs
//! over the reliable form, DTLS over the lossy one.

use std::borrow::Cow;

use crate::cursor::Cursor;

mod flag {
    pub const SYN: u16 = 0x0001;
    pub const ACK: u16 = 0x0004;
    pub const DATA: u16 = 0x0008;
    pub const FEC: u16 = 0x0010;
    pub const ACK_OF_ACKS: u16 = 0x0100;
    pub const SYN_LOSSY: u16 = 0x0200;
    pub const CORRELATION_ID: u16 = 0x0800;
    pub const SYN_EX: u16 = 0x1000;
    pub const ALL: u16 = 0x1FFF;
}

/// The flags of MS-RDPEUDP2 and the four bits of a window that share their field.
mod flag2 {
    pub const ACK: u16 = 0x001;
    pub const DATA: u16 = 0x004;
    pub const ACK_VECTOR: u16 = 0x008;
    pub const ACK_OF_ACKS: u16 = 0x010;
    pub const OVERHEAD_SIZE: u16 = 0x040;
    pub const DELAYED_ACK_INFO: u16 = 0x100;
}

/// What opens the connection in one direction (MS-RDPEUDP 2.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syn {
    /// The number that the first packet follows.
    pub initial: u32,
    /// It answers another one.
    pub answers: bool,
    /// Packets may be lost.
    pub lossy: bool,
    /// The highest version that is spoken: 1, 2, and 0x0101 for MS-RDPEUDP2.
    pub version: u16,
}

/// The version with which the packets of MS-RDPEUDP2 follow.
pub const VERSION_3: u16 = 0x0101;

/// Reads a SYN, which says how large packets may be and is filled up to that.
#[must_use]
pub fn syn(bytes: &[u8]) -> Option<Syn> {
    let mut cursor = Cursor::new(bytes);
    let acknowledged = cursor.u32()?;
    cursor.u16()?; // The receive window.
    let flags = cursor.u16()?;
    let answers = flags & flag::ACK != 0;
    if flags & flag::SYN == 0 || flags & !flag::ALL != 0 || (!answers && acknowledged != u32::MAX) {
        return None;
    }
    let initial = cursor.u32()?;
    let sizes = [cursor.u16()?, cursor.u16()?];
    // MS-RDPEUDP 2.2.2.5.
    sizes.iter().all(|size| (1_132..=1_232).contains(size)).then_some(())?;
    if flags & flag::CORRELATION_ID != 0 {
        cursor.take(32)?;
    }
    let mut version = 1;
    if flags & flag::SYN_EX != 0 {
        // MS-RDPEUDP 2.2.2.9: the version counts if a flag says so.
        let [valid, said] = [cursor.u16()?, cursor.u16()?];
        if valid & 1 != 0 {
            version = said;
        }
    }
    Some(Syn { initial, answers, lossy: flags & flag::SYN_LOSSY != 0, version })
}

/// The number and the bytes of a data packet (MS-RDPEUDP 2.2.2).
#[must_use]
pub fn data(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    cursor.u32()?; // What was received last.
    cursor.u16()?; // The receive window.
    let flags = cursor.u16()?;
    let unfit = flag::SYN | flag::FEC | !flag::ALL;
    if flags & flag::DATA == 0 || flags & unfit != 0 {
        return None;
    }
    if flags & flag::ACK != 0 {
        let size = usize::from(cursor.u16()?);
        // Filled up to a multiple of four.
        cursor.take(size.saturating_add(2).next_multiple_of(4).saturating_sub(2))?;
    }
    if flags & flag::ACK_OF_ACKS != 0 {
        cursor.u32()?;
    }
    cursor.u32()?; // The number of this transmission.
    let start = cursor.u32()?;
    Some((start, cursor.rest()))
}

/// The number and the bytes of a data packet (MS-RDPEUDP2 2.2.1).
#[must_use]
pub fn data2(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    // The first byte and the eighth have changed places.
    let mut bytes = Cow::Borrowed(bytes);
    if bytes.len() < 8 {
        return None;
    }
    bytes.to_mut().swap(0, 7);
    let mut cursor = Cursor::new(&bytes);
    // Bit 0 is reserved, four bits are the type: 0 data, 8 filling.
    let kind = cursor.u8()? >> 1 & 0x0F;
    let flags = cursor.u16()?.swap_bytes() & 0x0FFF;
    if kind != 0 || flags & flag2::DATA == 0 {
        return None;
    }
    if flags & flag2::ACK != 0 {
        cursor.take(6)?; // A number, a time of three bytes, a gap.
        let delayed = cursor.u8()? & 0x0F;
        cursor.take(usize::from(delayed))?;
    }
    if flags & flag2::OVERHEAD_SIZE != 0 {
        cursor.u8()?;
    }
    if flags & flag2::DELAYED_ACK_INFO != 0 {
        cursor.take(3)?;
    }
    if flags & flag2::ACK_OF_ACKS != 0 {
        cursor.u16()?;
    }
    cursor.u16()?; // The number of this transmission.
    if flags & flag2::ACK_VECTOR != 0 {
        cursor.u16()?; // The first number of the vector.
        let size = cursor.u8()?;
        if size & 0x80 != 0 {
            cursor.take(3)?; // A time.
        }
        cursor.take(usize::from(size & 0x7F))?;
    }
    let number = cursor.u16()?.swap_bytes();
    Some((number, cursor.rest().to_vec()))
}
