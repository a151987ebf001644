//! Captures with known contents, deterministic by seed, for measuring.

pub mod capture_file;
pub mod connection;
pub mod edits;
pub mod other_traffic;
pub mod packet;
pub mod random;
pub mod talk;
pub mod template;
pub mod tls;
pub mod traffic;
pub mod truth;
