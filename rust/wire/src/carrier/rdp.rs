//! RDP: the negotiation before TLS (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).

use super::gathered::Gathered;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, target_name};
use crate::cursor::Cursor;
use crate::stream::{Origin, PerSide, Side};

/// A connection that begins with a request of X.224.
#[derive(Debug)]
pub(super) struct Rdp {
    client: Side,
    said: PerSide<Gathered>,
    request: Option<Request>,
    /// The server took an old client's request, which says nothing of RDP; its next message does.
    silent_answer: Option<Said>,
}

#[derive(Debug)]
struct Request {
    said: Said,
    ts: Option<i64>,
    cookie: Option<String>,
    /// Protocols of security that the client wants; `None`: it is older than the question.
    protocols: Option<u32>,
}

const CONNECTION_REQUEST: u8 = 0xE0;
const CONNECTION_CONFIRM: u8 = 0xD0;
const NEGOTIATION_REQUEST: u8 = 1;
const NEGOTIATION_RESPONSE: u8 = 2;
const NEGOTIATION_FAILURE: u8 = 3;
/// The H.221 key of clients in the first message of T.125: whoever sends it speaks RDP.
const CLIENT_KEY: &[u8] = b"Duca";

impl Rdp {
    /// The dialogue that begins with these bytes of a side. Other protocols begin with X.224 too,
    /// with parameters of their own.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let rest = match message(bytes, CONNECTION_REQUEST) {
            Message::Whole(rest, _) => rest,
            Message::Begun | Message::Strange => return None,
        };
        let ours =
            rest.is_empty() || rest.starts_with(b"Cookie: ms") || negotiation(rest).is_some();
        ours.then(|| Self {
            client: side,
            said: PerSide::default(),
            request: None,
            silent_answer: None,
        })
    }

    fn request(&mut self, bytes: &[u8], origin: Origin) -> Step {
        if self.request.is_some() {
            return self.after_request(bytes);
        }
        let said = self.said.of_mut(self.client);
        said.add(bytes);
        let (rest, length) = match message(said.all(), CONNECTION_REQUEST) {
            Message::Whole(rest, length) => (rest, length),
            Message::Begun if !said.is_full() => return Step::Listen,
            Message::Begun | Message::Strange => return Step::Leave,
        };
        let (cookie, rest) = cookie(rest);
        let protocols = match negotiation(rest) {
            Some((NEGOTIATION_REQUEST, protocols)) => Some(protocols),
            _ => None,
        };
        let what = match protocols {
            Some(protocols) => format!("requestedProtocols 0x{protocols:08X}"),
            None => "no requestedProtocols".to_owned(),
        };
        let cookie = cookie.and_then(target_name);
        said.take(length);
        let said = Said { what, frame: origin.frame };
        self.request = Some(Request { said, ts: origin.ts, cookie, protocols });
        Step::Listen
    }

    /// The client goes on without TLS.
    fn after_request(&mut self, bytes: &[u8]) -> Step {
        let Some(answered) = self.silent_answer.take() else { return Step::Listen };
        if bytes.windows(CLIENT_KEY.len()).any(|part| part == CLIENT_KEY) {
            return self.refused(RefusalKind::EncryptionDeclined, answered);
        }
        Step::Leave
    }

    fn answer(&mut self, bytes: &[u8], origin: Origin) -> Step {
        let Some(request) = &self.request else { return Step::Leave };
        let said = self.said.of_mut(self.client.other());
        said.add(bytes);
        let (rest, length) = match message(said.all(), CONNECTION_CONFIRM) {
            Message::Whole(rest, length) => (rest, length),
            Message::Begun if !said.is_full() => return Step::Listen,
            Message::Begun | Message::Strange => return Step::Leave,
        };
        let frame = origin.frame;
        match negotiation(rest) {
            Some((NEGOTIATION_RESPONSE, 0)) => {
                let what = "selectedProtocol 0x00000000".to_owned();
                self.refused(RefusalKind::EncryptionDeclined, Said { what, frame })
            }
            Some((NEGOTIATION_RESPONSE, _)) => Step::Tls(said.take(length)),
            Some((NEGOTIATION_FAILURE, code)) => {
                let what = format!("failureCode {code}");
                self.refused(RefusalKind::UpgradeRefused, Said { what, frame })
            }
            _ => {
                let answered = Said { what: "no selectedProtocol".to_owned(), frame };
                if request.protocols.is_none() && request.cookie.is_none() {
                    self.silent_answer = Some(answered);
                    return Step::Listen;
                }
                self.refused(RefusalKind::EncryptionDeclined, answered)
            }
        }
    }

    fn refused(&mut self, kind: RefusalKind, answered: Said) -> Step {
        let Some(request) = self.request.take() else { return Step::Leave };
        Step::Refused(Box::new(Refusal {
            kind,
            carrier: Carrier::Rdp,
            client: self.client,
            ts: request.ts,
            asked: Some(request.said),
            answered: Some(answered),
            target: request.cookie,
        }))
    }
}

