//! Rows of the small tables, as dictionaries with their columns.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tlsaudit_wire::carrier::Said;
use tlsaudit_wire::handshake::{Refused, SetAside, Transport};
use tlsaudit_wire::names::{Named, Subject};
use tlsaudit_wire::stream::Who;

/// A row of the table of refusals.
pub fn refusal<'py>(py: Python<'py>, capture: &str, row: &Refused) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    place(&dict, capture, row.transport, row.stream)?;
    let refusal = &row.refusal;
    dict.set_item("ts", refusal.ts)?;
    dict.set_item("kind", refusal.kind.name())?;
    dict.set_item("carrier", refusal.carrier.name())?;
    dict.set_item("carrier_target", refusal.target.as_deref())?;
    ends(&dict, &row.client, &row.server)?;
    said(&dict, ["asked", "asked_frame"], refusal.asked.as_ref())?;
    said(&dict, ["answered", "answered_frame"], refusal.answered.as_ref())?;
    Ok(dict)
}

/// A row of the table of things set aside.
pub fn set_aside<'py>(
    py: Python<'py>,
    capture: &str,
    row: &SetAside,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    place(&dict, capture, row.transport, row.stream)?;
    dict.set_item("ts", row.ts)?;
    dict.set_item("kind", row.kind.name())?;
    ends(&dict, &row.client, &row.server)?;
    dict.set_item("frames", &row.frames)?;
    Ok(dict)
}

/// A row of the table of names.
pub fn name<'py>(py: Python<'py>, capture: &str, row: &Named) -> PyResult<Bound<'py, PyDict>> {
    let Named { fact, seen } = row;
    let dict = PyDict::new(py);
    dict.set_item("capture", capture)?;
    let address = match fact.subject {
        Subject::Ip(ip) => ip.to_string(),
        Subject::Mac(mac) => Who::Mac(mac).to_string(),
    };
    dict.set_item("address", address)?;
    dict.set_item("name", &fact.name)?;
    dict.set_item("kind", fact.kind.name())?;
    dict.set_item("source", fact.source.name())?;
    dict.set_item("told_to", fact.told_to.map(|ip| ip.to_string()))?;
    dict.set_item("frame", seen.frame)?;
    dict.set_item("first_seen", seen.first)?;
    dict.set_item("last_seen", seen.last)?;
    dict.set_item("times", seen.times)?;
    Ok(dict)
}

fn place(
    dict: &Bound<'_, PyDict>,
    capture: &str,
    transport: Transport,
    stream: u32,
) -> PyResult<()> {
    dict.set_item("capture", capture)?;
    dict.set_item("transport", transport.name())?;
    dict.set_item("stream", stream)
}

fn ends(dict: &Bound<'_, PyDict>, client: &Who, server: &Who) -> PyResult<()> {
    for (party, end) in [("client", client), ("server", server)] {
        dict.set_item(party, end.to_string())?;
        dict.set_item(format!("{party}_ip"), end.ip().map(|ip| ip.to_string()))?;
        dict.set_item(format!("{party}_port"), end.port())?;
    }
    Ok(())
}

fn said(dict: &Bound<'_, PyDict>, names: [&str; 2], said: Option<&Said>) -> PyResult<()> {
    let [what, frame] = names;
    dict.set_item(what, said.map(|said| said.what.as_str()))?;
    dict.set_item(frame, said.map(|said| said.frame))
}
