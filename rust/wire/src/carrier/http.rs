//! HTTP: tunnels by CONNECT, `Upgrade: TLS`, and plaintext requests where TLS is wanted.

use super::lines::Lines;
use super::payload::Payload;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, first_words, target_name};
use crate::stream::{Origin, Side};

/// A connection that begins with a request.
#[derive(Debug)]
pub(super) struct Http {
    lines: Lines,
    heard: Heard,
    /// What the tunnel carries, once it is there.
    payload: Option<Payload>,
    /// Carriers around it.
    depth: usize,
}

/// What the request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Page,
    Tunnel,
    Upgrade,
}

/// Where in the dialogue the next line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The first line of a request.
    Request,
    /// Its other lines.
    RequestHead,
    /// After them; the first line of the answer is awaited.
    Status,
    /// The other lines of an answer that says yes.
    AnswerHead,
    /// After an answer that says no.
    Refused,
    /// In an answer that may say why the request was a bad one.
    BadRequest,
}

#[derive(Debug)]
struct Heard {
    client: Side,
    place: Place,
    wish: Wish,
    asked: Option<Said>,
    ts: Option<i64>,
    target: Option<String>,
    status: Option<Said>,
}

const METHODS: [&[u8]; 8] =
    [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"CONNECT ", b"OPTIONS ", b"DELETE ", b"PROPFIND "];

/// What servers that want TLS say to a plaintext request: nginx, Apache, Go, Tomcat.
const WANT_TLS: [&[u8]; 4] = [
    b"plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL-enabled server port",
    b"sent an HTTP request to an HTTPS server",
    b"combination of host and port requires TLS",
];

impl Http {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8], depth: usize) -> Option<Self> {
        is_request(bytes).then_some(())?;
        let heard = Heard {
            client: side,
            place: Place::Request,
            wish: Wish::Page,
            asked: None,
            ts: None,
            target: None,
            status: None,
        };
        Some(Self { lines: Lines::new(b'\n'), heard, payload: None, depth })
    }
}

fn is_request(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| bytes.starts_with(method))
}

impl Dialogue for Http {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step {
        if let Some(payload) = &mut self.payload {
            return payload.data(side, (bytes, 0), origin, tls);
        }
        let Self { lines, heard, .. } = self;
        if side == heard.client {
            if heard.place == Place::Refused && is_request(bytes) {
                lines.clear(side);
                heard.place = Place::Request;
                heard.wish = Wish::Page;
            }
            let taken = lines.find(side, bytes, |line, _| heard.request(line, origin));
            return taken.unwrap_or(Step::Listen);
        }
        if heard.place == Place::BadRequest {
            return heard.bad_request(bytes);
        }
        match lines.find(side, bytes, |line, behind| heard.answer(line, behind, origin)) {
            None => Step::Listen,
            // The answer may say more about itself behind its first line.
            Some(Step::Listen) => heard.bad_request(bytes),
            Some(Step::Tls(at)) if heard.wish == Wish::Tunnel => {
                let payload = self.payload.insert(Payload::new(self.depth));
                payload.data(side, (bytes, at), origin, tls)
            }
            Some(step) => step,
        }
    }

    fn carrier(&self) -> Carrier {
        let inside = self.payload.as_ref().and_then(Payload::carrier);
        inside.unwrap_or_else(|| self.heard.carrier())
    }

    fn target(&self) -> Option<&str> {
        let inside = self.payload.as_ref().and_then(Payload::target);
        inside.or(self.heard.target.as_deref())
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        match &self.payload {
            Some(payload) => payload.asked(),
            None => Some((self.heard.asked.as_ref()?, self.heard.ts)),
        }
    }

    fn buffered(&self) -> usize {
        let inside = self.payload.as_ref().map_or(0, Payload::buffered);
        size_of::<Self>().saturating_add(self.lines.buffered()).saturating_add(inside)
    }
}