impl Dialogue for Rdp {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, _tls: &mut Vec<u8>) -> Step {
        if side == self.client { self.request(bytes, origin) } else { self.answer(bytes, origin) }
    }

    fn carrier(&self) -> Carrier {
        let asks = self.request.as_ref().is_some_and(|request| request.protocols.is_some());
        if asks { Carrier::Rdp } else { Carrier::Other }
    }

    fn target(&self) -> Option<&str> {
        self.request.as_ref()?.cookie.as_deref()
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.request.as_ref().map(|request| (&request.said, request.ts))
    }

    fn buffered(&self) -> usize {
        let said = |side| self.said.of(side).buffered();
        size_of::<Self>().saturating_add(said(Side::A)).saturating_add(said(Side::B))
    }
}

/// A message of X.224 in a TPKT.
enum Message<'a> {
    Begun,
    /// What follows its fixed part, and its length.
    Whole(&'a [u8], usize),
    Strange,
}

fn message(bytes: &[u8], kind: u8) -> Message<'_> {
    let mut cursor = Cursor::new(bytes);
    let Some(([version, reserved], length)) = cursor.array().zip(cursor.u16()) else {
        return Message::Begun;
    };
    let length = usize::from(length);
    let Some(inside) = length.checked_sub(4).filter(|_| version == 3 && reserved == 0) else {
        return Message::Strange;
    };
    let Some(inside) = cursor.take(inside) else { return Message::Begun };
    let mut cursor = Cursor::new(inside);
    // How long it is, what it is, two references, and the class, of which there is one.
    let Some([indicated, code, _, _, _, _, class]) = cursor.array() else {
        return Message::Strange;
    };
    let fits = usize::from(indicated).checked_add(1) == Some(inside.len());
    if fits && code == kind && class == 0 {
        Message::Whole(cursor.rest(), length)
    } else {
        Message::Strange
    }
}

/// The cookie or routing token, without what it begins with, and what follows it.
fn cookie(rest: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(line) = rest.strip_prefix(b"Cookie: ") else { return (None, rest) };
    match line.windows(2).position(|two| two == b"\r\n").and_then(|at| line.split_at_checked(at)) {
        Some((cookie, after)) => (Some(cookie), after.get(2..).unwrap_or_default()),
        None => (Some(line), &[]),
    }
}

/// The type and the number of the negotiation at the end of a message.
fn negotiation(rest: &[u8]) -> Option<(u8, u32)> {
    let (_, rest) = cookie(rest);
    let mut cursor = Cursor::new(rest);
    let [kind, _, length, zero] = cursor.array()?;
    let number = u32::from_le_bytes(cursor.array()?);
    let known = (NEGOTIATION_REQUEST..=NEGOTIATION_FAILURE).contains(&kind);
    (known && length == 8 && zero == 0).then_some((kind, number))
}
