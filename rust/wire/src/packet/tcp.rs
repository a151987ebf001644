//! The TCP header.

use super::ip::Datagram;
use super::{Flags, Macs, Segment};

/// The TCP segment in a datagram; `None` when its header was not captured.
#[inline]
pub(super) fn segment<'a>(datagram: &Datagram<'a>, macs: Macs) -> Option<Segment<'a>> {
    let layer = datagram.payload;
    let (header, _) = layer.bytes.split_first_chunk::<20>()?;
    let [sp1, sp0, dp1, dp0, s3, s2, s1, s0, a3, a2, a1, a0, offset, flags, _, _, _, _, _, _] =
        *header;
    let header_length = usize::from(offset >> 4).checked_mul(4)?;
    if header_length < 20 || header_length > layer.sent {
        return None;
    }
    // Options cut off by the snap length: no payload was captured, but its length is known.
    let payload = layer.bytes.split_at_checked(header_length).map_or(&[][..], |(_, rest)| rest);
    let sent = layer.sent.saturating_sub(header_length);
    Some(Segment {
        source: datagram.source,
        destination: datagram.destination,
        source_port: u16::from_be_bytes([sp1, sp0]),
        destination_port: u16::from_be_bytes([dp1, dp0]),
        outer: None,
        source_mac: macs.source,
        destination_mac: macs.destination,
        sequence: u32::from_be_bytes([s3, s2, s1, s0]),
        acknowledgement: u32::from_be_bytes([a3, a2, a1, a0]),
        flags: Flags(flags),
        payload,
        payload_length: u32::try_from(sent).unwrap_or(u32::MAX),
    })
}
