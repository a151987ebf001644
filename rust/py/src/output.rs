//! Rows as text, and where it goes.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use pyo3::prelude::*;
use tlsaudit_wire::handshake::Told;
use tlsaudit_wire::text::TextWriter;

use crate::job::Taker;

/// Text that is gathered before it is written: pages of a file cost less by the dozen.
const FLUSH_AT: usize = 128 * 1024;

/// Writes rows to a file or to standard output.
pub struct Output {
    writer: TextWriter,
    place: Box<dyn Write>,
    text: Vec<u8>,
    /// The reader of our output went away, or writing failed: nobody wants more.
    closed: bool,
    failure: Option<io::Error>,
}

impl Output {
    /// Opens the file, or standard output, and begins with what comes before the first row.
    pub fn open(path: Option<PathBuf>, writer: TextWriter) -> PyResult<Self> {
        let place: Box<dyn Write> = match path {
            Some(path) => Box::new(File::create(path)?),
            None => Box::new(io::stdout().lock()),
        };
        let mut text = Vec::new();
        writer.header(&mut text);
        Ok(Self { writer, place, text, closed: false, failure: None })
    }

    /// Writes what is left.
    pub fn finish(mut self) -> PyResult<()> {
        self.flush();
        self.failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let result = self.place.write_all(&self.text).and_then(|()| self.place.flush());
        self.text.clear();
        if let Err(error) = result {
            self.closed = true;
            if error.kind() != ErrorKind::BrokenPipe {
                self.failure.get_or_insert(error);
            }
        }
    }
}

impl Taker for Output {
    fn row(&mut self, row: &Told, capture: &str) {
        let Told::Handshake(row) = row else { return };
        if self.closed {
            return;
        }
        self.writer.row(row, capture, &mut self.text);
        if self.text.len() >= FLUSH_AT {
            self.flush();
        }
    }

    fn pause(&mut self) {
        self.flush();
    }

    fn is_closed(&self) -> bool {
        self.closed
    }
}
