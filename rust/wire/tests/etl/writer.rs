//! Writes event traces for tests, well-formed unless told otherwise.

use std::net::{IpAddr, SocketAddr};

/// Ticks of 100 ns since 1601 at 2024-01-01, when every trace here starts.
pub const START: i64 = 133_485_408_000_000_000;

/// The same in nanoseconds since 1970.
pub const START_1970: i64 = 1_704_067_200_000_000_000;

/// The time field of the first record; that of an event counts from it, in ticks of 100 ns.
pub const BASE: i64 = 5_000_000_000;

pub const NDIS: [u8; 16] = *b"\x6e\x00\xd6\x2e\x29\x47\x09\x46\xb4\x23\x3e\xe7\xbc\xd6\x78\xef";
pub const PKTMON: [u8; 16] = *b"\xd9\x80\x4f\x4d\xbd\xc8\x73\x4d\xbb\x5b\x19\xc9\x04\x02\xc5\xac";
pub const TCPIP: [u8; 16] = *b"\xee\xe2\x07\x2f\xdb\x15\xf1\x40\x90\xef\x9d\x7b\xa2\x82\x18\x8a";
pub const KERNEL_NETWORK: [u8; 16] =
    *b"\x49\x2a\xd4\x7d\x29\x53\x32\x48\x8d\xfd\x43\xd9\x79\x15\x3a\x88";
pub const KERNEL_PROCESS: [u8; 16] =
    *b"\xd6\x2c\xfb\x22\x7b\x0e\x2b\x42\xa0\xc7\x2f\xad\x1f\xd0\xe7\x16";

/// What an event says of itself beside its data.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub provider: [u8; 16],
    pub id: u16,
    pub version: u8,
    pub keyword: u64,
    pub process: u32,
    pub thread: u32,
    /// In ticks of 100 ns since the start of the trace.
    pub at: i64,
    /// Whether items stand between header and data.
    pub extended: bool,
}

/// A record of the kind `EVENT_HEADER`, padded.
pub fn event(origin: &Origin, data: &[u8]) -> Vec<u8> {
    let extended: &[u8] =
        if origin.extended { &[0, 0, 11, 0, 0, 0, 3, 0, 1, 2, 3, 0, 0, 0, 0, 0] } else { &[] };
    let size = 80 + extended.len() + data.len();
    let mut record = Vec::with_capacity(size + 8);
    record.extend(u16::try_from(size).unwrap().to_le_bytes());
    record.extend([0x13, 0xC0]);
    record.extend((0x40 | u16::from(origin.extended)).to_le_bytes());
    record.extend([0, 0]);
    record.extend(origin.thread.to_le_bytes());
    record.extend(origin.process.to_le_bytes());
    record.extend((BASE + origin.at).to_le_bytes());
    record.extend(origin.provider);
    record.extend(origin.id.to_le_bytes());
    record.extend([origin.version, 0, 4, 0, 0, 0]);
    record.extend(origin.keyword.to_le_bytes());
    record.extend([0; 24]);
    record.extend(extended);
    record.extend(data);
    record.resize(record.len().next_multiple_of(8), 0);
    record
}

/// A record of the kernel's logger: a process that runs.
pub fn process_record(process: u32, name: &str) -> Vec<u8> {
    let mut data = vec![0; 8];
    data.extend(process.to_le_bytes());
    data.extend([0; 24]);
    // No user.
    data.extend([0; 4]);
    data.extend(name.as_bytes());
    data.extend([0, 0, 0]);
    let size = u16::try_from(32 + data.len()).unwrap();
    let mut record = vec![4, 0, 2, 0xC0];
    record.extend(size.to_le_bytes());
    record.extend([3, 3]);
    record.extend([0; 8]);
    record.extend(BASE.to_le_bytes());
    record.extend([0; 8]);
    record.extend(data);
    record.resize(record.len().next_multiple_of(8), 0);
    record
}

/// The record that begins a trace.
pub fn trace_head(events_lost: u32, closed: bool) -> Vec<u8> {
    let mut data = vec![0; 284];
    data[0..4].copy_from_slice(&65_536_u32.to_le_bytes());
    data[8..12].copy_from_slice(&22_621_u32.to_le_bytes());
    if closed {
        data[16..24].copy_from_slice(&(START + 1).to_le_bytes());
    }
    data[44..48].copy_from_slice(&8_u32.to_le_bytes());
    data[48..52].copy_from_slice(&events_lost.to_le_bytes());
    data[256..264].copy_from_slice(&10_000_000_i64.to_le_bytes());
    data[264..272].copy_from_slice(&START.to_le_bytes());
    data[272..276].copy_from_slice(&1_u32.to_le_bytes());
    let size = u16::try_from(32 + data.len()).unwrap();
    let mut record = vec![2, 0, 2, 0xC0];
    record.extend(size.to_le_bytes());
    record.extend([0; 10]);
    record.extend(BASE.to_le_bytes());
    record.extend([0; 8]);
    record.extend(data);
    record.resize(record.len().next_multiple_of(8), 0);
    record
}

