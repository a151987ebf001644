//! What a tunnel carries: TLS, or another dialogue that leads to it.

use super::{Carrier, Dialogue, Said, Step, opening_inside};
use crate::limits::MAX_CARRIERS;
use crate::stream::{Origin, PerSide, Side};
use crate::tls::record;
use crate::tls::ssl2::{self, Opening};

/// The bytes that follow once a tunnel is there.
#[derive(Debug)]
pub(super) struct Payload {
    inside: Option<Box<dyn Dialogue>>,
    spoke: PerSide<bool>,
    /// Carriers around it.
    depth: usize,
}

impl Payload {
    /// The payload of a carrier that has `depth` others around it.
    pub(super) fn new(depth: usize) -> Self {
        Self { inside: None, spoke: PerSide::default(), depth: depth.saturating_add(1) }
    }

    /// Takes the bytes of a segment that lie behind its first `offset`.
    pub(super) fn data(
        &mut self,
        side: Side,
        (segment, offset): (&[u8], usize),
        origin: Origin,
        tls: &mut Vec<u8>,
    ) -> Step {
        let bytes = segment.get(offset..).unwrap_or_default();
        if bytes.is_empty() {
            return Step::Listen;
        }
        let first = !std::mem::replace(self.spoke.of_mut(side), true);
        if self.inside.is_none() {
            if first && begins_tls(bytes) {
                return Step::Tls(offset);
            }
            if first && self.depth < MAX_CARRIERS {
                self.inside = opening_inside(side, bytes, self.depth);
            }
        }
        let Some(inside) = &mut self.inside else { return Step::Listen };
        match inside.data(side, bytes, origin, tls) {
            Step::Tls(at) => Step::Tls(at.saturating_add(offset)),
            Step::Leave => {
                self.inside = None;
                Step::Listen
            }
            step => step,
        }
    }

    /// What is inside, where it leads to TLS.
    pub(super) fn carrier(&self) -> Option<Carrier> {
        let carrier = self.inside.as_ref()?.carrier();
        (carrier != Carrier::Other).then_some(carrier)
    }

    /// The name that what is inside gives.
    pub(super) fn target(&self) -> Option<&str> {
        self.inside.as_ref()?.target()
    }

    /// What the client said inside.
    pub(super) fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.inside.as_ref()?.asked()
    }

    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        self.inside.as_ref().map_or(0, |inside| inside.buffered())
    }
}

fn begins_tls(bytes: &[u8]) -> bool {
    record::can_begin(bytes) || matches!(ssl2::opening(bytes), Opening::ClientHello(_))
}
