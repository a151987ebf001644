//! OpenVPN over TCP: every packet behind its length.

use super::openvpn::{self, Control, Digest};
use super::ordered::{Next, Ordered};
use super::{Carrier, Dialogue, Step};
use crate::cursor::Cursor;
use crate::stream::{Origin, PerSide, Side};

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    /// A packet of which not all is there yet, its length before it.
    begun: Vec<u8>,
    /// Session and keys, and the packets under them.
    current: Option<([u8; 8], u8, Ordered)>,
}

/// The packets of one connection.
#[derive(Debug)]
pub(super) struct OpenVpn {
    digest: Digest,
    lanes: PerSide<Lane>,
}

/// A connection that begins with this packet.
pub(super) fn opening(bytes: &[u8]) -> Option<Box<dyn Dialogue>> {
    let mut cursor = Cursor::new(bytes);
    let length = usize::from(cursor.u16()?);
    let digest = openvpn::opening(cursor.take(length)?)?;
    Some(Box::new(OpenVpn { digest, lanes: PerSide::default() }))
}

impl Dialogue for OpenVpn {
    fn data(&mut self, side: Side, bytes: &[u8], _origin: Origin, tls: &mut Vec<u8>) -> Step {
        let lane = self.lanes.of_mut(side);
        lane.begun.extend_from_slice(bytes);
        let mut cursor = Cursor::new(&lane.begun);
        let mut read = 0_usize;
        while let Some(length) = cursor.u16().map(usize::from) {
            let Some(packet) = cursor.take(length) else { break };
            if !openvpn::is_packet(packet) {
                return Step::Leave;
            }
            read = read.saturating_add(length).saturating_add(2);
            if let Some(control) = openvpn::control(packet, self.digest) {
                add(&mut lane.current, &control, tls);
            }
        }
        lane.begun.drain(..read);
        Step::Wrapped
    }

    fn carrier(&self) -> Carrier {
        Carrier::OpenVpn
    }

    fn buffered(&self) -> usize {
        Side::BOTH.iter().fold(size_of::<Self>(), |sum, &side| {
            let lane = self.lanes.of(side);
            let current = lane.current.as_ref().map_or(0, |(.., ordered)| ordered.buffered());
            sum.saturating_add(lane.begun.capacity()).saturating_add(current)
        })
    }
}

fn add(current: &mut Option<([u8; 8], u8, Ordered)>, control: &Control<'_>, tls: &mut Vec<u8>) {
    let is_current =
        |lane: &([u8; 8], u8, Ordered)| (lane.0, lane.1) == (control.session, control.key);
    if !current.as_ref().is_some_and(is_current) {
        if !control.resets && control.number != 1 {
            return; // Of keys that are no longer, or whose beginning was not captured.
        }
        let first = u32::from(!control.resets);
        *current = Some((control.session, control.key, Ordered::new(first)));
    }
    let Some((.., ordered)) = current else { return };
    ordered.add(control.number, control.payload, Origin::default());
    while let Some(next) = ordered.pop() {
        if let Next::Bytes(bytes, _) = next {
            tls.extend_from_slice(&bytes);
        }
    }
}