/// A buffer with these records, `size` bytes long in the file; compressed it is as long as it is.
pub fn buffer(kind: u16, processor: u16, records: &[u8], size: usize, compressed: bool) -> Vec<u8> {
    let body = if compressed { compress(records) } else { records.to_vec() };
    let stored = if compressed { 72 + body.len() } else { size.max(72 + body.len()) };
    let mut buffer = Vec::with_capacity(stored);
    let used = u32::try_from(72 + records.len()).unwrap();
    buffer.extend(u32::try_from(stored).unwrap().to_le_bytes());
    buffer.extend(used.to_le_bytes());
    buffer.extend([0xAB; 32]);
    buffer.extend(processor.to_le_bytes());
    buffer.extend([0, 0, 3, 0, 0, 0]);
    buffer.extend(used.to_le_bytes());
    buffer.extend((0x20 | if compressed { 0x40_u16 } else { 0 }).to_le_bytes());
    buffer.extend(kind.to_le_bytes());
    buffer.extend([0; 16]);
    buffer.extend(body);
    if !compressed {
        buffer.resize(stored, 0xFF);
    }
    buffer
}

/// The buffer that begins a trace.
pub fn first_buffer() -> Vec<u8> {
    buffer(4, 0, &trace_head(0, true), 1_024, false)
}

/// Data of an event 1001 of ndiscap.
pub fn ndis(adapter: u32, frame: &[u8]) -> Vec<u8> {
    let mut data = adapter.to_le_bytes().repeat(2);
    data.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
    data.extend(frame);
    data.extend([0xEE; 16]);
    data
}

/// Data of an event 160 of PktMon; `direction` is 3 for received, 4 for sent.
pub fn pktmon(component: u16, direction: u16, original: u16, frame: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 12];
    for number in [direction, 1, component, 1, 0] {
        data.extend(number.to_le_bytes());
    }
    data.extend([0; 8]);
    data.extend(original.to_le_bytes());
    data.extend(u16::try_from(frame.len()).unwrap().to_le_bytes());
    data.extend(frame);
    data
}

/// Data of an event 1033 of TCPIP: a connection was made.
pub fn connected(local: SocketAddr, remote: SocketAddr, process: u32) -> Vec<u8> {
    let mut data = Vec::new();
    for side in [local, remote] {
        let address = match side.ip() {
            IpAddr::V4(ip) => [&ip.octets()[..], &[0; 8]].concat(),
            IpAddr::V6(ip) => [&[0; 4], &ip.octets()[..], &[0; 4]].concat(),
        };
        data.extend(u32::try_from(4 + address.len()).unwrap().to_le_bytes());
        data.extend(if side.is_ipv4() { [2, 0] } else { [23, 0] });
        data.extend(side.port().to_be_bytes());
        data.extend(address);
    }
    data.extend([0; 4]);
    data.extend(process.to_le_bytes());
    data.extend([0; 12]);
    data
}

/// Data of an event 10 of Kernel-Network: bytes were sent over IPv4.
pub fn sent(local: SocketAddr, remote: SocketAddr, process: u32) -> Vec<u8> {
    let mut data = process.to_le_bytes().to_vec();
    data.extend([0; 4]);
    for side in [remote, local] {
        match side.ip() {
            IpAddr::V4(ip) => data.extend(ip.octets()),
            IpAddr::V6(ip) => data.extend(ip.octets()),
        }
    }
    data.extend(remote.port().to_be_bytes());
    data.extend(local.port().to_be_bytes());
    data
}

/// Data of an event 1 of Kernel-Process, version 1.
pub fn started(process: u32, image: &str) -> Vec<u8> {
    let mut data = process.to_le_bytes().to_vec();
    data.extend(START.to_le_bytes());
    data.extend([0; 12]);
    data.extend(image.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    data
}

/// Compresses as plain LZ77 of [MS-XCA], greedily.
pub fn compress(input: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    let (mut flags_at, mut flags, mut count) = (0, 0_u32, 0);
    let mut half: Option<usize> = None;
    let mut last_seen = std::collections::HashMap::new();
    let mut at = 0;
    while at < input.len() {
        if count == 32 {
            out[flags_at..flags_at + 4].copy_from_slice(&flags.to_le_bytes());
            (flags_at, flags, count) = (out.len(), 0, 0);
            out.extend([0; 4]);
        }
        flags <<= 1;
        count += 1;
        let matched = input.get(at..at + 3).and_then(|key| last_seen.insert(key.to_vec(), at));
        let length = |from: usize| {
            (0..input.len() - at).take_while(|n| input[from + n] == input[at + n]).count()
        };
        match matched.filter(|from| at - from <= 8_192) {
            Some(from) => {
                let length = length(from);
                write_match(&mut out, at - from, length - 3, &mut half);
                flags |= 1;
                at += length;
            }
            None => {
                out.push(input[at]);
                at += 1;
            }
        }
    }
    let flags = flags.checked_shl(32 - count).unwrap_or(0);
    out[flags_at..flags_at + 4].copy_from_slice(&flags.to_le_bytes());
    out
}

fn write_match(out: &mut Vec<u8>, distance: usize, length: usize, half: &mut Option<usize>) {
    let token = |length: usize| u16::try_from(((distance - 1) << 3) | length).unwrap();
    if length < 7 {
        out.extend(token(length).to_le_bytes());
        return;
    }
    out.extend(token(7).to_le_bytes());
    let nibble = u8::try_from((length - 7).min(15)).unwrap();
    match half.take() {
        Some(at) => out[at] |= nibble << 4,
        None => {
            *half = Some(out.len());
            out.push(nibble);
        }
    }
    if length - 7 >= 15 {
        let rest = length - 22;
        if rest < 255 {
            out.push(u8::try_from(rest).unwrap());
        } else if let Ok(length) = u16::try_from(length) {
            out.push(255);
            out.extend(length.to_le_bytes());
        } else {
            out.extend([255, 0, 0]);
            out.extend(u32::try_from(length).unwrap().to_le_bytes());
        }
    }
}
