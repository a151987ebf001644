//! The list of extensions that both hellos end with.

use super::code_point::ExtensionType;
use super::part::{Fault, Part};

/// A field that could not be read, and why.
pub type FieldFault = (Fault, &'static str);

/// Walks an extension list and hands each body to `read`. Gives the types in order and the first
/// thing that was wrong; a body that is wrong in itself does not stop the walk.
pub fn walk(
    mut list: Part<'_>,
    name: &'static str,
    mut read: impl FnMut(ExtensionType, Part<'_>) -> Result<(), FieldFault>,
) -> (Vec<ExtensionType>, Option<FieldFault>) {
    let mut types = Vec::new();
    let mut first_fault = None;
    while !list.is_empty() {
        let header = list.u16().map(|number| (number, list.vector16()));
        let (number, body) = match header {
            Ok(header) => header,
            Err(fault) => {
                first_fault.get_or_insert((fault, name));
                break;
            }
        };
        let extension = ExtensionType(number);
        types.push(extension);
        match body {
            Ok(body) => {
                if let Err(fault) = read(extension, body) {
                    first_fault.get_or_insert(fault);
                }
                if !body.is_whole() {
                    first_fault.get_or_insert((Fault::Cut, name));
                }
            }
            Err(fault) => {
                first_fault.get_or_insert((fault, name));
                break;
            }
        }
    }
    (types, first_fault)
}
