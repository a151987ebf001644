//! A capture from its first byte to its last row. It may lie in several files, one after the other, as
//! a ring buffer writes them.

mod account;
mod summary;

use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel, sync_channel};
use std::thread;

use crate::capture::{Batch, CaptureReader, Frame};
use crate::eap::Authentications;
use crate::error::{Error, ErrorKind};
use crate::flow::Flows;
use crate::handshake::{Conversation, Exchange, Told};
use crate::limits::{
    MAX_AUTHENTICATION_BYTES, MAX_AUTHENTICATIONS, MAX_BUFFERED, MAX_FLOWS,
    MAX_FRAGMENTED_DATAGRAMS, MAX_LINK_TYPES, MAX_LISTENED, MAX_NAMES_HELD, MAX_PROCESS_FACTS,
    MAX_REASSEMBLIES, MAX_STREAMS, MAX_TOLD, MAX_TUNNELS,
};
use crate::names::Names;
use crate::packet::{self, Fragments, Mention, Packet, Scratch, Segment};
use crate::stream::{Origin, Streams};

use account::{Account, told};
pub use summary::{FileSummary, Summary};

/// What is asked of a reading beside handshakes, and what it may use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Another bound on what a compressed file may unpack to: see
    /// [`CaptureReader::open_unpacking`].
    pub max_unpacked: Option<u64>,
    /// Tell names of addresses too.
    pub names: bool,
}

/// Takes the rows of a capture as they are finished.
pub trait Rows {
    /// The next row, of one of the tables.
    fn row(&mut self, row: Told);
    /// The reading may have to wait for the file: what is known by now should be seen by then.
    fn pause(&mut self) {}
    /// Whether no more rows are wanted: the reading then ends as cancelled. Asked now and then.
    fn is_closed(&mut self) -> bool {
        false
    }
}

/// Frames after which the taker of rows is asked whether it wants more.
const FRAMES_A_QUESTION: u64 = 4_096;

/// Batches of frames that lie between the thread that reads a file and the one that takes the
/// frames: enough that neither waits for the other while both have work, and that whoever did wait
/// finds several. To wake a thread costs as much as a hundred frames.
const BATCHES_AHEAD: usize = 6;

/// Reads a capture and hands its handshakes to `rows`. Whatever goes wrong is in the summary; what
/// was read before that has been handed over.
pub fn read_capture(source: impl Read, rows: &mut impl Rows) -> Summary {
    let mut reading = Reading::default();
    let file = reading.file(CaptureReader::open(source), rows, |reading, reader, rows| {
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => reading.frame(&frame, rows)?,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        }
    });
    reading.finish_one(file, rows)
}

/// The same, with a second thread that reads the file ahead.
pub fn read_capture_ahead(
    source: impl Read + Send,
    options: Options,
    rows: &mut impl Rows,
) -> Summary {
    let mut reading = Reading::new(options);
    let file = reading.file_ahead(source, options, rows);
    reading.finish_one(file, rows)
}

/// The same for a capture that lies in several files, one after the other: connections go on from one
/// to the next, and frames are numbered through. A file that cannot be read, or not to its end, is
/// told in the summary, and the next one is read.
pub fn read_files_ahead<R: Read + Send>(
    sources: impl IntoIterator<Item = io::Result<R>>,
    options: Options,
    rows: &mut impl Rows,
) -> Summary {
    let mut reading = Reading::new(options);
    let mut files: Vec<FileSummary> = Vec::new();
    for source in sources {
        let file = match source {
            Ok(source) => reading.file_ahead(source, options, rows),
            Err(error) => FileSummary {
                frames_before: reading.frames_before,
                error: Some(Error::new(error.into())),
                ..FileSummary::default()
            },
        };
        if matches!(&file.error, Some(error) if matches!(error.kind, ErrorKind::Cancelled)) {
            let mut summary = reading.finish(rows);
            summary.error = file.error;
            return summary;
        }
        files.push(file);
    }
    let summary = reading.finish(rows);
    Summary {
        format: files.iter().find_map(|file| file.format),
        compression: files.iter().find_map(|file| file.compression),
        interfaces: files.iter().map(|file| file.interfaces).max().unwrap_or_default(),
        bytes_read: files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.bytes_read)),
        files,
        ..summary
    }
}

