//! IEEE 802.11 data frames, and the headers with which adapters precede them.

use super::link::Next;
use super::{Layer, Mac, Macs};

/// Bits of the second byte of the frame control field.
mod flag {
    pub const TO_DISTRIBUTION: u8 = 0x01;
    pub const FROM_DISTRIBUTION: u8 = 0x02;
    pub const MORE_FRAGMENTS: u8 = 0x04;
    pub const PROTECTED: u8 = 0x40;
    /// In a QoS frame: an HT control field follows.
    pub const ORDER: u8 = 0x80;
}

/// LLC and SNAP with an EtherType, as every IP packet on 802.11 has them.
const SNAP: [u8; 6] = [0xAA, 0xAA, 0x03, 0, 0, 0];

/// What a data frame holds. Fragments are not put together, and of aggregated MSDUs only the first
/// is read: neither is to be expected in clear.
pub(super) fn frame<'a>(
    layer: Layer<'a>,
    swapped: bool,
    macs: &mut Macs,
) -> Option<(Next, Layer<'a>)> {
    let [first, second] = *layer.bytes.first_chunk::<2>()?;
    let (kind, flags) = if swapped { (second, first) } else { (first, second) };
    // Version 0, type 2: data. Bit 6 of the subtypes: no data in it.
    if kind & 0x0F != 0x08 || kind & 0x40 != 0 {
        return None;
    }
    let is_fragment = flags & flag::MORE_FRAGMENTS != 0 || layer.bytes.get(22)? & 0x0F != 0;
    let address = |at| layer.mac_at(at);
    let to = flags & flag::TO_DISTRIBUTION != 0;
    let from = flags & flag::FROM_DISTRIBUTION != 0;
    *macs = match (to, from) {
        (false, false) => Macs { destination: address(4), source: address(10) },
        (false, true) => Macs { destination: address(4), source: address(16) },
        (true, false) => Macs { destination: address(16), source: address(10) },
        (true, true) => Macs { destination: address(16), source: address(24) },
    };
    let mut length: usize = if to && from { 30 } else { 24 };
    let mut aggregated = false;
    if kind & 0x80 != 0 {
        aggregated = layer.bytes.get(length)? & 0x80 != 0;
        length = length.saturating_add(if flags & flag::ORDER == 0 { 2 } else { 6 });
    }
    let payload = layer.after(length)?;
    if flags & flag::PROTECTED != 0 {
        let clear = decrypted(payload).filter(|_| !is_fragment);
        return Some(clear.unwrap_or((Next::Opaque, payload)));
    }
    if is_fragment {
        return None;
    }
    if aggregated {
        let first: (Option<Mac>, Option<Mac>) = (payload.mac_at(0), payload.mac_at(6));
        *macs = Macs { destination: first.0, source: first.1 };
        let length = usize::from(payload.u16_at(12)?);
        return Some((Next::LLC, payload.after(14)?.trimmed(length)));
    }
    // Some adapters pad the header to four bytes.
    let padded = payload.after(2).filter(|padded| length % 4 != 0 && padded.starts_with(SNAP));
    Some((Next::LLC, padded.filter(|_| !payload.starts_with(SNAP)).unwrap_or(payload)))
}

/// The payload of a frame that an adapter decrypted without saying so: behind nothing, WEP's
/// initialization vector or the longer one of WPA.
fn decrypted(payload: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let clear = [0, 4, 8].into_iter().filter_map(|vector| payload.after(vector));
    clear.filter(|layer| layer.starts_with(SNAP)).map(|layer| (Next::LLC, layer)).next()
}

/// Radiotap: version 0, padding, length, all little-endian.
pub(super) fn radiotap(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let [0, _, l0, l1] = *layer.bytes.first_chunk::<4>()? else { return None };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    (length >= 8).then_some(())?;
    Some((Next::Wlan { swapped: false }, layer.after(length)?))
}

/// Prism: message code and length in the byte order of the machine; or AVS under its number.
pub(super) fn prism(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let [c3, c2, _, _, l0, l1, l2, l3] = *layer.bytes.first_chunk::<8>()?;
    if [c3, c2] == [0x80, 0x21] {
        return avs(layer);
    }
    let length = match [l0, l1, l2, l3] {
        [l0, l1, 0, 0] => u16::from_le_bytes([l0, l1]),
        [0, 0, l1, l0] => u16::from_be_bytes([l1, l0]),
        _ => return None,
    };
    Some((Next::Wlan { swapped: false }, layer.after(usize::from(length).max(8))?))
}

/// AVS: version and length, big-endian.
pub(super) fn avs(layer: Layer<'_>) -> Option<(Next, Layer<'_>)> {
    let [_, _, _, _, 0, 0, l1, l0] = *layer.bytes.first_chunk::<8>()? else { return None };
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    Some((Next::Wlan { swapped: false }, layer.after(length.max(8))?))
}
