//! A conversation over TCP or UDP as a list of packets with their times.

use crate::packet::{Ends, SEGMENT, flag};
use crate::random::Random;

/// Microseconds between packets that one side sends at once.
const GAP: u32 = 14;

/// A packet that is still to be sent.
#[derive(Clone, Copy)]
pub struct Planned {
    /// Microseconds after the beginning of the connection.
    pub time: u32,
    /// 0 is the client, 1 the server.
    pub from: usize,
    /// TCP flags.
    pub flags: u8,
    /// Bytes that this side has sent before, the SYN left out.
    pub sequence: u32,
    /// Bytes that the other side has sent before, the SYN left out; what is acknowledged.
    pub acknowledged: u32,
    /// The payload in what the side sends in all.
    pub start: u32,
    /// Its end.
    pub end: u32,
    /// Nothing of the hello that this side sends comes after the last packet so marked.
    pub hello: bool,
}

/// Both directions of a connection in the making.
pub struct Talk<'a> {
    /// Who talks.
    pub ends: Ends,
    /// What each side sends.
    pub sent: [Vec<u8>; 2],
    /// The packets in order.
    pub plan: Vec<Planned>,
    /// Microseconds that a packet and its answer take.
    pub round_trip: u32,
    random: &'a mut Random,
    time: u32,
    /// Who has sent a FIN, which takes a sequence number.
    finished: [bool; 2],
}

impl<'a> Talk<'a> {
    /// Nothing is said yet.
    pub fn new(ends: Ends, random: &'a mut Random) -> Self {
        let round_trip = random.between(2_000, 40_000);
        let sent = [Vec::new(), Vec::new()];
        let finished = [false; 2];
        Self { ends, sent, plan: Vec::new(), round_trip, random, time: 0, finished }
    }

    /// Random numbers.
    pub fn random(&mut self) -> &mut Random {
        self.random
    }

    /// Time passes.
    pub fn wait(&mut self, microseconds: u32) {
        self.time += microseconds;
    }

    /// SYN, SYN and ACK, ACK.
    pub fn open(&mut self) {
        self.packet(0, flag::SYN);
        self.wait(self.round_trip);
        self.packet(1, flag::SYN | flag::ACK);
        self.wait(GAP);
        self.packet(0, flag::ACK);
    }

    /// A side sends bytes, and the other acknowledges every second segment; an odd one it
    /// acknowledges by itself or by what it sends next. `hello_end` bytes of
    /// them end with the record that holds a hello; two in a hundred such sends have two segments
    /// swapped, and two in a hundred a segment sent twice.
    pub fn send(&mut self, from: usize, bytes: &[u8], hello_end: usize) {
        if bytes.is_empty() {
            return;
        }
        self.wait(self.round_trip / 2);
        let first = self.plan.len();
        for (number, segment) in bytes.chunks(SEGMENT).enumerate() {
            let start = length(&self.sent[from]);
            self.sent[from].extend_from_slice(segment);
            let last = number == (bytes.len() - 1) / SEGMENT;
            let flags = if last { flag::ACK | flag::PSH } else { flag::ACK };
            self.plan.push(Planned {
                time: self.time,
                from,
                flags,
                sequence: start,
                acknowledged: length(&self.sent[1 - from]),
                start,
                end: length(&self.sent[from]),
                hello: number * SEGMENT < hello_end,
            });
            self.time += GAP;
        }
        let segments = self.plan.len() - first;
        if hello_end > 0 {
            self.disturb(first);
        }
        let odd = usize::from(segments % 2 == 1 && self.random.permille(500));
        for _ in 0..segments / 2 + odd {
            self.time += GAP;
            self.packet(1 - from, flag::ACK);
        }
    }

    fn disturb(&mut self, first: usize) {
        let segments = u32::try_from(self.plan.len() - first).unwrap_or(1);
        if self.random.permille(20) && segments > 1 {
            let at = first + self.random.below(segments - 1) as usize;
            let times = (self.plan[at].time, self.plan[at + 1].time);
            self.plan.swap(at, at + 1);
            (self.plan[at].time, self.plan[at + 1].time) = times;
        }
        if self.random.permille(20) {
            let again = self.plan[first + self.random.below(segments) as usize];
            self.time += GAP;
            self.plan.push(Planned { time: self.time, hello: false, ..again });
        }
    }

    /// A datagram.
    pub fn datagram(&mut self, from: usize, bytes: &[u8]) {
        let start = length(&self.sent[from]);
        self.sent[from].extend_from_slice(bytes);
        self.packet(from, 0);
        if let Some(last) = self.plan.last_mut() {
            (last.start, last.end) = (start, start + length(bytes));
        }
    }

    /// The client ends it: in nine of ten cases in order, else by a reset.
    pub fn close(&mut self) {
        self.wait(self.round_trip / 2);
        if self.random.permille(100) {
            self.packet(0, flag::RST | flag::ACK);
            return;
        }
        self.packet(0, flag::FIN | flag::ACK);
        self.wait(self.round_trip);
        self.packet(1, flag::FIN | flag::ACK);
        self.wait(GAP);
        self.packet(0, flag::ACK);
    }

    /// A packet without payload.
    fn packet(&mut self, from: usize, flags: u8) {
        let (sequence, acknowledged) = (length(&self.sent[from]), length(&self.sent[1 - from]));
        self.plan.push(Planned {
            time: self.time,
            from,
            flags,
            sequence: sequence + u32::from(self.finished[from]),
            acknowledged: acknowledged + u32::from(self.finished[1 - from]),
            start: sequence,
            end: sequence,
            hello: false,
        });
        self.finished[from] |= flags & flag::FIN != 0;
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
