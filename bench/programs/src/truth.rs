//! What must be found in a capture, as CSV with the handshake table's names of columns.

use std::fmt::Write;

use crate::edits::{Filling, server_name};
use crate::packet::Ends;
use crate::template::Template;

/// The first line.
pub const HEADER: &str = "stream,client_ip,client_port,server_ip,server_port,client_hello_frame,\
     server_hello_frame,client_legacy_version,client_supported_versions,client_cipher_suites,\
     server_name,server_legacy_version,server_supported_version,negotiated_cipher_suite,\
     suites_end\n";

/// What is known of a handshake before it is written.
pub struct Expected {
    offer: String,
    answer: String,
    suites_end: usize,
}

impl Expected {
    /// What the template says, with what this connection puts into it.
    #[must_use]
    pub fn new(template: &Template, filling: &Filling, server: u32) -> Self {
        let codes = |numbers: &[u16], place: usize| {
            let text = numbers.iter().map(|&n| format!("0x{:04X}", filling.grease(place, n)));
            text.collect::<Vec<_>>().join(";")
        };
        let offer = format!(
            "0x{:04X},{},{},{}",
            template.client_version,
            codes(&template.client_versions, 2),
            codes(&template.client_suites, 0),
            if filling.has_name { server_name(server) } else { String::new() },
        );
        let answer = format!(
            "0x{:04X},{},0x{:04X}",
            template.server_version,
            codes(&template.server_versions, 2),
            template.suite,
        );
        Self { offer, answer, suites_end: template.suites_end }
    }

    /// The line of the handshake. `suites_end` in it is how much of the frame that holds the list
    /// of suites must have been captured for the whole list.
    #[must_use]
    pub fn line(&self, stream: u32, ends: &Ends, hello_frames: [u64; 2]) -> String {
        let headers = if ends.ips[0].is_ipv4() { 14 + 20 + 32 } else { 14 + 40 + 32 };
        let mut line = format!("{stream}");
        for side in [0, 1] {
            let _ = write!(line, ",{},{}", ends.ips[side], ends.ports[side]);
        }
        let [client, server] = hello_frames;
        let (offer, answer, end) = (&self.offer, &self.answer, headers + self.suites_end);
        let _ = writeln!(line, ",{client},{server},{offer},{answer},{end}");
        line
    }
}
