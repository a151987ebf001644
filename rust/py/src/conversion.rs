//! Captures to one pcapng file.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind as IoErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::convert::{Converter, Failure};
use tlsaudit_wire::error::{Error, ErrorKind};

/// How often Python is asked about signals and told of progress.
const TICK: Duration = Duration::from_millis(50);

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
pub fn convert(
    captures: Vec<(String, PathBuf)>,
    output: Option<&Path>,
    progress: Option<&Py<PyAny>>,
    max_unpacked: Option<u64>,
) -> PyResult<Vec<Converted>> {
    let mut converter: Option<Converter<BufWriter<Box<dyn Write>>>> = None;
    let mut told = Vec::new();
    let mut before = 0_u64;
    for (name, path) in captures {
        let source: Box<dyn Read> = if path.as_os_str() == "-" {
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
        let mut reader = match CaptureReader::open_unpacking(source, max_unpacked) {
            Ok(reader) => reader,
            Err(error) => {
                told.push(Converted { name, frames: 0, error: Some(error) });
                continue;
            }
        };
        let open = match &mut converter {
            Some(open) => open,
            none => {
                let place: Box<dyn Write> = match output {
                    Some(path) => Box::new(File::create(path)?),
                    None => Box::new(io::stdout().lock()),
                };
                none.insert(Converter::new(BufWriter::with_capacity(BUFFER, place))?)
            }
        };
        let mut interrupted = None;
        let mut last = Instant::now();
        let mut go_on = |bytes: u64| {
            if last.elapsed() < TICK {
                return true;
            }
            last = Instant::now();
            let asked = Python::attach(|py| {
                py.check_signals()?;
                match progress {
                    Some(progress) => progress.call1(py, (before.saturating_add(bytes),)).map(drop),
                    None => Ok(()),
                }
            });
            interrupted = asked.err();
            interrupted.is_none()
        };
        let done = open.add(&mut reader, &mut go_on);
        if let Some(error) = interrupted {
            return Err(error);
        }
        before = before.saturating_add(reader.bytes_read());
        let (frames, error) = match done {
            Ok(frames) => (frames, None),
            Err(Failure::Capture(error)) => (error.after_frame, Some(error)),
            // The reader of our output went away: nobody wants more.
            Err(Failure::Output(error)) if error.kind() == IoErrorKind::BrokenPipe => {
                told.push(Converted { name, frames: 0, error: None });
                return Ok(told);
            }
            Err(Failure::Output(error)) => return Err(error.into()),
        };
        told.push(Converted { name, frames, error });
    }
    match converter.map_or(Ok(()), Converter::finish) {
        Err(error) if error.kind() != IoErrorKind::BrokenPipe => Err(error.into()),
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
            let readable = match &each.error {
                Some(error) => {
                    each.frames > 0
                        || matches!(error.kind, ErrorKind::Cut(_) | ErrorKind::Damaged(_))
                }
                None => true,
            };
            dict.set_item("readable", readable)?;
            dict.set_item("error_kind", each.error.as_ref().map(Error::name))?;
            let error = each.error.as_ref().map(|error| format!("{}: {error}", each.name));
            dict.set_item("error", error)?;
            Ok(dict)
        })
        .collect()
}
