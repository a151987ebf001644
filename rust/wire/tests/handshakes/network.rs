//! Makes captures: Ethernet, IPv4, TCP in a pcap file held in memory.

use tlsaudit_wire::handshake::{Handshake, Refused, SetAside, Told};
use tlsaudit_wire::reading::{Rows, Summary, read_capture};

pub const CLIENT: u16 = 50_000;
pub const SERVER: u16 = 443;
pub const SYN: u8 = 0x02;
pub const FIN: u8 = 0x01;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// A packet to be: who sends what.
#[derive(Clone, Debug)]
pub struct Packet {
    pub from_client: bool,
    pub flags: u8,
    /// Sequence number relative to the sender's first byte.
    pub at: u32,
    pub payload: Vec<u8>,
    /// Bytes of payload that the snap length cut off.
    pub cut: usize,
}

/// A connection whose sequence numbers begin where they wrap soon.
#[derive(Clone, Debug)]
pub struct Connection {
    pub client_start: u32,
    pub server_start: u32,
    pub packets: Vec<Packet>,
    sent: [u32; 2],
}

impl Connection {
    /// With the three packets that open it.
    pub fn opened() -> Self {
        let mut connection = Self::without_opening();
        let syn = |from_client, flags| Packet {
            from_client,
            flags,
            at: u32::MAX, // one before the first byte
            payload: Vec::new(),
            cut: 0,
        };
        connection.packets = vec![syn(true, SYN), syn(false, SYN | ACK)];
        connection.control(true, ACK);
        connection
    }

    pub fn without_opening() -> Self {
        Self {
            client_start: u32::MAX - 40,
            server_start: 1_000_000,
            packets: Vec::new(),
            sent: [0, 0],
        }
    }

    /// Sends bytes in one segment.
    pub fn send(&mut self, from_client: bool, payload: &[u8]) -> &mut Self {
        let sent = &mut self.sent[usize::from(from_client)];
        let at = *sent;
        *sent += u32::try_from(payload.len()).unwrap();
        self.packets.push(Packet {
            from_client,
            flags: ACK,
            at,
            payload: payload.to_vec(),
            cut: 0,
        });
        self
    }

    /// Sends bytes that the capture misses.
    pub fn lose(&mut self, from_client: bool, count: u32) -> &mut Self {
        self.sent[usize::from(from_client)] += count;
        self
    }

    /// Sends a packet without payload.
    pub fn control(&mut self, from_client: bool, flags: u8) -> &mut Self {
        let at = self.sent[usize::from(from_client)];
        self.packets.push(Packet { from_client, flags, at, payload: Vec::new(), cut: 0 });
        self
    }

    /// The capture as a pcap file.
    pub fn pcap(&self) -> Vec<u8> {
        pcap(self.packets.iter().map(|packet| self.frame(packet)))
    }

    /// The rows that it gives.
    pub fn rows(&self) -> Vec<Handshake> {
        rows(&self.pcap())
    }

    /// The one row that it gives.
    pub fn row(&self) -> Handshake {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "{rows:#?}");
        rows.remove(0)
    }

    fn frame(&self, packet: &Packet) -> (Vec<u8>, usize) {
        let (from, to, start, other) = if packet.from_client {
            (CLIENT, SERVER, self.client_start, self.server_start)
        } else {
            (SERVER, CLIENT, self.server_start, self.client_start)
        };
        let (source, destination) = if packet.from_client {
            ([10, 0, 0, 9], [10, 0, 0, 1])
        } else {
            ([10, 0, 0, 1], [10, 0, 0, 9])
        };
        let mut frame = vec![2, 0, 0, 0, 0, destination[3], 2, 0, 0, 0, 0, source[3], 8, 0];
        let total = u16::try_from(40 + packet.payload.len()).unwrap();
        frame.extend([0x45, 0]);
        frame.extend(total.to_be_bytes());
        frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(source);
        frame.extend(destination);
        frame.extend(from.to_be_bytes());
        frame.extend(to.to_be_bytes());
        frame.extend(start.wrapping_add(packet.at).to_be_bytes());
        let acknowledgement = if packet.flags & ACK == 0 { 0 } else { other };
        frame.extend(acknowledgement.to_be_bytes());
        frame.extend([0x50, packet.flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        frame.extend(&packet.payload);
        let length = frame.len();
        frame.truncate(length - packet.cut);
        (frame, length)
    }
}

/// A little-endian microsecond pcap of Ethernet frames, each with its length on the wire.
pub fn pcap(frames: impl Iterator<Item = (Vec<u8>, usize)>) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 262_144, 1_u32] {
        file.extend(word.to_le_bytes());
    }
    for (n, (frame, length)) in frames.enumerate() {
        let captured = u32::try_from(frame.len()).unwrap();
        let length = u32::try_from(length).unwrap();
        for word in [1_700_000_000, u32::try_from(n).unwrap(), captured, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

#[derive(Default)]
pub struct Collected {
    pub rows: Vec<Handshake>,
    pub refusals: Vec<Refused>,
    pub set_aside: Vec<SetAside>,
}

impl Rows for Collected {
    fn row(&mut self, row: Told) {
        match row {
            Told::Handshake(row) => self.rows.push(*row),
            Told::Refusal(row) => self.refusals.push(*row),
            Told::SetAside(row) => self.set_aside.push(*row),
            Told::Name(row) => panic!("nobody asked for names: {row:?}"),
        }
    }
}

/// Everything that a capture has to tell; it must be readable to its end.
pub fn told(file: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let summary = read_capture(file, &mut collected);
    assert!(summary.error.is_none(), "{:?}", summary.error);
    collected
}

/// The rows of a capture and what became of it.
pub fn read(file: &[u8]) -> (Vec<Handshake>, Summary) {
    let mut collected = Collected::default();
    let summary = read_capture(file, &mut collected);
    (collected.rows, summary)
}

/// The rows of a capture that must be readable to its end.
pub fn rows(file: &[u8]) -> Vec<Handshake> {
    let (rows, summary) = read(file);
    assert!(summary.error.is_none(), "{:?}", summary.error);
    rows
}
