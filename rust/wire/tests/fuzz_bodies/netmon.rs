//! Any bytes as a capture of Network Monitor, whose version the first byte chooses.

use crate::capture;

/// Every layout that there is.
const VERSIONS: [(&[u8; 4], u8, u8); 5] =
    [(b"RTSS", 1, 1), (b"GMBU", 2, 0), (b"GMBU", 2, 1), (b"GMBU", 2, 2), (b"GMBU", 2, 3)];

/// The body of the target `netmon`.
pub fn check(input: &[u8]) {
    let Some((&chosen, file)) = input.split_first() else { return };
    let (magic, major, minor) = VERSIONS[usize::from(chosen) % VERSIONS.len()];
    let mut bytes = [magic, &[minor, major][..]].concat();
    bytes.extend(file);
    capture::check(&bytes);
}

/// An input that holds these frames: link type, or an event of Windows, and data.
pub fn encode(frames: &[(u16, Vec<u8>)]) -> Vec<u8> {
    // Media type, and the start of the capture.
    let mut file: Vec<u8> =
        [1_u16, 2017, 1, 0, 29, 21, 36, 39, 250].into_iter().flat_map(u16::to_le_bytes).collect();
    file.resize(122, 0);
    let mut table = Vec::new();
    for (place, (link, data)) in frames.iter().enumerate() {
        table.extend((file.len() as u32 + 6).to_le_bytes());
        file.extend((place as u64 * 1_000).to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file.extend((0xE000 | link).to_le_bytes());
        file.extend(u32::MAX.to_le_bytes());
        file.extend((131_000_000_000_000_000 + place as i64).to_le_bytes());
        file.push(0xFF);
    }
    let place = file.len() as u32 + 6;
    file[18..22].copy_from_slice(&place.to_le_bytes());
    file[22..26].copy_from_slice(&(table.len() as u32).to_le_bytes());
    file.extend(table);
    [vec![4], file].concat()
}
