//! Every bound of the core, with its reason. Reaching one shows in the row or in the summary.

/// Bytes asked of the file at a time. Larger blocks gain nothing measurable, smaller ones cost
/// system calls.
pub const READ_BLOCK: usize = 256 * 1024;

/// The largest packet that is believed. Wireshark's own bound for ordinary links; a larger length
/// means that the file is damaged at this place.
pub const MAX_PACKET: usize = 256 * 1024;
