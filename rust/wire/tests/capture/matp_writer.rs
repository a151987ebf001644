//! Writes Message Analyzer captures for tests: an archive of streams, as the program lays them out.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// 1970 as a FILETIME, and as a time of .NET.
const FILETIME: i64 = 116_444_736_000_000_000;
const TICKS: i64 = 621_355_968_000_000_000;

/// The name that all parts begin with, and numbers of streams.
const PROJECT: &str = "ad50cafe-5ca2-4700-b09b-ba2ed7538f0b";
const BLOCKS: [&str; 2] = ["blocks-data", "blocks-index"];
const MESSAGES: [&str; 2] = ["messages-data", "messages-index"];
const ANNOTATION: &str = "annotation";

/// A message to be written.
#[derive(Clone, Debug)]
pub enum Message {
    /// A packet in an event of ndiscap: 100 ns since 1970, and whether it was sent.
    Event { time: i64, sent: bool, frame: Vec<u8> },
    /// What was imported from another capture.
    Imported { time: i64, bytes: Vec<u8> },
    /// What was read out of another message.
    Inner,
}

/// How the archive is packed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packing {
    pub stored: bool,
    /// Another member comes first.
    pub other_first: bool,
}

/// The streams of a capture, which a test may change before they are packed.
#[derive(Default)]
pub struct Streams {
    pub blocks: Vec<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
    pub annotation: Vec<u8>,
    /// The numbers of the first block and the first message.
    pub first: [u32; 2],
}

impl Streams {
    pub fn of(messages: &[Message]) -> Self {
        // The number of messages is filled in when the streams are packed.
        let annotation = vec![1, 2, 0, 0, 0, 0];
        let mut streams = Self { first: [9_489, 1], annotation, ..Self::default() };
        for message in messages {
            streams.message(message);
        }
        streams
    }

    /// The number of a new block.
    pub fn block(&mut self, bytes: Vec<u8>) -> u32 {
        self.blocks.push(bytes);
        self.first[0] + u32::try_from(self.blocks.len()).unwrap() - 1
    }

    /// A new block that names parts of others.
    pub fn list(&mut self, parts: &[(u32, u32, u32)]) -> u32 {
        let mut bytes = u32::try_from(parts.len()).unwrap().to_le_bytes().to_vec();
        for (block, start, length) in parts {
            for number in [block, start, length] {
                bytes.extend(number.to_le_bytes());
            }
        }
        self.block(bytes)
    }

    /// A message whose content is a block; `time` is that of .NET, `None` for one read out of
    /// another.
    pub fn add(&mut self, block: u32, time: Option<i64>) {
        let mut record = vec![0xCC; 17];
        record.extend((0x8000_0000 | block).to_le_bytes());
        record.extend([0xCC; 9]);
        self.messages.push(record);
        let id = self.first[1] + u32::try_from(self.messages.len()).unwrap() - 1;
        self.annotation.extend(id.to_le_bytes());
        match time {
            Some(time) => {
                self.annotation.push(1);
                // UTC, as the two bits at the top say.
                self.annotation.extend((u64::try_from(time).unwrap() | 1 << 62).to_le_bytes());
            }
            None => {
                self.annotation.push(2 | 4);
                self.annotation.extend((0x8000_0000 | (id - 1)).to_le_bytes());
                self.annotation.extend((-1_i32).to_le_bytes());
                self.annotation.extend(7_u32.to_le_bytes());
            }
        }
    }

    /// A packet that was sent, in an event of ndiscap at this adapter; 100 ns since 1970.
    pub fn event(&mut self, adapter: u32, time: i64, frame: &[u8]) {
        let length = u16::try_from(12 + frame.len()).unwrap();
        let mut bytes = header(time, true, length);
        bytes[88..92].copy_from_slice(&adapter.to_le_bytes());
        bytes.extend(frame);
        let block = self.block(bytes);
        self.add(block, Some(TICKS));
    }

    fn message(&mut self, message: &Message) {
        match message {
            Message::Event { time, sent, frame } => {
                let length = u16::try_from(12 + frame.len()).unwrap();
                let head = self.block(header(*time, *sent, length));
                let inner = self.block(frame.clone());
                let frame_length = u32::try_from(frame.len()).unwrap();
                let all = self.list(&[(head, 0, 100), (inner, 0, frame_length)]);
                self.add(all, Some(TICKS));
            }
            Message::Imported { time, bytes } => {
                let block = self.block(bytes.clone());
                let length = u32::try_from(bytes.len()).unwrap();
                let all = self.list(&[(block, 0, length)]);
                self.add(all, Some(TICKS + time));
            }
            Message::Inner => {
                let block = self.block(b"what a parser made of it".to_vec());
                self.add(block, None);
            }
        }
    }

