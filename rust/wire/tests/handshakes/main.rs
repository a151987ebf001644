//! From packets to rows: what a handshake's bytes give, however they were cut up on the way.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

mod apart;
mod carriers;
mod hellos;
mod network;
mod outcomes;
mod partial;
mod segmentation;
mod several;
