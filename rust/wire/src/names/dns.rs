//! Messages of DNS (RFC 1035 section 4), which multicast DNS and LLMNR share.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Fact, Kind, Source, Subject, Telling};
use crate::cursor::Cursor;
use crate::limits::{MAX_DNS_ALIASES, MAX_DNS_NAME};
use crate::tls::escape::escaped;

/// In which of the protocols a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Dns,
    Mdns,
    Llmnr,
}

const HEADER_LENGTH: usize = 12;
const RESPONSE: u16 = 0x8000;
const QUERY: u16 = 0;
const UPDATE: u16 = 5;
const INTERNET: u16 = 1;
/// The other bits of a class; the highest one says in multicast DNS that it replaces what was known.
const CLASS: u16 = 0x7FFF;
const A: u16 = 1;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const AAAA: u16 = 28;

/// A record.
pub(super) struct Record<'a> {
    /// Where its owner's name begins.
    pub(super) owner: usize,
    pub(super) kind: u16,
    class: u16,
    pub(super) data: &'a [u8],
    /// Where that begins.
    data_at: usize,
}

/// What a message told so far.
struct Answer {
    /// The only question.
    question: Option<String>,
    /// Aliases and what they stand for.
    aliases: Vec<(String, String)>,
}

/// Tells the names of addresses in a message that went to `receiver`. What is behind a record that is
/// damaged or was not captured is not told.
pub(super) fn read(message: &[u8], spoken: Spoken, receiver: IpAddr, telling: &mut Telling<'_>) {
    _ = records(message, spoken, receiver, telling);
}

fn records(
    message: &[u8],
    spoken: Spoken,
    receiver: IpAddr,
    telling: &mut Telling<'_>,
) -> Option<()> {
    let mut header = Cursor::new(message);
    header.u16()?;
    let flags = header.u16()?;
    let is_response = flags & RESPONSE != 0;
    let is_update = match flags >> 11 & 0x0F {
        QUERY => false,
        UPDATE => spoken == Spoken::Dns,
        _ => return None,
    };
    if spoken == Spoken::Dns && !is_response && !is_update {
        return None; // A question says nothing.
    }
    let questions = header.u16()?;
    let count = [header.u16()?, header.u16()?, header.u16()?];
    let count = count.into_iter().map(u32::from).fold(0, u32::saturating_add);
    let mut answer = Answer { question: None, aliases: Vec::new() };
    let mut at = HEADER_LENGTH;
    for _ in 0..questions {
        if questions == 1 && !is_update && count > 0 {
            answer.question = name(message, at).filter(|name| !name.is_empty());
        }
        at = behind_name(message, at)?.checked_add(4)?;
    }
    let told_to = (spoken == Spoken::Dns && is_response && !is_update).then_some(receiver);
    for _ in 0..count {
        let (record, behind) = record(message, at)?;
        at = behind;
        if record.class & CLASS != INTERNET {
            continue;
        }
        let fact = |subject: IpAddr, name, source| Fact {
            subject: Subject::Ip(subject),
            name,
            kind: Kind::Host,
            source,
            told_to,
        };
        let source = match spoken {
            Spoken::Dns if is_update => Source::DnsUpdate,
            Spoken::Dns => Source::DnsRecord,
            Spoken::Mdns => Source::Mdns,
            Spoken::Llmnr => Source::Llmnr,
        };
        if let Some(address) = address(&record) {
            let Some(owner) = name(message, record.owner) else { continue };
            let asked = answer.asked(&owner).filter(|_| source == Source::DnsRecord);
            if let Some(asked) = asked {
                telling.fact(fact(address, asked.to_owned(), Source::DnsAnswer));
                if asked == owner {
                    continue;
                }
            }
            telling.fact(fact(address, owner, source));
        } else if record.kind == PTR {
            let owner = name(message, record.owner);
            let Some(subject) = owner.as_deref().and_then(pointed_at) else { continue };
            let Some(target) = name(message, record.data_at) else { continue };
            let source = if source == Source::DnsRecord { Source::DnsPointer } else { source };
            telling.fact(fact(subject, target, source));
        } else if record.kind == CNAME && answer.aliases.len() < MAX_DNS_ALIASES {
            let alias = name(message, record.owner).zip(name(message, record.data_at));
            answer.aliases.extend(alias);
        }
    }
    Some(())
}

