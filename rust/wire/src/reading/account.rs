//! Rows on their way out: counted, and told which process the client is.

use super::{Rows, Summary};
use crate::capture::{About, Basis, Processes, Transport, add};
use crate::handshake::{self, ClientProcess, Told};
use crate::limits::MAX_TOLD;
use crate::packet::{Datagram, Segment};
use crate::stream::Who;
use crate::tls::escape::escaped;

/// What is said of the whole capture, and of its rows.
#[derive(Default)]
pub(super) struct Account {
    pub(super) summary: Summary,
    pub(super) processes: Processes,
}

impl Account {
    /// Adds what a file tells of itself.
    pub(super) fn about(&mut self, about: About) {
        let About {
            remarks,
            windows_build,
            events_lost,
            frames_dropped,
            frames_repeated,
            processes,
        } = about;
        let summary = &mut self.summary;
        summary.remarks.extend(remarks);
        summary.windows_build = summary.windows_build.or(windows_build);
        add(&mut summary.events_lost, events_lost);
        add(&mut summary.frames_dropped, frames_dropped);
        summary.frames_repeated = summary.frames_repeated.saturating_add(frames_repeated);
        self.processes.extend(processes);
    }

    /// A segment that a process handed over to be sent.
    #[cold]
    pub(super) fn sent_segment(&mut self, segment: &Segment<'_>, pid: u32, ts: Option<i64>) {
        let opens = segment.flags.syn() && !segment.flags.ack();
        let basis = match segment.payload {
            _ if opens => Basis::Syn,
            // A record of handshake that begins with a ClientHello; the same in the SSL 2.0 format.
            [0x16, 3, _, _, _, 1, ..] | [0x80..=0xFF, _, 1, ..] => Basis::ClientHello,
            _ => return,
        };
        let local = (segment.source, segment.source_port);
        let remote = (segment.destination, segment.destination_port);
        self.processes.sent((local, remote), pid, ts, (basis, segment.sequence));
    }

    /// The same of a datagram: only the first one of a conversation tells.
    #[cold]
    pub(super) fn sent_datagram(&mut self, datagram: &Datagram<'_>, pid: u32, ts: Option<i64>) {
        let local = (datagram.source, datagram.source_port);
        let remote = (datagram.destination, datagram.destination_port);
        if self.processes.of(local, remote, None, Transport::Udp).is_none() {
            self.processes.connection((local, remote), pid, ts, Basis::Datagram);
        }
    }
}

/// Passes on what a conversation has to tell, and counts it.
fn tell(told: Told, told_before: &mut OfOneStream, account: &mut Account, rows: &mut impl Rows) {
    let Account { summary, processes } = account;
    match told {
        Told::Handshake(mut row) => {
            if !processes.is_empty() {
                let transport = match row.transport {
                    handshake::Transport::Tcp => Transport::Tcp,
                    _ => Transport::Udp,
                };
                let ends = (&row.client, &row.server);
                row.client_process = client_process(ends, row.ts, transport, processes);
            }
            summary.handshakes = summary.handshakes.saturating_add(1);
            if !told_before.handshake {
                told_before.handshake = true;
                summary.tls_streams = summary.tls_streams.saturating_add(1);
            }
            if row.one_sided && !told_before.one_sided {
                told_before.one_sided = true;
                summary.one_sided_streams = summary.one_sided_streams.saturating_add(1);
            }
            rows.row(Told::Handshake(row));
        }
        Told::Refusal(refused) => {
            summary.refusals = summary.refusals.saturating_add(1);
            if summary.refusals <= MAX_TOLD {
                rows.row(Told::Refusal(refused));
            }
        }
        Told::SetAside(aside) => {
            summary.set_aside = summary.set_aside.saturating_add(1);
            if summary.set_aside <= MAX_TOLD {
                rows.row(Told::SetAside(aside));
            }
        }
        // Names are told when all conversations are over.
        Told::Name(_) => {}
    }
}

/// The process on the client's end, where the capturing machine is the client.
#[cold]
fn client_process(
    (client, server): (&Who, &Who),
    ts: Option<i64>,
    transport: Transport,
    processes: &Processes,
) -> Option<Box<ClientProcess>> {
    let local = (client.ip()?, client.port()?);
    let remote = (server.ip()?, server.port()?);
    let found = processes.of(local, remote, ts, transport)?;
    let name = found.name.map(|name| escaped(name.as_bytes()));
    Some(Box::new(ClientProcess { pid: found.pid, name, basis: found.basis }))
}

/// What a conversation has told so far.
#[derive(Default)]
struct OfOneStream {
    handshake: bool,
    one_sided: bool,
}

/// Passes on what an ended conversation has to tell.
pub(super) fn told<E, R: Rows>(
    ask: impl FnOnce(E, &mut dyn FnMut(Told)),
    ended: E,
    account: &mut Account,
    rows: &mut R,
) {
    let mut before = OfOneStream::default();
    ask(ended, &mut |told| tell(told, &mut before, account, rows));
}
