//! From packets to rows: what a handshake's bytes give, however they were cut up on the way.

mod hellos;
mod network;
mod outcomes;
mod partial;
mod segmentation;
mod several;
