//! UDP datagrams to conversations, with a listener where their bytes deserve one.
//!
//! Conversations are numbered as Wireshark numbers `udp.stream`: from 0, in the order in which
//! their addresses and ports appear.

mod table;

pub use table::Flows;

use crate::stream::{Origin, Side};

/// Listens to one conversation from the datagram on that looks worth it.
pub trait Listener: Sized {
    /// A listener, where a datagram may begin what it understands. Asked of every datagram that
    /// nobody listens to, so the answer must be quick.
    fn opens_with(payload: &[u8]) -> Option<Self>;
    /// The next datagram of a side as far as captured, and its length as sent.
    fn datagram(&mut self, side: Side, payload: &[u8], length: u32, origin: Origin);
    /// Whether it goes on: false when it was not what it looked like, and nothing is to be told.
    fn is_listening(&self) -> bool;
    /// Bytes of memory that it holds.
    fn buffered(&self) -> usize;
}
