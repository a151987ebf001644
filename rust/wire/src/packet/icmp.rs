//! The packet that an ICMP error quotes. It is not on its way any more, but Wireshark counts the
//! connection that it belonged to.

use super::Layer;
use super::ip::{Datagram, protocol};

/// The beginning of the packet that was not delivered; `None` in what is no error.
pub(super) fn quoted<'a>(datagram: &Datagram<'a>) -> Option<Layer<'a>> {
    let layer = datagram.payload;
    let kind = *layer.bytes.first()?;
    let is_error = match datagram.protocol {
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        protocol::ICMP => matches!(kind, 3 | 4 | 5 | 11 | 12),
        // Destination unreachable, packet too big, time exceeded, parameter problem.
        _ => (1..=4).contains(&kind),
    };
    if is_error { layer.after(8) } else { None }
}
