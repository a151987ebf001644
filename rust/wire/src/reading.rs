//! A capture from its first byte to its last row.

use std::io::Read;

use crate::capture::{CaptureReader, Compression, Format, Frame};
use crate::eap::Authentications;
use crate::error::{Error, ErrorKind};
use crate::flow::Flows;
use crate::handshake::{Conversation, Exchange, Told};
use crate::limits::{
    MAX_AUTHENTICATION_BYTES, MAX_AUTHENTICATIONS, MAX_BUFFERED, MAX_FLOWS,
    MAX_FRAGMENTED_DATAGRAMS, MAX_LINK_TYPES, MAX_LISTENED, MAX_REASSEMBLIES, MAX_STREAMS,
    MAX_TOLD, MAX_TUNNELS,
};
use crate::packet::{self, Fragments, Mention, Packet, Scratch, Segment};
use crate::stream::{Origin, Streams};

/// Takes the rows of a capture as they are finished.
pub trait Rows {
    /// The next row, of one of the tables.
    fn row(&mut self, row: Told);
    /// Whether no more rows are wanted: the reading then ends as cancelled. Asked now and then.
    fn is_closed(&mut self) -> bool {
        false
    }
}

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
    /// Rows.
    pub handshakes: u64,
    /// Upgrades to TLS that were refused, and mismatches of TLS and plaintext.
    pub refusals: u64,
    /// Things that look like TLS and are none.
    pub set_aside: u64,
    /// What ended the reading early.
    pub error: Option<Error>,
    /// Bounds that were reached, a sentence each.
    pub limits: Vec<String>,
}

/// Frames after which the taker of rows is asked whether it wants more.
const FRAMES_A_QUESTION: u64 = 4_096;

/// Reads a capture and hands its handshakes to `rows`. Whatever goes wrong is in the summary; what
/// was read before that has been handed over.
pub fn read_capture(source: impl Read, rows: &mut impl Rows) -> Summary {
    read_capture_unpacking(source, None, rows)
}

