//! The templates that `bench/templates.py` writes: a line each, fields apart by tabs.

use crate::edits::Edit;

/// What one side sends at once.
#[derive(Clone)]
pub struct Flight {
    /// 0 is the client, 1 the server.
    pub from: usize,
    /// Where the record with the hello ends; 0 where there is none.
    pub hello_end: usize,
    /// What differs from one connection to the next.
    pub edits: Vec<Edit>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A handshake.
#[derive(Clone)]
pub struct Template {
    /// The version negotiated.
    pub version: u16,
    /// Whether it resumes an earlier session.
    pub resumed: bool,
    /// Whether the suite negotiated is Triple DES.
    pub triple_des: bool,
    /// The version field of the ClientHello.
    pub client_version: u16,
    /// Its supported_versions.
    pub client_versions: Vec<u16>,
    /// The suites offered.
    pub client_suites: Vec<u16>,
    /// The version field of the ServerHello.
    pub server_version: u16,
    /// Its supported_versions.
    pub server_versions: Vec<u16>,
    /// The suite chosen.
    pub suite: u16,
    /// Where the list of suites ends in the first flight.
    pub suites_end: usize,
    /// Extensions of the ClientHello that change places.
    pub shuffled: Vec<(usize, usize)>,
    /// What is sent, the ClientHello first, the ServerHello second.
    pub flights: Vec<Flight>,
}

impl Template {
    /// Whether the ClientHello needs two segments.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.flights[0].bytes.len() > crate::packet::SEGMENT
    }

    /// Reads all templates.
    ///
    /// # Errors
    ///
    /// Says which line cannot be read.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        text.lines()
            .enumerate()
            .map(|(n, line)| Self::read(line).ok_or(format!("line {}: not a template", n + 1)))
            .collect()
    }

    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        Some(Self {
            version: number(field()?)?,
            resumed: field()? == "1",
            triple_des: field()? == "1",
            client_version: number(field()?)?,
            client_versions: list(field()?, number)?,
            client_suites: list(field()?, number)?,
            server_version: number(field()?)?,
            server_versions: list(field()?, number)?,
            suite: number(field()?)?,
            suites_end: field()?.parse().ok()?,
            shuffled: list(field()?, |range| {
                let (start, end) = range.split_once('-')?;
                Some((start.parse().ok()?, end.parse().ok()?))
            })?,
            flights: fields.map(flight).collect::<Option<_>>()?,
        })
    }
}

fn flight(text: &str) -> Option<Flight> {
    let mut parts = text.split('|');
    Some(Flight {
        from: usize::from(parts.next()? == "S"),
        hello_end: parts.next()?.parse().ok()?,
        edits: list(parts.next()?, Edit::read)?,
        bytes: hexadecimal(parts.next()?)?,
    })
}

fn number(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split_terminator(',').map(one).collect()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}
