//! Which program of the capturing machine a connection belongs to, as far as a capture tells.

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::limits::MAX_PROCESS_FACTS;

/// An address and a port.
pub type Place = (IpAddr, u16);

/// What says that a connection belongs to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// An event of the network stack that names both: certain.
    ConnectionEvent,
    /// The table of processes that the capturing program kept: certain.
    ProcessTable,
    /// Its SYN was handed over by a thread of that process: likely.
    Syn,
    /// The same of the segment in which its ClientHello begins.
    ClientHello,
    /// The same of its first datagram.
    Datagram,
}

impl Basis {
    /// The name that tables use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionEvent => "connection-event",
            Self::ProcessTable => "process-table",
            Self::Syn => "syn",
            Self::ClientHello => "client-hello",
            Self::Datagram => "datagram",
        }
    }
}

/// The process that a connection belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The file name of its program, without the folders, as the capture has it: hostile text.
    pub name: Option<String>,
    /// What says so.
    pub basis: Basis,
}

/// All that a capture tells of processes.
#[derive(Debug, Default)]
pub struct Processes {
    /// By the local and the remote end.
    connections: HashMap<(Place, Place), Vec<Connection>>,
    /// By number, as one may name several processes one after the other.
    names: HashMap<u32, Vec<(Option<i64>, String)>>,
    facts: usize,
    /// Facts that were left out to bound memory.
    pub left_out: u64,
}

/// One telling of a connection's process.
#[derive(Clone, Copy, Debug)]
struct Connection {
    ts: Option<i64>,
    pid: u32,
    basis: Basis,
    /// Of a segment: its sequence number.
    sequence: Option<u32>,
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// An event of a connection may be written so much later than its packets, in nanoseconds.
const LATE: i64 = 2_000_000_000;

/// Tellings of one connection, and names of one process number: more are no use of ports again.
const MAX_TELLINGS: usize = 64;

/// The telling on this basis that holds for a connection whose first packet was at `ts`.
fn told_of(tellings: &[Connection], basis: Basis, ts: Option<i64>) -> Option<&Connection> {
    let mut found = tellings.iter().filter(move |telling| telling.basis == basis);
    let latest_by = |latest: i64| {
        let before = found.clone().filter(move |telling| telling.ts.is_none_or(|at| at <= latest));
        before.max_by_key(|telling| telling.ts)
    };
    let Some(ts) = ts else { return latest_by(i64::MAX) };
    let before = latest_by(ts);
    if before.is_some() || basis != Basis::ConnectionEvent {
        return before;
    }
    // Events are written a little later than the packets that they are of, and tables of what is
    // open often at the end of a capture.
    let first = found.clone().min_by_key(|telling| telling.ts)?;
    let is_soon = first.ts.is_none_or(|at| at <= ts.saturating_add(LATE));
    (is_soon || found.all(|telling| telling.pid == first.pid)).then_some(first)
}

impl Processes {
    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.names.is_empty()
    }

    /// A connection belongs to a process. `ts` is when that was told, `None` where it holds for the
    /// whole capture. Process 0 is nobody.
    pub fn connection(&mut self, ends: (Place, Place), pid: u32, ts: Option<i64>, basis: Basis) {
        self.tell(ends, Connection { ts, pid, basis, sequence: None });
    }

    /// A process handed over a segment to be sent. Sent again, the same segment tells nothing more:
    /// whoever runs when a timer fires has nothing to do with it.
    pub fn sent(
        &mut self,
        ends: (Place, Place),
        pid: u32,
        ts: Option<i64>,
        (basis, sequence): (Basis, u32),
    ) {
        self.tell(ends, Connection { ts, pid, basis, sequence: Some(sequence) });
    }

    fn tell(&mut self, ends: (Place, Place), telling: Connection) {
        if telling.pid == 0 {
            return;
        }
        let ((local, local_port), (remote, remote_port)) = ends;
        let ends = ((local.to_canonical(), local_port), (remote.to_canonical(), remote_port));
        if let Some(known) = self.connections.get_mut(&ends) {
            let Connection { pid, basis, sequence, .. } = telling;
            if sequence.is_some()
                && known.iter().any(|one| (one.basis, one.sequence) == (basis, sequence))
            {
                return;
            }
            if let Some(last) = known.last_mut()
                && (last.pid, last.basis, last.sequence) == (pid, basis, sequence)
            {
                // Some captures tell it with each packet.
                last.ts = last.ts.min(telling.ts);
                return;
            }
            if known.len() >= MAX_TELLINGS {
                self.left_out = self.left_out.saturating_add(1);
                return;
            }
        }
        if self.has_room() {
            self.connections.entry(ends).or_default().push(telling);
        }
    }

    /// A process has a name. `started` is when it began, as far as known: of two that are not, and
    /// of one at the end of the capture, the first counts. Folders before the name are left away.
    pub fn named(&mut self, pid: u32, image: &str, started: Option<i64>) {
        let name = image.rsplit(['\\', '/']).next().unwrap_or_default().trim();
        if name.is_empty() {
            return;
        }
        if let Some(known) = self.names.get(&pid) {
            let is_known = known.iter().any(|(since, known)| {
                (*since == started && known == name)
                    || (started.is_none() && (since.is_none() || known == name))
            });
            if is_known {
                return;
            }
            if known.len() >= MAX_TELLINGS {
                self.left_out = self.left_out.saturating_add(1);
                return;
            }
        }
        if self.has_room() {
            self.names.entry(pid).or_default().push((started, name.to_owned()));
        }
    }

    /// Takes over what another part of the capture told.
    pub fn extend(&mut self, other: Self) {
        for (ends, tellings) in other.connections {
            for telling in tellings {
                self.tell(ends, telling);
            }
        }
        for (pid, names) in other.names {
            for (started, name) in names {
                self.named(pid, &name, started);
            }
        }
        self.left_out = self.left_out.saturating_add(other.left_out);
    }