/// The same, with another bound on what a compressed file may unpack to: see
/// [`CaptureReader::open_unpacking`].
pub fn read_capture_unpacking(
    source: impl Read,
    max_unpacked: Option<u64>,
    rows: &mut impl Rows,
) -> Summary {
    let mut summary = Summary::default();
    let mut reader = match CaptureReader::open_unpacking(source, max_unpacked) {
        Ok(reader) => reader,
        Err(error) => {
            summary.error = Some(error);
            return summary;
        }
    };
    summary.format = Some(reader.format());
    summary.compression = reader.compression();
    let mut streams: Streams<Conversation> = Streams::default();
    let mut flows: Flows<Exchange> = Flows::default();
    let mut authentications: Authentications<Conversation> = Authentications::default();
    let mut fragments = Fragments::default();
    let mut scratch = Scratch::default();
    let mut link_types_left_out = false;
    let mut too_deep = 0_u64;
    loop {
        let frame = match reader.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) => {
                summary.error = Some(error);
                break;
            }
        };
        summary.frames = summary.frames.saturating_add(1);
        if summary.frames % FRAMES_A_QUESTION == 0 && rows.is_closed() {
            summary.error = Some(Error::new(ErrorKind::Cancelled));
            break;
        }
        if let Some(ts) = frame.ts {
            summary.first_ts = Some(summary.first_ts.map_or(ts, |first| first.min(ts)));
            summary.last_ts = Some(summary.last_ts.map_or(ts, |last| last.max(ts)));
        }
        let captured = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
        if captured < frame.original_length {
            summary.truncated_frames = summary.truncated_frames.saturating_add(1);
        }
        if summary.link_types.last() != Some(&frame.link_type)
            && !summary.link_types.contains(&frame.link_type)
        {
            if summary.link_types.len() < MAX_LINK_TYPES {
                summary.link_types.push(frame.link_type);
            } else {
                link_types_left_out = true;
            }
        }
        if let Some(segment) = packet::plain_segment(&frame) {
            take_segment(&segment, &frame, &mut streams, &mut summary, rows);
            continue;
        }
        let mentioned = &mut |mention: Mention| {
            if mention.is_tcp {
                let done = &mut |ended| told(Conversation::tell, ended, &mut summary, rows);
                streams.mention(mention.source, mention.destination, frame.number, done);
            } else {
                let done = &mut |ended| told(Exchange::tell, ended, &mut summary, rows);
                flows.mention(mention.source, mention.destination, frame.number, done);
            }
        };
        match packet::decode(&frame, &mut fragments, &mut scratch, mentioned) {
            Packet::Tcp(segment) => {
                take_segment(&segment, &frame, &mut streams, &mut summary, rows);
            }
            Packet::Udp(datagram) => {
                let origin = Origin {
                    frame: frame.number,
                    ts: frame.ts,
                    source_mac: datagram.source_mac,
                    destination_mac: datagram.destination_mac,
                };
                let done = &mut |ended| told(Exchange::tell, ended, &mut summary, rows);
                flows.datagram(&datagram, origin, done);
                let done =
                    &mut |ended| told(Conversation::tell_authentication, ended, &mut summary, rows);
                authentications.datagram(&datagram, origin, done);
            }
            Packet::Eapol(eapol) => {
                let origin = Origin {
                    frame: frame.number,
                    ts: frame.ts,
                    source_mac: eapol.source_mac,
                    destination_mac: eapol.destination_mac,
                };
                let done =
                    &mut |ended| told(Conversation::tell_authentication, ended, &mut summary, rows);
                authentications.eapol(&eapol, origin, done);
            }
            Packet::Other => {}
            Packet::Opaque => summary.opaque_frames = summary.opaque_frames.saturating_add(1),
            Packet::TooDeep => too_deep = too_deep.saturating_add(1),
            Packet::UnknownLink => {
                summary.undecoded_frames = summary.undecoded_frames.saturating_add(1);
            }
        }
    }
    streams.finish(&mut |ended| told(Conversation::tell, ended, &mut summary, rows));
    flows.finish(&mut |ended| told(Exchange::tell, ended, &mut summary, rows));
    authentications
        .finish(&mut |ended| told(Conversation::tell_authentication, ended, &mut summary, rows));
    summary.tcp_streams = streams.count();
    summary.udp_streams = flows.count();
    summary.authentications = authentications.count();
    summary.interfaces = reader.interface_count();
    summary.bytes_read = reader.bytes_read();
    if streams.evicted > 0 {
        summary.limits.push(format!(
            "{} connections were let go early to bound memory (more than {MAX_STREAMS} at a time, \
             or more than {} MiB of their hellos and early segments)",
            streams.evicted,
            MAX_BUFFERED >> 20
        ));
    }
    if streams.forgotten > 0 {
        summary.limits.push(format!(
            "{} open connections without a handshake were forgotten to bound memory (more than \
             {MAX_STREAMS} at a time); what came of them later counts as other connections",
            streams.forgotten
        ));
    }
    if flows.evicted > 0 {
        summary.limits.push(format!(
            "{} UDP conversations were let go early to bound memory (more than {MAX_FLOWS} at a \
             time, or more than {} MiB of their handshakes)",
            flows.evicted,
            MAX_LISTENED >> 20
        ));
    }
    if flows.forgotten > 0 {
        summary.limits.push(format!(
            "{} UDP conversations without a handshake were forgotten to bound memory (more than \
             {MAX_FLOWS} at a time); what came of them later counts as other conversations",
            flows.forgotten
        ));
    }
    if authentications.evicted > 0 {
        summary.limits.push(format!(
            "{} authentications by EAP were let go early to bound memory (more than \
             {MAX_AUTHENTICATIONS} at a time, or more than {} MiB of their TLS)",
            authentications.evicted,
            MAX_AUTHENTICATION_BYTES >> 20
        ));
    }
    if fragments.dropped > 0 {
        summary.limits.push(format!(
            "{} fragmented IP packets were given up (more than {MAX_FRAGMENTED_DATAGRAMS} \
             unfinished at a time, or fragments that overlap too much)",
            fragments.dropped
        ));
    }
    if summary.refusals > MAX_TOLD {
        summary.limits.push(format!("only the first {MAX_TOLD} refusals are listed"));
    }
    if summary.set_aside > MAX_TOLD {
        summary.limits.push(format!("only the first {MAX_TOLD} things set aside are listed"));
    }
    if too_deep > 0 {
        summary.limits.push(format!(
            "{too_deep} frames were not read to their end (more than {MAX_TUNNELS} tunnels inside \
             each other, or fragments inside each other more than {MAX_REASSEMBLIES} times)"
        ));
    }
    if link_types_left_out {
        summary.limits.push(format!("only the first {MAX_LINK_TYPES} link types are listed"));
    }
    summary
}

fn take_segment(
    segment: &Segment<'_>,
    frame: &Frame<'_>,
    streams: &mut Streams<Conversation>,
    summary: &mut Summary,
    rows: &mut impl Rows,
) {
    let done = &mut |ended| told(Conversation::tell, ended, summary, rows);
    streams.segment(segment, frame.number, frame.ts, done);
}

/// Passes on what a conversation has to tell, and counts it.
fn tell(told: Told, told_before: &mut OfOneStream, summary: &mut Summary, rows: &mut impl Rows) {
    match told {
        Told::Handshake(row) => {
            summary.handshakes = summary.handshakes.saturating_add(1);
            if !told_before.handshake {
                told_before.handshake = true;
                summary.tls_streams = summary.tls_streams.saturating_add(1);
            }
            if row.one_sided && !told_before.one_sided {
                told_before.one_sided = true;
                summary.one_sided_streams = summary.one_sided_streams.saturating_add(1);
            }
            rows.row(Told::Handshake(row));
        }
        Told::Refusal(refused) => {
            summary.refusals = summary.refusals.saturating_add(1);
            if summary.refusals <= MAX_TOLD {
                rows.row(Told::Refusal(refused));
            }
        }
        Told::SetAside(aside) => {
            summary.set_aside = summary.set_aside.saturating_add(1);
            if summary.set_aside <= MAX_TOLD {
                rows.row(Told::SetAside(aside));
            }
        }
    }
}

/// What a conversation has told so far.
#[derive(Default)]
struct OfOneStream {
    handshake: bool,
    one_sided: bool,
}

/// Passes on what an ended conversation has to tell.
fn told<E, R: Rows>(
    ask: impl FnOnce(E, &mut dyn FnMut(Told)),
    ended: E,
    summary: &mut Summary,
    rows: &mut R,
) {
    let mut before = OfOneStream::default();
    ask(ended, &mut |told| tell(told, &mut before, summary, rows));
}
