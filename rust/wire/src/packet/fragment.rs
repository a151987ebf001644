//! IP fragments to whole datagrams, in bounded memory.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::Layer;
use super::ip::Datagram;
use crate::limits::{MAX_FRAGMENT_BYTES, MAX_FRAGMENTED_DATAGRAMS, MAX_FRAGMENTS, MAX_IP_PAYLOAD};

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    pub identification: u32,
    pub offset: usize,
    pub more: bool,
}

/// The packet that a fragment is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceOf {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
}

impl PieceOf {
    pub(super) fn of(datagram: &Datagram<'_>, fragment: Fragment) -> Self {
        Self {
            source: datagram.source,
            destination: datagram.destination,
            identification: fragment.identification,
        }
    }
}

#[derive(Debug)]
struct Partial {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// The upper protocol, as the first fragment names it (in IPv6 only that one can).
    protocol: u8,
    total: Option<usize>,
    parts: Vec<(usize, Vec<u8>)>,
    /// Bytes in the parts.
    bytes: usize,
}

/// Fragments of datagrams that are not whole yet. The oldest datagram gives way when there are
/// too many: its bytes are then missing from their stream, and the row shows that.
#[derive(Debug, Default)]
pub struct Fragments {
    waiting: VecDeque<Partial>,
    /// Datagrams given up to bound memory.
    pub dropped: u64,
}

impl Fragments {
    /// Adds a fragment; gives the whole datagram when it was the last one missing. Its bytes are
    /// then in `scratch`.
    pub(super) fn add<'a>(
        &mut self,
        datagram: &Datagram<'_>,
        fragment: Fragment,
        scratch: &'a mut Vec<u8>,
    ) -> Option<Datagram<'a>> {
        let layer = datagram.payload;
        let end = fragment.offset.checked_add(layer.bytes.len())?;
        // A fragment cut by the snap length can't complete anything.
        if layer.bytes.len() < layer.sent || end > MAX_IP_PAYLOAD || layer.bytes.is_empty() {
            return None;
        }
        let known = self.waiting.iter().position(|partial| {
            partial.identification == fragment.identification
                && partial.source == datagram.source
                && partial.destination == datagram.destination
        });
        let mut partial = known.and_then(|at| self.waiting.remove(at)).unwrap_or(Partial {
            source: datagram.source,
            destination: datagram.destination,
            identification: fragment.identification,
            protocol: datagram.protocol,
            total: None,
            parts: Vec::new(),
            bytes: 0,
        });
        if fragment.offset == 0 {
            partial.protocol = datagram.protocol;
        }
        if !fragment.more {
            partial.total = Some(end);
        }
        partial.bytes = partial.bytes.saturating_add(layer.bytes.len());
        if partial.parts.len() >= MAX_FRAGMENTS || partial.bytes > MAX_FRAGMENT_BYTES {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        let at = partial.parts.partition_point(|(offset, _)| *offset <= fragment.offset);
        partial.parts.insert(at, (fragment.offset, layer.bytes.to_vec()));
        if assemble(&partial, scratch) {
            return Some(Datagram {
                source: partial.source,
                destination: partial.destination,
                protocol: partial.protocol,
                payload: Layer { bytes: scratch, sent: scratch.len() },
                fragment: None,
            });
        }
        if self.waiting.len() >= MAX_FRAGMENTED_DATAGRAMS {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back(partial);
        None
    }
}

/// Puts the parts together; false when some are missing. Where parts overlap the first to have
/// come is not known any more: the lower offset wins, as in most hosts.
fn assemble(partial: &Partial, scratch: &mut Vec<u8>) -> bool {
    let Some(total) = partial.total else { return false };
    // Nothing is copied before it is known that nothing is missing.
    let mut end = 0;
    for (offset, bytes) in &partial.parts {
        if *offset > end {
            return false;
        }
        end = end.max(offset.saturating_add(bytes.len()));
    }
    if end < total {
        return false;
    }
    scratch.clear();
    for (offset, bytes) in &partial.parts {
        let Some(overlap) = scratch.len().checked_sub(*offset) else { return false };
        if let Some((_, fresh)) = bytes.split_at_checked(overlap) {
            scratch.extend_from_slice(fresh);
        }
    }
    scratch.truncate(total);
    scratch.len() == total
}
