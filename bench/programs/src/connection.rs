//! A connection whose packets wait to be written.

use std::io;

use crate::capture_file::CaptureFile;
use crate::packet::{self, Ends, Header, flag};
use crate::random::Random;
use crate::talk::{Planned, Talk};
use crate::truth::Expected;

/// A connection in progress.
pub struct Connection {
    ends: Ends,
    sent: [Vec<u8>; 2],
    plan: Vec<Planned>,
    next: usize,
    /// Microseconds since the beginning of the capture.
    begins: u64,
    first_sequence: [u32; 2],
    is_tcp: bool,
    /// Its number among TCP connections, once a packet was written.
    stream: Option<u32>,
    /// Where the hellos were completed: the client's, the server's.
    hello_frames: [u64; 2],
    expected: Option<Expected>,
}

impl Connection {
    /// What was planned, to be written from `begins` on.
    pub fn new(talk: Talk<'_>, begins: u64, is_tcp: bool, expected: Option<Expected>) -> Self {
        let Talk { ends, sent, plan, .. } = talk;
        let mut random = Random::new(begins ^ u64::from(ends.ports[0]) << 40);
        let first_sequence =
            std::array::from_fn(|_| u32::try_from(random.bits() >> 32).unwrap_or(0));
        Self {
            ends,
            sent,
            plan,
            next: 0,
            begins,
            first_sequence,
            is_tcp,
            stream: None,
            hello_frames: [0; 2],
            expected,
        }
    }

    /// Leaves out the first packets: the capture begins in the midst of it.
    pub fn skip(&mut self, packets: usize) {
        self.next = packets.min(self.plan.len());
        self.expected = None;
    }

    /// When its next packet is due; `None` when it is over.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        self.plan.get(self.next).map(|packet| self.begins + u64::from(packet.time))
    }

    /// Writes the next packet. `streams` counts TCP connections.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&mut self, file: &mut CaptureFile, streams: &mut u32) -> io::Result<()> {
        let Some(&planned) = self.plan.get(self.next) else { return Ok(()) };
        self.next += 1;
        if self.is_tcp && self.stream.is_none() {
            self.stream = Some(*streams);
            *streams += 1;
        }
        let from = planned.from;
        let after_syn = u32::from(planned.flags & flag::SYN == 0);
        let acknowledges = planned.flags & flag::ACK != 0;
        let sequence = planned.sequence.wrapping_add(after_syn);
        let acknowledged = planned.acknowledged.wrapping_add(1);
        let time = self.begins + u64::from(planned.time);
        let header = Header {
            from,
            sequence: self.first_sequence[from].wrapping_add(sequence),
            acknowledgement: if acknowledges {
                self.first_sequence[1 - from].wrapping_add(acknowledged)
            } else {
                0
            },
            flags: planned.flags,
            clock: u32::try_from(time / 1_000 % (1 << 32)).unwrap_or(0).wrapping_add(0x1234_5678),
            identification: u16::try_from(self.next + 77 * from).unwrap_or(0),
        };
        let payload = &self.sent[from][planned.start as usize..planned.end as usize];
        file.write(time, |out| {
            if self.is_tcp {
                packet::tcp(&self.ends, &header, payload, out);
            } else {
                packet::udp(&self.ends, &header, payload, out);
            }
        })?;
        if planned.hello {
            self.hello_frames[from] = file.frames;
        }
        Ok(())
    }

    /// What must be found of it, once it is over.
    #[must_use]
    pub fn truth(&self) -> Option<String> {
        let expected = self.expected.as_ref()?;
        Some(expected.line(self.stream?, &self.ends, self.hello_frames))
    }
}
