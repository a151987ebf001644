//! The list of extensions that both hellos end with.

use super::code_point::ExtensionType;
use super::part::{Fault, Part};

/// A field that could not be read, and why.
pub type FieldFault = (Fault, &'static str);

/// The types in an extension list, in order.
pub fn types(list: Part<'_>) -> impl Iterator<Item = u16> + Clone {
    let mut list = Some(list);
    std::iter::from_fn(move || {
        let mut rest = list.take()?;
        let number = rest.u16().ok()?;
        // Behind a body that does not fit there is nothing.
        list = rest.vector16().is_ok().then_some(rest);
        Some(number)
    })
}

/// Walks an extension list and hands each body to `read`. Gives the first thing that was wrong; a body
/// that is wrong in itself does not stop the walk.
pub fn walk(
    mut list: Part<'_>,
    name: &'static str,
    mut read: impl FnMut(ExtensionType, Part<'_>) -> Result<(), FieldFault>,
) -> Option<FieldFault> {
    let mut first_fault = None;
    while !list.is_empty() {
        let header = list.u16().and_then(|number| Ok((number, list.vector16()?)));
        let (number, body) = match header {
            Ok(header) => header,
            Err(fault) => {
                first_fault.get_or_insert((fault, name));
                break;
            }
        };
        if let Err(fault) = read(ExtensionType(number), body) {
            first_fault.get_or_insert(fault);
        }
        if !body.is_whole() {
            first_fault.get_or_insert((Fault::Cut, name));
        }
    }
    first_fault
}
