//! The bodies of the fuzz targets in `rust/fuzz`, run over every sample and every saved find.
//!
//! A find is a file in `tests/finds/<target>`, named for what it showed.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

mod capture;
mod carrier;
mod certificate;
mod datagrams;
mod eap;
mod etl;
mod hello;
mod matp;
mod names;
mod netmon;
mod packet;
mod quic;
mod quic_seeds;
mod rows;
mod sealing;
mod seeds;
mod stream;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

/// A target's name and its body.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 13] = [
    ("capture", capture::check),
    ("packet", packet::check),
    ("stream", stream::check),
    ("hello", hello::check),
    ("certificate", certificate::check),
    ("datagrams", datagrams::check),
    ("carrier", carrier::check),
    ("quic", quic::check),
    ("eap", eap::check),
    ("names", names::check),
    ("etl", etl::check),
    ("netmon", netmon::check),
    ("matp", matp::check),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// What the bodies say of a file, with its name where that is a panic.
fn run(body: fn(&[u8]), bytes: &[u8], name: &Path) {
    let fine = std::panic::catch_unwind(|| body(bytes)).is_ok();
    assert!(fine, "{}", name.display());
}

#[test]
fn samples_pass_every_body() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut seen = [0; TARGETS.len()];
    for file in files(&samples) {
        let bytes = fs::read(&file).unwrap();
        for (target, seed) in seeds::of_capture(&bytes) {
            let at = TARGETS.iter().position(|(name, _)| *name == target).unwrap();
            seen[at] += 1;
            run(TARGETS[at].1, &seed, &file);
        }
    }
    assert!(seen.iter().all(|&count| count >= 50), "too few seeds: {seen:?}");
}

#[test]
fn finds_pass_their_body() {
    let finds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/finds");
    for (target, body) in TARGETS {
        for file in files(&finds.join(target)) {
            run(body, &fs::read(&file).unwrap(), &file);
        }
    }
}
