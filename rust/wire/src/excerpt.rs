//! The frames of some conversations once more, as they were captured: what evidence is made of.
//!
//! A table names the frames that matter. Here the capture is read again, twice: to learn which
//! conversations these frames belong to, and to copy what belongs to them. Of each conversation
//! that is what opened it, the frames named, what led to them and what followed them, all within
//! bounds; which of it is wanted in the end is for the caller to say, who has seen what is in it.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::net::IpAddr;

use hashbrown::HashMap;

use crate::capture::{CaptureReader, Frame};
use crate::error::{Error, ErrorKind};
use crate::limits::{
    MAX_EXCERPT, MAX_EXCERPT_BEFORE, MAX_EXCERPT_BEHIND, MAX_EXCERPT_OPENING,
    MAX_FRAGMENTED_DATAGRAMS, MAX_REASSEMBLIES,
};
use crate::packet::{
    self, Datagram, Eapol, Flags, Fragments, Mac, Packet, PieceOf, Scratch, Segment,
};

/// A frame of a conversation, copied.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// As in [`Frame`], like the next six.
    pub number: u64,
    /// Its time.
    pub ts: Option<i64>,
    /// What `data` begins with.
    pub link_type: u16,
    /// The interface.
    pub interface: u32,
    /// Bytes of frame check sequence at the end of `data`.
    pub fcs_length: u8,
    /// Its length on the wire.
    pub original_length: u32,
    /// What was captured.
    pub data: Vec<u8>,
    /// The packet in it. `None` for a frame that brings only a piece of a packet.
    pub packet: Option<Decoded>,
    /// The frame that completes the packet of which this one brings a piece.
    pub piece_of: Option<u64>,
}

/// A packet, as the floor below took it apart.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Which conversation of the excerpt it belongs to.
    pub conversation: u32,
    /// Link address of the sender, where the link has one.
    pub source_mac: Option<Mac>,
    /// Link address of the receiver, where the link has one.
    pub destination_mac: Option<Mac>,
    /// Address and port of the sender; `None` for EAPOL.
    pub source: Option<(IpAddr, u16)>,
    /// Address and port of the receiver; `None` for EAPOL.
    pub destination: Option<(IpAddr, u16)>,
    /// Of TCP: sequence number, acknowledgement number, flags.
    pub tcp: Option<(u32, u32, Flags)>,
    /// The payload as far as captured.
    pub payload: Vec<u8>,
    /// Its length as sent.
    pub payload_length: u32,
    /// Where the payload is in the frame; `None` where the packet was put together from pieces.
    pub payload_at: Option<usize>,
    /// Whether it came through a tunnel.
    pub tunnelled: bool,
}

/// What was copied.
#[derive(Debug, Default)]
pub struct Excerpts {
    /// In the order of the capture.
    pub frames: Vec<Excerpt>,
    /// The bound on all of it was reached, and frames are missing.
    pub limited: bool,
}

/// What identifies a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Tcp([(IpAddr, u16); 2]),
    Udp([(IpAddr, u16); 2]),
    /// All of it: half of its frames go to a group address.
    Eapol,
}

/// Frames after which the caller is asked whether to go on.
const FRAMES_A_QUESTION: u64 = 4_096;

/// A file of a capture, opened, and the frames that the files before it took.
pub type OpenedFile<R> = (CaptureReader<R>, u64);

