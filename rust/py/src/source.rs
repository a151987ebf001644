//! Where bytes come from: a path, standard input, or a Python object with `read`.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlsaudit_wire::error::Cancelled;

use crate::reader::Message;

/// One input as the caller gives it.
#[derive(FromPyObject)]
pub enum Input {
    /// A path; `-` is standard input.
    Path(PathBuf),
    /// The files of one capture, in order.
    Files(Vec<PathBuf>),
    /// A binary file object.
    Object(Py<PyAny>),
}

/// One input as a reader sees it.
pub enum Source {
    /// A path; `-` is standard input.
    Path(PathBuf),
    /// The files of one capture, in order: each is opened when its turn comes.
    Files(Vec<PathBuf>),
    /// A Python object: only the calling thread may ask it, and sends what it gave.
    Asked(Receiver<Vec<u8>>),
}

/// The bytes of an input.
pub enum Opened {
    /// All in one.
    One(Bytes),
    /// In several files, one after the other, each opened when it is asked for.
    Several(Box<dyn Iterator<Item = io::Result<Bytes>>>),
}

/// Bytes that a reader's threads may read.
type Bytes = Box<dyn Read + Send>;

impl Source {
    /// The bytes of the input; `lane` leads to the calling thread.
    pub fn open(self, lane: &SyncSender<Message>) -> io::Result<Opened> {
        Ok(Opened::One(match self {
            Self::Path(path) if path.as_os_str() == "-" => Box::new(io::stdin()),
            Self::Path(path) => open_file(path)?,
            Self::Files(paths) => {
                return Ok(Opened::Several(Box::new(paths.into_iter().map(open_file))));
            }
            Self::Asked(answers) => Box::new(Asked { lane: lane.clone(), answers }),
        }))
    }
}

fn open_file(path: PathBuf) -> io::Result<Bytes> {
    Ok(Box::new(File::open(path)?))
}

/// Up to `count` bytes of a Python binary file object.
pub fn read_object(object: &Py<PyAny>, count: usize) -> PyResult<Vec<u8>> {
    Python::attach(|py| {
        let chunk = object.bind(py).call_method1("read", (count,))?.cast_into::<PyBytes>()?;
        let bytes = chunk.as_bytes();
        if bytes.len() > count {
            return Err(PyValueError::new_err("read(n) gave more than n bytes"));
        }
        Ok(bytes.to_vec())
    })
}

/// The reader's end of a Python object.
struct Asked {
    lane: SyncSender<Message>,
    answers: Receiver<Vec<u8>>,
}

impl Read for Asked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let gone = |_| io::Error::other(Cancelled);
        self.lane.send(Message::Wants(buffer.len())).map_err(|_| io::Error::other(Cancelled))?;
        let bytes = self.answers.recv().map_err(gone)?;
        // There are not more bytes than asked for: `read_object` sees to that.
        if let Some((room, _)) = buffer.split_at_mut_checked(bytes.len()) {
            room.copy_from_slice(&bytes);
        }
        Ok(bytes.len())
    }
}
