//! Any bytes of two sides as one connection that begins in plaintext: every dialogue that may lead
//! to TLS, and what is inside of tunnels.
//!
//! The input is a list of segments, each with a byte for its side and whether it comes byte by
//! byte, and its length in two bytes.

use std::net::{IpAddr, Ipv4Addr};

use tlsaudit_wire::carrier::{self, Carrier, Refusal, Step};
use tlsaudit_wire::handshake::{Conversation, Told};
use tlsaudit_wire::limits::{MAX_CARRIER_TARGET, MAX_HANDSHAKES_PER_STREAM};
use tlsaudit_wire::stream::{
    Before, Ended, Endpoint, Interest, Observer, Origin, PerSide, Side, Who,
};

use crate::rows::{self, Bounds};

/// Bytes that a dialogue may hold for each byte that it was given, and besides.
const HELD_PER_BYTE: usize = 64;
const HELD_BESIDES: usize = 64 * 1024;
/// The longest that a byte becomes when it is escaped: `\xNN`, and three bytes as `\u{NNNNN}`.
const ESCAPED: usize = 4;

/// What a dialogue made of all segments.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    /// TLS bytes that were wrapped, of each side.
    unwrapped: [Vec<u8>; 2],
    /// It ended by itself: TLS follows, or nothing does.
    over: bool,
}

/// The body of the target `carrier`.
pub fn check(mut input: &[u8]) {
    let (mut segments, mut whole) = (Vec::new(), Vec::new());
    while let Some(([flags, high, low], rest)) = input.split_first_chunk::<3>() {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (bytes, after) = rest.split_at(length.min(rest.len()));
        let side = if flags & 1 == 0 { Side::A } else { Side::B };
        // What a connection begins with is told by the first segment alone.
        let size = if flags & 2 != 0 && !whole.is_empty() { 1 } else { bytes.len().max(1) };
        segments.extend(bytes.chunks(size).map(|part| (side, part)));
        whole.extend((!bytes.is_empty()).then_some((side, bytes)));
        input = after;
    }
    let (heard, named) = listen(&segments);
    if named == Some(Carrier::OpenVpn) {
        // Its packets have lengths: how segments cut them is all the same.
        assert_eq!(listen(&whole).0, heard);
    }
    converse(&segments);
}

/// The dialogue alone, given all segments; and what it called itself at first.
fn listen(segments: &[(Side, &[u8])]) -> (Heard, Option<Carrier>) {
    let mut heard = Heard::default();
    let Some((first, opening)) = segments.first() else { return (heard, None) };
    let Some(mut dialogue) = carrier::opening(*first, opening) else { return (heard, None) };
    let named = Some(dialogue.carrier());
    let mut given = 0;
    for ((side, bytes), frame) in segments.iter().zip(1..) {
        let origin = Origin { frame, ts: Some(frame as i64), ..Origin::default() };
        let mut tls = Vec::new();
        let step = dialogue.data(*side, bytes, origin, &mut tls);
        given += bytes.len();
        heard.unwrapped[usize::from(*side == Side::B)].extend(tls);
        let unwrapped: usize = heard.unwrapped.iter().map(Vec::len).sum();
        assert!(unwrapped <= given, "{unwrapped} of {given}");
        assert!(dialogue.buffered() <= given * HELD_PER_BYTE + HELD_BESIDES, "{given}");
        dialogue.target().into_iter().for_each(check_target);
        if let Some((said, ts)) = dialogue.asked() {
            assert!((1..=frame).contains(&said.frame) && !said.what.contains(char::is_control));
            assert!(ts.is_some_and(|ts| ts <= frame as i64));
        }
        match step {
            Step::Listen | Step::Wrapped => {}
            Step::Tls(at) => {
                assert!(at <= bytes.len(), "{at} of {}", bytes.len());
                assert!(Carrier::ALL.contains(&dialogue.carrier()));
                heard.over = true;
            }
            Step::Refused(refusal) => check_refusal(&refusal, frame),
            Step::Leave => heard.over = true,
        }
        if heard.over {
            break;
        }
    }
    (heard, named)
}

fn check_target(target: &str) {
    assert!(!target.is_empty() && !target.contains(char::is_control), "{target:?}");
    assert!(target.len() <= MAX_CARRIER_TARGET * ESCAPED, "{target:?}");
}

fn check_refusal(refusal: &Refusal, last_frame: u64) {
    let frames = [&refusal.asked, &refusal.answered].map(|said| {
        said.as_ref().map(|said| {
            assert!(!said.what.is_empty() && !said.what.contains(char::is_control), "{said:?}");
            assert!((1..=last_frame).contains(&said.frame), "{said:?}");
            said.frame
        })
    });
    assert!(frames[1].is_some(), "nobody refused: {refusal:?}");
    assert!(frames[0] <= frames[1], "{refusal:?}");
    refusal.target.as_deref().into_iter().for_each(check_target);
}

/// The whole connection: the rows hold together.
fn converse(segments: &[(Side, &[u8])]) {
    let mut conversation: Option<Conversation> = None;
    let mut spoke = PerSide::new(false, false);
    let (mut last_frame, mut given) = (0, 0);
    for ((side, bytes), frame) in segments.iter().zip(1..) {
        let origin = Origin { frame, ts: Some(frame as i64), ..Origin::default() };
        let before = Before { at_start: !*spoke.of(*side), peer_spoke: *spoke.of(side.other()) };
        *spoke.of_mut(*side) = true;
        (last_frame, given) = (frame, given + bytes.len());
        if conversation.is_none() {
            conversation = Conversation::open(*side, bytes, origin, before);
        }
        let Some(observer) = &mut conversation else { continue };
        match observer.interest() {
            Interest::Count if !observer.listens_again(bytes) => {
                observer.count(*side, bytes.len() as u32);
            }
            Interest::Bytes | Interest::Count => observer.data(*side, bytes, origin),
            Interest::Nothing => {}
        }
        assert!(observer.buffered() <= given * HELD_PER_BYTE + HELD_BESIDES, "{given}");
        if observer.interest() == Interest::Nothing {
            conversation = None;
        }
    }
    let Some(observer) = conversation else { return };
    let end = |last| Endpoint { ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), port: 443 };
    let ended = Ended {
        number: 0,
        parties: PerSide::new(end(1), end(2)).map(Who::Endpoint),
        around: None,
        captured: spoke,
        end: None,
        evicted: false,
        observer: Box::new(observer),
    };
    let (mut handshakes, mut refusals) = (Vec::new(), 0);
    Conversation::tell(ended, &mut |told| match told {
        Told::Handshake(row) => handshakes.push(*row),
        Told::Refusal(refused) => {
            refusals += 1;
            check_refusal(&refused.refusal, last_frame);
        }
        Told::SetAside(_) | Told::Name(_) => {}
    });
    assert!(refusals <= MAX_HANDSHAKES_PER_STREAM);
    rows::check_some(&handshakes, &Bounds { last_frame, streams: 1, payload_bytes: given as u64 });
}
