//! Writes a pcap file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// When the captures begin: 2026-01-05, 08:00 UTC, in microseconds.
const BEGINNING: u64 = 1_767_600_000_000_000;
const HEADER: usize = 16;

/// A pcap file in the making.
pub struct CaptureFile {
    file: BufWriter<File>,
    snap_length: usize,
    record: Vec<u8>,
    /// Packets written.
    pub frames: u64,
    /// Bytes that the file would have without a snap length.
    pub bytes: u64,
}

impl CaptureFile {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn create(path: &Path, snap_length: usize) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        file.write_all(&0xA1B2_C3D4_u32.to_le_bytes())?;
        file.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        file.write_all(&u32::try_from(snap_length).unwrap_or(u32::MAX).to_le_bytes())?;
        file.write_all(&1_u32.to_le_bytes())?;
        Ok(Self { file, snap_length, record: Vec::new(), frames: 0, bytes: 24 })
    }

    /// Writes the packet that `build` appends; `time` is in microseconds since the beginning.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&mut self, time: u64, build: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.record.clear();
        self.record.resize(HEADER, 0);
        build(&mut self.record);
        let length = self.record.len() - HEADER;
        let kept = length.min(self.snap_length);
        let time = BEGINNING + time;
        for (at, value) in
            [(0, time / 1_000_000), (4, time % 1_000_000), (8, kept as u64), (12, length as u64)]
        {
            let value = u32::try_from(value).unwrap_or(u32::MAX);
            self.record[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        self.frames += 1;
        self.bytes += (HEADER + length) as u64;
        self.file.write_all(&self.record[..HEADER + kept])
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}
