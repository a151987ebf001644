//! Any bytes as frames of any link type: what is given lies within the frame, and a frame that the
//! snap length cut gives the same segment with less payload.
//!
//! The input is a sequence of frames: link type (an index into [`LINKS`]), flags, length (2), data.

use tlsaudit_wire::capture::Frame;
use tlsaudit_wire::packet::{self, Datagram, Fragments, Outer, Packet, Scratch, Segment};

/// The link types that are read, and one that is not.
pub const LINKS: [u16; 26] = [
    0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 204, 228, 229, 276, 147, 100, 105, 109, 117, 119,
    127, 163, 192, 239, 258,
];

/// Flag: the frame was longer by as many bytes as the next two say.
const LONGER: u8 = 0x08;
/// Flags that give the length of a frame check sequence.
const FCS: u8 = 0x07;

/// The input that holds these frames, each whole, by link type and data.
pub fn encode<'a>(frames: impl IntoIterator<Item = (u16, &'a [u8])>) -> Vec<u8> {
    let mut input = Vec::new();
    for (link, data) in frames {
        let Some(link) = LINKS.iter().position(|known| *known == link) else { continue };
        let Ok(length) = u16::try_from(data.len()) else { continue };
        input.extend([link as u8, 0]);
        input.extend(length.to_be_bytes());
        input.extend(data);
    }
    input
}

/// The body of the target `packet`.
pub fn check(mut input: &[u8]) {
    let (mut fragments, mut scratch) = (Fragments::default(), Scratch::default());
    let mut number = 0;
    while let Some(([link, flags, high, low], rest)) = input.split_first_chunk::<4>() {
        let (mut rest, mut longer) = (rest, 0);
        if flags & LONGER != 0 {
            let Some((more, after)) = rest.split_first_chunk::<2>() else { return };
            (longer, rest) = (u32::from(u16::from_be_bytes(*more)), after);
        }
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (data, rest) = rest.split_at(length);
        input = rest;
        number += 1;
        let frame = Frame {
            number,
            ts: None,
            link_type: LINKS[usize::from(*link) % LINKS.len()],
            interface: 0,
            fcs_length: flags & FCS,
            sender: None,
            data,
            original_length: length as u32 + longer,
        };
        check_frame(&frame, &mut fragments, &mut scratch);
    }
}

fn check_frame(frame: &Frame<'_>, fragments: &mut Fragments, scratch: &mut Scratch) {
    if let Packet::Tcp(segment) = packet::decode(frame, fragments, scratch, &mut |_| {}) {
        check_segment(&segment);
    }
    if let Some(plain) = packet::plain_segment(frame) {
        let (mut none, mut scratch) = (Fragments::default(), Scratch::default());
        match packet::decode(frame, &mut none, &mut scratch, &mut |_| {}) {
            Packet::Tcp(segment) => assert_eq!(format!("{plain:?}"), format!("{segment:?}")),
            other => panic!("plain at one look only: {other:?}"),
        }
    }
    // The same frame with a shorter snap length, apart from fragments: each alone.
    let half = Frame { data: &frame.data[..frame.data.len() * 3 / 4], ..*frame };
    let (mut alone, mut whole_scratch, mut half_scratch) =
        (Fragments::default(), Scratch::default(), Scratch::default());
    let whole = packet::decode(frame, &mut alone, &mut whole_scratch, &mut |_| {});
    let mut alone = Fragments::default();
    match (packet::decode(&half, &mut alone, &mut half_scratch, &mut |_| {}), whole) {
        (Packet::Tcp(cut), Packet::Tcp(whole)) => {
            assert_eq!(fields(&cut), fields(&whole));
            assert!(whole.payload.starts_with(cut.payload));
        }
        (Packet::Tcp(cut), _) => panic!("only the cut frame holds a segment: {cut:?}"),
        (Packet::Udp(cut), Packet::Udp(whole)) if depth(cut.outer) == depth(whole.outer) => {
            assert_eq!(udp_fields(&cut), udp_fields(&whole));
            assert!(whole.payload.starts_with(cut.payload));
        }
        // Too little may be left of a datagram to see that it is a tunnel.
        (
            Packet::Udp(cut),
            Packet::Tcp(Segment { outer, .. }) | Packet::Udp(Datagram { outer, .. }),
        ) => {
            assert!(depth(cut.outer) < depth(outer), "{cut:?}");
        }
        (Packet::Udp(_), Packet::Other | Packet::Opaque | Packet::TooDeep) => {}
        (Packet::Udp(cut), _) => panic!("only the cut frame holds a datagram: {cut:?}"),
        (Packet::Eapol(cut), Packet::Eapol(whole)) => {
            assert!(whole.payload.starts_with(cut.payload));
        }
        (Packet::Eapol(cut), _) => panic!("only the cut frame holds EAPOL: {cut:?}"),
        (Packet::UnknownLink, whole) => assert!(matches!(whole, Packet::UnknownLink)),
        (Packet::Other | Packet::Opaque | Packet::TooDeep, _) => {}
    }
}

fn check_segment(segment: &Segment<'_>) {
    assert!(segment.payload.len() as u64 <= u64::from(segment.payload_length), "{segment:?}");
    assert_eq!(segment.source.is_ipv4(), segment.destination.is_ipv4());
}

fn udp_fields(datagram: &Datagram<'_>) -> String {
    format!("{:?}", Datagram { payload: &[], ..*datagram })
}

/// All that a segment says apart from the bytes of its payload.
fn fields(segment: &Segment<'_>) -> String {
    format!("{:?}", Segment { payload: &[], ..*segment })
}

/// How many tunnels something came through.
fn depth(outer: Option<&Outer>) -> usize {
    outer.map_or(0, |outer| outer.tunnels().count())
}
