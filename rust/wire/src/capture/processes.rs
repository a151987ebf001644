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
}

/// An event of a connection may be written so much later than its packets, in nanoseconds.
const LATE: i64 = 2_000_000_000;

impl Processes {
    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.names.is_empty()
    }

    /// A connection belongs to a process. `ts` is when that was told, `None` where it holds for the
    /// whole capture. Process 0 is nobody.
    pub fn connection(&mut self, ends: (Place, Place), pid: u32, ts: Option<i64>, basis: Basis) {
        if pid == 0 {
            return;
        }
        let ((local, local_port), (remote, remote_port)) = ends;
        let ends = ((local.to_canonical(), local_port), (remote.to_canonical(), remote_port));
        if let Some(last) = self.connections.get_mut(&ends).and_then(|known| known.last_mut())
            && (last.pid, last.basis) == (pid, basis)
        {
            // Some captures tell it with each packet.
            last.ts = last.ts.min(ts);
        } else if self.has_room() {
            self.connections.entry(ends).or_default().push(Connection { ts, pid, basis });
        }
    }

    /// A process has a name. `started` is when it began, as far as known. Folders before the name
    /// are left away.
    pub fn named(&mut self, pid: u32, image: &str, started: Option<i64>) {
        let name = image.rsplit(['\\', '/']).next().unwrap_or_default().trim();
        if name.is_empty() {
            return;
        }
        let known = self.names.entry(pid).or_default();
        if known.iter().any(|(since, known)| *since == started && known == name) {
            return;
        }
        if self.has_room() {
            self.names.entry(pid).or_default().push((started, name.to_owned()));
        }
    }

    /// Takes over what another part of the capture told.
    pub fn extend(&mut self, other: Self) {
        for (ends, tellings) in other.connections {
            for Connection { ts, pid, basis } in tellings {
                self.connection(ends, pid, ts, basis);
            }
        }
        for (pid, names) in other.names {
            for (started, name) in names {
                self.named(pid, &name, started);
            }
        }
        self.left_out = self.left_out.saturating_add(other.left_out);
    }

    /// The process on the local end of a connection whose first packet was at `ts`. Certain beats
    /// likely; where ports were used again, what was told last before the connection counts.
    #[must_use]
    pub fn of(&self, local: Place, remote: Place, ts: Option<i64>) -> Option<Process> {
        let place = |(ip, port): Place| (ip.to_canonical(), port);
        let tellings = self.connections.get(&(place(local), place(remote)))?;
        let of_basis = |basis: Basis| {
            let mut found = tellings.iter().filter(move |telling| telling.basis == basis);
            let latest = ts.map_or(i64::MAX, |ts| ts.saturating_add(LATE));
            let before = found
                .clone()
                .filter(|telling| telling.ts.is_none_or(|at| at <= latest))
                .max_by_key(|telling| telling.ts);
            // Tables of what is open are often written at the end of a capture.
            before.or_else(|| {
                found
                    .clone()
                    .min_by_key(|telling| telling.ts)
                    .filter(|first| found.all(|telling| telling.pid == first.pid))
            })
        };
        let order = [
            Basis::ConnectionEvent,
            Basis::ProcessTable,
            Basis::Syn,
            Basis::ClientHello,
            Basis::Datagram,
        ];
        let found = order.into_iter().find_map(of_basis)?;
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
        let found = |told: &Processes, ts| told.of(LOCAL, REMOTE, Some(ts));
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
        assert_eq!(told.of(REMOTE, LOCAL, Some(100)), None);
    }

    #[test]
    fn a_later_telling_counts_only_where_it_is_the_only_one() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 10, Some(50_000_000_000), Basis::ConnectionEvent);
        assert_eq!(told.of(LOCAL, REMOTE, Some(0)).map(|process| process.pid), Some(10));
        told.connection((LOCAL, REMOTE), 11, Some(60_000_000_000), Basis::ConnectionEvent);
        assert_eq!(told.of(LOCAL, REMOTE, Some(0)), None);
    }

    #[test]
    fn nobody_is_no_process() {
        let mut told = Processes::default();
        told.connection((LOCAL, REMOTE), 0, None, Basis::Syn);
        told.named(4, r"C:\", None);
        assert!(told.is_empty());
    }
}
