//! Bytes of one direction to records, messages and hellos.

pub mod certificate;
pub mod client_hello;
pub mod code_point;
pub mod dtls;
pub mod escape;
pub mod extension;
pub mod fingerprint;
mod key_exchange;
pub mod lists;
pub mod message;
pub mod parser;
pub mod part;
pub mod record;
pub mod server_hello;
pub mod ssl2;
