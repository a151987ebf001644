//! Writes Network Monitor captures for tests.

/// 2017-01-29 21:36:39.250, in nanoseconds since 1970.
const START: i64 = 1_485_725_799_250_000_000;
/// The same as a SYSTEMTIME: it has the day of the week between month and day.
const START_PARTS: [u16; 8] = [2017, 1, 0, 29, 21, 36, 39, 250];
/// 1970 as a FILETIME.
const EPOCH: i64 = 116_444_736_000_000_000;

/// What a frame says that has no process.
pub const NO_PROCESS: u32 = u32::MAX;

/// A frame to be written.
#[derive(Clone, Debug)]
pub struct Record {
    pub data: Vec<u8>,
    /// By how much it was longer on the wire.
    pub more: u32,
    /// Microseconds since the start of the capture.
    pub micros: i64,
    /// And 100 ns, which only 2.3 keeps.
    pub ticks: i64,
    /// Bytes before it that belong to nothing.
    pub hole: usize,
    pub media: u16,
}

impl Default for Record {
    fn default() -> Self {
        Self { data: Vec::new(), more: 0, micros: 0, ticks: 0, hole: 0, media: 1 }
    }
}

impl Record {
    pub fn original(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap() + self.more
    }

    /// The time that a reader has to give.
    pub fn time(&self, version: (u8, u8)) -> i64 {
        let ticks = if version == (2, 3) { self.ticks * 100 } else { 0 };
        START + self.micros * 1_000 + ticks
    }
}

/// A capture to be written.
pub struct File<'a> {
    pub version: (u8, u8),
    pub records: &'a [Record],
    /// Whether the frames lie in the file from the last to the first.
    pub backwards: bool,
    /// Whether there is a table of processes.
    pub processes: bool,
}

impl<'a> File<'a> {
    pub fn of(records: &'a [Record]) -> Self {
        Self { version: (2, 3), records, backwards: false, processes: false }
    }
}

/// The bytes of a capture.
pub fn write(file: &File<'_>) -> Vec<u8> {
    let (major, minor) = file.version;
    let mut bytes = vec![0; 128];
    let mut places = vec![0_u32; file.records.len()];
    let mut order: Vec<usize> = (0..file.records.len()).collect();
    if file.backwards {
        order.reverse();
    }
    for number in order {
        let record = &file.records[number];
        bytes.extend(vec![0xEE; record.hole]);
        places[number] = u32::try_from(bytes.len()).unwrap();
        frame(&mut bytes, file.version, record);
    }
    let process_table = if file.processes { u32::try_from(bytes.len()).unwrap() } else { 0 };
    if file.processes {
        processes(&mut bytes);
    }
    let table = u32::try_from(bytes.len()).unwrap();
    bytes.extend(places.iter().flat_map(|place| place.to_le_bytes()));
    bytes[..4].copy_from_slice(if major == 1 { b"RTSS" } else { b"GMBU" });
    bytes[4..8].copy_from_slice(&[minor, major, 1, 0]);
    for (place, part) in START_PARTS.iter().enumerate() {
        bytes[8 + 2 * place..10 + 2 * place].copy_from_slice(&part.to_le_bytes());
    }
    bytes[24..28].copy_from_slice(&table.to_le_bytes());
    bytes[28..32].copy_from_slice(&u32::try_from(4 * places.len()).unwrap().to_le_bytes());
    bytes[48..52].copy_from_slice(&process_table.to_le_bytes());
    bytes[52..56].copy_from_slice(&u32::from(file.processes).to_le_bytes());
    bytes
}

fn frame(bytes: &mut Vec<u8>, (major, minor): (u8, u8), record: &Record) {
    let stored = u32::try_from(record.data.len()).unwrap();
    if major == 1 {
        let millis = u32::try_from(record.micros / 1_000).unwrap();
        bytes.extend(millis.to_le_bytes());
        bytes.extend(u16::try_from(record.original()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(stored).unwrap().to_le_bytes());
    } else {
        // Before the start it is such a number that ten times it is negative.
        let ticks = u64::from_le_bytes((record.micros * 10).to_le_bytes());
        bytes.extend(tenth(ticks).to_le_bytes());
        bytes.extend(record.original().to_le_bytes());
        bytes.extend(stored.to_le_bytes());
    }
    bytes.extend(&record.data);
    if major == 1 {
        return;
    }
    if minor >= 1 {
        bytes.extend(record.media.to_le_bytes());
    }
    if minor >= 2 {
        bytes.extend(NO_PROCESS.to_le_bytes());
    }
    if minor >= 3 {
        let filetime = EPOCH + (START + record.micros * 1_000) / 100 + record.ticks;
        bytes.extend(filetime.to_le_bytes());
        bytes.push(0xFF);
    }
}

/// A number that times ten is `ticks`, as numbers of 64 bits wrap: half of it times the inverse of
/// five.
fn tenth(ticks: u64) -> u64 {
    (ticks / 2).wrapping_mul(0xCCCC_CCCC_CCCC_CCCD)
}

/// A table of one process with one connection.
fn processes(bytes: &mut Vec<u8>) {
    let path: Vec<u8> =
        "C:\\Programs\\program.exe\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(u32::try_from(path.len()).unwrap().to_le_bytes());
    bytes.extend(path);
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(b"ico");
    bytes.extend(4_242_u32.to_le_bytes());
    for port in [50_000_u16, 0, 443, 0] {
        bytes.extend(port.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    for address in [[192, 0, 2, 7], [127, 0, 0, 1]] {
        bytes.extend(address);
        bytes.extend([0; 12]);
    }
}

/// An event as Network Monitor stores it, with so many extended items.
pub fn event(provider: &[u8], id: u16, keyword: u64, data: &[u8], items: u16) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let mut bytes = Vec::new();
    for part in [80 + length, 0, 0x40, 0] {
        bytes.extend(part.to_le_bytes());
    }
    for part in [7_u32, 4_242] {
        bytes.extend(part.to_le_bytes());
    }
    bytes.extend((EPOCH + START / 100).to_le_bytes());
    bytes.extend(provider);
    bytes.extend(id.to_le_bytes());
    bytes.extend([0, 16, 4, 0, 0, 0]);
    bytes.extend(keyword.to_le_bytes());
    bytes.extend([0; 24]);
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(items.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.push(0);
    for item in 0..items {
        bytes.extend([0, 0, 1, 0, 0, 0, 3, 0]);
        bytes.extend([u8::try_from(item).unwrap(); 3]);
    }
    bytes.extend(data);
    bytes
}
