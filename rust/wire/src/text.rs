//! Rows as CSV and JSON Lines.
//!
//! The rules are those of `tlsaudit/schema/text.py`, byte for byte: UTF-8, lines end in `\n`,
//! code points `0x000A`, times `2017-08-07T15:15:44.719194000Z`; in CSV null is empty, lists are
//! joined by `;`, and text that a spreadsheet would take for a formula gets an apostrophe.

use std::io::Write;

use crate::derived::{self, DERIVED, Names};
use crate::digits::Digits;
use crate::handshake::Handshake;
use crate::known::{Key, Known, Written};
use crate::row::{self, COLUMNS, Cell, Put, Scratch, Shape};
use crate::tls::server_hello::DowngradeSentinel;

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a line of names.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Writes rows of text.
#[derive(Debug)]
pub struct TextWriter {
    format: Format,
    names: Names,
    kept: Kept,
    clock: Clock,
    /// What comes before the cell of every column, in JSON.
    leads: Vec<String>,
    /// Whether text that looks like a formula gets an apostrophe, in CSV.
    neutralise: bool,
}

impl TextWriter {
    /// A writer that names versions and suites as `names` says.
    #[must_use]
    pub fn new(format: Format, names: Names, neutralise: bool) -> Self {
        let columns = COLUMNS.iter().chain(DERIVED).enumerate();
        let leads = columns.map(|(n, (name, _))| match n {
            0 => format!("{{\"{name}\":"),
            _ => format!(",\"{name}\":"),
        });
        let leads = leads.collect();
        let (kept, clock) = (Kept::default(), Clock::default());
        Self { format, names, kept, clock, leads, neutralise }
    }

    /// What comes before the first row.
    pub fn header(&self, out: &mut Vec<u8>) {
        if self.format == Format::Csv {
            for (n, (name, _)) in COLUMNS.iter().chain(DERIVED).enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(name.as_bytes());
            }
            out.push(b'\n');
        }
    }

    /// A row.
    pub fn row(&mut self, row: &Handshake, capture: &str, out: &mut Vec<u8>) {
        let Self { format, names, kept, clock, leads, neutralise } = self;
        match format {
            Format::Csv => {
                let mut line = CsvLine { neutralise: *neutralise, clock, out };
                kept.cells(row, capture, names, &mut line);
                // The comma behind the last cell.
                out.pop();
                out.push(b'\n');
            }
            Format::JsonLines => {
                kept.cells(row, capture, names, &mut JsonLine { leads, column: 0, clock, out });
                out.extend_from_slice(b"}\n");
            }
        }
    }
}

/// What is kept from row to row.
#[derive(Debug)]
struct Kept {
    scratch: Scratch,
    /// The derived cells, which follow from the shape of a row.
    derived: Known<()>,
    key: Key,
}

impl Default for Kept {
    fn default() -> Self {
        Self { scratch: Scratch::default(), derived: Known::of_repeated(), key: Key::default() }
    }
}

impl Kept {
    fn cells(&mut self, row: &Handshake, capture: &str, names: &Names, line: &mut impl Put) {
        let Self { scratch, derived, key } = self;
        let Shape { client, server, sentinel } = row::cells(row, capture, scratch, line);
        key.clear();
        key.push(client.to_ne_bytes());
        key.push(server.to_ne_bytes());
        key.push_optional(
            sentinel.map(|sentinel| [u8::from(sentinel == DowngradeSentinel::Tls12)]),
        );
        derived.with(
            key.bytes(),
            || ((), 0),
            |(), written| line.put_known(written, |line| derived::cells(row, names, line)),
        );
    }
}

/// A row of CSV as far as it has been written, with a comma behind each cell.
struct CsvLine<'a> {
    neutralise: bool,
    clock: &'a mut Clock,
    out: &'a mut Vec<u8>,
}

impl Put for CsvLine<'_> {
    // In line, so that of what follows only the part for this cell is left.
    #[inline(always)]
    fn put(&mut self, cell: Cell<'_>) {
        csv(cell, self.neutralise, self.clock, self.out);
        self.out.push(b',');
    }

    #[inline]
    fn put_plain(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.out.push(b',');
    }

    fn put_known(&mut self, written: &mut Written, cells: impl FnOnce(&mut Self)) {
        if written.text.is_empty() {
            let length = self.out.len();
            cells(self);
            written.text = self.out.get(length..).unwrap_or_default().to_vec();
        } else {
            self.out.extend_from_slice(&written.text);
        }
    }
}

