//! SOCKS 4, 4a and 5.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::gathered::Gathered;
use super::payload::Payload;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, target_name};
use crate::cursor::Cursor;
use crate::stream::{Origin, PerSide, Side};

/// A connection through a proxy.
#[derive(Debug)]
pub(super) struct Socks {
    client: Side,
    carrier: Carrier,
    /// What both said until the connection was there.
    said: PerSide<Gathered>,
    /// The method of authentication that the server chose, in SOCKS 5.
    method: Option<u8>,
    asked: Option<Said>,
    ts: Option<i64>,
    target: Option<String>,
    payload: Option<Payload>,
    depth: usize,
}

/// SOCKS's command CONNECT.
const CONNECT: u8 = 1;
/// Methods of authentication of SOCKS 5: none, and user name with password (RFC 1929).
const NO_AUTHENTICATION: u8 = 0;
const USER_NAME: u8 = 2;

/// What the bytes of a side so far say.
enum Parsed<T> {
    /// Not all is there yet.
    Begun,
    /// This, in so many bytes.
    Whole(T, usize),
    /// It is another protocol, or a part of this one that leads nowhere.
    Strange,
}

impl Socks {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8], depth: usize) -> Option<Self> {
        let carrier = if bytes.first() == Some(&4) {
            matches!(request4(bytes), Parsed::Whole(..)).then_some(Carrier::Socks4)?
        } else {
            let mut cursor = Cursor::new(bytes);
            methods(&mut cursor)?;
            // A client that does not wait for the answer says who it is, or asks.
            matches!(cursor.rest(), [] | [1 | 5, ..]).then_some(Carrier::Socks5)?
        };
        Some(Self {
            client: side,
            carrier,
            said: PerSide::default(),
            method: None,
            asked: None,
            ts: None,
            target: None,
            payload: None,
            depth,
        })
    }

    fn request(&mut self, bytes: &[u8], origin: Origin) -> Step {
        if self.asked.is_some() {
            return Step::Listen;
        }
        let said = self.said.of_mut(self.client);
        said.add(bytes);
        let all = said.all();
        let request = match self.carrier {
            Carrier::Socks4 => request4(all),
            _ => request5(all, self.method),
        };
        match request {
            Parsed::Begun if !said.is_full() => Step::Listen,
            Parsed::Begun | Parsed::Strange => Step::Leave,
            Parsed::Whole(target, length) => {
                said.take(length);
                self.target = target_name(target.as_bytes());
                let what = format!("CONNECT {}", self.target.as_deref().unwrap_or_default());
                self.asked = Some(Said { what, frame: origin.frame });
                self.ts = origin.ts;
                Step::Listen
            }
        }
    }

    fn answer(&mut self, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step {
        let server = self.client.other();
        let said = self.said.of_mut(server);
        said.add(bytes);
        let all = said.all();
        let answer = match self.carrier {
            Carrier::Socks4 => answer4(all),
            _ => answer5(all, &mut self.method),
        };
        match answer {
            Parsed::Begun if !said.is_full() => Step::Listen,
            Parsed::Begun | Parsed::Strange => Step::Leave,
            Parsed::Whole(Ok(()), length) => {
                let at = said.take(length);
                let payload = self.payload.insert(Payload::new(self.depth));
                payload.data(server, (bytes, at), origin, tls)
            }
            Parsed::Whole(Err(code), _) => {
                let Some(asked) = self.asked.clone() else { return Step::Leave };
                Step::Refused(Box::new(Refusal {
                    kind: RefusalKind::UpgradeRefused,
                    carrier: self.carrier,
                    client: self.client,
                    ts: self.ts,
                    asked: Some(asked),
                    answered: Some(Said { what: format!("reply {code}"), frame: origin.frame }),
                    target: self.target.clone(),
                }))
            }
        }
    }
}

impl Dialogue for Socks {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step {
        match &mut self.payload {
            Some(payload) => payload.data(side, (bytes, 0), origin, tls),
            None if side == self.client => self.request(bytes, origin),
            None => self.answer(bytes, origin, tls),
        }
    }

    fn carrier(&self) -> Carrier {
        let inside = self.payload.as_ref().and_then(Payload::carrier);
        inside.unwrap_or(if self.asked.is_some() { self.carrier } else { Carrier::Other })
    }

    fn target(&self) -> Option<&str> {
        let inside = self.payload.as_ref().and_then(Payload::target);
        inside.or(self.target.as_deref())
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        match &self.payload {
            Some(payload) => payload.asked(),
            None => Some((self.asked.as_ref()?, self.ts)),
        }
    }

