//! Captures to one pcapng file.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind as IoErrorKind, Read, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::convert::{Converter, Failure};
use tlsaudit_wire::error::Error;
use tlsaudit_wire::reading::Options;

use crate::job::{TICK, inform};
use crate::reader::{Shared, Watched};

/// How long an interrupted call waits until its file is closed: some systems delete no open file.
const LETTING_GO: Duration = Duration::from_millis(200);

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 * 1024;

/// What became of a capture.
pub struct Converted {
    name: String,
    frames: u64,
    error: Option<Error>,
}

/// Converts these captures into one file, or to standard output. The file is made once the first of
/// them turns out to be a capture.
///
/// A thread does it, the calling thread keeps Python informed: bytes may not come for long, or never,
/// and some formats are read as a whole before their first frame.
pub fn convert(
    captures: Vec<(String, PathBuf)>,
    output: Option<PathBuf>,
    progress: Option<&Py<PyAny>>,
    max_unpacked: Option<u64>,
) -> PyResult<Vec<Converted>> {
    let shared = Arc::new(Shared::new(Options { max_unpacked, ..Options::default() }));
    let (open, done) = channel::<()>();
    let converter = thread::Builder::new().name("tlsaudit converter".into()).spawn({
        let shared = shared.clone();
        move || {
            // Its end is the end of the channel, whatever it comes by.
            let _open = open;
            convert_all(captures, output.as_deref(), &shared)
        }
    })?;
    while done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if let Err(error) = inform(progress, shared.bytes_read()) {
            shared.stop();
            _ = done.recv_timeout(LETTING_GO);
            return Err(error);
        }
    }
    let told = converter.join().unwrap_or_else(|fault| resume_unwind(fault))?;
    inform(progress, shared.bytes_read())?;
    Ok(told)
}

fn convert_all(
    captures: Vec<(String, PathBuf)>,
    output: Option<&Path>,
    shared: &Shared,
) -> io::Result<Vec<Converted>> {
    let mut converter: Option<Converter<BufWriter<Box<dyn Write>>>> = None;
    let mut told = Vec::new();
    for (name, path) in captures {
        let source: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            match File::open(&path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    told.push(Converted { name, frames: 0, error: Some(Error::new(error.into())) });
                    continue;
                }
            }
        };
        let source = Watched { shared, source };
        let mut reader = match CaptureReader::open_unpacking(source, shared.max_unpacked()) {
            Ok(reader) => reader,
            Err(error) => {
                told.push(Converted { name, frames: 0, error: Some(error) });
                continue;
            }
        };
        if shared.is_stopped() {
            break;
        }
        let open = match &mut converter {
            Some(open) => open,
            none => {
                let place: Box<dyn Write> = match output {
                    Some(path) => Box::new(File::create(path)?),
                    None => Box::new(io::stdout()),
                };
                none.insert(Converter::new(BufWriter::with_capacity(BUFFER, place))?)
            }
        };
        let (frames, error) = match open.add(&mut reader, &mut || !shared.is_stopped()) {
            Ok(frames) => (frames, None),
            Err(Failure::Capture(error, frames)) => (frames, Some(error)),
            // The reader of our output went away: nobody wants more.
            Err(Failure::Output(error)) if error.kind() == IoErrorKind::BrokenPipe => {
                told.push(Converted { name, frames: 0, error: None });
                return Ok(told);
            }
            Err(Failure::Output(error)) => return Err(error),
        };
        told.push(Converted { name, frames, error });
    }
    match converter.map_or(Ok(()), Converter::finish) {
        Err(error) if error.kind() != IoErrorKind::BrokenPipe => Err(error),
        _ => Ok(told),
    }
}

/// One dictionary a capture.
pub fn dicts<'py>(py: Python<'py>, told: &[Converted]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    told.iter()
        .map(|each| {
            let dict = PyDict::new(py);
            dict.set_item("capture", &each.name)?;
            dict.set_item("frames", each.frames)?;
            // What was read before a cut or a damaged place has been written.
            let readable = each.error.is_none() || each.frames > 0;
            dict.set_item("readable", readable)?;
            dict.set_item("error_kind", each.error.as_ref().map(Error::name))?;
            let error = each.error.as_ref().map(|error| format!("{}: {error}", each.name));
            dict.set_item("error", error)?;
            Ok(dict)
        })
        .collect()
}
