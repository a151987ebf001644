//! Where bytes come from: a path, standard input, or a Python object with `read`.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// One input as the caller gives it.
#[derive(FromPyObject)]
pub enum Input {
    /// A path; `-` is standard input.
    Path(PathBuf),
    /// A binary file object.
    Object(Py<PyAny>),
}

impl Input {
    /// The bytes of the input.
    pub fn open(self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Path(path) if path.as_os_str() == "-" => Ok(Box::new(io::stdin().lock())),
            Self::Path(path) => Ok(Box::new(File::open(path)?)),
            Self::Object(object) => Ok(Box::new(Object { object, raised: None })),
        }
    }
}

/// A Python binary file object.
struct Object {
    object: Py<PyAny>,
    raised: Option<PyErr>,
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.raised.is_some() {
            return Ok(0);
        }
        let read = Python::attach(|py| {
            let chunk = self.object.bind(py).call_method1("read", (buffer.len(),))?;
            let chunk = chunk.cast_into::<PyBytes>()?;
            let bytes = chunk.as_bytes();
            match buffer.get_mut(..bytes.len()) {
                Some(room) => {
                    room.copy_from_slice(bytes);
                    Ok(bytes.len())
                }
                None => {
                    Err(pyo3::exceptions::PyValueError::new_err("read(n) gave more than n bytes"))
                }
            }
        });
        // PyErr becomes the io::Error's source, so KeyboardInterrupt raised inside `read` is kept.
        read.map_err(|error: PyErr| io::Error::other(error))
    }
}
