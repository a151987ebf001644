//! When an event was: from the record that begins every trace.

use super::super::etw::{Fields, nanoseconds};

/// The head of a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceHead {
    /// The build of Windows.
    pub build: u32,
    /// Whether the session that wrote the file was stopped.
    pub closed: bool,
    pub events_lost: u32,
    pub buffers_lost: u32,
    clock: Clock,
}

/// How the time field of a record counts.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// FILETIME.
    System,
    /// Ticks, so many a second in fact `per` of them in `hundreds` times 100 ns, from `base` on,
    /// which is when the session started.
    Ticks { base: i64, start: i64, hundreds: i64, per: i64 },
}

/// `TRACE_LOGFILE_HEADER`: reads it from the data of the first record, which has the time `base`.
pub(super) fn trace_head(base: i64, data: &[u8]) -> Option<TraceHead> {
    const QPC: u32 = 1;
    const SYSTEM: u32 = 2;
    const CYCLES: u32 = 3;
    let mut fields = Fields::new(data);
    fields.take(8)?; // Size of buffers, version.
    let build = fields.u32()?;
    fields.u32()?; // Processors.
    let end = fields.i64()?;
    // Timer's resolution, largest size, mode, buffers written, buffers at the start.
    fields.take(20)?;
    let pointer = match fields.u32()? {
        4 => 4_usize,
        _ => 8,
    };
    let events_lost = fields.u32()?;
    let megahertz = fields.u32()?;
    // Pointers to two names, the time zone, and padding.
    fields.take(pointer.saturating_mul(2).saturating_add(176))?;
    fields.i64()?; // Boot.
    let frequency = fields.i64()?;
    let start = fields.i64()?;
    let kind = fields.u32()?;
    let buffers_lost = fields.u32()?;
    let ticks = |hundreds, per| Clock::Ticks { base, start, hundreds, per };
    let clock = match kind {
        QPC if frequency > 0 => ticks(10_000_000, frequency),
        SYSTEM => Clock::System,
        CYCLES if megahertz > 0 => ticks(10, i64::from(megahertz)),
        // A clock that is not known counts as FILETIME where that makes sense.
        _ if start.abs_diff(base) < TWO_DAYS => Clock::System,
        _ => ticks(10_000_000, frequency.max(1)),
    };
    Some(TraceHead { build, closed: end != 0, events_lost, buffers_lost, clock })
}

/// In FILETIME.
const TWO_DAYS: u64 = 2 * 86_400 * 10_000_000;

impl TraceHead {
    /// Nanoseconds since 1970 of a record's time field. `None` beyond the range.
    #[inline]
    pub(super) fn nanoseconds(&self, time: i64) -> Option<i64> {
        match self.clock {
            Clock::System => nanoseconds(time),
            Clock::Ticks { base, start, hundreds, per } => {
                let ticks = i128::from(time).checked_sub(i128::from(base))?;
                // The divisor is above 0 in every clock that is made.
                let since = ticks.checked_mul(i128::from(hundreds))?.div_euclid(i128::from(per));
                nanoseconds(i64::try_from(since.checked_add(i128::from(start))?).ok()?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of a first record; pointers have eight bytes.
    fn data(kind: u32, frequency: i64, start: i64, megahertz: u32) -> Vec<u8> {
        let mut data = vec![0; 280];
        data[8..12].copy_from_slice(&20_348_u32.to_le_bytes());
        data[44..48].copy_from_slice(&8_u32.to_le_bytes());
        data[48..52].copy_from_slice(&7_u32.to_le_bytes());
        data[52..56].copy_from_slice(&megahertz.to_le_bytes());
        data[256..264].copy_from_slice(&frequency.to_le_bytes());
        data[264..272].copy_from_slice(&start.to_le_bytes());
        data[272..276].copy_from_slice(&kind.to_le_bytes());
        data[276..280].copy_from_slice(&3_u32.to_le_bytes());
        data
    }

    /// 2016-01-01 as FILETIME, and as nanoseconds since 1970.
    const START: i64 = 130_960_800_000_000_000;
    const START_1970: i64 = 1_451_606_400_000_000_000;

    #[test]
    fn the_head_tells_of_the_trace() {
        let head = trace_head(0, &data(1, 10_000_000, START, 0)).unwrap();
        assert_eq!((head.build, head.closed), (20_348, false));
        assert_eq!((head.events_lost, head.buffers_lost), (7, 3));
        assert!(trace_head(0, &data(1, 10_000_000, START, 0)[..279]).is_none());
    }

    #[test]
    fn ticks_count_from_the_first_record_before_it_too() {
        let head = trace_head(1_000, &data(1, 10_000_000, START, 0)).unwrap();
        assert_eq!(head.nanoseconds(1_001), Some(START_1970 + 100));
        assert_eq!(head.nanoseconds(999), Some(START_1970 - 100));
        let slow = trace_head(0, &data(1, 3, START, 0)).unwrap();
        assert_eq!(slow.nanoseconds(1), Some(START_1970 + 333_333_300));
        assert_eq!(slow.nanoseconds(i64::MAX), None);
    }

    #[test]
    fn other_clocks_are_known() {
        let system = trace_head(0, &data(2, 1, START, 0)).unwrap();
        assert_eq!(system.nanoseconds(START + 5), Some(START_1970 + 500));
        let cycles = trace_head(0, &data(3, 1, START, 2_000)).unwrap();
        assert_eq!(cycles.nanoseconds(4_000), Some(START_1970 + 2_000));
        let unknown = trace_head(START, &data(0, 1, START, 0)).unwrap();
        assert_eq!(unknown.nanoseconds(START), Some(START_1970));
        let none = trace_head(0, &data(1, 0, START, 0)).unwrap();
        assert_eq!(none.nanoseconds(1), Some(START_1970 + 1_000_000_000));
    }
}
