//! One authentication: what peer and authenticator say in turn, to the TLS of each direction.

use super::message::{Delivery, Messages};
use super::packet::{Code, Content, Fragment, Method, Packet};
use super::{AUTHENTICATOR, PEER};
use crate::stream::{Before, Interest, Missing, Observer, Origin, PerSide, Side};

/// A packet so many identifiers before the last, or fewer, is an old copy that came late.
const OLD_IDENTIFIERS: u8 = 2;

/// What became of an authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer was let in.
    Success,
    /// It was turned away.
    Failure,
}

/// An authentication while it lasts.
#[derive(Debug)]
pub(super) struct Exchange<O> {
    /// The last packet: who sent it, and its identifier.
    last: Option<(Side, u8)>,
    messages: PerSide<Messages>,
    pub captured: PerSide<bool>,
    pub method: Option<Method>,
    pub identity: Option<Box<[u8]>>,
    pub verdict: Option<Verdict>,
    /// TLS was spoken.
    pub begun: bool,
    pub observer: Option<Box<O>>,
}

impl<O> Default for Exchange<O> {
    fn default() -> Self {
        Self {
            last: None,
            messages: PerSide::default(),
            captured: PerSide::default(),
            method: None,
            identity: None,
            verdict: None,
            begun: false,
            observer: None,
        }
    }
}

impl<O: Observer> Exchange<O> {
    /// Bytes of memory that it takes.
    pub(super) fn buffered(&self) -> usize {
        let observer = self.observer.as_ref().map_or(0, |observer| observer.buffered());
        let identity = self.identity.as_ref().map_or(0, |identity| identity.len());
        Side::BOTH.iter().fold(observer.saturating_add(identity), |sum, &side| {
            sum.saturating_add(self.messages.of(side).buffered())
        })
    }

    /// Whether the packet was seen before: the last one of its sender again, or an older one.
    pub(super) fn has_seen(&self, packet: &Packet<'_>) -> bool {
        let Some((last_side, last)) = self.last else { return false };
        if packet.content == Content::Nothing {
            return self.verdict.is_some();
        }
        match last.wrapping_sub(packet.identifier) {
            // A response has the identifier of its request and comes after it.
            0 => packet.code == Code::Request || last_side == PEER,
            // Who takes over from the authenticator, before TLS begins, may count as it likes.
            behind => self.begun && behind <= OLD_IDENTIFIERS,
        }
    }

    /// Whether it is the last response again, or the one before the last request.
    pub(super) fn repeats(&self, packet: &Packet<'_>) -> bool {
        let behind = self.last.map(|(_, last)| last.wrapping_sub(packet.identifier));
        matches!(behind, Some(0 | 1)) && self.has_seen(packet) && !self.is_over_with(packet)
    }

    /// Whether it answers what was said last.
    pub(super) fn awaits(&self, packet: &Packet<'_>) -> bool {
        packet.code == Code::Response && self.last == Some((AUTHENTICATOR, packet.identifier))
    }

    /// Whether another authentication begins with the packet.
    pub(super) fn is_over_with(&self, packet: &Packet<'_>) -> bool {
        let ended = self.verdict.is_some();
        match packet.content {
            Content::Nothing => false,
            // Nobody asks in the midst of TLS who the peer is.
            Content::Identity(_) => ended || self.begun,
            Content::Start(_) => ended || (self.begun && !self.has_seen(packet)),
            Content::Tls(_) | Content::Other => ended && !self.has_seen(packet),
        }
    }

    /// Takes the next packet, which was not seen before.
    pub(super) fn take(&mut self, packet: &Packet<'_>, origin: Origin) {
        let side = match packet.code {
            Code::Response => PEER,
            Code::Request | Code::Success | Code::Failure => AUTHENTICATOR,
        };
        *self.captured.of_mut(side) = true;
        match packet.code {
            Code::Success => self.verdict = Some(Verdict::Success),
            Code::Failure => self.verdict = Some(Verdict::Failure),
            Code::Request | Code::Response => {
                self.note_losses(side, packet.identifier, origin);
                self.last = Some((side, packet.identifier));
            }
        }
        match packet.content {
            Content::Identity(name) if side == PEER => self.identity = Some(name.into()),
            Content::Start(method) => self.method = Some(method),
            Content::Tls(fragment) => {
                self.method = Some(fragment.method);
                self.begun = true;
                self.fragment(side, &fragment, origin);
            }
            Content::Identity(_) | Content::Nothing | Content::Other => {}
        }
    }

    /// Hands on what is unfinished.
    pub(super) fn finish(&mut self, why: Missing) {
        for side in Side::BOTH {
            let (messages, observer) = (self.messages.of_mut(side), &mut self.observer);
            if messages.is_unfinished() {
                messages.finish(why, &mut |delivery| deliver(observer, side, delivery));
            }
        }
    }

    fn fragment(&mut self, side: Side, fragment: &Fragment<'_>, origin: Origin) {
        let (messages, observer) = (self.messages.of_mut(side), &mut self.observer);
        match observer.as_mut().map(|observer| (observer.interest(), observer)) {
            Some((Interest::Count, observer)) => {
                let sent = fragment.bytes.len();
                observer.count(side, u32::try_from(sent).unwrap_or(u32::MAX));
            }
            Some((Interest::Nothing, _)) => *observer = None,
            Some((Interest::Bytes, _)) | None => {
                messages
                    .fragment(fragment, origin, &mut |delivery| deliver(observer, side, delivery));
            }
        }
    }

    /// Requests and responses come in turn, and a response has the identifier of its request. Where
    /// they do not, packets were lost; whether TLS was in them, the flags around them tell.
    fn note_losses(&mut self, side: Side, identifier: u8, origin: Origin) {
        let Some((last_side, last)) = self.last.filter(|_| self.begun) else { return };
        let unfinished = |side: Side| self.messages.of(side).is_unfinished();
        // While one side has more to send, the other only acknowledges.
        let sends = |side: Side| !unfinished(side.other());
        let lost = if last_side == side {
            [Some(side.other()).filter(|&other| sends(other)), None]
        } else if side == PEER && last != identifier {
            [Some(PEER).filter(|&side| sends(side)), Some(side.other()).filter(|&side| sends(side))]
        } else if side == AUTHENTICATOR && last.wrapping_add(1) != identifier {
            // Identifiers need not be counted. What a message lacks shows in its length.
            [
                Some(PEER).filter(|&side| unfinished(side)),
                Some(side).filter(|&side| unfinished(side)),
            ]
        } else {
            [None, None]
        };
        for side in lost.into_iter().flatten() {
            self.messages.of_mut(side).lost(origin);
        }
    }
}

/// Passes on what is in order: to the observer, or to a new one where the bytes deserve it.
fn deliver<O: Observer>(observer: &mut Option<Box<O>>, side: Side, delivery: Delivery<'_>) {
    match delivery {
        Delivery::Bytes(bytes, origin) => {
            if observer.is_none() && O::opens_with(bytes, true) {
                let before = Before { at_start: true, peer_spoke: false };
                *observer = O::open(side, bytes, origin, before).map(Box::new);
            }
            if let Some(observer) = observer {
                observer.data(side, bytes, origin);
            }
        }
        Delivery::Missing(count, why, origin) => {
            if let Some(observer) = observer {
                observer.missing(side, count, why, origin);
            }
        }
    }
}
