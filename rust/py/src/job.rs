//! One call from Python: the captures in turn, progress and signals, and where text goes.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tlsaudit_wire::error::{Cancelled, Error};
use tlsaudit_wire::handshake::Told;
use tlsaudit_wire::reading::{Rows, Summary, read_capture};

use crate::source::Input;

/// How often Python is asked about signals and told of progress.
const TICK: Duration = Duration::from_millis(50);
/// Text that is gathered before it is written.
const FLUSH_AT: usize = 64 * 1024;

/// Opens where text goes: a file, or standard output.
pub fn open(path: Option<PathBuf>) -> PyResult<Box<dyn Write>> {
    Ok(match path {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout().lock()),
    })
}

/// A call in progress. Everything is behind `RefCell`s, because the reader of bytes and the taker
/// of rows both report to it, in turn.
pub struct Job {
    progress: Option<Py<PyAny>>,
    state: RefCell<State>,
}

struct State {
    last_tick: Instant,
    bytes_read: u64,
    /// What Python raised, or what ended the writing.
    raised: Option<PyErr>,
    output: Option<Box<dyn Write>>,
    text: Vec<u8>,
    /// The reader of our output went away: nobody wants more.
    closed: bool,
}

impl Job {
    pub fn new(progress: Option<Py<PyAny>>, output: Option<Box<dyn Write>>) -> Self {
        let state = State {
            last_tick: Instant::now(),
            bytes_read: 0,
            raised: None,
            output,
            text: Vec::new(),
            closed: false,
        };
        Self { progress, state: RefCell::new(state) }
    }

    /// Reads the captures one after the other.
    pub fn read_all(
        &self,
        captures: Vec<(String, Input)>,
        mut row: impl FnMut(Told, &str),
    ) -> PyResult<Vec<(String, Summary)>> {
        let mut summaries = Vec::with_capacity(captures.len());
        for (name, input) in captures {
            let summary = match input.open() {
                Ok(source) => {
                    let mut rows = RowsOf { job: self, name: &name, row: &mut row };
                    self.read_one(source, &mut rows)
                }
                Err(error) => {
                    Summary { error: Some(Error::new(error.into())), ..Summary::default() }
                }
            };
            if let Some(raised) = self.state.borrow_mut().raised.take() {
                return Err(raised);
            }
            let cancelled = self.state.borrow().closed;
            summaries.push((name, summary));
            if cancelled {
                break;
            }
        }
        self.tick(true);
        match self.state.borrow_mut().raised.take() {
            Some(raised) => Err(raised),
            None => Ok(summaries),
        }
    }

    /// Reads one capture. A fault of ours in it is an error of that capture, not of the program.
    fn read_one<F: FnMut(Told, &str)>(
        &self,
        source: Box<dyn Read>,
        rows: &mut RowsOf<'_, F>,
    ) -> Summary {
        let source = Watched { job: self, source };
        catch_unwind(AssertUnwindSafe(|| read_capture(source, rows))).unwrap_or_else(|_| {
            let error =
                io::Error::other("a fault in tlsaudit stopped the reading; please report it");
            Summary { error: Some(Error::new(error.into())), ..Summary::default() }
        })
    }

    /// Adds text, and writes it when there is enough.
    pub fn write(&self, put: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state.borrow_mut();
        put(&mut state.text);
        if state.text.len() >= FLUSH_AT {
            state.flush();
        }
    }

    /// Writes what is left.
    pub fn finish(&self) -> PyResult<()> {
        let mut state = self.state.borrow_mut();
        state.flush();
        state.raised.take().map_or(Ok(()), Err)
    }

    /// Asks Python for signals and tells it of progress, every 50 ms or when `now`. Must not be
    /// called while the state is borrowed: Python may call back.
    fn tick(&self, now: bool) {
        {
            let mut state = self.state.borrow_mut();
            if !now && state.last_tick.elapsed() < TICK {
                return;
            }
            state.last_tick = Instant::now();
        }
        let bytes_read = self.state.borrow().bytes_read;
        let result = Python::attach(|py| {
            py.check_signals()?;
            match &self.progress {
                Some(progress) => progress.call1(py, (bytes_read,)).map(drop),
                None => Ok(()),
            }
        });
        if let Err(error) = result {
            self.state.borrow_mut().raised.get_or_insert(error);
        }
    }

    fn is_over(&self) -> bool {
        let state = self.state.borrow();
        state.closed || state.raised.is_some()
    }
}

impl State {
    fn flush(&mut self) {
        let Some(output) = &mut self.output else { return };
        let result = output.write_all(&self.text).and_then(|()| output.flush());
        self.text.clear();
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed = true,
            Err(error) => {
                self.closed = true;
                self.raised.get_or_insert(error.into());
            }
        }
    }
}

/// The rows of one capture.
struct RowsOf<'a, F> {
    job: &'a Job,
    name: &'a str,
    row: &'a mut F,
}

impl<F: FnMut(Told, &str)> Rows for RowsOf<'_, F> {
    fn row(&mut self, row: Told) {
        (self.row)(row, self.name);
    }

    fn is_closed(&mut self) -> bool {
        self.job.tick(false);
        self.job.is_over()
    }
}

/// Counts what is read and keeps Python informed.
struct Watched<'a> {
    job: &'a Job,
    source: Box<dyn Read>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Reading may wait long for more; what is known by now should be seen by then.
        self.job.state.borrow_mut().flush();
        self.job.tick(false);
        if self.job.is_over() {
            return Err(io::Error::other(Cancelled));
        }
        let result = self.source.read(buffer);
        match &result {
            Ok(count) => {
                let mut state = self.job.state.borrow_mut();
                let count = u64::try_from(*count).unwrap_or(u64::MAX);
                state.bytes_read = state.bytes_read.saturating_add(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.job.tick(true),
            Err(_) => {}
        }
        result.map_err(|error| match error.downcast::<PyErr>() {
            // Raised by the file object's own `read`: it goes on to the caller.
            Ok(raised) => {
                self.job.state.borrow_mut().raised.get_or_insert(raised);
                io::Error::other(Cancelled)
            }
            Err(error) => error,
        })
    }
}