/// A row of JSON as far as it has been written.
struct JsonLine<'a> {
    leads: &'a [String],
    column: usize,
    clock: &'a mut Clock,
    out: &'a mut Vec<u8>,
}

impl Put for JsonLine<'_> {
    fn put(&mut self, cell: Cell<'_>) {
        let lead = self.leads.get(self.column).map_or(&[][..], |lead| lead.as_bytes());
        self.column = self.column.saturating_add(1);
        self.out.extend_from_slice(lead);
        json(cell, self.clock, self.out);
    }

    fn put_known(&mut self, written: &mut Written, cells: impl FnOnce(&mut Self)) {
        if written.text.is_empty() {
            let (column, length) = (self.column, self.out.len());
            cells(self);
            written.cells = self.column.saturating_sub(column);
            written.text = self.out.get(length..).unwrap_or_default().to_vec();
        } else {
            self.out.extend_from_slice(&written.text);
            self.column = self.column.saturating_add(written.cells);
        }
    }
}

#[inline(always)]
fn csv(cell: Cell<'_>, neutralise: bool, clock: &mut Clock, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => {}
        Cell::Text(text) => csv_text(text, neutralise, out),
        Cell::Texts(texts) => {
            let parts: Vec<String> = texts.iter().map(|text| text.replace(';', "\\x3b")).collect();
            csv_text(&parts.join(";"), neutralise, out);
        }
        Cell::Codes(codes) => out.push_code_points(codes, b';'),
        Cell::Kinds(kinds) => joined(kinds, b';', out, |&value, out| kind(value, out)),
        scalar => plain(scalar, clock, out),
    }
}

