//! Any bytes as the streams of a Message Analyzer capture: five, each with its length before it. The
//! archive around them is made here, since no mutation would keep it whole.

use crate::capture;

/// The names of the streams' members: blocks and their index, messages and theirs, annotation.
const STREAMS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The text that names them.
const INDEX: &str = "<project><stream id='1'><name>datablocks</name><streams><stream><id>a</id>\
    </stream></streams><index type='Index-v1'><id>b</id></index></stream><stream id='2'>\
    <name>messages</name><streams><stream><id>c</id></stream></streams><index type='Index-v1'>\
    <id>d</id></index></stream><stream id='e'><name>__fastannotation</name></stream></project>";

/// The body of the target `matp`.
pub fn check(input: &[u8]) {
    let mut members = vec![("p.mmindex".to_owned(), INDEX.as_bytes())];
    let mut rest = input;
    for stream in STREAMS {
        let length = rest.first_chunk().map_or(0, |two| usize::from(u16::from_le_bytes(*two)));
        rest = rest.get(2..).unwrap_or_default();
        let (now, later) = rest.split_at(length.min(rest.len()));
        members.push((format!("p-{stream}.mmstream"), now));
        rest = later;
    }
    capture::check(&archive(&members));
}

/// An input that holds these frames.
pub fn encode(frames: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut streams: [Vec<u8>; 5] = Default::default();
    let [blocks, block_index, messages, message_index, annotation] = &mut streams;
    annotation.extend([1, 2]);
    annotation.extend((frames.len() as u32).to_le_bytes());
    for (number, (_, data)) in (1_u32..).zip(frames) {
        // The frame, and a list with its only part.
        let block = 2 * number - 1;
        record(blocks, block_index, block, data);
        let list = [1, block, 0, data.len() as u32].map(u32::to_le_bytes).concat();
        record(blocks, block_index, block + 1, &list);
        let message = [&[0; 17][..], &(0x8000_0000 | (block + 1)).to_le_bytes()].concat();
        record(messages, message_index, number, &message);
        annotation.extend(number.to_le_bytes());
        annotation.push(1);
        annotation.extend((636_000_000_000_000_000 + u64::from(number)).to_le_bytes());
    }
    let sized = |stream: &Vec<u8>| [&(stream.len() as u16).to_le_bytes(), &stream[..]].concat();
    streams.iter().flat_map(sized).collect()
}

/// Adds a record to a stream and an entry to its index.
fn record(stream: &mut Vec<u8>, index: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    index.extend(number.to_le_bytes());
    for part in [stream.len(), bytes.len(), 0] {
        index.extend((part as u64).to_le_bytes());
    }
    stream.extend(bytes);
}

/// A ZIP archive in which nothing is compressed.
fn archive(members: &[(String, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let length = (content.len() as u32).to_le_bytes();
        let name_length = (name.len() as u16).to_le_bytes();
        // Version, flags, method, time, checksum, both lengths, lengths of the texts.
        let checksum = checksum(content).to_le_bytes();
        let common =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &checksum, &length, &length, &name_length];
        let place = (bytes.len() as u32).to_le_bytes();
        bytes.extend([b"PK\x03\x04", &common.concat()[..], &[0; 2], name.as_bytes()].concat());
        bytes.extend(*content);
        let entry = [b"PK\x01\x02\x14\x00", &common.concat()[..], &[0; 12], &place].concat();
        directory.extend(entry);
        directory.extend(name.as_bytes());
    }
    let place = (bytes.len() as u32).to_le_bytes();
    let count = (members.len() as u16).to_le_bytes();
    let length = (directory.len() as u32).to_le_bytes();
    bytes.extend(directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &length, &place, &[0; 2]].concat());
    bytes
}

/// CRC-32.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xEDB8_8320 } else { 0 }
        })
    })
}