    fn buffered(&self) -> usize {
        let said = |side| self.said.of(side).buffered();
        let inside = self.payload.as_ref().map_or(0, Payload::buffered);
        [size_of::<Self>(), said(Side::A), said(Side::B), inside]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// What the bytes of a cursor gave, and how many were taken.
fn whole<T>(all: &[u8], cursor: &Cursor<'_>, said: T) -> Parsed<T> {
    Parsed::Whole(said, all.len().saturating_sub(cursor.len()))
}

/// SOCKS 4: version, command, port, address, user name; 4a has the host's name behind it, where the
/// address is 0.0.0.x.
fn request4(all: &[u8]) -> Parsed<String> {
    let mut cursor = Cursor::new(all);
    let head = cursor.array::<2>().zip(cursor.u16()).zip(cursor.array::<4>());
    let Some((([version, command], port), address)) = head else { return Parsed::Begun };
    if version != 4 || command != CONNECT {
        return Parsed::Strange;
    }
    if text(&mut cursor).is_none() {
        return Parsed::Begun;
    }
    let host = match address {
        [0, 0, 0, last] if last != 0 => match text(&mut cursor) {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None => return Parsed::Begun,
        },
        _ => Ipv4Addr::from(address).to_string(),
    };
    whole(all, &cursor, format!("{host}:{port}"))
}

/// Takes text and the zero behind it.
fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.rest().iter().position(|&byte| byte == 0)?;
    let text = cursor.take(length)?;
    cursor.u8()?;
    Some(text)
}

fn answer4(all: &[u8]) -> Parsed<Result<(), u8>> {
    let mut cursor = Cursor::new(all);
    match cursor.array::<8>() {
        None => Parsed::Begun,
        Some([0, 0x5A, ..]) => whole(all, &cursor, Ok(())),
        Some([0, code @ 0x5B..=0x5D, ..]) => whole(all, &cursor, Err(code)),
        Some(_) => Parsed::Strange,
    }
}

/// Takes SOCKS 5's list of methods.
fn methods(cursor: &mut Cursor<'_>) -> Option<()> {
    let [version, count] = cursor.array()?;
    (version == 5 && count > 0).then_some(())?;
    cursor.take(usize::from(count))?;
    Some(())
}

/// Methods, user name and password if the server wants them, and the request.
fn request5(all: &[u8], method: Option<u8>) -> Parsed<String> {
    let mut cursor = Cursor::new(all);
    if methods(&mut cursor).is_none() {
        return Parsed::Begun;
    }
    let says_who = method == Some(USER_NAME) || cursor.rest().first() == Some(&1);
    if says_who && user_name(&mut cursor).is_none() {
        return Parsed::Begun;
    }
    match cursor.array() {
        None => Parsed::Begun,
        Some([5, CONNECT, _]) => match address(&mut cursor) {
            Some(target) => whole(all, &cursor, target),
            None => Parsed::Begun,
        },
        Some(_) => Parsed::Strange,
    }
}

/// Takes a user name and a password.
fn user_name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.u8()?;
    for _ in 0..2 {
        let length = cursor.u8()?;
        cursor.take(usize::from(length))?;
    }
    Some(())
}

/// The method that the server chose, its answer to a user name, and the reply.
fn answer5(all: &[u8], method: &mut Option<u8>) -> Parsed<Result<(), u8>> {
    let mut cursor = Cursor::new(all);
    match cursor.array() {
        None => return Parsed::Begun,
        Some([5, chosen @ (NO_AUTHENTICATION | USER_NAME)]) => *method = Some(chosen),
        Some(_) => return Parsed::Strange,
    }
    if *method == Some(USER_NAME) {
        match cursor.array() {
            None => return Parsed::Begun,
            Some([_, 0]) => {}
            Some(_) => return Parsed::Strange,
        }
    }
    match cursor.array() {
        None => Parsed::Begun,
        Some([5, code, _]) => match address(&mut cursor) {
            None => Parsed::Begun,
            Some(_) if code == 0 => whole(all, &cursor, Ok(())),
            Some(_) => whole(all, &cursor, Err(code)),
        },
        Some(_) => Parsed::Strange,
    }
}

/// Takes an address of SOCKS 5 and its port.
fn address(cursor: &mut Cursor<'_>) -> Option<String> {
    let host = match cursor.u8()? {
        1 => Ipv4Addr::from(cursor.array::<4>()?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from(cursor.array::<16>()?)),
        _ => {
            let length = cursor.u8()?;
            String::from_utf8_lossy(cursor.take(usize::from(length))?).into_owned()
        }
    };
    Some(format!("{host}:{}", cursor.u16()?))
}
