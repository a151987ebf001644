//! What became of each capture, as dictionaries with the columns of the captures table.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tlsaudit_wire::reading::{FileSummary, Summary};

/// One dictionary a capture, in order.
pub fn dicts<'py>(
    py: Python<'py>,
    captures: &[(String, Summary)],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    captures.iter().map(|(name, summary)| dict(py, name, summary)).collect()
}

fn dict<'py>(py: Python<'py>, name: &str, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("capture", name)?;
    // Of what ends before its first frame nothing was read, whatever its format tells of itself.
    let is_read = summary.error.is_none() || summary.frames > 0;
    dict.set_item("readable", summary.format.is_some() && is_read)?;
    dict.set_item("format", summary.format.map(|format| format.name()))?;
    dict.set_item("compression", summary.compression.map(|compression| compression.name()))?;
    dict.set_item("link_types", &summary.link_types)?;
    dict.set_item("interfaces", summary.interfaces)?;
    dict.set_item("frames", summary.frames)?;
    dict.set_item("first_ts", summary.first_ts)?;
    dict.set_item("last_ts", summary.last_ts)?;
    dict.set_item("bytes_read", summary.bytes_read)?;
    dict.set_item("truncated_frames", summary.truncated_frames)?;
    dict.set_item("undecoded_frames", summary.undecoded_frames)?;
    dict.set_item("opaque_frames", summary.opaque_frames)?;
    dict.set_item("tcp_streams", summary.tcp_streams)?;
    dict.set_item("udp_streams", summary.udp_streams)?;
    dict.set_item("authentications", summary.authentications)?;
    dict.set_item("tls_streams", summary.tls_streams)?;
    dict.set_item("one_sided_streams", summary.one_sided_streams)?;
    dict.set_item("unheard_streams", summary.unheard_streams)?;
    dict.set_item("handshakes", summary.handshakes)?;
    dict.set_item("refusals", summary.refusals)?;
    dict.set_item("set_aside", summary.set_aside)?;
    dict.set_item("error_kind", summary.error.as_ref().map(|error| error.name()))?;
    let error = summary.error.as_ref().map(|error| format!("{name}: {error}"));
    dict.set_item("error", error)?;
    let limits = (!summary.limits.is_empty()).then(|| summary.limits.join("; "));
    dict.set_item("limits", limits)?;
    let remarks = (!summary.remarks.is_empty()).then(|| summary.remarks.join(" "));
    dict.set_item("remarks", remarks)?;
    dict.set_item("windows_build", summary.windows_build)?;
    dict.set_item("events_lost", summary.events_lost)?;
    dict.set_item("frames_dropped", summary.frames_dropped)?;
    dict.set_item("frames_repeated", summary.frames_repeated)?;
    if !summary.files.is_empty() {
        let files: PyResult<Vec<_>> = summary.files.iter().map(|each| file(py, each)).collect();
        dict.set_item("files", files?)?;
    }
    Ok(dict)
}

/// One of the files of a capture. What went wrong in it is told without its name.
fn file<'py>(py: Python<'py>, summary: &FileSummary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("frames_before", summary.frames_before)?;
    dict.set_item("frames", summary.frames)?;
    dict.set_item("first_ts", summary.first_ts)?;
    dict.set_item("last_ts", summary.last_ts)?;
    dict.set_item("bytes_read", summary.bytes_read)?;
    dict.set_item("error_kind", summary.error.as_ref().map(|error| error.name()))?;
    dict.set_item("error", summary.error.as_ref().map(ToString::to_string))?;
    Ok(dict)
}
