//! What was read of a capture, and how far.

use crate::capture::{Compression, Format};
use crate::error::Error;

/// What was read, and how far.
#[derive(Debug, Default)]
pub struct Summary {
    /// The capture format; `None` when it is no capture.
    pub format: Option<Format>,
    /// What the file is compressed with.
    pub compression: Option<Compression>,
    /// Link types, in the order found.
    pub link_types: Vec<u16>,
    /// Interfaces described.
    pub interfaces: u32,
    /// Frames read.
    pub frames: u64,
    /// Earliest time, in nanoseconds since the epoch.
    pub first_ts: Option<i64>,
    /// Latest time.
    pub last_ts: Option<i64>,
    /// Bytes of the file as stored.
    pub bytes_read: u64,
    /// Frames that the snap length cut.
    pub truncated_frames: u64,
    /// Frames of a link type that is not read.
    pub undecoded_frames: u64,
    /// Frames encrypted below TCP.
    pub opaque_frames: u64,
    /// TCP connections.
    pub tcp_streams: u32,
    /// UDP conversations.
    pub udp_streams: u32,
    /// Authentications by EAP.
    pub authentications: u32,
    /// Connections and conversations with a row.
    pub tls_streams: u32,
    /// Of those, the ones of which one direction only was captured.
    pub one_sided_streams: u32,
    /// TCP connections that carry TLS of which no hello was captured.
    pub unheard_streams: u32,
    /// Rows.
    pub handshakes: u64,
    /// Upgrades to TLS that were refused, and mismatches of TLS and plaintext.
    pub refusals: u64,
    /// Things that look like TLS and are none.
    pub set_aside: u64,
    /// What ended the reading early. What went wrong in one of several files is told there.
    pub error: Option<Error>,
    /// Bounds that were reached, a sentence each.
    pub limits: Vec<String>,
    /// What the capture tells of itself, a sentence each.
    pub remarks: Vec<String>,
    /// The build number of the Windows that captured.
    pub windows_build: Option<u32>,
    /// Events that Windows lost while it captured; `None` where nothing tells.
    pub events_lost: Option<u64>,
    /// Packets that Windows dropped, which are kept out; `None` where nothing tells.
    pub frames_dropped: Option<u64>,
    /// Packets that were captured once more at another component, which are kept out.
    pub frames_repeated: u64,
    /// The files of a capture that lies in several, in order.
    pub files: Vec<FileSummary>,
}

/// What was read of one file, and how far.
#[derive(Debug, Default)]
pub struct FileSummary {
    /// The capture format; `None` when it is no capture.
    pub format: Option<Format>,
    /// What the file is compressed with.
    pub compression: Option<Compression>,
    /// Interfaces described.
    pub interfaces: u32,
    /// Frame numbers that the files before it took: its own begin after them.
    pub frames_before: u64,
    /// Frame numbers that it takes.
    pub frames: u64,
    /// Earliest time, in nanoseconds since the epoch.
    pub first_ts: Option<i64>,
    /// Latest time.
    pub last_ts: Option<i64>,
    /// Bytes of the file as stored.
    pub bytes_read: u64,
    /// What ended the reading early; its place is counted in this file.
    pub error: Option<Error>,
}
