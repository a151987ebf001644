//! Which variant of pcap a file is where the magic number does not tell: Red Hat 6.1 and Nokia use
//! the standard number with longer packet headers, and two of Alexey Kuznetzov's patches share one
//! number. Wireshark's method: read the first three packets in each way and see which makes sense.
//! Damaged files are much more common than the rare variants, so these have to make sense entirely,
//! but for the end of a file that is cut.

use std::io::Read;

use super::byte_order::ByteOrder;
use super::source::Source;
use crate::cursor::Cursor;
use crate::limits::VARIANT_WINDOW;

/// What stands between a packet's lengths and its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Nothing.
    Plain,
    /// Interface, protocol, packet type, a byte of padding (Red Hat 6.1, Kuznetzov's last patch).
    Patched,
    /// The same and four bytes more (SuSE 6.3).
    PatchedSmp,
    /// Four bytes of flags.
    Nokia,
}

/// Packets that are looked at.
const PACKETS: usize = 3;

/// What may be odd about the first packets of a file in a variant where the usual layout was tried
/// first: a file may be cut.
const TOLERATED: u32 = 1;

/// A packet of 128 MiB on the wire: not impossible, but not among the first three.
const LARGE_ORIGINAL: u32 = 128 * 1024 * 1024;

impl Layout {
    /// Those that share the standard magic number, the usual one first.
    pub(super) const STANDARD: [Self; 3] = [Self::Plain, Self::Patched, Self::Nokia];

    /// Those that share the number of Kuznetzov's patches.
    pub(super) const MODIFIED: [Self; 2] = [Self::Patched, Self::PatchedSmp];

    /// The length of a packet's header.
    pub(super) fn header(self) -> usize {
        match self {
            Self::Plain => 16,
            Self::Patched => 24,
            Self::PatchedSmp => 28,
            Self::Nokia => 20,
        }
    }
}

/// The layout that fits the first packets best; of equal ones the first.
pub(super) fn choose<R: Read>(
    source: &mut Source<R>,
    order: ByteOrder,
    snap_length: u32,
    largest: u32,
    layouts: &[Layout],
) -> Layout {
    loop {
        let window = source.window();
        let enough = window.get(..VARIANT_WINDOW);
        let whole = source.ended() || enough.is_some();
        let sample = Sample { bytes: enough.unwrap_or(window), whole, order, snap_length, largest };
        if let Some(layout) = sample.best(layouts) {
            return layout;
        }
        let wanted = window.len().saturating_add(1);
        source.fill(wanted);
    }
}

/// The beginning of the packets.
struct Sample<'a> {
    bytes: &'a [u8],
    /// There is no more, or no more is wanted.
    whole: bool,
    order: ByteOrder,
    snap_length: u32,
    largest: u32,
}

/// What became of one packet.
enum Tried {
    Fits,
    /// The bytes are over, or the length makes no sense: the next packet cannot be found.
    Stop,
    /// The sample is too short to say.
    MoreNeeded,
}

impl Sample<'_> {
    /// `None` when the sample is too short to say.
    fn best(&self, layouts: &[Layout]) -> Option<Layout> {
        let mut best: Option<(u32, Layout)> = None;
        for layout in layouts {
            let misfits = self.misfits(*layout)?;
            if misfits == 0 {
                return Some(*layout);
            }
            let is_better = |(fewest, first)| {
                misfits < fewest && (first != Layout::Plain || misfits <= TOLERATED)
            };
            if best.is_none_or(is_better) {
                best = Some((misfits, *layout));
            }
        }
        Some(best.map_or(Layout::Plain, |(_, layout)| layout))
    }

    /// How many things are odd about the first packets when they are read as `layout`.
    fn misfits(&self, layout: Layout) -> Option<u32> {
        let mut cursor = Cursor::new(self.bytes);
        let mut misfits = 0;
        for _ in 0..PACKETS {
            match self.packet(layout, &mut cursor, &mut misfits) {
                Tried::Fits => {}
                Tried::Stop => break,
                Tried::MoreNeeded => return None,
            }
        }
        Some(misfits)
    }

    fn packet(&self, layout: Layout, cursor: &mut Cursor<'_>, misfits: &mut u32) -> Tried {
        if cursor.is_empty() && self.whole {
            return Tried::Stop;
        }
        let Some(header) = cursor.take(layout.header()) else {
            return self.too_short(misfits);
        };
        let Some((captured, odd)) = self.oddities(layout, header) else {
            return self.too_short(misfits);
        };
        *misfits = misfits.saturating_add(odd);
        if captured > self.largest {
            return Tried::Stop;
        }
        match cursor.take(usize::try_from(captured).unwrap_or(usize::MAX)) {
            Some(_) => Tried::Fits,
            None => self.too_short(misfits),
        }
    }

    fn too_short(&self, misfits: &mut u32) -> Tried {
        if !self.whole {
            return Tried::MoreNeeded;
        }
        *misfits = misfits.saturating_add(1);
        Tried::Stop
    }

    /// The captured length and how many things are odd in one header.
    fn oddities(&self, layout: Layout, header: &[u8]) -> Option<(u32, u32)> {
        let order = self.order;
        let mut cursor = Cursor::new(header);
        order.u32(&mut cursor)?;
        let microseconds = order.u32(&mut cursor)?;
        let captured = order.u32(&mut cursor)?;
        let original = order.u32(&mut cursor)?;
        let mut odd = vec![
            microseconds >= 1_000_000,
            captured > self.largest,
            captured > self.snap_length,
            original > LARGE_ORIGINAL,
            captured > original,
        ];
        match layout {
            Layout::Plain => {}
            Layout::Patched | Layout::PatchedSmp => {
                let interface = order.u32(&mut cursor)?;
                let protocol = order.u16(&mut cursor)?;
                let packet_type = cursor.u8()?;
                // EtherTypes, and the numbers that Linux gives what has none.
                let known = matches!(protocol, 0..=0x17 | 0x60 | 0x200 | 0x400 | 0x600..);
                odd.extend([interface > 10_000, !known, packet_type > 4]);
            }
            Layout::Nokia => {
                // The values that were ever seen, and what editcap writes.
                let flags = order.u32(&mut cursor)?;
                let [a, b, c, d] = flags.to_be_bytes();
                let seen = flags == 0
                    || matches!(a, 0x9F | 0xBF)
                        && b == 0xBF
                        && matches!(c, 0xB6 | 0xB9 | 0xD6 | 0xD9)
                        && matches!(d, 0x01 | 0x02);
                odd.push(!seen);
            }
        }
        let count = odd.into_iter().filter(|odd| *odd).count();
        Some((captured, u32::try_from(count).unwrap_or(u32::MAX)))
    }
}
