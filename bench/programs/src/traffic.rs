//! The mix of traffic, and its packets in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use crate::capture_file::CaptureFile;
use crate::connection::Connection;
use crate::other_traffic::{self, Kind};
use crate::packet::{Ends, client_ip, server_ip};
use crate::random::Random;
use crate::talk::Talk;
use crate::template::Template;
use crate::{tls, truth};

/// How many packets a TLS connection of the bulk capture has.
const BULK_PACKETS: (u32, u32) = (60, 100);
/// Bytes of TLS to one of other traffic in the bulk capture.
const TLS_TO_OTHER: u64 = 4;
const SERVERS: u32 = 3_000;
const CLIENTS: u32 = 4_000;
const OTHER_PORTS: [u16; 7] = [8_443, 993, 995, 465, 636, 9_443, 10_443];

/// Which capture is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Long connections, with other traffic among them.
    Bulk,
    /// Little more than handshakes.
    Dense,
}

/// Makes a capture of one shape.
pub struct Traffic {
    shape: Shape,
    templates: Vec<Template>,
    random: Random,
    /// For each client how many connections it has made: their ports differ.
    made: Vec<u16>,
    /// Bytes planned: TLS, other.
    planned: [u64; 2],
}

impl Traffic {
    /// The same seed makes the same capture.
    #[must_use]
    pub fn new(shape: Shape, templates: Vec<Template>, seed: u64) -> Self {
        let made = vec![0; CLIENTS as usize];
        Self { shape, templates, random: Random::new(seed), made, planned: [0; 2] }
    }

    /// Writes packets until the file has about `bytes`, and what must be found to `truth`.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(
        &mut self,
        bytes: u64,
        file: &mut CaptureFile,
        truth: &mut impl Write,
    ) -> io::Result<()> {
        truth.write_all(truth::HEADER.as_bytes())?;
        // Connections by their numbers; numbers are used again, so that memory stays small.
        let mut open: Vec<Option<Connection>> = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut queue: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut next_begins = 0;
        let mut streams = 0;
        loop {
            let due = queue.peek().map(|Reverse((time, _))| *time);
            let wanted = self.planned.iter().sum::<u64>() < bytes;
            if wanted && due.is_none_or(|due| next_begins <= due) {
                let connection = self.connection(next_begins);
                let place = free.pop().unwrap_or(open.len());
                if place == open.len() {
                    open.push(None);
                }
                if let Some(due) = connection.due() {
                    queue.push(Reverse((due, place)));
                }
                open[place] = Some(connection);
                next_begins += u64::from(self.pause());
                continue;
            }
            let Some(Reverse((_, place))) = queue.pop() else { return Ok(()) };
            let Some(connection) = &mut open[place] else { continue };
            connection.write(file, &mut streams)?;
            if let Some(due) = connection.due() {
                queue.push(Reverse((due, place)));
            } else {
                truth.write_all(connection.truth().unwrap_or_default().as_bytes())?;
                open[place] = None;
                free.push(place);
            }
        }
    }

    /// Microseconds to the next connection: some hundred are open at a time.
    fn pause(&mut self) -> u32 {
        let mean = if self.shape == Shape::Bulk { 2_500 } else { 300 };
        self.random.below(2 * mean)
    }

    fn connection(&mut self, begins: u64) -> Connection {
        let [tls, other] = self.planned;
        let is_other = self.shape == Shape::Bulk && other * TLS_TO_OTHER < tls;
        let server = self.random.below(SERVERS);
        let ends = self.ends(server);
        let mut random = Random::new(self.random.bits());
        if is_other {
            let kind = Kind::any(&mut random);
            let ends = other_traffic::ends(kind, ends, &mut random);
            let mut talk = Talk::new(ends, &mut random);
            kind.plan(&mut talk);
            self.planned[1] += size(&talk);
            Connection::new(talk, begins, kind.is_tcp(), None)
        } else {
            self.tls(ends, server, begins, &mut random)
        }
    }

    fn tls(&mut self, ends: Ends, server: u32, begins: u64, random: &mut Random) -> Connection {
        let starts_late = self.shape == Shape::Bulk && random.permille(10);
        let wanted = random.between(BULK_PACKETS.0, BULK_PACKETS.1) as usize;
        let chosen = self.template(random);
        let template = &self.templates[chosen];
        let mut talk = Talk::new(ends, random);
        let expected = tls::handshake(&mut talk, template, server);
        let handshake = talk.plan.len();
        if self.shape == Shape::Dense {
            tls::exchange(&mut talk, template.version, 450);
        } else {
            while talk.plan.len() + 3 < wanted {
                let room = u32::try_from(wanted - talk.plan.len()).unwrap_or(1);
                tls::exchange(&mut talk, template.version, (room * 1_000).clamp(2_000, 40_000));
            }
        }
        talk.close();
        self.planned[0] += size(&talk);
        let mut connection = Connection::new(talk, begins, true, Some(expected));
        if starts_late {
            connection.skip(handshake + 1);
        }
        connection
    }

    /// The number of a template: versions, Triple DES, resumption and long hellos in their shares.
    fn template(&mut self, random: &mut Random) -> usize {
        let version = match random.below(1_000) {
            0..66 => 0x0301,
            66..106 => 0x0302,
            106..516 => 0x0303,
            _ => 0x0304,
        };
        // 1.9 % of all, which only versions below 1.3 have.
        let triple_des = version < 0x0304 && random.permille(37);
        let large = version == 0x0304 && random.permille(400);
        let resumed = random.permille(400);
        let fits: Vec<usize> = (0..self.templates.len())
            .filter(|&n| {
                let template = &self.templates[n];
                template.version == version
                    && template.triple_des == triple_des
                    && template.resumed == resumed
                    && template.is_large() == large
            })
            .collect();
        *random.of(&fits)
    }

    fn ends(&mut self, server: u32) -> Ends {
        let client = self.random.below(CLIENTS);
        let v6 = self.random.permille(100);
        let made = &mut self.made[client as usize];
        *made = (*made + 1) % 28_000;
        let client_port = 32_768 + *made;
        let server_port =
            if self.random.permille(150) { *self.random.of(&OTHER_PORTS) } else { 443 };
        Ends {
            ips: [client_ip(client, v6), server_ip(server, v6)],
            ports: [client_port, server_port],
        }
    }
}

/// About what the connection takes in the file.
fn size(talk: &Talk<'_>) -> u64 {
    let payload: u64 = talk.sent.iter().map(|bytes| bytes.len() as u64).sum();
    payload + 84 * talk.plan.len() as u64
}