/// A capture that is being read.
#[derive(Default)]
struct Reading {
    account: Account,
    streams: Streams<Conversation>,
    flows: Flows<Exchange>,
    authentications: Authentications<Conversation>,
    /// Where they are wanted.
    names: Option<Names>,
    fragments: Fragments,
    scratch: Scratch,
    link_types_left_out: bool,
    too_deep: u64,
    /// Frame numbers that the files before this one took.
    frames_before: u64,
}

impl Reading {
    fn new(options: Options) -> Self {
        Self { names: options.names.then(Names::default), ..Self::default() }
    }

    /// Reads a file with a second thread that reads it ahead.
    fn file_ahead(
        &mut self,
        source: impl Read + Send,
        options: Options,
        rows: &mut impl Rows,
    ) -> FileSummary {
        let opened = CaptureReader::open_unpacking(source, options.max_unpacked);
        self.file(opened, rows, |reading, reader, rows| {
            let (batches, filled) = sync_channel(BATCHES_AHEAD);
            let (used, spares) = channel();
            thread::scope(|scope| {
                let ahead = scope.spawn(|| reader.send_frames(batches, spares));
                let taken = reading.batches(&filled, &used, rows);
                // Who still reads finds that nobody takes what it sends.
                drop(filled);
                let read = match ahead.join() {
                    Ok(read) => read,
                    Err(panic) => resume_unwind(panic),
                };
                taken.and(read)
            })
        })
    }

    /// Reads a file in the way given, if it can be read at all.
    fn file<S: Read, R: Rows>(
        &mut self,
        opened: Result<CaptureReader<S>, Error>,
        rows: &mut R,
        read: impl FnOnce(&mut Self, &mut CaptureReader<S>, &mut R) -> Result<(), Error>,
    ) -> FileSummary {
        let frames_before = self.frames_before;
        let mut reader = match opened {
            Ok(reader) => reader,
            Err(error) => {
                return FileSummary { frames_before, error: Some(error), ..FileSummary::default() };
            }
        };
        self.account.processes.extend(reader.take_processes());
        let summary = &mut self.account.summary;
        let times = (summary.first_ts.take(), summary.last_ts.take());
        let error = read(self, &mut reader, rows).err();
        self.account.about(reader.take_about());
        let summary = &mut self.account.summary;
        let (first_ts, last_ts) = (summary.first_ts, summary.last_ts);
        summary.first_ts = [times.0, first_ts].into_iter().flatten().min();
        summary.last_ts = [times.1, last_ts].into_iter().flatten().max();
        let frames = reader.frame_numbers();
        self.frames_before = frames_before.saturating_add(frames);
        FileSummary {
            format: Some(reader.format()),
            compression: reader.compression(),
            interfaces: reader.interface_count(),
            frames_before,
            frames,
            first_ts,
            last_ts,
            bytes_read: reader.bytes_read(),
            error,
        }
    }

    /// Takes frames until no more come.
    fn batches(
        &mut self,
        filled: &Receiver<Batch>,
        used: &Sender<Batch>,
        rows: &mut impl Rows,
    ) -> Result<(), Error> {
        loop {
            let batch = match filled.try_recv() {
                Ok(batch) => batch,
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {
                    rows.pause();
                    let Ok(batch) = filled.recv() else { return Ok(()) };
                    batch
                }
            };
            for frame in batch.frames() {
                self.frame(&frame, rows)?;
            }
            // Whoever has read all needs no room any more.
            _ = used.send(batch);
        }
    }

