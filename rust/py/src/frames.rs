//! The frames of some conversations once more, as dictionaries.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::error::Error;
use tlsaudit_wire::excerpt::{Decoded, Excerpt, Excerpts, excerpts};

/// The number of an error in reading: which one it is, its words say.
const EIO: i32 = 5;

/// Reads a capture with the calling thread; Python is asked about signals now and then. `files` are
/// those that it lies in, in order, each with the frames that the ones before it took.
pub fn copy(
    files: &[(PathBuf, u64)],
    with_lead: &HashSet<u64>,
    alone: &HashSet<u64>,
    max_unpacked: Option<u64>,
) -> PyResult<Excerpts> {
    let current = Cell::new(None);
    let open = || {
        files.iter().map(|(path, frames_before)| {
            current.set(Some(path));
            let file: Box<dyn Read> =
                Box::new(File::open(path).map_err(|error| Error::new(error.into()))?);
            Ok((CaptureReader::open_unpacking(file, max_unpacked)?, *frames_before))
        })
    };
    let mut interrupted = None;
    let mut go_on = || match Python::attach(|py| py.check_signals()) {
        Ok(()) => true,
        Err(error) => {
            interrupted = Some(error);
            false
        }
    };
    let taken = excerpts(open, with_lead, alone, &mut go_on);
    match (taken, interrupted) {
        (_, Some(error)) => Err(error),
        (Ok(taken), None) => Ok(taken),
        (Err(error), None) => Err(os_error(&error, current.get())),
    }
}

/// An `OSError` that knows the file, as Python's own do.
fn os_error(error: &Error, file: Option<&PathBuf>) -> PyErr {
    PyOSError::new_err((EIO, error.to_string(), file.cloned()))
}

/// One dictionary a frame.
pub fn dicts<'py>(py: Python<'py>, frames: &[Excerpt]) -> PyResult<Vec<Bound<'py, PyDict>>> {
    frames.iter().map(|frame| dict(py, frame)).collect()
}

fn dict<'py>(py: Python<'py>, frame: &Excerpt) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("number", frame.number)?;
    dict.set_item("ts", frame.ts)?;
    dict.set_item("link_type", frame.link_type)?;
    dict.set_item("interface", frame.interface)?;
    dict.set_item("fcs_length", frame.fcs_length)?;
    dict.set_item("original_length", frame.original_length)?;
    dict.set_item("data", PyBytes::new(py, &frame.data))?;
    dict.set_item("piece_of", frame.piece_of)?;
    let packet = frame.packet.as_ref().map(|packet| decoded(py, packet)).transpose()?;
    dict.set_item("packet", packet)?;
    Ok(dict)
}

fn decoded<'py>(py: Python<'py>, packet: &Decoded) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("conversation", packet.conversation)?;
    dict.set_item("source_mac", packet.source_mac.as_ref().map(|mac| PyBytes::new(py, mac)))?;
    let mac = packet.destination_mac.as_ref();
    dict.set_item("destination_mac", mac.map(|mac| PyBytes::new(py, mac)))?;
    dict.set_item("source", packet.source.map(|(ip, port)| (ip.to_string(), port)))?;
    dict.set_item("destination", packet.destination.map(|(ip, port)| (ip.to_string(), port)))?;
    let tcp =
        packet.tcp.map(|(sequence, acknowledgement, flags)| (sequence, acknowledgement, flags.0));
    dict.set_item("tcp", tcp)?;
    dict.set_item("payload", PyBytes::new(py, &packet.payload))?;
    dict.set_item("payload_length", packet.payload_length)?;
    dict.set_item("payload_at", packet.payload_at)?;
    dict.set_item("tunnelled", packet.tunnelled)?;
    Ok(dict)
}
