//! What a capture tells of itself beside its frames.

use super::etw::{Found, Told};
use super::processes::{Basis, Processes};
use crate::limits::MAX_FILTER_WORDS;

/// What a capture tells of itself; of most formats nothing.
#[derive(Debug, Default)]
pub struct About {
    /// What whoever relies on the capture must know, a sentence each.
    pub remarks: Vec<String>,
    /// The build number of the Windows that captured.
    pub windows_build: Option<u32>,
    /// Events that Windows lost while it captured; `None` where nothing tells.
    pub events_lost: Option<u64>,
    /// Packets that Windows dropped: kept out, as they went nowhere; `None` where nothing tells.
    pub frames_dropped: Option<u64>,
    /// Packets that were captured once more at another component of the network stack: kept out.
    pub frames_repeated: u64,
    /// Which processes connections belong to.
    pub processes: Processes,
}

impl About {
    /// Takes what an event of that time tells of processes and of losses.
    pub(super) fn learn(&mut self, found: &Found<'_>, ts: Option<i64>) {
        match found {
            Found::Connection { local, remote, process } => {
                let ends = ((local.ip(), local.port()), (remote.ip(), remote.port()));
                self.processes.connection(ends, process.get(), ts, Basis::ConnectionEvent);
            }
            Found::Process { id, name, created, how } => {
                let since = if *how == Told::Starts { created.or(ts) } else { *created };
                self.processes.named(*id, name, since);
            }
            Found::Lost(count) => add(&mut self.events_lost, Some(*count)),
            _ => {}
        }
    }
}

/// Adds to a count what is told, if anything is.
pub(crate) fn add(count: &mut Option<u64>, told: Option<u64>) {
    if let Some(told) = told {
        *count = Some(count.unwrap_or(0).saturating_add(told));
    }
}

/// The words of a filter, whose name is whatever its author chose, fit for a sentence.
pub(super) fn shown(words: &str) -> String {
    let replaced = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    words.chars().take(MAX_FILTER_WORDS).map(replaced).collect()
}