fn csv_text(text: &str, neutralise: bool, out: &mut Vec<u8>) {
    let first = text.as_bytes().first();
    let formula = neutralise && first.is_some_and(|byte| b"=+-@\t\r".contains(byte));
    // A byte of one of these is never part of another character.
    let quotes = |byte: u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let quoted = text.bytes().fold(false, |quoted, byte| quoted | quotes(byte));
    if quoted {
        out.push(b'"');
    }
    if formula {
        out.push(b'\'');
    }
    if quoted {
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn json(cell: Cell<'_>, clock: &mut Clock, out: &mut Vec<u8>) {
    let quoted = |out: &mut Vec<u8>, write: &mut dyn FnMut(&mut Vec<u8>)| {
        out.push(b'"');
        write(out);
        out.push(b'"');
    };
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Text(text) => json_text(text, out),
        Cell::Time(_) | Cell::Code(_) => quoted(out, &mut |out| plain(cell, clock, out)),
        Cell::Texts(texts) => listed(texts, out, |text, out| json_text(text, out)),
        Cell::Codes(codes) => {
            listed(codes, out, |&value, out| quoted(out, &mut |out| code(value, out)));
        }
        Cell::Kinds(kinds) => {
            listed(kinds, out, |&value, out| quoted(out, &mut |out| kind(value, out)));
        }
        scalar => plain(scalar, clock, out),
    }
}

fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    // All that must be escaped is ASCII, and a byte of it is never part of another character.
    while let Some(at) = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else { break };
        rest = behind;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => write(out, format_args!("\\u{control:04x}")),
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// What is written the same way in both formats.
#[inline(always)]
fn plain(cell: Cell<'_>, clock: &mut Clock, out: &mut Vec<u8>) {
    match cell {
        Cell::Number(value) => out.push_decimal(value),
        Cell::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Cell::Code(value) => code(value, out),
        Cell::Time(value) => clock.time(value, out),
        _ => {}
    }
}

fn code(value: u16, out: &mut Vec<u8>) {
    out.push_code_point(value);
}

fn kind(value: u32, out: &mut Vec<u8>) {
    write(out, format_args!("0x{value:06X}"));
}

/// The latest second and how it is written: many rows are of the same one.
#[derive(Debug, Default)]
struct Clock(Option<(i64, Vec<u8>)>);

impl Clock {
    /// Nanoseconds since the epoch as ISO 8601 in UTC.
    fn time(&mut self, nanoseconds: i64, out: &mut Vec<u8>) {
        let (seconds, fraction) =
            (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
        match &self.0 {
            Some((latest, text)) if *latest == seconds => out.extend_from_slice(text),
            _ => {
                let mut text = Vec::new();
                to_the_second(seconds, &mut text);
                out.extend_from_slice(&text);
                self.0 = Some((seconds, text));
            }
        }
        out.push(b'.');
        out.push_padded::<9>(fraction.unsigned_abs());
        out.push(b'Z');
    }
}

/// Seconds since the epoch as ISO 8601, without a zone.
fn to_the_second(seconds: i64, out: &mut Vec<u8>) {
    const DAY: i64 = 86_400;
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    // None is negative: years begin with 1677.
    out.push_padded::<4>(year.unsigned_abs());
    out.push(b'-');
    out.push_padded::<2>(month.unsigned_abs());
    out.push(b'-');
    out.push_padded::<2>(day.unsigned_abs());
    out.push(b'T');
    out.push_padded::<2>((second / 3600).unsigned_abs());
    out.push(b':');
    out.push_padded::<2>((second / 60 % 60).unsigned_abs());
    out.push(b':');
    out.push_padded::<2>((second % 60).unsigned_abs());
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar. Nanoseconds in 64 bits
/// reach from 1677 to 2262, so nothing here can overflow.
#[allow(clippy::arithmetic_side_effects)]
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted in eras of 400 years that begin on a 1st of March, so that leap days come last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn joined<T>(
    values: &[T],
    separator: u8,
    out: &mut Vec<u8>,
    mut put: impl FnMut(&T, &mut Vec<u8>),
) {
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(separator);
        }
        put(value, out);
    }
}

fn listed<T>(values: &[T], out: &mut Vec<u8>, put: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(b'[');
    joined(values, b',', out, put);
    out.push(b']');
}

/// Writing to memory cannot fail.
fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        put(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn time(nanoseconds: i64, out: &mut Vec<u8>) {
        Clock::default().time(nanoseconds, out);
    }

    #[test]
    fn times_are_iso_8601_to_the_nanosecond() {
        assert_eq!(
            written(|out| time(1_502_118_944_719_194_000, out)),
            "2017-08-07T15:15:44.719194000Z"
        );
        assert_eq!(written(|out| time(0, out)), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(written(|out| time(-1, out)), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(
            written(|out| time(951_782_400_000_000_000, out)),
            "2000-02-29T00:00:00.000000000Z"
        );
        assert_eq!(written(|out| time(i64::MAX, out)), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(written(|out| time(i64::MIN, out)), "1677-09-21T00:12:43.145224192Z");
    }

    #[test]
    fn a_second_is_written_as_often_as_it_comes() {
        let mut clock = Clock::default();
        let mut out = Vec::new();
        for time in [1_999_999_999, 1_000_000_000, 2_000_000_000] {
            clock.time(time, &mut out);
        }
        let text = String::from_utf8(out).unwrap();
        let times = ["01.999999999Z", "01.000000000Z", "02.000000000Z"];
        assert_eq!(text, times.map(|time| format!("1970-01-01T00:00:{time}")).concat());
    }

    #[test]
    fn formulas_are_neutralised_in_csv_only() {
        let formula = "=cmd|' /C calc'!A0";
        assert_eq!(
            written(|out| csv(Cell::Text(formula), true, &mut Clock::default(), out)),
            "'=cmd|' /C calc'!A0"
        );
        assert_eq!(
            written(|out| json(Cell::Text(formula), &mut Clock::default(), out)),
            "\"=cmd|' /C calc'!A0\""
        );
    }

    #[test]
    fn quotes_and_commas_are_quoted_as_rfc_4180_says() {
        assert_eq!(
            written(|out| csv(Cell::Text("a\"b,c"), true, &mut Clock::default(), out)),
            "\"a\"\"b,c\""
        );
        assert_eq!(
            written(|out| csv(Cell::Text("-a,b"), true, &mut Clock::default(), out)),
            "\"'-a,b\""
        );
    }

    #[test]
    fn lists_are_joined() {
        assert_eq!(
            written(|out| csv(Cell::Codes(&[0x0A, 0xC0FF]), true, &mut Clock::default(), out)),
            "0x000A;0xC0FF"
        );
        assert_eq!(
            written(|out| json(Cell::Kinds(&[0x07_00C0]), &mut Clock::default(), out)),
            "[\"0x0700C0\"]"
        );
        assert_eq!(
            written(|out| csv(
                Cell::Texts(&["a;b".into(), "c".into()]),
                true,
                &mut Clock::default(),
                out
            )),
            "a\\x3bb;c"
        );
    }
}
