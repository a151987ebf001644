//! What a pcapng file says of an interface: the link type, and how its time stamps count.

use super::byte_order::ByteOrder;
use super::max_packet;
use crate::cursor::Cursor;

/// One Interface Description Block.
pub(super) struct Interface {
    pub(super) link_type: u16,
    /// 0 where unlimited.
    pub(super) snap_length: u32,
    pub(super) fcs_length: u8,
    /// The largest packet that is believed.
    pub(super) largest: u32,
    clock: Clock,
}

impl Interface {
    /// Reads the body of the block. Options that make no sense end the list of options; what was
    /// read before counts, and of an option given twice the first.
    pub(super) fn read(order: ByteOrder, body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        let link_type = order.u16(&mut cursor)?;
        cursor.take(2)?;
        let snap_length = order.u32(&mut cursor)?;
        let (mut resolution, mut offset, mut fcs_length) = (None, None, None);
        for (code, value) in Options::new(order, cursor) {
            match (code, value) {
                (9, &[byte]) => resolution = resolution.or(Some(byte)),
                (13, &[byte]) => fcs_length = fcs_length.or(Some(byte)),
                (14, value) if value.len() == 8 => {
                    offset = offset.or_else(|| order.i64(&mut Cursor::new(value)));
                }
                _ => {}
            }
        }
        Some(Self {
            link_type,
            snap_length,
            fcs_length: fcs_length.unwrap_or(0),
            largest: max_packet(link_type),
            clock: Clock::new(resolution.unwrap_or(6), offset.unwrap_or(0)),
        })
    }

    /// Nanoseconds since 1970 of a time stamp of this interface.
    #[inline]
    pub(super) fn nanoseconds(&self, high: u32, low: u32) -> Option<i64> {
        self.clock.nanoseconds((u64::from(high) << 32) | u64::from(low))
    }
}

/// How to make nanoseconds of the units that an interface counts in.
struct Clock {
    unit: Unit,
    /// Nanoseconds to add.
    offset: i128,
}

enum Unit {
    /// A whole number of nanoseconds.
    Longer(u64),
    /// A whole number makes one nanosecond.
    Shorter(u64),
    /// Seconds divided by a power of two.
    Binary(u32),
    /// So short that 64 bits of them make no nanosecond.
    Vanishing,
}

impl Clock {
    /// From if_tsresol, a power of ten or, with the high bit, of two, and if_tsoffset in seconds.
    fn new(resolution: u8, offset: i64) -> Self {
        let exponent = u32::from(resolution & 0x7F);
        let unit = if resolution & 0x80 != 0 {
            Unit::Binary(exponent)
        } else if let Some(more) = 9_u32.checked_sub(exponent) {
            Unit::Longer(10_u64.saturating_pow(more))
        } else {
            let less = exponent.saturating_sub(9);
            10_u64.checked_pow(less).map_or(Unit::Vanishing, Unit::Shorter)
        };
        Self { unit, offset: i128::from(offset).saturating_mul(1_000_000_000) }
    }

    #[inline]
    fn nanoseconds(&self, count: u64) -> Option<i64> {
        let since = match self.unit {
            Unit::Longer(nanoseconds) => i128::from(count).saturating_mul(i128::from(nanoseconds)),
            Unit::Shorter(per_nanosecond) => {
                i128::from(count.checked_div(per_nanosecond).unwrap_or(0))
            }
            // Less than 2^94 before the shift, and never more than 127 to shift.
            Unit::Binary(exponent) => {
                i128::from(count).saturating_mul(1_000_000_000).checked_shr(exponent).unwrap_or(0)
            }
            Unit::Vanishing => 0,
        };
        // The least number of 64 bits is no time but "no time" to NumPy and pandas.
        i64::try_from(since.saturating_add(self.offset)).ok().filter(|&time| time != i64::MIN)
    }
}

/// The options at the end of a block, as code and value.
pub(super) struct Options<'a> {
    order: ByteOrder,
    cursor: Cursor<'a>,
}

impl<'a> Options<'a> {
    pub(super) fn new(order: ByteOrder, cursor: Cursor<'a>) -> Self {
        Self { order, cursor }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    /// The next option; none after the end mark, or where one is longer than what is left.
    fn next(&mut self) -> Option<Self::Item> {
        let code = self.order.u16(&mut self.cursor)?;
        let length = usize::from(self.order.u16(&mut self.cursor)?);
        if code == 0 {
            self.cursor = Cursor::new(&[]);
            return None;
        }
        let value = self.cursor.take(length)?;
        // Values are padded to four bytes.
        self.cursor.take_up_to(length.wrapping_neg() & 3);
        Some((code, value))
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    fn nanoseconds(resolution: u8, offset: i64, count: u64) -> Option<i64> {
        Clock::new(resolution, offset).nanoseconds(count)
    }

    #[test]
    fn decimal_resolutions_from_seconds_to_less_than_nanoseconds() {
        assert_eq!(nanoseconds(0, 0, 7), Some(7_000_000_000));
        assert_eq!(nanoseconds(3, 0, 7), Some(7_000_000));
        assert_eq!(nanoseconds(6, 0, 7), Some(7_000));
        assert_eq!(nanoseconds(9, 0, 7), Some(7));
        assert_eq!(nanoseconds(12, 0, 7_999), Some(7));
        assert_eq!(nanoseconds(28, 0, u64::MAX), Some(1));
        assert_eq!(nanoseconds(29, 0, u64::MAX), Some(0));
        assert_eq!(nanoseconds(127, 0, u64::MAX), Some(0));
    }

    #[test]
    fn binary_resolutions() {
        assert_eq!(nanoseconds(0x80, 0, 7), Some(7_000_000_000));
        assert_eq!(nanoseconds(0x80 | 1, 0, 3), Some(1_500_000_000));
        assert_eq!(nanoseconds(0x80 | 20, 0, 1 << 19), Some(500_000_000));
        assert_eq!(nanoseconds(0x80 | 63, 0, 1 << 62), Some(500_000_000));
        assert_eq!(nanoseconds(0x80 | 64, 0, 1 << 63), Some(500_000_000));
        assert_eq!(nanoseconds(0xFF, 0, u64::MAX), Some(0));
    }

    #[test]
    fn an_offset_is_added_in_seconds_and_may_be_negative() {
        assert_eq!(nanoseconds(6, 3_600, 1), Some(3_600_000_001_000));
        assert_eq!(nanoseconds(6, -1, 1), Some(-999_999_000));
    }

    #[test]
    fn a_time_beyond_the_range_is_none() {
        assert_eq!(nanoseconds(0, 0, u64::MAX), None);
        assert_eq!(nanoseconds(9, i64::MAX, 0), None);
        assert_eq!(nanoseconds(9, i64::MIN, u64::MAX), None);
        assert_eq!(nanoseconds(9, 0, i64::MAX as u64), Some(i64::MAX));
        assert_eq!(nanoseconds(9, -9_223_372_037, 145_224_193), Some(i64::MIN + 1));
        assert_eq!(nanoseconds(9, -9_223_372_037, 145_224_192), None);
        // Two that are beyond it by themselves and not together.
        assert_eq!(nanoseconds(6, -18_446_744_073_709, u64::MAX), Some(551_615_000));
    }
}
