//! Captures in every format and state, from bytes to frames.

// Where a helper of a test panics, the test fails, which is what it is for.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod compression;
mod foreign;
mod matp;
mod matp_writer;
mod netmon;
mod netmon_writer;
mod oracle;
mod pcap;
mod pcapng;
mod snoop;
mod sources;
mod writer;