    /// The members of the archive, by name.
    pub fn members(&self) -> Vec<(String, Vec<u8>)> {
        let member = |id: &str, bytes| (format!("{PROJECT}-{id}.mmstream"), bytes);
        let indexed = |[data, index]: [&str; 2], records: &[Vec<u8>], first: u32| {
            let mut entries = Vec::new();
            let mut place = 0_u64;
            for (number, record) in records.iter().enumerate() {
                let length = u64::try_from(record.len()).unwrap();
                entries.extend((first + u32::try_from(number).unwrap()).to_le_bytes());
                for part in [place, length, 0] {
                    entries.extend(part.to_le_bytes());
                }
                place += length;
            }
            [member(data, records.concat()), member(index, entries)]
        };
        let mut members = vec![(format!("{PROJECT}.mmindex"), index().into_bytes())];
        members.extend(indexed(BLOCKS, &self.blocks, self.first[0]));
        members.extend(indexed(MESSAGES, &self.messages, self.first[1]));
        let mut annotation = self.annotation.clone();
        let count = u32::try_from(self.messages.len()).unwrap();
        annotation.splice(2..6, count.to_le_bytes());
        members.push(member(ANNOTATION, annotation));
        members.push(("[Content_Types].xml".to_owned(), b"<Types/>".to_vec()));
        members
    }

    /// The whole file.
    pub fn pack(&self, packing: Packing) -> Vec<u8> {
        let mut members = self.members();
        if packing.other_first {
            members.insert(0, (format!("{PROJECT}-other.mmsection"), vec![b'x'; 40_000]));
        }
        zip(&members, packing.stored)
    }
}

/// The text that names the streams.
fn index() -> String {
    let indexed = |name: &str, [data, index]: [&str; 2]| {
        format!(
            "<stream id='of-{name}' streamtype='Indexed' persisttype='Partitioned'> \
             <name>{name}</name><metadata><lastPos>0</lastPos><streams><stream><id>{data}</id>\
             <metadata></metadata></stream></streams><index type='Index-v1'>  <id>{index}</id>\
             </index></metadata></stream>"
        )
    };
    format!(
        "\u{FEFF}<project><persistanceversion>1</persistanceversion>{}{}\
         <stream id='{ANNOTATION}' streamtype='Stream' persisttype='Contiguous'> \
         <name>__fastannotation</name></stream></project>",
        indexed("messages", MESSAGES),
        indexed("datablocks", BLOCKS)
    )
}

/// The header of an event of ndiscap, and the fields before its frame.
fn header(time: i64, sent: bool, length: u16) -> Vec<u8> {
    const NDIS: [u8; 16] = [
        0x6e, 0x00, 0xd6, 0x2e, 0x29, 0x47, 0x09, 0x46, 0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6, 0x78,
        0xef,
    ];
    let keyword: u64 = if sent { 0x1_C000_0001 } else { 0x2_C000_0001 };
    let mut bytes = Vec::new();
    for part in [80 + length, 0, 0x40, 0] {
        bytes.extend(part.to_le_bytes());
    }
    bytes.extend(7_u32.to_le_bytes());
    bytes.extend(4_242_u32.to_le_bytes());
    bytes.extend((FILETIME + time).to_le_bytes());
    bytes.extend(NDIS);
    bytes.extend(1001_u16.to_le_bytes());
    bytes.extend([0, 16, 4, 0, 0, 0]);
    bytes.extend(keyword.to_le_bytes());
    bytes.extend([0; 24]);
    bytes.extend([1, 0, 0, 0, 0, 0]);
    bytes.extend(length.to_le_bytes());
    for part in [12, 12, u32::from(length) - 12] {
        bytes.extend(part.to_le_bytes());
    }
    bytes
}

/// A ZIP archive.
pub fn zip(members: &[(String, Vec<u8>)], stored: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let packed = if stored {
            content.clone()
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        };
        let place = u32::try_from(bytes.len()).unwrap();
        let mut common = Vec::new();
        for part in [20, 0, if stored { 0 } else { 8 }, 0, 0_u16] {
            common.extend(part.to_le_bytes());
        }
        let mut checksum = Crc::new();
        checksum.update(content);
        common.extend(checksum.sum().to_le_bytes());
        for part in [packed.len(), content.len()] {
            common.extend(u32::try_from(part).unwrap().to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let place = u32::try_from(bytes.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(place.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
