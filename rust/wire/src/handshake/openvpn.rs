//! OpenVPN over UDP: TLS in the numbered packets of its control channel.

use super::Transport;
use super::exchange::{Opening, Reader};
use super::numbered::Numbered;
use super::transcript::Transcript;
use crate::carrier::Carrier;
use crate::carrier::openvpn::{self, Digest};
use crate::stream::{Missing, Origin, PerSide, Side};

/// The keys that one direction agrees on.
#[derive(Debug)]
struct Lane {
    session: [u8; 8],
    key: u8,
    numbered: Numbered,
}

#[derive(Debug)]
struct OpenVpnReader {
    digest: Digest,
    lanes: PerSide<Option<Lane>>,
}

/// Whether a datagram begins a connection of OpenVPN whose TLS can be seen.
pub(super) fn opens_with(payload: &[u8]) -> Option<Opening> {
    let digest = openvpn::opening(payload)?;
    let reader = OpenVpnReader { digest, lanes: PerSide::default() };
    Some(Opening { transport: Transport::Udp, carrier: Carrier::OpenVpn, reader: Box::new(reader) })
}

impl Reader for OpenVpnReader {
    fn datagram(
        &mut self,
        side: Side,
        payload: &[u8],
        _length: u32,
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        let Some(control) = openvpn::control(payload, self.digest) else {
            if openvpn::is_packet(payload) {
                transcript.count(side, u32::try_from(payload.len()).unwrap_or(u32::MAX));
            }
            return;
        };
        let lane = self.lanes.of_mut(side);
        let is_new = lane.as_ref().is_none_or(|lane| {
            (lane.session, lane.key) != (control.session, control.key)
                && (control.resets || control.number == 1)
        });
        if is_new {
            if let Some(mut old) = lane.take() {
                old.numbered.end(side, Missing::Lost, transcript);
            }
            // The reset is number 0; it may not have been captured.
            let first = u32::from(!control.resets);
            let numbered = Numbered::new(first);
            *lane = Some(Lane { session: control.session, key: control.key, numbered });
        }
        if let Some(lane) = lane {
            if (lane.session, lane.key) == (control.session, control.key) {
                let bytes = control.payload;
                lane.numbered.take(side, control.number, bytes, origin, transcript);
            }
        }
    }

    fn end(&mut self, why: Missing, transcript: &mut Transcript) {
        for side in Side::BOTH {
            if let Some(lane) = self.lanes.of_mut(side) {
                lane.numbered.end(side, why, transcript);
            }
        }
    }

    fn buffered(&self) -> usize {
        Side::BOTH
            .iter()
            .filter_map(|&side| self.lanes.of(side).as_ref())
            .map(|lane| lane.numbered.buffered())
            .fold(size_of::<Self>(), usize::saturating_add)
    }
}
