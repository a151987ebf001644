//! The seam between the core and Python, and only the seam: signatures, one call each, the GIL
//! let go meanwhile. What the functions do for their callers is told in `tlsaudit/_core.pyi`.

mod conversion;
mod frames;
mod job;
mod output;
mod reader;
mod source;
mod summary;
mod table;
mod told;

use std::fs::File;

use arrow_array::RecordBatchIterator;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use mimalloc::MiMalloc;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use tlsaudit_wire::capture::CaptureReader;
use tlsaudit_wire::carrier::Carrier;
use tlsaudit_wire::derived::Names;
use tlsaudit_wire::handshake::{Refused, SetAside, Told};
use tlsaudit_wire::names::Named;
use tlsaudit_wire::reading::{Options, Summary};
use tlsaudit_wire::text::{Format, TextWriter};

use crate::job::{Job, Taker};
use crate::output::Output;
use crate::source::Input;
use crate::table::Table;

/// Rows and what they are made of are dozens of small pieces each: with the system's allocator that is
/// a fifth of all time. Huge pages are left alone, because they double the memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What was read.
#[pyclass(frozen, module = "tlsaudit._core")]
struct Reading {
    table: Table,
    captures: Vec<(String, Summary)>,
    refusals: Vec<(String, Refused)>,
    set_aside: Vec<(String, SetAside)>,
    names: Vec<(String, Named)>,
}

#[pymethods]
impl Reading {
    #[getter]
    fn captures<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        summary::dicts(py, &self.captures)
    }

    #[getter]
    fn refusals<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.refusals.iter().map(|(capture, row)| told::refusal(py, capture, row)).collect()
    }

    #[getter]
    fn set_aside<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.set_aside.iter().map(|(capture, row)| told::set_aside(py, capture, row)).collect()
    }

    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.names.iter().map(|(capture, row)| told::name(py, capture, row)).collect()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore a requested schema that it does not support.
        drop(requested_schema);
        let batches = self.table.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, self.table.schema.clone());
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

/// Gathers the rows of all tables.
#[derive(Default)]
struct Rows {
    handshakes: table::Builder,
    refusals: Vec<(String, Refused)>,
    set_aside: Vec<(String, SetAside)>,
    names: Vec<(String, Named)>,
}

impl Taker for Rows {
    fn row(&mut self, row: &Told, capture: &str) {
        match row {
            Told::Handshake(row) => self.handshakes.row(row, capture),
            Told::Refusal(row) => self.refusals.push((capture.to_owned(), Refused::clone(row))),
            Told::SetAside(row) => self.set_aside.push((capture.to_owned(), SetAside::clone(row))),
            Told::Name(row) => self.names.push((capture.to_owned(), Named::clone(row))),
        }
    }
}

#[pyfunction]
#[pyo3(signature = (captures, progress=None, max_unpacked=None, names=false))]
fn read(
    py: Python<'_>,
    captures: Vec<(String, Input)>,
    progress: Option<Py<PyAny>>,
    max_unpacked: Option<u64>,
    names: bool,
) -> PyResult<Reading> {
    py.detach(|| {
        let mut rows = Rows::default();
        let options = Options { max_unpacked, names };
        let captures = Job::new(progress, options).read_all(captures, &mut rows)?;
        let Rows { handshakes, refusals, set_aside, names } = rows;
        Ok(Reading { table: handshakes.finish()?, captures, refusals, set_aside, names })
    })
}

#[pyfunction]
#[pyo3(signature = (captures, format, output, names, progress=None, neutralise=true, max_unpacked=None))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
fn write_text<'py>(
    py: Python<'py>,
    captures: Vec<(String, Input)>,
    format: &str,
    output: Option<std::path::PathBuf>,
    names: NamesFromPython,
    progress: Option<Py<PyAny>>,
    neutralise: bool,
    max_unpacked: Option<u64>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let format = match format {
        "csv" => Format::Csv,
        "jsonl" => Format::JsonLines,
        other => {
            return Err(PyValueError::new_err(format!("format {other:?} is not csv or jsonl")));
        }
    };
    let names = Names::new(names.versions, names.cipher_suites, names.ssl2_3des_kinds);
    let captures = py.detach(|| {
        let writer = TextWriter::new(format, names, neutralise);
        let mut output = Output::open(output, writer)?;
        let options = Options { max_unpacked, ..Options::default() };
        let captures = Job::new(progress, options).read_all(captures, &mut output)?;
        output.finish()?;
        PyResult::Ok(captures)
    })?;
    summary::dicts(py, &captures)
}

#[pyfunction]
#[pyo3(signature = (files, with_lead, alone, max_unpacked=None))]
fn excerpt<'py>(
    py: Python<'py>,
    files: Vec<(std::path::PathBuf, u64)>,
    with_lead: Vec<u64>,
    alone: Vec<u64>,
    max_unpacked: Option<u64>,
) -> PyResult<(Vec<Bound<'py, PyDict>>, bool)> {
    let (with_lead, alone) = (with_lead.into_iter().collect(), alone.into_iter().collect());
    let taken = py.detach(|| frames::copy(&files, &with_lead, &alone, max_unpacked))?;
    Ok((frames::dicts(py, &taken.frames)?, taken.limited))
}

#[pyfunction]
#[pyo3(signature = (captures, output=None, progress=None, max_unpacked=None))]
fn convert<'py>(
    py: Python<'py>,
    captures: Vec<(String, std::path::PathBuf)>,
    output: Option<std::path::PathBuf>,
    progress: Option<Py<PyAny>>,
    max_unpacked: Option<u64>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let told =
        py.detach(|| conversion::convert(captures, output, progress.as_ref(), max_unpacked))?;
    conversion::dicts(py, &told)
}

/// The format of a capture by its first bytes; none where it is no capture or cannot be read.
#[pyfunction]
fn format_of(py: Python<'_>, path: std::path::PathBuf) -> Option<&'static str> {
    py.detach(|| CaptureReader::recognise(File::open(path).ok()?).map(|format| format.name()))
}

/// `tlsaudit.registry.names_for_core()`.
#[derive(FromPyObject)]
struct NamesFromPython {
    #[pyo3(item)]
    versions: Vec<(u16, String, Option<u32>)>,
    #[pyo3(item)]
    cipher_suites: Vec<(u16, String, bool)>,
    #[pyo3(item)]
    ssl2_3des_kinds: Vec<u32>,
}

/// The time of a file's first frame, if it is a capture with frames that have times.
#[pyfunction]
fn first_time(py: Python<'_>, path: std::path::PathBuf) -> Option<i64> {
    py.detach(|| {
        let mut reader = CaptureReader::open(File::open(path).ok()?).ok()?;
        reader.next_frame().ok()??.ts
    })
}

/// The names of all carriers.
#[pyfunction]
fn carriers() -> Vec<&'static str> {
    Carrier::ALL.iter().map(|carrier| carrier.name()).collect()
}

/// The compiled core of tlsaudit.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Reading>()?;
    module.add_function(wrap_pyfunction!(carriers, module)?)?;
    module.add_function(wrap_pyfunction!(convert, module)?)?;
    module.add_function(wrap_pyfunction!(excerpt, module)?)?;
    module.add_function(wrap_pyfunction!(first_time, module)?)?;
    module.add_function(wrap_pyfunction!(format_of, module)?)?;
    module.add_function(wrap_pyfunction!(read, module)?)?;
    module.add_function(wrap_pyfunction!(write_text, module)?)?;
    Ok(())
}
