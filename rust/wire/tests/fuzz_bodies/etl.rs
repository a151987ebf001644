//! Any records in the buffers of an event trace: the first byte says how the rest is wrapped.

use tlsaudit_wire::capture::Frame;

use crate::capture;

/// The body of the target `etl`.
pub fn check(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    match how % 3 {
        // A whole file.
        0 => capture::check(rest),
        // The records of a buffer as they are, and as what unpacks to them.
        kind => capture::check(&trace(rest, kind == 2)),
    }
}

/// An input that holds this frame as a packet of ndiscap, or of PktMon at three components.
pub fn encode(frame: Frame<'_>) -> Vec<u8> {
    const NDIS: [u8; 16] = *b"\x6e\x00\xd6\x2e\x29\x47\x09\x46\xb4\x23\x3e\xe7\xbc\xd6\x78\xef";
    const PKTMON: [u8; 16] = *b"\xd9\x80\x4f\x4d\xbd\xc8\x73\x4d\xbb\x5b\x19\xc9\x04\x02\xc5\xac";
    let data = &frame.data[..frame.data.len().min(1_500)];
    let length = data.len() as u16;
    let number = frame.number;
    let mut input = vec![1];
    if number % 4 != 0 {
        // Whole packets, and parts: the first and those behind it.
        let keyword = 0x1_C000_0001 - (number % 3) * 0x4000_0000;
        let mut body = [12_u32, 12, u32::from(length)].map(u32::to_le_bytes).concat();
        body.extend(data);
        input.extend(event(NDIS, 1001, keyword, number, &body));
        return input;
    }
    for component in 0..3_u16 {
        let mut body = vec![0; 12];
        body.extend([4, 1, component, 1, 0].map(u16::to_le_bytes).concat());
        body.extend([0; 8]);
        body.extend([frame.original_length as u16, length].map(u16::to_le_bytes).concat());
        body.extend(data);
        input.extend(event(PKTMON, 160, 0x10, number, &body));
    }
    input
}

/// A record of an event, padded.
fn event(provider: [u8; 16], id: u16, keyword: u64, time: u64, data: &[u8]) -> Vec<u8> {
    let mut record = (80 + data.len() as u16).to_le_bytes().to_vec();
    record.extend([0x13, 0xC0, 0x40, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0]);
    record.extend(time.to_le_bytes());
    record.extend(provider);
    record.extend(id.to_le_bytes());
    record.extend([0, 0, 4, 0, 0, 0]);
    record.extend(keyword.to_le_bytes());
    record.extend([0; 24]);
    record.extend(data);
    record.resize(record.len().next_multiple_of(8), 0);
    record
}

/// A trace with one buffer of records.
fn trace(records: &[u8], compressed: bool) -> Vec<u8> {
    let mut head = vec![2, 0, 2, 0xC0, 0x38, 1];
    head.extend([0; 26]);
    head.extend([0; 280]);
    head[32 + 44] = 8;
    head[32 + 256..32 + 264].copy_from_slice(&10_000_000_i64.to_le_bytes());
    head[32 + 264..32 + 272].copy_from_slice(&133_485_408_000_000_000_i64.to_le_bytes());
    head[32 + 272] = 1;
    let mut file = buffer(4, 0, head.len(), &head);
    // Packed bytes unpack to ten times as many at most, or to fewer.
    let used = if compressed { records.len().saturating_mul(10) } else { records.len() };
    file.extend(buffer(0, if compressed { 0x40 } else { 0 }, used, records));
    file
}

fn buffer(kind: u8, flags: u8, used: usize, body: &[u8]) -> Vec<u8> {
    let used = (72 + used as u32).to_le_bytes();
    let size = (72 + body.len()).max(0x200);
    let mut buffer = (size as u32).to_le_bytes().to_vec();
    buffer.extend(used);
    buffer.extend([0; 36]);
    buffer.extend([3, 0, 0, 0]);
    buffer.extend(used);
    buffer.extend([flags, 0, kind, 0]);
    buffer.extend([0; 16]);
    buffer.extend(body);
    buffer.resize(size, 0xFF);
    buffer
}