    /// The process on the local end of a connection whose first packet was at `ts`, by what is told
    /// of its transport. Certain beats likely; where ports were used again, what was told last
    /// before the connection counts.
    #[must_use]
    pub fn of(
        &self,
        local: Place,
        remote: Place,
        ts: Option<i64>,
        transport: Transport,
    ) -> Option<Process> {
        let place = |(ip, port): Place| (ip.to_canonical(), port);
        let tellings = self.connections.get(&(place(local), place(remote)))?;
        let order: &[Basis] = match transport {
            Transport::Tcp => {
                &[Basis::ConnectionEvent, Basis::ProcessTable, Basis::Syn, Basis::ClientHello]
            }
            Transport::Udp => &[Basis::ProcessTable, Basis::Datagram],
        };
        let found = order.iter().find_map(|basis| told_of(tellings, *basis, ts))?;
        Some(Process {
            pid: found.pid,
            name: self.name(found.pid, ts).map(str::to_owned),
            basis: found.basis,
        })
    }

    /// What the process of that number was called at that time.
    #[must_use]
    pub fn name(&self, pid: u32, ts: Option<i64>) -> Option<&str> {
        let names = self.names.get(&pid)?;
        let latest = ts.unwrap_or(i64::MAX);
        let before = names
            .iter()
            .filter(|(started, _)| started.is_none_or(|at| at <= latest))
            .max_by_key(|(started, _)| *started);
        before.map(|(_, name)| name.as_str())
    }

    /// Counts a fact, if there is room for one more.
    fn has_room(&mut self) -> bool {
        if self.facts >= MAX_PROCESS_FACTS {
            self.left_out = self.left_out.saturating_add(1);
            return false;
        }
        self.facts = self.facts.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: Place = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 50_000);
    const REMOTE: Place = (IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 443);

    #[test]
    fn certain_beats_likely_and_the_latest_before_counts() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 10, Some(0), Basis::Syn);
        told.connection((LOCAL, REMOTE), 20, Some(9_000_000_000), Basis::Syn);
        told.named(10, r"\Device\HarddiskVolume2\Programs\old.exe", None);
        told.named(20, "new.exe", Some(8_000_000_000));
        let found = |told: &Processes, ts| told.of(LOCAL, REMOTE, Some(ts), Transport::Tcp);
        let old = found(&told, 100);
        assert_eq!(old.as_ref().map(|process| process.pid), Some(10));
        assert_eq!(old.and_then(|process| process.name).as_deref(), Some("old.exe"));
        let new = found(&told, 9_500_000_000);
        assert_eq!(new.and_then(|process| process.name).as_deref(), Some("new.exe"));
        told.connection((LOCAL, REMOTE), 30, Some(9_100_000_000), Basis::ConnectionEvent);
        let certain = found(&told, 9_500_000_000);
        assert_eq!(
            certain.map(|process| (process.pid, process.basis)),
            Some((30, Basis::ConnectionEvent))
        );
        assert_eq!(told.of(REMOTE, LOCAL, Some(100), Transport::Tcp), None);
    }

    #[test]
    fn a_later_telling_counts_only_where_it_is_the_only_one() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 10, Some(50_000_000_000), Basis::ConnectionEvent);
        assert_eq!(
            told.of(LOCAL, REMOTE, Some(0), Transport::Tcp).map(|process| process.pid),
            Some(10)
        );
        told.connection((LOCAL, REMOTE), 11, Some(60_000_000_000), Basis::ConnectionEvent);
        assert_eq!(told.of(LOCAL, REMOTE, Some(0), Transport::Tcp), None);
    }

    #[test]
    fn nobody_is_no_process() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 0, None, Basis::Syn);
        told.named(4, r"C:\", None);
        assert!(told.is_empty());
    }

    #[test]
    fn what_is_told_later_is_of_the_next_connection() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 100, Some(0), Basis::ConnectionEvent);
        told.connection((LOCAL, REMOTE), 200, Some(1_500_000_000), Basis::ConnectionEvent);
        let pid = |told: &Processes, ts| {
            told.of(LOCAL, REMOTE, Some(ts), Transport::Tcp).map(|process| process.pid)
        };
        assert_eq!((pid(&told, 10), pid(&told, 1_600_000_000)), (Some(100), Some(200)));
        assert_eq!(told.of(LOCAL, REMOTE, Some(10), Transport::Udp), None);
    }

    #[test]
    fn a_segment_that_is_sent_again_tells_nothing_more() {
        let mut told = Processes::default();
        told.sent((LOCAL, REMOTE), 100, Some(0), (Basis::Syn, 7));
        told.sent((LOCAL, REMOTE), 4, Some(1_000_000_000), (Basis::Syn, 7));
        let found = told.of(LOCAL, REMOTE, Some(2_000_000_000), Transport::Tcp);
        assert_eq!(found.map(|process| process.pid), Some(100));
    }

    #[test]
    fn names_at_the_end_of_a_capture_do_not_replace_those_of_before() {
        let mut told = Processes::default();
        told.named(5, "old.exe", None);
        told.named(5, "new.exe", Some(1_000));
        told.named(5, "new.exe", None);
        assert_eq!(
            (told.name(5, Some(10)), told.name(5, Some(2_000))),
            (Some("old.exe"), Some("new.exe"))
        );
        for n in 0..1_000 {
            told.named(6, "again.exe", Some(i64::from(n)));
            told.connection((LOCAL, REMOTE), 1 + n % 2, Some(0), Basis::Datagram);
        }
        assert!(told.left_out > 1_000);
    }
}