    /// Takes the next frame.
    #[inline]
    fn frame(&mut self, frame: &Frame<'_>, rows: &mut impl Rows) -> Result<(), Error> {
        let number = self.frames_before.saturating_add(frame.number);
        let frame = &Frame { number, ..*frame };
        let summary = &mut self.account.summary;
        summary.frames = summary.frames.saturating_add(1);
        if summary.frames % FRAMES_A_QUESTION == 0 && rows.is_closed() {
            return Err(Error::new(ErrorKind::Cancelled));
        }
        if let Some(ts) = frame.ts {
            summary.first_ts = Some(summary.first_ts.map_or(ts, |first| first.min(ts)));
            summary.last_ts = Some(summary.last_ts.map_or(ts, |last| last.max(ts)));
        }
        let captured = u32::try_from(frame.data.len()).unwrap_or(u32::MAX);
        if captured < frame.original_length {
            summary.truncated_frames = summary.truncated_frames.saturating_add(1);
        }
        if summary.link_types.last() != Some(&frame.link_type) {
            self.link_type(frame.link_type);
        }
        match packet::plain_segment(frame) {
            Some(segment) => {
                if let Some(names) = &mut self.names {
                    names.segment(&segment, frame.number, frame.ts);
                }
                self.segment(&segment, frame, rows);
            }
            None => self.packet(frame, rows),
        }
        Ok(())
    }

    #[cold]
    fn link_type(&mut self, link_type: u16) {
        let known = &mut self.account.summary.link_types;
        if known.contains(&link_type) {
            return;
        }
        if known.len() < MAX_LINK_TYPES {
            known.push(link_type);
        } else {
            self.link_types_left_out = true;
        }
    }

    #[inline]
    fn segment(&mut self, segment: &Segment<'_>, frame: &Frame<'_>, rows: &mut impl Rows) {
        if let Some(pid) = frame.sender {
            self.account.sent_segment(segment, pid.get(), frame.ts);
        }
        let done = &mut |ended| told(Conversation::tell, ended, &mut self.account, rows);
        self.streams.segment(segment, frame.number, frame.ts, done);
    }

    /// A frame that is more than TCP in IP in Ethernet.
    fn packet(&mut self, frame: &Frame<'_>, rows: &mut impl Rows) {
        let Self { account, streams, flows, authentications, names, fragments, scratch, .. } = self;
        let mentioned = &mut |mention: Mention| {
            if mention.is_tcp {
                let done = &mut |ended| told(Conversation::tell, ended, account, rows);
                streams.mention(mention.source, mention.destination, frame.number, done);
            } else {
                let done = &mut |ended| told(Exchange::tell, ended, account, rows);
                flows.mention(mention.source, mention.destination, frame.number, done);
            }
        };
        match packet::decode(frame, fragments, scratch, mentioned) {
            Packet::Tcp(segment) => {
                if let Some(pid) = frame.sender {
                    account.sent_segment(&segment, pid.get(), frame.ts);
                }
                if let Some(names) = names {
                    names.segment(&segment, frame.number, frame.ts);
                }
                let done = &mut |ended| told(Conversation::tell, ended, account, rows);
                streams.segment(&segment, frame.number, frame.ts, done);
            }
            Packet::Udp(datagram) => {
                if let Some(pid) = frame.sender {
                    account.sent_datagram(&datagram, pid.get(), frame.ts);
                }
                if let Some(names) = names {
                    names.datagram(&datagram, frame.number, frame.ts);
                }
                let origin = Origin {
                    frame: frame.number,
                    ts: frame.ts,
                    source_mac: datagram.source_mac,
                    destination_mac: datagram.destination_mac,
                };
                let done = &mut |ended| told(Exchange::tell, ended, account, rows);
                flows.datagram(&datagram, origin, done);
                let done =
                    &mut |ended| told(Conversation::tell_authentication, ended, account, rows);
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
                    &mut |ended| told(Conversation::tell_authentication, ended, account, rows);
                authentications.eapol(&eapol, origin, done);
            }
            Packet::Other => {}
            Packet::Opaque => {
                let opaque = &mut account.summary.opaque_frames;
                *opaque = opaque.saturating_add(1);
            }
            Packet::TooDeep => self.too_deep = self.too_deep.saturating_add(1),
            Packet::UnknownLink => {
                let undecoded = &mut account.summary.undecoded_frames;
                *undecoded = undecoded.saturating_add(1);
            }
        }
    }

