//! The floor: reads a pcap file in blocks of 256 KiB and does nothing but hop from one record
//! header to the next. Prints how many there are. Little-endian files only.

use std::fs::File;
use std::io::{self, Read};

const BLOCK: usize = 256 * 1024;
const FILE_HEADER: usize = 24;
const HEADER: usize = 16;

fn main() -> io::Result<()> {
    let path = std::env::args_os().nth(1).ok_or(io::Error::other("name a capture"))?;
    let mut file = File::open(path)?;
    let mut block = vec![0; BLOCK];
    let mut records = 0_u64;
    // Bytes to pass over before the next header, and what there is of a header that a block cut.
    let mut skip = FILE_HEADER;
    let mut begun: Vec<u8> = Vec::with_capacity(HEADER);
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            break;
        }
        let mut rest = &block[..count];
        loop {
            if skip >= rest.len() {
                skip -= rest.len();
                break;
            }
            rest = &rest[skip..];
            skip = 0;
            if begun.is_empty() && rest.len() >= HEADER {
                skip = HEADER + captured(rest);
                records += 1;
                continue;
            }
            let wanted = HEADER - begun.len();
            let (head, tail) = rest.split_at(wanted.min(rest.len()));
            begun.extend_from_slice(head);
            rest = tail;
            if begun.len() < HEADER {
                break;
            }
            skip = captured(&begun);
            begun.clear();
            records += 1;
        }
    }
    println!("{records}");
    Ok(())
}

/// The captured length in a record header.
fn captured(header: &[u8]) -> usize {
    u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize
}