impl Heard {
    fn carrier(&self) -> Carrier {
        match self.wish {
            Wish::Page => Carrier::Other,
            Wish::Tunnel => Carrier::HttpConnect,
            Wish::Upgrade => Carrier::HttpUpgrade,
        }
    }

    fn request(&mut self, line: &[u8], origin: Origin) -> Option<Step> {
        match self.place {
            Place::Request => {
                let mut words = line.split(|&byte| byte == b' ');
                let (method, target, version) = (words.next()?, words.next(), words.next());
                if !version.is_some_and(|version| version.starts_with(b"HTTP/1.")) {
                    return Some(Step::Leave);
                }
                self.asked = Some(Said { what: first_words(line), frame: origin.frame });
                self.ts = origin.ts;
                if method == b"CONNECT" {
                    self.wish = Wish::Tunnel;
                    self.target = target.and_then(target_name);
                }
                self.place = Place::RequestHead;
            }
            Place::RequestHead if line.is_empty() => self.place = Place::Status,
            Place::RequestHead if wants_tls(line) && self.wish == Wish::Page => {
                self.wish = Wish::Upgrade;
            }
            _ => {}
        }
        None
    }

    /// A line of the server. Listening on means that an answer began that may say what was wrong.
    fn answer(&mut self, line: &[u8], behind: usize, origin: Origin) -> Option<Step> {
        match self.place {
            Place::AnswerHead => line.is_empty().then_some(Step::Tls(behind)),
            Place::Refused | Place::BadRequest => None,
            Place::Request | Place::RequestHead | Place::Status => {
                let status = line.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
                let Some(&[class, b'0'..=b'9', b'0'..=b'9']) =
                    status.and_then(|status| status.first_chunk())
                else {
                    return Some(Step::Leave);
                };
                let status = status.unwrap_or_default();
                let yes = match self.wish {
                    Wish::Page => false,
                    Wish::Tunnel => class == b'2',
                    Wish::Upgrade => status == b"101",
                };
                if yes {
                    self.place = Place::AnswerHead;
                    return None;
                }
                if class == b'1' {
                    return None; // The answer is still to come.
                }
                self.status = Some(Said { what: first_words(line), frame: origin.frame });
                match (self.wish, status) {
                    (Wish::Page, b"400") => {
                        self.place = Place::BadRequest;
                        Some(Step::Listen)
                    }
                    // The next request may ask for the upgrade (RFC 2817 section 4.2).
                    (Wish::Page, b"426") => {
                        self.place = Place::Refused;
                        None
                    }
                    (Wish::Page, _) => Some(Step::Leave),
                    _ => {
                        self.place = Place::Refused;
                        Some(self.refused(RefusalKind::UpgradeRefused, self.carrier()))
                    }
                }
            }
        }
    }

    /// A part of the answer to a bad request.
    fn bad_request(&mut self, bytes: &[u8]) -> Step {
        let says = |words: &[u8]| bytes.windows(words.len()).any(|part| part == words);
        if WANT_TLS.into_iter().any(says) {
            self.place = Place::Refused;
            return self.refused(RefusalKind::PlaintextToTls, Carrier::Tls);
        }
        Step::Listen
    }

    fn refused(&mut self, kind: RefusalKind, carrier: Carrier) -> Step {
        Step::Refused(Box::new(Refusal {
            kind,
            carrier,
            client: self.client,
            ts: self.ts,
            asked: self.asked.take(),
            answered: self.status.take(),
            target: self.target.clone(),
        }))
    }
}

/// Whether a line of a request is `Upgrade: TLS/1.0` or the like.
fn wants_tls(line: &[u8]) -> bool {
    let Some((name, value)) = line.split_at_checked(b"Upgrade:".len()) else { return false };
    name.eq_ignore_ascii_case(b"Upgrade:")
        && value.windows(4).any(|part| part.eq_ignore_ascii_case(b"TLS/"))
}
