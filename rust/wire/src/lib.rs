//! Packet captures in, TLS handshakes out.
//!
//! The floors, lowest first; each knows only the ones before it:
//!
//! - [`error`], [`limits`], [`cursor`], [`digits`]: what may go wrong, every bound with its reason,
//!   the only code that takes bytes apart, and numbers as digits.
//! - [`capture`]: the bytes of a file to frames.
//! - [`packet`]: a frame to the TCP segment, UDP datagram or EAPOL packet in it.
//! - [`convert`]: any capture to pcapng.
//! - [`tls`]: bytes of one direction to records, messages and hellos.
//! - [`stream`]: segments to in-order bytes for each direction of a connection, gaps marked.
//! - [`quic`]: datagrams to the hellos in their Initial packets.
//! - [`flow`]: UDP datagrams to conversations.
//! - [`eap`]: EAP packets, from EAPOL and RADIUS, to the TLS of each authentication.
//! - [`names`]: what packets beside TLS call addresses.
//! - [`carrier`]: what TLS runs inside, and the dialogues that lead to it.
//! - [`handshake`]: what both directions of a connection said to one row.
//! - [`reading`]: a capture from its first byte to its last row.
//! - [`excerpt`]: the frames of some conversations once more, as they were captured.
//! - [`row`], [`derived`], [`text`]: a row as cells, what follows from it, and both as CSV and JSON
//!   Lines.
//!
//! A broken packet becomes a row that says what is broken; a broken file becomes an
//! [`error::Error`] that says what and where. Nothing here panics on any input.

pub mod capture;
pub mod carrier;
pub mod convert;
pub mod cursor;
pub mod derived;
pub mod digits;
pub mod eap;
pub mod error;
pub mod excerpt;
pub mod flow;
pub mod handshake;
pub mod known;
pub mod limits;
pub mod names;
pub mod packet;
pub mod quic;
pub mod reading;
pub mod row;
pub mod stream;
pub mod text;
pub mod tls;
