//! Floors import only downward.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first; each may use only the ones before it.
const FLOORS: [&str; 22] = [
    "error",
    "limits",
    "cursor",
    "digits",
    "known",
    "capture",
    "packet",
    "convert",
    "stream",
    "tls",
    "quic",
    "flow",
    "eap",
    "names",
    "carrier",
    "handshake",
    "row",
    "derived",
    "text",
    "reading",
    "excerpt",
    "lib",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_file_uses_only_lower_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let rank = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let mut uses = 0;
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let floor = first.trim_end_matches(".rs");
        let own = rank(floor).unwrap_or_else(|| panic!("{floor} is on no floor"));
        for line in fs::read_to_string(&file).unwrap().lines() {
            for part in line.split("crate::").skip(1) {
                let name = part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let Some(used) = rank(name) else { continue };
                uses += 1;
                assert!(used <= own, "{}: {floor} uses {name}, which is above it", file.display());
            }
        }
    }
    assert!(uses > 20, "the test sees hardly any import: has their spelling changed?");
}
