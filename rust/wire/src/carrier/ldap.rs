//! LDAP: the extended operation StartTLS among other messages (RFC 4511 sections 4.12 and 4.14).

use std::borrow::Cow;

use super::gathered::Gathered;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, first_words};
use crate::cursor::Cursor;
use crate::limits::MAX_DIALOGUE_MESSAGE;
use crate::stream::{Origin, PerSide, Side};

/// A connection that begins with a message of LDAP.
#[derive(Debug)]
pub(super) struct Ldap {
    client: Side,
    directions: PerSide<Direction>,
    asked: Option<Asked>,
}

#[derive(Debug, Default)]
struct Direction {
    /// A message of which not all is there yet.
    begun: Gathered,
    /// Bytes of a long message that are still to come.
    skip: usize,
}

#[derive(Debug)]
struct Asked {
    said: Said,
    ts: Option<i64>,
    /// The `messageID`, as its bytes.
    identifier: Box<[u8]>,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0A;
const OCTET_STRING: u8 = 0x04;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// `requestName`.
const CONTEXT_0: u8 = 0x80;
/// Requests that can be a client's first: bind, unbind, search, modify, … up to extended.
const REQUESTS: std::ops::RangeInclusive<u8> = 0x40..=EXTENDED_REQUEST;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

impl Ldap {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        sequence(&mut cursor)??;
        let (_, operation) = envelope(cursor.rest())?;
        REQUESTS.contains(operation.first()?).then_some(Self {
            client: side,
            directions: PerSide::default(),
            asked: None,
        })
    }

    /// A whole message; where TLS begins, it is `behind` it.
    fn message(
        &mut self,
        side: Side,
        message: &[u8],
        behind: usize,
        origin: Origin,
    ) -> Option<Step> {
        let Some((identifier, operation)) = envelope(message) else { return Some(Step::Leave) };
        if side == self.client {
            if is_start_tls(operation) {
                let said = Said { what: "StartTLS".to_owned(), frame: origin.frame };
                let identifier = identifier.into();
                self.asked = Some(Asked { said, ts: origin.ts, identifier });
            }
            return None;
        }
        let is_answer = |asked: &mut Asked| *asked.identifier == *identifier;
        let (code, words) = result(operation)?;
        let asked = self.asked.take_if(is_answer)?;
        if code == 0 {
            self.asked = Some(asked);
            return Some(Step::Tls(behind));
        }
        let mut what = format!("resultCode {code}");
        if !words.is_empty() {
            what.push_str(": ");
            what.push_str(&first_words(words));
        }
        Some(Step::Refused(Box::new(Refusal {
            kind: RefusalKind::UpgradeRefused,
            carrier: Carrier::Ldap,
            client: self.client,
            ts: asked.ts,
            asked: Some(asked.said),
            answered: Some(Said { what, frame: origin.frame }),
            target: None,
        })))
    }
}

impl Dialogue for Ldap {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, _tls: &mut Vec<u8>) -> Step {
        let direction = self.directions.of_mut(side);
        let skipped = direction.skip.min(bytes.len());
        direction.skip = direction.skip.saturating_sub(skipped);
        let segment = bytes.get(skipped..).unwrap_or_default();
        if segment.is_empty() {
            return Step::Listen;
        }
        let earlier = direction.begun.len();
        let all: Cow<'_, [u8]> = match earlier {
            0 => Cow::Borrowed(segment),
            _ => Cow::Owned([direction.begun.all(), segment].concat()),
        };
        let mut cursor = Cursor::new(&all);
        loop {
            let here = cursor;
            let length = match sequence(&mut cursor) {
                None => return Step::Leave,
                Some(length) => length.filter(|_| !here.is_empty()),
            };
            let direction = self.directions.of_mut(side);
            let Some(message) = length.and_then(|length| cursor.take(length)) else {
                // Cut off by the segment, or too long to be what is looked for.
                direction.begun = Gathered::default();
                let missing = length.map_or(0, |length| length.saturating_sub(cursor.len()));
                if length.is_some_and(|length| length > MAX_DIALOGUE_MESSAGE / 2) {
                    direction.skip = missing;
                } else {
                    direction.begun.add(here.rest());
                }
                return Step::Listen;
            };
            let behind = all.len().saturating_sub(cursor.len());
            let behind = behind.saturating_sub(earlier).saturating_add(skipped);
            if let Some(step) = self.message(side, message, behind, origin) {
                self.directions.of_mut(side).begun = Gathered::default();
                return step;
            }
        }
    }

    fn carrier(&self) -> Carrier {
        if self.asked.is_some() { Carrier::Ldap } else { Carrier::Other }
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.asked.as_ref().map(|asked| (&asked.said, asked.ts))
    }

    fn buffered(&self) -> usize {
        let begun = |side| self.directions.of(side).begun.buffered();
        size_of::<Self>().saturating_add(begun(Side::A)).saturating_add(begun(Side::B))
    }
}

/// The length of a message, its tag and length taken. `Some(None)`: they are not all there; `None`:
/// it is none.
#[expect(clippy::option_option, reason = "more to come is another answer than wrong")]
fn sequence(cursor: &mut Cursor<'_>) -> Option<Option<usize>> {
    match cursor.rest().first() {
        None => Some(None),
        Some(&SEQUENCE) => {
            cursor.u8();
            length(cursor)
        }
        Some(_) => None,
    }
}

/// A length of BER, in the short form or in the long one; Windows always uses four bytes.
#[expect(clippy::option_option, reason = "more to come is another answer than wrong")]
fn length(cursor: &mut Cursor<'_>) -> Option<Option<usize>> {
    let Some(first) = cursor.u8() else { return Some(None) };
    let bytes = match first {
        0..=0x7F => return Some(Some(usize::from(first))),
        0x81..=0x84 => cursor.take(usize::from(first & 0x7F)),
        _ => return None,
    };
    let Some(bytes) = bytes else { return Some(None) };
    let length = bytes.iter().fold(0_u32, |length, &byte| length << 8 | u32::from(byte));
    Some(usize::try_from(length).ok())
}

/// Takes an element with this tag.
fn element<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Option<&'a [u8]> {
    (cursor.u8()? == tag).then_some(())?;
    let length = length(cursor)??;
    cursor.take(length)
}

/// The `messageID` and the rest of a message.
fn envelope(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut cursor = Cursor::new(message);
    let identifier = element(&mut cursor, INTEGER)?;
    (1..=4).contains(&identifier.len()).then_some((identifier, cursor.rest()))
}

fn is_start_tls(operation: &[u8]) -> bool {
    let inside = element(&mut Cursor::new(operation), EXTENDED_REQUEST);
    let name = inside.and_then(|inside| element(&mut Cursor::new(inside), CONTEXT_0));
    name == Some(START_TLS)
}

/// The `resultCode` and the `diagnosticMessage` of an extended response.
fn result(operation: &[u8]) -> Option<(u8, &[u8])> {
    let mut cursor = Cursor::new(element(&mut Cursor::new(operation), EXTENDED_RESPONSE)?);
    let &[code] = element(&mut cursor, ENUMERATED)? else { return None };
    element(&mut cursor, OCTET_STRING)?;
    Some((code, element(&mut cursor, OCTET_STRING).unwrap_or_default()))
}