impl Answer {
    /// The name that was asked for, if it leads to `owner`.
    fn asked(&self, owner: &str) -> Option<&str> {
        let question = self.question.as_deref()?;
        let mut here = question;
        // An alias may lead back to itself.
        for _ in 0..=self.aliases.len() {
            if here == owner {
                return Some(question);
            }
            let (_, target) = self.aliases.iter().find(|(alias, _)| alias == here)?;
            here = target;
        }
        None
    }
}

fn address(record: &Record<'_>) -> Option<IpAddr> {
    match record.kind {
        A => <[u8; 4]>::try_from(record.data).ok().map(|ip| Ipv4Addr::from(ip).into()),
        AAAA => <[u8; 16]>::try_from(record.data).ok().map(|ip| Ipv6Addr::from(ip).into()),
        _ => None,
    }
}

/// A record, and where the next begins.
pub(super) fn record(message: &[u8], owner: usize) -> Option<(Record<'_>, usize)> {
    let at = behind_name(message, owner)?;
    let mut cursor = Cursor::new(message.get(at..)?);
    let (kind, class) = (cursor.u16()?, cursor.u16()?);
    cursor.u32()?;
    let length = usize::from(cursor.u16()?);
    let data = cursor.take(length)?;
    let behind = message.len().checked_sub(cursor.len())?;
    Some((Record { owner, kind, class, data, data_at: behind.checked_sub(length)? }, behind))
}

/// Where what follows a name begins.
pub(super) fn behind_name(message: &[u8], at: usize) -> Option<usize> {
    let mut cursor = Cursor::new(message.get(at..)?);
    loop {
        match cursor.u8()? {
            0 => break,
            length @ 1..=0x3F => cursor.take(usize::from(length))?,
            0xC0.. => {
                cursor.u8()?;
                break;
            }
            _ => return None,
        };
    }
    message.len().checked_sub(cursor.len())
}

/// The name at a place, in small letters and without the last dot; of the root it is empty. A dot
/// inside a label is spelled out.
fn name(message: &[u8], mut at: usize) -> Option<String> {
    let mut text = String::new();
    let (mut length, mut lowest) = (0_usize, at);
    loop {
        let mut cursor = Cursor::new(message.get(at..)?);
        match cursor.u8()? {
            0 => return Some(text),
            size @ 1..=0x3F => {
                let label = cursor.take(usize::from(size))?;
                length = length.saturating_add(label.len()).saturating_add(1);
                if length > MAX_DNS_NAME {
                    return None;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                let label = escaped(&label.to_ascii_lowercase());
                text.push_str(&label.replace('.', "\\x2e"));
                at = message.len().checked_sub(cursor.len())?;
            }
            high @ 0xC0.. => {
                let target = usize::from(u16::from_be_bytes([high & 0x3F, cursor.u8()?]));
                // Whoever leads back only cannot lead in circles.
                if target >= lowest {
                    return None;
                }
                (at, lowest) = (target, target);
            }
            _ => return None,
        }
    }
}

/// The address that a name below `in-addr.arpa` or `ip6.arpa` stands for.
fn pointed_at(owner: &str) -> Option<IpAddr> {
    if let Some(digits) = owner.strip_suffix(".in-addr.arpa") {
        let mut octets = [0_u8; 4];
        let mut labels = digits.split('.');
        for octet in octets.iter_mut().rev() {
            *octet = labels.next()?.parse().ok()?;
        }
        return labels.next().is_none().then(|| Ipv4Addr::from(octets).into());
    }
    let mut labels = owner.strip_suffix(".ip6.arpa")?.split('.');
    let mut number = 0_u128;
    for place in 0..32_u32 {
        let label = labels.next()?;
        let digit = u128::from_str_radix(label, 16).ok().filter(|_| label.len() == 1)?;
        number |= digit << place.checked_mul(4)?;
    }
    labels.next().is_none().then(|| Ipv6Addr::from(number).into())
}