/// Copies frames of a capture; `open` opens its files anew, in order, each when its turn comes.
/// `with_lead` are frames of which also what led to them and what followed is wanted, `alone` others
/// of the same conversations. `go_on` is asked now and then.
///
/// # Errors
///
/// When a file cannot be opened, or `go_on` says no. One that is cut or damaged gives what comes
/// before that.
pub fn excerpts<R: Read, Files>(
    open: impl Fn() -> Files,
    with_lead: &HashSet<u64>,
    alone: &HashSet<u64>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Excerpts, Error>
where
    Files: Iterator<Item = Result<OpenedFile<R>, Error>>,
{
    let mut conversations = HashMap::new();
    let last = with_lead.iter().copied().max().unwrap_or(0);
    let mut decoder = Decoder::default();
    read(open(), go_on, |frame| {
        if let (Some((key, _)), _) = decoder.decode(frame)
            && with_lead.contains(&frame.number)
        {
            let next = u32::try_from(conversations.len()).unwrap_or(u32::MAX);
            conversations.entry(key).or_insert_with(|| Conversation::new(next));
        }
        frame.number < last
    })?;
    let mut taken = Excerpts::default();
    let mut bytes = 0_usize;
    let mut decoder = Decoder::default();
    let mut pieces = Pieces::default();
    read(open(), go_on, |frame| {
        let (decoded, touched) = decoder.decode(frame);
        let Some((key, mut packet)) = decoded else {
            if touched.first().is_some_and(Option::is_some) {
                pieces.keep(frame, &touched);
            }
            return true;
        };
        let brought = pieces.take(&touched);
        let Some(conversation) = conversations.get_mut(&key) else { return true };
        packet.conversation = conversation.number;
        let role = if with_lead.contains(&frame.number) {
            Role::Wanted
        } else if alone.contains(&frame.number) {
            Role::Alone
        } else {
            Role::None
        };
        let mut group = brought;
        for piece in &mut group {
            piece.piece_of = Some(frame.number);
        }
        group.push(Excerpt { packet: Some(packet), ..copy(frame) });
        conversation.take(group, role, &mut |excerpt| {
            bytes = bytes.saturating_add(excerpt.memory());
            taken.frames.push(excerpt);
        });
        taken.limited = bytes > MAX_EXCERPT;
        !taken.limited
    })?;
    taken.frames.sort_by_key(|excerpt| excerpt.number);
    Ok(taken)
}

/// Gives each frame to `take` until it says that this is enough.
fn read<R: Read>(
    files: impl Iterator<Item = Result<OpenedFile<R>, Error>>,
    go_on: &mut dyn FnMut() -> bool,
    mut take: impl FnMut(&Frame<'_>) -> bool,
) -> Result<(), Error> {
    let mut count = 0_u64;
    for file in files {
        let (mut reader, frames_before) = file?;
        // Whoever read the capture before has been told of a cut.
        while let Ok(Some(frame)) = reader.next_frame() {
            count = count.wrapping_add(1);
            if count % FRAMES_A_QUESTION == 0 && !go_on() {
                return Err(Error::new(ErrorKind::Cancelled));
            }
            let number = frames_before.saturating_add(frame.number);
            if !take(&Frame { number, ..frame }) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// How much a frame of a conversation matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It and what is around it.
    Wanted,
    /// It.
    Alone,
    /// Perhaps it is around one that matters.
    None,
}

/// A conversation while it is read.
struct Conversation {
    number: u32,
    /// The sequence number of the SYN that opened it.
    opened: Option<u32>,
    /// SYNs of both sides.
    opening: Vec<Excerpt>,
    /// What came last, and is wanted if what it leads to is.
    before: VecDeque<Excerpt>,
    bytes_before: usize,
    /// Bytes that are still wanted behind a frame that mattered.
    behind: usize,
}

impl Conversation {
    fn new(number: u32) -> Self {
        Self {
            number,
            opened: None,
            opening: Vec::new(),
            before: VecDeque::new(),
            bytes_before: 0,
            behind: 0,
        }
    }

    /// Takes a packet with the pieces that it was made of, the packet itself last.
    fn take(&mut self, group: Vec<Excerpt>, role: Role, give: &mut impl FnMut(Excerpt)) {
        let Some(packet) = group.last().and_then(|last| last.packet.as_ref()) else { return };
        let (sequence, flags) = packet.tcp.map_or((0, Flags(0)), |(seq, _, flags)| (seq, flags));
        let (syn, empty) = (flags.syn(), packet.payload_length == 0);
        if syn && !flags.ack() && self.opened.replace(sequence) != Some(sequence) {
            // The ports are used again: what came before was another connection.
            self.opening.clear();
            self.before.clear();
            self.bytes_before = 0;
            self.behind = 0;
        }
        let memory = group.iter().map(Excerpt::memory).fold(0, usize::saturating_add);
        match role {
            Role::Wanted => {
                self.opening.drain(..).for_each(&mut *give);
                self.before.drain(..).for_each(&mut *give);
                self.bytes_before = 0;
                self.behind = MAX_EXCERPT_BEHIND;
                group.into_iter().for_each(give);
            }
            Role::Alone => group.into_iter().for_each(give),
            Role::None if empty && !syn && !flags.fin() && !flags.rst() => {}
            Role::None if self.behind > 0 => {
                self.behind = self.behind.saturating_sub(memory);
                group.into_iter().for_each(give);
            }
            Role::None if syn => {
                if self.opening.len() < MAX_EXCERPT_OPENING {
                    self.opening.extend(group);
                }
            }
            Role::None => {
                self.before.extend(group);
                self.bytes_before = self.bytes_before.saturating_add(memory);
                while self.bytes_before > MAX_EXCERPT_BEFORE {
                    let Some(first) = self.before.pop_front() else { return };
                    self.bytes_before = self.bytes_before.saturating_sub(first.memory());
                }
            }
        }
    }
}

impl Excerpt {
    fn memory(&self) -> usize {
        let payload = self.packet.as_ref().map_or(0, |packet| packet.payload.len());
        size_of::<Self>().saturating_add(self.data.len()).saturating_add(payload)
    }
}

fn copy(frame: &Frame<'_>) -> Excerpt {
    Excerpt {
        number: frame.number,
        ts: frame.ts,
        link_type: frame.link_type,
        interface: frame.interface,
        fcs_length: frame.fcs_length,
        original_length: frame.original_length,
        data: frame.data.to_vec(),
        packet: None,
        piece_of: None,
    }
}

/// The packets of which a frame brought a piece: the outermost first.
type Touched = [Option<PieceOf>; MAX_REASSEMBLIES];

/// Frames that bring pieces of packets that are not whole yet, the oldest first.
#[derive(Default)]
struct Pieces(VecDeque<(PieceOf, Vec<Excerpt>)>);

impl Pieces {
    /// Keeps a frame whose packet is not whole with it.
    fn keep(&mut self, frame: &Frame<'_>, touched: &Touched) {
        let mut frames = self.take(touched);
        frames.push(copy(frame));
        if self.0.len() >= MAX_FRAGMENTED_DATAGRAMS {
            self.0.pop_front();
        }
        // Whatever was whole outside is a piece of the innermost.
        if let Some(&innermost) = touched.iter().flatten().last() {
            self.0.push_back((innermost, frames));
        }
    }

    /// Gives the frames that brought pieces of these packets.
    fn take(&mut self, touched: &Touched) -> Vec<Excerpt> {
        let mut frames = Vec::new();
        for piece in touched.iter().flatten() {
            if let Some(at) = self.0.iter().position(|(known, _)| known == piece)
                && let Some((_, known)) = self.0.remove(at)
            {
                frames.extend(known);
            }
        }
        frames.sort_by_key(|excerpt| excerpt.number);
        frames
    }
}

/// Takes frames apart.
#[derive(Default)]
struct Decoder {
    fragments: Fragments,
    scratch: Scratch,
}

impl Decoder {
    /// The packet that a frame brings or completes, and the packets that it brings a piece of.
    fn decode(&mut self, frame: &Frame<'_>) -> (Option<(Key, Decoded)>, Touched) {
        let decoded =
            match packet::decode(frame, &mut self.fragments, &mut self.scratch, &mut |_| {}) {
                Packet::Tcp(segment) => Some(of_segment(&segment, frame.data)),
                Packet::Udp(datagram) => Some(of_datagram(&datagram, frame.data)),
                Packet::Eapol(eapol) => Some(of_eapol(&eapol, frame.data)),
                _ => None,
            };
        (decoded, self.scratch.pieces())
    }
}

fn ends(source: (IpAddr, u16), destination: (IpAddr, u16)) -> [(IpAddr, u16); 2] {
    if source <= destination { [source, destination] } else { [destination, source] }
}

fn of_segment(segment: &Segment<'_>, data: &[u8]) -> (Key, Decoded) {
    let source = (segment.source, segment.source_port);
    let destination = (segment.destination, segment.destination_port);
    let decoded = Decoded {
        conversation: 0,
        source_mac: segment.source_mac,
        destination_mac: segment.destination_mac,
        source: Some(source),
        destination: Some(destination),
        tcp: Some((segment.sequence, segment.acknowledgement, segment.flags)),
        payload: segment.payload.to_vec(),
        payload_length: segment.payload_length,
        payload_at: place(segment.payload, data),
        tunnelled: segment.outer.is_some(),
    };
    (Key::Tcp(ends(source, destination)), decoded)
}

fn of_datagram(datagram: &Datagram<'_>, data: &[u8]) -> (Key, Decoded) {
    let source = (datagram.source, datagram.source_port);
    let destination = (datagram.destination, datagram.destination_port);
    let decoded = Decoded {
        conversation: 0,
        source_mac: datagram.source_mac,
        destination_mac: datagram.destination_mac,
        source: Some(source),
        destination: Some(destination),
        tcp: None,
        payload: datagram.payload.to_vec(),
        payload_length: datagram.payload_length,
        payload_at: place(datagram.payload, data),
        tunnelled: datagram.outer.is_some(),
    };
    (Key::Udp(ends(source, destination)), decoded)
}

fn of_eapol(eapol: &Eapol<'_>, data: &[u8]) -> (Key, Decoded) {
    let decoded = Decoded {
        conversation: 0,
        source_mac: eapol.source_mac,
        destination_mac: eapol.destination_mac,
        source: None,
        destination: None,
        tcp: None,
        payload: eapol.payload.to_vec(),
        payload_length: u32::try_from(eapol.payload.len()).unwrap_or(u32::MAX),
        payload_at: place(eapol.payload, data),
        tunnelled: false,
    };
    (Key::Eapol, decoded)
}

/// Where a part of a frame begins in it; `None` when it lies elsewhere in memory.
fn place(part: &[u8], whole: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (at.checked_add(part.len())? <= whole.len()).then_some(at)
}
