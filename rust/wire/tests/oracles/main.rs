//! The same bytes to this crate and to established ones: packets to `etherparse`, records and
//! hellos to `tls-parser`; made ones, and those of every sample. Captures are beside the tests of
//! their readers (`tests/capture/oracle.rs`).

// Where a helper of a test panics, the test fails, which is what it is for.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod hellos;
mod packets;
mod records;

use std::fs;
use std::path::Path;

use proptest::prelude::ProptestConfig;
use tlsaudit_wire::capture::{CaptureReader, Frame};

/// So many made inputs for each property.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Hands over every frame of every sample that can be read, with the sample's name.
fn frames_of_samples(mut take: impl FnMut(&Frame<'_>, &str)) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    for entry in fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let Ok(mut reader) = CaptureReader::open(bytes.as_slice()) else { continue };
        while let Ok(Some(frame)) = reader.next_frame() {
            take(&frame, &path.display().to_string());
        }
    }
}