    /// The capture is over, and was this file.
    fn finish_one(self, file: FileSummary, rows: &mut impl Rows) -> Summary {
        let FileSummary { format, compression, interfaces, bytes_read, error, .. } = file;
        Summary { format, compression, interfaces, bytes_read, error, ..self.finish(rows) }
    }

    /// The capture is over: what is told of it but for its files.
    fn finish(mut self, rows: &mut impl Rows) -> Summary {
        let Self { account, streams, flows, authentications, names, .. } = &mut self;
        streams.finish(&mut |ended| told(Conversation::tell, ended, account, rows));
        flows.finish(&mut |ended| told(Exchange::tell, ended, account, rows));
        authentications
            .finish(&mut |ended| told(Conversation::tell_authentication, ended, account, rows));
        for name in names.iter_mut().flat_map(Names::finish) {
            rows.row(Told::Name(Box::new(name)));
        }
        let limits = self.limits();
        Summary {
            limits,
            tcp_streams: self.streams.count(),
            unheard_streams: self.streams.missed(),
            udp_streams: self.flows.count(),
            authentications: self.authentications.count(),
            ..self.account.summary
        }
    }

    /// The bounds that were reached, a sentence each.
    fn limits(&self) -> Vec<String> {
        let Self { account, streams, flows, authentications, names, fragments, .. } = self;
        let Account { summary, processes } = account;
        let mut limits = Vec::new();
        if streams.evicted > 0 {
            limits.push(format!(
                "{} connections were let go early to bound memory (more than {MAX_STREAMS} at a time, \
                 or more than {} MiB of their hellos and early segments)",
                streams.evicted,
                MAX_BUFFERED >> 20
            ));
        }
        if streams.forgotten > 0 {
            limits.push(format!(
                "{} open connections without a handshake were forgotten to bound memory (more than \
                 {MAX_STREAMS} at a time); what came of them later counts as other connections",
                streams.forgotten
            ));
        }
        if flows.evicted > 0 {
            limits.push(format!(
                "{} UDP conversations were let go early to bound memory (more than {MAX_FLOWS} at a \
                 time, or more than {} MiB of their handshakes)",
                flows.evicted,
                MAX_LISTENED >> 20
            ));
        }
        if flows.forgotten > 0 {
            limits.push(format!(
                "{} UDP conversations without a handshake were forgotten to bound memory (more than \
                 {MAX_FLOWS} at a time); what came of them later counts as other conversations",
                flows.forgotten
            ));
        }
        if authentications.evicted > 0 {
            limits.push(format!(
                "{} authentications by EAP were let go early to bound memory (more than \
                 {MAX_AUTHENTICATIONS} at a time, or more than {} MiB of their TLS)",
                authentications.evicted,
                MAX_AUTHENTICATION_BYTES >> 20
            ));
        }
        if fragments.dropped > 0 {
            limits.push(format!(
                "{} fragmented IP packets were given up (more than {MAX_FRAGMENTED_DATAGRAMS} \
                 unfinished at a time, or fragments that overlap too much)",
                fragments.dropped
            ));
        }
        if summary.refusals > MAX_TOLD {
            limits.push(format!("only the first {MAX_TOLD} refusals are listed"));
        }
        if summary.set_aside > MAX_TOLD {
            limits.push(format!("only the first {MAX_TOLD} things set aside are listed"));
        }
        if let Some(names) = names.as_ref().filter(|names| names.left_out > 0) {
            limits.push(format!(
                "{} tellings of names were left out to bound memory (more than {} MiB of them)",
                names.left_out,
                MAX_NAMES_HELD >> 20
            ));
        }
        if processes.left_out > 0 {
            limits.push(format!(
                "{} tellings of processes were left out to bound memory (more than \
                 {MAX_PROCESS_FACTS} of them)",
                processes.left_out
            ));
        }
        if self.too_deep > 0 {
            limits.push(format!(
                "{} frames were not read to their end (more than {MAX_TUNNELS} tunnels inside \
                 each other, or fragments inside each other more than {MAX_REASSEMBLIES} times)",
                self.too_deep
            ));
        }
        if self.link_types_left_out {
            limits.push(format!("only the first {MAX_LINK_TYPES} link types are listed"));
        }
        limits
    }
}
