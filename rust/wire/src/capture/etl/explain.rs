//! What whoever relies on a trace must know, in words.

use std::collections::BTreeSet;

use super::super::about::About;
use crate::error::ErrorKind;

/// What a trace tells of itself.
#[derive(Clone, Debug, Default)]
pub(in crate::capture) struct Facts {
    pub frames: u64,
    pub buffers: u64,
    pub damaged_buffers: u64,
    pub buffers_lost: u64,
    /// A buffer says that events or buffers were lost, whatever the trace's head counts.
    pub lost_somewhere: bool,
    /// Events that contradict their layout.
    pub malformed: u64,
    pub closed: bool,
    /// Filters that were in force, in words.
    pub filters: BTreeSet<String>,
    /// Bytes to which ndiscap was told to cut packets.
    pub snap_length: Option<u32>,
    /// Whether PktMon or ndiscap wrote anything.
    pub captures: bool,
    /// Whether PktMon wrote packets.
    pub pktmon: bool,
    /// Whether PktMon wrote what its components are.
    pub components: bool,
    pub decrypted_http: bool,
}

/// How packets are captured, with whole packets.
const CAPTURE: &str =
    "capture packets with `pktmon start --capture --pkt-size 0` or `netsh trace start capture=yes`";

impl Facts {
    /// What to say of a trace in which no packet is.
    pub(super) fn without_packets(&self) -> ErrorKind {
        let filters = if self.filters.is_empty() {
            String::new()
        } else {
            format!(" while filters were in force ({})", self.filters())
        };
        ErrorKind::NotACapture(if self.components {
            format!(
                "it is an event trace of Windows (.etl) in which pktmon wrote its components and \
                 counters and no packet{filters}: capture with `pktmon start --capture --pkt-size 0`, \
                 and see with `pktmon filter list` what is filtered"
            )
        } else if self.captures {
            format!(
                "it is an event trace of Windows (.etl) whose packet capture saw no \
                 packet{filters}: capture again while the connections are made, without filters"
            )
        } else if self.decrypted_http {
            format!(
                "it is an event trace of Windows (.etl) that holds HTTP as a proxy decrypted it, \
                 and neither TLS nor packets: {CAPTURE}"
            )
        } else {
            format!("it is an event trace of Windows (.etl) without packets: {CAPTURE}")
        })
    }

    /// Whether something was lost beside events that were counted.
    pub(super) fn loses(&self) -> bool {
        self.buffers_lost > 0 || self.lost_somewhere
    }

    /// Adds what is known before the frames are given.
    pub(super) fn remark(&self, about: &mut About) {
        let mut say = |sentence: String| about.remarks.push(sentence);
        let events_lost = about.events_lost.unwrap_or(0);
        if events_lost > 0 || self.loses() {
            let what = match (events_lost, self.buffers_lost) {
                (0, 0) => "events".to_owned(),
                (events, 0) => count(events, "event"),
                (0, buffers) => count(buffers, "buffer"),
                (events, buffers) => {
                    format!("{} and {}", count(events, "event"), count(buffers, "buffer"))
                }
            };
            say(format!(
                "Windows lost {what} while it captured, so packets are missing: capture again with \
                 larger buffers, `netsh trace start capture=yes bufferSize=1024`, or with a filter \
                 by port, `pktmon filter add -p 443`."
            ));
        }
        if !self.closed {
            say("The trace was not closed, so the last packets may be missing: stop the capture \
                 with `netsh trace stop` or `pktmon stop` before the file is copied."
                .to_owned());
        }
        if !self.filters.is_empty() {
            say(format!(
                "A filter was in force while this was captured, so other packets are missing: {}.",
                self.filters()
            ));
        }
        if self.damaged_buffers > 0 {
            say(format!(
                "{} of the {} buffers of the trace are damaged, and the packets in them that could \
                 not be read are missing.",
                self.damaged_buffers, self.buffers
            ));
        }
        if self.malformed > 0 {
            say(format!(
                "{} of the trace could not be read and {} left out.",
                count(self.malformed, "event"),
                if self.malformed == 1 { "was" } else { "were" }
            ));
        }
    }

    /// What to say of packets that are cut, the longest of them to `longest` bytes.
    pub(super) fn cut(&self, frames: u64, longest: usize) -> String {
        let remedy = if self.pktmon {
            "capture again with `pktmon start --capture --pkt-size 0`"
        } else {
            "capture again without a rule that truncates packets"
        };
        format!(
            "{} cut to {longest} bytes or fewer, so hellos in them are seen in part: {remedy}.",
            match frames {
                1 => "1 packet was".to_owned(),
                frames => format!("{frames} packets were"),
            }
        )
    }

    fn filters(&self) -> String {
        let filters: Vec<&str> = self.filters.iter().map(String::as_str).collect();
        filters.join("; ")
    }
}

fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
